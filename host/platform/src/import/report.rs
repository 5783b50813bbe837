//! What became of the lines of an import.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value as Json, json};
use sluice_model::{Code, Error};

use super::{plan::Target, present::Present, refused::Refused};

/// So many refused lines are kept in the report; the others are counted.
const KEPT: usize = 10_000;

/// What an import did.
#[derive(Debug, Default)]
pub struct Report {
    /// How many lines were answered.
    pub read: u64,
    /// How many rows were created.
    pub created: u64,
    /// How many rows were there and are now what the file says.
    pub updated: u64,
    /// How many lines had nothing to do: their rows are there.
    pub skipped: u64,
    /// How many of these rows somebody else made when they imported such a line. What such a row says now was not
    /// looked at.
    pub of_others: u64,
    /// How many lines were refused.
    pub refused_lines: u64,
    /// The first of what was refused, in the order of the lines.
    pub refused: Vec<Refusal>,
    /// Why the refused lines could not be written into a file.
    pub unwritten: Option<io::Error>,
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

impl Stopped {
    /// Where to go on; nowhere, where what was done is in a file that is not the organisation's any more.
    pub fn goes_on_after(&self) -> Option<u64> {
        let is_replaced = self
            .failure
            .as_ref()
            .is_some_and(|failure| failure.code() == Code::FILE_REPLACED);
        Some(self.resume_after).filter(|_| !is_replaced)
    }
}

/// A line that became no row.
#[derive(Debug)]
pub struct Refusal {
    /// The physical line; the heading is 1.
    pub line: u64,
    /// All that is wrong with it: one thing at least.
    pub faults: Vec<Fault>,
}

/// Something that is wrong with a line.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The heading of the field, where it is one field's fault.
    pub column: Option<Arc<str>>,
    /// The column that the field goes into.
    pub(super) written_to: Option<String>,
    /// What is wrong.
    pub error: Error,
}

impl Fault {
    pub(super) fn of_line(error: Error) -> Self {
        Self {
            column: None,
            written_to: None,
            error,
        }
    }

    pub(super) fn under(target: &Target, error: Error) -> Self {
        Self {
            column: Some(target.heading.clone()),
            written_to: Some(target.column.name.to_string()),
            error,
        }
    }

    /// `heading: what is wrong`.
    pub fn sentence(&self, words: &dyn Fn(&Error) -> String) -> String {
        match &self.column {
            Some(column) => format!("{column}: {}", words(&self.error)),
            None => words(&self.error),
        }
    }

    /// `{column, reason}`, and what else the error says.
    fn to_json(&self) -> Json {
        let mut json = json!({ "column": self.column.as_deref(), "reason": self.error.message() });
        self.explain(&mut json);
        json
    }

    fn explain(&self, json: &mut Json) {
        if let (Json::Object(json), Json::Object(error)) = (json, self.error.to_json()) {
            json.extend(error.into_iter().filter(|(name, _)| name != "message"));
        }
    }
}

impl Refusal {
    /// `{line, column, reason}`, and what else the error says; of several faults the reasons
    /// together, and each with its own in `faults`.
    pub fn to_json(&self) -> Json {
        let (Some(first), several) = (self.faults.first(), self.faults.len() > 1) else {
            return json!({ "line": self.line });
        };
        let reason = match several {
            true => {
                let own = |error: &Error| error.message().to_owned();
                self.faults
                    .iter()
                    .map(|fault| fault.sentence(&own))
                    .collect::<Vec<_>>()
                    .join("; ")
            }
            false => first.error.message().to_owned(),
        };
        let mut json = json!({ "line": self.line, "column": first.column.as_deref(), "reason": reason });
        first.explain(&mut json);
        if let (Json::Object(json), true) = (&mut json, several) {
            let faults = self.faults.iter().map(Fault::to_json).collect();
            json.insert("faults".to_owned(), faults);
        }
        json
    }
}

impl Report {
    /// The document: `read`, `created`, `updated`, `skipped`, `refused`; `skipped_of_others`, `refused_more`,
    /// `resume_after` and `error` where they say something.
    pub fn to_json(&self) -> Json {
        let refused: Vec<Json> = self.refused.iter().map(Refusal::to_json).collect();
        let more = self.refused_lines - self.refused.len() as u64;
        let mut json = json!({
            "read": self.read,
            "created": self.created,
            "updated": self.updated,
            "skipped": self.skipped,
            "refused": refused,
        });
        let mut put = |name: &str, value: Json| {
            if let Json::Object(json) = &mut json {
                json.insert(name.to_owned(), value);
            }
        };
        if self.of_others > 0 {
            put("skipped_of_others", self.of_others.into());
        }
        if more > 0 {
            put("refused_more", more.into());
        }
        if let Some(stopped) = &self.stopped {
            if let Some(line) = stopped.goes_on_after() {
                put("resume_after", line.into());
            }
            if let Some(failure) = &stopped.failure {
                put("error", failure.to_json());
            }
        }
        json
    }
}

/// What became of a line.
#[derive(Debug)]
pub(super) enum Answer {
    Created,
    Updated,
    Skipped(Present),
    Refused(Vec<Fault>),
}

/// The report while it grows. Lines are answered in their order.
pub(super) struct Tally<'a> {
    inner: Mutex<Inner<'a>>,
    failed: AtomicBool,
}

struct Inner<'a> {
    report: Report,
    failure: Option<Error>,
    /// The last line that was answered.
    through: u64,
    refused: Refused<'a>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(through: u64, refused: Refused<'a>) -> Self {
        let inner = Inner {
            report: Report::default(),
            failure: None,
            through,
            refused,
        };
        Self {
            inner: Mutex::new(inner),
            failed: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<'a>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what became of a line; how many were answered so far.
    pub(super) fn answer(&self, line: u64, raw: &[u8], answer: Answer) -> u64 {
        let mut inner = self.lock();
        let inner = &mut *inner;
        inner.report.read += 1;
        inner.through = line;
        match answer {
            Answer::Created => inner.report.created += 1,
            Answer::Updated => inner.report.updated += 1,
            Answer::Skipped(whose) => {
                inner.report.skipped += 1;
                inner.report.of_others += u64::from(whose == Present::OfOthers);
            }
            Answer::Refused(faults) => {
                inner.refused.write(line, &faults, raw);
                inner.report.refused_lines += 1;
                if inner.report.refused.len() < KEPT {
                    inner.report.refused.push(Refusal { line, faults });
                }
            }
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
        report.unwritten = inner.refused.finish();
        if inner.failure.is_some() || asked_to_stop {
            report.stopped = Some(Stopped {
                resume_after: inner.through,
                failure: inner.failure,
            });
        }
        report
    }
}
