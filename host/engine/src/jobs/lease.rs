//! Who works on a job that is done at once. The job's row names the process (`hostid`) and when
//! it last gave a sign of life (`modifiedon`), so that no two processes do the work, and a job
//! whose process is gone can be taken over.

use sluice_model::{
    Code, Error, Reference, Remedy, Result, Right, Row, Timestamp, Uuid, Value,
    remedy::{Case, Resolution},
};
use sluice_store::{Beside, End};

use super::{
    COMPLETED, Ended, FAILED, IN_PROGRESS, READY, WAITING, again, context, is_at_once, is_gone, is_known, job, replay,
};
use crate::{Acting, Unit, tables};

/// A process that gives no sign of life for so long has lost its job. Longer than any service
/// call of a plug-in takes.
const LEASE: jiff::SignedDuration = jiff::SignedDuration::from_secs(300);
/// So long after the last sign of life the next one is given.
const RENEWAL: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);

/// The columns that tell whether a job's process is gone.
pub(crate) const LEASE_COLUMNS: [&str; 4] = ["operationtype", "statecode", "hostid", "modifiedon"];

/// The jobs that a unit has taken, whose outcome is not written yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lease {
    /// The one that it works on.
    at_work: Uuid,
    jobs: Vec<Uuid>,
    renewed: Timestamp,
}

/// The columns that are written when a job is taken.
const TAKEN: [&str; 6] = [
    "postponeuntil",
    "startedon",
    "modifiedon",
    "hostid",
    "statecode",
    "statuscode",
];

/// Who asks for jobs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asker {
    /// The process that has just committed them.
    Committed,
    /// Who runs what is due.
    Due(Acting),
    /// Who names a job: it is gone on with also before its time has come.
    Named(Acting),
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

/// Whether another process had the job first, or somebody ended it.
fn is_gone_to_others(claim: &Result<Claim>) -> bool {
    match claim {
        Ok(claim) => matches!(claim, Claim::NotNow | Claim::Ended(..)),
        Err(error) => error.code() == Code::NOT_FOUND,
    }
}

/// Whether a process works on the job now.
pub(crate) fn is_running(job: &Row, now: Timestamp) -> bool {
    job.int("statecode") == Some(IN_PROGRESS.state) && !is_lost(job, now)
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
            keep: unit.core.keeps(result.is_ok()),
            value: result,
            beside: beside.clone(),
        };
        (std::mem::take(&mut unit.tx), end)
    })?
}

/// Writes what came of jobs that this unit has taken, with their traces, and takes others to do their
/// work: those that are ready, or whose process is gone. Who runs what is due asks for no more after one
/// that another process had first: the next ones in its list are that one's as well.
///
/// # Errors
/// It cannot be written; then the jobs can be gone on with. Of a job that is to be taken: it is not
/// there, or the asker may not change it.
pub(crate) fn hand_over(
    unit: &mut Unit,
    ended: &[(Uuid, Ended)],
    next: &[Uuid],
    asker: Asker,
) -> Result<Vec<Result<Claim>>> {
    unit.lease = None;
    // What they came to is written however long they took.
    unit.budget.renew();
    let beside: Beside = ended.iter().flat_map(|(_, ended)| ended.beside.clone()).collect();
    let claims = apart(unit, &beside, |unit| {
        for (job, ended) in ended {
            came_to(unit, *job, ended)?;
        }
        let mut claims = Vec::new();
        for job in next {
            let claim = take(unit, *job, asker);
            let reads_anew = matches!(asker, Asker::Due(_)) && is_gone_to_others(&claim);
            claims.push(claim);
            if reads_anew {
                break;
            }
        }
        Ok(claims)
    })?;
    let taken = next
        .iter()
        .zip(&claims)
        .filter(|(_, claim)| matches!(claim, Ok(Claim::Taken(_))));
    let jobs: Vec<Uuid> = taken.map(|(job, _)| *job).collect();
    if let Some(first) = jobs.first() {
        unit.lease = Some(Lease {
            at_work: *first,
            renewed: unit.core.env.now(),
            jobs,
        });
    }
    Ok(claims)
}

/// Takes a job, in the transaction under way.
fn take(unit: &mut Unit, job: Uuid, asker: Asker) -> Result<Claim> {
    let table = unit.snapshot()?.table(tables::JOB)?.clone();
    let person = match asker {
        Asker::Committed => None,
        Asker::Due(acting) | Asker::Named(acting) => Some(acting),
    };
    let Some(row) = find(unit, job)? else {
        return match person {
            Some(_) => Err(Error::not_found(&table.schema, &table.name, job)),
            None => Ok(Claim::NotNow),
        };
    };
    // Whose job it is may, and not who calls on behalf of that one.
    let is_its_own = |asker: &Acting| row.id_of("ownerid") == Some(asker.user) && asker.caller.is_none();
    if let Some(asker) = person.filter(|asker| !is_its_own(asker)) {
        let asker = unit.acting(asker)?;
        unit.decide_for(&asker, &table, Right::Write, job)?;
    }
    if !is_known(unit, &row) {
        return Err(unknown_kind(&row));
    }
    let now = unit.core.env.now();
    let until = row.get("postponeuntil").and_then(Value::as_time);
    let state = row.int("statecode");
    // Another one that found it due has run it since, and it waits anew.
    let waits = state == Some(WAITING.state) && until.is_none_or(|time| time > now);
    if matches!(asker, Asker::Due(_)) && waits {
        return Ok(Claim::NotNow);
    }
    if !is_at_once(&row) {
        return Ok(Claim::InSteps);
    }
    let postponed = until.is_some_and(|time| time > now);
    match state {
        Some(COMPLETED) => {
            let told = row.text("message").unwrap_or_default().to_owned();
            return Ok(Claim::Ended(row.int("statuscode").unwrap_or(FAILED), told));
        }
        // Whoever has just committed it takes only what is still as it was.
        state if person.is_none() && (postponed || state != Some(READY.state)) => return Ok(Claim::NotNow),
        _ if is_running(&row, now) => return Ok(Claim::NotNow),
        _ => {}
    }
    let mut taken = Row::new(tables::JOB, job)
        .with("postponeuntil", Value::Null)
        .with("startedon", now)
        .with("modifiedon", now)
        .with("hostid", unit.core.env.process());
    IN_PROGRESS.put(&mut taken);
    update(unit, taken)?;
    Ok(Claim::Taken(row))
}

