//! Who holds which roles, as cures need to know it: read once, as the platform, when the first cure
//! is looked for. Nothing of it is shown to the reader but names in commands.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use sluice_engine::{Unit, acting::ACT_ON_BEHALF, tables};
use sluice_model::{Depth, Filter, Query, Reference, Result, Row, Uuid};

use super::{
    Fix,
    units::Tree,
    weight::{Beyond, Weights},
};

/// `systemuser.accessmode` of an account that no person signs in with.
const NON_INTERACTIVE: i32 = 4;

/// A role at its root; its copies hold the same.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) is_administrator: bool,
    /// *Team privileges only*.
    pub(super) only_team: bool,
    /// It came with a managed solution: nothing is granted to it here.
    pub(super) is_managed: bool,
}

/// A user as a step could run as one.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) is_service: bool,
    pub(super) is_administrator: bool,
    /// How far its roles reach, all together.
    pub(super) reach: u32,
    /// Whether it may act for others (prvActOnBehalfOfAnotherUser).
    pub(super) acts_for_others: bool,
}

/// A role as somebody holds it.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) role: Role,
    /// The team through which it comes.
    pub(super) team: Option<Uuid>,
}

impl Held {
    /// Whether it counts for a team's rows alone.
    pub(super) fn is_for_teams_rows(&self) -> bool {
        self.team.is_some() && self.role.only_team
    }
}

/// Users, teams and roles, and who holds what.
pub(super) struct Holders {
    /// The roles at their roots.
    roles: HashMap<Uuid, Role>,
    /// The root of each copy.
    roots: HashMap<Uuid, Uuid>,
    /// The copy of a root in a business unit.
    copies: HashMap<(Uuid, Uuid), Uuid>,
    /// The copies that a user or team holds itself.
    held: HashMap<Uuid, Vec<Uuid>>,
    /// The teams of a user.
    teams: HashMap<Uuid, Vec<Uuid>>,
    /// The business unit of each user and team.
    units: HashMap<Uuid, Uuid>,
    accounts: Vec<Account>,
    /// The users who are disabled.
    disabled: HashSet<Uuid>,
    tree: Tree,
    weights: Weights,
}

impl Holders {
    /// Reads them.
    pub(super) fn read(unit: &mut Unit) -> Result<Self> {
        let weights = Weights::read(unit)?;
        let mut all = |table: &str, columns: &[&str]| {
            unit.select_as_platform(
                "find what would cure a refusal, and whom it reaches",
                &Query::new(table).columns(columns).order_by(key(table)),
            )
        };
        let rows = all(
            tables::ROLE,
            &[
                "name",
                "businessunitid",
                "parentrootroleid",
                "roletemplateid",
                "isinherited",
                tables::MANAGED,
            ],
        )?;
        let users = all(
            tables::USER,
            &["fullname", "businessunitid", "accessmode", "isdisabled"],
        )?;
        let teams = all(tables::TEAM, &["businessunitid"])?;
        let tree = Tree::of(&all(tables::BUSINESS_UNIT, &Tree::COLUMNS)?);
        let is_disabled = |row: &&Row| row.bool("isdisabled") == Some(true);
        let mut holders = Self {
            roles: HashMap::new(),
            roots: HashMap::new(),
            copies: HashMap::new(),
            held: HashMap::new(),
            teams: HashMap::new(),
            units: HashMap::new(),
            accounts: Vec::new(),
            disabled: users.iter().filter(is_disabled).map(|row| row.id).collect(),
            tree,
            weights,
        };
        for row in &rows {
            holders.add_role(row);
        }
        for (table, holder) in [(tables::USER_ROLES, "systemuserid"), (tables::TEAM_ROLES, "teamid")] {
            for row in all(table, &["roleid", holder])? {
                if let (Some(role), Some(holder)) = (row.id_of("roleid"), row.id_of(holder)) {
                    holders.held.entry(holder).or_default().push(role);
                }
            }
        }
        for row in all(tables::TEAM_MEMBERSHIP, &["teamid", "systemuserid"])? {
            if let (Some(team), Some(user)) = (row.id_of("teamid"), row.id_of("systemuserid")) {
                holders.teams.entry(user).or_default().push(team);
            }
        }
        for row in users.iter().chain(&teams) {
            let unit = row.id_of("businessunitid").unwrap_or_default();
            holders.units.insert(row.id, unit);
        }
        holders.add_accounts(unit, &users)?;
        Ok(holders)
    }

