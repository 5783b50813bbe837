//! Tables and columns as statements.
//!
//! A lookup with one target references it, so that the database itself refuses to leave it
//! pointing nowhere, and has an index, because a delete searches it. The audit lookups have
//! neither: users are never deleted, and each index costs every Create.

use sea_query::{Alias, ColumnDef as Column, Index, IndexCreateStatement, SqliteQueryBuilder, Table};
use sluice_model::{ColumnDef, ColumnType, Error, Name, Ownership, Result, TableDef};

use super::{SHARES, build, name};
use crate::{form, text};

/// Lookups that the platform fills on every row and nobody lists rows by.
const AUDIT: [&str; 6] = [
    "createdby",
    "createdonbehalfby",
    "modifiedby",
    "modifiedonbehalfby",
    "owninguser",
    "owningteam",
];

/// The statements that make a table with its indexes.
///
/// # Errors
/// `INVALID_ARGUMENT` where a name is not one.
pub(crate) fn create_table(table: &TableDef) -> Result<Vec<String>> {
    checked(&table.name)?;
    checked(&table.key)?;
    let mut statement = Table::create();
    statement.table(name(&table.name));
    let mut key = Column::new(name(&table.key));
    statement.col(key.blob().not_null().primary_key());
    for column in plain(table) {
        for part in parts(column)? {
            statement.col(part);
        }
    }
    let mut statements = vec![statement.build(SqliteQueryBuilder)];
    let indexed = plain(table).filter(|column| is_indexed(table, column));
    statements.extend(indexed.map(|column| index(table, &[&column.name])));
    if *table.name == *SHARES {
        statements.push(index(table, &["objectid", "principalid"]));
        statements.push(index(table, &["principalid"]));
    }
    Ok(statements)
}

/// The statements that add a column to a table, with its index.
///
/// # Errors
/// `INVALID_ARGUMENT` where a name is not one.
pub(crate) fn add_column(table: &TableDef, column: &ColumnDef) -> Result<Vec<String>> {
    checked(&table.name)?;
    let mut statements = Vec::new();
    for part in parts(column)? {
        statements.push(
            Table::alter()
                .table(name(&table.name))
                .add_column(part)
                .build(SqliteQueryBuilder),
        );
    }
    if is_indexed(table, column) {
        statements.push(index(table, &[&column.name]));
    }
    Ok(statements)
}

/// The statements that take a column out of a table, its index first.
///
/// # Errors
/// `INVALID_ARGUMENT` where a name is not one.
pub(crate) fn drop_column(table: &TableDef, column: &ColumnDef) -> Result<Vec<String>> {
    checked(&table.name)?;
    checked(&column.name)?;
    let mut statements = Vec::new();
    if is_indexed(table, column) {
        let mut statement = Index::drop();
        statement.name(index_name(table, &[&column.name]));
        statements.push(statement.build(SqliteQueryBuilder));
    }
    for part in build::split([column]) {
        let mut statement = Table::alter();
        statement.table(name(&table.name)).drop_column(Alias::new(part));
        statements.push(statement.build(SqliteQueryBuilder));
    }
    Ok(statements)
}

/// All columns but the key.
pub(crate) fn plain(table: &TableDef) -> impl Iterator<Item = &ColumnDef> {
    table.columns.iter().filter(|column| column.name != table.key)
}

/// The table that the database makes sure a column points into.
pub(crate) fn references(column: &ColumnDef) -> Option<&Name> {
    match column.kind.targets() {
        Some([target]) if !AUDIT.contains(&&*column.name) => Some(target),
        _ => None,
    }
}

fn is_indexed(table: &TableDef, column: &ColumnDef) -> bool {
    let owning = table.ownership == Ownership::User && matches!(&*column.name, "ownerid" | "owningbusinessunit");
    let lookup = column.kind.targets().is_some() && !AUDIT.contains(&&*column.name);
    let covered = *table.name == *SHARES && matches!(&*column.name, "objectid" | "principalid");
    (column.indexed || owning || lookup) && !covered
}

fn index_name(table: &TableDef, columns: &[&str]) -> String {
    format!("{}.{}", table.name, columns.join("."))
}

fn index(table: &TableDef, columns: &[&str]) -> String {
    let mut statement: IndexCreateStatement = Index::create();
    statement.name(index_name(table, columns)).table(name(&table.name));
    for column in columns {
        statement.col(name(column));
    }
    statement.build(SqliteQueryBuilder)
}

/// A column as the database's columns: one, or two for a lookup with several targets.
fn parts(column: &ColumnDef) -> Result<Vec<Column>> {
    use ColumnType as C;
    checked(&column.name)?;
    let mut first = Column::new(name(&column.name));
    match &column.kind {
        C::Key | C::Id | C::Lookup { .. } | C::Decimal { .. } => first.blob(),
        C::Text { .. } | C::Memo { .. } => first.text().extra(format!("COLLATE {}", text::COLLATION)),
        C::Choices { .. } => first.text(),
        C::Float => first.double(),
        C::Int { .. }
        | C::BigInt
        | C::Money { .. }
        | C::Bool
        | C::Choice { .. }
        | C::State { .. }
        | C::Status { .. }
        | C::DateTime
        | C::Date => first.integer(),
    };
    if let Some(target) = references(column) {
        checked(target)?;
        // By its key, whatever its name: the table may be made later.
        first.extra(format!("REFERENCES \"{target}\" ON DELETE NO ACTION"));
    }
    let mut parts = vec![first];
    if form::is_split(&column.kind) {
        parts.push(
            Column::new(Alias::new(form::type_column(&column.name)))
                .text()
                .to_owned(),
        );
    }
    Ok(parts)
}

/// Refuses what cannot be a logical name. Quoting would take it; people, URLs and a file of
/// ours would not.
fn checked(name: &str) -> Result<()> {
    let fine = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 128
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.starts_with("sqlite_");
    if fine {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "`{name}` is no logical name: it starts with a letter and has only lower-case letters, digits and underscores, at most 128"
    )))
}
