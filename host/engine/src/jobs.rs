//! Asynchronous steps. Their jobs are written in the transaction of the message that set
//! them off, and run after its commit, each as a unit of its own.
//!
//! A job runs in the process that committed it, right after the commit. A job whose process
//! was killed first stays Ready in `asyncoperation`; a runner that takes up such jobs comes
//! with the general job runner.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use sluice_model::{Reference, Result, Row, Uuid, Value};

use crate::{Unit, operation::Operation, step::Step, steps, tables};

/// A step that waits for the commit.
pub(crate) struct Job {
    id: Uuid,
    step: Arc<Step>,
    operation: Operation,
}

const READY: (i32, i32) = (0, 0);
const SUCCEEDED: (i32, i32) = (3, 30);
const FAILED: (i32, i32) = (3, 31);

/// Writes a job for each asynchronous step of the operation.
pub(crate) fn queue(unit: &mut Unit, operation: &Operation) -> Result<()> {
    if unit.trial.rolled_back {
        return Ok(());
    }
    let snapshot = unit.snapshot()?;
    for step in steps::of(&snapshot, operation)
        .iter()
        .filter(|step| step.mode != crate::step::SYNCHRONOUS)
    {
        if !step.listens_to(operation.context.target.as_ref()) {
            continue;
        }
        let id = unit.core.env.new_id();
        let row = job_row(unit, operation, step, id);
        unit.insert_as_platform("write the job of an asynchronous step", row)?;
        // The job sees the row as it is now, whatever becomes of it until the job runs.
        let mut operation = operation.clone();
        steps::give_images(unit, &mut operation, step)?;
        unit.jobs.push(Job {
            id,
            step: step.clone(),
            operation,
        });
    }
    Ok(())
}

fn job_row(unit: &Unit, operation: &Operation, step: &Step, id: Uuid) -> Row {
    let context = &operation.context;
    let now = unit.core.env.now();
    let owner = Reference::new(tables::USER, operation.principal.id());
    let mut row = Row::new(tables::JOB, id)
        .with("name", step.name.as_str())
        .with("operationtype", Value::Choice(1))
        .with("messagename", &*context.message)
        .with("correlationid", context.correlation)
        .with("depth", i32::try_from(context.depth).unwrap_or(i32::MAX))
        .with("statecode", Value::Choice(READY.0))
        .with("statuscode", Value::Choice(READY.1))
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
    if let Some(table) = &context.table {
        row.set("primaryentitytype", &**table);
    }
    if let Some(request) = context.request {
        row.set("requestid", request);
    }
    row
}

/// Runs the jobs that the unit's commit released. A failure is written into the job.
pub(crate) fn run_released(unit: &mut Unit) {
    let mut released = VecDeque::from(std::mem::take(&mut unit.jobs));
    while let Some(mut job) = released.pop_front() {
        // A unit of its own has its own time and sees the configuration of now.
        unit.started = Instant::now();
        if let Ok(snapshot) = unit.core.current_snapshot() {
            unit.snapshot = snapshot;
            unit.configuration_changed = false;
        }
        let started = unit.core.env.now();
        let result = steps::run_one(unit, &mut job.operation, &job.step);
        let state = if result.is_ok() { SUCCEEDED } else { FAILED };
        let operation = job.operation.clone();
        let rows = unit.trace_rows(&operation, result.as_ref().err());
        let mut row = Row::new(tables::JOB, job.id)
            .with("statecode", Value::Choice(state.0))
            .with("statuscode", Value::Choice(state.1))
            .with("startedon", started)
            .with("completedon", unit.core.env.now());
        if let Err(error) = &result {
            row.set("message", error.message());
            row.set("errorcode", error.code().signed());
        }
        let done = finish(unit, &job, row, rows);
        if let Err(error) = done {
            tracing::error!(%error, job = %job.id, "the outcome of a job could not be written");
        }
        // What the job committed may have set off further ones.
        released.extend(unit.jobs.drain(..));
    }
}

fn finish(unit: &mut Unit, job: &Job, row: Row, beside: Vec<(Arc<sluice_model::TableDef>, Row)>) -> Result<()> {
    let remove = job.step.auto_delete && row.int("statuscode") == Some(SUCCEEDED.1);
    let store = unit.core.store()?;
    store.write(&mut |tx| {
        unit.tx = tx;
        let result = if remove {
            unit.delete_as_platform("remove a job that succeeded, as its step has it", &row.reference())
        } else {
            unit.update_as_platform("write the outcome of a job", row.clone())
        };
        let keep = result.is_ok();
        (
            std::mem::take(&mut unit.tx),
            sluice_store::End {
                keep,
                value: result,
                beside: beside.clone(),
            },
        )
    })?
}
