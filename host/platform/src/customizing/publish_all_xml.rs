//! PublishAllXml: publishes every change of mappings, choices, forms and offline profiles.

use sluice_model::{Parameter, ParameterType, Result};

use super::publish::publish_for;
use crate::customizing::publish::Unpublished;
use sluice_engine::{
    Operation, Unit,
    message::{Images, Message, ParameterDef, Shape, Takes, required},
};

/// `PublishAllXml`.
pub(crate) struct PublishAllXml;

/// Both messages tell what they published, which the platform's do not.
pub(super) const OUTPUTS: &[ParameterDef] = &[required("Published", ParameterType::References)];

pub(super) fn tell(operation: &mut Operation, changes: &[Unpublished]) {
    let rows = changes.iter().map(|change| change.row.clone()).collect();
    operation.output("Published", Parameter::References(rows));
}

impl Message for PublishAllXml {
    fn name(&self) -> &'static str {
        "PublishAllXml"
    }

    fn doc(&self) -> &'static str {
        "Publishes every change of mappings, choices, forms and offline profiles."
    }

    fn shape(&self) -> Shape {
        Shape {
            takes: Takes::Nothing,
            tables: None,
            reads: false,
            images: Images::None,
            binds_table: false,
            inputs: &[],
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, _: &mut Unit, _: &Operation) -> Result<()> {
        Ok(())
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let changes = publish_for(unit, operation, None)?;
        tell(operation, &changes);
        Ok(())
    }
}