/// Gives a job back that was taken and has not begun: it is as it was before.
///
/// # Errors
/// That cannot be written; then it can be gone on with once this process is gone.
pub(super) fn give_back(unit: &mut Unit, jobs: &[Row]) -> Result<()> {
    apart(unit, &Vec::new(), |unit| {
        for before in jobs {
            if find(unit, before.id)?.is_some_and(|row| is_ours(unit, &row)) {
                let mut row = Row::new(tables::JOB, before.id);
                for column in TAKEN {
                    row.set(column, before.get(column).cloned().unwrap_or(Value::Null));
                }
                update(unit, row)?;
            }
        }
        Ok(())
    })
}

/// What is told of a job that nothing here does.
static UNKNOWN_KIND: Case = Case {
    cause: "the job is that of another program, or of another version of this one",
    resolution: Resolution::new("leave it to the program that made it, or cancel it", &[Remedy::Cancel]),
};

fn unknown_kind(job: &Row) -> Error {
    let message = format!(
        "the job \"{}\" is of a kind that this program does not run",
        job.text("name").unwrap_or_default()
    );
    Error::new(Code::MESSAGE_NOT_SUPPORTED, message)
        .with_table(tables::JOB)
        .with_word("JOB", job.id)
        .in_case(&UNKNOWN_KIND)
}

/// Whether the job is still ours.
fn is_ours(unit: &Unit, row: &Row) -> bool {
    row.int("statecode") == Some(IN_PROGRESS.state) && row.text("hostid") == Some(&*unit.core.env.process())
}

/// The unit begins the work of a job that it has taken: whether the job is still its.
///
/// # Errors
/// That cannot be seen.
pub(super) fn begin(unit: &mut Unit, job: Uuid) -> Result<bool> {
    if let Some(lease) = &mut unit.lease {
        lease.at_work = job;
    }
    holds_on(unit)
}

/// Gives a sign of life, where the last one is a while ago and no transaction is open.
///
/// # Errors
/// Another process has taken the job over: what is being done for it must not go on.
pub(crate) fn renew(unit: &mut Unit) -> Result<()> {
    if unit.tx.is_open() || holds_on(unit)? {
        return Ok(());
    }
    Err(Error::new(
        Code::JOB_ENDED,
        "another process has taken the job over, because this one gave no sign of life for too long",
    ))
}

/// Gives a sign of life, where the last one is a while ago, for the job at work and for the others that
/// were taken with it: whether the one at work is still the unit's.
fn holds_on(unit: &mut Unit) -> Result<bool> {
    let now = unit.core.env.now();
    let is_due = |lease: &&mut Lease| now.duration_since(lease.renewed) > RENEWAL;
    let Some(mut lease) = unit.lease.as_mut().filter(is_due).cloned() else {
        return Ok(true);
    };
    lease.jobs = apart(unit, &Vec::new(), |unit| {
        let mut ours = Vec::new();
        for job in &lease.jobs {
            if find(unit, *job)?.is_some_and(|row| is_ours(unit, &row)) {
                update(unit, Row::new(tables::JOB, *job).with("modifiedon", now))?;
                ours.push(*job);
            }
        }
        Ok(ours)
    })?;
    lease.renewed = now;
    let holds = lease.jobs.contains(&lease.at_work);
    unit.lease = Some(lease);
    Ok(holds)
}

/// Writes what came of a job, in the transaction under way, unless another process has taken it over.
fn came_to(unit: &mut Unit, job: Uuid, ended: &Ended) -> Result<()> {
    let Some(row) = find(unit, job)?.filter(|row| is_ours(unit, row)) else {
        return Ok(());
    };
    if ended.kept_calls {
        replay::forget(unit, job)?;
    }
    if ended.result.is_ok() {
        context::forget(unit, job)?;
    }
    let now = unit.core.env.now();
    let mut changed = Row::new(tables::JOB, job).with("modifiedon", now);
    match &ended.result {
        Ok(()) => {
            job::SUCCEEDED.put(&mut changed);
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
                    job::FAILED.put(&mut changed);
                    changed.set("completedon", now);
                }
            }
            changed.set("message", error.message());
            changed.set("errorcode", error.code().signed());
        }
    }
    update(unit, changed)?;
    match ended.remove {
        true => super::remove(unit, &row).map(|_| ()),
        false => Ok(()),
    }
}

/// Ends jobs that have not begun and are not to: each says why.
///
/// # Errors
/// That cannot be written.
pub(crate) fn fail(unit: &mut Unit, jobs: &[Uuid], why: &Error) -> Result<()> {
    apart(unit, &Vec::new(), |unit| {
        for job in jobs {
            if find(unit, *job)?.and_then(|row| row.int("statecode")) != Some(READY.state) {
                continue;
            }
            let now = unit.core.env.now();
            let mut row = Row::new(tables::JOB, *job)
                .with("completedon", now)
                .with("modifiedon", now)
                .with("message", format!("it did not run: {}", why.message()))
                .with("errorcode", why.code().signed());
            job::FAILED.put(&mut row);
            update(unit, row)?;
        }
        Ok(())
    })
}
