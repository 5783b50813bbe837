//! Delete: removes a row, and does to the rows that refer to it what their columns say:
//! the database itself never changes rows.

use std::sync::Arc;

use sluice_model::{Code, ColumnDef, Error, Filter, OnDelete, Query, Reference, Result, Right, Row, TableDef, Value};

use super::{Images, Message, Parameter, Shape, Takes, required};
use crate::{
    Operation, Unit,
    change::{Change, Kind},
    pointers, principals,
};

/// `Delete`.
pub(crate) struct Delete;

impl Message for Delete {
    fn name(&self) -> &'static str {
        "Delete"
    }

    fn doc(&self) -> &'static str {
        "Removes a row."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[Parameter] = &[required("Target", "reference")];
        Shape {
            takes: Takes::Reference("Target"),
            tables: None,
            reads: false,
            images: Images::Before,
            binds_table: true,
            inputs: INPUTS,
            outputs: &[],
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Delete)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let target = operation.target_reference()?;
        let permit = unit.decide(operation, &table, Right::Delete, target.id)?;
        operation.refuse_kept()?;
        unit.ask_watches(operation, Kind::Delete, None)?;
        unit.rules(&table).before_delete(unit, operation)?;
        release_references(unit, operation, &table, &target)?;
        pointers::release(unit, &target)?;
        let gone = Row::new(target.table, target.id);
        unit.write(Change::of(operation, Kind::Delete, permit, table, gone))
            .map(|_| ())
    }
}

/// Does to each row that refers to the target what the referring column says.
fn release_references(unit: &mut Unit, operation: &Operation, table: &TableDef, target: &Reference) -> Result<()> {
    let catalog = unit.catalog();
    for other in catalog.iter() {
        for column in &other.columns {
            let refers = column
                .kind
                .targets()
                .is_some_and(|targets| targets.contains(&table.name));
            // Who made or changed a row stays on record.
            if refers && !is_audit(column) {
                release(unit, operation, other, column, target)?;
            }
        }
    }
    Ok(())
}

fn is_audit(column: &ColumnDef) -> bool {
    matches!(
        &*column.name,
        "createdby" | "modifiedby" | "createdonbehalfby" | "modifiedonbehalfby" | "owninguser" | "owningteam"
    )
}

fn release(
    unit: &mut Unit,
    operation: &Operation,
    other: &Arc<TableDef>,
    column: &ColumnDef,
    target: &Reference,
) -> Result<()> {
    let query = Query::new(other.name.clone())
        .columns(&[])
        .filter(Filter::eq(&column.name, target.clone()));
    let mut rows = unit.select_as_platform("find what refers to a row that is deleted", &query)?;
    // A row that refers to itself, as a role does that is its own root, goes with itself.
    rows.retain(|row| row.reference() != *target);
    if rows.is_empty() {
        return Ok(());
    }
    let restricted =
        column.on_delete == OnDelete::Restrict || matches!(&*column.name, "ownerid" | "owningbusinessunit");
    if restricted {
        return Err(Error::new(
            Code::REFERENCED,
            format!(
                "{target} cannot be deleted: {} of `{}` refer to it ({})",
                count(rows.len()),
                other.name,
                column.name
            ),
        )
        .with_table(&target.table));
    }
    for row in rows {
        match column.on_delete {
            OnDelete::Cascade if other.ownership == sluice_model::Ownership::None => {
                unit.delete_as_platform("remove the membership of a row that is deleted", &row.reference())?;
            }
            OnDelete::Cascade => {
                unit.delete_along(operation, row.reference())?;
            }
            OnDelete::RemoveLink | OnDelete::Restrict => {
                let emptied = Row::new(other.name.clone(), row.id).with(column.name.clone(), Value::Null);
                unit.update_as_platform("empty the reference to a row that is deleted", emptied)?;
            }
        }
    }
    Ok(())
}

fn count(rows: usize) -> String {
    if rows == 1 {
        "1 row".to_owned()
    } else {
        format!("{rows} rows")
    }
}
