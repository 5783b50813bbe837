//! InsertOptionValue: adds an option to a global choice, or to the choice of a column.

use sluice_model::{ParameterType, Result, Value};

use super::option_values::{self, COLUMN, NAME, TABLE};
use sluice_engine::{
    Operation, Unit,
    message::{Message, ParameterDef, Shape, optional, required},
};

/// `InsertOptionValue`.
pub(crate) struct InsertOptionValue;

impl Message for InsertOptionValue {
    fn name(&self) -> &'static str {
        "InsertOptionValue"
    }

    fn doc(&self) -> &'static str {
        "Adds an option to a choice; it counts when the choice is published."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            NAME,
            TABLE,
            COLUMN,
            optional("Value", ParameterType::Int),
            required("Label", ParameterType::Text),
        ];
        const OUTPUTS: &[ParameterDef] = &[required("NewOptionValue", ParameterType::Int)];
        option_values::shape(INPUTS, OUTPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        option_values::check(unit, operation)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let value = option_values::insert(unit, operation, None)?;
        operation.output("NewOptionValue", Value::Int(value));
        Ok(())
    }
}
