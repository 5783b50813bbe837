//! Notes: whose row they are about is kept by name, and an attachment that is written as
//! `documentbody` goes into blocks; the column itself stays empty.

use sluice_access::ColumnRight;
use sluice_model::{Error, Name, Remedy, Result, Row, TableDef, Uuid, Value};

use crate::notes::attachments::{self, BODY, INLINE};
use sluice_engine::{Operation, ReadRules, Rules, Unit, tables};

/// The rules of `annotation`.
pub(super) struct Annotation;

impl Rules for Annotation {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let id = match operation.target()?.id {
            id if id.is_nil() => unit.new_id(),
            id => id,
        };
        let body = take_body(operation)?;
        let target = target(operation)?;
        target.id = id;
        name_regarding(target);
        write_body(unit, operation, &table, id, body)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let table = operation.table()?;
        let body = take_body(operation)?;
        name_regarding(target(operation)?);
        write_body(unit, operation, &table, before.id, body)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        attachments::drop_whole(unit, &*operation.table()?, operation.id()?)
    }

    fn reading(&self) -> Option<&dyn ReadRules> {
        Some(self)
    }
}

impl ReadRules for Annotation {
    fn after_read(
        &self,
        unit: &mut Unit,
        operation: &Operation,
        columns: Option<&[Name]>,
        rows: &mut [Row],
    ) -> Result<()> {
        if !columns.into_iter().flatten().any(|name| &**name == BODY) {
            return Ok(());
        }
        let table = unit.snapshot()?.table(tables::NOTE)?.clone();
        if !operation.principal().may_with_column(&table, BODY, ColumnRight::Read) {
            return Ok(());
        }
        let mut left = INLINE;
        for row in rows {
            let most = usize::try_from(left + 1).unwrap_or(usize::MAX);
            let bytes = attachments::read(unit, operation, &table, row.id, (0, most))?;
            left = left.checked_sub(bytes.len() as u64).ok_or_else(too_much)?;
            if !bytes.is_empty() {
                row.set(BODY, sluice_engine::base64::to_base64(&bytes));
            }
        }
        Ok(())
    }
}

fn too_much() -> Error {
    Error::invalid(format!(
        "the attachments asked for have more than {INLINE} bytes together, which is the most that `{BODY}` carries: ask \
         for fewer notes, or download them in blocks (InitializeAnnotationBlocksDownload, DownloadBlock)"
    ))
    .with_table(tables::NOTE)
    .with_remedy(Remedy::SaveAttachment)
}

fn target(operation: &mut Operation) -> Result<&mut Row> {
    let target = operation.target_mut();
    target.ok_or_else(|| Error::host("a note is written without its row"))
}

/// `objecttypecode` is the table of `objectid`.
fn name_regarding(target: &mut Row) {
    let table = match target.get("objectid") {
        Some(Value::Lookup(regarding)) => Value::from(&*regarding.table),
        Some(_) => Value::Null,
        None => return,
    };
    target.set("objecttypecode", table);
}

/// What was sent as `documentbody`: bytes, nothing at all in place of an attachment, or no
/// word about it.
fn take_body(operation: &mut Operation) -> Result<Option<Option<Vec<u8>>>> {
    match target(operation)?.values.remove(BODY) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(Value::Text(text)) => match sluice_engine::base64::from_base64(&text) {
            Some(bytes) => Ok(Some(Some(bytes).filter(|bytes| !bytes.is_empty()))),
            None => Err(Error::invalid(format!(
                "column `{BODY}` takes an attachment in base64, which this text is not"
            ))
            .with_table(tables::NOTE)),
        },
        Some(_) => Err(Error::invalid(format!("column `{BODY}` takes a text in base64")).with_table(tables::NOTE)),
    }
}

fn write_body(
    unit: &mut Unit,
    operation: &mut Operation,
    table: &TableDef,
    id: Uuid,
    body: Option<Option<Vec<u8>>>,
) -> Result<()> {
    let target = target(operation)?;
    match body {
        None => {}
        Some(None) => {
            attachments::drop_whole(unit, table, id)?;
            target.set("isdocument", false);
            target.set("filesize", Value::Null);
        }
        Some(Some(bytes)) => {
            attachments::check_size(unit, bytes.len() as u64)?;
            attachments::put_whole(unit, table, id, &bytes)?;
            target.set("isdocument", true);
            target.set("filesize", Value::Int(i32::try_from(bytes.len()).unwrap_or(i32::MAX)));
        }
    }
    Ok(())
}
