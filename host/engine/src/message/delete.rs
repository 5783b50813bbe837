//! Delete: removes a row, and does to the rows that refer to it what their columns say:
//! the database itself never changes rows.

use std::sync::Arc;

use sluice_model::{Code, ColumnDef, Error, Filter, OnDelete, Query, Reference, Result, Right, Row, TableDef, Value};

use super::{Images, Message, Parameter, Shape, Takes, required};
use crate::{Operation, Unit, audit, duplicates::upkeep, managed, principals, tables};

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
        managed::check_delete(unit, operation)?;
        unit.rules(&table).before_delete(unit, operation)?;
        release_references(unit, operation, &table, &target)?;
        drop_shares(unit, &target)?;
        if audit::is_on(unit, &table)
            && let Some(row) = unit.tx.get(&crate::snapshot::permit(), &table, target.id, None)?
        {
            audit::deleted(unit, operation, &table, &row)?;
        }
        upkeep::deleting(unit, &table, &target)?;
        unit.tx.delete(&permit, &table, target.id)?;
        if table.configuration {
            unit.configuration_written()?;
        }
        Ok(())
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
        .filter(Filter::eq(&column.name, target.id));
    let mut rows = unit.tx.select(&crate::snapshot::permit(), other, &query)?;
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
                let permit = sluice_access::Permit::system("remove the membership of a row that is deleted");
                unit.tx.delete(&permit, other, row.id)?;
                unit.configuration_written()?;
            }
            OnDelete::Cascade => {
                unit.delete_along(operation, row.reference())?;
            }
            OnDelete::RemoveLink | OnDelete::Restrict => {
                let permit = sluice_access::Permit::system("empty the reference to a row that is deleted");
                let emptied = Row::new(other.name.clone(), row.id).with(column.name.clone(), Value::Null);
                upkeep::changing(unit, other, &emptied)?;
                unit.tx.update(&permit, other, &emptied)?;
                let before = Row::new(other.name.clone(), row.id).with(column.name.clone(), target.clone());
                audit::updated(unit, operation, other, &before, &emptied)?;
                if other.configuration {
                    unit.configuration_written()?;
                }
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

fn drop_shares(unit: &mut Unit, target: &Reference) -> Result<()> {
    let permit = sluice_access::Permit::system("remove the shares of a row that is deleted");
    let shares = unit.snapshot.table(tables::SHARE)?.clone();
    let query = Query::new(tables::SHARE)
        .columns(&[])
        .filter(Filter::eq("objectid", target.id));
    for share in unit.tx.select(&permit, &shares, &query)? {
        unit.tx.delete(&permit, &shares, share.id)?;
    }
    Ok(())
}
