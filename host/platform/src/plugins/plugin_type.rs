//! What a plug-in type stands for is what its steps run.

use sluice_model::{Result, Row};

use sluice_engine::{Operation, Unit, giving, rules::Rules};

pub(super) struct PluginType;

impl Rules for PluginType {
    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        let changes = |column: &str| {
            target
                .get(column)
                .is_some_and(|value| before.get(column) != Some(value))
        };
        match changes("typename") || changes("pluginassemblyid") {
            true => giving::check_steps_of(unit, operation, &[before.id]),
            false => Ok(()),
        }
    }
}
