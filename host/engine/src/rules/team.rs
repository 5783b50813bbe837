//! The default team of a business unit is the platform's own.

use sluice_model::{Code, Error, Result, Row};

use super::{Rules, read};
use crate::{Operation, Unit, tables};

pub(super) struct Team;

fn refuse_default(operation: &Operation, row: &Row) -> Result<()> {
    if row.bool("isdefault") == Some(true) && !operation.principal.is_system() {
        return Err(Error::new(
            Code::DEFAULT_TEAM,
            format!(
                "the default team {} cannot be changed or deleted",
                row.text("name").unwrap_or_default()
            ),
        ));
    }
    Ok(())
}

impl Rules for Team {
    fn before_update(&self, _: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let touches = ["name", "isdefault", "businessunitid", "teamtype"];
        match operation.target()?.values.keys().any(|name| touches.contains(&&**name)) {
            true => refuse_default(operation, before),
            false => Ok(()),
        }
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        if operation.context.depth > 1 {
            return Ok(());
        }
        let row = read(unit, tables::TEAM, operation.id()?)?;
        refuse_default(operation, &row)
    }
}
