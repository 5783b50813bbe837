//! What became of the lines of an import.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value as Json, json};
use sluice_model::Error;

/// What an import did.
#[derive(Debug, Default)]
pub struct Report {
    /// How many lines were answered: created, present or refused.
    pub read: u64,
    /// How many rows were created.
    pub created: u64,
    /// How many were there already, from an earlier run over the same file.
    pub present: u64,
    /// What was refused, in the order of the lines.
    pub refused: Vec<Refusal>,
    /// Set where the import ended before the file did.
    pub stopped: Option<Stopped>,
}

/// An import that ended before its file did.
#[derive(Debug)]
pub struct Stopped {
    /// Every line up to this one was answered: where to go on.
    pub resume_after: u64,
    /// What failed; `None` where somebody asked to stop.
    pub failure: Option<Error>,
}

/// A line that became no row.
#[derive(Debug)]
pub struct Refusal {
    /// The physical line; the heading is 1.
    pub line: u64,
    /// The heading of the field, where it is one field's fault.
    pub column: Option<Arc<str>>,
    /// Why.
    pub error: Error,
}

impl Refusal {
    /// `{line, column, reason}`, and what else the error says.
    pub fn to_json(&self) -> Json {
        let mut json = json!({ "line": self.line, "column": self.column.as_deref(), "reason": self.error.message() });
        if let (Json::Object(json), Json::Object(error)) = (&mut json, self.error.to_json()) {
            json.extend(error.into_iter().filter(|(name, _)| name != "message"));
        }
        json
    }
}

impl Report {
    /// The document: `read`, `created`, `refused`; `present` and `resume_after` and `error`
    /// where they say something.
    pub fn to_json(&self) -> Json {
        let refused: Vec<Json> = self.refused.iter().map(Refusal::to_json).collect();
        let mut json = json!({ "read": self.read, "created": self.created, "refused": refused });
        let mut put = |name: &str, value: Json| {
            if let Json::Object(json) = &mut json {
                json.insert(name.to_owned(), value);
            }
        };
        if self.present > 0 {
            put("present", self.present.into());
        }
        if let Some(stopped) = &self.stopped {
            put("resume_after", stopped.resume_after.into());
            if let Some(failure) = &stopped.failure {
                put("error", failure.to_json());
            }
        }
        json
    }
}

/// A line on its way: its place among the lines read, and its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    pub(super) place: u64,
    pub(super) line: u64,
}

/// What became of a line.
pub(super) enum Answer {
    Created,
    Present,
    Refused(Option<Arc<str>>, Error),
}

/// The report while it grows: the workers answer in any order.
pub(super) struct Tally {
    inner: Mutex<Inner>,
    failed: AtomicBool,
}

struct Inner {
    report: Report,
    failure: Option<Error>,
    /// The place of the first line that is not answered.
    next: u64,
    /// The line before it.
    through: u64,
    /// Answered lines behind it, by place.
    ahead: BTreeMap<u64, u64>,
}

impl Tally {
    pub(super) fn new(through: u64) -> Self {
        let inner = Inner {
            report: Report::default(),
            failure: None,
            next: 0,
            through,
            ahead: BTreeMap::new(),
        };
        Self {
            inner: Mutex::new(inner),
            failed: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what became of a line; how many were answered so far.
    pub(super) fn answer(&self, ticket: Ticket, answer: Answer) -> u64 {
        let mut inner = self.lock();
        let inner = &mut *inner;
        inner.report.read += 1;
        match answer {
            Answer::Created => inner.report.created += 1,
            Answer::Present => inner.report.present += 1,
            Answer::Refused(column, error) => inner.report.refused.push(Refusal {
                line: ticket.line,
                column,
                error,
            }),
        }
        inner.ahead.insert(ticket.place, ticket.line);
        while let Some(line) = inner.ahead.remove(&inner.next) {
            inner.through = line;
            inner.next += 1;
        }
        inner.report.read
    }

    /// Notes that the host failed: the import ends. The first failure is the one that is told.
    pub(super) fn fail(&self, error: Error) {
        self.lock().failure.get_or_insert(error);
        self.failed.store(true, Ordering::Release);
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    pub(super) fn finish(self, asked_to_stop: bool) -> Report {
        let inner = self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut report = inner.report;
        report.refused.sort_by_key(|refusal| refusal.line);
        if inner.failure.is_some() || asked_to_stop {
            report.stopped = Some(Stopped {
                resume_after: inner.through,
                failure: inner.failure,
            });
        }
        report
    }
}
