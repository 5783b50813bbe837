//! Who moves to another business unit leaves the roles behind, and takes the rows along.
//! `docs/administration.md` says what goes where.

use std::collections::BTreeSet;

use sluice_model::{
    Code, Error, Filter, Ownership, Parameter, Query, Reference, Request, Result, Row, TableDef, Uuid, Value,
};

use super::role;
use crate::{
    Operation, Unit,
    message::membership::{self, ManyToMany},
    tables,
    watch::{Link, LinkSort},
};

/// The output of an Update that moved somebody: the roles that are gone.
pub(crate) const ROLES_REMOVED: &str = "RolesRemoved";

/// The business unit to which an Update moves a user or a team, if it does.
pub(super) fn destination(operation: &Operation, before: &Row) -> Result<Option<Uuid>> {
    let to = operation.target()?.id_of("businessunitid");
    Ok(to.filter(|to| before.id_of("businessunitid") != Some(*to)))
}

/// Refuses a business unit that nobody and nothing can come to.
pub(super) fn check_destination(unit: &mut Unit, business_unit: Uuid) -> Result<()> {
    match unit.snapshot()?.is_stopped(business_unit) {
        true => Err(Error::said(Code::ASSIGN_TO_DISABLED_UNIT).with_table(tables::BUSINESS_UNIT)),
        false => Ok(()),
    }
}

/// The roles that somebody holds.
pub(super) fn roles_held(unit: &mut Unit, relationship: &ManyToMany, holder: Uuid) -> Result<Vec<Uuid>> {
    let held = Query::new(relationship.intersection)
        .columns(&["roleid"])
        .filter(Filter::eq(relationship.sides[0].column, holder));
    Ok(unit
        .select_as_platform("what belongs to who moves follows, whoever may read it", &held)?
        .iter()
        .filter_map(|row| row.id_of("roleid"))
        .collect())
}

/// The roles that somebody loses by a move.
pub(super) fn roles_lost(unit: &mut Unit, relationship: &ManyToMany, holder: Uuid) -> Result<Vec<Uuid>> {
    match unit.snapshot.settings.across.keeps_roles {
        true => Ok(Vec::new()),
        false => roles_held(unit, relationship, holder),
    }
}

/// Says in the answer which roles a move takes away.
pub(super) fn announce(operation: &mut Operation, roles: &[Uuid]) {
    let gone = roles.iter().map(|role| Reference::new(tables::ROLE, *role)).collect();
    operation.output(ROLES_REMOVED, Parameter::References(gone));
}

/// Takes all roles from whoever has moved, and its rows along, as far as the organisation's settings
/// for ownership across business units have it.
pub(super) fn follow(
    unit: &mut Unit,
    operation: &Operation,
    relationship: &ManyToMany,
    moved: &Reference,
    to: Uuid,
) -> Result<()> {
    for role in roles_lost(unit, relationship, moved.id)? {
        membership::unlink(unit, relationship, [moved.id, role])?;
        let gone = Value::Lookup(Reference::new(tables::ROLE, role));
        let link = Link {
            row: moved.clone(),
            sort: LinkSort::Disassociated,
            name: relationship.name.to_owned(),
            old: gone,
            new: Value::Null,
        };
        unit.tell_link(operation, &link)?;
    }
    match unit.snapshot.settings.across.moves_rows {
        true => rows_follow(unit, moved, to),
        false => Ok(()),
    }
}

/// Puts every row into its owner's business unit: they may not lie elsewhere any more.
pub(super) fn all_rows_follow(unit: &mut Unit) -> Result<()> {
    for table in [tables::USER, tables::TEAM] {
        let owners = Query::new(table).columns(&["businessunitid"]);
        for owner in unit.select_as_platform("what belongs to who moves follows, whoever may read it", &owners)? {
            if let Some(home) = owner.id_of("businessunitid") {
                rows_follow(unit, &owner.reference(), home)?;
            }
        }
    }
    Ok(())
}

/// The rows of an owner lie in the owner's business unit.
fn rows_follow(unit: &mut Unit, owner: &Reference, to: Uuid) -> Result<()> {
    let catalog = unit.catalog();
    for table in catalog.iter().filter(|table| table.ownership == Ownership::User) {
        let owned = Query::new(table.name.clone())
            .columns(&["owningbusinessunit"])
            .filter(Filter::eq("ownerid", owner.clone()));
        let mut rows = unit.select_as_platform("what belongs to who moves follows, whoever may read it", &owned)?;
        rows.retain(|row| row.id_of("owningbusinessunit") != Some(to));
        for row in rows {
            put_into(unit, table, row.id, to)?;
        }
    }
    Ok(())
}

