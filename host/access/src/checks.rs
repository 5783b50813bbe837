//! What was asked about principals, for whoever wants to know afterwards what a request needs.

use std::sync::{Mutex, PoisonError};

use sluice_model::{Depth, Name, Uuid};

use crate::PrincipalId;

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
