//! Jobs of asynchronous steps: what goes on behind requests. A job is a row of `asyncoperation`.
//! Long work is done in steps, each a transaction of its own (see [`crate::runner`], which knows
//! the kinds that capabilities bring); the job of an asynchronous step is done at once, outside any
//! transaction, by the one process that holds it ([`lease`]).

mod again;
mod context;
mod failed;
mod lease;
mod process;
mod replay;
mod step;
mod turn;
mod work;

use sluice_model::{Request, Result, Row, state::job};
use sluice_store::Beside;

pub(crate) use sluice_model::state::job::{COMPLETED, IN_PROGRESS, READY, WAITING};

pub(crate) use context::{is_context, kept, whole};
pub use failed::{FailedJob, GoesOn};
pub(crate) use failed::{known, run_for_trial};
pub(crate) use lease::{Asker, Claim, LEASE_COLUMNS, Lease, fail, hand_over, is_interrupted, is_running, renew};
pub(crate) use process::{is_gone, this_process};
pub(crate) use replay::{Made, Replay, is_answer};
pub(crate) use step::{Deferred, queue, run_deferred, run_released};
pub(crate) use turn::JobTurn;

use crate::{Unit, runner};

/// `asyncoperation.statuscode` of jobs that have ended.
pub(crate) const SUCCEEDED: i32 = job::SUCCEEDED.status;
pub(crate) const FAILED: i32 = job::FAILED.status;
pub(crate) const CANCELED: i32 = job::CANCELED.status;

/// `asyncoperation.operationtype` of the job of an asynchronous step.
pub(crate) const STEP: i32 = 1;

/// What came of work that was done at once.
pub(crate) struct Ended {
    pub(crate) result: Result<()>,
    /// The trace rows that it leaves behind.
    pub(crate) beside: Beside,
    /// The job is removed and not kept with its outcome.
    pub(crate) remove: bool,
    /// Its plug-in asked for another run.
    pub(crate) again: bool,
    /// There are rows of the calls of its plug-in.
    pub(crate) kept_calls: bool,
}

impl Ended {
    /// The work could not even begin.
    pub(crate) fn refused(error: sluice_model::Error) -> Self {
        Self {
            result: Err(error),
            beside: Vec::new(),
            remove: false,
            again: false,
            kept_calls: true,
        }
    }
}

/// Whether a job is done at once, and not in steps.
pub(crate) fn is_at_once(job: &Row) -> bool {
    job.int("operationtype") == Some(STEP)
}

/// Whether this program runs such jobs.
pub(crate) fn is_known(unit: &Unit, job: &Row) -> bool {
    is_at_once(job) || runner::kind(&unit.core, job).is_some()
}

/// A job that is done at once was canceled before it began.
pub(crate) fn canceled(unit: &mut Unit, job: &Row) -> Result<()> {
    match is_at_once(job) {
        true => {
            replay::forget(unit, job.id)?;
            context::forget(unit, job.id)
        }
        false => Ok(()),
    }
}

/// Removes a job that has ended, with what goes with it. What refers to it and stays keeps it; whether it is gone.
///
/// # Errors
/// The database fails.
pub(crate) fn remove(unit: &mut Unit, job: &Row) -> Result<bool> {
    // What waits for a plug-in by now waits for it still.
    unit.check_waiting()?;
    let here = unit.savepoint()?;
    match unit.run_for_host("remove a job that has ended", Request::delete(job.reference())) {
        Ok(_) => unit.release(here).map(|()| true),
        Err(error) => {
            tracing::warn!(%error, job = %job.id, "a job that has ended cannot be removed");
            unit.back_to(here)?;
            // A plug-in that is not compiled is no reason to give this transaction up.
            unit.waiting = None;
            Ok(false)
        }
    }
}
