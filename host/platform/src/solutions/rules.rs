//! A solution's name is its own and stays, and its version is one.

use sluice_model::{Code, Error, Filter, Query, Result, Row};

use crate::solutions::manifest::{check_name, version};
use sluice_engine::{Operation, Unit, rules::Rules, tables};

pub(super) struct Solution;

impl Rules for Solution {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let name = operation.target()?.text("uniquename").unwrap_or_default().to_owned();
        check_name(&name)?;
        check_version(operation)?;
        let same = Query::new(tables::SOLUTION)
            .columns(&[])
            .filter(Filter::eq("uniquename", &*name));
        if !unit
            .select_as_platform("names of solutions are unique", &same)?
            .is_empty()
        {
            let message = format!("there is a solution `{name}` already");
            return Err(Error::new(Code::SOLUTION_NAME_TAKEN, message).with_table(tables::SOLUTION));
        }
        stamp(operation);
        Ok(())
    }

    fn before_update(&self, _: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        if target.has("uniquename") && target.text("uniquename") != before.text("uniquename") {
            return Err(Error::invalid(format!(
                "the solution `{}` keeps its name: other organisations know it by that",
                before.text("uniquename").unwrap_or_default()
            )));
        }
        check_version(operation)?;
        if operation.is_import() {
            stamp(operation);
        }
        Ok(())
    }
}

fn check_version(operation: &Operation) -> Result<()> {
    match operation.target()?.text("version") {
        Some(text) => version(text).map(|_| ()),
        None => Ok(()),
    }
}

/// Notes when this version came.
fn stamp(operation: &mut Operation) {
    let now = operation.created_on();
    if let Some(target) = operation.target_mut() {
        target.set("installedon", now);
    }
}
