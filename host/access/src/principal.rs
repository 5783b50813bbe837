//! Users and teams as the decisions see them: who they are, their teams, their roles. What
//! a privilege lets a principal reach is answered here through its routes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use sluice_model::{Depth, PrincipalInfo, PrincipalKind, Uuid};

use crate::{Checks, ColumnGrants, Holding, Named, PrincipalId, Reader, Report, Through};

/// `systemuser.accessmode` 2: may read only.
const READ_MODE: i32 = 2;
/// `team.teamtype` 1: receives shares, holds no roles and owns no rows.
pub(crate) const ACCESS_TEAM: i32 = 1;

/// What the caller brings about a principal.
#[derive(Debug, Clone)]
pub struct PrincipalFacts {
    /// The row's id.
    pub id: Uuid,
    /// User or team.
    pub kind: PrincipalKind,
    /// The name people know.
    pub name: String,
    /// Its business unit.
    pub business_unit: Uuid,
    /// `systemuser.accessmode`: 0 Read-Write, 2 Read, …; 0 for a team.
    pub access_mode: i32,
    /// Whether the user is disabled.
    pub disabled: bool,
    /// The teams it is in. For a team: itself alone, so that its type is known; may be empty
    /// for an owner team.
    pub teams: Vec<TeamFacts>,
    /// Its roles, direct and through its teams; one entry per role and route.
    pub roles: Vec<RoleFacts>,
    /// The user's object id in the directory (`azureactivedirectoryobjectid`).
    pub directory_id: Option<Uuid>,
    /// Those whose rows the user may see as their manager; none, where the organisation's managers
    /// see nothing more than others.
    pub reports: Vec<Report>,
    /// What column security profiles give.
    pub columns: ColumnGrants,
}

/// A team that a principal is in.
#[derive(Debug, Clone)]
pub struct TeamFacts {
    /// The row's id.
    pub id: Uuid,
    /// The name people know.
    pub name: String,
    /// Its business unit.
    pub business_unit: Uuid,
    /// `team.teamtype`: 0 owner, 1 access; the directory's groups (2, 3) act as owner teams.
    pub team_type: i32,
}

/// A role that a principal holds, by one route.
#[derive(Debug, Clone)]
pub struct RoleFacts {
    /// The row's id.
    pub id: Uuid,
    /// The name people know.
    pub name: String,
    /// The team that it comes through; `None` is a direct assignment.
    pub via_team: Option<Uuid>,
    /// Its own business unit, where the organisation lets rows be owned across units: from there its
    /// depths count, and User reaches rows of that unit alone. `None` elsewhere: they count from the
    /// unit of whoever holds it.
    pub unit: Option<Uuid>,
    /// *Member's privilege inheritance* (`role.isinherited`): `true` where Basic privileges
    /// reach the member's own rows too, `false` where they reach the team's rows only.
    pub direct_inheritance: bool,
    /// It came with a managed solution: nothing can be granted to it here.
    pub managed: bool,
    /// The depth of each privilege, by its name in lower case.
    pub privileges: Arc<HashMap<String, Depth>>,
}

impl RoleFacts {
    /// The unit that its depths count from.
    fn unit_of_depths(&self, holder: &PrincipalFacts, team: Option<&TeamFacts>) -> Uuid {
        let holders = team.map_or(holder.business_unit, |team| team.business_unit);
        self.unit.unwrap_or(holders)
    }
}

/// A user or a team with everything that decides what it may do. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Principal {
    facts: Arc<PrincipalFacts>,
    system: bool,
    /// Its business unit, or one above it, is disabled.
    stopped: bool,
    lent: Vec<(String, Depth)>,
    /// Who calls on behalf of this principal: both must be allowed what is done.
    pub(crate) limit: Option<Arc<Principal>>,
    /// Who is shown what it reads in a trial.
    pub(crate) reader: Option<Arc<Reader>>,
    /// Where it is kept what is asked about it.
    checks: Option<Arc<Checks>>,
}

