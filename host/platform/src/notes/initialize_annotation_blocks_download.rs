//! InitializeAnnotationBlocksDownload: begins to download the attachment of a note, block by
//! block.

use sluice_access::ColumnRight;
use sluice_model::{Code, Error, ParameterType, Result, Right, Value};

use crate::notes::attachments::{self, Download};
use sluice_engine::{
    Operation, Unit,
    message::{Images, Message, ParameterDef, Shape, Takes, required},
    principals, tables,
};

/// `InitializeAnnotationBlocksDownload`.
pub(crate) struct InitializeAnnotationBlocksDownload;

impl Message for InitializeAnnotationBlocksDownload {
    fn name(&self) -> &'static str {
        "InitializeAnnotationBlocksDownload"
    }

    fn doc(&self) -> &'static str {
        "Begins to download the attachment of a note in blocks."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("Target", ParameterType::Reference)];
        const OUTPUTS: &[ParameterDef] = &[
            required("FileContinuationToken", ParameterType::Text),
            required("FileSizeInBytes", ParameterType::BigInt),
            required("FileName", ParameterType::Text),
        ];
        Shape {
            takes: Takes::Reference("Target"),
            tables: Some(&[tables::NOTE]),
            reads: true,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let id = operation.id()?;
        let note = unit.row_with_rights(operation, tables::NOTE, id, &[Right::Read])?;
        let Some(size) = note.int("filesize").filter(|_| note.bool("isdocument") == Some(true)) else {
            let subject = note.text("subject").unwrap_or("(without a title)");
            let message = format!("the note \"{subject}\" ({id}) has no attachment");
            return Err(Error::new(Code::NOT_FOUND, message).with_table(tables::NOTE));
        };
        attachments::check_body(operation, &*operation.table()?, ColumnRight::Read, id)?;
        let download = Download {
            note: id,
            version: attachments::version(&note),
        };
        operation.output("FileContinuationToken", download.token().as_str());
        operation.output("FileSizeInBytes", Value::BigInt(size.into()));
        operation.output("FileName", note.text("filename").unwrap_or_default());
        Ok(())
    }
}
