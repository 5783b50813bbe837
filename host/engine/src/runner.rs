//! The runner of long work. A job is a row of `asyncoperation` that knows how far it has come;
//! whoever asked for it runs it, step by step, each in a transaction of its own. So it can be
//! stopped or killed at any moment and gone on with, by anybody who may change the job; two
//! runners merely share the work; and other writers get their turn between the steps.

mod due;
mod new_job;
mod outcome;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde::{Serialize, de::DeserializeOwned};
use sluice_access::Principal;
use sluice_model::{
    Code, Error, Reference, Result, Right, Row, Uuid, Value,
    codes::Kind,
    remedy::{Case, Resolution},
};
use sluice_store::End;

use crate::{
    Acting, Session, Unit, compiling,
    engine::Core,
    jobs::{self, CANCELED, COMPLETED, FAILED, IN_PROGRESS, JobTurn, SUCCEEDED, WAITING},
    tables,
};

pub use new_job::{NewJob, next_start, owned_row, write};
pub use outcome::{JobOutcome, JobProgress, JobState, JobStep};

fn to_text(data: &impl Serialize) -> Result<String> {
    serde_json::to_string(data).map_err(|error| Error::host(format!("the state of a job cannot be written: {error}")))
}

/// What a job knows.
pub fn parse<T: DeserializeOwned>(data: &str) -> Result<T> {
    serde_json::from_str(data).map_err(|error| Error::host(format!("the state of a job is broken: {error}")))
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
    let told = Some(told).filter(|told| !told.is_empty());
    let mut row = Row::new(tables::JOB, job.id)
        .with("statecode", Value::Choice(COMPLETED))
        .with("statuscode", Value::Choice(status))
        .with("completedon", now)
        .with("message", told.map_or(Value::Null, Value::from));
    if let Some(error) = error {
        tell(&mut row, error);
    }
    update(unit, row)
}

/// What the row of a job says of an error: its code, and the action that failed, where the job
/// consists of actions.
fn tell(row: &mut Row, error: &Error) {
    row.set("errorcode", error.code().signed());
    let action = error.body().step.as_ref().and_then(|step| step.action.as_deref());
    row.set("friendlymessage", action.map_or(Value::Null, Value::from));
}

fn update(unit: &mut Unit, mut row: Row) -> Result<()> {
    row.set("modifiedon", unit.core.env.now());
    unit.update_as_platform("keep how far a job has come", row)
}

/// A kind of long work, which is run in steps.
pub trait JobKind: Sync {
    /// Its option of `asyncoperation.operationtype`.
    fn number(&self) -> i32;

    /// What people see of that option. The column has it by the kind, and not by its definition.
    fn label(&self) -> &'static str;

    /// What is told of a job that has ended, where somebody wants it to be run once more.
    fn ended(&self) -> &'static Case {
        &HAS_ENDED
    }

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

    /// Whether a job waits for somebody to mend what it was refused, at the place where it stands,
    /// and does not fail.
    fn waits_after(&self, _: &Error) -> bool {
        false
    }

    /// In whose name a job runs what a request set off, and what it runs: its work is tried with the
    /// request, and by itself where it failed. Nothing, where the work is never tried, because it goes over
    /// a whole table.
    fn runs(&self, _data: &str) -> Option<(Acting, Uuid)> {
        None
    }

    /// A job was refused something, and waits or has failed: what is to be kept of that.
    ///
    /// # Errors
    /// It cannot be kept.
    fn stopped(&self, _: &mut Unit, _job: &Row, _data: &str, _: &Error) -> Result<()> {
        Ok(())
    }

    /// Whether a job that has succeeded is removed, and not kept with its outcome.
    fn is_removed(&self, _data: &str) -> bool {
        false
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

/// What is told of most work that has ended.
pub(crate) static HAS_ENDED: Case = Case {
    cause: "the job is that of a message, and has ended",
    resolution: Resolution::new("send that message again", &[]),
};

/// The kind of a job that is run in steps by whoever asks.
pub(crate) fn kind(core: &Core, job: &Row) -> Option<&'static dyn JobKind> {
    let number = job.int("operationtype")?;
    core.jobs().iter().copied().find(|kind| kind.number() == number)
}

