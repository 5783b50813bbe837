//! Whether everything in a file can be read: each row by its definition, each block of an
//! attachment, and nothing beside them.

use sluice_access::Permit;
use sluice_model::{ColumnDef, Error, Result, Right, Row, TableDef, Uuid};

use crate::{
    Tx,
    fault::fault,
    rows::{fill, key_of, wanted},
    session::Session,
    sql::build,
};

/// The tables of the store itself.
const OWN: [&str; 5] = ["_block", "_bytes", "_definition", "_matchcode", "_meta"];

impl Tx {
    /// Reads all rows of a table, one after the other, and what is broken of them as an error each.
    ///
    /// # Errors
    /// A host error where the permit is not the platform's, or the table cannot be read at all.
    pub fn each_row(&mut self, permit: &Permit, table: &TableDef, look: &mut dyn FnMut(Result<Row>)) -> Result<()> {
        permit.covers(&table.name, Right::Read, None)?;
        if !permit.is_of_platform() {
            return Err(Error::host("only the platform reads a table from end to end"));
        }
        let session = self.session()?;
        let columns = wanted(table, None)?;
        let mut statement = session.conn.prepare(&build::every(table, &columns)).map_err(fault)?;
        let mut found = statement.query([]).map_err(fault)?;
        loop {
            match found.next() {
                Ok(Some(next)) => look(key_of(next).and_then(|key| {
                    let mut row = Row::new(table.name.clone(), key);
                    fill(&mut row, &columns, next, 1).map(|()| row)
                })),
                Ok(None) => return Ok(()),
                Err(error) => {
                    look(Err(fault(error)));
                    return Ok(());
                }
            }
        }
    }
}

impl Tx {
    /// Goes through the rows of a table whose lookup with several targets refers to a row of `target`
    /// that is not there. The database itself watches over lookups with one target.
    ///
    /// # Errors
    /// A host error where the permit is not the platform's, or a table cannot be read.
    pub fn each_dangling(
        &mut self,
        permit: &Permit,
        table: &TableDef,
        column: &ColumnDef,
        target: &TableDef,
        look: &mut dyn FnMut(Uuid),
    ) -> Result<()> {
        permit.covers(&table.name, Right::Read, None)?;
        if !permit.is_of_platform() {
            return Err(Error::host("only the platform reads a table from end to end"));
        }
        let session = self.session()?;
        let mut statement = session
            .conn
            .prepare(&build::dangling(table, column, target))
            .map_err(fault)?;
        let mut found = statement.query([&*target.name]).map_err(fault)?;
        while let Some(next) = found.next().map_err(fault)? {
            look(key_of(next)?);
        }
        Ok(())
    }
}

impl Session {
    /// What is wrong with the store's own tables, a line each.
    pub(crate) fn own_problems(&self) -> Result<Vec<String>> {
        let names = self.texts("SELECT \"name\" FROM sqlite_schema WHERE \"type\" = 'table' AND \"name\" GLOB '_*'")?;
        let mut lines: Vec<String> = OWN
            .iter()
            .filter(|own| !names.iter().any(|name| name == *own))
            .map(|own| format!("the table `{own}` is missing"))
            .collect();
        if !lines.is_empty() {
            return Ok(lines);
        }
        let strange = names
            .iter()
            .filter(|name| name.starts_with('_') && !OWN.contains(&name.as_str()));
        lines.extend(strange.map(|name| format!("the table `{name}` is in no definition")));
        lines.extend(self.texts(
            "SELECT 'the block \"' || \"name\" || '\" of the attachment ' || hex(\"owner\") || ' has not the bytes that it \
             should have' FROM \"_block\" LEFT JOIN \"_bytes\" ON \"id\" = \"bytes\" WHERE \"content\" IS NULL OR \
             typeof(\"size\") != 'integer' OR length(\"content\") != \"size\"",
        )?);
        lines.extend(self.texts(
            "SELECT 'the bytes number ' || \"id\" || ' belong to no attachment' FROM \"_bytes\" WHERE \"id\" NOT IN \
             (SELECT \"bytes\" FROM \"_block\")",
        )?);
        lines.extend(self.texts(
            "SELECT 'the number ' || \"key\" || ' is none' FROM \"_meta\" WHERE typeof(\"value\") != 'integer'",
        )?);
        Ok(lines)
    }

    fn texts(&self, sql: &str) -> Result<Vec<String>> {
        let mut statement = self.conn.prepare(sql).map_err(fault)?;
        let texts = statement.query_map([], |row| row.get(0)).map_err(fault)?;
        texts.collect::<rusqlite::Result<_>>().map_err(fault)
    }
}
