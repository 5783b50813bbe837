//! Watches: those who see every change of the rows of a table, whatever door it came through.
//! Which watches a table has is worked out when the configuration is read, so that a write asks
//! nobody who has nothing to say.

use sluice_model::{Result, TableDef};

use crate::{Unit, audit, change::Change, duplicates, flow, managed, snapshot::Snapshot};

/// Somebody who sees every change of a row of the tables that they want to see.
pub trait Watch: Sync {
    /// Whether it has to do with the table's rows, as the configuration is.
    fn wants(&self, snapshot: &Snapshot, table: &TableDef) -> bool;

    /// Before the row is written: may refuse the change, and add columns to it.
    ///
    /// # Errors
    /// The refusal.
    fn before(&self, _: &mut Unit, _: &mut Change<'_>) -> Result<()> {
        Ok(())
    }

    /// After the row was written.
    ///
    /// # Errors
    /// What it does itself fails.
    fn after(&self, _: &mut Unit, _: &mut Change<'_>) -> Result<()> {
        Ok(())
    }
}

/// All watches, in the order in which each change passes them.
pub(crate) static ORDER: &[&dyn Watch] = &[
    // Before the row is written.
    &managed::Managed,
    &flow::start::Place,
    &duplicates::detect::Detection,
    // After it.
    &duplicates::upkeep::Codes,
    &audit::Trail,
    &flow::start::Begin,
];

/// The watches of a table, in their order.
pub(crate) fn of(snapshot: &Snapshot, table: &TableDef) -> Vec<&'static dyn Watch> {
    let wanted = ORDER.iter().filter(|watch| watch.wants(snapshot, table));
    wanted.copied().collect()
}
