//! Rights that a row inherits from the rows that it refers to: from their shares, and from their
//! owners, who may read what is below theirs. They lie beside a share's own rights
//! (`inheritedaccessrightsmask`), are taken back with what they came from, and set off no message.
//!
//! What comes down is never more than the giver holds on the row that it comes to: else whoever
//! shares a row with a team of their own would get rights over rows of others below it. A new row
//! is its maker's to give.

mod losing;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sluice_access::PrincipalId;
use sluice_model::{
    Behaviours, Filter, Follow, Name, Ownership, Query, Reference, Relationship, Result, Right, Rights, Row, TableDef,
    Value, codes::Kind,
};

use super::{assign::follows, referring::Level};
use crate::{Operation, Unit, message::existing_share as existing, tables};

use losing::lose;

/// A row below another one.
#[derive(Debug)]
struct Member {
    row: Reference,
    owner: Option<Reference>,
}

/// What somebody has on a row by its shares.
#[derive(Debug, Clone, Copy)]
struct Share {
    own: Rights,
    inherited: Rights,
}

impl Share {
    const NONE: Self = Self {
        own: Rights::NONE,
        inherited: Rights::NONE,
    };

    fn of(row: &Row) -> Self {
        let mask = |column| Rights(row.int(column).unwrap_or_default().cast_unsigned());
        Self {
            own: mask("accessrightsmask"),
            inherited: mask("inheritedaccessrightsmask"),
        }
    }

    fn all(self) -> Rights {
        self.own | self.inherited
    }
}

const READ: Rights = Rights::READ;

/// The operation has shared its row: what is below is shared with it.
pub(crate) fn share_below(
    unit: &mut Unit,
    operation: &Operation,
    target: &Reference,
    principal: &Reference,
    rights: Rights,
) -> Result<()> {
    let members = below(unit, std::slice::from_ref(target), |behaviours| behaviours.share)?;
    unit.count_followers(members.len() - 1)?;
    let below = members.iter().skip(1);
    below
        .into_iter()
        .try_for_each(|member| gain(unit, operation, member, principal, rights))
}

/// A share of the row was taken back: what came down from it goes.
pub(crate) fn unshare_below(unit: &mut Unit, target: &Reference, principal: &Reference, lost: Rights) -> Result<()> {
    let members = below(unit, std::slice::from_ref(target), |behaviours| behaviours.unshare)?;
    unit.count_followers(members.len() - 1)?;
    lose(unit, &members, principal, lost)
}

/// Rows got another owner than these: that one reads what is below them, those before no longer do.
pub(super) fn owners_changed(
    unit: &mut Unit,
    operation: &Operation,
    rows: &[(Reference, Option<Reference>)],
    owner: &Reference,
) -> Result<()> {
    let tops: Vec<Reference> = rows.iter().map(|(row, _)| row.clone()).collect();
    let members = below(unit, &tops, |behaviours| behaviours.reparent)?;
    unit.count_followers(members.len() - tops.len())?;
    for member in members.iter().skip(tops.len()) {
        gain(unit, operation, member, owner, READ)?;
    }
    for (row, before) in rows {
        if let Some(before) = before {
            inherit_as_others(unit, row, before)?;
        }
    }
    let before: BTreeSet<&Reference> = rows.iter().filter_map(|(_, owner)| owner.as_ref()).collect();
    before
        .into_iter()
        .try_for_each(|before| lose(unit, &members, before, READ))
}

/// A row is no longer somebody's own, who needed to inherit nothing on it so far: what the rows
/// above it pass on to them.
fn inherit_as_others(unit: &mut Unit, row: &Reference, principal: &Reference) -> Result<()> {
    let catalog = unit.catalog();
    let relationships = catalog.relationships_above(&row.table);
    let relationships: Vec<_> = relationships.iter().filter(|one| passes_on(one)).collect();
    if relationships.is_empty() {
        return Ok(());
    }
    let table = catalog.table(&row.table)?;
    let there = |name: &Name| table.column(name).is_some();
    let lookups = relationships.iter().map(|one| one.column.clone());
    let follow_by: [Name; 2] = ["ownerid".into(), "statecode".into()];
    let columns: Vec<Name> = lookups.chain(follow_by.into_iter().filter(there)).collect();
    let reason = "see from which rows a row inherits rights";
    let Some(now) = unit.read_as_platform(reason, row, Some(&columns))? else {
        return Ok(());
    };
    let mut rights = Rights::NONE;
    for relationship in relationships {
        let above = now.lookup(&relationship.column);
        let Some(above) = above.filter(|above| above.table == relationship.target) else {
            continue;
        };
        let owner = owner_of(unit, above)?;
        if follows(relationship.behaviours.reparent, &now, owner.as_ref()) {
            rights = rights | passed_to(unit, relationship, above, principal)?;
        }
    }
    let share = existing(unit, row, principal)?;
    let inherited = share.as_ref().map_or(Rights::NONE, |share| Share::of(share).inherited);
    match rights.without(inherited) {
        Rights::NONE => Ok(()),
        more => write(unit, row, principal, share.as_ref(), inherited | more),
    }
}

