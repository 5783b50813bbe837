//! Watches: those who see every change of the rows of a table, whatever door it came through.
//! Which watches a table has is worked out when the configuration is read, so that a write asks
//! nobody who has nothing to say.

use sluice_model::{Reference, Result, Row, TableDef, Value};

use crate::{
    Operation, Unit,
    change::{ChangeKind, RowChange},
    snapshot::Snapshot,
};

/// Something of a row that is no column, and has changed.
#[derive(Debug, Clone)]
pub struct Link {
    /// The row.
    pub row: Reference,
    /// What sort of change it is.
    pub sort: LinkSort,
    /// The relationship, the privilege, or, as `table:id`, with whom a row is shared.
    pub name: String,
    /// What it was.
    pub old: Value,
    /// What it is.
    pub new: Value,
}

/// What happened to a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkSort {
    /// Rows were linked.
    Associated,
    /// Rows were unlinked.
    Disassociated,
    /// A role got a privilege, lost it, or has it at another depth.
    Privilege,
    /// A row was shared with somebody.
    Shared,
    /// A share has other rights.
    ShareChanged,
    /// A row is no longer shared with somebody.
    Unshared,
}

impl Unit {
    /// Asks those who watch the table of a message whether they refuse what it asks for.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) fn ask_watches(&mut self, operation: &Operation, kind: ChangeKind, before: Option<&Row>) -> Result<()> {
        let snapshot = self.snapshot()?;
        for watch in snapshot.watches(&operation.table()?.name) {
            watch.asked(self, operation, kind, before)?;
        }
        Ok(())
    }

    /// Lets those who watch the table of a row know of a change that is none of a column.
    ///
    /// # Errors
    /// One of them refuses it.
    pub(crate) fn tell_link(&mut self, operation: &Operation, link: &Link) -> Result<()> {
        let snapshot = self.snapshot.clone();
        for watch in snapshot.watches(&link.row.table) {
            watch.linked(self, operation, link)?;
        }
        Ok(())
    }
}

/// Somebody who sees every change of a row of the tables that they want to see.
pub trait Watch: Sync {
    /// What it is called in the order of watches.
    fn name(&self) -> &'static str;

    /// Whether it has to do with the table's rows, as the configuration is.
    fn wants(&self, snapshot: &Snapshot, table: &TableDef) -> bool;

    /// Before a message does anything for a change: may refuse it by what was asked for, while the
    /// rules of the table have not filled in what follows. `before` is the row as it is, where
    /// the message has read it.
    ///
    /// # Errors
    /// The refusal.
    fn asked(&self, _: &mut Unit, _: &Operation, _: ChangeKind, _before: Option<&Row>) -> Result<()> {
        Ok(())
    }

    /// Before the row is written: may refuse the change, and add columns to it.
    ///
    /// # Errors
    /// The refusal.
    fn before(&self, _: &mut Unit, _: &mut RowChange<'_>) -> Result<()> {
        Ok(())
    }

    /// After something of a row has changed that is no column: a link, a privilege.
    ///
    /// # Errors
    /// The refusal.
    fn linked(&self, _: &mut Unit, _: &Operation, _: &Link) -> Result<()> {
        Ok(())
    }

    /// After the row was written.
    ///
    /// # Errors
    /// What it does itself fails.
    fn after(&self, _: &mut Unit, _: &mut RowChange<'_>) -> Result<()> {
        Ok(())
    }
}
