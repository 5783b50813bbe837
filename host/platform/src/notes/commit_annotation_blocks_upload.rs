//! CommitAnnotationBlocksUpload: makes the uploaded blocks the attachment of a note, which an
//! ordinary Create makes or an ordinary Update changes, in the caller's name.

use sluice_model::{Error, ParameterType, Request, Result, Row, Value};

use crate::notes::attachments::{self, BODY, Upload};
use sluice_engine::{
    Operation, Unit,
    message::{Images, Message, ParameterDef, Shape, Takes, input, required},
    tables,
};

/// `CommitAnnotationBlocksUpload`.
pub(crate) struct CommitAnnotationBlocksUpload;

impl Message for CommitAnnotationBlocksUpload {
    fn name(&self) -> &'static str {
        "CommitAnnotationBlocksUpload"
    }

    fn doc(&self) -> &'static str {
        "Makes the uploaded blocks the attachment of a note."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Target", ParameterType::Row),
            required("BlockList", ParameterType::Names),
            required("FileContinuationToken", ParameterType::Text),
        ];
        const OUTPUTS: &[ParameterDef] = &[
            required("AnnotationId", ParameterType::Id),
            required("FileSizeInBytes", ParameterType::BigInt),
        ];
        Shape {
            takes: Takes::Row,
            tables: Some(&[tables::NOTE]),
            reads: false,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        attachments::require_write(unit, operation)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let upload = Upload::of(unit, operation, &input::text(operation, "FileContinuationToken")?)?;
        if upload.note.is_some() && upload.note != operation.row_id() {
            return Err(Error::invalid("the upload was begun for another note than the Target"));
        }
        let names: Vec<String> = input::names(operation, "BlockList")?
            .iter()
            .map(ToString::to_string)
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let size = size(unit, &upload, &names)?;
        attachments::check_size(unit, size)?;
        let id = write_note(unit, operation)?;
        upload.commit(unit, &table, id, &names)?;

        // The size is the platform's to fill: a caller cannot write it.
        let filled = Row::new(tables::NOTE, id).with("filesize", Value::Int(i32::try_from(size).unwrap_or(i32::MAX)));
        unit.update_as_platform("fill in the size of an attachment that was uploaded", filled)?;
        operation.set_row_id(id);
        operation.output("AnnotationId", Value::Id(id));
        operation.output(
            "FileSizeInBytes",
            Value::BigInt(i64::try_from(size).unwrap_or(i64::MAX)),
        );
        Ok(())
    }
}

/// How many bytes the named blocks have together; each has to be there, and once.
fn size(unit: &mut Unit, upload: &Upload, names: &[&str]) -> Result<u64> {
    let mut blocks = upload.blocks(unit)?;
    let mut size = 0;
    for name in names {
        let found = blocks.iter().position(|block| block.name == *name);
        let Some(found) = found else {
            return Err(Error::invalid(format!(
                "the upload has no block `{name}`, or it is listed twice"
            )));
        };
        size += blocks.swap_remove(found).size;
    }
    Ok(size)
}

fn write_note(unit: &mut Unit, operation: &Operation) -> Result<sluice_model::Uuid> {
    let table = operation.table()?;
    let mut row = operation.target()?.clone();
    if row.has(BODY) {
        return Err(Error::invalid(format!(
            "an attachment comes in blocks or as `{BODY}`, not both"
        )));
    }
    row.set("isdocument", true);
    let there = attachments::existing(unit, operation, &table)?;
    attachments::check_upload(operation, &table, there)?;
    if let Some(id) = there {
        row.id = id;
        unit.run_as_caller(operation, Request::update(row))?;
        return Ok(id);
    }
    let made = unit.run_as_caller(operation, Request::create(row))?.created();
    made.ok_or_else(|| Error::host("a note was made without an id"))
}
