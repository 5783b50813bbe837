//! Steps that are only watched: each runs as it would, on the row and in the name in which it would,
//! and what it does is discarded: what it wrote, what it put into the parameters, the jobs that it set off,
//! and its failure. The trace keeps what it did.

use std::sync::Arc;

use sluice_model::{Name, Result, Row, codes::Kind};
use sluice_store::{Beside, End};

use crate::{Unit, compiling::until_compiled, operation::Operation, step::Step, steps, trace::Discarded};

/// Runs a step and discards what it does.
///
/// # Errors
/// The host fails, or the transaction around it is given up.
pub(crate) fn run(unit: &mut Unit, operation: &mut Operation, step: &Arc<Step>) -> Result<()> {
    let was = operation.clone();
    let done = match unit.tx.is_open() {
        true => inside(unit, operation, step),
        false => alone(unit, operation, step),
    };
    let ran = std::mem::replace(operation, was);
    unit.trace.discarded(Discarded {
        columns: changed(operation.context.target.as_ref(), ran.context.target.as_ref()),
    });
    match done {
        Err(error) if unit.waiting.is_some() || unit.outdated || error.kind() == Kind::Host => Err(error),
        _ => Ok(()),
    }
}

/// In the transaction that is open, up to a savepoint.
fn inside(unit: &mut Unit, operation: &mut Operation, step: &Arc<Step>) -> Result<()> {
    let (configured, shut_out) = (unit.configuration_changed, unit.shut_out);
    let (snapshot, defined) = (unit.snapshot.clone(), unit.definitions_changed);
    let before = unit.savepoint()?;
    let done = steps::run_in_earnest(unit, operation, step);
    unit.back_to(before)?;
    unit.shut_out = shut_out;
    unit.definitions_changed = defined;
    unit.snapshot = snapshot;
    unit.configuration_changed = configured;
    done
}

/// In a transaction of its own: before the request has one, and in a job. As there, each call of the
/// step is whole by itself.
fn alone(unit: &mut Unit, operation: &mut Operation, step: &Arc<Step>) -> Result<()> {
    let store = unit.core.store()?;
    let (jobs, followers) = (unit.jobs.len(), unit.cascades.rows);
    let marks = unit.trace.mark();
    let (spent, in_steps) = (unit.budget.clone(), unit.in_steps.clone());
    let before = unit.snapshot.clone();
    let in_series = std::mem::replace(&mut unit.in_series, true);
    let mut ran = None;
    let done = until_compiled(unit, |unit| {
        store.write(&mut |tx| {
            unit.tx = tx;
            unit.budget.back_to(&spent);
            unit.in_steps = in_steps.clone();
            unit.transaction_opened();
            unit.trace.back_to(&marks);
            let mut again = operation.clone();
            let done = unit
                .refresh()
                .and_then(|()| steps::run_in_earnest(unit, &mut again, step));
            ran = Some(again);
            let end = End {
                keep: false,
                value: done,
                beside: Beside::new(),
            };
            (std::mem::take(&mut unit.tx), end)
        })
    });
    unit.transaction_over();
    unit.in_series = in_series;
    unit.jobs.truncate(jobs);
    unit.cascades.rows = followers;
    unit.snapshot = before;
    unit.configuration_changed = false;
    unit.definitions_changed = false;
    unit.shut_out = None;
    if let Some(ran) = ran {
        *operation = ran;
    }
    done.and_then(|done| done)
}

/// The columns in which two rows differ.
fn changed(before: Option<&Row>, after: Option<&Row>) -> Vec<Name> {
    let (Some(before), Some(after)) = (before, after) else {
        return Vec::new();
    };
    let names = before.values.keys().chain(after.values.keys());
    let mut names: Vec<Name> = names
        .filter(|name| before.get(name) != after.get(name))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}