/// One way by which a principal holds a privilege.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route<'a> {
    pub(crate) depth: Depth,
    /// The unit that Local and Deep count from: the principal's, or the team's, or the role's own.
    pub(crate) unit: Uuid,
    /// Rows are owned across units: what is the principal's own is reached within that unit alone.
    pub(crate) within_unit: bool,
    pub(crate) team: Option<&'a TeamFacts>,
    /// `None` where the privilege is lent.
    pub(crate) role: Option<&'a RoleFacts>,
}

impl<'a> Route<'a> {
    /// What a direct role of `principal` would give at that depth.
    pub(crate) fn direct(principal: &Principal, depth: Depth) -> Self {
        Self {
            depth,
            unit: principal.business_unit(),
            within_unit: principal.owns_across_units(),
            team: None,
            role: None,
        }
    }

    /// The only owner whose rows the route reaches: "team privileges only" at Basic depth.
    /// Deeper privileges know no such limit.
    pub(crate) fn only_owner(&self) -> Option<PrincipalId> {
        let inherits = self.role.is_none_or(|role| role.direct_inheritance);
        let team = self.team.filter(|_| self.depth == Depth::User && !inherits)?;
        Some(PrincipalId::team(team.id))
    }

    /// The role and the team by which it goes.
    pub(crate) fn through(&self) -> Through {
        Through {
            role: self.role.map(|role| named(role.id, &role.name)),
            depth: self.depth,
            via_team: self.team.map(TeamFacts::named),
        }
    }
}

impl Principal {
    /// The principal of these facts. Roles through a team that it is not in, or through an
    /// access team, count for nothing.
    pub fn new(mut facts: PrincipalFacts) -> Self {
        let PrincipalFacts { teams, roles, .. } = &mut facts;
        roles.retain(|role| role.via_team.is_none_or(|id| owner_team(teams, id).is_some()));
        Self {
            facts: Arc::new(facts),
            system: false,
            stopped: false,
            lent: Vec::new(),
            limit: None,
            reader: None,
            checks: None,
        }
    }

    /// SYSTEM: may do everything.
    pub fn system(id: Uuid, name: &str, business_unit: Uuid) -> Self {
        let facts = PrincipalFacts {
            id,
            kind: PrincipalKind::User,
            name: name.to_owned(),
            business_unit,
            access_mode: 0,
            disabled: false,
            teams: Vec::new(),
            roles: Vec::new(),
            directory_id: None,
            reports: Vec::new(),
            columns: ColumnGrants::default(),
        };
        Self {
            system: true,
            ..Self::new(facts)
        }
    }

    /// The same principal in a disabled business unit: it may do nothing.
    #[must_use]
    pub fn stopped_with_its_unit(self) -> Self {
        Self { stopped: true, ..self }
    }

    /// The same principal, on whose behalf another one calls: it may do what both may do.
    #[must_use]
    pub fn limited_by(&self, caller: &Arc<Self>) -> Self {
        Self {
            limit: Some(caller.clone()),
            ..self.clone()
        }
    }

    /// Who calls on behalf of the principal, where somebody does.
    pub fn limit(&self) -> Option<&Arc<Self>> {
        self.limit.as_ref()
    }

    /// The same principal with one privilege more, as if a direct role had it. For diagnosis:
    /// "would this be enough?"
    #[must_use]
    pub fn lend(&self, privilege: &str, depth: Depth) -> Self {
        let mut borrower = self.clone();
        borrower.lent.push((privilege.to_ascii_lowercase(), depth));
        borrower
    }

    /// The same principal; what is asked about it is kept.
    #[must_use]
    pub fn watched(&self, checks: &Arc<Checks>) -> Self {
        Self {
            checks: Some(checks.clone()),
            ..self.clone()
        }
    }

    /// The same principal; what is asked about it is not kept.
    #[must_use]
    pub fn unwatched(&self) -> Self {
        Self {
            facts: self.facts.clone(),
            system: self.system,
            stopped: self.stopped,
            lent: self.lent.clone(),
            limit: self.limit.as_ref().map(|limit| Arc::new(limit.unwatched())),
            reader: self.reader.clone(),
            checks: None,
        }
    }

    /// The row's id.
    pub fn id(&self) -> Uuid {
        self.facts.id
    }

    /// Which user or team it is.
    pub fn identity(&self) -> PrincipalId {
        PrincipalId {
            kind: self.facts.kind,
            id: self.facts.id,
        }
    }

