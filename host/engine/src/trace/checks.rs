//! What was asked about principals while a recorded request ran: kept by ids, each name once, the
//! same question once with how often it was asked; and as clients see it.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use sluice_access::{Asked, Check, Checks, Gate, Place, Placed, Principal, Way, WayKind, step_around};
use sluice_model::{Catalog, Depth, Name, Reference, Right, Uuid};

use super::on_table;
use crate::tables;

/// The column that holds them.
pub(crate) const CHECKS: &str = "sl_checks";

/// So many questions of a request are kept, and a tenth more that did not pass.
pub(super) const MOST: usize = 2_000;

/// More bytes are not kept, about: of what passed, the last ones go.
const BYTES: usize = 256 << 10;
/// What a question costs of them, about.
const EACH: usize = 160;

/// The word for the access check.
const ACCESS: &str = "access";

/// Why it was asked of that user or team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AskedAs {
    /// It sent the request.
    Caller,
    /// The step says that it runs as this user.
    RunAs,
    /// The workflow runs as whoever owns it.
    Owner,
    /// The row is to belong to it.
    NewOwner,
    /// The step asked for the service in another user's name.
    Other,
}

impl AskedAs {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::RunAs => "runs as",
            Self::Owner => "owner of the workflow",
            Self::NewOwner => "owner to be",
            Self::Other => "in whose name",
        }
    }
}

/// A question, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptCheck {
    /// The place of the user or team among the principals.
    who: usize,
    why: AskedAs,
    pub(crate) privilege: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) right: Option<Right>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) row: Option<Uuid>,
    /// Whether it is the access check.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) access: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<Depth>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) needed: Option<Depth>,
    /// By which way it passed; none where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) way: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    depth: Option<Depth>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    team: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<Uuid>,
    /// The message whose gate it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<String>,
    times: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(yes: &bool) -> bool {
    !yes
}

/// A secured column that somebody read and was not shown, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptWithheld {
    /// The place of the user or team among the principals.
    who: usize,
    table: Name,
    column: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<Uuid>,
}

/// All questions of a request, as they are kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptChecks {
    /// The users and teams.
    principals: Vec<(Name, Uuid)>,
    /// The names of users, teams, roles and steps, as they were.
    names: BTreeMap<Uuid, String>,
    pub(crate) checks: Vec<KeptCheck>,
    /// The secured columns that somebody read and was not shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<KeptWithheld>,
    /// So many were not kept.
    #[serde(default)]
    cut: u64,
}

/// What tells questions apart: the principal, what it was asked for, the row, the gate, the answer,
/// the step, the call.
type Key = (
    Uuid,
    Asked,
    Option<Uuid>,
    Gate,
    Option<Way>,
    Option<Uuid>,
    Option<String>,
);

impl KeptChecks {
    /// What was asked while a request of `caller` ran.
    pub(crate) fn of(checks: &Checks, caller: Uuid, catalog: &Catalog, steps: &BTreeMap<Uuid, String>) -> Self {
        let ((all, cut), places) = (checks.all(), checks.places());
        let mut kept = Self { cut, ..Self::default() };
        let mut known: HashMap<Key, usize> = HashMap::new();
        let mut principals: HashMap<Uuid, usize> = HashMap::new();
        for check in all {
            let (step, call) = (step_around(&places, check.place), call(&places, check.place));
            let who = check.principal.id();
            let key: Key = (
                who,
                check.asked.clone(),
                check.row,
                check.gate,
                check.way,
                step,
                call.clone(),
            );
            if let Some(known) = known.get(&key).and_then(|place| kept.checks.get_mut(*place)) {
                known.times += 1;
                continue;
            }
            if check.way.is_some() && kept.checks.len() * EACH > BYTES {
                kept.cut += 1;
                continue;
            }
            let place = kept.place_of(&mut principals, &check.principal);
            known.insert(key, kept.checks.len());
            kept.name(&check, step, steps);
            let why = asked_as(&places, &check, caller);
            kept.checks
                .push(KeptCheck::of(&check, (place, why), (step, call), catalog));
        }
        for withheld in checks.withheld() {
            let step = step_around(&places, withheld.place);
            let of = kept.place_of(&mut principals, &withheld.principal);
            kept.name_each([
                Some((withheld.principal.id(), Some(withheld.principal.name()))),
                step.map(|step| (step, steps.get(&step).map(String::as_str))),
            ]);
            kept.withheld.push(KeptWithheld {
                who: of,
                table: withheld.table,
                column: withheld.column,
                step,
            });
        }
        kept
    }

