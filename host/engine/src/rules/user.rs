//! A user is a member of its business unit's default team, and loses its roles when it moves
//! to another business unit.

use sluice_model::{Code, Error, Filter, Query, Result, Row, Uuid};

use super::{Rules, select};
use crate::{Operation, Unit, message::membership, tables};

pub(super) struct User;

/// The name by which a user logs on is its own, and not empty.
fn check_name(unit: &mut Unit, name: Option<&str>, own: Uuid) -> Result<()> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
        return Err(Error::new(Code::REQUIRED_MISSING, "a user needs a domainname").with_table(tables::USER));
    };
    let same = Query::new(tables::USER)
        .columns(&[])
        .filter(Filter::eq("domainname", name));
    match select(unit, &same)?.iter().find(|other| other.id != own) {
        Some(other) => {
            let message = format!("the domainname {name} belongs to another user ({})", other.id);
            Err(Error::new(Code::DUPLICATE_KEY, message).with_table(tables::USER))
        }
        None => Ok(()),
    }
}

impl Rules for User {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let name = operation.target()?.text("domainname").map(ToOwned::to_owned);
        check_name(unit, name.as_deref(), Uuid::nil())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?.clone();
        if target.has("domainname") {
            check_name(unit, target.text("domainname"), before.id)?;
        }
        let shuts_out =
            target.bool("isdisabled") == Some(true) || target.int("accessmode").is_some_and(|mode| mode != 0);
        if before.id == operation.caller_id() && shuts_out {
            return Err(Error::invalid(
                "nobody disables themselves; let another administrator do it",
            ));
        }
        if before.id == unit.snapshot.system.id() && !operation.principal.is_system() {
            return Err(Error::invalid(
                "SYSTEM is the platform's own user and cannot be changed",
            ));
        }
        Ok(())
    }

    /// Users stay, so that who did something stays on record; they are disabled.
    fn before_delete(&self, _: &mut Unit, _: &Operation) -> Result<()> {
        Err(Error::new(
            Code::MESSAGE_NOT_SUPPORTED,
            "users are not deleted; disable the user instead (isdisabled=true)",
        )
        .with_table(tables::USER))
    }

    fn after_create(&self, unit: &mut Unit, _: &Operation, row: &Row) -> Result<()> {
        match (row.id_of("businessunitid"), default_team(unit, row)?) {
            (Some(_), Some(team)) => membership::link(unit, &membership::TEAM_MEMBERSHIP, [team, row.id]),
            _ => Ok(()),
        }
    }

    fn after_update(&self, unit: &mut Unit, _: &Operation, before: &Row, changed: &Row) -> Result<()> {
        let moved = changed.has("businessunitid") && changed.id_of("businessunitid") != before.id_of("businessunitid");
        if !moved {
            return Ok(());
        }
        if let Some(old) = default_team(unit, before)? {
            membership::unlink(unit, &membership::TEAM_MEMBERSHIP, [old, before.id])?;
        }
        if let Some(new) = default_team(unit, changed)? {
            membership::link(unit, &membership::TEAM_MEMBERSHIP, [new, before.id])?;
        }
        let roles = Query::new(tables::USER_ROLES)
            .columns(&["roleid"])
            .filter(Filter::eq("systemuserid", before.id));
        for held in select(unit, &roles)? {
            if let Some(role) = held.id_of("roleid") {
                membership::unlink(unit, &membership::USER_ROLES, [before.id, role])?;
            }
        }
        Ok(())
    }
}

fn default_team(unit: &mut Unit, user: &Row) -> Result<Option<Uuid>> {
    let Some(business_unit) = user.id_of("businessunitid") else {
        return Ok(None);
    };
    let filter = Filter::eq("businessunitid", business_unit).and(Filter::eq("isdefault", true));
    Ok(select(unit, &Query::new(tables::TEAM).columns(&[]).filter(filter))?
        .first()
        .map(|team| team.id))
}
