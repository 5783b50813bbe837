//! Jobs that are due, run by whoever asks. Those that are done at once are taken several together, and
//! what they came to is written together: each of these is a commit less. A process that is killed in
//! between has done their work; whoever goes on with them is answered what they were answered
//! ([`super::replay`]).

use std::{
    collections::{HashSet, VecDeque},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use sluice_model::{Code, Error, Result, Row, Uuid};

use super::{Asker, Claim, Ended, FAILED, hand_over, lease, run_released, step};
use crate::{
    Session, Unit,
    runner::{JobOutcome, JobProgress, JobState},
    tables,
    unit::Purpose,
};

/// More jobs are not taken together.
const MOST: usize = 64;
/// Jobs that took longer are taken one by one, so that others can take, postpone and cancel those that
/// have not begun.
const LONG: Duration = Duration::from_millis(200);

/// What came of a job that was to be run.
pub(crate) enum JobTurn {
    Ran(JobOutcome),
    /// It is run in steps.
    InSteps,
    /// It was given back, because the run was to stop.
    Stopped,
}

impl Session {
    /// Runs all jobs that are due and that the user sees, and those that become due meanwhile, until
    /// none is or `stop` becomes true. What another process works on is left to it. Each is told to
    /// `each` with what came of it, once that is written. Gives how many it asked for in vain, because
    /// somebody else had them since they were found due: then it looks anew for what is.
    ///
    /// # Errors
    /// The user may not read jobs, or the host fails.
    pub fn run_due_jobs(
        &self,
        stop: &AtomicBool,
        each: &mut dyn FnMut(Uuid, Result<JobOutcome>) -> Result<()>,
    ) -> Result<usize> {
        let mut run = DueRun {
            session: self,
            stop,
            each,
            asked: HashSet::new(),
            in_vain: 0,
        };
        let mut many = 1;
        let mut others_are_at_work = false;
        loop {
            // One that is due although it was run is for another time.
            let mut due = VecDeque::from(self.due_first(|job| !run.asked.contains(&job))?);
            if due.is_empty() {
                return Ok(run.in_vain);
            }
            // Who has met another one goes on where that one is not about to be.
            if others_are_at_work {
                due.rotate_left(due.len() / 2);
            }
            while let Some(first) = due.pop_front() {
                if stop.load(Ordering::Acquire) {
                    return Ok(run.in_vain);
                }
                let mut jobs = vec![first.id];
                while first.at_once && jobs.len() < many && due.front().is_some_and(|job| job.at_once) {
                    jobs.extend(due.pop_front().map(|job| job.id));
                }
                let began = Instant::now();
                let before = run.in_vain;
                run.turn(&jobs)?;
                many = match began.elapsed() < LONG {
                    true => (2 * many).min(MOST),
                    false => 1,
                };
                others_are_at_work = run.in_vain > before;
                if others_are_at_work {
                    break;
                }
            }
        }
    }

    /// Takes these jobs and does the work of those that are done at once, and of those that they set off.
    ///
    /// # Errors
    /// They cannot be taken, or what they came to cannot be written.
    pub(crate) fn run_turn(
        &self,
        jobs: &[Uuid],
        asker: Asker,
        stop: &AtomicBool,
    ) -> Result<Vec<(Uuid, Result<JobTurn>)>> {
        self.engine.on_pipeline_thread(|| {
            let mut unit = self.engine.unit(Purpose::Work)?;
            let claims = hand_over(&mut unit, &[], jobs, asker)?;
            let mut turn = Turn::default();
            let mut told = Vec::new();
            for (job, claim) in jobs.iter().zip(claims) {
                let turned = match claim {
                    // The first has been asked for: it runs.
                    Ok(Claim::Taken(row)) if !told.is_empty() && stop.load(Ordering::Acquire) => {
                        turn.not_begun.push(row);
                        Ok(JobTurn::Stopped)
                    }
                    Ok(Claim::Taken(row)) => turn.run(&mut unit, &row)?.map(JobTurn::Ran).ok_or_else(lost),
                    Ok(other) => not_taken(other),
                    Err(error) => Err(error),
                };
                told.push((*job, turned));
            }
            turn.end(&mut unit)?;
            unit.keep_use();
            Ok(told)
        })
    }
}

/// A run of what is due.
struct DueRun<'a> {
    session: &'a Session,
    stop: &'a AtomicBool,
    each: &'a mut dyn FnMut(Uuid, Result<JobOutcome>) -> Result<()>,
    asked: HashSet<Uuid>,
    in_vain: usize,
}

