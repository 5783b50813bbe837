//! A job that has ended stays as it is. One that is canceled undoes what it had begun.

use sluice_model::{Code, Error, Name, Reference, Result, Row, Value};

use super::{ReadRules, Rules, job_shown::JobShown};
use crate::{
    Operation, Unit,
    jobs::{self, CANCELED, COMPLETED, READY, WAITING},
    runner::{self, JobKind},
    tables,
};

pub(super) struct Job;

/// What people may write of a job: its state, when it goes on, and whose it is.
const WRITABLE: [&str; 4] = ["statecode", "statuscode", "postponeuntil", "ownerid"];

fn name(row: &Row) -> &str {
    row.text("name").unwrap_or_default()
}

impl Rules for Job {
    fn reading(&self) -> Option<&dyn ReadRules> {
        Some(&JobShown)
    }

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
        if !operation.why.is_platform() {
            check_asked(target, before)?;
        }
        let state = target.has("statecode") || target.has("statuscode");
        if state && before.int("statecode") == Some(COMPLETED) {
            let sentence = format!("the job \"{}\" has ended; its state cannot be changed", name(before));
            return Err(Error::new(Code::JOB_ENDED, sentence)
                .with_table(tables::JOB)
                .with_word("JOB", before.id));
        }
        if state {
            check_state(unit, target, before)?;
        }
        let ends = target.int("statecode") == Some(COMPLETED);
        let resumes = target.int("statecode") == Some(READY.state) && before.int("statecode") != Some(READY.state);
        let until = target.get("postponeuntil").and_then(Value::as_time);
        let postpones = !state && until.is_some_and(|until| until > operation.context.created_on);
        if postpones {
            check_postponed(unit, before)?;
        }
        if !operation.why.is_platform() {
            check_ended(target, before)?;
        }
        if let (true, Some(target)) = (ends, &mut operation.context.target) {
            target.set("completedon", operation.context.created_on);
        }
        if let Some(target) = &mut operation.context.target {
            if resumes {
                // It is due, whoever was to run it.
                target.set("hostid", Value::Null);
                if until.is_none() {
                    target.set("postponeuntil", Value::Null);
                }
            }
            if postpones {
                WAITING.put(target);
                // Until then, nothing that happens wakes it.
                if before.bool("iswaitingforevent") == Some(true) {
                    target.set("iswaitingforevent", false);
                }
            }
        }
        Ok(())
    }

    fn after_update(&self, unit: &mut Unit, _: &Operation, before: &Row, changed: &Row) -> Result<()> {
        match changed.int("statuscode") {
            Some(CANCELED) => runner::canceled(unit, before),
            _ => Ok(()),
        }
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let row = unit.need_as_platform(
            "a job that has not ended stays",
            &Reference::new(tables::JOB, operation.id()?),
        )?;
        if row.int("statecode") == Some(COMPLETED) || !jobs::is_known(unit, &row) {
            return jobs::canceled(unit, &row);
        }
        let sentence = format!("the job \"{}\" has not ended", name(&row));
        Err(Error::new(Code::JOB_NOT_ENDED, sentence)
            .with_table(tables::JOB)
            .with_word("JOB", row.id))
    }
}

/// What somebody asks for is one of the columns that people write.
fn check_asked(target: &Row, before: &Row) -> Result<()> {
    let changes = |name: &&Name| target.get(name) != before.get(name) && !WRITABLE.contains(&&***name);
    let Some(other) = target.values.keys().find(changes) else {
        return Ok(());
    };
    let sentence = format!(
        "the platform fills column `{other}` of `{}`: of a job only `statecode`, `statuscode` and `postponeuntil` are \
         written, and whose it is",
        tables::JOB
    );
    Err(Error::new(Code::READ_ONLY_COLUMN, sentence).with_table(tables::JOB))
}

/// A job that has ended stays as it is.
fn check_ended(target: &Row, before: &Row) -> Result<()> {
    let changes = target
        .values
        .iter()
        .any(|(name, value)| before.get(name) != Some(value));
    if before.int("statecode") != Some(COMPLETED) || !changes {
        return Ok(());
    }
    let sentence = format!("the job \"{}\" has ended; it stays as it is", name(before));
    Err(Error::new(Code::JOB_ENDED, sentence)
        .with_table(tables::JOB)
        .with_word("JOB", before.id))
}

/// A job that waits, or that nobody works on, may be put off.
fn check_postponed(unit: &mut Unit, before: &Row) -> Result<()> {
    let why = match before.int("statecode") {
        Some(COMPLETED) => "has ended; it cannot be postponed",
        _ if jobs::is_at_once(before) && jobs::is_running(before, unit.core.env.now()) => {
            "is running; it ends by itself, and cannot be postponed"
        }
        _ => return Ok(()),
    };
    let sentence = format!("the job \"{}\" {why}", name(before));
    Err(Error::new(Code::JOB_ENDED, sentence)
        .with_table(tables::JOB)
        .with_word("JOB", before.id))
}

/// `asyncoperation.statuscode` of a job that somebody works on: In Progress, Pausing, Canceling.
const RUNNING: [i32; 3] = [20, 21, 22];

/// What people may do to the state of a job that has not ended: cancel it, and let it wait or go
/// on, as long as nobody works on it.
fn check_state(unit: &Unit, target: &Row, before: &Row) -> Result<()> {
    if !jobs::is_known(unit, before) {
        return Ok(());
    }
    let refused = |why: &str| {
        let sentence = format!("the job \"{}\" {why}", name(before));
        Err(Error::new(Code::JOB_ENDED, sentence)
            .with_table(tables::JOB)
            .with_word("JOB", before.id))
    };
    if jobs::is_at_once(before) && jobs::is_running(before, unit.core.env.now()) {
        return refused("is running; it ends by itself, and until then its state cannot be changed");
    }
    let is_running = |status: i32| RUNNING.contains(&status);
    if target.int("statecode") == Some(jobs::IN_PROGRESS.state) || target.int("statuscode").is_some_and(is_running) {
        return refused("is marked as running by whoever runs it, not by hand");
    }
    if target.int("statecode") == Some(COMPLETED) {
        if target.int("statuscode") != Some(CANCELED) {
            return refused(&format!(
                "can only be canceled (statuscode {CANCELED}); that it succeeded is not said by hand"
            ));
        }
        if runner::kind(&unit.core, before).is_some_and(JobKind::cleans_up) {
            let sentence = format!(
                "the job \"{}\" removes what a rule that is out of work has left; it can only be brought to its end",
                name(before)
            );
            return Err(Error::new(Code::JOB_NOT_ENDED, sentence)
                .with_table(tables::JOB)
                .with_word("JOB", before.id));
        }
    }
    Ok(())
}