    /// The place of a user or team among the principals, to which a new one is added.
    fn place_of(&mut self, known: &mut HashMap<Uuid, usize>, principal: &Principal) -> usize {
        *known.entry(principal.id()).or_insert_with(|| {
            self.principals.push((principal.kind().table().into(), principal.id()));
            self.principals.len() - 1
        })
    }

    fn name(&mut self, check: &Check, step: Option<Uuid>, steps: &BTreeMap<Uuid, String>) {
        let principal = &check.principal;
        let (role, team) = (check.way.and_then(|way| way.role), check.way.and_then(|way| way.team));
        self.name_each([
            Some((principal.id(), Some(principal.name()))),
            role.map(|role| (role, principal.role_name(role))),
            team.map(|team| (team, principal.team_name(team))),
            step.map(|step| (step, steps.get(&step).map(String::as_str))),
        ]);
    }

    fn name_each<const N: usize>(&mut self, names: [Option<(Uuid, Option<&str>)>; N]) {
        for (id, name) in names.into_iter().flatten() {
            if let Some(name) = name {
                self.names.entry(id).or_insert_with(|| name.to_owned());
            }
        }
    }

    /// The text of it.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// How many there are, where there is no room for them.
    pub(crate) fn counted(&self) -> Self {
        Self {
            cut: self.cut + self.checks.iter().map(|check| check.times).sum::<u64>(),
            ..Self::default()
        }
    }

    /// What a column holds.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether not all of them were kept.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut > 0
    }

    /// Of whom a question was asked.
    pub(crate) fn principal(&self, check: &KeptCheck) -> Option<Reference> {
        let (table, id) = self.principals.get(check.who)?;
        Some(Reference::new(table.clone(), *id))
    }

    /// The users, teams and roles that it names.
    pub(crate) fn named(&self) -> Vec<Reference> {
        let mut named: Vec<Reference> = self
            .principals
            .iter()
            .map(|(table, id)| Reference::new(table.clone(), *id))
            .collect();
        for check in &self.checks {
            let role = check.role.map(|id| Reference::new(tables::ROLE, id));
            let team = check.team.map(|id| Reference::new(tables::TEAM, id));
            for one in role.into_iter().chain(team) {
                if !named.contains(&one) {
                    named.push(one);
                }
            }
        }
        named
    }

    /// As clients see it; without the names of `hidden`.
    pub(crate) fn shown(&self, hidden: &HashSet<Uuid>) -> TracedChecks {
        let named = |id: Uuid| Named {
            id,
            name: self.names.get(&id).filter(|_| !hidden.contains(&id)).cloned(),
        };
        let shown = |check: &KeptCheck| -> Option<TracedCheck> {
            let (table, id) = self.principals.get(check.who)?;
            let kind = check.way.as_deref().and_then(WayKind::of_word);
            let team = check.team.map(named);
            Some(TracedCheck {
                principal: named(*id),
                kind: table.to_string(),
                why: check.why,
                privilege: check.privilege.clone(),
                table: check.table.as_deref().map(ToOwned::to_owned),
                row: check.row,
                check: if check.access { ACCESS } else { "privilege" }.to_owned(),
                held: check.held.map(|depth| depth.label().to_owned()),
                needed: check.needed.map(|depth| depth.label().to_owned()),
                passed: check.way.is_some(),
                through: kind.map(|kind| {
                    let way = Way {
                        kind,
                        role: None,
                        team: None,
                        depth: check.depth,
                    };
                    way.text(team.as_ref().map(|team| team.name.as_deref().unwrap_or("?")))
                }),
                role: check.role.map(named),
                team,
                step: check.step.map(named),
                call: check.call.clone(),
                times: check.times,
            })
        };
        let withheld = |withheld: &KeptWithheld| {
            let (_, id) = self.principals.get(withheld.who)?;
            Some(TracedWithheld {
                principal: named(*id),
                table: withheld.table.to_string(),
                column: withheld.column.to_string(),
                step: withheld.step.map(named),
            })
        };
        TracedChecks {
            checks: self.checks.iter().filter_map(shown).collect(),
            withheld: self.withheld.iter().filter_map(withheld).collect(),
            cut: self.cut,
        }
    }
}