impl DueRun<'_> {
    /// Takes these jobs, runs those that it gets, and tells what came of them.
    fn turn(&mut self, jobs: &[Uuid]) -> Result<()> {
        let session = self.session;
        for (job, turned) in session.run_turn(jobs, Asker::Due(session.acting), self.stop)? {
            self.asked.insert(job);
            let outcome = match turned {
                Ok(JobTurn::Ran(outcome)) => Ok(outcome),
                Ok(JobTurn::InSteps) => session.run_in_steps(job, self.stop, &|_| {}),
                Ok(JobTurn::Stopped) => continue,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(outcome) if outcome.ended_before => self.in_vain += 1,
                Err(error) if matches!(error.code(), Code::JOB_ENDED | Code::NOT_FOUND) => self.in_vain += 1,
                outcome => (self.each)(job, outcome)?,
            }
        }
        Ok(())
    }
}

/// Jobs that were taken together.
#[derive(Default)]
struct Turn {
    /// What came of those that ran and is not written yet.
    ended: Vec<(Uuid, Ended)>,
    not_begun: Vec<Row>,
}

impl Turn {
    /// Does the work of a job, and of those that it sets off; `None` where another process has taken it
    /// over.
    fn run(&mut self, unit: &mut Unit, job: &Row) -> Result<Option<JobOutcome>> {
        // What its request may still set off is counted where it does.
        unit.begin_anew();
        step::begin(unit)?;
        if !lease::begin(unit, job.id)? {
            return Ok(None);
        }
        if let Some(correlation) = job.id_of("correlationid") {
            unit.budget.goes_on_for(correlation);
        }
        let ended = step::run(unit, job);
        let outcome = outcome(job, &ended);
        self.ended.push((job.id, ended));
        if !unit.jobs.is_empty() {
            let lease = unit.lease.clone();
            hand_over(unit, &std::mem::take(&mut self.ended), &[], Asker::Committed)?;
            run_released(unit);
            unit.lease = lease;
        }
        Ok(Some(outcome))
    }

    fn end(self, unit: &mut Unit) -> Result<()> {
        if !self.ended.is_empty() {
            hand_over(unit, &self.ended, &[], Asker::Committed)?;
        }
        match self.not_begun.is_empty() {
            true => Ok(()),
            false => lease::give_back(unit, &self.not_begun),
        }
    }
}

fn not_taken(claim: Claim) -> Result<JobTurn> {
    match claim {
        Claim::Ended(status, message) => Ok(JobTurn::Ran(JobOutcome {
            state: JobState::of(status),
            ended_before: true,
            message,
            is_looked_into: status == FAILED,
            progress: JobProgress::default(),
        })),
        Claim::NotNow => Err(lost()),
        Claim::InSteps | Claim::Taken(_) => Ok(JobTurn::InSteps),
    }
}

fn lost() -> Error {
    let message = "the job is being run by another process; it ends by itself, and nothing was run here";
    Error::new(Code::JOB_ENDED, message).with_table(tables::JOB)
}

fn outcome(job: &Row, ended: &Ended) -> JobOutcome {
    let (state, message) = match &ended.result {
        Err(error) if ended.again => (JobState::Waiting, error.message().to_owned()),
        Err(error) => (JobState::Failed, error.message().to_owned()),
        Ok(()) => {
            let name = job.text("name").unwrap_or_default();
            (JobState::Succeeded, format!("the job \"{name}\" ran"))
        }
    };
    JobOutcome {
        is_looked_into: state != JobState::Succeeded,
        state,
        ended_before: false,
        message,
        progress: JobProgress { done: 1, total: 1 },
    }
}
