//! The second gate: may the principal do this to that row? And its twin, the list: which
//! rows may it see? Both read the same routes.

use sluice_model::{Depth, Error, Ownership, Result, Right, Rights, TableDef};

use crate::{
    OwnerToBe, Permit, Principal, PrincipalId, PrivilegeIds, Reason, RowFacts, RowFilter, RowScope, Shared, Through,
    Units,
    gate::{held_privilege, own_privilege},
    principal::Route,
    reports,
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
    Ok(Permit::row(principal, table, right, Some(row.id), reason))
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
    Ok(Permit::row(principal, table, Right::Create, None, reason))
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
        shared: &row.shared,
    };
    let reason = view.reason(right, &privilege)?;
    if let Some(caller) = view.of_limit() {
        caller.reason(right, &privilege)?;
    }
    if let Some(reader) = principal.reader_of(right) {
        reader.ask(|principal| {
            own_privilege(principal, table, right, privileges)?;
            let shared = &row.reader;
            let view = View {
                principal,
                shared,
                ..view
            };
            view.reason(right, &privilege)
        })?;
    }
    Ok(reason)
}

/// What both gates say of a right on a row.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The privilege check: all by which the privilege is held, the deepest first; empty for SYSTEM.
    pub privilege: Result<Vec<Through>>,
    /// The access check: all that reaches the row, first what [`decide`] says. `None` where the
    /// privilege check has refused: then it is not asked.
    pub access: Option<Result<Vec<Reason>>>,
}

impl Explained {
    /// Whether both gates let the principal pass.
    pub fn passes(&self) -> bool {
        matches!(self.access, Some(Ok(_)))
    }
}

/// What [`decide`] says, with all that it could have said it for.
pub fn explain(
    principal: &Principal,
    units: &Units,
    table: &TableDef,
    right: Right,
    row: &RowFacts,
    privileges: &PrivilegeIds,
) -> Explained {
    // Who asks why somebody may do something does nothing with it.
    let principal = &principal.unwatched();
    let privilege = match held_privilege(principal, table, right, privileges) {
        Ok(privilege) => privilege,
        Err(error) => {
            return Explained {
                privilege: Err(error),
                access: None,
            };
        }
    };
    let view = View {
        principal,
        units,
        table,
        row,
        shared: &row.shared,
    };
    let limit = view.of_limit();
    let stopped = limit.filter(|limit| limit.reasons(right, &privilege).next().is_none());
    let reasons: Vec<Reason> = view.reasons(right, &privilege).collect();
    Explained {
        privilege: Ok(principal.through(&privilege)),
        access: Some(match (reasons.is_empty(), stopped) {
            (true, _) => Err(view.refusal(right)),
            (false, Some(limit)) => Err(limit.refusal(right)),
            (false, None) => Ok(reasons),
        }),
    }
}

/// The shallowest depth at which a role of the principal's own would reach the row.
pub fn needed_depth(principal: &Principal, units: &Units, table: &TableDef, row: &RowFacts) -> Depth {
    let shared = &row.shared;
    let view = View {
        principal,
        units,
        table,
        row,
        shared,
    };
    view.needed_depth()
}

/// One row as one principal sees it.
struct View<'a> {
    principal: &'a Principal,
    units: &'a Units,
    table: &'a TableDef,
    row: &'a RowFacts,
    /// What is shared with the principal.
    shared: &'a Shared,
}

impl<'a> View<'a> {
    /// The same row as who limits the principal sees it.
    fn of_limit(&self) -> Option<View<'a>> {
        let (units, table, row) = (self.units, self.table, self.row);
        self.principal.limit().map(|principal| View {
            principal,
            units,
            table,
            row,
            shared: &row.limit,
        })
    }
}

