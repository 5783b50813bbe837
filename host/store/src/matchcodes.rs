//! Matchcodes: the short texts by which duplicate rules find rows that are the same. They are
//! kept in sets, one for each time a rule is published, so that a look-up is one search in an
//! index, whatever the size of the table.
//!
//! Knows no rule: what a code is made of is for others.

use rusqlite::params;
use sluice_access::Permit;
use sluice_model::{Result, Right, Uuid};

use crate::{Tx, fault::fault, form, rows::WRITES};

/// What permits are asked about: no table of this name has rows that a user could reach, so
/// only the host itself passes.
const MATCHCODES: &str = "_matchcode";

impl Tx {
    /// The number of a new set: larger than every one before.
    ///
    /// # Errors
    /// A host error where the permit is not the host's own, or no writing transaction is open.
    pub fn next_matchcode_set(&mut self, permit: &Permit) -> Result<i64> {
        permit.covers(MATCHCODES, Right::Create, None)?;
        let sql = r#"UPDATE "_meta" SET "value" = "value" + 1 WHERE "key" = 'matchcode_set' RETURNING "value""#;
        let session = self.writer()?;
        let mut statement = session.statement(sql)?;
        statement.query_row([], |row| row.get(0)).map_err(fault)
    }

    /// Gives a row a code in a set. That it has it already is fine.
    ///
    /// # Errors
    /// A host error where the permit is not the host's own, or no writing transaction is open.
    pub fn put_matchcode(&mut self, permit: &Permit, set: i64, code: &str, row: Uuid) -> Result<()> {
        permit.covers(MATCHCODES, Right::Create, None)?;
        tracing::trace!(target: WRITES, kind = "put", table = "matchcode");
        let sql = r#"INSERT INTO "_matchcode" ("set", "code", "row") VALUES (?, ?, ?) ON CONFLICT DO NOTHING"#;
        let mut statement = self.writer()?.statement(sql)?;
        statement.execute(params![set, code, form::id(row)]).map_err(fault)?;
        Ok(())
    }

    /// Takes a row's code out of a set.
    ///
    /// # Errors
    /// A host error where the permit is not the host's own, or no writing transaction is open.
    pub fn remove_matchcode(&mut self, permit: &Permit, set: i64, code: &str, row: Uuid) -> Result<()> {
        permit.covers(MATCHCODES, Right::Delete, None)?;
        tracing::trace!(target: WRITES, kind = "remove", table = "matchcode");
        let sql = r#"DELETE FROM "_matchcode" WHERE "set" = ? AND "code" = ? AND "row" = ?"#;
        let mut statement = self.writer()?.statement(sql)?;
        statement.execute(params![set, code, form::id(row)]).map_err(fault)?;
        Ok(())
    }

    /// The rows that have a code in a set, `limit` of them at most, in the order of their ids.
    ///
    /// # Errors
    /// A host error where the permit is not the host's own, or no transaction is open.
    pub fn rows_with_matchcode(&mut self, permit: &Permit, set: i64, code: &str, limit: u32) -> Result<Vec<Uuid>> {
        permit.covers(MATCHCODES, Right::Read, None)?;
        let sql = r#"SELECT "row" FROM "_matchcode" WHERE "set" = ? AND "code" = ? ORDER BY "row" LIMIT ?"#;
        let mut statement = self.session()?.statement(sql)?;
        let mut found = statement.query(params![set, code, limit]).map_err(fault)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(fault)? {
            let cell = row.get_ref(0).map_err(fault)?;
            rows.extend(cell.as_blob().ok().and_then(form::uuid));
        }
        Ok(rows)
    }

    /// Whether a row has a code in a set.
    ///
    /// # Errors
    /// A host error where the permit is not the host's own, or no transaction is open.
    pub fn has_matchcode(&mut self, permit: &Permit, set: i64, code: &str, row: Uuid) -> Result<bool> {
        permit.covers(MATCHCODES, Right::Read, None)?;
        let sql = r#"SELECT 1 FROM "_matchcode" WHERE "set" = ? AND "code" = ? AND "row" = ?"#;
        let mut statement = self.session()?.statement(sql)?;
        statement.exists(params![set, code, form::id(row)]).map_err(fault)
    }

    /// How many codes a set has.
    ///
    /// # Errors
    /// A host error where the permit is not the host's own, or no transaction is open.
    pub fn count_matchcodes(&mut self, permit: &Permit, set: i64) -> Result<u64> {
        permit.covers(MATCHCODES, Right::Read, None)?;
        let sql = r#"SELECT COUNT(*) FROM "_matchcode" WHERE "set" = ?"#;
        let mut statement = self.session()?.statement(sql)?;
        let count: i64 = statement.query_row(params![set], |row| row.get(0)).map_err(fault)?;
        Ok(count.unsigned_abs())
    }

    /// Removes codes of a set that no rule has any more, `limit` of them at most; how many it
    /// was. A large set goes in several transactions, between which others write.
    ///
    /// # Errors
    /// A host error where the permit is not the host's own, or no writing transaction is open.
    pub fn purge_matchcodes(&mut self, permit: &Permit, set: i64, limit: u32) -> Result<u64> {
        permit.covers(MATCHCODES, Right::Delete, None)?;
        let sql = r#"DELETE FROM "_matchcode" WHERE "set" = ?1 AND ("code", "row") IN
            (SELECT "code", "row" FROM "_matchcode" WHERE "set" = ?1 ORDER BY "code", "row" LIMIT ?2)"#;
        let mut statement = self.writer()?.statement(sql)?;
        let removed = statement.execute(params![set, limit]).map_err(fault)?;
        Ok(removed as u64)
    }
}
