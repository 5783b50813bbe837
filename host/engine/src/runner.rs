//! The runner of long work. A job is a row of `asyncoperation` that knows how far it has come;
//! whoever asked for it runs it, step by step, each in a transaction of its own. So it can be
//! stopped or killed at any moment and gone on with, by anybody who may change the job; two
//! runners merely share the work; and other writers get their turn between the steps.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde::{Serialize, de::DeserializeOwned};
use sluice_access::Principal;
use sluice_model::{
    Code, Comparison, Error, Filter, Name, Query, Reference, Result, Right, Row, Timestamp, Uuid, Value, codes::Kind,
};

use crate::{
    Session, Unit,
    jobs::{self, CANCELED, COMPLETED, Claim, FAILED, IN_PROGRESS, LEASE_COLUMNS, READY, SUCCEEDED, WAITING},
    tables,
};

/// How far a job has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobProgress {
    /// Rows that are done.
    pub done: u64,
    /// Rows in all; as many as are done where that is not known.
    pub total: u64,
}

/// How a job ended, or that it was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It did what it was to do.
    Succeeded,
    /// It could not.
    Failed,
    /// Somebody canceled it.
    Canceled,
    /// It was stopped; it can be gone on with.
    Stopped,
}

impl JobState {
    fn of(status: i32) -> Self {
        match status {
            SUCCEEDED => Self::Succeeded,
            CANCELED => Self::Canceled,
            _ => Self::Failed,
        }
    }

    /// `succeeded`, `failed`, `canceled` or `stopped`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Stopped => "stopped",
        }
    }
}

/// What came of running a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOutcome {
    /// How it ended.
    pub state: JobState,
    /// It had ended before, so nothing was run.
    pub ended_before: bool,
    /// What the job says of itself.
    pub message: String,
    /// How far it came.
    pub progress: JobProgress,
}

/// What a step of a job's work came to.
#[derive(Debug)]
pub struct JobStep {
    data: String,
    progress: JobProgress,
    pub(crate) ended: Option<(i32, String)>,
    /// Whether something was done for the job.
    worked: bool,
}

impl JobStep {
    /// A step after which more is to be done.
    pub fn new(data: &impl Serialize, done: u64, total: u64) -> Result<Self> {
        Ok(Self {
            data: to_text(data)?,
            progress: JobProgress { done, total },
            ended: None,
            worked: true,
        })
    }

    /// The step, which was the last one.
    pub fn done(mut self, told: impl Into<String>) -> Self {
        self.ended = Some((SUCCEEDED, told.into()));
        self
    }

    /// The step, where there is nothing to do any more.
    pub fn canceled(mut self) -> Self {
        self.ended = Some((CANCELED, "there is nothing left to do".to_owned()));
        self
    }
}

fn to_text(data: &impl Serialize) -> Result<String> {
    serde_json::to_string(data).map_err(|error| Error::host(format!("the state of a job cannot be written: {error}")))
}

/// What a job knows.
pub fn parse<T: DeserializeOwned>(data: &str) -> Result<T> {
    serde_json::from_str(data).map_err(|error| Error::host(format!("the state of a job is broken: {error}")))
}

/// A job to be written.
pub struct NewJob {
    kind: i32,
    name: String,
    data: String,
    table: Option<Name>,
    from: Option<Timestamp>,
    again: Option<String>,
}

impl NewJob {
    pub fn new(kind: i32, name: String, data: &impl Serialize) -> Result<Self> {
        Ok(Self {
            kind,
            name,
            data: to_text(data)?,
            table: None,
            from: None,
            again: None,
        })
    }

    /// The table that it works on.
    pub fn about(mut self, table: &Name) -> Self {
        self.table = Some(table.clone());
        self
    }

    /// Not before this point in time.
    pub fn from(mut self, time: Timestamp) -> Self {
        self.from = Some(time);
        self
    }

    /// With this recurrence.
    pub fn again(mut self, pattern: Option<&str>) -> Self {
        self.again = pattern.map(ToOwned::to_owned);
        self
    }
}

/// A new row that belongs to a principal, with what every row has.
pub fn owned_row(unit: &Unit, table: &str, owner: &Principal) -> Row {
    let now = unit.core.env.now();
    let reference = Reference::new(owner.kind().table(), owner.id());
    Row::new(table, unit.core.env.new_id())
        .with("createdon", now)
        .with("modifiedon", now)
        .with("createdby", Reference::new(tables::USER, owner.id()))
        .with("modifiedby", Reference::new(tables::USER, owner.id()))
        .with("ownerid", reference)
        .with("owninguser", Reference::new(tables::USER, owner.id()))
        .with(
            "owningbusinessunit",
            Reference::new(tables::BUSINESS_UNIT, owner.business_unit()),
        )
}

