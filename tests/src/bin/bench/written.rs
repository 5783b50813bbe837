//! The floor of everything that writes: the rows that the engine wrote, written again by
//! prepared statements and nothing else.
//!
//! Rows are not composed here. The engine writes them once into another copy of the file; what
//! lies there then and did not before is what the floor writes, whatever it is. Each row belongs
//! to the request whose own row it is or refers to.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use rusqlite::{Connection, types::Value};
use sluice_engine::{Env as _, SystemEnv};
use sluice_model::Uuid;

use crate::{
    bare::{self, Ready, Stored, Transaction, blob},
    world::Bench,
};

/// A statement of the floor, with what is bound to it.
struct Statement {
    sql: String,
    values: Vec<Value>,
}

/// What one request wrote.
pub(crate) struct Written {
    statements: Vec<Statement>,
    /// Where ids of new rows are bound: the statement, the value, and the number of the id.
    ids: Vec<(usize, usize, usize)>,
    /// The ids of the new rows.
    new: Vec<Id>,
}

impl Written {
    /// What each of some requests wrote, of which every one was about another row: `before` is
    /// the file before all of them, `after` the file after the last.
    ///
    /// # Errors
    /// A row was deleted, or one was written that belongs to none of the requests or to two.
    pub(crate) fn read(before: &Path, after: &Path, about: &[Uuid]) -> Result<Vec<Self>> {
        let (before, after) = (bare::connect(before, "OFF")?, bare::connect(after, "OFF")?);
        let mut rest = Vec::new();
        for table in Table::all(&after)? {
            rest.extend(table.changes(&before, &after)?);
        }
        let mut owners: HashMap<Id, usize> = (0..).zip(about).map(|(n, id)| (id.into_bytes(), n)).collect();
        let mut requests: Vec<Vec<Change>> = about.iter().map(|_| Vec::new()).collect();
        while !rest.is_empty() {
            let open = rest.len();
            for change in std::mem::take(&mut rest) {
                match change.request(&owners)? {
                    None => rest.push(change),
                    Some(request) => {
                        owners.extend(change.id.map(|id| (id, request)));
                        requests[request].push(change);
                    }
                }
            }
            ensure!(
                rest.len() < open,
                "{open} rows belong to no request, one of `{}` among them",
                rest[0].is.table()
            );
        }
        requests.into_iter().map(Self::new).collect()
    }

    /// The statements that make these changes, in an order in which every reference that the
    /// database checks finds its row.
    fn new(mut changes: Vec<Change>) -> Result<Self> {
        let new: Vec<Id> = changes.iter().filter_map(Change::new_id).collect();
        let mut missing: HashSet<Id> = new.iter().copied().collect();
        let mut statements = Vec::new();
        while !changes.is_empty() {
            let ready = changes.iter().position(|change| !change.waits_for(&missing));
            let change = changes.remove(ready.context("rows that the database lets refer to each other only")?);
            if let Some(id) = change.new_id() {
                missing.remove(&id);
            }
            statements.push(change.statement()?);
        }
        let mut ids = Vec::new();
        for (number, statement) in statements.iter().enumerate() {
            for (place, value) in statement.values.iter().enumerate() {
                let which = new.iter().position(|id| Some(*id) == as_id(value));
                ids.extend(which.map(|which| (number, place, which)));
            }
        }
        Ok(Self { statements, ids, new })
    }

    /// Gives every new row a new id, and lets those that refer to it go on doing so. One whose id is made
    /// of what it says gets one without an order as well.
    fn renew(&mut self, world: &Bench) {
        let renewed = |old: &Id| match Uuid::from_bytes(*old).get_version_num() {
            8 => without_order(),
            _ => world.new_id(),
        };
        let new: Vec<Uuid> = self.new.iter().map(renewed).collect();
        for (statement, place, which) in &self.ids {
            self.statements[*statement].values[*place] = blob(new[*which]);
        }
    }
}

/// An id as it lies in the file.
type Id = [u8; 16];

/// An id of the kind that is made of what a row says.
fn without_order() -> Uuid {
    let mut bytes = [0; 16];
    SystemEnv.random(&mut bytes);
    bytes[6] = 0x80 | bytes[6] & 0x0F;
    bytes[8] = 0x80 | bytes[8] & 0x3F;
    Uuid::from_bytes(bytes)
}

fn as_id(value: &Value) -> Option<Id> {
    match value {
        Value::Blob(bytes) => bytes.as_slice().try_into().ok(),
        _ => None,
    }
}

/// A table of the file, with the columns that make its key and those whose references the
/// database checks.
struct Table {
    name: String,
    key: Vec<String>,
    references: Vec<String>,
}

impl Table {
    /// All but those of the store in which no row of anybody lies, and the marks of what is used, which
    /// are written once a day.
    fn all(connection: &Connection) -> Result<Vec<Self>> {
        let list = |sql: &str, parameter: &str| -> Result<Vec<String>> {
            let mut statement = connection.prepare(sql)?;
            let names = statement.query_map([parameter], |row| row.get(0))?;
            Ok(names.collect::<rusqlite::Result<_>>()?)
        };
        let tables = "SELECT name FROM sqlite_schema WHERE type = ? AND name NOT IN ('_meta', '_definition', 'sl_privilegeuse') \
                      AND name NOT LIKE 'sqlite%' ORDER BY name";
        list(tables, "table")?
            .into_iter()
            .map(|name| {
                let key = list("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", &name)?;
                let references = list("SELECT \"from\" FROM pragma_foreign_key_list(?)", &name)?;
                Ok(Self { name, key, references })
            })
            .collect()
    }

