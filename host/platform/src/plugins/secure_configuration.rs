//! The secure configuration of a step is a part of what the step does.

use sluice_model::{Filter, Query, Result, Row, Uuid};

use sluice_engine::{Operation, Unit, giving, rules::Rules, tables};

pub(super) struct SecureConfiguration;

impl Rules for SecureConfiguration {
    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        check_steps(unit, operation, before.id)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        check_steps(unit, operation, operation.id()?)
    }
}

fn check_steps(unit: &mut Unit, operation: &Operation, configuration: Uuid) -> Result<()> {
    let steps = Query::new(tables::STEP)
        .columns(&["impersonatinguserid", "sl_grants"])
        .filter(Filter::eq("sdkmessageprocessingstepsecureconfigid", configuration));
    for step in unit.select_as_platform("a secret belongs to the steps that have it", &steps)? {
        giving::check_step(unit, operation, &step)?;
    }
    Ok(())
}
