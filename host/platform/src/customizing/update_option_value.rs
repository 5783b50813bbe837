//! UpdateOptionValue: gives an option another label.

use sluice_model::{ParameterType, Result};

use super::option_values::{self, COLUMN, NAME, TABLE, VALUE};
use sluice_engine::{
    Operation, Unit,
    message::{Message, ParameterDef, Shape, input, required},
};

/// `UpdateOptionValue`.
pub(crate) struct UpdateOptionValue;

impl Message for UpdateOptionValue {
    fn name(&self) -> &'static str {
        "UpdateOptionValue"
    }

    fn doc(&self) -> &'static str {
        "Gives an option another label; it counts when the choice is published."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[NAME, TABLE, COLUMN, VALUE, required("Label", ParameterType::Text)];
        option_values::shape(INPUTS, &[])
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        option_values::check(unit, operation)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let value = input::int(operation, "Value")?.unwrap_or_default();
        let label = option_values::label(operation)?;
        option_values::change(unit, operation, |name, options| {
            option_values::find(name, options, value)?.label = label;
            Ok(())
        })
    }
}
