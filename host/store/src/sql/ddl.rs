//! Tables and columns as statements.
//!
//! A lookup with one target references it, so that the database itself refuses to leave it
//! pointing nowhere, and has an index, because a delete searches it. The audit lookups have
//! neither: users are never deleted, and each index costs every Create.

use sea_query::{Alias, ColumnDef as Column, Index, IndexCreateStatement, SqliteQueryBuilder, Table};
use sluice_model::{ColumnDef, ColumnType, Error, KeyDef, Name, Ownership, Result, TableDef};

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
    statements.extend(indexes(table).into_iter().map(|(_, sql)| sql));
    Ok(statements)
}

/// The indexes of a table: their names and the statements that make them.
pub(crate) fn indexes(table: &TableDef) -> Vec<(String, String)> {
    let indexed = plain(table).filter(|column| is_indexed(table, column));
    let mut all: Vec<Vec<&str>> = indexed.map(|column| vec![&*column.name]).collect();
    if *table.name == *SHARES {
        all.push(vec!["objectid", "principalid"]);
        all.push(vec!["principalid"]);
    }
    let named = all
        .iter()
        .map(|columns| (index_name(table, columns), index(table, columns)));
    let keys = table
        .keys
        .iter()
        .map(|key| (key_index(table, key), create_key(table, key)));
    named.chain(keys).collect()
}

/// The name of the index that keeps the values of a key apart.
fn key_index(table: &TableDef, key: &KeyDef) -> String {
    format!("{} key {}", table.name, key.name)
}

/// The columns of the database that hold the values of a key.
pub(crate) fn key_columns(table: &TableDef, key: &KeyDef) -> Vec<String> {
    build::split(key.columns.iter().filter_map(|name| table.column(name)))
}

/// The statement that makes the index of a key. Texts are compared as their columns compare them.
pub(crate) fn create_key(table: &TableDef, key: &KeyDef) -> String {
    let mut statement: IndexCreateStatement = Index::create();
    statement.unique().name(key_index(table, key)).table(name(&table.name));
    for column in key_columns(table, key) {
        statement.col(Alias::new(column));
    }
    statement.build(SqliteQueryBuilder)
}

/// The statement that removes the index of a key.
pub(crate) fn drop_key(table: &TableDef, key: &KeyDef) -> String {
    Index::drop().name(key_index(table, key)).build(SqliteQueryBuilder)
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

/// The statements that remove a table; its indexes go along.
pub(crate) fn drop_table(table: &TableDef) -> Vec<String> {
    vec![Table::drop().table(name(&table.name)).build(SqliteQueryBuilder)]
}

/// The statements that remove a column, with its index first: the database refuses the other
/// order.
pub(crate) fn drop_column(table: &TableDef, column: &ColumnDef) -> Vec<String> {
    let mut statements = Vec::new();
    if is_indexed(table, column) {
        let index = index_name(table, &[&column.name]);
        statements.push(Index::drop().name(index).build(SqliteQueryBuilder));
    }
    let mut names = vec![column.name.to_string()];
    if form::is_split(&column.kind) {
        names.push(form::type_column(&column.name));
    }
    for name_of_part in names {
        let mut statement = Table::alter();
        statement.table(name(&table.name)).drop_column(Alias::new(name_of_part));
        statements.push(statement.build(SqliteQueryBuilder));
    }
    statements
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
