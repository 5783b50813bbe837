//! Nobody gives what they do not hold: whether a principal holds a set of privileges, each at
//! its depth and in its business unit. It knows no roles of the organisation and no tables.

use std::collections::{BTreeSet, HashMap};

use sluice_model::{Depth, Result, Uuid};

use crate::{Principal, PrivilegeIds, Units, principal::Route, text};

/// A privilege as somebody holds it, or is about to be given it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding<'a> {
    /// The privilege's name in lower case.
    pub privilege: &'a str,
    /// How deep it reaches.
    pub depth: Depth,
    /// The business unit that the depth counts from.
    pub unit: Uuid,
    /// At User depth through a team with *Team privileges only*: the team whose rows it reaches,
    /// and no others.
    pub only_team: Option<Uuid>,
}

impl<'a> Holding<'a> {
    /// What a role holds in a business unit; `only_team` is the team that it is given to with
    /// *Team privileges only*.
    pub fn of_role(
        privileges: &'a HashMap<String, Depth>,
        unit: Uuid,
        only_team: Option<Uuid>,
    ) -> impl Iterator<Item = Self> {
        privileges.iter().map(move |(privilege, depth)| Self {
            privilege,
            depth: *depth,
            unit,
            only_team: only_team.filter(|_| *depth == Depth::User),
        })
    }
}

/// The principal holds all of `wanted`: each privilege at that depth or deeper, in that business
/// unit, directly or through a team.
///
/// # Errors
/// `0x80040220` with the first privilege that is missing, in the order of their names, and how
/// many there are.
pub fn check_holds<'a>(
    principal: &Principal,
    units: &Units,
    wanted: impl IntoIterator<Item = Holding<'a>>,
    privileges: &PrivilegeIds,
) -> Result<()> {
    let wanted: Vec<Holding<'a>> = wanted.into_iter().collect();
    if let Some(limit) = principal.limit() {
        check_holds(limit, units, wanted.iter().copied(), privileges)?;
    }
    if principal.is_system() {
        return Ok(());
    }
    let lacks = |wanted: &Holding<'_>| {
        let holds = |route| covers(principal, units, &route, wanted);
        !principal.routes(wanted.privilege).any(holds)
    };
    let mut missing: Vec<Holding<'_>> = wanted.into_iter().filter(lacks).collect();
    missing.sort_by_key(|one| (one.privilege, one.unit, one.depth));
    let names: BTreeSet<&str> = missing.iter().map(|one| one.privilege).collect();
    match missing.first() {
        Some(first) => Err(text::gives_too_much(principal, first, names.len(), privileges)),
        None => Ok(()),
    }
}

/// Whether what comes by the route is at least as much as what is wanted.
fn covers(principal: &Principal, units: &Units, route: &Route<'_>, wanted: &Holding<'_>) -> bool {
    if route.depth < wanted.depth {
        return false;
    }
    match route.depth {
        Depth::Organization => true,
        Depth::ParentChild => units.is_same_or_below(wanted.unit, route.unit),
        Depth::BusinessUnit => wanted.unit == route.unit,
        Depth::User => match route.only_owner() {
            Some(team) => wanted.only_team == Some(team.id),
            // Through a team that lets its members have it for their own rows, it counts in
            // the member's own unit as well.
            None => wanted.unit == route.unit || wanted.unit == principal.business_unit(),
        },
    }
}
