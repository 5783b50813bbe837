//! What a plug-in type stands for is what its steps run.

use sluice_model::{Result, Row};

use super::missing;
use sluice_engine::{Operation, Unit, giving, rules::Rules};

pub(super) struct PluginType;

/// A type, as a sentence names it.
fn called(row: &Row) -> String {
    format!("the type `{}`", row.text("typename").unwrap_or_default())
}

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
                giving::check_callers_of(unit, operation, &[before.id])?;
                missing::check_called(unit, &[before.id], &called(before))?;
                missing::check_type(unit, &whole)
            }
            false => Ok(()),
        }
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let row = unit.need_as_platform("a type stays while it is called", &operation.target_reference()?)?;
        missing::check_called(unit, &[row.id], &called(&row))
    }
}
