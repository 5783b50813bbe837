//! Failures on demand, for tests: the statement that is to fail is counted down to. Without it
//! nothing is counted.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use sluice_model::{Error, Result};

/// Lets one statement of an organisation fail, once.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    /// The number of the statement that fails; 0 is none.
    at: AtomicU64,
    /// How many there have been since that was said.
    seen: AtomicU64,
}

impl Faults {
    /// The `n`th statement from now on fails; 0 lets all pass.
    pub fn at(&self, n: u64) {
        self.0.seen.store(0, Ordering::SeqCst);
        self.0.at.store(n, Ordering::SeqCst);
    }

    /// Whether that statement has come, and failed.
    pub fn struck(&self) -> bool {
        let at = self.0.at.load(Ordering::SeqCst);
        at > 0 && self.0.seen.load(Ordering::SeqCst) >= at
    }

    pub(crate) fn count(&self) -> Result<()> {
        let seen = self.0.seen.fetch_add(1, Ordering::SeqCst) + 1;
        if seen == self.0.at.load(Ordering::SeqCst) {
            return Err(Error::host(format!("injected: statement {seen} failed")));
        }
        Ok(())
    }
}
