//! Attachments: bytes that belong to a row and are kept beside it in blocks, so that nobody
//! has to hold a whole file. Each asks the permit of the row first.
//!
//! A block's bytes lie in a table of their own: giving blocks an order, or another row, moves
//! no bytes.

use rusqlite::params;
use sluice_access::Permit;
use sluice_model::{Error, Remedy, Result, Right, TableDef, Uuid};

use crate::{Tx, fault::fault, session::Session};

/// The table of notes.
const NOTES: &str = "annotation";

/// A block of an attachment, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its name among those of its row.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
}

/// A row that has blocks.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// Its table.
    pub table: &'a TableDef,
    /// Its id.
    pub id: Uuid,
}

impl Holder<'_> {
    fn covered(self, permit: &Permit, right: Right) -> Result<()> {
        permit.covers(&self.table.name, right, Some(self.id))
    }

    /// What the row's blocks are found by: its id, and its table unless that is the table of
    /// notes, whose attachments were the first.
    fn key(self) -> Vec<u8> {
        let mut key = self.id.into_bytes().to_vec();
        if *self.table.name != *NOTES {
            key.extend(self.table.name.as_bytes());
        }
        key
    }
}

impl Tx {
    /// The row's blocks in their order.
    ///
    /// # Errors
    /// A host error where the permit does not cover reading the row.
    pub fn blocks(&mut self, permit: &Permit, of: Holder<'_>) -> Result<Vec<Block>> {
        of.covered(permit, Right::Read)?;
        let session = self.session()?;
        let mut statement =
            session.statement(r#"SELECT "name", "size" FROM "_block" WHERE "owner" = ? ORDER BY "number", "name""#)?;
        let mut rows = statement.query([of.key()]).map_err(fault)?;
        let mut blocks = Vec::new();
        while let Some(row) = rows.next().map_err(fault)? {
            blocks.push(Block {
                name: row.get(0).map_err(fault)?,
                size: row.get::<_, i64>(1).map_err(fault)?.unsigned_abs(),
            });
        }
        Ok(blocks)
    }

    /// Puts a block beside the row, after those that are there; it takes the place of one of
    /// the same name.
    ///
    /// # Errors
    /// A host error where the permit does not cover writing the row, or the disk is full.
    pub fn put_block(&mut self, permit: &Permit, of: Holder<'_>, name: &str, bytes: &[u8]) -> Result<()> {
        of.covered(permit, Right::Write)?;
        let session = self.writer()?;
        drop_block(session, of, name)?;
        session
            .statement(r#"INSERT INTO "_bytes" ("content") VALUES (?)"#)?
            .execute([bytes])
            .map_err(fault)?;
        let content = session.conn.last_insert_rowid();
        let size = i64::try_from(bytes.len()).map_err(|_| Error::host("a block has more bytes than can be counted"))?;
        session
            .statement(
                r#"INSERT INTO "_block" ("owner", "name", "number", "size", "bytes")
                   SELECT ?1, ?2, COALESCE(MAX("number"), 0) + 1, ?3, ?4 FROM "_block" WHERE "owner" = ?1"#,
            )?
            .execute(params![of.key(), name, size, content])
            .map_err(fault)?;
        Ok(())
    }

    /// Gives the row `to` the blocks of the row `from` that are named, in this order, in place
    /// of its own. The others of `from` are gone.
    ///
    /// # Errors
    /// A host error where the permit does not cover writing both rows, or there is no block of
    /// that name.
    pub fn move_blocks(&mut self, permit: &Permit, from: Holder<'_>, to: Holder<'_>, names: &[&str]) -> Result<()> {
        from.covered(permit, Right::Write)?;
        to.covered(permit, Right::Write)?;
        let session = self.writer()?;
        drop_blocks(session, to)?;
        for (number, name) in (1_i64..).zip(names) {
            let moved = session
                .statement(
                    r#"UPDATE "_block" SET "owner" = ?1, "name" = ?2, "number" = ?3 WHERE "owner" = ?4 AND "name" = ?5"#,
                )?
                .execute(params![to.key(), number.to_string(), number, from.key(), name])
                .map_err(fault)?;
            if moved == 0 {
                return Err(Error::host(format!("there is no block `{name}` to be moved")));
            }
        }
        drop_blocks(session, from)
    }

    /// The bytes from `offset` on, at most `length` of them; fewer where the row's blocks end.
    ///
    /// # Errors
    /// A host error where the permit does not cover reading the row.
    pub fn read_blocks(&mut self, permit: &Permit, of: Holder<'_>, offset: u64, length: usize) -> Result<Vec<u8>> {
        of.covered(permit, Right::Read)?;
        let session = self.session()?;
        let mut statement =
            session.statement(r#"SELECT "size", "bytes" FROM "_block" WHERE "owner" = ? ORDER BY "number", "name""#)?;
        let mut rows = statement.query([of.key()]).map_err(fault)?;
        let mut bytes = Vec::new();
        let mut skip = offset;
        while let Some(row) = rows.next().map_err(fault)? {
            let wanted = length - bytes.len();
            if wanted == 0 {
                break;
            }
            let size = row.get::<_, i64>(0).map_err(fault)?.unsigned_abs();
            if skip >= size {
                skip -= size;
                continue;
            }
            append(session, &mut bytes, row.get(1).map_err(fault)?, skip, wanted)?;
            skip = 0;
        }
        Ok(bytes)
    }

    /// Removes the row's blocks.
    ///
    /// # Errors
    /// A host error where the permit does not cover writing the row.
    pub fn drop_blocks(&mut self, permit: &Permit, of: Holder<'_>) -> Result<()> {
        of.covered(permit, Right::Write)?;
        drop_blocks(self.writer()?, of)
    }
}

/// Adds bytes of one block: those from `skip` on, at most `wanted`.
fn append(session: &Session, bytes: &mut Vec<u8>, content: i64, skip: u64, wanted: usize) -> Result<()> {
    let mut statement = session.statement(r#"SELECT "content" FROM "_bytes" WHERE "id" = ?"#)?;
    let mut rows = statement.query([content]).map_err(fault)?;
    let row = rows.next().map_err(fault)?;
    let lost = || Error::host("the file lacks the bytes of a block; restore a backup").with_remedy(Remedy::Restore);
    let row = row.ok_or_else(lost)?;
    let held = row.get_ref(0).and_then(|cell| Ok(cell.as_blob()?)).map_err(fault)?;
    let rest = usize::try_from(skip).ok().and_then(|skip| held.get(skip..));
    let rest = rest.ok_or_else(lost)?;
    bytes.extend_from_slice(rest.get(..wanted).unwrap_or(rest));
    Ok(())
}

fn drop_block(session: &Session, of: Holder<'_>, name: &str) -> Result<()> {
    session
        .statement(
            r#"DELETE FROM "_bytes" WHERE "id" IN (SELECT "bytes" FROM "_block" WHERE "owner" = ? AND "name" = ?)"#,
        )?
        .execute(params![of.key(), name])
        .map_err(fault)?;
    session
        .statement(r#"DELETE FROM "_block" WHERE "owner" = ? AND "name" = ?"#)?
        .execute(params![of.key(), name])
        .map_err(fault)?;
    Ok(())
}

fn drop_blocks(session: &Session, of: Holder<'_>) -> Result<()> {
    session
        .statement(r#"DELETE FROM "_bytes" WHERE "id" IN (SELECT "bytes" FROM "_block" WHERE "owner" = ?)"#)?
        .execute([of.key()])
        .map_err(fault)?;
    session
        .statement(r#"DELETE FROM "_block" WHERE "owner" = ?"#)?
        .execute([of.key()])
        .map_err(fault)?;
    Ok(())
}
