//! What points at a row by a loose id goes with the row, or forgets it, in the same transaction:
//! a later row of the same table with the same id must inherit nothing of what was known of the
//! earlier one. What each column points at is said in the definitions ([`sluice_model::Points`]).
//! Lookups are no loose ids: what becomes of those is the relationship's, in `message/delete.rs`;
//! but one that may refer to any table is in no relationship and is dealt with here.

use std::sync::Arc;

use sluice_model::{
    Catalog, ColumnDef, ColumnType, Filter, Name, Ownership, Points, Query, Reference, Result, Row, TableDef, Value,
    WhenGone,
};
use sluice_store::Holder;

use crate::{Unit, record_team, tables};

/// The columns of an organisation that point at rows and are in no relationship.
#[derive(Debug, Default)]
pub(crate) struct Pointers(Vec<Pointer>);

/// One of them.
#[derive(Debug, Clone)]
struct Pointer {
    table: Arc<TableDef>,
    column: Name,
    points: Points,
}

impl Pointers {
    pub(crate) fn of(catalog: &Catalog) -> Self {
        let all = catalog.iter().flat_map(|table| {
            table.columns.iter().filter_map(move |column| {
                Some(Pointer {
                    table: table.clone(),
                    column: column.name.clone(),
                    points: points(column)?,
                })
            })
        });
        Self(all.collect())
    }

    /// Those that may point at rows of a table, with what becomes of the row that holds them.
    fn at(&self, table: &str) -> Vec<(Pointer, WhenGone)> {
        let of = |pointer: &Pointer| Some((pointer.clone(), pointer.points.when_gone(table)?));
        let mut found: Vec<_> = self.0.iter().filter_map(of).collect();
        found.retain(|(_, when_gone)| *when_gone != WhenGone::Stays);
        found
    }
}

/// What a column points at, if it is in no relationship.
fn points(column: &ColumnDef) -> Option<Points> {
    match &column.kind {
        ColumnType::Id => column.points.clone(),
        ColumnType::Lookup { targets } if targets.is_empty() => Some(Points::RowOf {
            named_in: column.name.clone(),
            tables: Vec::new(),
            when_gone: WhenGone::Goes,
        }),
        _ => None,
    }
}

/// A row is about to be deleted: what points at it goes along.
///
/// # Errors
/// The database cannot be written.
pub(crate) fn release(unit: &mut Unit, target: &Reference) -> Result<()> {
    let snapshot = unit.snapshot()?;
    for (pointer, when_gone) in snapshot.pointers.at(&target.table) {
        let table = &*pointer.table;
        // Almost always there is nothing.
        if !unit.tx.facts().holds(table, &pointer.column, target.id)? {
            continue;
        }
        let query = Query::new(table.name.clone())
            .columns(&[])
            .filter(Filter::eq(&pointer.column, target.clone()));
        for row in unit.select_as_platform("find what points at a row that is deleted", &query)? {
            match when_gone {
                WhenGone::Goes => remove(unit, table, &row)?,
                WhenGone::Emptied => empty(unit, &pointer, &row)?,
                WhenGone::Stays => {}
            }
        }
    }
    Ok(())
}

fn remove(unit: &mut Unit, table: &TableDef, row: &Row) -> Result<()> {
    // It may itself be shared, and have what points at it.
    if table.ownership != Ownership::None {
        release(unit, &row.reference())?;
    }
    if *table.name == *tables::TEAM {
        record_team::dissolve(unit, row.id)?;
    }
    unit.beside_rows("remove what only points at a row that is deleted", |tx, permit| {
        tx.drop_blocks(permit, Holder { table, id: row.id })
    })?;
    unit.delete_as_platform("remove what only points at a row that is deleted", &row.reference())
}

fn empty(unit: &mut Unit, pointer: &Pointer, row: &Row) -> Result<()> {
    let table = &*pointer.table;
    let mut emptied = Row::new(table.name.clone(), row.id).with(pointer.column.clone(), Value::Null);
    if let Points::RowOf { named_in, .. } = &pointer.points {
        emptied.set(named_in.clone(), Value::Null);
    }
    unit.update_as_platform("forget the id of a row that is deleted", emptied)
}
