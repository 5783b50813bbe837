//! What the actions of a run in the background came to: a row of `workflowlog` each, written in the
//! transaction of the action. Those of a run whose job is removed once it has succeeded are not
//! written.

use sluice_model::{Code, Error, Reference, Result, Uuid, Value};

use sluice_engine::{Operation, Rules, Unit, runner::owned_row, tables};

/// The table.
const TABLE: &str = "workflowlog";

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
    let owner = unit.principal_of(&Reference::new(tables::USER, user))?;
    let name: String = action.unwrap_or_default().chars().take(256).collect();
    let mut row = owned_row(unit, TABLE, &owner)
        .with("asyncoperationid", Reference::new(tables::JOB, job))
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
    unit.insert_as_platform("keep what an action of a workflow came to", row)
}

/// The rules of the log: the platform writes it, and it goes with its job.
pub(super) struct Log;

impl Rules for Log {
    fn before_create(&self, _: &mut Unit, operation: &mut Operation) -> Result<()> {
        match operation.why().is_platform() {
            true => Ok(()),
            false => Err(Error::new(
                Code::MESSAGE_NOT_SUPPORTED,
                "the platform makes the rows of the process log itself: Create does not work on them",
            )
            .with_table(TABLE)),
        }
    }

    fn follows_as_platform(&self) -> bool {
        true
    }
}
