//! Jobs that failed, or that wait for what stood in their way to be mended: what is known of them, and
//! their work once more, for trial.

use sluice_model::{Error, Filter, Query, Reference, Result, Row, Timestamp, Uuid, Value};

use super::{COMPLETED, FAILED, WAITING, context, is_at_once, step::enabled_step};
use crate::{Acting, Session, Unit, acting::ACT_ON_BEHALF, rules::message_trace, runner, steps, tables};

/// A job that failed, or waits for what stood in its way to be mended.
#[derive(Debug, Clone)]
pub struct FailedJob {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// In whose name it runs, and who called on behalf of that user.
    pub acting: Acting,
    /// The step or workflow that it runs.
    pub runs: Uuid,
    /// The message that set it off.
    pub message: Option<String>,
    /// The row that it is about.
    pub row: Option<Reference>,
    /// The correlation id of the request that set it off.
    pub correlation: Option<Uuid>,
    /// When it was made.
    pub made: Timestamp,
    /// How it goes on once nothing stands in its way.
    pub goes_on: GoesOn,
    /// Whether its row is not there any more.
    pub is_row_gone: bool,
}

/// How a job goes on once nothing stands in its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoesOn {
    /// It is run once more, from its beginning.
    Again,
    /// It goes on where it waits.
    Resumed,
    /// It has ended for good; the next one is not stopped any more.
    Not,
}

/// What is read of the row of a job.
const COLUMNS: [&str; 10] = [
    "name",
    "operationtype",
    "statecode",
    "statuscode",
    "errorcode",
    "data",
    "messagename",
    "correlationid",
    "createdon",
    "primaryentitytype",
];

impl Session {
    /// The job with that id, where it failed or waits for what stood in its way.
    ///
    /// # Errors
    /// It is of a kind whose work is never tried, it has not failed, or it is not this user's to look at:
    /// who did not set it off needs prvActOnBehalfOfAnotherUser, and Read on the job and its row.
    pub(crate) fn failed_job(&self, id: Uuid) -> Result<Option<FailedJob>> {
        let (mut unit, _) = self.unit()?;
        let Some(job) = find(&mut unit, Filter::eq("asyncoperationid", id))?.pop() else {
            return Ok(None);
        };
        self.look_at(&mut unit, &job).map(Some)
    }

    /// The first job of a request that failed, or waits for what stood in its way.
    ///
    /// # Errors
    /// As [`Self::failed_job`].
    pub(crate) fn failed_job_of(&self, correlation: Uuid) -> Result<Option<FailedJob>> {
        let (mut unit, _) = self.unit()?;
        let jobs = find(&mut unit, Filter::eq("correlationid", correlation))?;
        for job in jobs.iter().filter(|job| has_failed(job)) {
            if known(&mut unit, job)?.is_some() {
                return self.look_at(&mut unit, job).map(Some);
            }
        }
        Ok(None)
    }