/// A job was canceled by writing its state, or it failed.
pub(crate) fn canceled(unit: &mut Unit, job: &Row) -> Result<()> {
    match kind(&unit.core, job) {
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
        let ran = self.run_named(job, stop, progress);
        ran.map_err(|refusal| self.not_their_job(job, refusal))
    }

    fn run_named(&self, job: Uuid, stop: &AtomicBool, progress: &(dyn Fn(JobProgress) + Sync)) -> Result<JobOutcome> {
        let turned = self
            .run_turn(&[job], jobs::Asker::Named(self.acting), stop)?
            .into_iter()
            .next();
        if let Some((_, turned)) = turned
            && let JobTurn::Ran(outcome) = turned?
        {
            progress(outcome.progress);
            return Ok(outcome);
        }
        self.run_in_steps(job, stop, progress)
    }

    /// Runs a job that is run in steps.
    pub(crate) fn run_in_steps(
        &self,
        job: Uuid,
        stop: &AtomicBool,
        progress: &(dyn Fn(JobProgress) + Sync),
    ) -> Result<JobOutcome> {
        let mut last = JobProgress::default();
        let mut worked = false;
        loop {
            if stop.load(Ordering::Acquire) {
                return Ok(JobOutcome {
                    state: JobState::Stopped,
                    ended_before: false,
                    message: String::new(),
                    is_looked_into: false,
                    progress: last,
                });
            }
            let part = |too_long: Option<&Error>| {
                self.batch(|batch| {
                    let caller = batch.unit.acting(self.acting)?;
                    batch.unit.left_behind.clear();
                    let done = step(batch.unit, Some(&caller), job, too_long);
                    batch.traces.extend(std::mem::take(&mut batch.unit.left_behind));
                    done
                })
            };
            let step = part(None).or_else(|error| match is_too_long(&error) {
                true => part(Some(&error)),
                false => Err(error),
            })?;
            last = step.progress;
            worked |= step.worked;
            progress(last);
            if let Some((status, message)) = step.ended {
                return Ok(JobOutcome {
                    state: JobState::of(status),
                    ended_before: !worked,
                    message,
                    is_looked_into: step.is_looked_into,
                    progress: last,
                });
            }
        }
    }
}

/// Runs a job that a commit has just released, in steps, until it ends or waits.
pub(crate) fn run_released(unit: &mut Unit, job: Uuid) -> Result<()> {
    loop {
        let step = released_part(unit, job, None).or_else(|error| match is_too_long(&error) {
            true => released_part(unit, job, Some(&error)),
            false => Err(error),
        })?;
        if step.ended.is_some() {
            return Ok(());
        }
    }
}

/// Does the next part of such a job, in a transaction of its own.
fn released_part(unit: &mut Unit, job: Uuid, too_long: Option<&Error>) -> Result<JobStep> {
    unit.budget.renew();
    unit.in_steps = Default::default();
    unit.trace.begin_anew();
    unit.snapshot = unit.core.current_snapshot()?;
    let store = unit.core.store()?;
    let jobs = unit.jobs.len();
    let done = compiling::until_compiled(unit, |unit| {
        store.write(&mut |tx| {
            unit.tx = tx;
            unit.jobs.truncate(jobs);
            unit.left_behind.clear();
            unit.transaction_opened();
            let result = unit
                .refresh()
                .and_then(|()| step(unit, None, job, too_long))
                .and_then(|done| unit.check_administration().map(|()| done));
            let left = std::mem::take(&mut unit.left_behind);
            let end = End {
                keep: unit.core.keeps(result.is_ok() && unit.waiting.is_none()),
                value: result,
                beside: unit.unless_compiling(left),
            };
            (std::mem::take(&mut unit.tx), end)
        })
    });
    unit.transaction_over();
    unit.configuration_changed = false;
    let done = done.and_then(|done| done);
    if done.is_err() {
        unit.jobs.truncate(jobs);
    }
    done
}

/// The part of a job used up the time of its transaction. That is written down in another one: this one has no time left
/// for it, and the job would be begun again and again.
fn is_too_long(error: &Error) -> bool {
    error.code() == Code::MESSAGE_TIMEOUT
}

/// So many parts of a job are done in a trial.
const MOST_PARTS: usize = 200;

/// Does the work of a job in the transaction of a trial, until it ends or waits: what it is refused.
pub(crate) fn tried(unit: &mut Unit, id: Uuid) -> Result<Option<Error>> {
    for _ in 0..MOST_PARTS {
        let job = unit.need_as_platform("see whose job it is", &Reference::new(tables::JOB, id))?;
        let data = job.text("data").unwrap_or_default().to_owned();
        let Some(kind) = kind(&unit.core, &job).filter(|kind| kind.runs(&data).is_some()) else {
            return Ok(None);
        };
        let before = unit.savepoint()?;
        match work_on(unit, kind, &job, &data) {
            Ok(step) => {
                unit.release(before)?;
                keep(unit, kind, &job, &step)?;
                if step.ended.is_some() || step.waits.is_some() {
                    return Ok(None);
                }
            }
            Err(error) if error.kind() == Kind::Host => return Err(error),
            Err(error) => {
                unit.back_to(before)?;
                return Ok(Some(error));
            }
        }
    }
    Ok(None)
}

