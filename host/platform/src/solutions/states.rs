//! The states of what a solution brings. A rule, a process or a view arrives inactive and is
//! activated when it is whole; what is active and changes is deactivated first.

use sluice_engine::{Component, tables};
use sluice_model::{Error, Reference, Request, Result, Row, Uuid, Value};

use super::{Installation, import::about};

/// Whether the row is active; nothing, where its kind has no states.
pub(super) fn is_active(kind: &Component, row: &Row) -> Option<bool> {
    kind.states.map(|states| (states.is_active)(row))
}

/// What tells the rows of a kind from others of their table.
pub(super) fn category(kind: &Component) -> Vec<(&'static str, Value)> {
    let choices = kind.only.iter();
    choices
        .map(|(column, number)| (*column, Value::Choice(*number)))
        .collect()
}

/// Activates or deactivates a row that a solution brings, each kind in its own way; those that wait
/// for others, at the end of their turn. A job that this takes is run when everything has arrived.
pub(super) fn set_active(
    work: &mut Installation<'_, '_>,
    kind: &'static Component,
    row: &Reference,
    active: bool,
) -> Result<()> {
    let Some(states) = kind.states else { return Ok(()) };
    if active && states.later.is_some() {
        work.activations.push((kind, row.id));
        return Ok(());
    }
    let job = (states.set_active)(work.batch, row, active)?;
    work.jobs.extend(job);
    Ok(())
}

/// Activates those that have arrived and waited for others of their kind.
pub(super) fn activate_arrived(work: &mut Installation<'_, '_>) -> Result<()> {
    let arrived = std::mem::take(&mut work.activations);
    let Some((kind, _)) = arrived.first().copied() else {
        return Ok(());
    };
    // What arrives in one turn is of one kind.
    let mut order: Vec<Uuid> = arrived.into_iter().map(|(_, id)| id).collect();
    let Some(states) = kind.states else { return Ok(()) };
    if let Some(later) = states.later {
        let arrived = later(work.batch.unit(), order)?;
        order = arrived.order;
        let notices = arrived.drafts.into_iter().map(|(row, error)| draft(kind, &row, error));
        work.notices.extend(notices);
    }
    for id in order {
        let row = Reference::new(kind.table, id);
        let job = match (states.set_active)(work.batch, &row, true) {
            Ok(job) => job,
            Err(error) => {
                let reason = "name what a solution brings and cannot activate";
                let row = work.batch.unit().need_as_platform(reason, &row)?;
                return Err(about((kind.word, called(kind, &row)), error));
            }
        };
        work.jobs.extend(job);
    }
    Ok(())
}

fn called<'a>(kind: &Component, row: &'a Row) -> &'a str {
    row.text(kind.named_in).unwrap_or_default()
}

/// What is told of a row that stays a draft.
fn draft(kind: &Component, row: &Row, mut error: Error) -> Error {
    let body = error.body_mut();
    body.message = format!(
        "the {} `{}` is a draft here, and does not run: {}; mend that, then activate it",
        kind.word,
        called(kind, row),
        body.message
    );
    error
}

/// A step is disabled rather than inactive.
pub(super) fn set_step_enabled(work: &mut Installation<'_, '_>, step: sluice_model::Uuid, enabled: bool) -> Result<()> {
    let (state, status) = if enabled { (0, 1) } else { (1, 2) };
    let change = Row::new(tables::STEP, step)
        .with("statecode", Value::Choice(state))
        .with("statuscode", Value::Choice(status));
    work.batch.execute(Request::update(change)).map(|_| ())
}
