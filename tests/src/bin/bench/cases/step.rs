//! What a synchronous step costs: the message with it, less the message without.

use anyhow::{Context, Result};
use sluice_engine::Synchronous;

use super::creating;
use crate::{
    measure::{Figure, Target, Turns, alternate, timed},
    raw::{Answers, Host},
    world::{ALL, COLUMNS, Leads, World, lead, set_trace},
};

pub(super) const NAMES: &[&str] = &["step", "step-all"];

pub(super) fn run(world: &World) -> Result<Vec<Figure>> {
    let opened = |steps: i32, traced: bool| {
        let session = world
            .open(&world.with_steps(steps)?, Synchronous::Off)?
            .session_of("admin")?;
        if traced {
            set_trace(&session, ALL)?;
        }
        anyhow::Ok(creating(session, Leads::from(0)))
    };
    let sample = lead(0);
    let values = COLUMNS
        .iter()
        .map(|column| sample.get(column).context("the lead lacks a column"));
    let answers = Answers::target(values.collect::<Result<Vec<_>>>()?)?;
    let raw = Host::new()?.load(&sluice_tests::wasm("guests", "bench"), "getters", answers)?;
    let [floor, with, without, with_all, without_all] = alternate(
        Turns { turns: 200, runs: 16 },
        [
            Box::new(|| timed(|| raw.call())),
            opened(1, false)?,
            opened(0, false)?,
            opened(1, true)?,
            opened(0, true)?,
        ],
    )?;
    Ok(vec![
        Figure::time("step", with - without)
            .over(floor)
            .target(Target::Ratio(1.5)),
        Figure::time("step-all", with_all - without_all).over(floor),
    ])
}