/// Writes a job that belongs to `owner`; its id.
pub fn write(unit: &mut Unit, owner: &Principal, job: NewJob) -> Result<Uuid> {
    let now = unit.core.env.now();
    let waits = job.from.is_some_and(|from| from > now);
    let (state, status) = if waits { WAITING } else { READY };
    // The column takes so many characters.
    let name: String = job.name.chars().take(256).collect();
    let mut row = owned_row(unit, tables::JOB, owner)
        .with("name", name)
        .with("operationtype", Value::Choice(job.kind))
        .with("data", job.data)
        .with("statecode", Value::Choice(state))
        .with("statuscode", Value::Choice(status));
    if let Some(table) = job.table {
        row.set("primaryentitytype", &*table);
    }
    if let Some(from) = job.from {
        row.set("postponeuntil", from);
        row.set("recurrencestarttime", from);
    }
    if let Some(pattern) = job.again {
        row.set("recurrencepattern", pattern);
    }
    let id = row.id;
    unit.insert_as_platform("write a job that somebody may ask for", row)?;
    Ok(id)
}

/// When a job that recurs runs next: so many days, or a multiple of them, after it was to run.
pub fn next_start(unit: &Unit, job: &Row, days: u16) -> Result<Timestamp> {
    let now = unit.core.env.now();
    let time = |column: &str| job.get(column).and_then(Value::as_time);
    let mut next = time("recurrencestarttime").or(time("createdon")).unwrap_or(now);
    let step = jiff::SignedDuration::from_hours(24 * i64::from(days));
    let missed = now.duration_since(next).as_secs() / step.as_secs();
    let steps = i32::try_from(missed.max(0) + 1).unwrap_or(i32::MAX);
    next = step
        .checked_mul(steps)
        .and_then(|wait| next.checked_add(wait).ok())
        .ok_or_else(|| Error::invalid("the next run of the job lies beyond the end of the calendar"))?;
    Ok(next)
}

/// Ends a job that is not needed any more.
pub fn cancel(unit: &mut Unit, job: Uuid) -> Result<()> {
    match unit.read_as_platform(
        "end a job that is not needed any more",
        &Reference::new(tables::JOB, job),
        None,
    )? {
        Some(row) if row.int("statecode") != Some(COMPLETED) => {
            end(unit, &row, CANCELED, "it is not needed any more", None)
        }
        _ => Ok(()),
    }
}

fn end(unit: &mut Unit, job: &Row, status: i32, told: &str, error: Option<&Error>) -> Result<()> {
    let now = unit.core.env.now();
    let mut row = Row::new(tables::JOB, job.id)
        .with("statecode", Value::Choice(COMPLETED))
        .with("statuscode", Value::Choice(status))
        .with("completedon", now)
        .with("message", told);
    if let Some(error) = error {
        row.set("errorcode", error.code().signed());
    }
    update(unit, row)
}

fn update(unit: &mut Unit, mut row: Row) -> Result<()> {
    row.set("modifiedon", unit.core.env.now());
    unit.update_as_platform("keep how far a job has come", row)
}

/// A kind of long work, which is run in steps.
pub trait JobKind: Sync {
    /// What `asyncoperation.operationtype` says of it.
    fn number(&self) -> i32;

    /// Does the next part of a job, which knows `data`.
    ///
    /// # Errors
    /// The job fails.
    fn step(&self, unit: &mut Unit, job: &Row, data: &str) -> Result<JobStep>;

    /// A job has succeeded: what follows from that. `told` is what it says of itself.
    ///
    /// # Errors
    /// The job fails.
    fn succeeded(&self, _: &mut Unit, _job: &Row, _data: &str, _told: &str) -> Result<()> {
        Ok(())
    }

    /// A job was canceled or has failed: what it worked on is as it was before.
    ///
    /// # Errors
    /// That cannot be done.
    fn undone(&self, _: &mut Unit, _data: &str) -> Result<()> {
        Ok(())
    }

    /// It removes what others left behind: it can only be brought to its end, and whoever looks
    /// after an organisation runs it.
    fn cleans_up(&self) -> bool {
        false
    }
}

