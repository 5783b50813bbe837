//! Delete: removes a row, and does to the rows that refer to it what their relationships say:
//! the database itself never changes rows.

use sluice_model::{
    Code, Error, Filter, OnDelete, Ownership, ParameterType, Query, Reference, Relationship, Result, Right, Row,
    TableDef, Value,
};

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
        const INPUTS: &[Parameter] = &[required("Target", ParameterType::Reference)];
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

/// Does to each row that refers to the target what its relationship says.
fn release_references(unit: &mut Unit, operation: &Operation, table: &TableDef, target: &Reference) -> Result<()> {
    let catalog = unit.catalog();
    for relationship in catalog.relationships_to(&table.name) {
        if relationship.behaviours.delete != OnDelete::NoCascade {
            release(unit, operation, relationship, target)?;
        }
    }
    Ok(())
}

fn release(unit: &mut Unit, operation: &Operation, relationship: &Relationship, target: &Reference) -> Result<()> {
    let (other, column) = (&relationship.table, &relationship.column);
    let query = Query::new(other.name.clone())
        .columns(&[])
        .filter(Filter::eq(column, target.clone()));
    let mut rows = unit.select_as_platform("find what refers to a row that is deleted", &query)?;
    // A row that refers to itself, as a role does that is its own root, goes with itself.
    rows.retain(|row| row.reference() != *target);
    if rows.is_empty() {
        return Ok(());
    }
    if relationship.behaviours.delete == OnDelete::Restrict {
        return Err(Error::new(
            Code::REFERENCED,
            format!(
                "{target} cannot be deleted: {} of `{}` refer to it ({column})",
                count(rows.len()),
                other.name,
            ),
        )
        .with_table(&target.table));
    }
    for row in rows {
        match relationship.behaviours.delete {
            OnDelete::Cascade if other.ownership == Ownership::None => {
                unit.delete_as_platform("remove the membership of a row that is deleted", &row.reference())?;
            }
            OnDelete::Cascade => {
                unit.delete_along(operation, row.reference())?;
            }
            OnDelete::RemoveLink | OnDelete::Restrict | OnDelete::NoCascade => {
                let emptied = Row::new(other.name.clone(), row.id).with(column.clone(), Value::Null);
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
