//! What steps cost that do not match: thousands registered, on other tables and messages and
//! on Update of the same table, while accounts are created.

use std::path::Path;

use anyhow::{Result, ensure};
use sluice_model::Row;
use sluice_platform::StepSpec;
use sluice_platform::prelude::*;

use super::creating;
use crate::{
    bare::{self, Ready, Stored, Transaction},
    measure::{Figure, Target, Turns, alternate},
    world::{Bench, name},
};

pub(super) const NAMES: &[&str] = &["dispatch-10", "dispatch-1000", "dispatch-10000"];

/// Message, table, stage, filtering column.
const KINDS: [(&str, &str, i32, Option<&str>); 10] = [
    ("Update", "account", 10, Some("telephone1")),
    ("Update", "account", 20, Some("revenue")),
    ("Update", "account", 40, None),
    ("Delete", "account", 20, None),
    ("Create", "contact", 20, None),
    ("Create", "lead", 20, None),
    ("Create", "opportunity", 40, None),
    ("Update", "lead", 20, Some("subject")),
    ("Assign", "contact", 40, None),
    ("Delete", "lead", 10, None),
];

pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let opened = |steps: usize| {
        let path = world.copy()?;
        register_unrelated(world, &path, steps)?;
        anyhow::Ok(creating(world.admin(&path)?, (0..).map(account)))
    };
    let [few, many, most] = alternate(Turns::MANY, [opened(10)?, opened(1_000)?, opened(10_000)?])?;
    Ok(vec![
        Figure::time("dispatch-10", few),
        Figure::time("dispatch-1000", many).over(few).target(Target::Ratio(1.2)),
        Figure::time("dispatch-10000", most)
            .over(few)
            .target(Target::Ratio(1.2)),
    ])
}

fn account(index: usize) -> Row {
    let (first, last) = name(index);
    Row::unsaved("account")
        .with("name", format!("{first} {last} and Sons"))
        .with("telephone1", "+1 425 555 0100")
        .with("emailaddress1", "office@example.com")
        .with("address1_city", "Redmond")
        .with("address1_stateorprovince", "WA")
        .with("numberofemployees", 250)
}

/// Gives an organisation so many steps: ten registered as an administrator does it, the rest
/// copied from those, because each registration makes the engine read all steps anew.
pub(super) fn register_unrelated(world: &Bench, path: &Path, steps: usize) -> Result<()> {
    let admin = world.admin(path)?;
    for (message, table, stage, filtering) in KINDS {
        admin.register_step(&StepSpec {
            plugin: "bench/getters".to_owned(),
            message: message.to_owned(),
            table: Some(table.to_owned()),
            stage,
            filtering: filtering.map(str::to_owned).into_iter().collect(),
            rank: 1,
            ..StepSpec::default()
        })?;
    }
    drop(admin);
    let connection = bare::connect(path, "OFF")?;
    let kinds = Stored::all(&connection, TABLE)?;
    ensure!(
        kinds.len() == KINDS.len(),
        "{} steps where {} were registered",
        kinds.len(),
        KINDS.len()
    );
    let mut transaction = Transaction::new(&connection)?;
    transaction.run(|| {
        for index in 0..steps.saturating_sub(kinds.len()) {
            let mut step = kinds[index % kinds.len()].clone();
            step.set(KEY, bare::blob(world.new_id()))?;
            Ready::new(&connection, &step.insert_sql())?.write(&step)?;
        }
        Ok(())
    })
}

const TABLE: &str = "sdkmessageprocessingstep";
const KEY: &str = "sdkmessageprocessingstepid";
