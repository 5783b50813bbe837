//! DeleteEntityKey: takes an alternate key away, with its index. The rows stay as they are.

use sluice_engine::{
    Operation, Unit,
    message::{Message, ParameterDef, Shape, input, required},
};
use sluice_model::{ParameterType, Result, Right};

use super::{
    create_entity_key::{require, shape},
    life,
};

/// `DeleteEntityKey`.
pub(super) struct DeleteEntityKey;

impl Message for DeleteEntityKey {
    fn name(&self) -> &'static str {
        "DeleteEntityKey"
    }

    fn doc(&self) -> &'static str {
        "Takes an alternate key away; the rows stay as they are."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("EntityLogicalName", ParameterType::Text),
            required("Name", ParameterType::Text),
        ];
        shape(INPUTS, &[])
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        require(unit, operation, Right::Delete)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = input::text(operation, "EntityLogicalName")?;
        let key = life::find(unit, &table, &input::text(operation, "Name")?)?;
        life::refuse_managed(&key, operation.is_import())?;
        life::delete(unit, &key)
    }
}