    /// The name people know.
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// User or team.
    pub fn kind(&self) -> PrincipalKind {
        self.facts.kind
    }

    /// Its business unit.
    pub fn business_unit(&self) -> Uuid {
        self.facts.business_unit
    }

    /// The teams it is in.
    pub fn teams(&self) -> &[TeamFacts] {
        &self.facts.teams
    }

    /// Whether it may do nothing: it is disabled, or its business unit is.
    pub fn is_disabled(&self) -> bool {
        self.facts.disabled || self.stopped
    }

    /// Whether it may do nothing because of its business unit.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether it is SYSTEM, which may do everything.
    pub fn is_system(&self) -> bool {
        self.system
    }

    /// Whom a row can be shared with so that this principal profits: itself and its teams of
    /// every type. [`RowFacts::shares`](crate::RowFacts::shares) is the union over them.
    pub fn sharees(&self) -> impl Iterator<Item = PrincipalId> {
        let teams = self.facts.teams.iter().map(|team| PrincipalId::team(team.id));
        std::iter::once(self.identity()).chain(teams)
    }

    /// Those whose rows the principal may see as their manager.
    pub fn reports(&self) -> &[Report] {
        &self.facts.reports
    }

    /// The principal as errors and reports show it: its roles by name, each once, those that
    /// come through a team as `Seller (via team West)`.
    pub fn info(&self) -> PrincipalInfo {
        let mut roles: Vec<String> = Vec::new();
        for role in &self.facts.roles {
            let team = role.via_team.and_then(|id| owner_team(&self.facts.teams, id));
            let name = match team {
                Some(team) => format!("{} (via team {})", role.name, team.name),
                None => role.name.clone(),
            };
            if !roles.contains(&name) {
                roles.push(name);
            }
        }
        PrincipalInfo {
            id: self.id(),
            name: self.name().to_owned(),
            kind: self.kind(),
            roles,
            grantee: self.grantee(),
        }
    }

    /// The deepest depth at which the principal holds a privilege, by any route, and who limits it
    /// does; the name in any case.
    pub fn depth_of(&self, privilege: &str) -> Option<Depth> {
        let own = self.own_depth_of(privilege)?;
        let reader = self.reader_named(privilege).map(|reader| reader.principal());
        let others = self.limit.as_deref().into_iter().chain(reader);
        others
            .into_iter()
            .try_fold(own, |depth, other| Some(other.depth_of(privilege)?.min(depth)))
    }

