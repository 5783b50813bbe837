//! Points of a unit of work to go back to.

use sluice_model::Result;
use sluice_store::Savepoint;

use super::Unit;

/// A point of a unit to go back to.
#[must_use]
pub struct Before {
    savepoint: Savepoint,
    jobs: usize,
    followers: usize,
}

impl Unit {
    /// Marks a point to go back to.
    pub fn savepoint(&mut self) -> Result<Before> {
        Ok(Before {
            savepoint: self.tx.savepoint()?,
            jobs: self.jobs.len(),
            followers: self.cascades.rows,
        })
    }

    /// What was done since stays.
    pub fn release(&mut self, before: Before) -> Result<()> {
        self.tx.release(before.savepoint)
    }

    /// Undoes what was done since; what it changed of the configuration is read anew, as it was.
    pub fn back_to(&mut self, before: Before) -> Result<()> {
        self.tx.rollback_to(before.savepoint)?;
        self.jobs.truncate(before.jobs);
        self.cascades.rows = before.followers;
        self.configuration_changed = true;
        Ok(())
    }
}
