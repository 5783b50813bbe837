//! Bare SQL: the same tables with the same indexes and the same settings of the connection,
//! prepared statements and nothing else.

use std::{cmp::Ordering, path::Path, rc::Rc};

use anyhow::{Context, Result, ensure};
use rusqlite::{
    Connection, Params, Statement, ToSql, params_from_iter,
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

/// How many rows of a table there are in a file; of those that have such values only.
pub(crate) fn count(path: &Path, table: &str, with: &[(&str, Uuid)]) -> Result<usize> {
    let connection = connect(path, "OFF")?;
    let conditions: String = with
        .iter()
        .map(|(column, _)| format!(" AND \"{column}\" = ?"))
        .collect();
    let sql = format!("SELECT count(*) FROM \"{table}\" WHERE true{conditions}");
    let ids = params_from_iter(with.iter().map(|(_, id)| blob(*id)));
    let count: i64 = connection.query_row(&sql, ids, |row| row.get(0))?;
    Ok(usize::try_from(count)?)
}

/// A row as it lies in the file: the columns that are not empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    table: Rc<str>,
    columns: Vec<String>,
    values: Vec<Value>,
}

impl Stored {
    /// All rows of a table.
    pub(crate) fn all(connection: &Connection, table: &str) -> Result<Vec<Self>> {
        Self::read(connection, table, "", [])
    }

    /// The row with that id.
    pub(crate) fn one(connection: &Connection, table: &str, key: &str, id: Uuid) -> Result<Self> {
        let mut found = Self::read(connection, table, &format!(" WHERE \"{key}\" = ?"), [blob(id)])?;
        ensure!(
            found.len() == 1,
            "{} rows of {table} where there should be one",
            found.len()
        );
        found.pop().context("no row")
    }

    fn read(connection: &Connection, table: &str, condition: &str, parameters: impl Params) -> Result<Vec<Self>> {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\"{condition}"))?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query(parameters)?;
        let table: Rc<str> = table.into();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut stored = Self {
                table: Rc::clone(&table),
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

    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// Its columns and what is in them.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.columns.iter().map(String::as_str).zip(&self.values)
    }

    pub(crate) fn get(&self, column: &str) -> Option<&Value> {
        self.cells().find(|(name, _)| *name == column).map(|(_, value)| value)
    }

    /// Sets a column that is there.
    pub(crate) fn set(&mut self, column: &str, value: Value) -> Result<()> {
        let index = self.columns.iter().position(|name| name == column);
        self.values[index.with_context(|| format!("{} has no {column}", self.table))?] = value;
        Ok(())
    }

    pub(crate) fn insert_sql(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|name| format!("\"{name}\"")).collect();
        let holes = vec!["?"; names.len()].join(", ");
        format!("INSERT INTO \"{}\" ({}) VALUES ({holes})", self.table, names.join(", "))
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