fn put_into(unit: &mut Unit, table: &TableDef, row: Uuid, to: Uuid) -> Result<()> {
    let row = Row::new(table.name.clone(), row).with("owningbusinessunit", Reference::new(tables::BUSINESS_UNIT, to));
    unit.update_as_platform("the rows of who moves to another business unit lie there", row)
}

/// Refuses a manager who reports to the user, or whose business unit is not above the user's.
pub(super) fn check_manager(unit: &mut Unit, user: Uuid, business_unit: Uuid, manager: Uuid) -> Result<()> {
    let above = unit.need_as_platform(
        "what belongs to who moves follows, whoever may read it",
        &Reference::new(tables::USER, manager),
    )?;
    let mut seen = BTreeSet::new();
    let mut next = Some(manager);
    while let Some(id) = next.filter(|id| seen.insert(*id)) {
        if id == user {
            return Err(Error::said(Code::MANAGER_LOOP).with_table(tables::USER));
        }
        next = unit
            .need_as_platform(
                "what belongs to who moves follows, whoever may read it",
                &Reference::new(tables::USER, id),
            )?
            .id_of("parentsystemuserid");
    }
    if unit.snapshot.settings.across.is_on {
        return Ok(());
    }
    let unit_above = above.id_of("businessunitid").unwrap_or_default();
    match unit.snapshot()?.units.is_same_or_below(business_unit, unit_above) {
        true => Ok(()),
        false => Err(Error::said(Code::MANAGER_OTHER_UNIT).with_table(tables::USER)),
    }
}

/// Who reported to a user and is no longer below it reports to its former manager.
pub(super) fn hand_on_reports(unit: &mut Unit, operation: &Operation, before: &Row, to: Uuid) -> Result<()> {
    if unit.snapshot.settings.across.is_on {
        return Ok(());
    }
    let reports = Query::new(tables::USER)
        .columns(&["businessunitid"])
        .filter(Filter::eq("parentsystemuserid", before.id));
    let former = before.lookup("parentsystemuserid").cloned();
    let above = match &former {
        Some(former) => unit
            .need_as_platform(
                "what belongs to who moves follows, whoever may read it",
                &Reference::new(tables::USER, former.id),
            )?
            .id_of("businessunitid"),
        None => None,
    };
    let snapshot = unit.snapshot()?;
    for report in unit.select_as_platform("what belongs to who moves follows, whoever may read it", &reports)? {
        let lies = report.id_of("businessunitid").unwrap_or_default();
        if snapshot.units.is_same_or_below(lies, to) {
            continue;
        }
        let is_above = above.is_some_and(|above| snapshot.units.is_same_or_below(lies, above));
        let former = former.clone().filter(|_| is_above);
        set_manager(unit, operation, report.id, former.map_or(Value::Null, Value::Lookup))?;
    }
    Ok(())
}

fn set_manager(unit: &mut Unit, operation: &Operation, user: Uuid, manager: Value) -> Result<()> {
    let row = Row::new(tables::USER, user).with("parentsystemuserid", manager);
    let reason = "the platform keeps managers above those who report to them";
    unit.run_as_system(operation, reason, Request::update(row)).map(|_| ())
}

/// The copies of roles that a business unit leaves behind when it moves below `parent`, with
/// those of the units below it: their roots lie neither in what moves nor above the new place.
pub(super) fn left_behind(unit: &mut Unit, moved: Uuid, parent: Uuid) -> Result<Vec<Row>> {
    let snapshot = unit.snapshot()?;
    let copied = Filter::Not(Box::new(Filter::eq("parentroleid", Value::Null)));
    let mut copies = Vec::new();
    for lies in snapshot.units.subtree(moved) {
        let roles = Query::new(tables::ROLE)
            .columns(&["parentrootroleid"])
            .filter(Filter::eq("businessunitid", lies).and(copied.clone()));
        copies.extend(unit.select_as_platform("what belongs to who moves follows, whoever may read it", &roles)?);
    }
    let mut gone = Vec::new();
    for copy in copies {
        let Some(root) = copy.id_of("parentrootroleid") else {
            continue;
        };
        let home = unit.need_as_platform(
            "what belongs to who moves follows, whoever may read it",
            &Reference::new(tables::ROLE, root),
        )?;
        let home = home.id_of("businessunitid").unwrap_or_default();
        let stays = snapshot.units.is_same_or_below(home, moved) || snapshot.units.is_same_or_below(parent, home);
        if !stays {
            gone.push(copy);
        }
    }
    Ok(gone)
}

