//! Who works on a job that is done at once. The job's row names the process (`hostid`) and when
//! it last gave a sign of life (`modifiedon`), so that no two processes do the work, and a job
//! whose process is gone can be taken over.

use sluice_model::{Code, Error, Reference, Result, Right, Row, Timestamp, Uuid, Value};
use sluice_store::{Beside, End};

use super::{
    COMPLETED, Ended, FAILED, IN_PROGRESS, READY, SUCCEEDED, again, context, is_at_once, is_gone, is_known, replay,
    set_state,
};
use crate::{Acting, Unit, tables};

/// A process that gives no sign of life for so long has lost its job. Longer than any service
/// call of a plug-in takes.
const LEASE: jiff::SignedDuration = jiff::SignedDuration::from_secs(300);
/// So long after the last sign of life the next one is given.
const RENEWAL: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);

/// The columns that tell whether a job's process is gone.
pub(crate) const LEASE_COLUMNS: [&str; 4] = ["operationtype", "statecode", "hostid", "modifiedon"];

/// The job that a unit works on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    job: Uuid,
    renewed: Timestamp,
}

/// What came of asking for a job.
pub(crate) enum Claim {
    /// It is ours now.
    Taken(Row),
    /// It is done in steps, by whoever asks.
    InSteps,
    /// It has ended: its status, and what it says of itself.
    Ended(i32, String),
    /// It is not there, another process has it, or its time has not come.
    NotNow,
}

/// Whether a process works on the job now.
pub(crate) fn is_running(job: &Row, now: Timestamp) -> bool {
    job.int("statecode") == Some(IN_PROGRESS.0) && !is_lost(job, now)
}

/// Whether the process that was to do the job, or did it, is gone.
pub(crate) fn is_interrupted(job: &Row, now: Timestamp) -> bool {
    is_at_once(job) && matches!(job.int("statecode"), Some(0 | 2)) && is_lost(job, now)
}

fn is_lost(job: &Row, now: Timestamp) -> bool {
    let last = job.get("modifiedon").and_then(Value::as_time).unwrap_or_default();
    let gone = job.text("hostid").map_or(Some(true), is_gone);
    gone == Some(true) || now.duration_since(last) > LEASE
}

/// The row of a job.
pub(super) fn find(unit: &mut Unit, job: Uuid) -> Result<Option<Row>> {
    unit.read_as_platform("see who works on a job", &Reference::new(tables::JOB, job), None)
}

pub(super) fn update(unit: &mut Unit, row: Row) -> Result<()> {
    unit.update_as_platform("keep who works on a job, and what came of it", row)
}

/// Runs `work` in a transaction of its own, with rows that are written whatever it gives.
pub(super) fn apart<T>(unit: &mut Unit, beside: &Beside, work: impl Fn(&mut Unit) -> Result<T>) -> Result<T> {
    let store = unit.core.store()?;
    store.write(&mut |tx| {
        unit.tx = tx;
        let result = unit.refresh().and_then(|()| work(unit));
        let end = End {
            keep: result.is_ok(),
            value: result,
            beside: beside.clone(),
        };
        (std::mem::take(&mut unit.tx), end)
    })?
}

/// Takes a job to do its work: one that is ready, or whose process is gone. `asker` is whoever
/// asked for it to be gone on with; without one it is the process that has just committed it.
///
/// # Errors
/// The job is not there, or the asker may not change it.
pub(crate) fn claim(unit: &mut Unit, job: Uuid, asker: Option<Acting>) -> Result<Claim> {
    apart(unit, &Vec::new(), |unit| {
        let table = unit.snapshot()?.table(tables::JOB)?.clone();
        let Some(row) = find(unit, job)? else {
            return match asker {
                Some(_) => Err(Error::not_found(&table.schema, &table.name, job)),
                None => Ok(Claim::NotNow),
            };
        };
        if let Some(asker) = asker.filter(|asker| row.id_of("ownerid") != Some(asker.user)) {
            let asker = unit.acting(asker)?;
            unit.decide_for(&asker, &table, Right::Write, job)?;
        }
        if !is_known(unit, &row) {
            return Err(unknown_kind(&row));
        }
        if !is_at_once(&row) {
            return Ok(Claim::InSteps);
        }
        let now = unit.core.env.now();
        let postponed = row
            .get("postponeuntil")
            .and_then(Value::as_time)
            .is_some_and(|time| time > now);
        match row.int("statecode") {
            Some(COMPLETED) => {
                let told = row.text("message").unwrap_or_default().to_owned();
                return Ok(Claim::Ended(row.int("statuscode").unwrap_or(FAILED), told));
            }
            // Whoever has just committed it takes only what is still as it was.
            state if asker.is_none() && (postponed || state != Some(READY.0)) => return Ok(Claim::NotNow),
            _ if is_running(&row, now) => return Ok(Claim::NotNow),
            _ => {}
        }
        let mut taken = Row::new(tables::JOB, job)
            .with("postponeuntil", Value::Null)
            .with("startedon", now)
            .with("modifiedon", now)
            .with("hostid", unit.core.env.process());
        set_state(&mut taken, IN_PROGRESS);
        update(unit, taken)?;
        unit.lease = Some(Lease { job, renewed: now });
        Ok(Claim::Taken(row))
    })
}

