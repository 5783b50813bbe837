//! A job that has ended stays as it is. One that is canceled undoes what it had begun.

use sluice_model::{Code, Error, Result, Row, Value};

use super::{Rules, read};
use crate::{
    Operation, Unit, recurrence,
    runner::{self, JobKind},
    tables,
};

pub(super) struct Job;

/// `asyncoperation.statecode`: Completed.
const COMPLETED: i32 = 3;

fn name(row: &Row) -> &str {
    row.text("name").unwrap_or_default()
}

impl Rules for Job {
    fn before_create(&self, _: &mut Unit, operation: &mut Operation) -> Result<()> {
        if operation.why.is_platform() {
            return Ok(());
        }
        Err(Error::new(
            Code::MESSAGE_NOT_SUPPORTED,
            "the platform makes the rows of jobs itself: Create does not work on them",
        )
        .with_table(tables::JOB))
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        let state = target.has("statecode") || target.has("statuscode");
        if state && before.int("statecode") == Some(COMPLETED) {
            let sentence = format!("the job \"{}\" has ended; its state cannot be changed", name(before));
            return Err(Error::new(Code::JOB_ENDED, sentence).with_table(tables::JOB));
        }
        let ends = target.int("statecode") == Some(COMPLETED);
        if ends && target.int("statuscode") != Some(runner::CANCELED) && runner::kind(unit, before).is_some() {
            let sentence = format!(
                "the job \"{}\" can only be canceled (statuscode {}); that it succeeded is not said by hand",
                name(before),
                runner::CANCELED
            );
            return Err(Error::new(Code::JOB_ENDED, sentence).with_table(tables::JOB));
        }
        if ends && runner::kind(unit, before).is_some_and(JobKind::cleans_up) {
            let sentence = format!(
                "the job \"{}\" removes what a rule that is out of work has left; it can only be brought to its end \
                 (`jobs resume {}`)",
                name(before),
                before.id
            );
            return Err(Error::new(Code::JOB_NOT_ENDED, sentence).with_table(tables::JOB));
        }
        let pattern = target.get("recurrencepattern").and_then(Value::as_text);
        pattern.map_or(Ok(()), |pattern| recurrence::days(pattern).map(|_| ()))
    }

    fn after_update(&self, unit: &mut Unit, _: &Operation, before: &Row, changed: &Row) -> Result<()> {
        match changed.int("statuscode") {
            Some(runner::CANCELED) => runner::canceled(unit, before),
            _ => Ok(()),
        }
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let row = read(unit, "a job that has not ended stays", tables::JOB, operation.id()?)?;
        if row.int("statecode") == Some(COMPLETED) || runner::kind(unit, &row).is_none() {
            return Ok(());
        }
        let sentence = format!("the job \"{}\" has not ended", name(&row));
        Err(Error::new(Code::JOB_NOT_ENDED, sentence).with_table(tables::JOB))
    }
}
