//! What was asked about principals, for whoever wants to know afterwards what a request needs. A
//! question is kept as small values; names are looked up only by whoever shows it.

use std::sync::{Mutex, PoisonError};

use sluice_model::{Catalog, Depth, Name, Right, TableDef, Uuid};

use crate::{
    Named, Placed, Principal, Reason, RowFacts, Through, Withheld,
    place::Place,
    principal::{Route, owner_team},
    step_around,
};

/// Which of the two gates stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gate {
    /// Is the privilege held at all?
    Privilege,
    /// Does it reach that row, or is the row shared? Of a list: which rows does it reach?
    Access,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Asked {
    /// A right on a table.
    Right(Name, Right),
    /// A privilege that belongs to no table, by its name.
    Named(Name),
}

impl Asked {
    /// The privilege's name.
    pub fn privilege(&self, catalog: &Catalog) -> String {
        match self {
            Self::Named(name) => name.to_string(),
            Self::Right(table, right) => match catalog.find(table) {
                Some(table) => table.privilege_name(*right),
                None => format!("prv{}{table}", right.verb()),
            },
        }
    }

    /// The table, where the privilege belongs to one.
    pub fn table(&self) -> Option<&Name> {
        match self {
            Self::Right(table, _) => Some(table),
            Self::Named(_) => None,
        }
    }
}

/// What sort of way it is by which a question passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WayKind {
    /// The row is the principal's own.
    Own,
    /// The row belongs to a team that the principal is in.
    OwnTeam,
    /// The depth of a role reaches the row.
    Role,
    /// The row is shared with the principal or one of its teams.
    Share,
    /// The right comes down from a row that the row refers to.
    Inherited,
    /// The row belongs to somebody who reports to the principal, or is shared with one who does.
    Manager,
    /// A role reaches all rows of the organisation's table.
    Organization,
    /// A role holds the privilege: the privilege check asks for no more.
    Held,
}

impl WayKind {
    /// All, each with the word that it is written down by.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Own, "own"),
        (Self::OwnTeam, "own-team"),
        (Self::Role, "role"),
        (Self::Share, "share"),
        (Self::Inherited, "inherited"),
        (Self::Manager, "manager"),
        (Self::Organization, "organization"),
        (Self::Held, "held"),
    ];

    /// The word that it is written down by.
    pub fn word(self) -> &'static str {
        let found = Self::ALL.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, word)| word)
    }

    /// The one that a word stands for.
    pub fn of_word(word: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == word);
        found.map(|(kind, _)| *kind)
    }
}

/// The way by which a question passed, by ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Way {
    /// What sort of way it is.
    pub kind: WayKind,
    /// The role that has the privilege; none of a share, nor of a privilege that is lent.
    pub role: Option<Uuid>,
    /// The team that the role comes through.
    pub team: Option<Uuid>,
    /// How deep the role has it.
    pub depth: Option<Depth>,
}

impl Way {
    fn by(kind: WayKind, through: Option<&Through>) -> Self {
        let id = |named: Option<&Named>| named.map(|named| named.id);
        Self {
            kind,
            role: id(through.and_then(|through| through.role.as_ref())),
            team: id(through.and_then(|through| through.via_team.as_ref())),
            depth: through.map(|through| through.depth),
        }
    }

    /// Why access was granted; nothing for SYSTEM, of which nothing is asked.
    pub(crate) fn of(reason: &Reason) -> Option<Self> {
        let kind = match reason {
            Reason::System => return None,
            Reason::Owner(_) => WayKind::Own,
            Reason::OwnerTeam { .. } => WayKind::OwnTeam,
            Reason::Role(_) => WayKind::Role,
            Reason::Share => WayKind::Share,
            Reason::Inherited => WayKind::Inherited,
            Reason::Manager { .. } | Reason::ManagerShare => WayKind::Manager,
            Reason::OrganizationOwned(_) => WayKind::Organization,
        };
        Some(Self::by(kind, reason.through()))
    }

    /// That a role holds a privilege.
    pub(crate) fn held(route: &Route<'_>) -> Self {
        Self {
            kind: WayKind::Held,
            role: route.role.map(|role| role.id),
            team: route.team.map(|team| team.id),
            depth: Some(route.depth),
        }
    }

    /// In words, without the names of roles: not everybody who is told may read them.
    pub fn text(&self, via_team: Option<&str>) -> String {
        match self.kind {
            WayKind::Own => "own row".to_owned(),
            WayKind::OwnTeam => "row of an own team".to_owned(),
            WayKind::Role => {
                let depth = self.depth.map_or("", Depth::label);
                let team = via_team.map(|team| format!(" (via team {team})"));
                format!("role at depth {depth}{}", team.unwrap_or_default())
            }
            WayKind::Share => "shared".to_owned(),
            WayKind::Inherited => "inherited from a row that it refers to".to_owned(),
            WayKind::Manager => "row of a report".to_owned(),
            WayKind::Organization => "role, for the whole organisation".to_owned(),
            WayKind::Held => "a role".to_owned(),
        }
    }
}

