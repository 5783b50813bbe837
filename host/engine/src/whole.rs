//! What concerns the organisation as a whole: its definitions, and its file.

use std::{path::Path, sync::Arc};

use sluice_model::{Catalog, Result, TableDef};

use crate::{Session, stray::Stray};

/// Who may copy and check the organisation's file. Sluice's own.
pub(crate) const MAINTAIN: &str = "prvsl_MaintainOrganization";

impl Session {
    /// The tables, for whoever may read definitions.
    ///
    /// # Errors
    /// The user lacks prvReadEntity.
    pub fn definitions(&self) -> Result<Arc<Catalog>> {
        self.check_named_privilege("prvReadEntity")?;
        self.catalog()
    }

    /// A table with its columns, for whoever may read definitions.
    ///
    /// # Errors
    /// There is none, or the user lacks prvReadEntity or prvReadAttribute.
    pub fn definition(&self, table: &str) -> Result<Arc<TableDef>> {
        let catalog = self.definitions()?;
        self.check_named_privilege("prvReadAttribute")?;
        catalog.table(table).cloned()
    }

    /// Copies the organisation into another file while it is in use.
    ///
    /// # Errors
    /// The user lacks the privilege; the file exists, or cannot be written.
    pub fn backup(&self, to: &Path) -> Result<()> {
        self.check_named_privilege(MAINTAIN)?;
        self.engine.core.store()?.backup(to)
    }

    /// Writes the organisation's file anew without what was given free in it: rows that were removed
    /// leave room that is used again, but the file does not shrink by itself. Others wait meanwhile.
    ///
    /// # Errors
    /// The user lacks the privilege; another process writes for too long; the disk has no room.
    pub fn vacuum(&self) -> Result<()> {
        self.check_named_privilege(MAINTAIN)?;
        self.engine.core.store()?.vacuum()
    }

    /// Checks the database; what is wrong with it, a line each.
    ///
    /// # Errors
    /// The user lacks the privilege; it cannot be read.
    pub fn check(&self) -> Result<Vec<String>> {
        self.check_named_privilege(MAINTAIN)?;
        self.engine.check()
    }

    /// Rows that break a rule of this version.
    ///
    /// # Errors
    /// The user lacks the privilege; the database cannot be read.
    pub fn strays(&self) -> Result<Vec<Stray>> {
        self.check_named_privilege(MAINTAIN)?;
        self.engine.strays()
    }
}
