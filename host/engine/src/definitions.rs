//! Tables and columns change while an organisation is in use: the definition, its table in the
//! file, and the version that tells every process to read anew, in one step each.

use sluice_model::{ColumnDef, Error, KeyDef, Result, TableDef};

use crate::{Unit, capability::Redefinition};

impl Unit {
    /// The definition of a table without the options that customizers published for its columns,
    /// which are laid over the definitions of the catalogue: what may be changed and kept.
    ///
    /// # Errors
    /// There is no such table.
    pub fn definition(&mut self, table: &str) -> Result<TableDef> {
        self.snapshot()?.table(table)?;
        let definitions = self.read(|tx| tx.definitions())?;
        definitions
            .into_iter()
            .find(|definition| &*definition.name == table)
            .ok_or_else(|| Error::host(format!("the definition of `{table}` is gone")))
    }

    /// Keeps a changed definition whose columns stay what they are.
    ///
    /// # Errors
    /// The definition says what none may, or the database cannot be written.
    pub fn save_definition(&mut self, table: &TableDef) -> Result<()> {
        let before = self.definition(&table.name)?;
        refuse_faults(Some(&before), table)?;
        self.tx.save_definition(table)?;
        self.rewritten(Some(&before), Some(table))
    }

    /// Makes the table of a definition.
    ///
    /// # Errors
    /// The definition says what none may, or the database cannot be written.
    pub fn create_table(&mut self, table: &TableDef) -> Result<()> {
        refuse_faults(None, table)?;
        self.tx.create_table(table)?;
        self.rewritten(None, Some(table))
    }

    /// Makes a column and keeps the definition that has it.
    ///
    /// # Errors
    /// The definition says what none may, or the database cannot be written.
    pub fn add_column(&mut self, table: &TableDef, column: &ColumnDef) -> Result<()> {
        let before = self.definition(&table.name)?;
        let mut with = before.clone();
        with.columns.push(column.clone());
        refuse_faults(Some(&before), &with)?;
        self.tx.add_column(table, column)?;
        let after = self.definition(&table.name)?;
        self.rewritten(Some(&before), Some(&after))
    }

    /// Makes the index of a key over the rows that are there, and keeps the definition that has it. The
    /// table may have changed since somebody asked for the key: it is checked as the table is now.
    ///
    /// # Errors
    /// The table cannot have the key any more, or two rows have the same values.
    pub fn add_key(&mut self, table: &TableDef, key: &KeyDef) -> Result<()> {
        key.check(table)?;
        self.check_wall()?;
        self.tx.add_key(table, key)?;
        self.configuration_written(None)
    }

    /// Removes a key from a table and from its definition.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn drop_key(&mut self, table: &TableDef, key: &KeyDef) -> Result<()> {
        self.check_wall()?;
        self.tx.drop_key(table, key)?;
        self.configuration_written(None)
    }

    /// Removes a table with its rows and its definition.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn drop_table(&mut self, table: &TableDef) -> Result<()> {
        self.note_gone(table, &table.columns)?;
        self.tx.drop_table(table)?;
        self.rewritten(Some(table), None)
    }

    /// Removes a column from a table and from its definition.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn drop_column(&mut self, table: &TableDef, column: &ColumnDef) -> Result<()> {
        let before = self.definition(&table.name)?;
        self.note_gone(table, [column])?;
        self.tx.drop_column(table, column)?;
        let after = self.definition(&table.name)?;
        self.rewritten(Some(&before), Some(&after))
    }

    /// Tells those who follow definitions what one was and is, and every process that it changed. Many
    /// of them in one transaction keep others waiting as rows do.
    fn rewritten(&mut self, before: Option<&TableDef>, after: Option<&TableDef>) -> Result<()> {
        self.check_wall()?;
        self.redefined(Redefinition::Written { before, after })?;
        self.configuration_written(None)
    }
}

/// Refuses what no definition says ([`TableDef::faults`]), whoever wrote it. What an older file has of it
/// stands in nobody's way: `org check` tells it.
fn refuse_faults(before: Option<&TableDef>, after: &TableDef) -> Result<()> {
    let known = before.map(TableDef::faults).unwrap_or_default();
    let is_new = |fault: &Error| known.iter().all(|other| other.message() != fault.message());
    after.faults().into_iter().find(is_new).map_or(Ok(()), Err)
}
