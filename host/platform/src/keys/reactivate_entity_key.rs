//! ReactivateEntityKey: tries again to make the index of a key that failed, once the rows that were
//! in its way have values of their own.

use sluice_engine::{
    Operation, Unit,
    message::{Message, ParameterDef, Shape, input, required},
};
use sluice_model::{ParameterType, Result, Right, Value};

use super::{
    create_entity_key::{require, shape},
    life,
};

/// `ReactivateEntityKey`.
pub(super) struct ReactivateEntityKey;

impl Message for ReactivateEntityKey {
    fn name(&self) -> &'static str {
        "ReactivateEntityKey"
    }

    fn doc(&self) -> &'static str {
        "Tries again to make the index of an alternate key that failed."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("EntityLogicalName", ParameterType::Text),
            required("EntityKeyLogicalName", ParameterType::Text),
        ];
        const OUTPUTS: &[ParameterDef] = &[required("JobId", ParameterType::Id)];
        shape(INPUTS, OUTPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        require(unit, operation, Right::Write)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = input::text(operation, "EntityLogicalName")?;
        let key = life::find(unit, &table, &input::text(operation, "EntityKeyLogicalName")?)?;
        let owner = operation.principal().clone();
        let job = life::reactivate(unit, &owner, &key)?;
        operation.output("JobId", Value::Id(job));
        Ok(())
    }
}
