//! The default team of a business unit is the platform's own; another one leaves its roles
//! behind when it moves.

use sluice_model::{Code, Error, Reference, Result, Row};

use super::{Rules, moving};
use crate::{Operation, Unit, change::Why, message::membership::TEAM_ROLES, record_team, tables};

pub(super) struct Team;

/// The columns of a default team that stay as they are, and the code of the refusal.
const KEPT: [(&str, Code); 4] = [
    ("name", Code::DEFAULT_TEAM_RENAME),
    ("isdefault", Code::DEFAULT_TEAM),
    ("businessunitid", Code::DEFAULT_TEAM_MOVE),
    ("teamtype", Code::DEFAULT_TEAM),
];

fn refuse_default(operation: &Operation, row: &Row, code: Code) -> Result<()> {
    if row.bool("isdefault") == Some(true) && !operation.why.is_platform() {
        let name = row.text("name").unwrap_or_default();
        return Err(Error::new(
            code,
            format!("the default team {name} cannot be changed or deleted"),
        ));
    }
    Ok(())
}

/// Users and teams share one space of ids, so that whose a row is, and whom it is shared with, is
/// never in doubt: a new one does not take the id of one of the `others`.
pub(super) fn refuse_taken_id(unit: &mut Unit, operation: &Operation, others: &str) -> Result<()> {
    let id = operation.target()?.id;
    let others = unit.snapshot()?.table(others)?.clone();
    if id.is_nil() || !unit.read(|tx| tx.facts().exists(&others, id))? {
        return Ok(());
    }
    let table = operation.table()?;
    let message = format!(
        "Cannot insert duplicate key: there is a row of `{}` with the id {id} already, and users and teams share one \
         space of ids",
        others.name
    );
    Err(Error::new(Code::DUPLICATE_KEY, message).with_table(&table.name))
}

impl Rules for Team {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        refuse_taken_id(unit, operation, tables::USER)?;
        let home = operation.target()?.id_of("businessunitid");
        let home = home.unwrap_or_else(|| operation.principal.business_unit());
        moving::check_destination(unit, home)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        record_team::check_change(operation, before)?;
        let target = operation.target()?;
        if let Some((_, code)) = KEPT.iter().find(|(column, _)| target.has(column)) {
            refuse_default(operation, before, *code)?;
        }
        if target.has("teamtype") {
            unit.may_shut_out(Code::LAST_ADMINISTRATOR);
        }
        let Some(to) = moving::destination(operation, before)? else {
            return Ok(());
        };
        moving::check_destination(unit, to)?;
        unit.may_shut_out(Code::LAST_ADMINISTRATOR);
        let roles = moving::roles_lost(unit, &TEAM_ROLES, before.id)?;
        moving::announce(operation, &roles);
        Ok(())
    }

    fn after_update(&self, unit: &mut Unit, operation: &Operation, before: &Row, changed: &Row) -> Result<()> {
        match changed.id_of("businessunitid") {
            Some(to) if before.id_of("businessunitid") != Some(to) => {
                moving::follow(unit, operation, &TEAM_ROLES, &before.reference(), to)
            }
            _ => Ok(()),
        }
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        unit.may_shut_out(Code::LAST_ADMINISTRATOR);
        // What belongs to a business unit or a template goes along in the platform's name.
        if operation.why == Why::Along && operation.principal.is_system() {
            return Ok(());
        }
        let row = unit.need_as_platform("a default team stays", &Reference::new(tables::TEAM, operation.id()?))?;
        record_team::check_change(operation, &row)?;
        refuse_default(operation, &row, Code::DEFAULT_TEAM)
    }
}