    /// The enabled users but SYSTEM, in whose name nothing runs. Each role's privileges are read once.
    fn add_accounts(&mut self, unit: &mut Unit, users: &[Row]) -> Result<()> {
        let system = unit.snapshot()?.system().id();
        let acting = unit.snapshot()?.privileges().id("prvActOnBehalfOfAnotherUser");
        let mut known: HashMap<Vec<Uuid>, HashMap<Uuid, Depth>> = HashMap::new();
        let is_user = |row: &&Row| row.bool("isdisabled") != Some(true) && row.id != system;
        for row in users.iter().filter(is_user) {
            let held = self.of(row.id);
            let mut roles: Vec<Uuid> = held.iter().map(|held| held.role.id).collect();
            roles.sort_unstable();
            let gives = match known.entry(roles) {
                Entry::Occupied(there) => there.into_mut(),
                Entry::Vacant(free) => {
                    let roles = free.key().iter().copied().collect();
                    free.insert(self.privileges_of(unit, &roles)?)
                }
            };
            self.accounts.push(Account {
                id: row.id,
                name: row.text("fullname").unwrap_or_default().to_owned(),
                is_service: row.int("accessmode") == Some(NON_INTERACTIVE),
                is_administrator: held.iter().any(|held| held.role.is_administrator),
                reach: self.weights.all(&*gives),
                acts_for_others: gives.contains_key(&acting),
            });
        }
        Ok(())
    }

    fn add_role(&mut self, row: &Row) {
        let root = row.id_of("parentrootroleid").unwrap_or(row.id);
        self.roots.insert(row.id, root);
        if let Some(unit) = row.id_of("businessunitid") {
            self.copies.insert((root, unit), row.id);
        }
        if root == row.id {
            let role = Role {
                id: row.id,
                name: row.text("name").unwrap_or_default().to_owned(),
                is_administrator: sluice_engine::organization::is_administrator(row),
                only_team: row.int("isinherited") == Some(0),
                is_managed: row.bool(tables::MANAGED) == Some(true),
            };
            self.roles.insert(row.id, role);
        }
    }

    /// The roles that count for a user or team: its own first, then those of its teams; each once.
    pub(super) fn of(&self, holder: Uuid) -> Vec<Held> {
        self.of_enabled(holder, &HashSet::new())
    }

    /// As [`Self::of`], once these business units are enabled: a team of a disabled one gives its members nothing.
    fn of_enabled(&self, holder: Uuid, enabled: &HashSet<Uuid>) -> Vec<Held> {
        let teams = self.teams.get(&holder).into_iter().flatten();
        let works = |team: &&Uuid| {
            self.disabled_above(**team)
                .iter()
                .all(|(unit, _)| enabled.contains(unit))
        };
        let teams = teams.filter(works).map(|team| (*team, Some(*team)));
        let holders = std::iter::once((holder, None)).chain(teams);
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for (holder, team) in holders {
            for copy in self.held.get(&holder).into_iter().flatten() {
                let role = self.roots.get(copy).and_then(|root| self.roles.get(root));
                if let Some(role) = role.filter(|role| seen.insert(role.id)) {
                    found.push(Held {
                        role: role.clone(),
                        team,
                    });
                }
            }
        }
        found
    }

    /// The roles that count for a user or team behind these fixes.
    pub(super) fn with(&self, holder: Uuid, fixes: &[(Fix, Uuid)]) -> Vec<Held> {
        let units = fixes.iter().filter_map(|(fix, _)| match fix {
            Fix::Enable { units, .. } => Some(units.iter().map(|(unit, _)| *unit)),
            _ => None,
        });
        let mut held = self.of_enabled(holder, &units.flatten().collect());
        for (fix, _) in fixes {
            let Fix::GiveRole { to, copy, .. } = fix else { continue };
            let role = self.roots.get(copy).and_then(|root| self.roles.get(root));
            if let Some(role) = role.filter(|_| to.id == holder) {
                held.retain(|held| held.role.id != role.id);
                held.push(Held {
                    role: role.clone(),
                    team: None,
                });
            }
        }
        held
    }

    /// The business units that are disabled and whose teams would give a user one of these roles, of each team by id
    /// and name, the highest first.
    pub(super) fn at_rest_with(&self, user: Uuid, roles: &HashMap<Uuid, Depth>) -> Vec<Vec<(Uuid, String)>> {
        let has = |team: &&Uuid| {
            let copies = self.held.get(*team).into_iter().flatten();
            let mut roots = copies.filter_map(|copy| self.roots.get(copy));
            roots.any(|root| roles.contains_key(root))
        };
        let teams = self.teams.get(&user).into_iter().flatten().filter(has);
        let mut found: Vec<_> = teams.map(|team| self.disabled_above(*team)).collect();
        found.retain(|units| !units.is_empty());
        found.sort();
        found.dedup();
        found
    }

