//! InitializeAnnotationBlocksUpload: begins to upload the attachment of a note, block by
//! block. The Target is the note, or the one that the upload will make.

use sluice_model::{ParameterType, Result, Right};

use crate::notes::attachments::{self, Upload};
use sluice_engine::{
    Operation, Unit,
    message::{Images, Message, ParameterDef, Shape, Takes, create, required},
    tables,
};

/// `InitializeAnnotationBlocksUpload`.
pub(crate) struct InitializeAnnotationBlocksUpload;

impl Message for InitializeAnnotationBlocksUpload {
    fn name(&self) -> &'static str {
        "InitializeAnnotationBlocksUpload"
    }

    fn doc(&self) -> &'static str {
        "Begins to upload the attachment of a note in blocks."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("Target", ParameterType::Row)];
        const OUTPUTS: &[ParameterDef] = &[required("FileContinuationToken", ParameterType::Text)];
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
        // What the commit would refuse is not uploaded in vain.
        let there = attachments::existing(unit, operation, &table)?;
        attachments::check_upload(operation, &table, there)?;
        match there {
            Some(id) => drop(unit.decide(operation, &table, Right::Write, id)?),
            None => drop(create::permitted(unit, operation, &table)?),
        }
        let upload = Upload::begin(unit, operation, operation.row_id())?;
        operation.output("FileContinuationToken", upload.token().as_str());
        Ok(())
    }
}
