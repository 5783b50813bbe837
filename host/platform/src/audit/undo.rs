//! Takes back the last change of what an organisation is configured by, as the audit trail tells it: as
//! ordinary messages, in the name and with the privileges of whoever takes it back. Where something is
//! no longer as the change left it, nothing is taken back.

mod effect;
mod kind;
mod last;
mod record;

pub(super) use kind::configures;

use serde_json::Value as Json;
use sluice_engine::{Batch, Session};
use sluice_model::{
    Error, Reference, Result, Timestamp, Uuid,
    remedy::{Case, Resolution},
};

/// What is told of changes that cannot be taken back.
static NOT_TAKEN_BACK: Case = Case {
    cause: "the change is of a kind that is not taken back, or something was changed after it",
    resolution: Resolution::new(
        "look in the audit trail what it was before, and change it back by hand, or name what is meant",
        &[],
    ),
};

/// Which change is taken back.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The last one of this row and of its parts; without one, the last request that changed steps, roles, duplicate
    /// rules, profiles, processes or settings.
    pub what: Option<Reference>,
    /// Of the changes of this user; without one, of anybody's of a named row, or else of one's own.
    pub by: Option<Uuid>,
    /// What was taken back last is made again.
    pub redo: bool,
}

impl Wanted {
    /// The last change of a row.
    pub fn of(row: &Reference) -> Self {
        Self {
            what: Some(row.clone()),
            ..Self::default()
        }
    }
}

/// Takes back changes.
pub trait Undo {
    /// Takes back the last change that is wanted and is still in effect: what was taken back already is passed over. All
    /// of it or nothing. Not `in_earnest`, it is only tried.
    ///
    /// # Errors
    /// There is no such change, the last one was of another kind, this user may not read it, something is no
    /// longer as it left it, it cannot be taken back, or what takes it back is refused.
    fn undo(&self, wanted: &Wanted, in_earnest: bool) -> Result<Undone>;
}

/// What was taken back.
#[derive(Debug, Clone)]
pub struct Undone {
    /// Who had changed it.
    pub by: Reference,
    /// When.
    pub when: Timestamp,
    /// Each change, the last one first.
    pub changes: Vec<TakenBack>,
    /// The jobs that began with it, such as the publishing of a rule.
    pub jobs: Vec<Uuid>,
}

/// One change that was taken back.
#[derive(Debug, Clone)]
pub struct TakenBack {
    /// The row.
    pub row: Reference,
    /// What it was called, where the change tells.
    pub name: Option<String>,
    /// What it was: a number of `audit.action`.
    pub action: i32,
    /// The row was made.
    pub is_made: bool,
    /// Each column or privilege, with what it is now and what it becomes.
    pub columns: Vec<(String, Json, Json)>,
}

impl Undo for Session {
    fn undo(&self, wanted: &Wanted, in_earnest: bool) -> Result<Undone> {
        let work = |batch: &mut Batch<'_>| {
            let records = last::change(batch, wanted)?;
            let Some(first) = records.first() else {
                return Err(nothing(wanted));
            };
            let (by, when, request) = (first.by.clone(), first.when, first.request);
            let mut undone = Undone {
                by,
                when,
                changes: Vec::new(),
                jobs: Vec::new(),
            };
            for record in last::in_order(&records) {
                undone.changes.extend(record.take_back(batch, &mut undone.jobs)?);
            }
            if undone.changes.is_empty() {
                return Err(nothing(wanted));
            }
            if let Some(request) = request {
                effect::note(batch, request, &records)?;
            }
            Ok(undone)
        };
        match in_earnest {
            true => self.batch(work),
            false => self.rehearse(work),
        }
    }
}

fn nothing(wanted: &Wanted) -> Error {
    let of = wanted.what.as_ref().map_or_else(
        || "steps, roles, duplicate rules, profiles, processes and settings".to_owned(),
        ToString::to_string,
    );
    let whose = match (&wanted.what, wanted.by) {
        (None, None) => " by you",
        (_, Some(_)) => " by that user",
        (Some(_), None) => "",
    };
    let then = match wanted.redo {
        true => "was taken back and could be made again",
        false => "could be taken back",
    };
    Error::invalid(format!("no change of {of}{whose} is on record that {then}"))
}

/// Whether a text is the changes of a row.
pub(super) fn are_changes(text: &str) -> bool {
    let changes = serde_json::from_str::<Json>(text).unwrap_or_default();
    let all = changes.get("changedAttributes").and_then(Json::as_array);
    let is_one = |change: &Json| ["oldValue", "newValue"].iter().all(|name| change.get(name).is_some());
    let is_named = |change: &Json| change.get("logicalName").is_some_and(Json::is_string);
    all.is_some_and(|all| all.iter().all(|change| is_named(change) && is_one(change)))
}
