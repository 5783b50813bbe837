//! What one request may use in all, with everything that it sets off: its steps, their calls, the
//! steps of these, cascades, trials. Each call of a plug-in has limits of its own; these hold for
//! all of them together, and for the time that a transaction keeps others waiting.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use sluice_model::{
    Code, Error, Filter, Remedy, Result, Uuid, Value,
    error::Limit,
    remedy::{Case, Resolution},
};
use sluice_sandbox::Left;

use crate::{Unit, step::Step, steps, tables};

/// How long a whole message may take, with everything that it sets off: two minutes.
const MESSAGE_WALL: Duration = Duration::from_secs(120);
/// Service calls.
const CALLS: u64 = 10_000;
/// Rows that they read.
const ROWS: u64 = 100_000;
/// Bytes that they carry.
const BYTES: u64 = 256 << 20;
/// Memory of all plug-ins that run at a moment, one inside the other.
const MEMORY: u64 = 256 << 20;
/// Jobs that a request sets off, and those jobs, and so on, where the organisation says nothing else.
const JOBS: u64 = 5_000;

/// The setting that says how long a transaction may take.
const TRANSACTION: &str = "limits.transaction";

/// What a request has used so far.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    pub(crate) started: Instant,
    /// When its transaction was opened, where it has one that others wait for.
    since: Option<Instant>,
    calls: u64,
    rows: u64,
    bytes: u64,
    /// Jobs that the request has set off, and these, and so on; without those of the transaction
    /// under way.
    pub(crate) jobs: u64,
    /// The request whose jobs are still to be counted, before it sets off another one.
    uncounted: Option<Uuid>,
    /// They were to be more than a request may set off: none of those that wait is to run.
    pub(crate) too_many_jobs: Option<Error>,
    /// What it has overrun: no further service call is served.
    overrun: Option<Error>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            since: None,
            calls: 0,
            rows: 0,
            bytes: 0,
            jobs: 0,
            uncounted: None,
            too_many_jobs: None,
            overrun: None,
        }
    }
}

impl Budget {
    /// A new one for what the request goes on with behind its end: only the jobs count on.
    pub(crate) fn renew(&mut self) {
        *self = Self {
            jobs: self.jobs,
            uncounted: self.uncounted,
            too_many_jobs: self.too_many_jobs.take(),
            ..Self::default()
        };
    }

    /// It goes on for a request of the past, which has set off jobs before.
    pub(crate) fn goes_on_for(&mut self, request: Uuid) {
        self.uncounted = Some(request);
    }

    /// What was used since is not the request's: its transaction runs again. Its time goes on.
    pub(crate) fn back_to(&mut self, before: &Self) {
        *self = Self {
            started: self.started,
            ..before.clone()
        };
    }

    /// The time that something took is not the request's.
    pub(crate) fn pause(&mut self, took: Duration) {
        self.started += took;
    }

    fn spend(&mut self, calls: u64, rows: u64, bytes: u64) -> Result<()> {
        self.calls += calls;
        self.rows += rows;
        self.bytes += bytes;
        let overrun = within("request-calls", "calls", CALLS, self.calls, Code::ISV_UNEXPECTED)
            .and_then(|()| within("request-rows", "rows", ROWS, self.rows, Code::TOO_MUCH_DATA))
            .and_then(|()| within("request-bytes", "bytes", BYTES, self.bytes, Code::TOO_MUCH_DATA));
        overrun.inspect_err(|error| self.overrun = Some(error.clone()))
    }
}

fn within(name: &str, unit: &'static str, allowed: u64, used: u64, code: Code) -> Result<()> {
    if used <= allowed {
        return Ok(());
    }
    let what = match unit {
        "calls" => "made more service calls",
        "rows" => "read more rows",
        "jobs" => "set off more jobs",
        _ => "passed more bytes in service calls",
    };
    let message =
        format!("the request {what} than its limit `{name}` of {allowed} allows, with everything that it set off");
    Err(overrun(code, message, (name, unit), allowed, used))
}

