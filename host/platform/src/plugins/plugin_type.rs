//! What a plug-in type stands for is what its steps run.

use sluice_model::{Result, Row};

use super::missing;
use sluice_engine::{Operation, Unit, giving, rules::Rules};

pub(super) struct PluginType;

impl Rules for PluginType {
    /// A type is one that the plug-in's file has.
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        missing::check_type(unit, operation.target()?)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        let changes = |column: &str| {
            target
                .get(column)
                .is_some_and(|value| before.get(column) != Some(value))
        };
        match changes("typename") || changes("pluginassemblyid") {
            true => {
                let mut whole = before.clone();
                whole.values.extend(target.values.clone());
                giving::check_steps_of(unit, operation, &[before.id])?;
                missing::check_type(unit, &whole)
            }
            false => Ok(()),
        }
    }
}