/// A new row inherits from the rows that it refers to.
pub(crate) fn inherit(unit: &mut Unit, table: &TableDef, row: &Row) -> Result<()> {
    let mut gained: BTreeMap<Reference, Rights> = BTreeMap::new();
    let catalog = unit.catalog();
    for relationship in catalog.relationships_above(&table.name) {
        let above = row
            .lookup(&relationship.column)
            .filter(|above| above.table == relationship.target);
        let (Some(above), true) = (above, passes_on(relationship)) else {
            continue;
        };
        let owner = owner_of(unit, above)?;
        if follows(relationship.behaviours.reparent, row, owner.as_ref()) {
            for (principal, rights) in passed_on(unit, above, owner)? {
                let all = gained.entry(principal).or_insert(Rights::NONE);
                *all = *all | rights;
            }
        }
    }
    for (principal, rights) in gained {
        if row.lookup("ownerid") != Some(&principal) {
            write(unit, &row.reference(), &principal, None, rights)?;
        }
    }
    Ok(())
}

/// A row refers to other rows than before: what it inherited from those it was below goes, what
/// those have that it is below now comes; and so for the rows below it.
pub(crate) fn reparent(
    unit: &mut Unit,
    operation: &Operation,
    table: &TableDef,
    before: &Row,
    changed: &Row,
) -> Result<()> {
    let (mut gained, mut lost) = (Vec::new(), Vec::new());
    let catalog = unit.catalog();
    for relationship in catalog.relationships_above(&table.name) {
        let column = &relationship.column;
        let of_target = |row: &Row| {
            row.lookup(column)
                .filter(|above| above.table == relationship.target)
                .cloned()
        };
        let (old, new) = (of_target(before), of_target(changed));
        if !changed.has(column) || old == new || !passes_on(relationship) {
            continue;
        }
        if let Some(old) = old {
            let owner = owner_of(unit, &old)?;
            lost.extend(passed_on(unit, &old, owner)?);
        }
        if let Some(new) = new {
            let owner = owner_of(unit, &new)?;
            let now = |column| {
                changed
                    .get(column)
                    .or_else(|| before.get(column))
                    .cloned()
                    .unwrap_or(Value::Null)
            };
            let row = Row::new(table.name.clone(), before.id)
                .with("ownerid", now("ownerid"))
                .with("statecode", now("statecode"));
            if follows(relationship.behaviours.reparent, &row, owner.as_ref()) {
                gained.extend(passed_on(unit, &new, owner)?);
            }
        }
    }
    if gained.is_empty() && lost.is_empty() {
        return Ok(());
    }
    let top = before.reference();
    let members = below(unit, std::slice::from_ref(&top), |behaviours| behaviours.reparent)?;
    unit.count_followers(members.len() - 1)?;
    for (principal, rights) in &gained {
        for member in &members {
            gain(unit, operation, member, principal, *rights)?;
        }
    }
    lost.iter()
        .try_for_each(|(principal, rights)| lose(unit, &members, principal, *rights))
}

fn passes_on(relationship: &Relationship) -> bool {
    relationship.behaviours.reparent != Follow::NoCascade
}

/// What a row passes on to a row that comes to refer to it: to its owner that it is read, and to
/// those with whom it is shared what they have.
fn passed_on(unit: &mut Unit, above: &Reference, owner: Option<Reference>) -> Result<Vec<(Reference, Rights)>> {
    let query = Query::new(tables::SHARE)
        .columns(&[
            "principaltypecode",
            "principalid",
            "accessrightsmask",
            "inheritedaccessrightsmask",
        ])
        .filter(Filter::eq("objectid", above.clone()));
    let shares = unit.select_as_platform("see who shares a row that another one comes below", &query)?;
    let shared = shares.iter().filter_map(|share| {
        let principal = Reference::new(share.text("principaltypecode")?, share.id_of("principalid")?);
        Some((principal, Share::of(share).all()))
    });
    Ok(owner.map(|owner| (owner, READ)).into_iter().chain(shared).collect())
}

fn owner_of(unit: &mut Unit, row: &Reference) -> Result<Option<Reference>> {
    let table = unit.snapshot()?.table(&row.table)?.clone();
    let facts = unit.read(|tx| tx.facts().row(&table, row.id, &[]))?;
    Ok(facts.and_then(|facts| facts.owner).map(PrincipalId::reference))
}

