//! What was refused to somebody: a request, or what it set off in the background.

use sluice_model::{Result, Row, Uuid};

use super::{REQUEST, RecordedRequest};
use crate::{Session, jobs::FailedJob};

/// What was refused to somebody.
#[derive(Debug, Clone)]
pub enum Refused {
    /// A request.
    Request(RecordedRequest),
    /// A job that a request set off.
    Job(FailedJob),
}

impl Refused {
    /// In whose name it ran, and who called.
    pub fn acting(&self) -> crate::Acting {
        match self {
            Self::Request(request) => request.acting(),
            Self::Job(job) => job.acting,
        }
    }
}

/// So many of somebody's refused requests are looked at for one that can run again.
const MOST: u32 = 20;

impl Session {
    /// The job with that id; the request with that correlation id or whose trace has that id, and, where
    /// that passed or only its background failed, its first job that did; without one, the last that was
    /// refused of what this user sent.
    ///
    /// # Errors
    /// See [`Session::recorded_request`]; of a job, who did not set it off needs prvActOnBehalfOfAnotherUser
    /// and Read on it.
    pub fn refused(&self, which: Option<Uuid>) -> Result<Refused> {
        if let Some(id) = which
            && let Some(job) = self.failed_job(id)?
        {
            return Ok(Refused::Job(job));
        }
        let traces = self.traces_of(which, MOST)?;
        let is_whole = |row: &&Row| row.bool("sl_succeeded") == Some(false) && row.text(REQUEST).is_some();
        let newest = match which {
            Some(_) => traces.iter().find(is_whole),
            None => traces.first().filter(is_whole),
        };
        if let Some(row) = newest {
            return self.recorded_in(row).map(Refused::Request);
        }
        for row in &traces {
            if let Some(job) = row
                .id_of("sl_correlationid")
                .map(|id| self.failed_job_of(id))
                .transpose()?
                .flatten()
            {
                return Ok(Refused::Job(job));
            }
            // What is older than what can run again is not what is meant.
            if which.is_none() && is_whole(&row) {
                return self.recorded_in(row).map(Refused::Request);
            }
        }
        if let Some(job) = which.map(|id| self.failed_job_of(id)).transpose()?.flatten() {
            return Ok(Refused::Job(job));
        }
        self.recorded_request(which).map(Refused::Request)
    }
}
