//! The codes of rows follow the rows, in the transaction of the change: whatever a rule finds
//! is as new as the table itself.

use sluice_access::Permit;
use sluice_model::{Filter, Query, Reference, Result, Row, TableDef, Uuid};

use super::{
    code::{Seen, matchcode},
    rule::Side,
};
use crate::{Unit, tables};

/// The permit for the codes of rows.
pub(super) fn permit() -> Permit {
    Permit::system("keep the matchcodes of rows, which a rule needs of all of them")
}

/// A row was made.
pub(crate) fn created(unit: &mut Unit, row: &Row) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let permit = permit();
    for rule in snapshot.duplicates.kept_up(&row.table) {
        if let Some(code) = matchcode(rule, Side::Matching, Seen::now(row)) {
            unit.tx.put_matchcode(&permit, rule.set, &code, row.id)?;
        }
    }
    Ok(())
}

/// Columns of a row were changed.
pub(crate) fn updated(unit: &mut Unit, before: &Row, changes: &Row) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let permit = permit();
    for rule in snapshot.duplicates.kept_up(&before.table) {
        let old = matchcode(rule, Side::Matching, Seen::now(before));
        let new = matchcode(rule, Side::Matching, Seen::with(before, changes));
        if old == new {
            continue;
        }
        if let Some(code) = old {
            unit.tx.remove_matchcode(&permit, rule.set, &code, before.id)?;
        }
        if let Some(code) = new {
            unit.tx.put_matchcode(&permit, rule.set, &code, before.id)?;
        }
    }
    Ok(())
}

/// The platform itself is about to change columns of a row, without an Update.
pub(crate) fn changing(unit: &mut Unit, table: &TableDef, changes: &Row) -> Result<()> {
    match current(unit, table, changes.id)? {
        Some(before) => updated(unit, &before, changes),
        None => Ok(()),
    }
}

/// A row is about to be deleted: its codes go, and what jobs found about it.
pub(crate) fn deleting(unit: &mut Unit, table: &TableDef, row: &Reference) -> Result<()> {
    if let Some(before) = current(unit, table, row.id)? {
        let snapshot = unit.snapshot()?;
        for rule in snapshot.duplicates.kept_up(&table.name) {
            if let Some(code) = matchcode(rule, Side::Matching, Seen::now(&before)) {
                unit.tx.remove_matchcode(&permit(), rule.set, &code, row.id)?;
            }
        }
    }
    if table.duplicate_detection {
        forget(unit, row)?;
    }
    Ok(())
}

/// The row as it is, where any rule wants to know.
fn current(unit: &mut Unit, table: &TableDef, id: Uuid) -> Result<Option<Row>> {
    if unit.snapshot()?.duplicates.kept_up(&table.name).is_empty() {
        return Ok(None);
    }
    unit.tx.get(&crate::snapshot::permit(), table, id, None)
}

fn forget(unit: &mut Unit, row: &Reference) -> Result<()> {
    let permit = Permit::system("remove what jobs found about a row that is deleted");
    let found = unit.snapshot.table(tables::DUPLICATE_RECORD)?.clone();
    for column in ["baserecordid", "duplicaterecordid"] {
        let query = Query::new(tables::DUPLICATE_RECORD)
            .columns(&[])
            .filter(Filter::eq(column, row.id));
        for record in unit.tx.select(&permit, &found, &query)? {
            unit.tx.delete(&permit, &found, record.id)?;
        }
    }
    Ok(())
}