    /// The enabled users whom a role reaches, itself and through teams.
    pub(super) fn users_of(&self, role: Uuid) -> impl Iterator<Item = Uuid> {
        let has = move |account: &&Account| self.of(account.id).iter().any(|held| held.role.id == role);
        self.accounts.iter().filter(has).map(|account| account.id)
    }

    /// The enabled users who are in a team.
    pub(super) fn members_of(&self, team: Uuid) -> impl Iterator<Item = Uuid> {
        let is_in = move |account: &&Account| self.teams.get(&account.id).is_some_and(|teams| teams.contains(&team));
        self.accounts.iter().filter(is_in).map(|account| account.id)
    }

    /// The enabled users of a business unit and of those below it, and the members of their teams.
    pub(super) fn users_below(&self, top: Uuid) -> impl Iterator<Item = Uuid> {
        let lies_below = move |holder: &Uuid| {
            self.units
                .get(holder)
                .is_some_and(|unit| self.tree.is_below(*unit, top))
        };
        let is_below = move |account: &&Account| {
            let mut teams = self.teams.get(&account.id).into_iter().flatten();
            lies_below(&account.id) || teams.any(lies_below)
        };
        self.accounts.iter().filter(is_below).map(|account| account.id)
    }

    /// Whether a user is disabled, and not only of a business unit that is.
    pub(super) fn is_disabled(&self, user: Uuid) -> bool {
        self.disabled.contains(&user)
    }

    /// The business units that are disabled above a user or team, by id and name, the highest first.
    pub(super) fn disabled_above(&self, holder: Uuid) -> Vec<(Uuid, String)> {
        let unit = self.units.get(&holder);
        unit.map(|unit| self.tree.disabled_above(*unit)).unwrap_or_default()
    }

