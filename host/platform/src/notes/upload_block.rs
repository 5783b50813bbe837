//! UploadBlock: one block of an attachment that is being uploaded. A block of a name that has
//! come already takes its place.

use sluice_model::{Error, ParameterType, Result, Right};

use crate::notes::attachments::{self, BLOCK, MOST_BLOCKS, Upload};
use sluice_engine::{
    Operation, Unit,
    message::{Images, Message, ParameterDef, Shape, Takes, input, required},
    principals, tables,
};

/// The most characters of a block's name.
const NAME: usize = 256;

/// `UploadBlock`.
pub(crate) struct UploadBlock;

impl Message for UploadBlock {
    fn name(&self) -> &'static str {
        "UploadBlock"
    }

    fn doc(&self) -> &'static str {
        "Uploads one block of an attachment, at most 4 MiB."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("BlockId", ParameterType::Text),
            required("BlockData", ParameterType::Bytes),
            required("FileContinuationToken", ParameterType::Text),
        ];
        Shape {
            takes: Takes::Nothing,
            tables: None,
            reads: false,
            images: Images::None,
            binds_table: false,
            inputs: INPUTS,
            outputs: &[],
        }
    }

    /// Whoever may make notes or change them; whose upload it is, is asked next.
    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let table = unit.snapshot()?.table(tables::NOTE)?.clone();
        principals::require(unit, operation, &table, Right::Create)
            .or_else(|refused| principals::require(unit, operation, &table, Right::Write).map_err(|_| refused))
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let upload = Upload::of(unit, operation, &input::text(operation, "FileContinuationToken")?)?;
        let name = input::text(operation, "BlockId")?;
        if name.is_empty() || name.len() > NAME {
            return Err(Error::invalid(format!("a block's id has 1 to {NAME} characters")));
        }
        let bytes = input::bytes(operation, "BlockData")?;
        if bytes.is_empty() || bytes.len() > BLOCK {
            return Err(Error::invalid(format!(
                "block `{name}` has {} bytes; a block has 1 to {BLOCK}",
                bytes.len()
            )));
        }
        let mut others = upload.blocks(unit)?;
        others.retain(|block| block.name != name);
        if others.len() >= MOST_BLOCKS {
            return Err(Error::invalid(format!("an upload has at most {MOST_BLOCKS} blocks")));
        }
        attachments::check_size(unit, attachments::total(&others) + bytes.len() as u64)?;
        upload.put(unit, &name, &bytes)
    }
}
