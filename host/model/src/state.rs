//! States of rows that are asked about by name, each with the reason that a row gets in it.

use crate::{Filter, Row, Value};

/// A state with one of its reasons: `statecode` and `statuscode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The state.
    pub state: i32,
    /// The reason.
    pub status: i32,
}

impl State {
    const fn new(state: i32, status: i32) -> Self {
        Self { state, status }
    }

    /// Whether a row is in the state, for whatever reason.
    pub fn is_of(self, row: &Row) -> bool {
        row.int("statecode") == Some(self.state)
    }

    /// The rows that are in the state, for whatever reason.
    pub fn rows(self) -> Filter {
        Filter::eq("statecode", Value::Choice(self.state))
    }

    /// Puts a row into the state, for its reason.
    pub fn put(self, row: &mut Row) {
        row.set("statecode", Value::Choice(self.state));
        row.set("statuscode", Value::Choice(self.status));
    }
}

impl Row {
    /// The row in another state.
    pub fn in_state(mut self, state: State) -> Self {
        state.put(&mut self);
        self
    }
}

/// Of steps (`sdkmessageprocessingstep`).
pub mod step {
    use super::State;

    /// It runs, unless it rests or is only watched.
    pub const ENABLED: State = State::new(0, 1);
    /// It does not run.
    pub const DISABLED: State = State::new(1, 2);

    /// One of the two.
    pub const fn enabled(is_enabled: bool) -> State {
        if is_enabled { ENABLED } else { DISABLED }
    }
}

/// Of workflows, business rules and process flows (`workflow`).
pub mod process {
    use super::State;

    /// It does nothing.
    pub const DRAFT: State = State::new(0, 1);
    /// It runs.
    pub const ACTIVATED: State = State::new(1, 2);

    /// One of the two.
    pub const fn activated(is_activated: bool) -> State {
        if is_activated { ACTIVATED } else { DRAFT }
    }
}

/// Of jobs (`asyncoperation`).
pub mod job {
    use super::State;

    /// It runs as soon as a runner has time.
    pub const READY: State = State::new(0, 0);
    /// It waits for a time, for a row, or for somebody.
    pub const WAITING: State = State::new(1, 10);
    /// A runner is at work on it.
    pub const IN_PROGRESS: State = State::new(2, 20);
    /// It has ended, and did what it was to do.
    pub const SUCCEEDED: State = State::new(3, 30);
    /// It has ended, refused.
    pub const FAILED: State = State::new(3, 31);
    /// It has ended, because somebody wanted that.
    pub const CANCELED: State = State::new(3, 32);

    /// `statecode` of all that have ended.
    pub const COMPLETED: i32 = 3;
}
