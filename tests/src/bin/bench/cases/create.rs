//! What Create costs, with no, one and five steps, beside the bare transaction.

use anyhow::Result;
use sluice_engine::Synchronous;

use super::{creating, stored_leads};
use crate::{
    bare,
    measure::{Figure, Target, Turns, alternate},
    world::{Leads, World},
};

pub(super) const NAMES: &[&str] = &[
    "create-0",
    "create-0-seller",
    "create-1",
    "create-1-seller",
    "create-5",
    "create-5-seller",
];
pub(super) const FULL_NAMES: &[&str] = &["create-0-full"];

/// So many different rows does the floor write, over and over.
const FORMS: usize = 64;

/// How much dearer than the bare transaction a Create may be.
const EXCESS: Target = Target::Excess(60.0);

pub(super) fn run(world: &World) -> Result<Vec<Figure>> {
    let connection = bare::connect(&world.copy()?, "OFF")?;
    let mut writer = bare::Writer::new(&connection, stored_leads(world, FORMS)?, "leadid")?;
    let pair = |steps| {
        let engine = world.open(&world.with_steps(steps)?, Synchronous::Off)?;
        let of = |user| anyhow::Ok(creating(engine.session_of(user)?, Leads::from(0)));
        anyhow::Ok((of("admin")?, of("seller.west")?))
    };
    let ((admin_0, seller_0), (admin_1, seller_1), (admin_5, seller_5)) = (pair(0)?, pair(1)?, pair(5)?);
    let [floor, ours @ ..] = alternate(
        Turns { turns: 150, runs: 16 },
        [
            Box::new(|| writer.write(world.new_id())),
            admin_0,
            seller_0,
            admin_1,
            seller_1,
            admin_5,
            seller_5,
        ],
    )?;
    let figures = NAMES.iter().zip(ours).map(|(name, ours)| {
        let figure = Figure::time(*name, ours).over(floor);
        if name.starts_with("create-0") {
            figure.target(EXCESS)
        } else {
            figure
        }
    });
    Ok(figures.collect())
}

/// The same where a commit waits for the disk.
pub(super) fn run_full(world: &World) -> Result<Vec<Figure>> {
    let connection = bare::connect(&world.copy()?, "FULL")?;
    let mut writer = bare::Writer::new(&connection, stored_leads(world, FORMS)?, "leadid")?;
    let admin = world.open(&world.copy()?, Synchronous::Full)?.session_of("admin")?;
    let [floor, ours] = alternate(
        Turns { turns: 60, runs: 8 },
        [
            Box::new(|| writer.write(world.new_id())),
            creating(admin, Leads::from(0)),
        ],
    )?;
    Ok(vec![Figure::time("create-0-full", ours).over(floor)])
}