/// The kind of a job that is run in steps by whoever asks.
pub(crate) fn kind(unit: &Unit, job: &Row) -> Option<&'static dyn JobKind> {
    let number = job.int("operationtype")?;
    unit.core.jobs().iter().copied().find(|kind| kind.number() == number)
}

/// A job was canceled by writing its state, or it failed.
pub(crate) fn canceled(unit: &mut Unit, job: &Row) -> Result<()> {
    match kind(unit, job) {
        Some(kind) => kind.undone(unit, job.text("data").unwrap_or_default()),
        None => jobs::canceled(unit, job),
    }
}

impl Session {
    /// Runs a job to its end, or until `stop` becomes true. `progress` is told how far it has
    /// come after each step.
    ///
    /// # Errors
    /// There is no such job, it is not one that is run in steps, the user may not change it,
    /// or the host fails; then the job can be gone on with. That the job itself fails is no
    /// error: the outcome says so.
    pub fn run_job(&self, job: Uuid, stop: &AtomicBool, progress: &(dyn Fn(JobProgress) + Sync)) -> Result<JobOutcome> {
        if let Some(outcome) = self.run_at_once(job, progress)? {
            return Ok(outcome);
        }
        let mut last = JobProgress::default();
        let mut worked = false;
        loop {
            if stop.load(Ordering::Acquire) {
                return Ok(JobOutcome {
                    state: JobState::Stopped,
                    ended_before: false,
                    message: String::new(),
                    progress: last,
                });
            }
            let step = self.batch(|batch| {
                let caller = batch.unit.principal(self.user)?;
                step(batch.unit, &caller, job)
            })?;
            last = step.progress;
            worked |= step.worked;
            progress(last);
            if let Some((status, message)) = step.ended {
                return Ok(JobOutcome {
                    state: JobState::of(status),
                    ended_before: !worked,
                    message,
                    progress: last,
                });
            }
        }
    }

    /// Does the work of a job that is done at once, and of those that it sets off; `None` for one
    /// that is done in steps.
    fn run_at_once(&self, job: Uuid, progress: &(dyn Fn(JobProgress) + Sync)) -> Result<Option<JobOutcome>> {
        self.engine.on_pipeline_thread(|| {
            let mut unit = self.engine.unit(crate::unit::Trial::default())?;
            let (claim, ended) = jobs::run_claimed(&mut unit, job, Some(self.user))?;
            jobs::run_released(&mut unit);
            let row = match claim {
                Claim::InSteps => return Ok(None),
                Claim::Ended(status, message) => {
                    return Ok(Some(JobOutcome {
                        state: JobState::of(status),
                        ended_before: true,
                        message,
                        progress: JobProgress::default(),
                    }));
                }
                Claim::NotNow => {
                    return Err(Error::new(
                        Code::JOB_ENDED,
                        "the job is being run by another process; it ends by itself, and nothing was run here",
                    )
                    .with_table(tables::JOB));
                }
                Claim::Taken(row) => row,
            };
            let done = JobProgress { done: 1, total: 1 };
            progress(done);
            let (state, message) = match ended.map(|ended| ended.result) {
                Some(Err(error)) => (JobState::Failed, error.message().to_owned()),
                _ => {
                    let name = row.text("name").unwrap_or_default();
                    (JobState::Succeeded, format!("the job \"{name}\" ran"))
                }
            };
            Ok(Some(JobOutcome {
                state,
                ended_before: false,
                message,
                progress: done,
            }))
        })
    }

    /// The jobs that the user sees and that should be running, but do not: their process is gone,
    /// or the point in time that they waited for has come.
    ///
    /// # Errors
    /// The user may not read jobs.
    pub fn due_jobs(&self) -> Result<Vec<Uuid>> {
        self.due(|_| true)
    }

    /// Those of them that remove the matchcodes of rules which are out of work.
    ///
    /// # Errors
    /// The user may not read jobs.
    pub fn due_removals(&self) -> Result<Vec<Uuid>> {
        self.due(|kind| kind.is_some_and(JobKind::cleans_up))
    }

    /// Whether the process that was to do a job's work is gone: the job can be gone on with. The
    /// row needs `operationtype`, `statecode`, `hostid` and `modifiedon`.
    pub fn is_interrupted(&self, job: &Row) -> bool {
        jobs::is_interrupted(job, self.engine.core.env.now())
    }

