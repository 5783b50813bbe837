//! The secure configuration of a step is a part of what the step does.

use sluice_model::{Filter, Query, Result, Row};

use super::{Rules, select};
use crate::{Operation, Unit, giving, tables};

pub(super) struct SecureConfiguration;

impl Rules for SecureConfiguration {
    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let steps = Query::new(tables::STEP)
            .columns(&["impersonatinguserid", "sl_grants"])
            .filter(Filter::eq("sdkmessageprocessingstepsecureconfigid", before.id));
        for step in select(unit, &steps)? {
            giving::check_step(unit, operation, &step)?;
        }
        Ok(())
    }
}
