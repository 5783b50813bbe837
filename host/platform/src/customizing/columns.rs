//! Changes of columns that are there. What compares a column that changes is unpublished, and
//! the caller is told. Metadata operations raise no events.

use std::sync::Arc;

use sluice_model::{
    Code, ColumnDef, ColumnType, Error, Filter, Ownership, Result, TableDef, coerce, definition::Columns,
};

use super::removal::drop_column;
use crate::managed;
use sluice_engine::{
    Batch, Rehearsal, Session, Unit,
    capability::{Redefinition, RequiredComponent},
    giving, tables,
};

/// What may be changed about a column; what is not there stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnChange {
    /// What people see.
    pub label: Option<String>,
    /// Of a text: at most so many characters, no fewer than before.
    pub max_length: Option<u32>,
    /// Whether column security profiles say who reads and writes it.
    pub secured: Option<bool>,
    /// What a new row without the column gets, as JSON: `null` for nothing. Of custom columns.
    pub default: Option<serde_json::Value>,
}

/// Changing columns, and taking them away.
pub trait ColumnChanges {
    /// Changes what a column of a table is. What compares it is unpublished: the notices say
    /// so.
    ///
    /// # Errors
    /// There is no such column, it takes no such change, or the user may not customize.
    fn update_column(&self, table: &str, column: &str, change: &ColumnChange) -> Result<Vec<Error>>;

    /// Takes a custom column out of a table, with everything that rows hold in it. What
    /// compares it is unpublished: the notices say so.
    ///
    /// # Errors
    /// There is no such column, something depends on it, or the user may not customize.
    fn delete_column(&self, table: &str, column: &str) -> Result<Vec<Error>>;
}

impl ColumnChanges for Session {
    fn update_column(&self, table: &str, column: &str, change: &ColumnChange) -> Result<Vec<Error>> {
        self.batch(|batch| update_column(batch, table, column, change))
    }

    fn delete_column(&self, table: &str, column: &str) -> Result<Vec<Error>> {
        self.batch(|batch| delete_column(batch, table, column))
    }
}

/// A change of a column, to be tried.
pub fn changing_column(table: &str, column: &str, change: &ColumnChange) -> Rehearsal {
    let (table, column, change) = (table.to_owned(), column.to_owned(), change.clone());
    Arc::new(move |batch| update_column(batch, &table, &column, &change).map(|_| ()))
}

/// [`ColumnChanges::update_column`] as a part of a batch.
pub(crate) fn update_column(
    batch: &mut Batch<'_>,
    table: &str,
    column: &str,
    change: &ColumnChange,
) -> Result<Vec<Error>> {
    batch.require("prvWriteAttribute")?;
    let (definition, column) = customizable(batch, table, column)?;
    let mut changed = column.clone();
    if let Some(label) = &change.label {
        changed.label.clone_from(label);
    }
    if let Some(length) = change.max_length {
        lengthen(&definition, &mut changed, length)?;
    }
    changed.secured = change.secured.unwrap_or(changed.secured);
    if let Some(default) = &change.default {
        changed.default = other_default(batch, table, &column, default)?;
    }
    if changed == column {
        return Ok(Vec::new());
    }
    put_column(batch, definition, changed)
}

/// [`ColumnChanges::delete_column`] as a part of a batch.
pub(crate) fn delete_column(batch: &mut Batch<'_>, table: &str, column: &str) -> Result<Vec<Error>> {
    batch.require("prvDeleteAttribute")?;
    let (definition, column) = customizable(batch, table, column)?;
    if column.kind.targets().is_some() {
        batch.require("prvDeleteRelationship")?;
    }
    let wrong = |why: &str| Err(Error::invalid(format!("column `{}` of `{table}` {why}", column.name)));
    if !column.custom {
        return wrong("belongs to the platform and cannot be deleted");
    }
    if definition.primary_name.as_ref() == Some(&column.name) {
        return wrong("names the rows of the table and cannot be deleted");
    }
    let dependencies = batch.unit().dependencies_of(RequiredComponent {
        table: &definition,
        column: Some(&column),
    })?;
    let dependencies: Vec<String> = dependencies
        .into_iter()
        .filter(|dependency| !dependency.yields)
        .map(|dependency| dependency.name)
        .collect();
    if !dependencies.is_empty() {
        let message = format!(
            "column `{}` of `{table}` cannot be deleted: it is used by {}; change that first",
            column.name,
            dependencies.join(", ")
        );
        return Err(Error::new(Code::REFERENCED, message).with_table(table));
    }
    let notices = batch.unit().redefined(Redefinition::Column {
        table,
        column: &column.name,
    })?;
    drop_column(batch, table, &column.name)?;
    Ok(notices)
}

