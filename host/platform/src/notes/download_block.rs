//! DownloadBlock: some bytes of an attachment that is being downloaded. Every block is checked
//! as the first one was.

use sluice_model::{Code, Error, ParameterType, Result, Right};

use crate::notes::attachments::{self, BLOCK, Download};
use sluice_engine::{
    Operation, Unit,
    message::{Message, ParameterDef, Shape, Takes, input, required},
    principals, tables,
};

/// `DownloadBlock`.
pub(crate) struct DownloadBlock;

impl Message for DownloadBlock {
    fn name(&self) -> &'static str {
        "DownloadBlock"
    }

    fn doc(&self) -> &'static str {
        "Downloads one block of an attachment, at most 4 MiB."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Offset", ParameterType::BigInt),
            required("BlockLength", ParameterType::BigInt),
            required("FileContinuationToken", ParameterType::Text),
        ];
        const OUTPUTS: &[ParameterDef] = &[required("Data", ParameterType::Bytes)];
        Shape::reading(Takes::Nothing, INPUTS, OUTPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let table = unit.snapshot()?.table(tables::NOTE)?.clone();
        principals::require(unit, operation, &table, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let download = Download::of(&input::text(operation, "FileContinuationToken")?)?;
        let offset = input::count(operation, "Offset")?;
        let length = input::count(operation, "BlockLength")?;
        let length = usize::try_from(length)
            .ok()
            .filter(|length| (1..=BLOCK).contains(length));
        let length = length.ok_or_else(|| Error::invalid(format!("a block has 1 to {BLOCK} bytes")))?;
        let note = unit.row_with_rights(operation, tables::NOTE, download.note, &[Right::Read])?;
        if attachments::version(&note) != download.version {
            let message = "the note was changed since the download began; begin again";
            return Err(Error::new(Code::INVALID_ARGUMENT, message).with_table(tables::NOTE));
        }
        let table = unit.snapshot()?.table(tables::NOTE)?.clone();
        let bytes = attachments::read(unit, operation, &table, note.id, (offset, length))?;
        operation.output("Data", sluice_engine::base64::to_base64(&bytes).as_str());
        Ok(())
    }
}
