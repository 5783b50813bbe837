//! The organisation's own data: its definitions, its row version, its configuration version.
//!
//! The tables that ship are the program's. The file keeps, by the name of a table, the whole
//! definition where the organisation made it, and what the organisation added or changed where
//! it ships. What definitions mean is for others.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use rusqlite::params;
use sluice_model::{Changes, ColumnDef, Error, KeyDef, Name, Result, TableDef};

use crate::{
    Tx,
    fault::{fault, is_taken},
    rows::twice,
    session::Session,
    sql::ddl,
};

/// The tables that a program brings along. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Shipped(Arc<BTreeMap<Name, TableDef>>);

impl FromIterator<TableDef> for Shipped {
    fn from_iter<T: IntoIterator<Item = TableDef>>(tables: T) -> Self {
        let named = tables.into_iter().map(|table| (table.name.clone(), table));
        Self(Arc::new(named.collect()))
    }
}

impl Shipped {
    /// The table of that name.
    pub fn get(&self, name: &str) -> Option<&TableDef> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &TableDef> {
        self.0.values()
    }
}

/// The tables of the store itself.
pub(crate) const INTERNAL: &str = r#"
CREATE TABLE "_definition" ("name" TEXT PRIMARY KEY NOT NULL, "json" TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE "_block" (
    "owner" BLOB NOT NULL,
    "name" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "size" INTEGER NOT NULL,
    "bytes" INTEGER NOT NULL,
    PRIMARY KEY ("owner", "name")
) WITHOUT ROWID;
CREATE TABLE "_bytes" ("id" INTEGER PRIMARY KEY, "content" BLOB NOT NULL);
CREATE TABLE "_meta" ("key" TEXT PRIMARY KEY NOT NULL, "value" INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE "_matchcode" ("set" INTEGER NOT NULL, "code" TEXT NOT NULL, "row" BLOB NOT NULL,
    PRIMARY KEY ("set", "code", "row")) WITHOUT ROWID;
INSERT INTO "_meta" VALUES ('row_version', 0), ('config_version', 0), ('matchcode_set', 0);
"#;

impl Session {
    fn number(&self, sql: &str) -> Result<i64> {
        self.statement(sql)?.query_row([], |row| row.get(0)).map_err(fault)
    }

    /// What the file keeps of definitions, in its JSON form, by the names of the tables.
    pub(crate) fn kept(&self) -> Result<BTreeMap<Name, String>> {
        let mut statement = self.statement(r#"SELECT "name", "json" FROM "_definition""#)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?.into(), row.get(1)?)));
        rows.map_err(fault)?.collect::<rusqlite::Result<_>>().map_err(fault)
    }

    /// The definitions of all tables, by name.
    pub(crate) fn definitions(&self) -> Result<Vec<TableDef>> {
        let mut kept = self.kept()?;
        let broken = |name: &str, error: serde_json::Error| {
            Error::host(format!(
                "the definition of the table `{name}` in the file is broken: {error}"
            ))
        };
        let mut tables = Vec::new();
        for table in self.ships.iter() {
            tables.push(match kept.remove(&table.name) {
                None => table.clone(),
                Some(json) => {
                    let changes = serde_json::from_str::<Changes>(&json);
                    changes.map_err(|error| broken(&table.name, error))?.apply(table)?
                }
            });
        }
        for (name, json) in kept {
            tables.push(serde_json::from_str(&json).map_err(|error| broken(&name, error))?);
        }
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(tables)
    }

    /// Keeps what a table's definition has beyond what ships.
    pub(crate) fn save(&self, table: &TableDef) -> Result<()> {
        let json = match self.ships.get(&table.name) {
            None => serde_json::to_string(table),
            Some(ships) => match Changes::between(ships, table)? {
                changes if changes.is_empty() => return self.keep(&table.name, None),
                changes => serde_json::to_string(&changes),
            },
        };
        self.keep(
            &table.name,
            Some(&json.map_err(|error| Error::host(error.to_string()))?),
        )
    }

    /// Keeps this text under the name of a table, or nothing.
    pub(crate) fn keep(&self, name: &str, json: Option<&str>) -> Result<()> {
        const KEEP: &str =
            r#"INSERT INTO "_definition" VALUES (?, ?) ON CONFLICT ("name") DO UPDATE SET "json" = excluded."json""#;
        const FORGET: &str = r#"DELETE FROM "_definition" WHERE "name" = ?"#;
        match json {
            Some(json) => self.statement(KEEP)?.execute(params![name, json]),
            None => self.statement(FORGET)?.execute([name]),
        }
        .map_err(fault)?;
        Ok(())
    }

    /// Runs statements that change tables.
    pub(crate) fn change(&self, statements: &[String]) -> Result<()> {
        statements.iter().try_for_each(|sql| self.batch(sql))
    }
}

impl Session {
    /// Writes the last row version that a unit has taken.
    pub(crate) fn settle(&mut self) -> Result<()> {
        let Some(last) = self.row_version.take() else {
            return Ok(());
        };
        let mut statement = self.statement(r#"UPDATE "_meta" SET "value" = ? WHERE "key" = 'row_version'"#)?;
        statement.execute([last]).map_err(fault)?;
        Ok(())
    }
}

impl Tx {
    /// The next row version of the organisation: larger than every one before. Counted here, and the last
    /// one is written when the unit is done.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn next_version(&mut self) -> Result<i64> {
        let session = self.writer()?;
        let last = match session.row_version {
            Some(last) => last,
            None => session.number(r#"SELECT "value" FROM "_meta" WHERE "key" = 'row_version'"#)?,
        };
        session.row_version = Some(last + 1);
        Ok(last + 1)
    }

    /// The version of the configuration: caches of another version are stale.
    ///
    /// # Errors
    /// A host error where no transaction is open.
    pub fn config_version(&mut self) -> Result<i64> {
        self.session()?
            .number(r#"SELECT "value" FROM "_meta" WHERE "key" = 'config_version'"#)
    }

    /// Gives the configuration another version.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn set_config_version(&mut self, version: i64) -> Result<()> {
        let session = self.writer()?;
        let mut statement = session.statement(r#"UPDATE "_meta" SET "value" = ? WHERE "key" = 'config_version'"#)?;
        statement.execute([version]).map_err(fault)?;
        Ok(())
    }

    /// Gives the rows of a configuration table another version. One of no table of that name may
    /// have one as well.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn set_table_version(&mut self, table: &str, version: i64) -> Result<()> {
        let sql = r#"INSERT INTO "_meta" ("key", "value") VALUES ('configuration ' || ?, ?)
            ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value""#;
        let mut statement = self.writer()?.statement(sql)?;
        statement.execute(params![table, version]).map_err(fault)?;
        Ok(())
    }

    /// The versions that [`Self::set_table_version`] gave, by table.
    ///
    /// # Errors
    /// A host error where no transaction is open.
    pub fn table_versions(&mut self) -> Result<HashMap<String, i64>> {
        let sql = r#"SELECT substr("key", 15), "value" FROM "_meta" WHERE "key" LIKE 'configuration %'"#;
        let mut statement = self.session()?.statement(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.and_then(Iterator::collect).map_err(fault)
    }

    /// The definitions of all tables, by name: those that ship with what the organisation added
    /// or changed, and its own.
    ///
    /// # Errors
    /// A host error where no transaction is open or a definition cannot be read.
    pub fn definitions(&mut self) -> Result<Vec<TableDef>> {
        self.session()?.definitions()
    }

    /// Keeps a definition in place of the one of that name, or what it has beyond the one that
    /// ships. Makes no table and no column.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn save_definition(&mut self, table: &TableDef) -> Result<()> {
        self.writer()?.save(table)
    }

    /// Makes a table with its indexes and keeps its definition. The tables it refers to may
    /// be made later, but before its first row.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` where there is such a table already or a name is not one.
    pub fn create_table(&mut self, table: &TableDef) -> Result<()> {
        let session = self.writer()?;
        if session.conn.table_exists(None, &*table.name).map_err(fault)? {
            return Err(Error::invalid(format!("there is a table `{}` already", table.name)).with_table(&table.name));
        }
        session.change(&ddl::create_table(table)?)?;
        session.save(table)
    }

    /// Adds a column to a table and keeps the definition with it; `table` is the definition
    /// before or after.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` where there is such a column already or the name is not one.
    pub fn add_column(&mut self, table: &TableDef, column: &ColumnDef) -> Result<()> {
        let session = self.writer()?;
        if session
            .conn
            .column_exists(None, &*table.name, &*column.name)
            .map_err(fault)?
        {
            return Err(
                Error::invalid(format!("`{}` has a column `{}` already", table.name, column.name))
                    .with_table(&table.name),
            );
        }
        session.change(&ddl::add_column(table, column)?)?;
        let mut table = table.clone();
        table.columns.push(column.clone());
        session.save(&table)
    }

    /// Makes the index of a key over the rows that are there, and keeps the definition with the key;
    /// `table` is the definition without it.
    ///
    /// # Errors
    /// `KEY_TAKEN` where two rows have the same values, which the message tells.
    pub fn add_key(&mut self, table: &TableDef, key: &KeyDef) -> Result<()> {
        let session = self.writer()?;
        match session.conn.execute_batch(&ddl::create_key(table, key)) {
            Ok(()) => {}
            Err(error) if is_taken(&error) => return Err(twice(session, table, key)),
            Err(error) => return Err(fault(error)),
        }
        let mut table = table.clone();
        table.keys.push(key.clone());
        session.save(&table)
    }

    /// Removes a key with its index; the rows stay as they are.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn drop_key(&mut self, table: &TableDef, key: &KeyDef) -> Result<()> {
        let session = self.writer()?;
        session.batch(&ddl::drop_key(table, key))?;
        let mut table = table.clone();
        table.keys.retain(|other| other.name != key.name);
        session.save(&table)
    }

    /// Removes a table with its rows, its indexes and its definition.
    ///
    /// # Errors
    /// A host error where no writing transaction is open, or a column still refers to the table.
    pub fn drop_table(&mut self, table: &TableDef) -> Result<()> {
        let session = self.writer()?;
        session.change(&ddl::drop_table(table))?;
        session.keep(&table.name, None)
    }

    /// Removes a column with its values, its index and its place in the definition; `table` is
    /// the definition with or without it.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn drop_column(&mut self, table: &TableDef, column: &ColumnDef) -> Result<()> {
        let session = self.writer()?;
        session.change(&ddl::drop_column(table, column))?;
        let mut table = table.clone();
        let mut columns: Vec<ColumnDef> = std::mem::take(&mut table.columns).into();
        columns.retain(|other| other.name != column.name);
        table.columns = columns.into();
        table.relationships.retain(|one| one.column != column.name);
        session.save(&table)
    }
}
