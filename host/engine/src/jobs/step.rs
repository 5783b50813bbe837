//! Asynchronous steps. Their jobs are written in the transaction of the message that set them
//! off, and run after its commit by the process that made it; where that process is gone, by
//! whoever asks for it.

use std::{collections::VecDeque, sync::Arc};

use sluice_model::{Code, Error, Reference, Result, Row, Uuid, Value};

use super::{Asker, Claim, Ended, IN_PROGRESS, READY, Replay, STEP, again, context, fail, hand_over};
use crate::{Unit, handler::Queued, operation::Operation, runner, step::Step, steps, tables};

/// More asynchronous steps are not run in one trial.
const MOST_DEFERRED: usize = 100;

/// Writes a job for each asynchronous step of the operation.
pub(crate) fn queue(unit: &mut Unit, operation: &Operation) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let registered = unit.registered.clone();
    for step in steps::chosen(&registered, operation).filter(|step| step.mode != crate::step::SYNCHRONOUS) {
        if unit.rests(step)
            || !step.listens_to(operation.context.target.as_ref())
            || !step.handler.concerns(unit, operation)?
        {
            continue;
        }
        if unit.purpose.is_trial() {
            defer(unit, operation, step)?;
            continue;
        }
        if let Queued::Own(jobs) = step.handler.queue(unit, operation)? {
            for job in jobs {
                unit.release_job(job);
            }
            continue;
        }
        unit.spend_job()?;
        let id = unit.core.env.new_id();
        let table = snapshot.table(tables::JOB)?.clone();
        let mut row = job_row(unit, operation, step, id, &table);
        if !Arc::ptr_eq(&registered, &snapshot) && !is_there(unit, step.id)? {
            row.values.remove("owningextensionid");
        }
        unit.insert_as_platform("write the job of an asynchronous step", row)?;
        // The job sees the row as it is now, whatever becomes of it until the job runs.
        let mut operation = operation.clone();
        steps::give_images(unit, &mut operation, step)?;
        context::keep(unit, id, &operation, step)?;
        unit.jobs.push(id);
    }
    Ok(())
}

/// An asynchronous step of a trial, with what it will be given.
pub(crate) struct Deferred {
    operation: Operation,
    step: Arc<Step>,
    /// The messages and steps that led to it.
    chain: Vec<String>,
}

/// A trial leaves no jobs: what their steps will be given is kept with the unit.
fn defer(unit: &mut Unit, operation: &Operation, step: &Arc<Step>) -> Result<()> {
    if unit.purpose.diagnosis().is_none() || unit.purpose.bypasses(step.id) {
        return Ok(());
    }
    if let Queued::Own(jobs) = step.handler.queue(unit, operation)? {
        unit.deferred_jobs.extend(jobs);
        return Ok(());
    }
    let mut operation = operation.clone();
    steps::give_images(unit, &mut operation, step)?;
    let (step, chain) = (step.clone(), unit.trace.chain());
    unit.deferred.push(Deferred { operation, step, chain });
    Ok(())
}

/// Runs the asynchronous steps of a trial and those that they set off, as far as a request may set
/// off jobs: the failures.
pub(crate) fn run_deferred(unit: &mut Unit) -> Vec<Error> {
    let mut failures = Vec::new();
    let mut ran = 0;
    loop {
        let mut due = std::mem::take(&mut unit.deferred);
        let mut jobs = std::mem::take(&mut unit.deferred_jobs);
        // What the transaction released of its own accord runs as well.
        jobs.append(&mut unit.jobs);
        if due.is_empty() && jobs.is_empty() || ran >= MOST_DEFERRED {
            return failures;
        }
        jobs.truncate(MOST_DEFERRED - ran);
        ran += jobs.len();
        for job in jobs {
            unit.begin_behind();
            match runner::tried(unit, job) {
                Ok(failure) => failures.extend(failure),
                Err(_) => return failures,
            }
        }
        due.truncate(MOST_DEFERRED - ran);
        ran += due.len();
        for Deferred {
            mut operation,
            step,
            chain,
        } in due
        {
            unit.begin_behind();
            unit.trace.goes_on_behind(chain);
            let Ok(before) = unit.savepoint() else {
                return failures;
            };
            let result = steps::run_one(unit, &mut operation, &step);
            let ended = match result {
                Ok(()) => unit.release(before),
                Err(error) => {
                    failures.push(error);
                    unit.back_to(before)
                }
            };
            if ended.is_err() {
                return failures;
            }
        }
    }
}

/// Whether the step is still a row: a step of the same request may have removed it.
fn is_there(unit: &mut Unit, step: Uuid) -> Result<bool> {
    let step = Reference::new(tables::STEP, step);
    let row = unit.read_as_platform("see what became of the step of a job", &step, Some(&[]))?;
    Ok(row.is_some())
}

fn job_row(unit: &Unit, operation: &Operation, step: &Step, id: Uuid, jobs: &sluice_model::TableDef) -> Row {
    let context = &operation.context;
    let now = unit.core.env.now();
    let owner = Reference::new(tables::USER, operation.principal.id());
    let mut row = Row::new(tables::JOB, id)
        .with("name", step.name.as_str())
        .with("operationtype", Value::Choice(STEP))
        .with("messagename", &*context.message)
        .with("correlationid", context.correlation)
        .with("depth", i32::try_from(context.depth).unwrap_or(i32::MAX))
        .with("owningextensionid", Reference::new(tables::STEP, step.id))
        .with("hostid", unit.core.env.process())
        .with("createdon", now)
        .with("modifiedon", now)
        .with("createdby", owner.clone())
        .with("modifiedby", owner.clone())
        .with("owninguser", owner.clone())
        .with("ownerid", owner)
        .with(
            "owningbusinessunit",
            Reference::new(tables::BUSINESS_UNIT, operation.principal.business_unit()),
        );
    READY.put(&mut row);
    if let Some(table) = &context.table {
        row.set("primaryentitytype", &**table);
    }
    if let Some(regarding) = regarding(operation, jobs) {
        row.set("regardingobjectid", regarding);
    }
    if let Some(request) = context.request {
        row.set("requestid", request);
    }
    row
}

