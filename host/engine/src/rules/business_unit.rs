//! A new business unit gets its default team and the copies of its parent's roles; one that
//! moves below another parent gets that one's. There is one root, and it stays.

use sluice_model::{Code, Error, Filter, Ownership, Query, Reference, Request, Result, Row, Uuid, Value};

use super::{Rules, moving, role};
use crate::{Operation, Unit, giving, tables};

pub(super) struct BusinessUnit;

const PARENT: &str = "parentbusinessunitid";

impl Rules for BusinessUnit {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let root = unit.snapshot.root_unit;
        if let Some(target) = &mut operation.context.target
            && target.get(PARENT).is_none_or(Value::is_null)
        {
            target.set(PARENT, Reference::new(tables::BUSINESS_UNIT, root));
        }
        let target = operation.target()?.clone();
        let parent = target.id_of(PARENT).unwrap_or(root);
        check_parent_enabled(unit, parent)?;
        check_name(unit, target.text("name").unwrap_or_default(), parent, Uuid::nil())
    }

    fn after_create(&self, unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
        let name = row.text("name").unwrap_or_default();
        let own = Reference::new(tables::BUSINESS_UNIT, row.id);
        let team = Row::unsaved(tables::TEAM)
            .with("name", name)
            .with("businessunitid", own)
            .with("isdefault", true)
            .with("teamtype", Value::Choice(0));
        unit.run_as_system(
            operation,
            "the platform keeps the default team of a business unit",
            Request::create(team),
        )?;
        let Some(parent) = row.id_of(PARENT) else {
            return Ok(());
        };
        let roles = Query::new(tables::ROLE).filter(Filter::eq("businessunitid", parent));
        for inherited in unit.select_as_platform("a business unit has the roles of its parent", &roles)? {
            role::copy_into(unit, operation, &inherited, row.id)?;
        }
        Ok(())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?.clone();
        let new_parent = check_new_parent(unit, operation, before)?;
        let parent = new_parent.or(before.id_of(PARENT));
        let name = target.text("name").or(before.text("name")).unwrap_or_default();
        if let Some(parent) = parent.filter(|_| target.has("name") || new_parent.is_some()) {
            check_name(unit, name, parent, before.id)?;
        }
        let disables = target.bool("isdisabled").unwrap_or_default();
        if target.has("isdisabled") && disables != before.bool("isdisabled").unwrap_or_default() {
            if disables && parent.is_none() {
                return Err(Error::said(Code::ROOT_STAYS_ENABLED).with_table(tables::BUSINESS_UNIT));
            }
            unit.may_shut_out(Code::LAST_ADMINISTRATOR_IN_UNIT);
        }
        if let Some(parent) = new_parent {
            unit.may_shut_out(Code::LAST_ADMINISTRATOR);
            let gone = moving::left_behind(unit, before.id, parent)?;
            let gone = moving::held_by_somebody(unit, &gone)?;
            moving::announce(operation, &gone);
        }
        Ok(())
    }

    fn after_update(&self, unit: &mut Unit, operation: &Operation, before: &Row, changed: &Row) -> Result<()> {
        if let Some(name) = changed.text("name").filter(|name| before.text("name") != Some(name))
            && let Some(team) = giving::default_team(unit, before.id)?
        {
            let row = Row::new(tables::TEAM, team).with("name", name);
            let reason = "the default team of a business unit has the unit's name";
            unit.run_as_system(operation, reason, Request::update(row))?;
        }
        match changed.id_of(PARENT) {
            Some(parent) if before.id_of(PARENT) != Some(parent) => {
                moving::follow_parent(unit, operation, before.id, parent)
            }
            _ => Ok(()),
        }
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let row = unit.need_as_platform(
            "a business unit has the roles of its parent",
            &Reference::new(tables::BUSINESS_UNIT, operation.id()?),
        )?;
        if row.lookup(PARENT).is_none() {
            return Err(Error::new(Code::REFERENCED, "the root business unit cannot be deleted"));
        }
        if row.bool("isdisabled") != Some(true) {
            return Err(Error::said(Code::UNIT_ENABLED).with_table(tables::BUSINESS_UNIT));
        }
        let below = Filter::eq(PARENT, row.id);
        if !unit
            .select_as_platform(
                "a business unit has the roles of its parent",
                &Query::new(tables::BUSINESS_UNIT).columns(&[]).filter(below),
            )?
            .is_empty()
        {
            return Err(Error::said(Code::UNIT_HAS_CHILDREN).with_table(tables::BUSINESS_UNIT));
        }
        check_empty(unit, &row)
    }
}

