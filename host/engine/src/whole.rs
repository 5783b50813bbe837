//! What concerns the organisation as a whole: its definitions, and its file.

use std::{path::Path, sync::Arc};

use sluice_model::{Catalog, Result, TableDef};
use sluice_store::{Restored, Store};

use crate::{Capabilities, Engine, Env, OpenOptions, Session, stray::Stray};

/// Who may copy, replace and check the organisation's file. Sluice's own.
pub(crate) const MAINTAIN: &str = "prvsl_MaintainOrganization";

impl Engine {
    /// Opens an organisation if it can be opened as it is: what is of another form, damaged, or no
    /// organisation is left as it is.
    pub fn open_as_it_is(
        path: &Path,
        capabilities: &Capabilities,
        env: &Arc<dyn Env>,
        options: &OpenOptions,
    ) -> Option<Self> {
        let fits = matches!(Store::is_behind(path), Ok(false));
        fits.then(|| Self::open(path, capabilities, env, options).ok())
            .flatten()
    }

    /// Puts a backup in the place of the organisation at `to`, which is kept beside it. With
    /// `unsealed`, also a copy that [`Session::backup`] did not make.
    ///
    /// # Errors
    /// The backup is damaged, was changed or is none; another process has the organisation open.
    pub fn restore(backup: &Path, to: &Path, unsealed: bool) -> Result<Restored> {
        Store::restore(backup, to, unsealed)
    }

    /// Whether a file is what [`Session::backup`] wrote, to the byte; nothing, where it is no backup or was written
    /// since. To be asked before it is opened.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn is_as_backed_up(file: &Path) -> Result<Option<bool>> {
        Store::is_as_backed_up(file)
    }
}

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

    /// Refuses a user who may not put another file in the organisation's place.
    ///
    /// # Errors
    /// The user lacks the privilege.
    pub fn check_restore(&self) -> Result<()> {
        self.check_named_privilege(MAINTAIN)
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
