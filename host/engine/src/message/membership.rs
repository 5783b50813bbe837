//! The rows of intersection tables: memberships and role assignments. They belong to nobody;
//! messages that may change them write them under a named permit.

use sluice_model::{Code, Error, Filter, Query, Reference, Result, Right, Row, Uuid, Value};

use super::{associate, input};
use crate::{
    Operation, Unit,
    giving::Given,
    tables,
    watch::{Link, LinkSort},
};

/// An N:N relationship: its name, its intersection table, and the two sides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ManyToMany {
    pub(crate) name: &'static str,
    pub(crate) intersection: &'static str,
    pub(crate) sides: [Side; 2],
}

/// One side of an N:N relationship.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
}

/// The N:N relationships of the platform.
pub(crate) static MANY_TO_MANY: &[ManyToMany] =
    &[USER_ROLES, TEAM_ROLES, TEAM_MEMBERSHIP, USER_PROFILES, TEAM_PROFILES];

pub(crate) const USER_ROLES: ManyToMany = ManyToMany {
    name: "systemuserroles_association",
    intersection: tables::USER_ROLES,
    sides: [
        Side {
            table: tables::USER,
            column: "systemuserid",
        },
        Side {
            table: tables::ROLE,
            column: "roleid",
        },
    ],
};

pub(crate) const TEAM_ROLES: ManyToMany = ManyToMany {
    name: "teamroles_association",
    intersection: tables::TEAM_ROLES,
    sides: [
        Side {
            table: tables::TEAM,
            column: "teamid",
        },
        Side {
            table: tables::ROLE,
            column: "roleid",
        },
    ],
};

pub(crate) const TEAM_MEMBERSHIP: ManyToMany = ManyToMany {
    name: "teammembership_association",
    intersection: tables::TEAM_MEMBERSHIP,
    sides: [
        Side {
            table: tables::TEAM,
            column: "teamid",
        },
        Side {
            table: tables::USER,
            column: "systemuserid",
        },
    ],
};

pub(crate) const USER_PROFILES: ManyToMany = ManyToMany {
    name: "systemuserprofiles_association",
    intersection: tables::USER_PROFILES,
    sides: [
        Side {
            table: tables::USER,
            column: "systemuserid",
        },
        Side {
            table: tables::PROFILE,
            column: "fieldsecurityprofileid",
        },
    ],
};

pub(crate) const TEAM_PROFILES: ManyToMany = ManyToMany {
    name: "teamprofiles_association",
    intersection: tables::TEAM_PROFILES,
    sides: [
        Side {
            table: tables::TEAM,
            column: "teamid",
        },
        Side {
            table: tables::PROFILE,
            column: "fieldsecurityprofileid",
        },
    ],
};

impl ManyToMany {
    /// Whether it says who has a column security profile.
    pub(crate) fn is_of_profiles(&self) -> bool {
        matches!(self.intersection, tables::USER_PROFILES | tables::TEAM_PROFILES)
    }
}

fn find(unit: &mut Unit, relationship: &ManyToMany, ids: [Uuid; 2]) -> Result<Vec<Row>> {
    let [left, right] = relationship.sides;
    let filter = Filter::eq(left.column, ids[0]).and(Filter::eq(right.column, ids[1]));
    let query = Query::new(relationship.intersection).columns(&[]).filter(filter);
    unit.select_as_platform("see whether a membership is there already", &query)
}

/// Links two rows, unless they are linked already: what the platform itself keeps, or what
/// [`give`] has checked. Whether that changed anything.
pub(crate) fn link(unit: &mut Unit, relationship: &ManyToMany, ids: [Uuid; 2]) -> Result<bool> {
    if !find(unit, relationship, ids)?.is_empty() {
        return Ok(false);
    }
    let mut row = Row::new(relationship.intersection, unit.core.env.new_id());
    for (side, id) in relationship.sides.iter().zip(ids) {
        row.set(side.column, Reference::new(side.table, id));
    }
    unit.insert_as_platform("write a membership that the message has checked", row)?;
    Ok(true)
}

/// Whether two rows are to be linked, or not to be any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linking {
    Link,
    Unlink,
}

/// Links two rows in the caller's name, or unlinks them, and lets those who watch the holder know: of what was so
/// before, nothing.
pub(super) fn set_link(
    unit: &mut Unit,
    operation: &Operation,
    relationship: &ManyToMany,
    (ids, other): ([Uuid; 2], Reference),
    what: Linking,
) -> Result<()> {
    let (has_changed, sort, old, new) = match what {
        Linking::Link => {
            let given = give(unit, operation, relationship, ids)?;
            (given, LinkSort::Associated, Value::Null, Value::Lookup(other))
        }
        Linking::Unlink => {
            unit.may_shut_out(Code::LAST_ADMINISTRATOR);
            let taken = unlink(unit, relationship, ids)?;
            (taken, LinkSort::Disassociated, Value::Lookup(other), Value::Null)
        }
    };
    if !has_changed {
        return Ok(());
    }
    let link = Link {
        row: operation.target_reference()?,
        sort,
        name: relationship.name.to_owned(),
        old,
        new,
    };
    unit.tell_link(operation, &link)
}

/// Links two rows in the caller's name: a role to its holder, a user to a team. The caller of the
/// message holds what the link gives.
fn give(unit: &mut Unit, operation: &Operation, relationship: &ManyToMany, ids: [Uuid; 2]) -> Result<bool> {
    let [holder, role] = ids;
    if relationship.is_of_profiles() {
        unit.check_gives_profile(operation, role)?;
        return link(unit, relationship, ids);
    }
    if relationship.intersection == tables::TEAM_MEMBERSHIP {
        unit.check_gives_membership(operation, holder)?;
        return link(unit, relationship, ids);
    }
    let role = unit.need_as_platform(
        "nobody gives what they do not hold: see what is given",
        &Reference::new(tables::ROLE, role),
    )?;
    let team = (relationship.intersection == tables::TEAM_ROLES).then_some(holder);
    let given = Given::by_role(unit, &role, team)?;
    unit.check_gives(operation, &[given])?;
    link(unit, relationship, ids)
}

/// Unlinks two rows. The caller has checked that it may. Whether that changed anything.
pub(crate) fn unlink(unit: &mut Unit, relationship: &ManyToMany, ids: [Uuid; 2]) -> Result<bool> {
    let there = find(unit, relationship, ids)?;
    for row in &there {
        unit.delete_as_platform("remove a membership that the message has checked", &row.reference())?;
    }
    Ok(!there.is_empty())
}

/// The work of AddMembersTeam and RemoveMembersTeam, for each user.
/// `code` is what a default team, whose members the platform keeps, refuses with.
pub(super) fn change_members(unit: &mut Unit, operation: &Operation, code: Code, what: Linking) -> Result<()> {
    let table = operation.table()?;
    let team = operation.id()?;
    unit.decide(operation, &table, Right::Write, team)?;
    associate::check_default_team(unit, team, code)?;
    let users = unit.snapshot.table(tables::USER)?.clone();
    for member in input::references(operation, "MemberIds")? {
        if *member.table != *tables::USER || !unit.read(|tx| tx.facts().exists(&users, member.id))? {
            return Err(Error::not_found(&users.schema, &users.name, member.id));
        }
        let ids = [team, member.id];
        set_link(unit, operation, &TEAM_MEMBERSHIP, (ids, member), what)?;
    }
    Ok(())
}