/// The parent that an Update gives a business unit, if it is another one than before.
fn check_new_parent(unit: &mut Unit, operation: &Operation, before: &Row) -> Result<Option<Uuid>> {
    if !operation.target()?.has(PARENT) {
        return Ok(None);
    }
    let parent = operation.target()?.id_of(PARENT);
    if parent == before.id_of(PARENT) {
        return Ok(None);
    }
    let Some(parent) = parent else {
        return Err(Error::said(Code::ONE_ROOT).with_table(tables::BUSINESS_UNIT));
    };
    if unit.snapshot()?.units.is_same_or_below(parent, before.id) {
        return Err(Error::said(Code::UNIT_LOOP).with_table(tables::BUSINESS_UNIT));
    }
    check_parent_enabled(unit, parent)?;
    Ok(Some(parent))
}

fn check_parent_enabled(unit: &mut Unit, parent: Uuid) -> Result<()> {
    match unit.snapshot()?.is_stopped(parent) {
        true => Err(Error::said(Code::UNIT_DISABLED).with_table(tables::BUSINESS_UNIT)),
        false => Ok(()),
    }
}

/// Below one business unit each has a name of its own.
fn check_name(unit: &mut Unit, name: &str, parent: Uuid, own: Uuid) -> Result<()> {
    let same = Filter::eq("name", name).and(Filter::eq(PARENT, parent));
    let same = unit.select_as_platform(
        "a business unit has the roles of its parent",
        &Query::new(tables::BUSINESS_UNIT).columns(&[]).filter(same),
    )?;
    match same.iter().any(|row| row.id != own) {
        true => Err(Error::said(Code::UNIT_NAME_TAKEN).with_table(tables::BUSINESS_UNIT)),
        false => Ok(()),
    }
}

/// A business unit that is deleted has nobody in it, and its default team owns nothing.
fn check_empty(unit: &mut Unit, row: &Row) -> Result<()> {
    let own = giving::default_team(unit, row.id)?;
    for table in [tables::USER, tables::TEAM] {
        let inside = Query::new(table)
            .columns(&[])
            .filter(Filter::eq("businessunitid", row.id));
        let others = unit
            .select_as_platform("a business unit has the roles of its parent", &inside)?
            .iter()
            .filter(|one| Some(one.id) != own)
            .count();
        if others > 0 {
            let message = format!(
                "business unit {} cannot be deleted: {others} of `{table}` belong to it; move them first",
                row.text("name").unwrap_or_default()
            );
            return Err(Error::new(Code::REFERENCED, message).with_table(tables::BUSINESS_UNIT));
        }
    }
    let Some(own) = own else { return Ok(()) };
    let catalog = unit.catalog();
    for table in catalog.iter().filter(|table| table.ownership == Ownership::User) {
        let owned = Query::new(table.name.clone())
            .columns(&[])
            .filter(Filter::eq("ownerid", Reference::new(tables::TEAM, own)))
            .top(1);
        if !unit
            .select_as_platform("a business unit has the roles of its parent", &owned)?
            .is_empty()
        {
            let message = format!(
                "Business unit default team owns records. Business unit (Id = {}) cannot be deleted. \
                 Reassign the records owned by default team and try again.",
                row.id
            );
            return Err(Error::new(Code::UNIT_OWNS_ROWS, message).with_table(tables::BUSINESS_UNIT));
        }
    }
    Ok(())
}
