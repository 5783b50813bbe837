//! The second gate: may the principal do this to that row? And its twin, the list: which
//! rows may it see? Both read the same routes.

use sluice_model::{Depth, Error, Ownership, Result, Right, Rights, TableDef};

use crate::{
    Gate, OwnerToBe, Permit, Principal, PrivilegeIds, Reason, RowFacts, RowFilter, RowScope, Units,
    gate::held_privilege,
    principal::Route,
    text::{self, Denied},
};

/// Both gates for one row: the privilege at any depth, then ownership, the depth of a role,
/// or a share.
///
/// # Errors
/// Those of [`check_privilege`](crate::check_privilege), and `0x80048306` where the privilege
/// does not reach the row, with the shallowest depth that would do in a direct role.
pub fn decide(
    principal: &Principal,
    units: &Units,
    table: &TableDef,
    right: Right,
    row: &RowFacts,
    privileges: &PrivilegeIds,
) -> Result<Permit> {
    let reason = grant(principal, units, table, right, row, privileges)?;
    Ok(Permit::row(table, right, Some(row.id), reason))
}

/// Both gates for a new row: the depth of Create is tested against the owner to be. An owner other than the principal needs
/// [`check_owner_to_be`](crate::check_owner_to_be) as well.
///
/// # Errors
/// Those of [`decide`].
pub fn decide_create(
    principal: &Principal,
    units: &Units,
    table: &TableDef,
    owner: &OwnerToBe,
    privileges: &PrivilegeIds,
) -> Result<Permit> {
    let row = RowFacts::to_be(table, owner);
    let reason = grant(principal, units, table, Right::Create, &row, privileges)?;
    Ok(Permit::row(table, Right::Create, None, reason))
}

fn grant(
    principal: &Principal,
    units: &Units,
    table: &TableDef,
    right: Right,
    row: &RowFacts,
    privileges: &PrivilegeIds,
) -> Result<Reason> {
    let privilege = held_privilege(principal, table, right, privileges)?;
    let view = View {
        principal,
        units,
        table,
        row,
    };
    let reason = view.by_role(&privilege).or_else(|| view.by_share(right));
    let asked = (table, right, Some(row.id).filter(|id| !id.is_nil()));
    principal.note(Gate::Access, asked, || reason.as_ref().map(ToString::to_string));
    reason.ok_or_else(|| view.refusal(right))
}

/// One row as one principal sees it.
struct View<'a> {
    principal: &'a Principal,
    units: &'a Units,
    table: &'a TableDef,
    row: &'a RowFacts,
}

impl View<'_> {
    /// Ownership and depth: why the roles reach the row, if they do.
    fn by_role(&self, privilege: &str) -> Option<Reason> {
        if self.principal.is_system() {
            return Some(Reason::System);
        }
        let routes = || self.principal.routes(privilege);
        if self.table.ownership == Ownership::Organization {
            return routes()
                .any(|route| route.depth == Depth::Organization)
                .then_some(Reason::OrganizationOwned);
        }
        let own = routes().find_map(|route| self.by_ownership(&route));
        own.or_else(|| {
            let deepest = routes()
                .filter(|route| self.is_within(route))
                .max_by_key(|route| route.depth)?;
            Some(Reason::Role {
                depth: deepest.depth,
                via_team: deepest.team_name().map(str::to_owned),
            })
        })
    }

    /// Any depth suffices for own rows and rows of own teams, wherever they lie.
    fn by_ownership(&self, route: &Route<'_>) -> Option<Reason> {
        let holder = self.row.holder(self.table)?;
        let is_own_team =
            || self.table.ownership == Ownership::User && self.principal.owner_teams().any(|id| id == holder);
        match route.only_owner() {
            Some(team) => (is_own_team() && team == holder).then_some(Reason::OwnerTeam),
            None if holder == self.principal.identity() => Some(Reason::Owner),
            None => is_own_team().then_some(Reason::OwnerTeam),
        }
    }

    /// Whether the row lies within the units that the route reaches.
    fn is_within(&self, route: &Route<'_>) -> bool {
        match (route.depth, self.row.business_unit) {
            (Depth::Organization, _) => true,
            (Depth::ParentChild, Some(unit)) => self.units.is_same_or_below(unit, route.unit),
            (Depth::BusinessUnit, Some(unit)) => unit == route.unit,
            (Depth::User, _) | (_, None) => false,
        }
    }

    /// Rows of user-owned tables can be shared, and inherit rights from those that they refer to.
    fn by_share(&self, right: Right) -> Option<Reason> {
        if self.table.ownership != Ownership::User {
            return None;
        }
        let inherited = || self.row.inherited.has(right).then_some(Reason::Inherited);
        self.row.shares.has(right).then_some(Reason::Share).or_else(inherited)
    }

    fn refusal(&self, right: Right) -> Error {
        let privilege = |right| self.table.privilege_name(right).to_ascii_lowercase();
        let given = |right| self.by_role(&privilege(right)).is_some();
        let usable = |right| self.by_share(right).is_some() && self.principal.depth_of(&privilege(right)).is_some();
        let denied = Denied {
            right,
            depth: self.needed_depth(),
            by_roles: rights(given),
            granted: rights(|right| given(right) || usable(right)),
        };
        text::access_denied(self.principal, self.table, self.row, &denied)
    }

    /// The shallowest depth that would do if a direct role had the privilege.
    fn needed_depth(&self) -> Depth {
        let route = |depth| Route::direct(self.principal, depth);
        let reaches = |depth: &Depth| match self.table.ownership {
            Ownership::User | Ownership::Business => {
                self.by_ownership(&route(*depth)).is_some() || self.is_within(&route(*depth))
            }
            Ownership::Organization | Ownership::None => *depth == Depth::Organization,
        };
        Depth::ALL.into_iter().find(reaches).unwrap_or(Depth::Organization)
    }
}

