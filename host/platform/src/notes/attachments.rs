//! Attachments of notes: bytes that are kept in blocks beside the note's row. They come and go
//! in blocks; small ones also as base64 in the column `documentbody`, which the row itself
//! never holds. Source: the platform's guide to files of notes.

use super::UPLOAD;
use sluice_access::{ColumnRight, check_columns};
use sluice_engine::{Block, Holder};
use sluice_model::{
    Code, Comparison, Error, Filter, Query, Reference, Result, Right, Row, TableDef, Timestamp, Uuid, Value,
};

use sluice_engine::{Operation, Unit, keeping, principals, tables};

/// The most bytes of a block, in both directions.
pub(crate) const BLOCK: usize = 4 << 20;

/// The most bytes that one answer carries in `documentbody`.
pub(crate) const INLINE: u64 = 16 << 20;

/// How many blocks an upload may have.
pub(crate) const MOST_BLOCKS: usize = 10_000;

/// How long an upload may take, in seconds. What is not committed by then is thrown away when
/// the next upload begins.
const PATIENCE: i64 = 24 * 60 * 60;

/// How many uploads a user may have under way. The next one takes the place of the oldest, so
/// that nobody fills the disk with what is never committed.
const MOST_UPLOADS: usize = 16;

/// The column that carries a small attachment.
pub(crate) const BODY: &str = "documentbody";

/// How many bytes blocks have together.
pub(crate) fn total(blocks: &[Block]) -> u64 {
    blocks.iter().map(|block| block.size).sum()
}

/// Refuses what is larger than the organisation takes.
pub(crate) fn check_size(unit: &Unit, size: u64) -> Result<()> {
    let kib = unit
        .setting("maxuploadfilesize")
        .and_then(Value::as_int)
        .unwrap_or(5_120);
    let most = u64::from(kib.unsigned_abs()) * 1_024;
    if size <= most {
        return Ok(());
    }
    Err(Error::new(
        Code::ATTACHMENT_TOO_LARGE,
        format!(
            "Attachment file size is too big: this organisation takes at most {most} bytes ({kib} KiB, its setting \
             notes.max-file-size)."
        ),
    )
    .with_table(tables::NOTE))
}

/// An upload under way.
pub(crate) struct Upload {
    pub(crate) id: Uuid,
    /// The note that was named when it began.
    pub(crate) note: Option<Uuid>,
    table: std::sync::Arc<TableDef>,
}

impl Upload {
    /// Begins one, and throws away what others have left behind.
    pub(crate) fn begin(unit: &mut Unit, operation: &Operation, note: Option<Uuid>) -> Result<Self> {
        let table = unit.snapshot()?.table(UPLOAD)?.clone();
        let now = operation.created_on();
        clear(unit, &table, operation.principal().id(), now)?;
        let mut row = Row::new(UPLOAD, unit.new_id())
            .with("sl_user", operation.principal().id())
            .with("sl_started", now);
        if let Some(note) = note {
            row.set("sl_note", note);
        }
        let id = row.id;
        unit.insert_as_platform("keep what is known of an upload until it is committed", row)?;
        Ok(Self { id, note, table })
    }

    /// The upload that a token names, which the caller has begun.
    pub(crate) fn of(unit: &mut Unit, operation: &Operation, token: &str) -> Result<Self> {
        let table = unit.snapshot()?.table(UPLOAD)?.clone();
        let unknown = || {
            Error::new(
                Code::NOT_FOUND,
                "there is no such upload: its token is wrong, it was committed, it was begun by somebody else, it took \
                 longer than a day, or its owner began sixteen others since; begin again",
            )
        };
        let id = token
            .strip_prefix("upload:")
            .and_then(|id| id.parse().ok())
            .ok_or_else(unknown)?;
        let row = Reference::new(UPLOAD, id);
        let row = unit
            .read_as_platform("see whose upload a token names", &row, None)?
            .ok_or_else(unknown)?;
        if row.id_of("sl_user") != Some(operation.principal().id()) {
            return Err(unknown());
        }
        Ok(Self {
            id,
            note: row.id_of("sl_note"),
            table,
        })
    }

    /// What names it in further requests.
    pub(crate) fn token(&self) -> String {
        format!("upload:{}", self.id)
    }

    fn holder(&self) -> Holder<'_> {
        Holder {
            table: &self.table,
            id: self.id,
        }
    }

    /// The blocks that have come so far.
    pub(crate) fn blocks(&self, unit: &mut Unit) -> Result<Vec<Block>> {
        unit.beside_rows(OWN, |tx, permit| tx.blocks(permit, self.holder()))
    }

    /// Takes one more.
    pub(crate) fn put(&self, unit: &mut Unit, name: &str, bytes: &[u8]) -> Result<()> {
        unit.beside_rows(OWN, |tx, permit| tx.put_block(permit, self.holder(), name, bytes))
    }

    /// Makes the named blocks those of a note; the upload is over.
    pub(crate) fn commit(self, unit: &mut Unit, note: &TableDef, id: Uuid, names: &[&str]) -> Result<()> {
        let to = Holder { table: note, id };
        unit.beside_rows(OWN, |tx, permit| tx.move_blocks(permit, self.holder(), to, names))?;
        unit.delete_as_platform(
            "an upload whose blocks were given to a note is over",
            &Reference::new(UPLOAD, self.id),
        )
    }
}

/// Whoever has shown that the upload is theirs may do that.
const OWN: &str = "change the blocks of an upload whose owner was checked, or give them to the note that was written";

/// Throws away a few uploads that nobody has committed in time; whether there may be more.
pub(crate) fn clear_some(unit: &mut Unit, before: Timestamp) -> Result<bool> {
    let table = unit.snapshot()?.table(UPLOAD)?.clone();
    let few = keeping::FEW;
    Ok(throw_away(unit, &table, late(before), 0, few)? == few)
}

