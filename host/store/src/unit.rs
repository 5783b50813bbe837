//! One unit of work inside the open transaction, and the trace rows beside it.
//!
//! Knows nothing of groups, turns and commits.

use std::sync::Arc;

use sluice_model::{Error, Result, Row, TableDef};

use crate::{Tx, keeping::weight, rows, session::Session};

/// Rows that are written after the unit's end, so that its rollback spares them.
pub type Beside = Vec<(Arc<TableDef>, Row)>;

/// How a unit of work ends.
#[derive(Debug)]
pub struct End<T> {
    /// Whether what the unit did stays; `false` rolls it back.
    pub keep: bool,
    /// What the unit answers.
    pub value: T,
    /// Trace rows, kept either way. That they cannot be written does not fail the unit.
    pub beside: Beside,
}

impl<T> End<T> {
    /// The unit succeeded.
    pub fn keep(value: T) -> Self {
        Self {
            keep: true,
            value,
            beside: Vec::new(),
        }
    }

    /// The unit failed: nothing of it stays.
    pub fn discard(value: T) -> Self {
        Self {
            keep: false,
            value,
            beside: Vec::new(),
        }
    }
}

/// What a unit left behind.
pub(crate) enum Ran<T> {
    /// The transaction goes on.
    Kept {
        session: Box<Session>,
        value: T,
        dirty: bool,
    },
    /// The transaction is gone. The trace rows are there if the unit itself brought that
    /// about; if writing them did, the unit deserves another run.
    Lost {
        own_fault: Option<Beside>,
        value: Result<T>,
    },
}

/// Runs a unit. The first one of a transaction is the transaction; each further one has a
/// savepoint, so that it takes nobody along.
pub(crate) fn run<T>(
    mut session: Box<Session>,
    first: bool,
    beside: bool,
    run: &mut dyn FnMut(Tx) -> (Tx, End<T>),
) -> Ran<T> {
    let number = session.number;
    session.depth = 0;
    session.known.forget();
    session.row_version = None;
    session.changed.clear();
    session.deadline.set(None);
    if !first && let Err(error) = session.run("SAVEPOINT unit") {
        return Ran::Lost {
            own_fault: Some(Vec::new()),
            value: Err(error),
        };
    }
    let (tx, mut end) = run(Tx::new(session));
    let session = tx
        .into_session()
        .filter(|session| session.number == number && !session.conn.is_autocommit());
    let Some(mut session) = session else {
        let value = if end.keep {
            Err(Error::host(
                "the unit of work lost its transaction, so nothing of it was kept; try again",
            ))
        } else {
            Ok(end.value)
        };
        return Ran::Lost {
            own_fault: Some(end.beside),
            value,
        };
    };
    session.depth = 0;
    // What ends the unit is done however long it took.
    session.deadline.set(None);
    let closed = match (end.keep, first) {
        (true, true) => session.settle(),
        (true, false) => session.settle().and_then(|()| session.run("RELEASE unit")),
        (false, true) => session.run("ROLLBACK").and_then(|()| session.run("BEGIN IMMEDIATE")),
        (false, false) => session
            .run("ROLLBACK TO unit")
            .and_then(|()| session.run("RELEASE unit")),
    };
    if let Err(error) = closed {
        let value = if end.keep { Err(error) } else { Ok(end.value) };
        return Ran::Lost {
            own_fault: Some(end.beside),
            value,
        };
    }
    let rows = if beside {
        std::mem::take(&mut end.beside)
    } else {
        Vec::new()
    };
    if !write_beside(&mut session, &rows) {
        return Ran::Lost {
            own_fault: None,
            value: Ok(end.value),
        };
    }
    Ran::Kept {
        session,
        value: end.value,
        dirty: end.keep || !rows.is_empty(),
    }
}

/// Writes trace rows, each for itself; `false` where that cost the transaction.
fn write_beside(session: &mut Session, rows: &[(Arc<TableDef>, Row)]) -> bool {
    let mut bytes = 0;
    for (table, row) in rows {
        let written = session
            .run("SAVEPOINT beside")
            .and_then(|()| rows::insert(session, table, row));
        if session.conn.is_autocommit() {
            return false;
        }
        let undone = match written {
            Ok(()) => {
                bytes += weight(row);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, table = &*row.table, "a trace row could not be written");
                session.run("ROLLBACK TO beside")
            }
        };
        if undone.and_then(|()| session.run("RELEASE beside")).is_err() {
            return false;
        }
    }
    bytes == 0 || session.traces_written(bytes).is_ok()
}