fn rights(test: impl Fn(Right) -> bool) -> Rights {
    let rights: Vec<Right> = Right::ALL.into_iter().filter(|right| test(*right)).collect();
    Rights::of(&rights)
}

/// Gate 1 for Read, and the rows that a query may return: exactly those for which [`decide`]
/// grants Read.
///
/// # Errors
/// Those of [`check_privilege`](crate::check_privilege). A privilege that reaches no row is
/// no error: the list is empty.
pub fn list(principal: &Principal, units: &Units, table: &TableDef, privileges: &PrivilegeIds) -> Result<Permit> {
    let privilege = held_privilege(principal, table, Right::Read, privileges)?;
    if principal.is_system() {
        return Ok(Permit::list(table, RowScope::Everything, Reason::System));
    }
    let Some(deepest) = principal.routes(&privilege).max_by_key(|route| route.depth) else {
        return Err(text::missing_privilege(principal, table, Right::Read, privileges));
    };
    let reason = match table.ownership {
        Ownership::Organization => Reason::OrganizationOwned,
        _ => Reason::Role {
            depth: deepest.depth,
            via_team: deepest.team_name().map(str::to_owned),
        },
    };
    let scope = match (deepest.depth, table.ownership) {
        (Depth::Organization, _) => RowScope::Everything,
        (_, Ownership::User | Ownership::Business) => RowScope::Only(filter(principal, units, table, &privilege)),
        (_, Ownership::Organization | Ownership::None) => RowScope::Only(RowFilter::default()),
    };
    Ok(Permit::list(table, scope, reason))
}

/// The union of what the routes reach, none of them the whole organisation.
fn filter(principal: &Principal, units: &Units, table: &TableDef, privilege: &str) -> RowFilter {
    let owned = table.ownership == Ownership::User;
    let mut filter = RowFilter::default();
    for route in principal.routes(privilege) {
        match route.only_owner() {
            Some(team) if owned => filter.owners.push(team),
            Some(_) => {}
            None if owned => {
                filter.owners.push(principal.identity());
                filter.owners.extend(principal.owner_teams());
            }
            None if *table.name == *principal.kind().table() => filter.ids.push(principal.id()),
            None => {}
        }
        match route.depth {
            Depth::User | Depth::Organization => {}
            Depth::BusinessUnit => filter.business_units.push(route.unit),
            Depth::ParentChild => filter.business_units.extend(units.subtree(route.unit)),
        }
    }
    if owned {
        filter.shared_with.extend(principal.sharees());
    }
    for ids in [&mut filter.ids, &mut filter.business_units] {
        ids.sort_unstable();
        ids.dedup();
    }
    for principals in [&mut filter.owners, &mut filter.shared_with] {
        principals.sort_unstable();
        principals.dedup();
    }
    filter
}
