//! Which tables take which messages: the rows that steps are bound with.

use std::collections::HashSet;

use sluice_model::{Name, Reference, Result, Row, TableDef};

use crate::{Message, Unit, message::Takes, tables};

/// Writes which tables take a message, but for those of which it is written already: the rows
/// that steps are bound with.
pub(crate) fn write_filters(
    unit: &mut Unit,
    message: &dyn Message,
    row: &Reference,
    there: &HashSet<Name>,
) -> Result<()> {
    let catalog = unit.catalog();
    for table in catalog.iter().filter(|table| !there.contains(&table.name)) {
        write_filter(unit, message, row, table)?;
    }
    Ok(())
}

/// Whether steps of a message may be bound to a table.
pub(crate) fn is_bound(message: &dyn Message, table: &TableDef) -> bool {
    let shape = message.shape();
    shape.binds_table
        && table.takes_steps
        && !table.kept.refuses(message.name())
        && message.works_on(table)
        && match shape.takes {
            Takes::Nothing => false,
            Takes::IdOf { table: only, .. } => only == &*table.name,
            _ => shape.tables.is_none_or(|only| only.contains(&&*table.name)),
        }
}

/// Writes whether one table takes a message.
pub fn write_filter(unit: &mut Unit, message: &dyn Message, row: &Reference, table: &TableDef) -> Result<()> {
    if !is_bound(message, table) {
        return Ok(());
    }
    let filter = Row::unsaved(tables::MESSAGE_FILTER)
        .with("sdkmessageid", row.clone())
        .with("primaryobjecttypecode", &*table.name)
        .with("iscustomprocessingstepallowed", true)
        .with("isvisible", true);
    unit.found(filter).map(|_| ())
}