/// Keeps a changed column of a table. The notices say which duplicate rules went out of work:
/// those that compare it, unless only what people call it has changed; and which mappings carry over what is secured.
pub(crate) fn put_column(batch: &mut Batch<'_>, mut table: TableDef, column: ColumnDef) -> Result<Vec<Error>> {
    let mut notices = Vec::new();
    let all = table.columns.iter().map(|other| match other.name == column.name {
        true => column.clone(),
        false => other.clone(),
    });
    check_secured(batch, &table, &column)?;
    let before = table.column(&column.name);
    if before.is_none_or(|before| (&before.kind, before.format) != (&column.kind, column.format)) {
        notices = batch.unit().redefined(Redefinition::Column {
            table: &table.name,
            column: &column.name,
        })?;
    }
    let is_opened_or_closed = before.is_some_and(|before| before.secured != column.secured);
    table.columns = Columns::from(all.collect::<Vec<_>>());
    batch.unit().save_definition(&table)?;
    if is_opened_or_closed {
        notices.extend(batch.unit().redefined(Redefinition::Secured {
            table: &table,
            column: &column.name,
        })?);
    }
    Ok(notices)
}

/// A column that customizers may change, and its table, as they are kept.
fn customizable(batch: &mut Batch<'_>, table: &str, column: &str) -> Result<(TableDef, ColumnDef)> {
    let definition = batch.unit().definition(table)?;
    if definition.ownership == Ownership::None {
        return Err(Error::invalid(format!(
            "table `{table}` is internal and its columns stay"
        )));
    }
    let column = coerce::column(&definition, column)?.clone();
    if column.managed && !batch.is_import() {
        let what = format!("the column `{}` of `{table}`", column.name);
        return Err(managed::refused(Code::MANAGED, &what).with_table(table));
    }
    Ok((definition, column))
}

/// Where profiles are to say who reads and writes a column, it has to be one that can be secured. Where
/// they no longer do, everybody reads it who reads the row: so only who reads it now may say so, and
/// no permission is left for a later day.
fn check_secured(batch: &mut Batch<'_>, table: &TableDef, column: &ColumnDef) -> Result<()> {
    let before = table.column(&column.name).is_some_and(|before| before.secured);
    match (before, column.secured) {
        (false, true) => table.check_securable(column),
        (true, false) => {
            let catalog = batch.unit().catalog();
            giving::check_reads(&catalog, batch.principal(), [(&table.name, &column.name)])?;
            forget_permissions(batch.unit(), &table.name, Some(&column.name))
        }
        _ => Ok(()),
    }
}

/// What profiles say of a table, or of a column of it, that goes: a later one of its name is another.
pub(crate) fn forget_permissions(unit: &mut Unit, table: &str, column: Option<&str>) -> Result<()> {
    let mut of = Filter::eq("entityname", table);
    if let Some(column) = column {
        of = of.and(Filter::eq("attributelogicalname", column));
    }
    unit.forget(tables::COLUMN_PERMISSION, of)
}

/// Another default of a custom column; what has options takes one of those that count.
fn other_default(
    batch: &mut Batch<'_>,
    table: &str,
    column: &ColumnDef,
    default: &serde_json::Value,
) -> Result<Option<serde_json::Value>> {
    if !column.custom {
        return Err(Error::invalid(format!(
            "column `{}` of `{table}` belongs to the platform and keeps its default",
            column.name
        )));
    }
    let snapshot = batch.unit().snapshot()?;
    let table = snapshot.table(table)?;
    let column = coerce::column(table, &column.name)?;
    coerce::default(table, column, default)
}

/// Rows may hold texts of the length that was allowed so far, so it only grows.
fn lengthen(table: &TableDef, column: &mut ColumnDef, length: u32) -> Result<()> {
    let (most, old) = match &mut column.kind {
        ColumnType::Text { max_length } => (4_000, max_length),
        ColumnType::Memo { max_length } => (1_048_576, max_length),
        other => {
            return Err(Error::invalid(format!(
                "column `{}` of `{}` is of the type {}, which has no length",
                column.name,
                table.name,
                other.word()
            )));
        }
    };
    if length < *old || length > most.max(*old) {
        return Err(Error::invalid(format!(
            "column `{}` of `{}` takes {old} characters now; it can be given {old} to {most}, not {length}: rows may hold \
             texts of the length that was allowed so far",
            column.name, table.name
        )));
    }
    *old = length;
    Ok(())
}