/// These rows, and those below them by relationships in which rows follow, nearest first and each
/// once.
fn below(unit: &mut Unit, tops: &[Reference], which: fn(&Behaviours) -> Follow) -> Result<Vec<Member>> {
    let (mut members, mut places) = (Vec::with_capacity(tops.len()), HashMap::new());
    let (mut level, mut next) = (Level::default(), Level::default());
    for row in tops {
        places.insert(row.clone(), members.len());
        level.push(row);
        members.push(Member {
            row: row.clone(),
            owner: owner_of(unit, row)?,
        });
    }
    while !level.is_empty() {
        let wanted =
            |one: &Relationship| which(&one.behaviours) != Follow::NoCascade && one.table.ownership == Ownership::User;
        unit.each_referring(&level, &["ownerid", "statecode"], wanted, |relationship, above, row| {
            let child = row.reference();
            let above: Option<&Member> = places.get(&above).and_then(|place: &usize| members.get(*place));
            let owner = above.and_then(|above| above.owner.as_ref());
            if follows(which(&relationship.behaviours), &row, owner) && !places.contains_key(&child) {
                places.insert(child.clone(), members.len());
                next.push(&child);
                members.push(Member {
                    row: child,
                    owner: row.lookup("ownerid").cloned(),
                });
            }
            Ok(())
        })?;
        level = std::mem::take(&mut next);
    }
    Ok(members)
}

/// Somebody inherits rights on a row, as far as the giver holds them there.
fn gain(unit: &mut Unit, operation: &Operation, member: &Member, principal: &Reference, rights: Rights) -> Result<()> {
    if member.owner.as_ref() == Some(principal) {
        return Ok(());
    }
    let share = existing(unit, &member.row, principal)?;
    let now = share.as_ref().map_or(Share::NONE, Share::of);
    let given = held(unit, operation, &member.row, rights.without(now.inherited))?;
    match given == Rights::NONE {
        true => Ok(()),
        false => write(unit, &member.row, principal, share.as_ref(), now.inherited | given),
    }
}

/// Which of these rights the giver holds on a row. What the platform does for somebody gives no
/// more than they hold.
fn held(unit: &mut Unit, operation: &Operation, row: &Reference, rights: Rights) -> Result<Rights> {
    let giver = match operation.principal.is_system() {
        true => operation.initiating.clone(),
        false => operation.principal.clone(),
    };
    if giver.is_system() {
        return Ok(rights);
    }
    let table = unit.snapshot()?.table(&row.table)?.clone();
    let mut held = Rights::NONE;
    for right in rights.iter() {
        match unit.decide_for(&giver, &table, right, row.id) {
            Ok(_) => held = held | Rights::of(&[right]),
            Err(error) if error.kind() == Kind::Denied => {}
            Err(error) => return Err(error),
        }
    }
    Ok(held)
}

/// What a row passes on to one that refers to it, for somebody.
fn passed_to(unit: &mut Unit, relationship: &Relationship, above: &Reference, principal: &Reference) -> Result<Rights> {
    let share = existing(unit, above, principal)?;
    let shared = share.as_ref().map_or(Rights::NONE, |share| Share::of(share).all());
    let own = passes_on(relationship) && owner_of(unit, above)?.as_ref() == Some(principal);
    Ok(if own { shared | READ } else { shared })
}

/// The rows that a row refers to from which somebody inherits a right on it.
pub(crate) fn inherited_from(
    unit: &mut Unit,
    row: &Reference,
    principal: &Reference,
    right: Right,
) -> Result<Vec<Reference>> {
    let catalog = unit.catalog();
    let relationships = catalog.relationships_above(&row.table);
    let columns: Vec<Name> = relationships.iter().map(|one| one.column.clone()).collect();
    let reason = "see from which rows a row inherits rights";
    let Some(now) = unit.read_as_platform(reason, row, Some(&columns))? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for relationship in relationships {
        let above = now.lookup(&relationship.column);
        let Some(above) = above.filter(|above| above.table == relationship.target) else {
            continue;
        };
        if !found.contains(above) && passed_to(unit, relationship, above, principal)?.has(right) {
            found.push(above.clone());
        }
    }
    Ok(found)
}

fn write(
    unit: &mut Unit,
    row: &Reference,
    principal: &Reference,
    share: Option<&Row>,
    inherited: Rights,
) -> Result<()> {
    let reason = "write what a row inherits from one that it refers to";
    let now = unit.core.env.now();
    match share {
        Some(share) if inherited == Rights::NONE && Share::of(share).own == Rights::NONE => {
            unit.delete_as_platform(reason, &share.reference())
        }
        Some(share) => {
            let share = Row::new(tables::SHARE, share.id)
                .with("inheritedaccessrightsmask", inherited.0.cast_signed())
                .with("changedon", now);
            unit.update_as_platform(reason, share)
        }
        None => {
            let share = Row::new(tables::SHARE, unit.core.env.new_id())
                .with("objectid", Value::Id(row.id))
                .with("objecttypecode", &*row.table)
                .with("principalid", Value::Id(principal.id))
                .with("principaltypecode", &*principal.table)
                .with("accessrightsmask", 0)
                .with("inheritedaccessrightsmask", inherited.0.cast_signed())
                .with("changedon", now);
            unit.insert_as_platform(reason, share)
        }
    }
}
