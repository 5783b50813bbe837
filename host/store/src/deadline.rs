//! When the statements of a connection have to be over. The database asks while it works, and gives up the statement
//! that is not over by then ([`crate::fault`]). Whose time it is, and how much of it there is, is not known here.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;
use sluice_model::Result;

use crate::fault::fault;

/// What reads, and keeps no writer out, may take so long: two minutes.
pub(crate) const LONGEST_READ: Duration = Duration::from_secs(120);

/// The database asks after so many instructions: some thousand times a second.
const INSTRUCTIONS: i32 = 10_000;
/// What is kept where statements take as long as they take.
const NEVER: u64 = u64::MAX;
/// Times are kept as milliseconds since then.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The end of the time that the statements of one connection have.
#[derive(Debug, Clone)]
pub(crate) struct Deadline(Arc<AtomicU64>);

impl Deadline {
    /// The one that the database keeps to on a connection; at first there is no end.
    pub(crate) fn of(conn: &mut Connection) -> Result<Self> {
        let deadline = Self(Arc::new(AtomicU64::new(NEVER)));
        let asked = deadline.clone();
        conn.progress_handler(INSTRUCTIONS, Some(move || asked.is_over()))
            .map_err(fault)?;
        Ok(deadline)
    }

    /// Statements are given up from then on.
    pub(crate) fn set(&self, end: Option<Instant>) {
        let end = end.map(|end| milliseconds(end.saturating_duration_since(*START)));
        self.0.store(end.unwrap_or(NEVER), Ordering::Relaxed);
    }

    /// Where there is an end, what reads has its whole time again.
    pub(crate) fn begin_anew(&self) {
        if self.0.load(Ordering::Relaxed) != NEVER {
            self.set(Some(Instant::now() + LONGEST_READ));
        }
    }

    fn is_over(&self) -> bool {
        let end = self.0.load(Ordering::Relaxed);
        end != NEVER && milliseconds(START.elapsed()) >= end
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(NEVER - 1)
}
