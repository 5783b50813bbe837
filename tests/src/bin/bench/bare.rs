//! The floor of everything that writes: the same rows in the same tables with the same
//! indexes, written by prepared statements and nothing else.
//!
//! Rows are not composed here. The engine writes them once into another copy of the file;
//! what lies there then is what the floor writes again.

use std::{cmp::Ordering, path::Path};

use anyhow::{Context, Result, ensure};
use rusqlite::{
    Connection, Statement, ToSql,
    types::{ToSqlOutput, Value},
};
use sluice_model::Uuid;

/// A connection set up as the store's writer.
pub(crate) fn connect(path: &Path, synchronous: &str) -> Result<Connection> {
    let connection = Connection::open(path)?;
    // As quick as the store's for the texts measured here, which are ASCII.
    connection.create_collation("UNICODE_CI", |left: &str, right: &str| {
        let folded = |text: &str| text.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<u8>>();
        let (mut a, mut b) = (left.bytes(), right.bytes());
        loop {
            match (a.next(), b.next()) {
                (None, None) => return Ordering::Equal,
                (Some(x), Some(y)) if x.is_ascii() && y.is_ascii() => {
                    match x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase()) {
                        Ordering::Equal => {}
                        other => return other,
                    }
                }
                _ => return folded(left).cmp(&folded(right)),
            }
        }
    })?;
    for (name, value) in [
        ("journal_mode", "WAL"),
        ("foreign_keys", "ON"),
        ("synchronous", synchronous),
        ("cache_size", "-16384"),
        ("trusted_schema", "OFF"),
        ("wal_autocheckpoint", "4000"),
    ] {
        connection.pragma_update(None, name, value)?;
    }
    Ok(connection)
}

/// Counts up the version that every row gets with each change.
pub(crate) const NEXT_VERSION: &str = "UPDATE _meta SET value = value + 1 WHERE key = 'row_version'";

/// A row as it lies in the file: the columns that are not empty.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    table: &'static str,
    columns: Vec<String>,
    values: Vec<Value>,
}

impl Stored {
    /// The rows of a table that a condition with one parameter picks.
    pub(crate) fn read(
        connection: &Connection,
        table: &'static str,
        condition: &str,
        parameter: impl ToSql,
    ) -> Result<Vec<Self>> {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\" WHERE {condition}"))?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([parameter])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut stored = Self {
                table,
                columns: Vec::new(),
                values: Vec::new(),
            };
            for (index, name) in names.iter().enumerate() {
                let value: Value = row.get(index)?;
                if value != Value::Null {
                    stored.columns.push(name.clone());
                    stored.values.push(value);
                }
            }
            found.push(stored);
        }
        Ok(found)
    }

    /// The one row with that value in a column.
    pub(crate) fn one(connection: &Connection, table: &'static str, column: &str, id: &[u8]) -> Result<Self> {
        let mut found = Self::read(connection, table, &format!("\"{column}\" = ?"), id)?;
        ensure!(
            found.len() == 1,
            "{} rows of {table} where there should be one",
            found.len()
        );
        found.pop().context("no row")
    }

    pub(crate) fn get(&self, column: &str) -> Option<&Value> {
        self.columns
            .iter()
            .position(|name| name == column)
            .map(|index| &self.values[index])
    }

    pub(crate) fn id(&self, column: &str) -> Result<Vec<u8>> {
        match self.get(column) {
            Some(Value::Blob(bytes)) => Ok(bytes.clone()),
            other => anyhow::bail!("{}.{column} is no id but {other:?}", self.table),
        }
    }

    /// Sets a column that is there.
    pub(crate) fn set(&mut self, column: &str, value: Value) -> Result<()> {
        let index = self.columns.iter().position(|name| name == column);
        self.values[index.with_context(|| format!("{} has no {column}", self.table))?] = value;
        Ok(())
    }

    /// Only the columns that `keep` names.
    pub(crate) fn part(&self, keep: impl Fn(&str, &Value) -> bool) -> Self {
        let pairs = self.columns.iter().cloned().zip(self.values.iter().cloned());
        let (columns, values) = pairs.filter(|(name, value)| keep(name, value)).unzip();
        Self {
            table: self.table,
            columns,
            values,
        }
    }

    pub(crate) fn insert_sql(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|name| format!("\"{name}\"")).collect();
        let holes = vec!["?"; names.len()].join(", ");
        format!("INSERT INTO \"{}\" ({}) VALUES ({holes})", self.table, names.join(", "))
    }

    /// Changes the row with that key; the key is the last parameter.
    pub(crate) fn update_sql(&self, key: &str) -> String {
        let sets: Vec<String> = self.columns.iter().map(|name| format!("\"{name}\" = ?")).collect();
        format!("UPDATE \"{}\" SET {} WHERE \"{key}\" = ?", self.table, sets.join(", "))
    }
}

/// An id as it lies in the file.
pub(crate) fn blob(id: Uuid) -> Value {
    Value::Blob(id.into_bytes().to_vec())
}

struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.0.into()))
    }
}

/// A statement ready to be run again and again.
pub(crate) struct Ready<'c>(Statement<'c>);

impl<'c> Ready<'c> {
    pub(crate) fn new(connection: &'c Connection, sql: &str) -> Result<Self> {
        Ok(Self(connection.prepare(sql).with_context(|| sql.to_owned())?))
    }

    pub(crate) fn run<'v>(&mut self, values: impl IntoIterator<Item = &'v Value>) -> Result<()> {
        for (index, value) in values.into_iter().enumerate() {
            self.0.raw_bind_parameter(index + 1, Bound(value))?;
        }
        self.0.raw_execute()?;
        Ok(())
    }

    pub(crate) fn write(&mut self, row: &Stored) -> Result<()> {
        self.run(&row.values)
    }

    /// Writes the columns of a row into the one with that key.
    pub(crate) fn change(&mut self, row: &Stored, key: &Value) -> Result<()> {
        self.run(row.values.iter().chain(std::iter::once(key)))
    }
}

/// A transaction, begun and committed by prepared statements.
pub(crate) struct Transaction<'c> {
    begin: Ready<'c>,
    commit: Ready<'c>,
}

impl<'c> Transaction<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            begin: Ready::new(connection, "BEGIN IMMEDIATE")?,
            commit: Ready::new(connection, "COMMIT")?,
        })
    }

    pub(crate) fn run(&mut self, work: impl FnOnce() -> Result<()>) -> Result<()> {
        self.begin.run([])?;
        work()?;
        self.commit.run([])
    }
}
