//! A user is a member of its business unit's default team, reports to a manager above it, and
//! loses its roles when it moves to another business unit.

use sluice_model::{
    Code, Error, Query, Reference, Result, Row, Uuid, Value, looks, names,
    remedy::{Case, Resolution},
};

use super::{Rules, moving, team::refuse_taken_id};
use crate::{
    Operation, Unit,
    giving::default_team,
    message::membership::{self, USER_ROLES},
    tables,
};

pub(super) struct User;

/// The name by which a user logs on is its own, not empty, and none that looks like another's.
fn check_name(unit: &mut Unit, name: Option<&str>, own: Uuid) -> Result<()> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else {
        return Err(Error::new(Code::REQUIRED_MISSING, "a user needs a domainname").with_table(tables::USER));
    };
    if name.chars().any(|c| c.is_control() || looks::hides(c)) {
        return Err(Error::invalid(format!(
            "the domainname {} has characters that nobody sees, or that reorder others; a name by which somebody signs in \
             has none",
            name.escape_debug()
        ))
        .with_table(tables::USER));
    }
    if names::misleads(name) {
        return Err(Error::invalid(format!(
            "the domainname {name} would be taken for something else where somebody is named by it: it begins with `-` or \
             `@`, has a colon, or is an id"
        ))
        .with_table(tables::USER));
    }
    let collation = unit.snapshot()?.catalog.collation();
    let own_looks = looks::looks(collation, name);
    let all = Query::new(tables::USER).columns(&["domainname"]);
    let users = unit.select_as_platform(
        "sign-in names are unique, and a user is a member of its unit's default team",
        &all,
    )?;
    for other in users.iter().filter(|other| other.id != own) {
        let called = other.text("domainname").unwrap_or_default();
        let message = if collation.same(called, name) {
            format!("the domainname {name} belongs to another user ({})", other.id)
        } else if looks::looks(collation, called)
            .iter()
            .any(|look| own_looks.contains(look))
        {
            format!(
                "the domainname {name} looks like {called}, that of another user ({})",
                other.id
            )
        } else {
            continue;
        };
        return Err(Error::new(Code::DUPLICATE_KEY, message).with_table(tables::USER));
    }
    Ok(())
}

/// What is told of a user who is to be deleted.
static STAYS: Case = Case {
    cause: "users stay, so that who did something stays on record",
    resolution: Resolution::new("disable the user instead", &[]),
};

impl Rules for User {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        refuse_taken_id(unit, operation, tables::TEAM)?;
        let name = operation.target()?.text("domainname").map(ToOwned::to_owned);
        check_name(unit, name.as_deref(), Uuid::nil())?;
        let home = operation.target()?.id_of("businessunitid");
        let home = home.unwrap_or_else(|| operation.principal.business_unit());
        check_joins(unit, operation, home)?;
        match operation.target()?.id_of(MANAGER) {
            Some(manager) => moving::check_manager(unit, Uuid::nil(), home, manager),
            None => Ok(()),
        }
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        if before.id == unit.snapshot.system.id() && !operation.why.is_platform() {
            return Err(Error::said(Code::SYSTEM_USER_FIXED).with_table(tables::USER));
        }
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
        check_disabling(unit, operation, before)?;
        if target.int("accessmode").is_some_and(|mode| mode != 0) {
            unit.may_shut_out(Code::LAST_ADMINISTRATOR_READS);
        }
        move_to(unit, operation, before)?;
        check_manager(unit, operation, before)
    }

    /// Users stay, so that who did something stays on record; they are disabled.
    fn before_delete(&self, _: &mut Unit, _: &Operation) -> Result<()> {
        Err(Error::new(
            Code::MESSAGE_NOT_SUPPORTED,
            "users are not deleted; disable the user instead (isdisabled=true)",
        )
        .in_case(&STAYS)
        .with_table(tables::USER))
    }

    fn after_create(&self, unit: &mut Unit, _: &Operation, row: &Row) -> Result<()> {
        match team_of(unit, row)? {
            Some(team) => membership::link(unit, &membership::TEAM_MEMBERSHIP, [team, row.id]).map(drop),
            None => Ok(()),
        }
    }

    fn after_update(&self, unit: &mut Unit, operation: &Operation, before: &Row, changed: &Row) -> Result<()> {
        let to = changed.id_of("businessunitid");
        let Some(to) = to.filter(|to| before.id_of("businessunitid") != Some(*to)) else {
            return Ok(());
        };
        if let Some(old) = team_of(unit, before)? {
            membership::unlink(unit, &membership::TEAM_MEMBERSHIP, [old, before.id])?;
        }
        if let Some(new) = team_of(unit, changed)? {
            membership::link(unit, &membership::TEAM_MEMBERSHIP, [new, before.id])?;
        }
        moving::follow(unit, operation, &USER_ROLES, &before.reference(), to)?;
        moving::hand_on_reports(unit, operation, before, to)
    }
}

const MANAGER: &str = "parentsystemuserid";

/// Disabling somebody may leave the organisation without an administrator.
fn check_disabling(unit: &mut Unit, operation: &Operation, before: &Row) -> Result<()> {
    let target = operation.target()?;
    let disables = target.bool("isdisabled").unwrap_or_default();
    if target.has("isdisabled") && disables != before.bool("isdisabled").unwrap_or_default() {
        unit.may_shut_out(Code::LAST_ADMINISTRATOR_DISABLED);
    }
    Ok(())
}

/// Whoever comes into a business unit is given what its default team holds.
fn check_joins(unit: &mut Unit, operation: &Operation, business_unit: Uuid) -> Result<()> {
    moving::check_destination(unit, business_unit)?;
    match default_team(unit, business_unit)? {
        Some(team) => unit.check_gives_membership(operation, team),
        None => Ok(()),
    }
}

/// A user that moves: may it, and which roles does it leave behind?
fn move_to(unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
    let Some(to) = moving::destination(operation, before)? else {
        return Ok(());
    };
    check_joins(unit, operation, to)?;
    unit.may_shut_out(Code::LAST_ADMINISTRATOR);
    let roles = moving::roles_lost(unit, &USER_ROLES, before.id)?;
    moving::announce(operation, &roles);
    Ok(())
}

/// A new manager is above the user; the one that a user moves away from is its manager no more.
fn check_manager(unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
    let target = operation.target()?;
    let home = target.id_of("businessunitid").or(before.id_of("businessunitid"));
    let home = home.unwrap_or_default();
    if target.has(MANAGER) {
        return match target.id_of(MANAGER).filter(|id| before.id_of(MANAGER) != Some(*id)) {
            Some(manager) => moving::check_manager(unit, before.id, home, manager),
            None => Ok(()),
        };
    }
    let (Some(_), Some(manager)) = (moving::destination(operation, before)?, before.id_of(MANAGER)) else {
        return Ok(());
    };
    let above = unit
        .need_as_platform(
            "sign-in names are unique, and a user is a member of its unit's default team",
            &Reference::new(tables::USER, manager),
        )?
        .id_of("businessunitid");
    let stays =
        unit.snapshot.settings.across.is_on || unit.snapshot()?.units.is_same_or_below(home, above.unwrap_or_default());
    if let Some(target) = operation.context.target.as_mut().filter(|_| !stays) {
        target.set(MANAGER, Value::Null);
    }
    Ok(())
}

fn team_of(unit: &mut Unit, user: &Row) -> Result<Option<Uuid>> {
    match user.id_of("businessunitid") {
        Some(business_unit) => default_team(unit, business_unit),
        None => Ok(None),
    }
}
