//! What it costs a Create that passes to be recorded, and to leave marks of the privileges that it uses.

use anyhow::Result;
use sluice_engine::Synchronous;
use sluice_model::Value;

use super::creating;
use crate::{
    measure::{Contender, Figure, Target, Turns, alternate},
    world::{Bench, Leads, set},
};

pub(super) const NAMES: &[&str] = &["recording-failed", "recording-all", "marks"];

/// `trace.requests`: off, failed, all.
const REQUESTS: [i32; 3] = [0, 1, 2];

/// Create of a lead by a seller: with nothing recorded, with each setting, and with marks of use.
pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let of = |requests: i32, marks: bool| -> Result<Contender<'_>> {
        let engine = world.open(&world.copy()?, Synchronous::Off)?;
        let admin = engine.session_of("admin")?;
        set(&admin, "sl_tracerequests", Value::Choice(requests))?;
        set(&admin, "sl_notesuse", Value::Bool(marks))?;
        Ok(creating(engine.session_of("seller.west")?, Leads::from(0)))
    };
    let [off, failed, all] = REQUESTS;
    let [nothing, failed, all, marks] = alternate(
        Turns::MANY,
        [of(off, false)?, of(failed, false)?, of(all, false)?, of(off, true)?],
    )?;
    let figure = |name: &str, ours: f64, most: f64| Figure::time(name, ours).over(nothing).target(Target::Ratio(most));
    Ok(vec![
        figure("recording-failed", failed, 1.05),
        figure("recording-all", all, 1.25),
        figure("marks", marks, 1.02),
    ])
}