fn unknown_kind(job: &Row) -> Error {
    let message = format!(
        "the job \"{}\" is of a kind that this program does not run",
        job.text("name").unwrap_or_default()
    );
    Error::new(Code::MESSAGE_NOT_SUPPORTED, message).with_table(tables::JOB)
}

/// Whether the job is still ours.
fn is_ours(unit: &Unit, row: &Row) -> bool {
    row.int("statecode") == Some(IN_PROGRESS.0) && row.text("hostid") == Some(&*unit.core.env.process())
}

/// Gives a sign of life, where the last one is a while ago and no transaction is open.
///
/// # Errors
/// Another process has taken the job over: what is being done for it must not go on.
pub(crate) fn renew(unit: &mut Unit) -> Result<()> {
    let now = unit.core.env.now();
    let Some(lease) = unit.lease.filter(|lease| now.duration_since(lease.renewed) > RENEWAL) else {
        return Ok(());
    };
    if unit.tx.is_open() {
        return Ok(());
    }
    apart(unit, &Vec::new(), |unit| {
        let row = find(unit, lease.job)?;
        if !row.is_some_and(|row| is_ours(unit, &row)) {
            return Err(Error::new(
                Code::JOB_ENDED,
                "another process has taken the job over, because this one gave no sign of life for too long",
            ));
        }
        let row = Row::new(tables::JOB, lease.job).with("modifiedon", now);
        update(unit, row)
    })?;
    unit.lease = Some(Lease { renewed: now, ..lease });
    Ok(())
}

/// Writes what came of a job that this unit has taken, with its traces.
///
/// # Errors
/// It cannot be written; then the job can be gone on with.
pub(crate) fn finish(unit: &mut Unit, job: Uuid, ended: &Ended) -> Result<()> {
    unit.lease = None;
    // What it came to is written however long it took.
    unit.budget.renew();
    apart(unit, &ended.beside, |unit| {
        let Some(row) = find(unit, job)?.filter(|row| is_ours(unit, row)) else {
            return Ok(());
        };
        if ended.kept_calls {
            replay::forget(unit, job)?;
        }
        if ended.result.is_ok() {
            context::forget(unit, job)?;
        }
        if ended.remove {
            return unit.delete_as_platform("remove a job that succeeded, as its step has it", &row.reference());
        }
        let now = unit.core.env.now();
        let mut changed = Row::new(tables::JOB, job).with("modifiedon", now);
        match &ended.result {
            Ok(()) => {
                set_state(&mut changed, (COMPLETED, SUCCEEDED));
                changed.set("completedon", now);
                for column in ["message", "errorcode"] {
                    changed.set(column, Value::Null);
                }
            }
            Err(error) => {
                let retries = again::retries(&row);
                match again::next(retries, now).filter(|_| ended.again) {
                    Some(until) => again::waits(&mut changed, retries, until),
                    None => {
                        set_state(&mut changed, (COMPLETED, FAILED));
                        changed.set("completedon", now);
                    }
                }
                changed.set("message", error.message());
                changed.set("errorcode", error.code().signed());
            }
        }
        update(unit, changed)
    })
}

/// Ends jobs that have not begun and are not to: each says why.
///
/// # Errors
/// That cannot be written.
pub(crate) fn fail(unit: &mut Unit, jobs: &[Uuid], why: &Error) -> Result<()> {
    apart(unit, &Vec::new(), |unit| {
        for job in jobs {
            if find(unit, *job)?.and_then(|row| row.int("statecode")) != Some(READY.0) {
                continue;
            }
            let now = unit.core.env.now();
            let mut row = Row::new(tables::JOB, *job)
                .with("completedon", now)
                .with("modifiedon", now)
                .with("message", format!("it did not run: {}", why.message()))
                .with("errorcode", why.code().signed());
            set_state(&mut row, (COMPLETED, FAILED));
            update(unit, row)?;
        }
        Ok(())
    })
}
