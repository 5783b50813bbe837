//! DeleteOptionValue: removes an option. Rows that hold it keep its number.

use sluice_model::Result;

use super::option_values::{self, COLUMN, NAME, TABLE, VALUE};
use sluice_engine::{
    Operation, Unit,
    message::{Message, ParameterDef, Shape, input},
};

/// `DeleteOptionValue`.
pub(crate) struct DeleteOptionValue;

impl Message for DeleteOptionValue {
    fn name(&self) -> &'static str {
        "DeleteOptionValue"
    }

    fn doc(&self) -> &'static str {
        "Removes an option; it is gone when the choice is published."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[NAME, TABLE, COLUMN, VALUE];
        option_values::shape(INPUTS, &[])
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        option_values::check(unit, operation)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let value = input::int(operation, "Value")?.unwrap_or_default();
        option_values::change(unit, operation, |name, options| {
            option_values::find(name, options, value)?;
            options.retain(|option| option.value != value);
            Ok(())
        })
    }
}