    /// A name for a new role that no role has: this one, or with a number.
    pub(super) fn free_name(&self, wanted: &str) -> String {
        let is_free = |name: &String| {
            let mut there = self.roles.values();
            !there.any(|role| role.name.to_lowercase() == name.to_lowercase())
        };
        let numbered = (2..).map(|number: u32| format!("{wanted} {number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        names.find(is_free).unwrap_or_default()
    }

    /// The copy of a role in a business unit, with the name of that.
    pub(super) fn copy_in(&self, role: Uuid, unit: Uuid) -> Option<(Uuid, String)> {
        let copy = self.copies.get(&(role, unit))?;
        Some((*copy, self.tree.name(unit)?.to_owned()))
    }

    /// Whether a user or team holds a copy of a role itself, behind these fixes.
    pub(super) fn holds(&self, holder: Uuid, copy: Uuid, fixes: &[(Fix, Uuid)]) -> bool {
        let gives =
            |fix: &Fix| matches!(fix, Fix::GiveRole { to, copy: given, .. } if to.id == holder && *given == copy);
        let held = self.held.get(&holder);
        held.is_some_and(|held| held.contains(&copy)) || fixes.iter().any(|(fix, _)| gives(fix))
    }

    /// What a role was to bring that turned out needless, the same role brings that is given as one of another unit.
    pub(super) fn bring_instead(&self, fixes: &mut [(Fix, Uuid)], needless: &Fix) {
        let Fix::GiveRole {
            to: whom,
            copy: one,
            gives: brought,
            reaches_others: reached,
            ..
        } = needless
        else {
            return;
        };
        let root = |copy: &Uuid| self.roots.get(copy);
        for (fix, _) in fixes {
            if let Fix::GiveRole {
                to,
                copy,
                gives,
                reaches_others,
                ..
            } = fix
                && to == whom
                && root(copy) == root(one)
            {
                *gives += brought;
                *reaches_others |= reached;
                return;
            }
        }
    }

    /// The business unit of a user or team, with its name.
    pub(super) fn unit_of(&self, holder: Uuid) -> Option<(Uuid, String)> {
        let unit = self.units.get(&holder)?;
        Some((*unit, self.tree.name(*unit)?.to_owned()))
    }

    /// The copy of a role in the business unit of a user or team.
    pub(super) fn copy_for(&self, role: Uuid, holder: Uuid) -> Option<Uuid> {
        let unit = self.units.get(&holder)?;
        self.copies.get(&(role, *unit)).copied()
    }

    /// The roles that hold a privilege deep enough, those first that reach least beyond it and what `beside` hold,
    /// with how many privileges each holds that these do not, or not as deep, and how far it reaches beyond. None that
    /// would let somebody act for everybody, unless that is what is wanted.
    pub(super) fn with_privilege(
        &self,
        unit: &mut Unit,
        (privilege, depth): (&str, Depth),
        beside: &HashSet<Uuid>,
    ) -> Result<Vec<(Role, usize, Beyond)>> {
        let known = self.privileges_of(unit, beside)?;
        let snapshot = unit.snapshot()?;
        let needed = (snapshot.privileges().id(privilege), depth);
        let acting = snapshot.privileges().id(ACT_ON_BEHALF);
        let mut found = Vec::new();
        for (role, _) in self
            .depths(unit, privilege)?
            .into_iter()
            .filter(|(_, held)| *held >= depth)
        {
            let Some(role) = self.roles.get(&role).filter(|role| !role.is_administrator) else {
                continue;
            };
            let gives = self.privileges_of(unit, &HashSet::from([role.id]))?;
            if gives.contains_key(&acting) && !known.contains_key(&acting) && needed.0 != acting {
                continue;
            }
            let is_more = |(privilege, depth): &(&Uuid, &Depth)| known.get(*privilege).is_none_or(|held| held < *depth);
            let beyond = self.weights.beyond(&gives, &known, needed);
            found.push((role.clone(), gives.iter().filter(is_more).count(), beyond));
        }
        found.sort_by(|(one, _, beyond), (other, _, more)| (beyond, &one.name).cmp(&(more, &other.name)));
        Ok(found)
    }

    /// How deep each role holds a privilege.
    pub(super) fn depths(&self, unit: &mut Unit, privilege: &str) -> Result<HashMap<Uuid, Depth>> {
        let id = unit.snapshot()?.privileges().id(privilege);
        let rows = Query::new(tables::ROLE_PRIVILEGES)
            .columns(&["roleid", "privilegedepthmask"])
            .filter(Filter::eq("privilegeid", id));
        let rows = unit.select_as_platform("find what would cure a refusal, and whom it reaches", &rows)?;
        let depth = |row: &Row| {
            let role = row.id_of("roleid").filter(|role| self.roles.contains_key(role))?;
            Some((role, Depth::from_mask(row.int("privilegedepthmask")?)?))
        };
        Ok(rows.iter().filter_map(depth).collect())
    }

    /// The deepest depth of each privilege that one of these roles holds.
    fn privileges_of(&self, unit: &mut Unit, roles: &HashSet<Uuid>) -> Result<HashMap<Uuid, Depth>> {
        let mut found = HashMap::new();
        for role in roles {
            let rows = Query::new(tables::ROLE_PRIVILEGES)
                .columns(&["privilegeid", "privilegedepthmask"])
                .filter(Filter::eq("roleid", *role));
            let rows = unit.select_as_platform("find what would cure a refusal, and whom it reaches", &rows)?;
            for row in &rows {
                let depth = row.int("privilegedepthmask").and_then(Depth::from_mask);
                if let (Some(privilege), Some(depth)) = (row.id_of("privilegeid"), depth) {
                    let deepest = found.entry(privilege).or_insert(depth);
                    *deepest = depth.max(*deepest);
                }
            }
        }
        Ok(found)
    }

    /// Accounts as which a step could run: those that no person signs in with first, of these those that reach
    /// least; no administrator.
    pub(super) fn to_run_as(&self) -> impl Iterator<Item = &Account> {
        let mut able: Vec<&Account> = self
            .accounts
            .iter()
            .filter(|account| !account.is_administrator)
            .collect();
        able.sort_by_key(|account| (!account.is_service, account.reach));
        able.into_iter()
    }

    /// An administrator, who may do whatever somebody may.
    pub(super) fn administrator(&self) -> Option<Uuid> {
        let found = self.accounts.iter().find(|account| account.is_administrator)?;
        Some(found.id)
    }
}

/// The key of a table with which rows have one order.
fn key(table: &str) -> &'static str {
    match table {
        tables::ROLE => "roleid",
        tables::USER => "createdon",
        tables::TEAM => "teamid",
        tables::BUSINESS_UNIT => "businessunitid",
        tables::TEAM_MEMBERSHIP => "teammembershipid",
        tables::TEAM_ROLES => "teamroleid",
        _ => "systemuserroleid",
    }
}

/// A user or team of an error, as a row.
pub(super) fn reference(principal: &sluice_model::PrincipalInfo) -> Reference {
    Reference::new(principal.kind.table(), principal.id)
}