/// One question about a principal, and its answer.
#[derive(Debug, Clone)]
pub struct Check {
    /// Of whom it was asked.
    pub principal: Principal,
    /// What it was asked for.
    pub asked: Asked,
    /// The row, where it was about one that is there.
    pub row: Option<Uuid>,
    /// What was known of the row, of the access check of one row.
    pub facts: Option<RowFacts>,
    /// Which gate.
    pub gate: Gate,
    /// The shallowest depth that is enough, of the access check; of a list the depth that was used.
    pub needed: Option<Depth>,
    /// By which way it passed, or `None` where it did not.
    pub way: Option<Way>,
    /// Where it was asked: a place of [`Checks::places`].
    pub place: Option<u32>,
}

impl Check {
    /// The deepest depth at which the principal holds the privilege.
    pub fn held(&self, catalog: &Catalog) -> Option<Depth> {
        self.principal.own_depth_of(&self.asked.privilege(catalog))
    }

    /// Why it passed, in words; the roles that hold the privilege by their names.
    pub fn because(&self, catalog: &Catalog) -> Option<String> {
        let way = self.way?;
        Some(match self.gate {
            Gate::Privilege => self.principal.held_through(&self.asked.privilege(catalog)),
            Gate::Access => way.text(way.team.and_then(|team| self.principal.team_name(team))),
        })
    }
}

/// What was asked so far.
#[derive(Debug)]
pub struct Checks {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    all: Vec<Check>,
    withheld: Vec<Withheld>,
    places: Vec<Placed>,
    /// The places around what is asked now, the innermost last.
    around: Vec<Option<u32>>,
    /// So many were not kept.
    cut: u64,
    /// How many of them were looked at by [`Checks::new_since`].
    seen: usize,
}

/// How many questions are kept where nobody says.
const MOST: usize = 20_000;

impl Default for Checks {
    fn default() -> Self {
        Self::at_most(MOST)
    }
}

/// A point to go back to.
#[derive(Debug, Clone, Copy)]
pub struct CheckMark {
    all: usize,
    withheld: usize,
    places: usize,
    around: usize,
    cut: u64,
}

impl Checks {
    /// Room for so many questions, and a tenth more that did not pass.
    pub fn at_most(most: usize) -> Self {
        Self {
            most,
            kept: Mutex::default(),
        }
    }

    /// From now on it is asked here, until [`Self::leave`].
    pub fn enter(&self, place: Place) {
        self.kept(|kept| {
            let within = kept.around.last().copied().flatten();
            let at = match kept.places.len() < self.most {
                true => {
                    kept.places.push(Placed { place, within });
                    u32::try_from(kept.places.len() - 1).ok()
                }
                false => within,
            };
            kept.around.push(at);
        });
    }

    /// The place that was entered last is left.
    pub fn leave(&self) {
        self.kept(|kept| {
            kept.around.pop();
        });
    }

    /// Everything that was asked, in order, and how much of it was not kept.
    pub fn all(&self) -> (Vec<Check>, u64) {
        self.kept(|kept| (kept.all.clone(), kept.cut))
    }

    /// What of secured columns was kept from those who read rows, each once for each place.
    pub fn withheld(&self) -> Vec<Withheld> {
        self.kept(|kept| kept.withheld.clone())
    }

    /// The places where it was asked.
    pub fn places(&self) -> Vec<Placed> {
        self.kept(|kept| kept.places.clone())
    }

    /// The innermost step around a question.
    pub fn step_of(&self, check: &Check) -> Option<Uuid> {
        self.kept(|kept| step_around(&kept.places, check.place))
    }

    /// Hands on what was asked since the last time, each with the innermost step around it.
    pub fn new_since(&self, mut take: impl FnMut(&Check, Option<Uuid>)) {
        self.kept(|kept| {
            for check in kept.all.iter().skip(kept.seen) {
                take(check, step_around(&kept.places, check.place));
            }
            kept.seen = kept.all.len();
        });
    }

    /// Forgets what was asked.
    pub fn clear(&self) {
        self.kept(|kept| {
            kept.all.clear();
            kept.withheld.clear();
            kept.cut = 0;
            kept.seen = 0;
            // What is under way stays where it is.
            if kept.around.is_empty() {
                kept.places.clear();
            }
        });
    }

