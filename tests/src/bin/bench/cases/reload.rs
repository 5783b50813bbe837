//! What a change of the configuration costs that concerns neither steps nor process flows: a user
//! is created where there are many of both, and where there are none.

use std::path::Path;

use anyhow::Result;
use sluice_model::{Row, Value};
use sluice_platform::prelude::*;
use sluice_platform::{FlowSpec, FlowStepSpec, StageSpec};

use super::{creating, dispatch};
use crate::{
    measure::{Figure, Target, Turns, alternate},
    world::{Bench, name, set},
};

pub(super) const NAMES: &[&str] = &["reload"];

const STEPS: usize = 1_000;
const FLOWS: i32 = 100;

/// The stages of each flow, and the columns that are its steps.
const STAGES: [(&str, &str, &[&str]); 3] = [
    ("Qualify", "lead", &["subject", "companyname", "emailaddress1"]),
    ("Develop", "opportunity", &["name", "description"]),
    ("Propose", "opportunity", &["name", "estimatedvalue"]),
];

pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let empty = world.copy()?;
    let full = world.copy()?;
    activate_flows(world, &full)?;
    dispatch::register_unrelated(world, &full, STEPS)?;
    let opened = |path: &Path| anyhow::Ok(creating(world.admin(path)?, (0..).map(user)));
    let [none, many] = alternate(Turns { turns: 60, runs: 4 }, [opened(&empty)?, opened(&full)?])?;
    Ok(vec![Figure::time("reload", many).over(none).target(Target::Ratio(1.2))])
}

fn activate_flows(world: &Bench, path: &Path) -> Result<()> {
    let admin = world.admin(path)?;
    let setting = "maximumactivebusinessprocessflowsallowedperentity";
    set(&admin, setting, Value::Int(FLOWS + 10))?;
    for number in 0..FLOWS {
        admin.create_flow(&flow(number), true)?;
    }
    Ok(())
}

fn flow(number: i32) -> FlowSpec {
    let step = |column: &&str| FlowStepSpec {
        column: (*column).to_owned(),
        label: None,
        required: false,
    };
    let stage = |(name, table, columns): (&str, &str, &[&str])| StageSpec {
        name: name.to_owned(),
        table: table.to_owned(),
        steps: columns.iter().map(step).collect(),
    };
    FlowSpec {
        name: format!("Sales process {number}"),
        uniquename: None,
        description: None,
        order: 10 + number,
        stages: STAGES.into_iter().map(stage).collect(),
    }
}

/// A user who has no role yet.
fn user(index: usize) -> Row {
    let (first, last) = name(index);
    Row::unsaved("systemuser")
        .with("firstname", first)
        .with("lastname", last)
        .with("domainname", format!("user.{index}"))
}
