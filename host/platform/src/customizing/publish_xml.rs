//! PublishXml: publishes the changes of some rows. The platform names them in XML, by what
//! they belong to; here they are references.

use sluice_model::{ParameterType, Result};

use super::publish::publish_for;
use super::publish_all_xml::{OUTPUTS, tell};
use sluice_engine::{
    Operation, Unit,
    message::{Images, Message, ParameterDef, Shape, Takes, input, required},
};

/// `PublishXml`.
pub(crate) struct PublishXml;

impl Message for PublishXml {
    fn name(&self) -> &'static str {
        "PublishXml"
    }

    fn doc(&self) -> &'static str {
        "Publishes the changes of some rows of mappings, choices, forms and offline profiles."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("Components", ParameterType::References)];
        Shape {
            takes: Takes::Nothing,
            tables: None,
            reads: false,
            images: Images::None,
            binds_table: false,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, _: &mut Unit, _: &Operation) -> Result<()> {
        Ok(())
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let rows = input::references(operation, "Components")?;
        let changes = publish_for(unit, operation, Some(&rows))?;
        tell(operation, &changes);
        Ok(())
    }
}