/// One step of a job. `caller` is whoever asked for it; without one it is the process that has just
/// committed it. `too_long` is what the same step came to in a transaction before, which is over: the job ends by it.
fn step(unit: &mut Unit, caller: Option<&Arc<Principal>>, id: Uuid, too_long: Option<&Error>) -> Result<JobStep> {
    let table = unit.snapshot()?.table(tables::JOB)?.clone();
    let job = unit.need_as_platform("see whose job it is", &Reference::new(tables::JOB, id))?;
    // Whoever asked for a job may run it, and not who calls on behalf of that one.
    let is_its_own =
        |caller: &Principal| job.lookup("ownerid") == Some(&caller.identity().reference()) && caller.limit().is_none();
    if let Some(caller) = caller.filter(|caller| !is_its_own(caller)) {
        unit.decide_for(caller, &table, Right::Write, id)?;
    }
    let Some(kind) = kind(&unit.core, &job) else {
        return Err(Error::host("the job is of no kind that is done in steps"));
    };
    let data = job.text("data").unwrap_or_default().to_owned();
    // What was suspended since it was released stays so until somebody asks for it.
    let suspended = job.int("statecode") == Some(WAITING.state) && job.bool("iswaitingforevent") != Some(true);
    if job.int("statecode") == Some(COMPLETED) || caller.is_none() && suspended {
        let status = job.int("statuscode").unwrap_or(FAILED);
        let told = job.text("message").unwrap_or_default().to_owned();
        return Ok(JobStep {
            progress: JobProgress::default(),
            ended: Some((status, told)),
            waits: None,
            is_looked_into: status == FAILED && kind.runs(&data).is_some(),
            data,
            worked: false,
        });
    }
    if let Some(error) = too_long {
        return stopped(unit, kind, (&job, data), error);
    }
    let before = unit.savepoint()?;
    match work_on(unit, kind, &job, &data) {
        Ok(step) => {
            unit.release(before)?;
            keep(unit, kind, &job, &step)?;
            Ok(step)
        }
        Err(error) if error.kind() == Kind::Host || is_too_long(&error) => Err(error),
        Err(error) => {
            unit.back_to(before)?;
            stopped(unit, kind, (&job, data), &error)
        }
    }
}

/// A job was refused something, which is undone: it waits at its place, or fails.
fn stopped(unit: &mut Unit, kind: &dyn JobKind, (job, data): (&Row, String), error: &Error) -> Result<JobStep> {
    kind.stopped(unit, job, &data, error)?;
    let status = match kind.waits_after(error) {
        true => {
            suspend(unit, job, error)?;
            WAITING.status
        }
        false => {
            canceled(unit, job)?;
            end(unit, job, FAILED, error.message(), Some(error))?;
            FAILED
        }
    };
    Ok(JobStep {
        is_looked_into: kind.runs(&data).is_some(),
        data,
        progress: JobProgress::default(),
        ended: Some((status, error.message().to_owned())),
        waits: None,
        worked: true,
    })
}

fn work_on(unit: &mut Unit, kind: &dyn JobKind, job: &Row, data: &str) -> Result<JobStep> {
    let step = kind.step(unit, job, data).map_err(|error| unit.in_time(error))?;
    if let Some((SUCCEEDED, told)) = &step.ended {
        kind.succeeded(unit, job, &step.data, told)
            .map_err(|error| unit.in_time(error))?;
    }
    Ok(step)
}

/// The job stays where it is until somebody goes on with it.
fn suspend(unit: &mut Unit, job: &Row, error: &Error) -> Result<()> {
    let mut row = Row::new(tables::JOB, job.id)
        .in_state(WAITING)
        .with("postponeuntil", Value::Null)
        .with("iswaitingforevent", false)
        .with("message", error.message());
    tell(&mut row, error);
    update(unit, row)
}

/// The job knows how far it has come.
fn keep(unit: &mut Unit, kind: &dyn JobKind, job: &Row, step: &JobStep) -> Result<()> {
    let mut row = Row::new(tables::JOB, job.id)
        .with("data", step.data.as_str())
        .with("hostid", unit.core.env.process());
    if job.int("statuscode") != Some(IN_PROGRESS.status) {
        IN_PROGRESS.put(&mut row);
        row.set("startedon", unit.core.env.now());
    }
    if job.get("errorcode").is_some_and(|code| !code.is_null()) {
        for column in ["message", "errorcode", "friendlymessage"] {
            row.set(column, Value::Null);
        }
    }
    if let Some((until, for_event)) = step.waits {
        WAITING.put(&mut row);
        row.set("postponeuntil", until.map_or(Value::Null, Value::DateTime));
        row.set("iswaitingforevent", for_event);
        return update(unit, row);
    }
    if job.bool("iswaitingforevent") == Some(true) {
        row.set("iswaitingforevent", false);
    }
    update(unit, row)?;
    match &step.ended {
        None => Ok(()),
        Some((status, told)) => {
            end(unit, job, *status, told, None)?;
            match *status == SUCCEEDED && kind.is_removed(&step.data) {
                true => jobs::remove(unit, job).map(|_| ()),
                false => Ok(()),
            }
        }
    }
}
