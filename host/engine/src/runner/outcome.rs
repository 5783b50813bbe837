//! What came of a step of a job, and of the whole job.

use serde::Serialize;
use sluice_model::{Result, Timestamp};

use super::to_text;
use crate::jobs::{CANCELED, SUCCEEDED, WAITING};

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
    /// It waits for a point in time, for something to happen, or for somebody to mend what stood in
    /// its way; it can be gone on with.
    Waiting,
    /// It was stopped; it can be gone on with.
    Stopped,
}

impl JobState {
    pub(crate) fn of(status: i32) -> Self {
        match status {
            SUCCEEDED => Self::Succeeded,
            CANCELED => Self::Canceled,
            status if status == WAITING.status => Self::Waiting,
            _ => Self::Failed,
        }
    }

    /// `succeeded`, `failed`, `canceled`, `waiting` or `stopped`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Waiting => "waiting",
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
    /// It was refused something that can be looked into: its work can be tried again.
    pub is_looked_into: bool,
    /// How far it came.
    pub progress: JobProgress,
}

/// What a step of a job's work came to.
#[derive(Debug)]
pub struct JobStep {
    pub(super) data: String,
    pub(super) progress: JobProgress,
    pub(crate) ended: Option<(i32, String)>,
    /// Until when it waits, and whether for something to happen as well.
    pub(super) waits: Option<(Option<Timestamp>, bool)>,
    /// Whether something was done for the job.
    pub(super) worked: bool,
    /// It was refused something, and its work can be tried.
    pub(super) is_looked_into: bool,
}

impl JobStep {
    /// A step after which more is to be done.
    pub fn new(data: &impl Serialize, done: u64, total: u64) -> Result<Self> {
        Ok(Self {
            data: to_text(data)?,
            progress: JobProgress { done, total },
            ended: None,
            waits: None,
            worked: true,
            is_looked_into: false,
        })
    }

    /// The step, after which the job waits: until then, or for something to happen.
    #[must_use]
    pub fn waiting(mut self, until: Option<Timestamp>, for_event: bool) -> Self {
        self.ended = Some((WAITING.status, String::new()));
        self.waits = Some((until, for_event));
        self
    }

    /// The step, with which the job was canceled, and why.
    #[must_use]
    pub fn canceled_saying(mut self, told: impl Into<String>) -> Self {
        self.ended = Some((CANCELED, told.into()));
        self
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
