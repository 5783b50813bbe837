//! An app on the platform: tables, columns and messages, added through the same doors that a
//! customer's solution would use.

use sluice_model::{Name, Result, TableDef, definition::ColumnDef};

use crate::{Message, Rules, Unit};

/// A table of the platform or of another app, and the columns that an app adds to it.
pub type Extension = (Name, Vec<ColumnDef>);

/// What an app brings along.
#[derive(Clone, Copy)]
pub struct App {
    /// The app's name.
    pub name: &'static str,
    /// Its tables.
    pub tables: fn() -> Result<Vec<TableDef>>,
    /// Columns that it adds to tables of others, or puts in the place of their columns.
    pub extensions: fn() -> Result<Vec<Extension>>,
    /// Its messages.
    pub messages: &'static [&'static dyn Message],
    /// The rules of its tables.
    pub rules: &'static [(&'static str, &'static dyn Rules)],
    /// Writes its default rows into a new organisation.
    pub install: fn(&mut Unit) -> Result<()>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("name", &self.name).finish_non_exhaustive()
    }
}