    /// Whether something stood in the way of a job that can be looked into.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn is_looked_into(&self, job: Uuid) -> Result<bool> {
        let (mut unit, _) = self.unit()?;
        let job = find(&mut unit, Filter::eq("asyncoperationid", job))?.pop();
        let Some(job) = job.filter(has_failed) else {
            return Ok(false);
        };
        let data = job.text("data").unwrap_or_default();
        let kind = runner::kind(&unit.core, &job);
        Ok(is_at_once(&job) || kind.is_some_and(|kind| kind.runs(data).is_some()))
    }

    /// The failed jobs that this user may read and whose id ends so.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn jobs_ending(&self, end: &str) -> Result<Vec<Row>> {
        if self.check_privilege(tables::JOB, sluice_model::Right::Read).is_err() {
            return Ok(Vec::new());
        }
        let query = Query::new(tables::JOB).columns(&COLUMNS);
        let mut rows = self.list(query.filter(Filter::ends_with("asyncoperationid", end)))?;
        rows.retain(has_failed);
        Ok(rows)
    }

    fn look_at(&self, unit: &mut Unit, job: &Row) -> Result<FailedJob> {
        let name = job.text("name").unwrap_or_default().to_owned();
        let refused = |why: &str| Error::invalid(format!("the job \"{name}\" {why}")).with_table(tables::JOB);
        if !has_failed(job) {
            return Err(refused("has not failed, nor does it wait for something to be mended"));
        }
        let Some((acting, runs, row)) = known(unit, job)? else {
            return Err(refused(
                "is not that of a step or a workflow: its work is not tried, and what it was refused stands in its message",
            ));
        };
        if acting.person() != self.acting().person() {
            self.check_named_privilege(ACT_ON_BEHALF)?;
            let (_, reader) = self.unit()?;
            // Asked here, and not of a message: its refusal would be on record as this user's last one.
            let jobs = unit.snapshot()?.table(tables::JOB)?.clone();
            unit.decide_for(&reader, &jobs, sluice_model::Right::Read, job.id)?;
            let at = (job.text("primaryentitytype"), row.as_ref());
            let when = message_trace::When::of(job);
            if let Some(unseen) = message_trace::unread_at(unit, &reader, at, when)? {
                return Err(message_trace::not_yours("what the job would say anew", unseen));
            }
        }
        let waits = job.int("statecode") == Some(WAITING.state);
        Ok(FailedJob {
            id: job.id,
            acting,
            runs,
            is_row_gone: is_gone(unit, job, row.as_ref())?,
            row,
            message: job.text("messagename").map(ToOwned::to_owned),
            correlation: job.id_of("correlationid"),
            made: job.get("createdon").and_then(Value::as_time).unwrap_or_default(),
            goes_on: match (waits, is_at_once(job)) {
                (true, _) => GoesOn::Resumed,
                (false, true) => GoesOn::Again,
                (false, false) => GoesOn::Not,
            },
            name,
        })
    }
}

/// Whether the row of a job is not there, and the job is not there because it was deleted.
fn is_gone(unit: &mut Unit, job: &Row, row: Option<&Reference>) -> Result<bool> {
    match row.filter(|_| job.text("messagename") != Some("Delete")) {
        Some(row) => Ok(unit.ownership(row)?.is_none()),
        None => Ok(false),
    }
}

fn find(unit: &mut Unit, filter: Filter) -> Result<Vec<Row>> {
    let query = Query::new(tables::JOB).filter(filter).order_by("createdon");
    unit.select_as_platform("find the job that is to be run for trial", &query)
}

/// Whether something stood in the way of a job.
fn has_failed(job: &Row) -> bool {
    let refused = job.get("errorcode").is_some_and(|code| !code.is_null());
    match job.int("statecode") {
        Some(COMPLETED) => job.int("statuscode") == Some(FAILED),
        state => state == Some(WAITING.state) && refused,
    }
}

/// In whose name a job runs, what it runs, and for which row; nothing, where its kind is never tried.
pub(crate) fn known(unit: &mut Unit, job: &Row) -> Result<Option<(Acting, Uuid, Option<Reference>)>> {
    if is_at_once(job) {
        return context::find(unit, job.id).map(|kept| Some(kept.about()));
    }
    let kind = runner::kind(&unit.core, job);
    Ok(kind.and_then(|kind| {
        let (acting, runs) = kind.runs(job.text("data").unwrap_or_default())?;
        let table = job.text("primaryentitytype");
        let row = table
            .zip(job.id_of("sl_rowid"))
            .map(|(table, id)| Reference::new(table, id));
        Some((acting, runs, row))
    }))
}

/// Does the work of a job once more, in the transaction of a trial.
///
/// # Errors
/// What it is refused.
pub(crate) fn run_for_trial(unit: &mut Unit, id: Uuid) -> Result<()> {
    let job = unit.need_as_platform(
        "find the job that is to be run for trial",
        &Reference::new(tables::JOB, id),
    )?;
    if !is_at_once(&job) {
        return match runner::tried(unit, id)? {
            Some(error) => Err(error),
            None => Ok(()),
        };
    }
    let mut kept = context::find(unit, id)?;
    unit.trace.goes_on_behind(std::mem::take(&mut kept.chain));
    let step = enabled_step(unit, kept.step, &kept.step_name)?;
    let mut operation = kept.operation(unit)?;
    operation.context.attempt = 1;
    steps::run_one(unit, &mut operation, &step)
}
