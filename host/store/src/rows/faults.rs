//! What the database refuses about rows, in words: a key that is taken, a row that is not there, a
//! row that others refer to.

use sluice_model::{Code, ColumnDef, Error, KeyDef, Name, Result, Row, TableDef, Uuid};

use super::wanted;
use crate::{
    fault::fault,
    form::{self},
    session::Session,
    sql::{bind, build, ddl},
};

/// Another row has the values that this one was to have in the columns of a key. The database tells
/// which columns: `UNIQUE constraint failed: account.accountnumber, account.name`.
pub(super) fn taken(table: &TableDef, error: &rusqlite::Error) -> Error {
    let told = error.to_string();
    let columns = told.rsplit_once(": ").map_or("", |(_, columns)| columns);
    let prefix = format!("{}.", table.name);
    let columns: Vec<&str> = columns
        .split(", ")
        .filter_map(|column| column.strip_prefix(&prefix))
        .collect();
    let key = table.keys.iter().find(|key| ddl::key_columns(table, key) == columns);
    let Some(key) = key else {
        return fault_of_key(table, &columns.join(", "), &columns.join(", "));
    };
    fault_of_key(table, key.label(), &labels(table, key))
}

pub(super) fn labels(table: &TableDef, key: &KeyDef) -> String {
    let label = |name: &Name| table.column(name).map_or(&**name, ColumnDef::label).to_owned();
    key.columns.iter().map(label).collect::<Vec<_>>().join(", ")
}

pub(super) fn fault_of_key(table: &TableDef, key: &str, columns: &str) -> Error {
    let message = format!(
        "Entity Key {key} violated. A record with the same value for {columns} already exists. A duplicate record cannot \
         be created. Select one or more unique values and try again."
    );
    Error::new(Code::KEY_TAKEN, message)
        .with_table(&table.name)
        .with_word("TABLE", &*table.name)
}

/// Rows have the same values in the columns of a key that is to be made: how many. Not the values:
/// whoever makes a key may not be able to read the rows.
pub(crate) fn twice(session: &mut Session, table: &TableDef, key: &KeyDef) -> Error {
    let columns = labels(table, key);
    let mut error = fault_of_key(table, key.label(), &columns);
    if let Ok(Some(count)) = first_repeated(session, table, key) {
        let body = error.body_mut();
        body.message = format!("{} ({count} rows have the same values in them.)", body.message);
    }
    error
}

/// How many rows have the values that several have.
pub(super) fn first_repeated(session: &mut Session, table: &TableDef, key: &KeyDef) -> Result<Option<i64>> {
    let columns = wanted(table, Some(&key.columns))?;
    let sql = build::repeated(table, &columns);
    let mut statement = session.statement(&sql)?;
    let mut found = statement.raw_query();
    let next = found.next().map_err(fault)?;
    next.map(|next| next.get(0)).transpose().map_err(fault)
}

/// Whether a table has a row with that id in that column.
pub(crate) fn has(session: &mut Session, table: &str, column: &str, id: Uuid) -> Result<bool> {
    let sql = session.sql(
        |key| {
            key.push_str("a ");
            key.push_str(table);
            key.push(' ');
            key.push_str(column);
        },
        || build::any(table, column),
    );
    let mut statement = session.statement(&sql)?;
    bind::cells(&mut statement, [&form::id(id)])?;
    let mut rows = statement.raw_query();
    Ok(rows.next().map_err(fault)?.is_some())
}

/// Which of a row's lookups points to nothing.
pub(super) fn dangling(session: &mut Session, columns: &[&ColumnDef], row: &Row) -> Error {
    let Ok(tables) = session.definitions() else {
        return Error::new(Code::NOT_FOUND, "a lookup points to no row");
    };
    for column in columns {
        let (Some(target), Some(id)) = (ddl::references(column), row.id_of(&column.name)) else {
            continue;
        };
        let Some(table) = tables.iter().find(|table| table.name == *target) else {
            continue;
        };
        if matches!(has(session, target, &table.key, id), Ok(false)) {
            let mut error = Error::not_found(&table.schema, target, id);
            let body = error.body_mut();
            body.message = format!("{} (column `{}` of `{}`)", body.message, column.name, row.table);
            return error;
        }
    }
    Error::new(
        Code::NOT_FOUND,
        format!("a lookup of the row of `{}` points to no row", row.table),
    )
}

/// Which rows keep a row from being deleted.
pub(super) fn referenced(session: &mut Session, table: &TableDef, id: Uuid) -> Error {
    let tables = session.definitions().unwrap_or_default();
    let mut columns = tables
        .iter()
        .flat_map(|other| other.columns.iter().map(move |column| (other, column)));
    let by = columns.find(|(other, column)| {
        ddl::references(column).is_some_and(|target| *target == table.name)
            && matches!(has(session, &other.name, &column.name, id), Ok(true))
    });
    let by = by.map_or_else(
        || "other rows refer to it".to_owned(),
        |(other, column)| format!("rows of `{}` refer to it through `{}`", other.name, column.name),
    );
    Error::new(
        Code::REFERENCED,
        format!("{} With Id = {id} cannot be deleted: {by}", table.schema),
    )
    .with_table(&table.name)
}
