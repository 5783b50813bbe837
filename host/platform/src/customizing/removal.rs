//! Custom tables and columns, taken away again: what stands in the way of it, and the removal
//! itself. Metadata operations raise no events.

use sluice_model::{Code, ColumnType, Comparison, Error, Filter, Result, Value, coerce};

use super::{columns::forget_permissions, privileges};
use crate::managed;
use sluice_engine::{
    Batch, Unit,
    capability::{Dependant, Dependency, RequiredComponent},
    giving, tables,
};

/// Why a column cannot be taken away; nothing, where it can.
pub(crate) fn column_in_use(batch: &mut Batch<'_>, table: &str, column: &str) -> Result<Option<String>> {
    let definition = batch.unit().snapshot()?.table(table)?.clone();
    if definition.primary_name.as_deref() == Some(column) {
        return Ok(Some("it names the rows of the table".to_owned()));
    }
    let other_than = |value: Value| Filter::Compare {
        column: column.into(),
        comparison: Comparison::Ne,
        value,
    };
    let mut holds = other_than(Value::Null);
    let place = coerce::column(&definition, column)?;
    // A box that nobody ticked is no data. Anything else may have been typed, even where it is what
    // the row would have had by itself.
    if let (ColumnType::Bool, Some(default)) = (&place.kind, &place.default) {
        holds = holds.and(other_than(coerce::stored(&definition, place, default)?));
    }
    let rows = batch
        .unit()
        .count_as_platform("count the rows that would lose data", table, &holds)?;
    if rows > 0 {
        return Ok(Some(format!("{} in it", hold(rows))));
    }
    let dependencies = batch.unit().dependencies_of(RequiredComponent {
        table: &definition,
        column: Some(place),
    })?;
    if let Some(dependency) = dependencies.iter().find(|dependency| dependency.yields) {
        return Ok(Some(format!("{} {}", dependency.name, dependency.does)));
    }
    let names: Vec<&str> = dependencies.iter().map(|dependency| dependency.name.as_str()).collect();
    Ok((!names.is_empty()).then(|| format!("it is used by {}", names.join(", "))))
}

/// Takes a column away with all that is in it; whoever calls has asked what stands in the way.
pub(crate) fn drop_column(batch: &mut Batch<'_>, table: &str, column: &str) -> Result<()> {
    batch.require("prvDeleteAttribute")?;
    let definition = batch.unit().definition(table)?;
    let place = coerce::column(&definition, column)?;
    if place.kind.targets().is_some() {
        batch.require("prvDeleteRelationship")?;
    }
    let catalog = batch.unit().catalog();
    giving::check_reads(&catalog, batch.principal(), [(&definition.name, &place.name)])?;
    forget_permissions(batch.unit(), table, Some(column))?;
    let base = format!("{column}_base");
    for name in [column, &base] {
        let definition = batch.unit().definition(table)?;
        if let Some(column) = definition.column(name) {
            batch.unit().drop_column(&definition, column)?;
        }
    }
    Ok(())
}

/// Why a table cannot be taken away; nothing, where it can.
pub(crate) fn table_in_use(batch: &mut Batch<'_>, table: &str) -> Result<Option<String>> {
    let snapshot = batch.unit().snapshot()?;
    let definition = snapshot.table(table)?;
    let rows = batch
        .unit()
        .count_as_platform("count the rows that would lose data", table, &Filter::All)?;
    if rows > 0 {
        return Ok(Some(hold(rows)));
    }
    let dependencies = batch.unit().dependencies_of(RequiredComponent {
        table: definition,
        column: None,
    })?;
    let dependencies: Vec<String> = dependencies
        .iter()
        .map(|dependency| format!("{} {}", dependency.name, dependency.does))
        .collect();
    Ok((!dependencies.is_empty()).then(|| dependencies.join(", ")))
}

/// Takes a custom table away that holds no rows and that nothing else uses.
pub(crate) fn delete_table(batch: &mut Batch<'_>, table: &str) -> Result<()> {
    batch.require("prvDeleteEntity")?;
    let definition = batch.unit().definition(table)?;
    if !definition.custom {
        let message = format!("table `{table}` belongs to the platform and cannot be deleted");
        return Err(Error::invalid(message).with_table(table));
    }
    if definition.managed && !batch.is_import() {
        return Err(managed::refused(Code::MANAGED, &format!("the table `{table}`")).with_table(table));
    }
    if let Some(why) = table_in_use(batch, table)? {
        let message = format!("table `{table}` cannot be deleted: {why}; change that first");
        return Err(Error::new(Code::REFERENCED, message).with_table(table));
    }
    drop_table(batch, table)
}

/// Takes a table away, with its privileges; whoever calls has asked [`table_in_use`].
pub(crate) fn drop_table(batch: &mut Batch<'_>, table: &str) -> Result<()> {
    batch.require("prvDeleteEntity")?;
    let definition = batch.unit().definition(table)?;
    let catalog = batch.unit().catalog();
    let columns = definition.columns.iter().map(|column| (&definition.name, &column.name));
    giving::check_reads(&catalog, batch.principal(), columns)?;
    forget_permissions(batch.unit(), table, None)?;
    batch
        .unit()
        .forget(tables::MESSAGE_FILTER, Filter::eq("primaryobjecttypecode", table))?;
    privileges::forget(batch.unit(), &definition)?;
    batch.unit().drop_table(&definition)
}

fn hold(rows: u64) -> String {
    match rows {
        1 => "1 row holds data".to_owned(),
        rows => format!("{rows} rows hold data"),
    }
}

/// Lookups, which depend on the tables that they refer to.
pub(crate) struct Lookups;

impl Dependant for Lookups {
    fn dependencies(&self, unit: &mut Unit, definition: RequiredComponent<'_>) -> Result<Vec<Dependency>> {
        if definition.column.is_some() {
            return Ok(Vec::new());
        }
        let table = &definition.table.name;
        let catalog = unit.catalog();
        let others = catalog.iter().filter(|other| other.name != *table);
        let columns = others.flat_map(|other| other.columns.iter().map(move |column| (other, column)));
        let refer = columns.filter(|(_, column)| column.kind.targets().is_some_and(|targets| targets.contains(table)));
        Ok(refer
            .map(|(other, column)| Dependency::of(format!("`{}.{}`", other.name, column.name), "refers to it"))
            .collect())
    }
}
