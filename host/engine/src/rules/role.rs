//! A role lives in a business unit, and every unit below has a copy of it. What is changed at
//! the root is changed in the copies; a copy itself cannot be changed.

use sluice_model::{Code, Error, Filter, Query, Reference, Request, Result, Row, Uuid, looks};

use super::Rules;
use crate::{Operation, Unit, change::Why, giving::Given, message, organization, tables};

pub(super) struct Role;

/// The role that may do everything stays as it is.
pub(crate) fn refuse_administrator(row: &Row, code: Code) -> Result<()> {
    match organization::is_administrator(row) {
        true => Err(Error::said(code).with_table(tables::ROLE)),
        false => Ok(()),
    }
}

/// A name is one role's in its business unit.
fn check_name(unit: &mut Unit, name: &str, business_unit: Uuid, own: Uuid) -> Result<()> {
    let collation = unit.snapshot()?.catalog.collation();
    let here = Query::new(tables::ROLE)
        .columns(&["name"])
        .filter(Filter::eq("businessunitid", business_unit));
    let reason = "a role and its copies are one role in all business units";
    for other in unit
        .select_as_platform(reason, &here)?
        .iter()
        .filter(|other| other.id != own)
    {
        let called = other.text("name").unwrap_or_default();
        let message = if collation.same(called, name) {
            format!("there is a role {name} in that business unit already")
        } else if looks::alike(collation, called.trim(), name.trim()) {
            format!("the name {name:?} looks like that of the role {called} in that business unit")
        } else {
            continue;
        };
        return Err(Error::new(Code::DUPLICATE_KEY, message).with_table(tables::ROLE));
    }
    Ok(())
}

impl Rules for Role {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let home = operation.target()?.id_of("businessunitid");
        let home = home.unwrap_or_else(|| operation.principal.business_unit());
        let name = operation.target()?.text("name").unwrap_or_default().to_owned();
        check_name(unit, &name, home, Uuid::nil())
    }

    fn after_create(&self, unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
        let Some(home) = row.id_of("businessunitid") else {
            return Ok(());
        };
        if row.lookup("parentroleid").is_none() {
            let root = Row::new(tables::ROLE, row.id).with("parentrootroleid", row.reference());
            unit.update_as_platform("a role at its root is its own root", root)?;
        }
        let children = Query::new(tables::BUSINESS_UNIT)
            .columns(&[])
            .filter(Filter::eq("parentbusinessunitid", home));
        for child in unit.select_as_platform("a role and its copies are one role in all business units", &children)? {
            let original = unit.need_as_platform(
                "a role and its copies are one role in all business units",
                &Reference::new(tables::ROLE, row.id),
            )?;
            copy_into(unit, operation, &original, child.id)?;
        }
        Ok(())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        refuse_administrator(before, Code::ADMINISTRATOR_ROLE_FIXED)?;
        refuse_copy(operation, before)?;
        check_inheritance(unit, operation, before)?;
        let target = operation.target()?.clone();
        if target.has("businessunitid") && target.id_of("businessunitid") != before.id_of("businessunitid") {
            return Err(Error::invalid(
                "a role stays in its business unit; make another one there",
            ));
        }
        match (target.text("name"), before.id_of("businessunitid")) {
            (Some(name), Some(home)) if Some(name) != before.text("name") => check_name(unit, name, home, before.id),
            _ => Ok(()),
        }
    }

    fn after_update(&self, unit: &mut Unit, operation: &Operation, before: &Row, changed: &Row) -> Result<()> {
        if before.lookup("parentroleid").is_some() {
            return Ok(());
        }
        let copies = Query::new(tables::ROLE)
            .columns(&[])
            .filter(Filter::eq("parentrootroleid", before.id));
        for copy in unit
            .select_as_platform("a role and its copies are one role in all business units", &copies)?
            .into_iter()
            .filter(|copy| copy.id != before.id)
        {
            let mut same = Row::new(tables::ROLE, copy.id);
            for column in ["name", "isinherited"] {
                if let Some(value) = changed.get(column) {
                    same.set(column, value.clone());
                }
            }
            if !same.values.is_empty() {
                unit.run_as_system(operation, "the copies of a role follow its root", Request::update(same))?;
            }
        }
        Ok(())
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        unit.may_shut_out(Code::LAST_ADMINISTRATOR);
        // A copy goes with its root or with its business unit, in the platform's name.
        if operation.why == Why::Along && operation.principal.is_system() {
            return Ok(());
        }
        let row = unit.need_as_platform(
            "a role and its copies are one role in all business units",
            &Reference::new(tables::ROLE, operation.id()?),
        )?;
        refuse_administrator(&row, Code::ADMINISTRATOR_ROLE_STAYS)?;
        refuse_copy(operation, &row)
    }
}

/// *Direct User* gives the members of teams with the role its privileges for their own rows.
fn check_inheritance(unit: &mut Unit, operation: &Operation, before: &Row) -> Result<()> {
    let target = operation.target()?;
    let widens = target.has("isinherited") && target.int("isinherited") != Some(0);
    if !widens || before.int("isinherited") != Some(0) {
        return Ok(());
    }
    let family = Query::new(tables::ROLE)
        .columns(&["businessunitid"])
        .filter(Filter::eq("parentrootroleid", before.id));
    let mut given = vec![Given::by_role(unit, before, Option::None)?];
    for role in unit.select_as_platform("a role and its copies are one role in all business units", &family)? {
        given.push(Given::by_role(unit, &role, Option::None)?);
    }
    unit.check_gives(operation, &given)
}

fn refuse_copy(operation: &Operation, row: &Row) -> Result<()> {
    if row.lookup("parentroleid").is_some() && !operation.why.is_platform() {
        return Err(Error::new(
            Code::INHERITED_ROLE,
            format!(
                "role {} is inherited from the parent business unit and cannot be modified",
                row.text("name").unwrap_or_default()
            ),
        ));
    }
    Ok(())
}

/// Makes the copy of a role in a business unit below, with the same privileges.
pub(super) fn copy_into(
    unit: &mut Unit,
    operation: &Operation,
    role: &Row,
    business_unit: sluice_model::Uuid,
) -> Result<()> {
    let root = role.id_of("parentrootroleid").unwrap_or(role.id);
    let mut copy = Row::unsaved(tables::ROLE)
        .with("name", role.text("name").unwrap_or_default())
        .with("businessunitid", Reference::new(tables::BUSINESS_UNIT, business_unit))
        .with("parentroleid", role.reference())
        .with("parentrootroleid", Reference::new(tables::ROLE, root));
    for column in ["isinherited", "roletemplateid"] {
        if let Some(value) = role.get(column) {
            copy.set(column, value.clone());
        }
    }
    let reason = "the platform copies a role into the business units below";
    let made = unit
        .run_as_system(operation, reason, Request::create(copy))?
        .created()
        .unwrap_or_default();
    let held = Query::new(tables::ROLE_PRIVILEGES)
        .columns(&["privilegeid", "privilegedepthmask"])
        .filter(Filter::eq("roleid", role.id));
    for row in unit.select_as_platform("a role and its copies are one role in all business units", &held)? {
        let depth = row.int("privilegedepthmask").and_then(sluice_model::Depth::from_mask);
        if let Some(privilege) = row.id_of("privilegeid") {
            message::set_role_privilege(unit, made, privilege, depth)?;
        }
    }
    Ok(())
}
