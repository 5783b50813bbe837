//! What the actions of a run in the background came to: a row of `workflowlog` each, written in the
//! transaction of the action. Those of a run whose job is removed once it has succeeded are not
//! written. In real time only what fails is logged, where the workflow says so: beside the request,
//! which is undone.

use sluice_model::{Comparison, Error, Filter, Name, Query, Reference, Result, Row, Timestamp, Uuid, Value};

use sluice_engine::{Kept, Operation, ReadRules, Rules, Unit, keeping, runner::owned_row, tables};

use super::run;

/// The table.
const TABLE: &str = "workflowlog";
/// The workflow that refused a request in real time.
const WORKFLOW: &str = "sl_workflow";

/// What an action came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Succeeded = 2,
    Failed = 3,
    Canceled = 4,
    Waiting = 5,
}

/// Writes what an action of a job came to, as whoever it runs as.
pub(super) fn write(
    unit: &mut Unit,
    (job, user): (Uuid, Uuid),
    action: Option<String>,
    status: Status,
    error: Option<&Error>,
) -> Result<()> {
    let row = row(unit, user, action, status, error)?.with("asyncoperationid", Reference::new(tables::JOB, job));
    unit.insert_as_platform("keep what an action of a workflow came to", row)
}

/// Logs that a workflow has refused a request in real time, as whoever it ran as, and for which row.
pub(super) fn failed(
    unit: &mut Unit,
    (workflow, user): (Uuid, Uuid),
    about: Option<Reference>,
    error: &Error,
    canceled: bool,
) -> Result<()> {
    let status = if canceled { Status::Canceled } else { Status::Failed };
    let step = error.body().step.as_ref();
    let action = step
        .filter(|step| step.id == workflow)
        .and_then(|step| step.action.clone());
    let mut row = row(unit, user, action, status, Some(error))?.with(WORKFLOW, Reference::new(run::TABLE, workflow));
    if let Some(about) = about {
        row.set("sl_rowtable", &*about.table);
        row.set("sl_rowid", about.id);
    }
    unit.log(row);
    Ok(())
}

/// What of it belongs to no job is kept as long as finished jobs are.
pub(super) const KEPT: Kept = Kept {
    days: |unit| keeping::days(unit, "sl_jobkeep"),
    remove: remove_old,
};

fn remove_old(unit: &mut Unit, before: Timestamp) -> Result<bool> {
    let old = Filter::Compare {
        column: "createdon".into(),
        comparison: Comparison::Lt,
        value: Value::DateTime(before),
    };
    let query = Query::new(TABLE)
        .columns(&[])
        .filter(Filter::eq("asyncoperationid", Value::Null).and(old))
        .top(keeping::FEW);
    let rows = unit.select_as_platform("see which logs of workflows are older than jobs are kept", &query)?;
    for row in &rows {
        unit.delete_as_platform("remove what is older than the organisation keeps it", &row.reference())?;
    }
    Ok(rows.len() == keeping::FEW as usize)
}

fn row(unit: &mut Unit, user: Uuid, action: Option<String>, status: Status, error: Option<&Error>) -> Result<Row> {
    let owner = unit.principal_of(&Reference::new(tables::USER, user))?;
    let name: String = action.unwrap_or_default().chars().take(256).collect();
    let mut row = owned_row(unit, TABLE, &owner)
        .with("stepname", name)
        .with("status", Value::Choice(status as i32));
    let now = row.get("createdon").cloned().unwrap_or(Value::Null);
    row.set("startedon", now.clone());
    if status != Status::Waiting {
        row.set("completedon", now);
    }
    if let Some(error) = error {
        row.set("message", error.message());
        row.set("errorcode", error.code().signed());
    }
    Ok(row)
}

/// The rules of the log: the platform writes it, and it goes with its job.
pub(super) struct Log;

impl ReadRules for Log {
    fn after_read(&self, unit: &mut Unit, operation: &Operation, _: Option<&[Name]>, rows: &mut [Row]) -> Result<()> {
        unit.conceal_log(operation.principal(), rows)
    }
}

impl Rules for Log {
    fn reading(&self) -> Option<&dyn ReadRules> {
        Some(self)
    }

    fn follows_as_platform(&self) -> bool {
        true
    }
}