fn overrun(code: Code, message: String, (name, unit): (&str, &'static str), allowed: u64, used: u64) -> Error {
    let mut error = Error::new(code, message);
    error.body_mut().limit = Some(Limit {
        name: name.to_owned(),
        allowed,
        used,
        unit,
    });
    error
}

/// How long the steps of a unit took, each with all its calls, without the steps that these set off.
#[derive(Default, Clone)]
pub(crate) struct InSteps {
    total: Duration,
    each: HashMap<Uuid, (Duration, Arc<Step>)>,
}

impl InSteps {
    pub(crate) fn add(&mut self, step: &Arc<Step>, took: Duration) {
        self.total += took;
        let (of_step, known) = self
            .each
            .entry(step.id)
            .or_insert_with(|| (Duration::ZERO, step.clone()));
        *of_step += took;
        // What its handler calls has the step's id, and ends before it.
        known.clone_from(step);
    }

    fn longest(&self) -> Option<&(Duration, Arc<Step>)> {
        self.each.values().max_by_key(|(took, step)| (*took, step.id))
    }
}

impl Unit {
    /// A service call is about to be made, and its plug-in has so much memory meanwhile.
    ///
    /// # Errors
    /// The request has used up what it may use.
    pub(crate) fn spend_call(&mut self, memory: u64) -> Result<()> {
        if let Some(frame) = self.frames.last_mut() {
            frame.memory = memory;
        }
        match &self.budget.overrun {
            Some(error) => Err(error.clone()),
            None => self.budget.spend(1, 0, 0),
        }
    }

    /// A service call carries rows and bytes.
    ///
    /// # Errors
    /// It is more than the request may.
    pub(crate) fn spend_data(&mut self, rows: u64, bytes: u64) -> Result<()> {
        self.budget.spend(0, rows, bytes)
    }

    /// One more job is set off.
    ///
    /// # Errors
    /// There are too many.
    pub(crate) fn spend_job(&mut self) -> Result<()> {
        if let Some(request) = self.budget.uncounted {
            let of_request = Filter::eq("correlationid", request);
            let there =
                self.count_as_platform("count the jobs that a request has set off", tables::JOB, &of_request)?;
            // Those that have succeeded may be gone, and those that wait for a commit are counted apart.
            let waiting = u64::try_from(self.jobs.len()).unwrap_or(u64::MAX);
            self.budget.jobs = self.budget.jobs.max(there.saturating_sub(waiting));
            self.budget.uncounted = None;
        }
        let jobs = self.budget.jobs + u64::try_from(self.jobs.len()).unwrap_or(u64::MAX) + 1;
        let said = self.setting("sl_joblimit").and_then(Value::as_int);
        let most = said.and_then(|most| u64::try_from(most).ok()).unwrap_or(JOBS);
        let within = within("jobs.max-per-request", "jobs", most, jobs, Code::DEPTH);
        within.inspect_err(|error| self.budget.too_many_jobs = Some(error.clone()))
    }

    /// What is left for a plug-in call of what the request may use.
    pub(crate) fn left(&self) -> Left {
        let memory: u64 = self.frames.iter().map(|frame| frame.memory).sum();
        let whole = MESSAGE_WALL.saturating_sub(self.budget.started.elapsed());
        let transaction = self.transaction().map(|(allowed, used)| allowed.saturating_sub(used));
        let time = transaction.map_or(whole, |transaction| transaction.min(whole));
        Left {
            memory: Some(MEMORY.saturating_sub(memory)),
            time: Some(time).filter(|_| !self.core.is_alone()),
        }
    }

    /// The request's transaction was opened: others wait for its end. No statement of it works on once its time is over.
    pub(crate) fn transaction_opened(&mut self) {
        let now = Instant::now();
        self.budget.since = Some(now);
        if !self.core.is_alone() {
            let whole = self.budget.started + MESSAGE_WALL;
            let end = whole.min(now + self.snapshot.settings.transaction);
            self.tx.ends_at(end);
        }
    }

    /// It is over.
    pub(crate) fn transaction_over(&mut self) {
        self.budget.since = None;
    }

    /// How long the transaction may take, and how long it has taken.
    fn transaction(&self) -> Option<(Duration, Duration)> {
        let since = self.budget.since?;
        Some((self.snapshot.settings.transaction, since.elapsed()))
    }

    /// Refuses to go on once the whole message, or its transaction, has used up its time.
    pub(crate) fn check_wall(&self) -> Result<()> {
        if self.core.is_alone() {
            return Ok(());
        }
        let transaction = self.transaction().is_some_and(|(allowed, used)| used > allowed);
        match transaction || self.budget.started.elapsed() > MESSAGE_WALL {
            true => Err(self.timed_out()),
            false => Ok(()),
        }
    }

    /// A statement that the store gave up knows nothing of whose time was over: the same error as of whoever looks at
    /// the clock between two statements, or that of a read which took too long.
    pub(crate) fn in_time(&self, error: Error) -> Error {
        match error.code() == Code::MESSAGE_TIMEOUT && error.body().limit.is_none() {
            false => error,
            true if self.budget.since.is_some() => self.timed_out(),
            true => read_too_long(),
        }
    }

    /// The error of a request that took too long.
    pub(crate) fn timed_out(&self) -> Error {
        let used = self.budget.started.elapsed();
        let steps = self.slowest();
        match self.transaction() {
            Some((allowed, used_in)) if used <= MESSAGE_WALL => {
                let what = ("what the request does in its transaction", TRANSACTION);
                let error = timed_out(what, allowed, used_in.max(allowed), &steps);
                match allowed < crate::snapshot::LONGEST_TRANSACTION {
                    true => error.with_remedy(Remedy::RaiseTransactionLimit),
                    false => error,
                }
            }
            _ => timed_out(("the message", "message-wall"), MESSAGE_WALL, used, &steps),
        }
    }

    /// How long steps took, with those that run now.
    fn slowest(&self) -> InSteps {
        let mut steps = self.in_steps.clone();
        let mut deeper = Duration::ZERO;
        for frame in self.frames.iter().rev() {
            let whole = frame.began.elapsed();
            steps.add(&frame.step, whole.saturating_sub(frame.inner).saturating_sub(deeper));
            deeper = whole;
        }
        steps
    }
}

/// What a read is told that took too long. The platform has one code for this and for a lock that does not come free.
static READ_TOO_LONG: Case = Case {
    cause: "a query took more than two minutes to read: it looks at too many rows, as with links by columns that many rows \
            have the same in, or conditions that no index helps",
    resolution: Resolution::new("ask for less: fewer links, and conditions that leave fewer rows", &[]),
};

/// The error of a read, outside any transaction that writes, which the store gave up.
fn read_too_long() -> Error {
    let seconds = MESSAGE_WALL.as_secs();
    let message = format!("Execution Timeout Expired. (Reading what was asked for took more than {seconds} s.)");
    let allowed = MESSAGE_WALL.as_millis().try_into().unwrap_or(u64::MAX);
    overrun(Code::BUSY, message, ("read-wall", "ms"), allowed, allowed).in_case(&READ_TOO_LONG)
}

/// The error of a message that took too long. Where steps took most of the time, it names the one
/// that took longest.
fn timed_out((what, limit): (&str, &str), allowed: Duration, used: Duration, steps: &InSteps) -> Error {
    let mut message = format!(
        "{what} used up its time: {} s of {} s",
        used.as_secs(),
        allowed.as_secs()
    );
    let slowest = steps.longest().filter(|_| steps.total * 2 > used);
    if let Some((took, step)) = slowest {
        message.push_str(&format!("; the step \"{}\" took {} s of it", step.name, took.as_secs()));
    }
    let milliseconds = |time: Duration| time.as_millis().try_into().unwrap_or(u64::MAX);
    let (allowed, used) = (milliseconds(allowed), milliseconds(used));
    let mut error = overrun(Code::MESSAGE_TIMEOUT, message, (limit, "ms"), allowed, used);
    if let Some((_, step)) = slowest {
        steps::blame(&mut error, step);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_took_too_long_names_the_slowest_step() {
        let step = |id: u128, name: &str| {
            Arc::new(Step {
                id: Uuid::from_u128(id),
                name: name.to_owned(),
                ..Step::default()
            })
        };
        let seconds = Duration::from_secs;
        let mut steps = InSteps::default();
        for (id, name, took) in [
            (1, "quick", 3),
            (2, "slow", 50),
            (3, "the plug-in of the slower one", 25),
            (4, "quick again", 1),
            (3, "slower", 26),
        ] {
            steps.add(&step(id, name), seconds(took));
        }
        let what = ("the message", "message-wall");
        let error = timed_out(what, MESSAGE_WALL, seconds(121), &steps);
        assert_eq!(error.code(), Code::MESSAGE_TIMEOUT);
        assert_eq!(error.body().step.as_ref().unwrap().name, "slower");
        assert!(
            error
                .message()
                .ends_with("121 s of 120 s; the step \"slower\" took 51 s of it"),
            "{error}"
        );
        // Where the platform's own work took most of it, no step is to blame.
        assert_eq!(timed_out(what, MESSAGE_WALL, seconds(300), &steps).body().step, None);
    }

    #[test]
    fn a_read_that_took_too_long_says_what_helps() {
        let error = read_too_long();
        assert_eq!(error.code(), Code::BUSY);
        assert_eq!(error.body().limit.as_ref().unwrap().allowed, 120_000);
        assert!(
            error.to_json().to_string().contains("fewer links"),
            "{}",
            error.to_json()
        );
    }

    #[test]
    fn what_is_overrun_is_named() {
        let mut budget = Budget::default();
        budget.spend(CALLS, ROWS, BYTES).unwrap();
        for (calls, rows, bytes, name) in [
            (1, 0, 0, "request-calls"),
            (0, 1, 0, "request-rows"),
            (0, 0, 1, "request-bytes"),
        ] {
            let mut budget = Budget {
                calls: CALLS,
                rows: ROWS,
                bytes: BYTES,
                ..Budget::default()
            };
            let error = budget.spend(calls, rows, bytes).unwrap_err();
            let limit = error.body().limit.as_ref().unwrap();
            assert_eq!((&*limit.name, limit.used), (name, limit.allowed + 1));
            assert_eq!(budget.overrun, Some(error), "no further call is served");
        }
    }
}
