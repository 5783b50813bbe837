//! The states of what a solution brings. A rule, a process or a view arrives inactive and is
//! activated when it is whole; what is active and changes is deactivated first.

use sluice_model::{Parameter, Reference, Request, Result, Row, Value};

use super::{Installation, manifest::Kind};
use crate::{business_rules, duplicates::life, flow, workflows};
use sluice_engine::tables;

/// Whether the row is active; nothing, where its kind has no states.
pub(super) fn is_active(kind: Kind, row: &Row) -> Option<bool> {
    let state = row.int("statecode");
    match kind {
        Kind::DuplicateRule => Some(life::is_in_use(row)),
        Kind::Flow | Kind::Workflow | Kind::BusinessRule => Some(state == Some(1)),
        Kind::View => Some(state == Some(0)),
        _ => None,
    }
}

/// What tells the rows of a kind from others of their table: of a process, its category says what it
/// is; the copies of workflows stay where they are.
pub(super) fn category(kind: Kind) -> Vec<(&'static str, Value)> {
    match kind {
        Kind::Flow => vec![("category", Value::Choice(flow::CATEGORY))],
        Kind::Workflow => vec![
            ("category", Value::Choice(workflows::CATEGORY)),
            ("type", Value::Choice(workflows::DEFINITION)),
        ],
        Kind::BusinessRule => vec![
            ("category", Value::Choice(business_rules::CATEGORY)),
            ("type", Value::Choice(business_rules::DEFINITION)),
        ],
        _ => Vec::new(),
    }
}

/// Activates or deactivates a row that a solution brings, each kind in its own way. A rule is
/// published by a job, which is run when everything has arrived.
pub(super) fn set_active(work: &mut Installation<'_, '_>, kind: Kind, row: &Reference, active: bool) -> Result<()> {
    match kind {
        Kind::DuplicateRule => {
            let message = if active {
                "PublishDuplicateRule"
            } else {
                "UnpublishDuplicateRule"
            };
            let request = Request::new(message).with("DuplicateRuleId", Value::Id(row.id));
            let response = work.batch.execute(request)?;
            if let Some(Parameter::Value(Value::Id(job))) = response.outputs.get("JobId") {
                work.jobs.push(*job);
            }
            Ok(())
        }
        // One that starts others needs them to be active.
        Kind::Workflow if active => {
            work.activations.push(row.id);
            Ok(())
        }
        Kind::Flow | Kind::Workflow | Kind::BusinessRule => write(work, row, if active { (1, 2) } else { (0, 1) }),
        Kind::View => write(work, row, if active { (0, 1) } else { (1, 2) }),
        _ => Ok(()),
    }
}

fn write(work: &mut Installation<'_, '_>, row: &Reference, (state, status): (i32, i32)) -> Result<()> {
    let change = Row::new(row.table.clone(), row.id)
        .with("statecode", Value::Choice(state))
        .with("statuscode", Value::Choice(status));
    work.batch.execute(Request::update(change)).map(|_| ())
}

/// Activates the workflows that have arrived.
pub(super) fn activate_workflows(work: &mut Installation<'_, '_>) -> Result<()> {
    let arrived = std::mem::take(&mut work.activations);
    for workflow in workflows::children_first(work.batch.unit(), arrived)? {
        write(work, &Reference::new(tables::PROCESS, workflow), (1, 2))?;
    }
    Ok(())
}

/// A step is disabled rather than inactive.
pub(super) fn set_step_enabled(work: &mut Installation<'_, '_>, step: sluice_model::Uuid, enabled: bool) -> Result<()> {
    let row = Reference::new(tables::STEP, step);
    write(work, &row, if enabled { (0, 1) } else { (1, 2) })
}
