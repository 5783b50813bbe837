//! What was asked about principals, for whoever wants to know afterwards what a request needs.

use std::sync::{Mutex, PoisonError};

use sluice_model::{Depth, Name, Right, TableDef, Uuid};

use crate::{Principal, PrincipalId, principal::owner_team};

/// Which of the two gates stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gate {
    /// Is the privilege held at all?
    Privilege,
    /// Does it reach that row, or is the row shared?
    Access,
}

/// One question about a principal, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Of whom it was asked.
    pub principal: PrincipalId,
    /// The name that people know.
    pub name: String,
    /// The privilege.
    pub privilege: String,
    /// The table, where the privilege belongs to one.
    pub table: Option<Name>,
    /// The row, where it was about one that is there.
    pub row: Option<Uuid>,
    /// Which gate.
    pub gate: Gate,
    /// The deepest depth at which the principal holds the privilege.
    pub held: Option<Depth>,
    /// Why it passed, or `None` where it did not.
    pub because: Option<String>,
    /// The step whose call asked; `None` is the platform for the request itself.
    pub step: Option<Uuid>,
}

/// What was asked so far.
#[derive(Debug, Default)]
pub struct Checks(Mutex<Asked>);

#[derive(Debug, Default)]
struct Asked {
    all: Vec<Check>,
    steps: Vec<Uuid>,
}

/// More questions are not kept.
const MOST: usize = 20_000;

impl Checks {
    /// From now on a step asks, until [`Self::leave_step`].
    pub fn enter_step(&self, step: Uuid) {
        self.asked(|asked| asked.steps.push(step));
    }

    /// The step that was entered last has ended.
    pub fn leave_step(&self) {
        self.asked(|asked| {
            asked.steps.pop();
        });
    }

    /// Everything that was asked, in order.
    pub fn all(&self) -> Vec<Check> {
        self.asked(|asked| asked.all.clone())
    }

    /// Forgets what was asked.
    pub fn clear(&self) {
        self.asked(|asked| asked.all.clear());
    }

    pub(crate) fn add(&self, check: Check) {
        self.asked(|asked| {
            if asked.all.len() < MOST {
                let step = asked.steps.last().copied();
                asked.all.push(Check { step, ..check });
            }
        });
    }

    fn asked<T>(&self, change: impl FnOnce(&mut Asked) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Principal {
    /// The roles that hold a privilege, as people read them: `Seller (via team West)`.
    pub(crate) fn held_through(&self, privilege: &str) -> String {
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

    /// Keeps a question about a right on a table, or on a row of it, and why it passed.
    pub(crate) fn note(
        &self,
        gate: Gate,
        (table, right, row): (&TableDef, Right, Option<Uuid>),
        because: impl FnOnce() -> Option<String>,
    ) {
        if let Some(checks) = self.checks() {
            let privilege = table.privilege_name(right);
            checks.add(Check {
                held: self.depth_of(&privilege),
                table: Some(table.name.clone()),
                row,
                because: because(),
                ..self.asked(privilege, gate)
            });
        }
    }

    /// Keeps a question about a privilege that belongs to no table.
    pub(crate) fn note_named(&self, privilege: &str, holds: bool) {
        if let Some(checks) = self.checks() {
            checks.add(Check {
                held: self.depth_of(privilege),
                because: holds.then(|| self.held_through(privilege)),
                ..self.asked(privilege.to_owned(), Gate::Privilege)
            });
        }
    }

    fn asked(&self, privilege: String, gate: Gate) -> Check {
        Check {
            principal: self.identity(),
            name: self.name().to_owned(),
            privilege,
            table: None,
            row: None,
            gate,
            held: None,
            because: None,
            step: None,
        }
    }
}