impl View<'_> {
    /// What reaches the row first, or the refusal.
    fn reason(&self, right: Right, privilege: &str) -> Result<Reason> {
        let reason = self.reasons(right, privilege).next();
        self.principal.note_access(
            (self.table, right, Some(self.row)),
            || self.needed_depth(),
            reason.as_ref(),
        );
        reason.ok_or_else(|| self.refusal(right))
    }

    /// All that reaches the row, the reason that counts first: ownership, the deepest role, a share,
    /// the place of a manager.
    fn reasons<'s>(&'s self, right: Right, privilege: &'s str) -> impl Iterator<Item = Reason> + 's {
        let system = self.principal.is_system().then_some(Reason::System);
        system
            .into_iter()
            .chain(self.by_roles(privilege))
            .chain(self.by_shares(right))
            .chain(self.by_reports(right))
    }

    /// Ownership and depth: why the roles reach the row.
    fn by_roles<'s>(&'s self, privilege: &'s str) -> impl Iterator<Item = Reason> + 's {
        let own = self
            .principal
            .routes(privilege)
            .filter_map(|route| self.by_ownership(&route));
        let within = Depth::ALL.into_iter().rev().flat_map(move |depth| {
            let routes = self.principal.routes(privilege);
            routes.filter(move |route| route.depth == depth && self.is_within(route))
        });
        own.chain(within.map(|route| match self.table.ownership {
            Ownership::Organization => Reason::OrganizationOwned(route.through()),
            _ => Reason::Role(route.through()),
        }))
    }

    /// Any depth suffices for own rows and rows of own teams, wherever they lie; where rows are owned
    /// across units, within the unit that the depth counts from.
    fn by_ownership(&self, route: &Route<'_>) -> Option<Reason> {
        let holder = self.row.holder(self.table)?;
        let lies_elsewhere = || self.row.business_unit != Some(route.unit) && !self.is_within(route);
        if self.table.ownership == Ownership::User && route.within_unit && lies_elsewhere() {
            return None;
        }
        if route.only_owner().is_none() && holder == self.principal.identity() {
            return Some(Reason::Owner(route.through()));
        }
        if self.table.ownership != Ownership::User || route.only_owner().is_some_and(|team| team != holder) {
            return None;
        }
        let mut teams = self.principal.owner_teams();
        let team = teams.find(|team| PrincipalId::team(team.id) == holder)?.named();
        let through = route.through();
        Some(Reason::OwnerTeam { team, through })
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
    fn by_shares(&self, right: Right) -> impl Iterator<Item = Reason> + use<> {
        let shared = self.table.ownership == Ownership::User;
        let own = (shared && self.shared.own.has(right)).then_some(Reason::Share);
        let inherited = (shared && self.shared.inherited.has(right)).then_some(Reason::Inherited);
        own.into_iter().chain(inherited)
    }

    /// Managers reach the rows of those who report to them, and of what is shared with these no more
    /// than these do.
    fn by_reports<'s>(&'s self, right: Right) -> impl Iterator<Item = Reason> + 's {
        let reached = self.table.ownership == Ownership::User && !self.table.outside_hierarchy;
        let owner = self.row.owner.filter(|_| reached);
        let owns = move |report: &&crate::Report| report.sharees().any(|one| Some(one) == owner);
        let reports = self
            .principal
            .reports()
            .iter()
            .filter(move |report| report.gives(right));
        let own = reports.filter(owns).map(|report| Reason::Manager {
            report: report.named(),
            direct: report.direct,
        });
        let through = |direct, shares: Rights| rights_shared(direct, shares).has(right);
        let shared = through(true, self.shared.direct) || through(false, self.shared.indirect);
        let shared = shared && reached;
        own.chain(shared.then_some(Reason::ManagerShare))
    }

    fn refusal(&self, right: Right) -> Error {
        let privilege = |right| self.table.privilege_name(right).to_ascii_lowercase();
        let given = |right| self.principal.is_system() || self.by_roles(&privilege(right)).next().is_some();
        let other = |right| self.by_shares(right).next().is_some() || self.by_reports(right).next().is_some();
        let usable = |right| other(right) && self.principal.depth_of(&privilege(right)).is_some();
        let denied = Denied {
            right,
            depth: self.needed_depth(),
            by_roles: rights(given),
            by_shares: self.shared.own | self.shared.inherited,
            by_reports: rights(|right| self.by_reports(right).next().is_some()),
            granted: rights(|right| given(right) || usable(right)),
        };
        let mut error = text::access_denied(self.principal, self.table, self.row, &denied);
        error.body_mut().held = self.principal.held(&privilege(right));
        if self.principal.owns_across_units() && self.is_own() {
            let why = "the row is the principal's own, and lies in a business unit of which no role has the privilege: \
                       rows are owned across business units here";
            error.body_mut().inner = Some(why.to_owned());
        }
        error
    }

    /// Whether any depth of a direct role reaches the row: it is the principal's own, or a team's.
    fn is_own(&self) -> bool {
        let own = |holder| {
            holder == self.principal.identity()
                || self.table.ownership == Ownership::User
                    && self
                        .principal
                        .owner_teams()
                        .any(|team| PrincipalId::team(team.id) == holder)
        };
        self.row.holder(self.table).is_some_and(own)
    }

    /// The shallowest depth that would do if a direct role had the privilege.
    fn needed_depth(&self) -> Depth {
        let route = |depth| Route::direct(self.principal, depth);
        let is_own = self.is_own();
        let reaches = |depth: &Depth| match self.table.ownership {
            Ownership::User | Ownership::Business => {
                let route = route(*depth);
                let is_own = is_own && (self.by_ownership(&route).is_some() || !route.within_unit);
                is_own || self.is_within(&route)
            }
            Ownership::Organization | Ownership::None => *depth == Depth::Organization,
        };
        Depth::ALL.into_iter().find(reaches).unwrap_or(Depth::Organization)
    }
}