/// Of these roles, the ones that somebody holds.
pub(super) fn held_by_somebody(unit: &mut Unit, roles: &[Row]) -> Result<Vec<Uuid>> {
    let mut held = Vec::new();
    for role in roles {
        let holders = unit.holders([tables::USER_ROLES, tables::TEAM_ROLES], "roleid", &[role.id])?;
        if !holders.is_empty() {
            held.push(role.id);
        }
    }
    Ok(held)
}

/// Gives a business unit that has moved below `parent`, and those below it, the copies of roles
/// that belong there.
pub(super) fn follow_parent(unit: &mut Unit, operation: &Operation, moved: Uuid, parent: Uuid) -> Result<()> {
    for copy in left_behind(unit, moved, parent)? {
        let there = Query::new(tables::ROLE)
            .columns(&[])
            .filter(Filter::eq("roleid", copy.id));
        // A copy takes those below it along.
        if !unit
            .select_as_platform("what belongs to who moves follows, whoever may read it", &there)?
            .is_empty()
        {
            let reason = "the copies of roles from the former parents go with the move of a business unit";
            unit.run_as_system(operation, reason, Request::delete(copy.reference()))?;
        }
    }
    let mut open = vec![(moved, parent)];
    while let Some((here, above)) = open.pop() {
        inherit(unit, operation, here, above)?;
        let below = Query::new(tables::BUSINESS_UNIT)
            .columns(&[])
            .filter(Filter::eq("parentbusinessunitid", here));
        open.extend(
            unit.select_as_platform("what belongs to who moves follows, whoever may read it", &below)?
                .iter()
                .map(|row| (row.id, here)),
        );
    }
    managers_stay_above(unit, operation, moved)
}

/// Gives a business unit a copy of each role of the one above it, hung on that role.
fn inherit(unit: &mut Unit, operation: &Operation, here: Uuid, above: Uuid) -> Result<()> {
    let root_of = |role: &Row| role.id_of("parentrootroleid").unwrap_or(role.id);
    let roles_of = |business_unit: Uuid| Query::new(tables::ROLE).filter(Filter::eq("businessunitid", business_unit));
    let own = unit.select_as_platform(
        "what belongs to who moves follows, whoever may read it",
        &roles_of(here),
    )?;
    for inherited in unit.select_as_platform(
        "what belongs to who moves follows, whoever may read it",
        &roles_of(above),
    )? {
        match own.iter().find(|role| root_of(role) == root_of(&inherited)) {
            None => role::copy_into(unit, operation, &inherited, here)?,
            Some(copy) if copy.id_of("parentroleid") == Some(inherited.id) => {}
            Some(copy) => {
                let row = Row::new(tables::ROLE, copy.id).with("parentroleid", inherited.reference());
                unit.update_as_platform("a copy of a role hangs on the one in the business unit above", row)?;
            }
        }
    }
    Ok(())
}

/// Who lies in what has moved, and is no longer below the manager's business unit, has none.
fn managers_stay_above(unit: &mut Unit, operation: &Operation, moved: Uuid) -> Result<()> {
    let snapshot = unit.snapshot()?;
    if snapshot.settings.across.is_on {
        return Ok(());
    }
    for lies in snapshot.units.subtree(moved) {
        let users = Query::new(tables::USER)
            .columns(&["parentsystemuserid"])
            .filter(Filter::eq("businessunitid", lies));
        for user in unit.select_as_platform("what belongs to who moves follows, whoever may read it", &users)? {
            let Some(manager) = user.id_of("parentsystemuserid") else {
                continue;
            };
            let above = unit
                .need_as_platform(
                    "what belongs to who moves follows, whoever may read it",
                    &Reference::new(tables::USER, manager),
                )?
                .id_of("businessunitid")
                .unwrap_or_default();
            if !snapshot.units.is_same_or_below(lies, above) {
                set_manager(unit, operation, user.id, Value::Null)?;
            }
        }
    }
    Ok(())
}
