//! What was refused to somebody: a request, or what it set off in the background.

use sluice_model::{Filter, Order, Query, Result, Right, Row, Uuid, Value};

use super::{
    Node, PastRequest, REQUEST, RecordedRequest,
    recorded::{COLUMNS, none},
};
use crate::{Acting, Session, jobs::FailedJob, rules::message_trace, tables};

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

/// So many refused requests are looked at for those of others.
const MOST_OF_OTHERS: u32 = 200;

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
        // A job that was refused something and has passed since was refused nothing.
        let is_request = |row: &&Row| {
            let tree = row.text("sl_tree").and_then(Node::read);
            tree.is_none_or(|tree| tree.is_request())
        };
        match which {
            Some(_) => self.recorded_request(which).map(Refused::Request),
            None => {
                let row = traces.iter().find(is_request).ok_or_else(|| none(which))?;
                self.recorded_in(row).map(Refused::Request)
            }
        }
    }

    /// The last requests that were refused to others and that this user may look into, the newest first
    /// and at most so many; none, where the user may not act for others or not read traces.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn refused_of_others(&self, most: usize) -> Result<Vec<PastRequest>> {
        let may = self.check_named_privilege("prvActOnBehalfOfAnotherUser");
        if may
            .and_then(|()| self.check_privilege(tables::MESSAGE_TRACE, Right::Read))
            .is_err()
        {
            return Ok(Vec::new());
        }
        let failed = Filter::eq("sl_succeeded", false);
        let recorded = Filter::Not(Box::new(Filter::eq(REQUEST, Value::Null)));
        let mut query = Query::new(tables::MESSAGE_TRACE)
            .columns(&[&COLUMNS[..], &["sl_message", "sl_table", "sl_tree"]].concat())
            .filter(failed.and(recorded))
            .top(MOST_OF_OTHERS);
        query.order.push(Order {
            column: "sl_startedon".into(),
            descending: true,
        });
        let (mut unit, reader) = self.unit()?;
        let rows = unit.select_as_platform("find what was refused to others", &query)?;
        let mut found = Vec::new();
        for row in &rows {
            let is_own = Acting::sender_of(row) == Some(self.acting().person());
            if !is_own && message_trace::may_look_into(&mut unit, &reader, row)? {
                found.push(PastRequest::of(row));
            }
            if found.len() == most {
                break;
            }
        }
        Ok(found)
    }
}