    /// Where it stands.
    pub fn mark(&self) -> CheckMark {
        self.kept(|kept| CheckMark {
            all: kept.all.len(),
            withheld: kept.withheld.len(),
            places: kept.places.len(),
            around: kept.around.len(),
            cut: kept.cut,
        })
    }

    /// Forgets what was asked since.
    pub fn back_to(&self, mark: CheckMark) {
        self.kept(|kept| {
            kept.all.truncate(mark.all);
            kept.withheld.truncate(mark.withheld);
            kept.places.truncate(mark.places);
            kept.around.truncate(mark.around);
            kept.cut = mark.cut;
            kept.seen = kept.seen.min(mark.all);
        });
    }

    fn add(&self, check: Check) {
        self.kept(|kept| {
            let most = match check.way {
                Some(_) => self.most,
                None => self.most + self.most / 10,
            };
            if kept.all.len() >= most {
                kept.cut += 1;
                return;
            }
            let place = kept.around.last().copied().flatten();
            kept.all.push(Check { place, ..check });
        });
    }

    pub(crate) fn add_withheld(&self, withheld: Withheld) {
        self.kept(|kept| {
            let place = kept.around.last().copied().flatten();
            let withheld = Withheld { place, ..withheld };
            let is_new = kept.withheld.iter().all(|known| !known.is_same(&withheld));
            if is_new && kept.withheld.len() < self.most {
                kept.withheld.push(withheld);
            }
        });
    }

    fn kept<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        change(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Principal {
    /// Keeps the answer of the privilege check.
    pub(crate) fn note_held(&self, table: &TableDef, right: Right, route: Option<&Route<'_>>) {
        self.note_about(self, table, right, route);
    }

    /// As [`Self::note_held`], about somebody else, for what this one does.
    pub(crate) fn note_about(&self, of: &Self, table: &TableDef, right: Right, route: Option<&Route<'_>>) {
        let asked = || Asked::Right(table.name.clone(), right);
        self.note(of, asked, (Gate::Privilege, None), None, route.map(Way::held));
    }

    /// Keeps the answer about a privilege that belongs to no table.
    pub(crate) fn note_named(&self, privilege: &str, route: Option<&Route<'_>>) {
        let asked = || Asked::Named(privilege.into());
        self.note(self, asked, (Gate::Privilege, None), None, route.map(Way::held));
    }

    /// Keeps the answer of the access check of a row, or of a list.
    pub(crate) fn note_access(
        &self,
        (table, right, row): (&TableDef, Right, Option<&RowFacts>),
        needed: impl FnOnce() -> Depth,
        reason: Option<&Reason>,
    ) {
        if self.checks().is_none() || self.is_system() {
            return;
        }
        let way = reason.and_then(Way::of);
        let needed = match way.map(|way| way.kind) {
            // It is enough to hold the privilege.
            Some(WayKind::Share | WayKind::Inherited | WayKind::Manager) => Depth::User,
            _ => needed(),
        };
        let asked = || Asked::Right(table.name.clone(), right);
        self.note(self, asked, (Gate::Access, row), Some(needed), way);
    }

    fn note(
        &self,
        of: &Self,
        asked: impl FnOnce() -> Asked,
        (gate, row): (Gate, Option<&RowFacts>),
        needed: Option<Depth>,
        way: Option<Way>,
    ) {
        let Some(checks) = self.checks().filter(|_| !of.is_system()) else {
            return;
        };
        checks.add(Check {
            principal: of.unwatched(),
            asked: asked(),
            row: row.map(|row| row.id).filter(|id| !id.is_nil()),
            facts: row.copied(),
            gate,
            needed,
            way,
            place: None,
        });
    }

    /// The name of a team that it is in.
    pub fn team_name(&self, team: Uuid) -> Option<&str> {
        let found = self.teams().iter().find(|known| known.id == team);
        found.map(|team| team.name.as_str())
    }

    /// The name of a role that it has.
    pub fn role_name(&self, role: Uuid) -> Option<&str> {
        let found = self.facts().roles.iter().find(|known| known.id == role);
        found.map(|role| role.name.as_str())
    }
}

impl Principal {
    /// The roles that hold a privilege, as people read them: `Seller (via team West)`.
    pub fn held_through(&self, privilege: &str) -> String {
        let privilege = privilege.to_ascii_lowercase();
        let holding = self
            .facts()
            .roles
            .iter()
            .filter(|role| role.privileges.contains_key(&privilege));
        let mut names: Vec<String> = Vec::new();
        for role in holding {
            let team = role.via_team.and_then(|id| owner_team(&self.facts().teams, id));
            let name = match team {
                Some(team) => format!("{} (via team {})", role.name, team.name),
                None => role.name.clone(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(", ")
    }
}
