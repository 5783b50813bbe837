//! The secret of a file, and who made ids with it: they lie among the store's own numbers and in no table, so no query
//! reads them. They go with the file into its copies.

use sluice_model::{Result, Uuid};

use crate::{Tx, fault::fault};

/// The names of its parts.
const PARTS: [&str; 4] = ["secret 1", "secret 2", "secret 3", "secret 4"];
/// Since when the file has it, in milliseconds.
const SINCE: &str = "secret since";

impl Tx {
    /// The secret, and since when the file has it; nothing, where it has none yet.
    ///
    /// # Errors
    /// A host error where no transaction is open.
    pub fn secret(&mut self) -> Result<Option<([u8; 32], i64)>> {
        let session = self.session()?;
        let mut secret = [0; 32];
        for (place, name) in secret.as_chunks_mut::<8>().0.iter_mut().zip(PARTS) {
            let Some(part) = session.meta(name)? else {
                return Ok(None);
            };
            *place = part.to_be_bytes();
        }
        Ok(session.meta(SINCE)?.map(|since| (secret, since)))
    }

    /// Gives the file a secret, for good.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn set_secret(&mut self, secret: &[u8; 32], since: i64) -> Result<()> {
        let session = self.writer()?;
        for (part, name) in secret.as_chunks::<8>().0.iter().zip(PARTS) {
            session.remember(name, i64::from_be_bytes(*part))?;
        }
        session.remember(SINCE, since)
    }

    /// Those who have imported something.
    ///
    /// # Errors
    /// A host error where no transaction is open.
    pub fn importers(&mut self) -> Result<Vec<Uuid>> {
        let sql = r#"SELECT substr("key", 10) FROM "_meta" WHERE "key" LIKE 'importer %'"#;
        let mut statement = self.session()?.statement(sql)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0));
        let names: Vec<String> = rows.and_then(Iterator::collect).map_err(fault)?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Notes that somebody imports something.
    ///
    /// # Errors
    /// A host error where no writing transaction is open.
    pub fn add_importer(&mut self, user: Uuid) -> Result<()> {
        self.writer()?.remember(&format!("importer {user}"), 1)
    }
}
