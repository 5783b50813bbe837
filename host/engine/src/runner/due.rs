//! Which jobs should be running, and do not: those whose process is gone, and those whose time has come.

use sluice_model::{Comparison, Filter, Page, Parameter, Query, Request, Result, Row, Timestamp, Uuid, Value};

use super::JobKind;
use crate::{
    Session,
    jobs::{self, IN_PROGRESS, LEASE_COLUMNS, READY, WAITING},
    tables,
};

/// So many rows of jobs are read at once.
const PAGE: u32 = 1_000;

/// A job that is due.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DueJob {
    pub(crate) id: Uuid,
    /// It is done at once, and not in steps.
    pub(crate) at_once: bool,
}

impl Session {
    /// The jobs that the user sees and that should be running, but do not: their process is gone,
    /// or the point in time that they waited for has come.
    ///
    /// # Errors
    /// The user may not read jobs.
    pub fn due_jobs(&self) -> Result<Vec<Uuid>> {
        self.due(|_| true)
    }

    /// The first of those that are wanted: as many as one page has.
    pub(crate) fn due_first(&self, wanted: impl Fn(Uuid) -> bool) -> Result<Vec<DueJob>> {
        self.find_due(|_| true, 1, wanted)
    }

    /// Those that remove the matchcodes of rules which are out of work.
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
        let due = self.find_due(which, usize::MAX, |_| true)?;
        Ok(due.into_iter().map(|job| job.id).collect())
    }

    /// Reads on, page by page, until it has enough.
    fn find_due(
        &self,
        which: impl Fn(Option<&dyn JobKind>) -> bool,
        enough: usize,
        wanted: impl Fn(Uuid) -> bool,
    ) -> Result<Vec<DueJob>> {
        let now = self.engine.core.env.now();
        let process = self.engine.core.env.process();
        let kinds = self.engine.core.jobs().iter().filter(|kind| which(Some(**kind)));
        let mut numbers: Vec<Value> = kinds.map(|kind| Value::Choice(kind.number())).collect();
        if which(None) {
            numbers.push(Value::Choice(jobs::STEP));
        }
        let mut query = query(numbers, now);
        let mut due = Vec::new();
        let mut after = None;
        loop {
            query.page = Some(Page {
                number: 1,
                size: PAGE,
                after,
            });
            let answer = self.execute(Request::retrieve_multiple(query.clone()))?;
            let rows = answer.rows().iter();
            due.extend(rows.filter(|row| wanted(row.id) && is_due(row, now)).cloned());
            after = match answer.outputs.get("PagingCookie") {
                Some(Parameter::Value(Value::Text(cookie))) if due.len() < enough => Some(cookie.clone()),
                _ => break,
            };
        }
        // What another process does step by step can be shared with it, once there is nothing else.
        due.sort_by_key(|row| jobs::is_running(row, now) && row.text("hostid") != Some(&*process));
        let job = |row: &Row| DueJob {
            id: row.id,
            at_once: jobs::is_at_once(row),
        };
        Ok(due.iter().map(job).collect())
    }
}

/// The jobs of these kinds that have not ended and wait for no later time, the oldest first.
fn query(kinds: Vec<Value>, now: Timestamp) -> Query {
    let open = Filter::In {
        column: "statuscode".into(),
        values: [READY, WAITING, IN_PROGRESS]
            .map(|state| Value::Choice(state.status))
            .to_vec(),
    };
    let its_time = Filter::Compare {
        column: "postponeuntil".into(),
        comparison: Comparison::Le,
        value: Value::DateTime(now),
    };
    let waits = Filter::eq("statuscode", Value::Choice(WAITING.status));
    let state = open.and(Filter::Or(vec![waits.negated(), its_time]));
    let kinds = Filter::In {
        column: "operationtype".into(),
        values: kinds,
    };
    let mut columns = LEASE_COLUMNS.to_vec();
    columns.push("postponeuntil");
    let query = Query::new(tables::JOB).columns(&columns).filter(kinds.and(state));
    query.order_by("createdon")
}

/// A job that is done at once is done by the process that made it, as long as that is there.
fn is_due(row: &Row, now: Timestamp) -> bool {
    let waits = row.get("postponeuntil").and_then(Value::as_time);
    let its_time_has_come = waits.is_some_and(|time| time <= now);
    let postponed = waits.is_some_and(|time| time > now);
    !jobs::is_at_once(row)
        || !postponed && !jobs::is_running(row, now) && (its_time_has_come || jobs::is_interrupted(row, now))
}