impl KeptCheck {
    fn of(
        check: &Check,
        (who, why): (usize, AskedAs),
        (step, call): (Option<Uuid>, Option<String>),
        at: &Catalog,
    ) -> Self {
        Self {
            who,
            why,
            privilege: check.asked.privilege(at),
            table: check.asked.table().cloned(),
            right: match check.asked {
                Asked::Right(_, right) => Some(right),
                Asked::Named(_) => None,
            },
            row: check.row,
            access: check.gate == Gate::Access,
            held: check.held(at),
            needed: check.needed,
            way: check.way.map(|way| way.kind.word().to_owned()),
            depth: check.way.and_then(|way| way.depth),
            role: check.way.and_then(|way| way.role),
            team: check.way.and_then(|way| way.team),
            step,
            call,
            times: 1,
        }
    }
}

/// The places around one, the innermost first.
fn around(places: &[Placed], place: Option<u32>) -> impl Iterator<Item = &Place> {
    let at = |place: Option<u32>| places.get(usize::try_from(place?).ok()?);
    std::iter::successors(at(place), move |placed| at(placed.within)).map(|placed| &placed.place)
}

/// The innermost message around a place: `Create account`.
fn call(places: &[Placed], place: Option<u32>) -> Option<String> {
    around(places, place).find_map(|place| match place {
        Place::Message { message, table } => Some(on_table(message, table.as_ref())),
        Place::Step { .. } => None,
    })
}

/// Why a question was asked of that user or team, while a request of `caller` ran.
pub fn asked_as(places: &[Placed], check: &Check, caller: Uuid) -> AskedAs {
    let who = check.principal.id();
    let named = around(places, check.place).find_map(|place| match place {
        Place::Step {
            run_as: Some(user),
            is_plugin,
            ..
        } if *user == who => Some(if *is_plugin { AskedAs::RunAs } else { AskedAs::Owner }),
        _ => None,
    });
    match named {
        Some(why) => why,
        None if who == caller => AskedAs::Caller,
        None if check.gate == Gate::Privilege && matches!(check.asked, Asked::Right(_, Right::Read)) => {
            AskedAs::NewOwner
        }
        None => AskedAs::Other,
    }
}

/// A row by its id, and by its name where the reader may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The row's id.
    pub id: Uuid,
    /// The name people know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A question about a user or team, as clients see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TracedCheck {
    /// Of whom it was asked.
    pub principal: Named,
    /// Its table: `systemuser` or `team`.
    pub kind: String,
    /// Why of them: `caller`, `run-as`, `owner` (of the workflow), `new-owner` (of the row), `other`.
    why: AskedAs,
    /// The privilege.
    pub privilege: String,
    /// Its table, where it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The row, where it was about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Uuid>,
    /// `privilege`: is it held at all? `access`: does it reach that row?
    pub check: String,
    /// The deepest depth at which it was held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// The shallowest depth that would have been enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<String>,
    /// Whether it passed.
    pub passed: bool,
    /// By which way it passed, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// The role that has the privilege.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Named>,
    /// The team that the role comes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<Named>,
    /// The step whose call asked; without one it was the platform for the request itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Named>,
    /// The message whose gate it was: `Create account`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// How often it was asked.
    pub times: u64,
}

impl TracedCheck {
    /// Whether it is the access check of a row.
    pub fn is_access(&self) -> bool {
        self.check == ACCESS
    }

    /// Why it was asked of them, in words.
    pub fn why(&self) -> &'static str {
        self.why.words()
    }
}

/// A secured column that somebody read and was not shown, as clients see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedWithheld {
    /// From whom.
    pub principal: Named,
    /// The table.
    pub table: String,
    /// The secured column.
    pub column: String,
    /// The step in which it was read; without one it was the request itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Named>,
}

/// All questions of a request, as clients see them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TracedChecks {
    /// In the order in which they were asked first.
    pub checks: Vec<TracedCheck>,
    /// The secured columns that somebody read and was not shown, because no profile gives Read on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<TracedWithheld>,
    /// So many were not kept: the trace was full.
    pub cut: u64,
}
