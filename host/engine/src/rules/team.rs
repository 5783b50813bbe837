//! The default team of a business unit is the platform's own.

use sluice_model::{Code, Error, Result, Row};

use super::{Rules, read};
use crate::{Operation, Unit, tables};

pub(super) struct Team;

/// The columns of a default team that stay as they are, and the code of the refusal.
const KEPT: [(&str, Code); 4] = [
    ("name", Code::DEFAULT_TEAM_RENAME),
    ("isdefault", Code::DEFAULT_TEAM),
    ("businessunitid", Code::DEFAULT_TEAM_MOVE),
    ("teamtype", Code::DEFAULT_TEAM),
];

fn refuse_default(operation: &Operation, row: &Row, code: Code) -> Result<()> {
    if row.bool("isdefault") == Some(true) && !operation.principal.is_system() {
        let name = row.text("name").unwrap_or_default();
        return Err(Error::new(
            code,
            format!("the default team {name} cannot be changed or deleted"),
        ));
    }
    Ok(())
}

impl Rules for Team {
    fn before_update(&self, _: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        match KEPT.iter().find(|(column, _)| target.has(column)) {
            Some((_, code)) => refuse_default(operation, before, *code),
            None => Ok(()),
        }
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        if operation.cascade {
            return Ok(());
        }
        let row = read(unit, tables::TEAM, operation.id()?)?;
        refuse_default(operation, &row, Code::DEFAULT_TEAM)
    }
}
