//! What a synchronous step costs: the message with it, less the message without.
//!
//! Between two calls of the plug-in lies a Create, after which little of it is left in the
//! processor's caches; that doubles what a call takes. So the floor is measured at the same
//! place: the Create without the step after a bare call, less the Create alone. The sandbox
//! by itself, call after call, is measured beside it.

use anyhow::{Context as _, Result};
use sluice_model::{Error, Name, Order, Query, Request, Response, Timestamp};
use sluice_sandbox::{Call, Caller, Context, Grants, Left, Limits, Sandbox, Services, Settings};

use super::creating;
use crate::{
    measure::{Contender, Figure, Target, Turns, alternate, timed},
    raw,
    world::{ALL, Bench, Leads, lead, set_trace},
};

pub(super) const NAMES: &[&str] = &["step", "step-all", "step-alone"];

pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let opened = |steps: i32| world.admin(&world.with_steps(steps)?);
    let traced = |steps: i32| {
        let session = opened(steps)?;
        set_trace(&session, ALL)?;
        anyhow::Ok(creating(session, Leads::from(0)))
    };
    let raw = raw::getters()?;
    let without = opened(0)?;
    let mut leads = Leads::from(0);

    let turns = Turns { turns: 200, runs: 16 };
    let [after_raw, with, without, with_all, without_all] = alternate(
        turns,
        [
            Box::new(|| {
                let request = Request::create(leads.next().context("no leads are left")?);
                timed(|| {
                    raw.call()?;
                    anyhow::Ok(without.execute(request)?)
                })
            }),
            creating(opened(1)?, Leads::from(0)),
            creating(without.clone(), Leads::from(0)),
            traced(1)?,
            traced(0)?,
        ],
    )?;
    let [alone, raw_alone] = alternate(turns, [sandboxed()?, Box::new(|| timed(|| raw.call()))])?;
    let floor = after_raw - without;
    Ok(vec![
        Figure::time("step", with - without)
            .over(floor)
            .target(Target::Ratio(1.5)),
        Figure::time("step-all", with_all - without_all).over(floor),
        Figure::time("step-alone", alone)
            .over(raw_alone)
            .target(Target::Ratio(1.1)),
    ])
}

/// Calls the plug-in in the sandbox, without an engine around it.
fn sandboxed<'a>() -> Result<Contender<'a>> {
    let sandbox = Sandbox::new(Settings {
        compiler: Some(sluice_tests::program::compiler()),
        ..Settings::default()
    })?;
    let plugin = sandbox.load(&sluice_sandbox::componentize(&sluice_tests::wasm("guests", "bench"))?)?;
    let context = Context {
        message: "Create".into(),
        stage: 20,
        depth: 1,
        table: Some("lead".into()),
        organization_name: "Contoso".into(),
        target: Some(lead(0)),
        ..Context::default()
    };
    Ok(Box::new(move || {
        let call = Call {
            type_name: "getters".to_owned(),
            context: context.clone(),
            limits: Limits::default(),
            grants: Grants::default(),
            configuration: None,
            secure_configuration: None,
            left: Left::default(),
        };
        timed(|| sandbox.call(&plugin, call, Nobody).outcome)
    }))
}

/// The services of a plug-in that asks for none.
struct Nobody;

impl Services for Nobody {
    fn execute(&mut self, _: &Context, _: Caller, _: Request) -> sluice_model::Result<Response> {
        Err(Error::host("the measured plug-in makes no service call"))
    }

    fn now(&mut self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn random(&mut self, _: usize) -> Vec<u8> {
        Vec::new()
    }

    fn parse_query(
        &mut self,
        _: &str,
        _: Vec<Name>,
        _: Option<&str>,
        _: Vec<Order>,
        _: Option<u32>,
    ) -> sluice_model::Result<Query> {
        Err(Error::host("the measured plug-in makes no query"))
    }
}