/// Uploads that began before a point in time.
fn late(before: Timestamp) -> Filter {
    Filter::Compare {
        column: "sl_started".into(),
        comparison: Comparison::Lt,
        value: Value::DateTime(before),
    }
}

/// Throws away uploads that nobody has committed in time, then those that a user who begins
/// another one has too many of.
fn clear(unit: &mut Unit, table: &TableDef, user: Uuid, now: Timestamp) -> Result<()> {
    if let Ok(then) = Timestamp::from_second(now.as_second() - PATIENCE) {
        throw_away(unit, table, late(then), 0, u32::MAX)?;
    }
    let own = Filter::eq("sl_user", user);
    throw_away(unit, table, own, MOST_UPLOADS - 1, u32::MAX).map(|_| ())
}

/// Throws away the oldest of some uploads, so that no more than `kept` are left of the first `top`;
/// how many.
fn throw_away(unit: &mut Unit, table: &TableDef, uploads: Filter, kept: usize, top: u32) -> Result<u32> {
    let query = Query::new(UPLOAD)
        .columns(&[])
        .filter(uploads)
        .order_by("sl_started")
        .order_by("sl_uploadid")
        .top(top);
    let rows = unit.select_as_platform("throw away uploads that were never committed", &query)?;
    let surplus = rows.len().saturating_sub(kept);
    for row in rows.into_iter().take(surplus) {
        let holder = Holder { table, id: row.id };
        unit.beside_rows("throw away uploads that were never committed", |tx, permit| {
            tx.drop_blocks(permit, holder)
        })?;
        unit.delete_as_platform("throw away uploads that were never committed", &row.reference())?;
    }
    Ok(u32::try_from(surplus).unwrap_or(u32::MAX))
}

/// Gate 1 for writing the attachment of the Target: Write where the note is there, Create
/// where it is not.
pub(crate) fn require_write(unit: &mut Unit, operation: &Operation) -> Result<()> {
    let table = operation.table()?;
    let right = match existing(unit, operation, &table)? {
        Some(_) => Right::Write,
        None => Right::Create,
    };
    principals::require(unit, operation, &table, right)
}

/// The id of the Target, if there is such a note.
pub(crate) fn existing(unit: &mut Unit, operation: &Operation, table: &TableDef) -> Result<Option<Uuid>> {
    let Some(id) = operation.row_id() else {
        return Ok(None);
    };
    Ok(unit.read(|tx| tx.facts().exists(table, id))?.then_some(id))
}

/// Puts a whole attachment beside a note that is being written, in place of what is there.
pub(crate) fn put_whole(unit: &mut Unit, note: &TableDef, id: Uuid, bytes: &[u8]) -> Result<()> {
    let holder = Holder { table: note, id };
    unit.beside_rows("keep the attachment of a note that is being written", |tx, permit| {
        tx.drop_blocks(permit, holder)?;
        for (number, block) in (1..).zip(bytes.chunks(BLOCK)) {
            tx.put_block(permit, holder, &format!("{number}"), block)?;
        }
        Ok(())
    })
}

/// Removes the attachment of a note that is changed or deleted.
pub(crate) fn drop_whole(unit: &mut Unit, note: &TableDef, id: Uuid) -> Result<()> {
    unit.beside_rows(
        "remove the attachment of a note that is changed or deleted",
        |tx, permit| tx.drop_blocks(permit, Holder { table: note, id }),
    )
}

/// Whether the caller may do that with the attachment of a note: it lies beside the row, and is read and
/// written as its column would be.
///
/// # Errors
/// The column is secured, and no profile of the caller gives it.
pub(crate) fn check_body(operation: &Operation, note: &TableDef, right: ColumnRight, id: Uuid) -> Result<()> {
    check_columns(operation.principal(), note, right, [&BODY.into()], id)
}

/// Whether the caller may write the attachment of the note that is to be uploaded, made or changed.
pub(crate) fn check_upload(operation: &Operation, note: &TableDef, there: Option<Uuid>) -> Result<()> {
    let right = match there {
        Some(_) => ColumnRight::Update,
        None => ColumnRight::Create,
    };
    check_body(operation, note, right, there.unwrap_or_default())
}

/// Some bytes of the attachment of a note that the caller may read.
pub(crate) fn read(
    unit: &mut Unit,
    operation: &Operation,
    note: &TableDef,
    id: Uuid,
    (offset, length): (u64, usize),
) -> Result<Vec<u8>> {
    let permit = unit.decide(operation, note, Right::Read, id)?;
    check_body(operation, note, ColumnRight::Read, id)?;
    unit.read(|tx| tx.read_blocks(&permit, Holder { table: note, id }, offset, length))
}

/// A note as a download began: what changes the note ends the download.
pub(crate) struct Download {
    pub(crate) note: Uuid,
    pub(crate) version: i64,
}

impl Download {
    /// What names it in further requests. It proves nothing: every request is checked anew.
    pub(crate) fn token(&self) -> String {
        format!("download:{}:{}", self.note, self.version)
    }

    /// The download that a token names.
    pub(crate) fn of(token: &str) -> Result<Self> {
        let parts = || {
            let (note, version) = token.strip_prefix("download:")?.split_once(':')?;
            Some(Self {
                note: note.parse().ok()?,
                version: version.parse().ok()?,
            })
        };
        parts().ok_or_else(|| {
            Error::new(
                Code::NOT_FOUND,
                "there is no such download: its token is wrong; begin again",
            )
        })
    }
}

/// The version of a row, as a number.
pub(crate) fn version(row: &Row) -> i64 {
    match row.get("versionnumber") {
        Some(Value::BigInt(version)) => *version,
        _ => 0,
    }
}
