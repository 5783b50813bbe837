//! InsertStatusValue: adds a status reason to a state of a table.

use sluice_model::{ParameterType, Result, Value};

use super::option_values::{self, COLUMN, NAME, TABLE};
use sluice_engine::{
    Operation, Unit,
    message::{Message, ParameterDef, Shape, input, optional, required},
};

/// `InsertStatusValue`.
pub(crate) struct InsertStatusValue;

impl Message for InsertStatusValue {
    fn name(&self) -> &'static str {
        "InsertStatusValue"
    }

    fn doc(&self) -> &'static str {
        "Adds a status reason to a state; it counts when the choice is published."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            NAME,
            TABLE,
            COLUMN,
            optional("Value", ParameterType::Int),
            required("Label", ParameterType::Text),
            required("StateCode", ParameterType::Int),
        ];
        const OUTPUTS: &[ParameterDef] = &[required("NewOptionValue", ParameterType::Int)];
        option_values::shape(INPUTS, OUTPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        option_values::check(unit, operation)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let state = input::int(operation, "StateCode")?;
        let value = option_values::insert(unit, operation, state)?;
        operation.output("NewOptionValue", Value::Int(value));
        Ok(())
    }
}
