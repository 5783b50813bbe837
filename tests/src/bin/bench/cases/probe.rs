//! Temporary.
use super::creating;
use crate::{
    measure::*,
    raw::{Answers, Host},
    world::*,
};
use anyhow::{Context as _, Result};
use sluice_engine::Synchronous;
use sluice_model::{Name, Order, Query, Request, Response, Timestamp, Uuid};
use sluice_sandbox::{Call, Caller, Context, Grants, Limits, Sandbox, Services, Settings};
pub(super) const NAMES: &[&str] = &[
    "p-raw",
    "p-raw+create0",
    "p-create0",
    "p-create1",
    "p-sandbox",
    "p-sandbox+create0",
    "p-context",
    "raw-after-create",
    "create-after-raw",
    "create-after-memset128k",
    "sandbox-after-create",
];
struct Nothing;
impl Services for Nothing {
    fn execute(&mut self, _: &Context, _: Caller, _: Request) -> sluice_model::Result<Response> {
        unreachable!()
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
        unreachable!()
    }
}
pub(super) fn run(world: &World) -> Result<Vec<Figure>> {
    let opened = |steps: i32| {
        let session = world
            .open(&world.with_steps(steps)?, Synchronous::Off)?
            .session_of("admin")?;
        anyhow::Ok(session)
    };
    let sample = lead(0);
    let values = COLUMNS
        .iter()
        .map(|column| sample.get(column).context("the lead lacks a column"));
    let answers = Answers::target(values.collect::<Result<Vec<_>>>()?)?;
    let raw = Host::new()?.load(&sluice_tests::wasm("guests", "bench"), "getters", answers)?;
    let sandbox = Sandbox::new(Settings::default())?;
    let plugin = sandbox.load(&sluice_sandbox::componentize(&sluice_tests::wasm("guests", "bench"))?)?;
    let call = || Call {
        type_name: "getters".into(),
        context: Context {
            message: "Create".into(),
            stage: 20,
            depth: 1,
            table: Some("lead".into()),
            id: None,
            user: Uuid::nil(),
            organization_name: "x".into(),
            target: Some(lead(0)),
            ..Context::default()
        },
        limits: Limits::default(),
        grants: Grants::default(),
        configuration: None,
        secure_configuration: None,
    };
    let mut buffer = vec![0_u8; 128 << 10];
    let c0 = opened(0)?;
    let c1 = opened(1)?;
    let (mut la, mut lb) = (Leads::from(0), Leads::from(0));
    let r = alternate(
        Turns { turns: 300, runs: 16 },
        [
            Box::new(|| timed(|| raw.call())),
            Box::new(|| {
                let q = Request::create(la.next().context("x")?);
                timed(|| {
                    raw.call()?;
                    c0.execute(q)?;
                    anyhow::Ok(())
                })
            }),
            creating(c0.clone(), Leads::from(0)),
            creating(c1.clone(), Leads::from(0)),
            Box::new(|| {
                let call = call();
                timed(|| sandbox.call(&plugin, call, Nothing).outcome)
            }),
            Box::new(|| {
                let call = call();
                let q = Request::create(lb.next().context("x")?);
                timed(|| {
                    sandbox.call(&plugin, call, Nothing).outcome?;
                    c0.execute(q)?;
                    anyhow::Ok(())
                })
            }),
            Box::new(|| {
                let call = call();
                timed(|| {
                    drop(call);
                    anyhow::Ok(())
                })
            }),
            Box::new(|| {
                c0.execute(Request::create(lead(7)))?;
                timed(|| raw.call())
            }),
            Box::new(|| {
                raw.call()?;
                let q = Request::create(lead(7));
                timed(|| c0.execute(q))
            }),
            Box::new(|| {
                buffer.fill(std::hint::black_box(3));
                std::hint::black_box(&buffer);
                let q = Request::create(lead(7));
                timed(|| c0.execute(q))
            }),
            Box::new(|| {
                c0.execute(Request::create(lead(7)))?;
                let call = call();
                timed(|| sandbox.call(&plugin, call, Nothing).outcome)
            }),
        ],
    )?;
    Ok(NAMES.iter().zip(r).map(|(n, v)| Figure::time(*n, v)).collect())
}