    /// The same, whoever limits it.
    pub(crate) fn own_depth_of(&self, privilege: &str) -> Option<Depth> {
        if self.system {
            return Some(Depth::Organization);
        }
        if privilege.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return self.own_depth_of(&privilege.to_ascii_lowercase());
        }
        self.routes(privilege).map(|route| route.depth).max()
    }

    /// What the principal may do and by which route: each privilege (in lower case) with its
    /// deepest depth per route and the name of the team that it comes through. In the order
    /// of the privileges, the direct route first. Empty for SYSTEM.
    pub fn effective(&self) -> Vec<(&str, Depth, Option<&str>)> {
        let mut deepest: BTreeMap<(&str, Option<&str>, Option<Uuid>), Depth> = BTreeMap::new();
        let held = self.facts.roles.iter().flat_map(|role| {
            let team = role.via_team.and_then(|id| owner_team(&self.facts.teams, id));
            role.privileges.iter().map(move |(name, depth)| (name, *depth, team))
        });
        let lent = self.lent.iter().map(|(name, depth)| (name, *depth, None));
        for (privilege, depth, team) in held.chain(lent) {
            let route = (
                privilege.as_str(),
                team.map(|team| team.name.as_str()),
                team.map(|team| team.id),
            );
            let known = deepest.entry(route).or_insert(depth);
            *known = depth.max(*known);
        }
        deepest
            .into_iter()
            .map(|((privilege, team, _), depth)| (privilege, depth, team))
            .collect()
    }

    /// Everything that the principal's roles hold, each by its route. Empty for SYSTEM.
    pub fn holdings(&self) -> impl Iterator<Item = Holding<'_>> {
        let facts = &*self.facts;
        facts.roles.iter().flat_map(move |role| {
            let team = role.via_team.and_then(|id| owner_team(&facts.teams, id));
            let unit = role.unit_of_depths(facts, team);
            let only_team = team.filter(|_| !role.direct_inheritance).map(|team| team.id);
            Holding::of_role(&role.privileges, unit, only_team)
        })
    }

    /// Every route by which the principal holds a privilege, whose name is in lower case.
    pub(crate) fn routes(&self, privilege: &str) -> impl Iterator<Item = Route<'_>> {
        let facts = &*self.facts;
        let held = facts.roles.iter().filter_map(move |role| {
            let depth = *role.privileges.get(privilege)?;
            let team = role.via_team.and_then(|id| owner_team(&facts.teams, id));
            Some(Route {
                depth,
                unit: role.unit_of_depths(facts, team),
                within_unit: role.unit.is_some(),
                team,
                role: Some(role),
            })
        });
        let lent = self.lent.iter().filter(move |(name, _)| name == privilege);
        let lent = lent.map(|(_, depth)| Route::direct(self, *depth));
        held.chain(lent)
    }

    /// Every way by which the principal holds a privilege, the deepest first; the name in any case.
    /// Empty for SYSTEM.
    pub fn through(&self, privilege: &str) -> Vec<Through> {
        let privilege = privilege.to_ascii_lowercase();
        let mut ways: Vec<Through> = self.routes(&privilege).map(|route| route.through()).collect();
        ways.sort_by_key(|way| std::cmp::Reverse(way.depth));
        ways
    }

    /// The privileges that the principal holds, in lower case, each once. Empty for SYSTEM.
    pub fn privileges(&self) -> BTreeSet<&str> {
        let held = self.facts.roles.iter().flat_map(|role| role.privileges.keys());
        let lent = self.lent.iter().map(|(name, _)| name);
        held.chain(lent).map(String::as_str).collect()
    }

    /// Whether the organisation lets rows be owned across units.
    pub fn owns_across_units(&self) -> bool {
        self.facts.roles.iter().any(|role| role.unit.is_some())
    }

    /// The teams whose rows count as its own: those that can own any.
    pub(crate) fn owner_teams(&self) -> impl Iterator<Item = &TeamFacts> {
        self.facts.teams.iter().filter(|team| team.team_type != ACCESS_TEAM)
    }

    /// Whose rows count as its own.
    pub(crate) fn owning(&self) -> Vec<PrincipalId> {
        let teams = self.owner_teams().map(|team| PrincipalId::team(team.id));
        std::iter::once(self.identity()).chain(teams).collect()
    }

    pub(crate) fn checks(&self) -> Option<&Checks> {
        self.checks.as_deref()
    }

    pub(crate) fn facts(&self) -> &PrincipalFacts {
        &self.facts
    }

    /// The team's own type, if this principal is a team.
    pub(crate) fn team_type(&self) -> i32 {
        self.facts
            .teams
            .iter()
            .find(|team| team.id == self.id())
            .map_or(0, |team| team.team_type)
    }

    pub(crate) fn has_no_roles(&self) -> bool {
        self.facts.roles.is_empty() && self.lent.is_empty()
    }

    pub(crate) fn reads_only(&self) -> bool {
        self.facts.access_mode == READ_MODE
    }

    pub(crate) fn role_count(&self) -> usize {
        self.facts
            .roles
            .iter()
            .map(|role| role.id)
            .collect::<HashSet<_>>()
            .len()
    }

    pub(crate) fn privilege_count(&self) -> usize {
        self.facts
            .roles
            .iter()
            .flat_map(|role| role.privileges.keys())
            .collect::<HashSet<_>>()
            .len()
    }
}

impl TeamFacts {
    pub(crate) fn named(&self) -> Named {
        named(self.id, &self.name)
    }
}

fn named(id: Uuid, name: &str) -> Named {
    Named {
        id,
        name: name.to_owned(),
    }
}

pub(crate) fn owner_team(teams: &[TeamFacts], id: Uuid) -> Option<&TeamFacts> {
    teams.iter().find(|team| team.id == id && team.team_type != ACCESS_TEAM)
}