    fn changes(&self, before: &Connection, after: &Connection) -> Result<Vec<Change>> {
        let key = |row: &Stored| {
            let values: Vec<_> = self.key.iter().map(|column| row.get(column)).collect();
            format!("{values:?}")
        };
        let was = Stored::all(before, &self.name)?;
        let mut was: HashMap<String, Stored> = was.into_iter().map(|row| (key(&row), row)).collect();
        let mut changes = Vec::new();
        for is in Stored::all(after, &self.name)? {
            let was = was.remove(&key(&is));
            if was.as_ref() != Some(&is) {
                changes.push(Change::new(self, was, is));
            }
        }
        ensure!(was.is_empty(), "{} rows of `{}` were deleted", was.len(), self.name);
        Ok(changes)
    }
}

/// A row that is not as it was.
struct Change {
    /// None where the row is new.
    was: Option<Stored>,
    is: Stored,
    /// The column of its id, where it has one, and the id.
    key: Option<String>,
    id: Option<Id>,
    /// What its references point at.
    points_at: Vec<Id>,
}

impl Change {
    fn new(table: &Table, was: Option<Stored>, is: Stored) -> Self {
        let id_of = |column: &String| is.get(column).and_then(as_id);
        let key = match table.key.as_slice() {
            [key] => Some(key.clone()),
            _ => None,
        };
        Self {
            id: key.as_ref().and_then(id_of),
            points_at: table.references.iter().filter_map(id_of).collect(),
            key,
            was,
            is,
        }
    }

    fn new_id(&self) -> Option<Id> {
        self.id.filter(|_| self.was.is_none())
    }

    fn waits_for(&self, missing: &HashSet<Id>) -> bool {
        let mut others = self.points_at.iter().filter(|id| Some(**id) != self.id);
        others.any(|id| missing.contains(id))
    }

    /// The request that it belongs to, as far as that is known.
    fn request(&self, owners: &HashMap<Id, usize>) -> Result<Option<usize>> {
        let ids = self.is.cells().filter_map(|(_, value)| as_id(value));
        let mut found = ids.filter_map(|id| owners.get(&id).copied());
        let first = found.next();
        if found.any(|other| Some(other) != first) {
            bail!("a row of `{}` belongs to two requests", self.is.table());
        }
        Ok(first)
    }

    fn statement(&self) -> Result<Statement> {
        let Some(was) = &self.was else {
            return Ok(Statement {
                sql: self.is.insert_sql(),
                values: self.is.cells().map(|(_, value)| value.clone()).collect(),
            });
        };
        let set = self.is.cells().filter(|(column, value)| was.get(column) != Some(value));
        let emptied = was.cells().filter(|(column, _)| self.is.get(column).is_none());
        let (columns, mut values): (Vec<String>, Vec<Value>) = set
            .map(|(column, value)| (column, value.clone()))
            .chain(emptied.map(|(column, _)| (column, Value::Null)))
            .map(|(column, value)| (format!("\"{column}\" = ?"), value))
            .unzip();
        let table = self.is.table();
        let key = self
            .key
            .as_ref()
            .with_context(|| format!("`{table}` has no single key"))?;
        values.extend(self.is.get(key).cloned());
        Ok(Statement {
            sql: format!("UPDATE \"{table}\" SET {} WHERE \"{key}\" = ?", columns.join(", ")),
            values,
        })
    }
}

/// Writes what some requests wrote, one after the other and then again from the first: each in
/// a transaction of its own, with the count of the row versions.
pub(crate) struct Floor<'c> {
    transaction: Transaction<'c>,
    version: Ready<'c>,
    statements: Vec<Ready<'c>>,
    /// With the number of each statement among those that are ready.
    requests: Vec<(Written, Vec<usize>)>,
    next: usize,
}

impl<'c> Floor<'c> {
    pub(crate) fn new(connection: &'c Connection, requests: Vec<Written>) -> Result<Self> {
        ensure!(!requests.is_empty(), "nothing was written");
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut statements = Vec::new();
        let mut prepared = Vec::new();
        for written in requests {
            let mut used = Vec::new();
            for Statement { sql, .. } in &written.statements {
                let number = match numbers.get(sql) {
                    Some(number) => *number,
                    None => {
                        statements.push(Ready::new(connection, sql)?);
                        numbers.insert(sql.clone(), statements.len() - 1);
                        statements.len() - 1
                    }
                };
                used.push(number);
            }
            prepared.push((written, used));
        }
        let version = "UPDATE _meta SET value = value + 1 WHERE key = 'row_version'";
        Ok(Self {
            transaction: Transaction::new(connection)?,
            version: Ready::new(connection, version)?,
            statements,
            requests: prepared,
            next: 0,
        })
    }

    /// Lets the next rows be other ones than when they were last written.
    pub(crate) fn renew(&mut self, world: &Bench) {
        self.renew_many(world, 1);
    }

    /// The same for the rows of so many requests, as many as there are at most.
    pub(crate) fn renew_many(&mut self, world: &Bench, count: usize) {
        for number in self.next..self.next + count {
            let next = number % self.requests.len();
            self.requests[next].0.renew(world);
        }
    }

    /// Writes the next rows.
    pub(crate) fn write(&mut self) -> Result<()> {
        self.write_many(1, || Ok(()))
    }

    /// Writes the rows of so many requests in one transaction, with `beside` before each.
    pub(crate) fn write_many(&mut self, count: usize, beside: impl Fn() -> Result<()>) -> Result<()> {
        let next = self.next;
        self.next += count;
        self.transaction.run(|| {
            for number in next..next + count {
                beside()?;
                let (written, used) = &self.requests[number % self.requests.len()];
                self.version.run([])?;
                let mut bound = written.statements.iter().zip(used);
                bound.try_for_each(|(statement, number)| self.statements[*number].run(&statement.values))?;
            }
            Ok(())
        })
    }
}