/// The row that a job is about, where it is still there and the column takes rows of its table.
fn regarding(operation: &Operation, jobs: &sluice_model::TableDef) -> Option<Reference> {
    let row = operation.target_reference().ok()?;
    let targets = jobs.column("regardingobjectid")?.kind.targets()?;
    (targets.contains(&row.table) && operation.message.name() != "Delete").then_some(row)
}

/// Runs the jobs that the unit's commit released, and those that these release. A failure is written
/// into the job. Once they are more than a request may set off, none of those that wait runs.
pub(crate) fn run_released(unit: &mut Unit) {
    let mut released = VecDeque::new();
    loop {
        // What a job committed may have set off further ones.
        let fresh = std::mem::take(&mut unit.jobs);
        unit.budget.jobs += u64::try_from(fresh.len()).unwrap_or(u64::MAX);
        released.extend(fresh);
        if let Some(error) = unit.budget.too_many_jobs.clone() {
            return stop(unit, released.make_contiguous(), &error);
        }
        let Some(job) = released.pop_front() else {
            return;
        };
        let ran = match run_claimed(unit, job) {
            Ok(Claim::InSteps) => runner::run_released(unit, job),
            other => other.map(|_| ()),
        };
        if let Err(error) = ran {
            tracing::error!(%error, %job, "a job could not be run, or its outcome not be written");
        }
    }
}

/// Ends jobs that have not begun, many in each transaction.
fn stop(unit: &mut Unit, jobs: &[Uuid], error: &Error) {
    const TURN: usize = 100;
    for turn in jobs.chunks(TURN) {
        unit.budget.renew();
        if let Err(error) = fail(unit, turn, error) {
            return tracing::error!(%error, "jobs that are not to run could not be ended");
        }
    }
}

/// Takes a job that the unit's commit released, and does its work at once.
///
/// # Errors
/// See [`hand_over`]; that the work itself fails is written into the job.
fn run_claimed(unit: &mut Unit, job: Uuid) -> Result<Claim> {
    begin(unit)?;
    let claim = hand_over(unit, &[], &[job], Asker::Committed)?.remove(0)?;
    if let Claim::Taken(row) = &claim {
        let ended = run(unit, row);
        hand_over(unit, &[(job, ended)], &[], Asker::Committed)?;
    }
    Ok(claim)
}

/// What a job does is no part of what was done before: it has its own time and sees the configuration
/// of now.
pub(super) fn begin(unit: &mut Unit) -> Result<()> {
    unit.budget.renew();
    unit.in_steps = Default::default();
    unit.trace.begin_anew();
    unit.snapshot = unit.core.current_snapshot()?;
    unit.configuration_changed = false;
    Ok(())
}

/// Does the work of a job that was taken.
pub(super) fn run(unit: &mut Unit, job: &Row) -> Ended {
    let attempt = u32::try_from(again::retries(job)).unwrap_or_default() + 1;
    let was_running = job.int("statecode") == Some(IN_PROGRESS.state);
    let begun = context::find(unit, job.id).and_then(|mut kept| {
        unit.trace.goes_on_behind(std::mem::take(&mut kept.chain));
        let step = enabled_step(unit, kept.step, &kept.step_name)?;
        let replay = Replay::begin(unit, job.id, attempt, kept.seed.clone(), was_running)?;
        Ok((kept.operation(unit)?, step, replay))
    });
    let (mut operation, step, replay) = match begun {
        Ok(begun) => begun,
        Err(error) => return Ended::refused(error),
    };
    operation.context.attempt = attempt;
    unit.replay = Some(replay);
    let mut result = steps::run_one(unit, &mut operation, &step);
    let replay = unit.replay.take().unwrap_or_default();
    if let Some(mut error) = replay.broken() {
        steps::blame(&mut error, &step);
        result = Err(error);
    }
    let asks_again = |error: &Error| {
        let body = error.body();
        body.again && attempt < again::ATTEMPTS && body.step.as_ref().is_some_and(|raised| raised.id == step.id)
    };
    let outline = operation.outline();
    Ended {
        beside: unit.trace_rows(&outline, result.as_ref().err()),
        remove: step.auto_delete && result.is_ok(),
        again: result.as_ref().err().is_some_and(asks_again),
        kept_calls: replay.is_kept,
        result,
    }
}

/// The step as it is registered now.
pub(super) fn enabled_step(unit: &mut Unit, id: Uuid, name: &str) -> Result<Arc<Step>> {
    let snapshot = unit.snapshot()?;
    let why = match snapshot.steps.find(id) {
        Some(step) if unit.rests(step) => "rests",
        Some(step) => return Ok(step.clone()),
        None if is_there(unit, id)? => "is disabled, or its plug-in is gone",
        None => "is not registered any more",
    };
    Err(Error::new(
        Code::NOT_FOUND,
        format!("the job cannot be run: its step \"{name}\" {why}"),
    )
    .with_table(tables::STEP))
}
