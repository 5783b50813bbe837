//! What a plug-in type stands for is what its steps run.

use sluice_model::{Code, Error, Filter, Query, Result, Row, Uuid, Value};

use super::{missing, plugin_step};
use sluice_engine::{Operation, Unit, giving, rules::Rules, tables};

pub(super) struct PluginType;

/// A type, as a sentence names it.
fn called(row: &Row) -> String {
    format!("the type `{}`", row.text("typename").unwrap_or_default())
}

/// A workflow finds a type by its name and that of its plug-in, so there is one of each, given up or not.
fn refuse_taken(unit: &mut Unit, row: &Row, own: Uuid) -> Result<()> {
    let same = |column: &str| Filter::eq(column, row.get(column).cloned().unwrap_or(Value::Null));
    let query = Query::new(tables::PLUGIN_TYPE)
        .columns(&[])
        .filter(same("typename").and(same("pluginassemblyid")));
    let others = unit.select_as_platform("a type is found by its name and its plug-in", &query)?;
    match others.iter().any(|other| other.id != own) {
        true => Err(
            Error::new(Code::DUPLICATE_KEY, format!("the plug-in has {} already", called(row)))
                .with_table(tables::PLUGIN_TYPE),
        ),
        false => Ok(()),
    }
}

impl Rules for PluginType {
    /// A type is one that the plug-in's file has.
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        missing::check_type(unit, operation.target()?)?;
        refuse_taken(unit, operation.target()?, Uuid::nil())
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
                plugin_step::check_secrets_of(unit, operation, before.id)?;
                missing::check_called(unit, &[before.id], &called(before))?;
                missing::check_type(unit, &whole)?;
                refuse_taken(unit, &whole, before.id)
            }
            false => Ok(()),
        }
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let row = unit.need_as_platform("a type stays while it is called", &operation.target_reference()?)?;
        missing::check_called(unit, &[row.id], &called(&row))
    }
}
