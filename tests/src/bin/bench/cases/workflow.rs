//! What workflows cost: one that runs in real time beside a plug-in that does the same, and a thousand
//! that do not match.

use anyhow::Result;
use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Reference, Request, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_platform::{StepSpec, WorkflowSpec};

use super::creating;
use crate::{
    measure::{Figure, Target, Turns, alternate},
    world::{Bench, Leads, grant},
};

pub(super) const NAMES: &[&str] = &["workflow"];
pub(super) const MANY_NAMES: &[&str] = &["workflows-1000", "workflows-1000-others"];

/// So many are active that do not match.
const MANY: usize = 1_000;

/// A condition on the row that was made, and an update of it: as the plug-in `follow` does it, which
/// retrieves the column as well.
pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let opened = || anyhow::Ok(world.admin(&world.copy()?)?);
    let (plain, stepped, flowing) = (opened()?, opened()?, opened()?);
    stepped.register_step(&StepSpec {
        plugin: "bench/follow".to_owned(),
        message: "Create".to_owned(),
        table: Some("lead".to_owned()),
        stage: 40,
        rank: 1,
        ..StepSpec::default()
    })?;
    let actions = json!([{ "check": {
        "if": { "compare": { "column": "leadsourcecode", "is": "eq", "value": 7 } },
        "then": [{ "update": { "set": { "jobtitle": "Partner" } } }],
    } }]);
    activate(
        &flowing,
        workflow("Follow", "lead", &json!({ "create": true }), &actions),
    )?;
    let [plain, stepped, flowing] = alternate(
        Turns::MANY,
        [
            creating(plain, Leads::from(0)),
            creating(stepped, Leads::from(0)),
            creating(flowing, Leads::from(0)),
        ],
    )?;
    Ok(vec![
        Figure::time("workflow", flowing - plain)
            .over(stepped - plain)
            .target(Target::Ratio(1.0)),
    ])
}

/// Create of a lead where the workflows are for other tables, messages and columns; and where they are
/// for its Create, but for rows of somebody else.
pub(super) fn run_many(world: &Bench) -> Result<Vec<Figure>> {
    let none = world.admin(&world.copy()?)?;
    let elsewhere = world.admin(&world.copy()?)?;
    all(&elsewhere, |place| {
        let (table, on) = match place % 4 {
            0 => ("account", json!({ "create": true })),
            1 => ("contact", json!({ "create": true, "update": ["emailaddress1"] })),
            2 => ("lead", json!({ "update": ["jobtitle"] })),
            _ => ("lead", json!({ "delete": true })),
        };
        workflow(&format!("Flow {place}"), table, &on, &task())
    })?;
    let others = world.admin(&world.copy()?)?;
    let seller = Reference::new("systemuser", others.find_one("systemuser", "seller.west")?);
    // An owner whose workflows run has to read them, and to write those of as many rows.
    for privilege in ["prvReadWorkflow", "prvWriteWorkflow"] {
        grant(&others, "Salesperson", privilege)?;
    }
    all(&others, |place| {
        let row = workflow(&format!("Flow {place}"), "lead", &json!({ "create": true }), &task());
        row.with("scope", Value::Choice(1)).with("ownerid", seller.clone())
    })?;
    let [none, elsewhere, others] = alternate(
        Turns::MANY,
        [
            creating(none, Leads::from(0)),
            creating(elsewhere, Leads::from(0)),
            creating(others, Leads::from(0)),
        ],
    )?;
    Ok(vec![
        Figure::time("workflows-1000", elsewhere)
            .over(none)
            .target(Target::Ratio(1.1)),
        Figure::time("workflows-1000-others", others).over(none),
    ])
}

fn task() -> Json {
    json!([{ "create": { "table": "task", "set": { "subject": "Call" } } }])
}

/// A workflow for all rows of a table, as a draft.
pub(super) fn workflow(name: &str, table: &str, on: &Json, actions: &Json) -> Row {
    let file = json!({ "name": name, "table": table, "scope": "organization", "on": on, "actions": actions });
    let spec = WorkflowSpec::parse(&file.to_string());
    spec.map(|spec| spec.row()).unwrap_or_else(|_| Row::unsaved("workflow"))
}

/// Makes a workflow and activates it.
fn activate(admin: &Session, row: Row) -> Result<Uuid> {
    let id = admin.execute(Request::create(row))?.created().unwrap_or_default();
    let active = Row::new("workflow", id).with("statecode", Value::Choice(1));
    admin.execute(Request::update(active))?;
    Ok(id)
}

/// Makes a thousand and activates them, a hundred in a transaction.
fn all(admin: &Session, row: impl Fn(usize) -> Row + Send + Sync) -> Result<()> {
    const TURN: usize = 100;
    for turn in 0..MANY / TURN {
        admin.batch(|batch| {
            for place in turn * TURN..(turn + 1) * TURN {
                let id = batch.create(row(place))?;
                let active = Row::new("workflow", id).with("statecode", Value::Choice(1));
                batch.execute(Request::update(active))?;
            }
            Ok(())
        })?;
    }
    Ok(())
}
