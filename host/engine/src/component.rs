//! What a capability lets travel in solutions: rows of a table, each with the rows that belong to
//! it. How components arrive and go is the solutions'; what is said here is what they cannot know.

use std::hash::{Hash, Hasher};

use sluice_model::{Error, Reference, Request, Result, Row, Uuid, Value};

use crate::{Batch, Engine, Unit};

/// A kind of component that is a row.
#[derive(Clone, Copy)]
pub struct Component {
    /// The word for it: `workflow`.
    pub word: &'static str,
    /// The table of its rows.
    pub table: &'static str,
    /// The column with its name.
    pub named_in: &'static str,
    /// The column with the table that a row belongs to: its name is `TABLE:NAME` then.
    pub of_table: Option<&'static str>,
    /// The column with the object type code of a table: what travels is the table's name, because each
    /// organisation counts its own tables.
    pub of_code: Option<&'static str>,
    /// The choices by which its rows are told from others of the table.
    pub only: &'static [(&'static str, i32)],
    /// The rows that belong to one.
    pub parts: &'static [ComponentPart],
    /// How its rows are activated and deactivated; nothing, where they have no states.
    pub states: Option<ComponentStates>,
    /// What is in use stays as the organisation's own, where its solution goes.
    pub is_released: bool,
    /// Why a row cannot be taken away without losing data; nothing, where it can.
    pub in_use: fn(&mut Unit, Uuid) -> Result<Option<String>>,
    /// Which users and teams have what a row gives; nothing, where rows give nobody anything.
    pub holders: Option<HoldersOf>,
}

/// Which users and teams have what a row gives.
pub type HoldersOf = fn(&mut Unit, Uuid) -> Result<Vec<Reference>>;

impl Component {
    /// A kind of rows that stand alone and have no states.
    pub const fn plain(word: &'static str, table: &'static str) -> Self {
        Self {
            word,
            table,
            named_in: "name",
            of_table: None,
            of_code: None,
            only: &[],
            parts: &[],
            states: None,
            is_released: false,
            in_use: |_, _| Ok(None),
            holders: None,
        }
    }
}

impl Engine {
    /// What travels in solutions as rows, of all capabilities: the platform's and those of apps.
    pub fn components(&self) -> &[&'static Component] {
        &self.core.travelling
    }
}

impl Unit {
    /// As [`Engine::components`].
    pub fn components(&self) -> &[&'static Component] {
        &self.core.travelling
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word)
    }
}

impl PartialEq for Component {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl Eq for Component {}

impl Hash for Component {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.word.hash(state);
    }
}

/// Rows that belong to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComponentPart {
    /// Their table, whose definition says what its rows are parts of.
    pub table: &'static str,
    /// What tells the rows of one parent apart, where their ids differ.
    pub key: &'static [&'static str],
    /// The rows that belong to one of them.
    pub parts: &'static [ComponentPart],
}

/// Rows that have arrived and are to be activated.
#[derive(Debug, Default)]
pub struct Arrived {
    /// An order in which they can be.
    pub order: Vec<Uuid>,
    /// Those that cannot be, and stay drafts, with why.
    pub drafts: Vec<(Row, Error)>,
}

/// Which rows can be activated, and in which order.
pub type InOrder = fn(&mut Unit, Vec<Uuid>) -> Result<Arrived>;

/// The states of a kind of components.
#[derive(Clone, Copy)]
pub struct ComponentStates {
    /// Whether a row is active.
    pub is_active: fn(&Row) -> bool,
    /// Activates or deactivates a row; the job that has to be run for that, where there is one.
    pub set_active: fn(&mut Batch<'_>, &Reference, bool) -> Result<Option<Uuid>>,
    /// The order in which those are activated that have arrived, once all of them have; without it,
    /// each is at once.
    pub later: Option<InOrder>,
    /// One that is active is deactivated before it is taken away.
    pub retires: bool,
    /// One that is active is deactivated while it gets the mark of a managed solution.
    pub rests_for_mark: bool,
}

impl ComponentStates {
    /// Of rows that are active in state 1, with status 2.
    pub const ACTIVATED: Self = Self {
        is_active: |row| row.int("statecode") == Some(1),
        set_active: |batch, row, active| write(batch, row, if active { (1, 2) } else { (0, 1) }),
        later: None,
        retires: true,
        rests_for_mark: false,
    };

    /// Of rows that are active in state 0, with status 1.
    pub const IN_USE: Self = Self {
        is_active: |row| row.int("statecode") == Some(0),
        set_active: |batch, row, active| write(batch, row, if active { (0, 1) } else { (1, 2) }),
        later: None,
        retires: false,
        rests_for_mark: false,
    };
}

fn write(batch: &mut Batch<'_>, row: &Reference, (state, status): (i32, i32)) -> Result<Option<Uuid>> {
    let change = Row::new(row.table.clone(), row.id)
        .with("statecode", Value::Choice(state))
        .with("statuscode", Value::Choice(status));
    batch.execute(Request::update(change)).map(|_| None)
}
