//! What the file remembers of rows that are removed once they are old: when to look again, and how
//! many bytes the trace rows have, about. It does not know which rows are old.

use rusqlite::params;
use sluice_model::{Result, Row, Timestamp, Value};

use crate::{Tx, fault::fault, session::Session};

/// When to look for old rows, in microseconds since 1970.
const NEXT: &str = "keeping_next";
/// The bytes of trace rows.
const TRACES: &str = "keeping_traces";

/// What the file remembers of the removal of old rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keeping {
    /// When to look for them again, in microseconds since 1970.
    pub next: i64,
    /// How many bytes the trace rows have, about.
    pub traces: i64,
}

impl Tx {
    /// What the file remembers of the removal of old rows.
    ///
    /// # Errors
    /// A host error where no transaction is open.
    pub fn keeping(&mut self) -> Result<Keeping> {
        let session = self.session()?;
        Ok(Keeping {
            next: session.remembered(NEXT)?,
            traces: session.remembered(TRACES)?,
        })
    }

    /// Looks for old rows again at this time.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn keep_next(&mut self, time: Timestamp) -> Result<()> {
        self.writer()?.remember(NEXT, time.as_microsecond())
    }

    /// Trace rows of so many bytes were removed.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn traces_removed(&mut self, bytes: i64) -> Result<()> {
        let session = self.writer()?;
        let left = session.remembered(TRACES)?.saturating_sub(bytes).max(0);
        session.remember(TRACES, left)
    }

    /// There are no trace rows any more.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn no_traces(&mut self) -> Result<()> {
        self.writer()?.remember(TRACES, 0)
    }
}

impl Session {
    fn remembered(&self, key: &str) -> Result<i64> {
        Ok(self.meta(key)?.unwrap_or_default())
    }

    /// Notes a number in the file, under a name.
    pub(crate) fn remember(&self, key: &str, value: i64) -> Result<()> {
        let sql = r#"INSERT INTO "_meta" ("key", "value") VALUES (?, ?)
            ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value""#;
        self.statement(sql)?.execute(params![key, value]).map_err(fault)?;
        Ok(())
    }

    /// Trace rows of so many bytes were written.
    pub(crate) fn traces_written(&self, bytes: i64) -> Result<()> {
        self.remember(TRACES, self.remembered(TRACES)?.saturating_add(bytes))
    }
}

/// About how many bytes a row has in the file.
pub fn weight(row: &Row) -> i64 {
    const EACH: i64 = 16;
    let text = |value: &Value| {
        value
            .as_text()
            .map_or(0, |text| i64::try_from(text.len()).unwrap_or(i64::MAX))
    };
    row.values.values().map(|value| EACH.saturating_add(text(value))).sum()
}