/// What comes to a manager of what is shared with reports.
fn rights_shared(direct: bool, shares: Rights) -> Rights {
    Rights(reports::rights(direct).0 & shares.0)
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
    let mut filters = Vec::new();
    for one in std::iter::once(principal).chain(principal.limit().map(AsRef::as_ref)) {
        filters.extend(filter_of(one, units, table, &privilege));
    }
    if let Some(reader) = principal.reader_of(Right::Read) {
        reader.ask(|reader| check_reads_as_much(reader, principal, units, table, privileges))?;
        filters.extend(filter_of(reader.principal(), units, table, &privilege));
    }
    let scope = match filters.is_empty() {
        true => RowScope::Everything,
        false => RowScope::Only(filters),
    };
    let deepest = principal.routes(&privilege).max_by_key(|route| route.depth);
    let reason = match (deepest, table.ownership) {
        _ if principal.is_system() => Reason::System,
        (Some(deepest), Ownership::Organization) => Reason::OrganizationOwned(deepest.through()),
        (Some(deepest), _) => Reason::Role(deepest.through()),
        (None, _) => return Err(text::missing_privilege(principal, table, Right::Read, privileges)),
    };
    // Which rows are used of those that it reaches, nobody knows: all of that depth.
    let depth = deepest.map_or(Depth::Organization, |route| route.depth);
    principal.note_access((table, Right::Read, None), || depth, Some(&reason));
    Ok(Permit::list(principal, table, scope, reason))
}

/// Refuses a list that a trial would have to cut short for its reader: what a step makes of such a list is not
/// what it makes of the whole. Single rows that are shared, or a team's in another unit, are cut off nevertheless.
fn check_reads_as_much(
    reader: &Principal,
    principal: &Principal,
    units: &Units,
    table: &TableDef,
    privileges: &PrivilegeIds,
) -> Result<()> {
    let privilege = table.privilege_name(Right::Read).to_ascii_lowercase();
    let (own, wanted) = (reader.own_depth_of(&privilege), principal.own_depth_of(&privilege));
    let unit = principal.business_unit();
    let mut routes = reader.routes(&privilege);
    let reaches = match wanted {
        _ if own == Some(Depth::Organization) => true,
        _ if reader.identity() == principal.identity() => own >= wanted,
        Some(Depth::Organization) => false,
        Some(Depth::ParentChild) => {
            routes.any(|route| route.depth == Depth::ParentChild && units.is_same_or_below(unit, route.unit))
        }
        _ => routes.any(|route| match route.depth {
            Depth::BusinessUnit => route.unit == unit,
            Depth::ParentChild => units.is_same_or_below(unit, route.unit),
            Depth::User | Depth::Organization => false,
        }),
    };
    if reaches {
        return Ok(());
    }
    let mut error = text::missing_privilege(reader, table, Right::Read, privileges);
    error.body_mut().depth = wanted.max(Some(Depth::BusinessUnit));
    Err(error)
}

/// The rows that a principal may read by itself; nothing, where that is all.
fn filter_of(principal: &Principal, units: &Units, table: &TableDef, privilege: &str) -> Option<RowFilter> {
    let deepest = principal.routes(privilege).map(|route| route.depth).max();
    if principal.is_system() || deepest == Some(Depth::Organization) {
        return None;
    }
    Some(match table.ownership {
        Ownership::User | Ownership::Business => filter(principal, units, table, privilege),
        Ownership::Organization | Ownership::None => RowFilter::default(),
    })
}

/// The union of what the routes reach, none of them the whole organisation.
fn filter(principal: &Principal, units: &Units, table: &TableDef, privilege: &str) -> RowFilter {
    let owned = table.ownership == Ownership::User;
    let mut filter = RowFilter::default();
    for route in principal.routes(privilege) {
        // What lies within the units of a deeper route is listed by these.
        let within = route.within_unit && owned;
        if within {
            let owners = match route.only_owner() {
                Some(team) => vec![team],
                None => principal.owning(),
            };
            let owners = owners.into_iter().map(|owner| (owner, route.unit));
            filter
                .owned_within
                .extend(owners.filter(|_| route.depth == Depth::User));
        }
        match route.only_owner() {
            _ if within => {}
            Some(team) if owned => filter.owners.push(team),
            Some(_) => {}
            None if owned => filter.owners.extend(principal.owning()),
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
        for report in principal.reports().iter().filter(|_| !table.outside_hierarchy) {
            filter.owners.extend(report.sharees());
            filter.shared_directly_with.extend(report.sharees());
        }
    }
    for ids in [&mut filter.ids, &mut filter.business_units] {
        ids.sort_unstable();
        ids.dedup();
    }
    filter.owned_within.sort_unstable();
    filter.owned_within.dedup();
    let RowFilter {
        owners,
        shared_with,
        shared_directly_with,
        ..
    } = &mut filter;
    for principals in [owners, shared_with, shared_directly_with] {
        principals.sort_unstable();
        principals.dedup();
    }
    filter
}