    fn due(&self, which: impl Fn(Option<&dyn JobKind>) -> bool) -> Result<Vec<Uuid>> {
        let now = self.engine.core.env.now();
        let kinds = self.engine.core.jobs().iter().filter(|kind| which(Some(**kind)));
        let mut numbers: Vec<Value> = kinds.map(|kind| Value::Choice(kind.number())).collect();
        if which(None) {
            numbers.push(Value::Choice(jobs::STEP));
        }
        let is = |column: &str, number: i32| Filter::eq(column, Value::Choice(number));
        let due = Filter::Compare {
            column: "postponeuntil".into(),
            comparison: Comparison::Le,
            value: Value::DateTime(now),
        };
        let state = Filter::Or(vec![
            is("statuscode", READY.1),
            is("statuscode", IN_PROGRESS.1),
            is("statuscode", WAITING.1).and(due),
        ]);
        let kinds = Filter::In {
            column: "operationtype".into(),
            values: numbers,
        };
        let mut columns = LEASE_COLUMNS.to_vec();
        columns.push("postponeuntil");
        let query = Query::new(tables::JOB).columns(&columns).filter(kinds.and(state));
        let mut rows = self.list(query.order_by("createdon"))?;
        // A job that is done at once is done by the process that made it, as long as that is there.
        rows.retain(|row| {
            let waits = row.get("postponeuntil").and_then(Value::as_time);
            let its_time_has_come = waits.is_some_and(|time| time <= now);
            let postponed = waits.is_some_and(|time| time > now);
            !jobs::is_at_once(row)
                || !postponed && !jobs::is_running(row, now) && (its_time_has_come || jobs::is_interrupted(row, now))
        });
        Ok(rows.iter().map(|row| row.id).collect())
    }
}

/// One step of a job.
fn step(unit: &mut Unit, caller: &Arc<Principal>, id: Uuid) -> Result<JobStep> {
    let table = unit.snapshot()?.table(tables::JOB)?.clone();
    let job = unit.need_as_platform("see whose job it is", &Reference::new(tables::JOB, id))?;
    // Whoever asked for a job may run it.
    if job.lookup("ownerid") != Some(&caller.identity().reference()) {
        unit.decide_for(caller, &table, Right::Write, id)?;
    }
    let Some(kind) = kind(unit, &job) else {
        return Err(Error::host("the job is of no kind that is done in steps"));
    };
    let data = job.text("data").unwrap_or_default().to_owned();
    if job.int("statecode") == Some(COMPLETED) {
        let status = job.int("statuscode").unwrap_or(FAILED);
        let told = job.text("message").unwrap_or_default().to_owned();
        return Ok(JobStep {
            progress: JobProgress::default(),
            ended: Some((status, told)),
            data,
            worked: false,
        });
    }
    let before = unit.savepoint()?;
    match work_on(unit, kind, &job, &data) {
        Ok(step) => {
            unit.release(before)?;
            keep(unit, &job, &step)?;
            Ok(step)
        }
        Err(error) if error.kind() == Kind::Host => Err(error),
        Err(error) => {
            unit.back_to(before)?;
            canceled(unit, &job)?;
            end(unit, &job, FAILED, error.message(), Some(&error))?;
            Ok(JobStep {
                data,
                progress: JobProgress::default(),
                ended: Some((FAILED, error.message().to_owned())),
                worked: true,
            })
        }
    }
}

fn work_on(unit: &mut Unit, kind: &dyn JobKind, job: &Row, data: &str) -> Result<JobStep> {
    let step = kind.step(unit, job, data)?;
    if let Some((SUCCEEDED, told)) = &step.ended {
        kind.succeeded(unit, job, &step.data, told)?;
    }
    Ok(step)
}

/// The job knows how far it has come.
fn keep(unit: &mut Unit, job: &Row, step: &JobStep) -> Result<()> {
    let mut row = Row::new(tables::JOB, job.id)
        .with("data", step.data.as_str())
        .with("hostid", unit.core.env.process());
    if job.int("statuscode") != Some(IN_PROGRESS.1) {
        row.set("statecode", Value::Choice(IN_PROGRESS.0));
        row.set("statuscode", Value::Choice(IN_PROGRESS.1));
        row.set("startedon", unit.core.env.now());
    }
    update(unit, row)?;
    match &step.ended {
        None => Ok(()),
        Some((status, told)) => end(unit, job, *status, told, None),
    }
}
