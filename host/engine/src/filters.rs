//! Which tables take which messages: the rows that steps are bound with.

use sluice_model::{Reference, Result, Row, TableDef};

use crate::{Message, Unit, message::Takes, tables};

/// Writes which tables take a message: the rows that steps are bound with.
pub(crate) fn write_filters(unit: &mut Unit, message: &dyn Message, row: &Reference) -> Result<()> {
    let catalog = unit.catalog();
    for table in catalog.iter() {
        write_filter(unit, message, row, table)?;
    }
    Ok(())
}

/// Writes whether one table takes a message.
pub(crate) fn write_filter(unit: &mut Unit, message: &dyn Message, row: &Reference, table: &TableDef) -> Result<()> {
    let shape = message.shape();
    let bound = shape.binds_table
        && match shape.takes {
            Takes::Nothing => false,
            Takes::IdOf { table: only, .. } => only == &*table.name,
            _ => shape.tables.is_none_or(|only| only.contains(&&*table.name)),
        };
    if !bound || !table.takes_steps || !message.works_on(table) {
        return Ok(());
    }
    let filter = Row::unsaved(tables::MESSAGE_FILTER)
        .with("sdkmessageid", row.clone())
        .with("primaryobjecttypecode", &*table.name)
        .with("iscustomprocessingstepallowed", true)
        .with("isvisible", true);
    unit.found(filter).map(|_| ())
}
