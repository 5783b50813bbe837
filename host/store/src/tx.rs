//! The transaction as a unit of work holds it: an owned value that can move into a plug-in
//! call and come back.
//!
//! It does not know when it will be committed: [`crate::Store`] decides that.

use std::time::Instant;

use sluice_model::{Error, Result, text::Collation};

use crate::session::Session;

/// An open transaction. [`Tx::default`] is detached: each operation on it fails.
///
/// A unit of work must hand back the transaction it was given. One that is dropped instead
/// rolls back, and the units that shared its group run again.
#[derive(Default)]
pub struct Tx(Option<Box<Session>>);

/// A point to which a unit can go back. Savepoints nest: one that is released or rolled back
/// takes those that were made after it along.
#[derive(Debug)]
#[must_use]
pub struct Savepoint {
    session: u64,
    depth: u32,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.0 {
            None => "Tx(detached)",
            Some(session) if session.writable => "Tx(writing)",
            Some(_) => "Tx(reading)",
        })
    }
}

impl Tx {
    pub(crate) fn new(session: Box<Session>) -> Self {
        Self(Some(session))
    }

    pub(crate) fn into_session(self) -> Option<Box<Session>> {
        self.0
    }

    pub(crate) fn session(&mut self) -> Result<&mut Session> {
        self.0
            .as_deref_mut()
            .ok_or_else(|| Error::host("no transaction is open"))
    }

    /// The session, for a change.
    pub(crate) fn writer(&mut self) -> Result<&mut Session> {
        let session = self.session()?;
        if !session.writable {
            return Err(Error::host(
                "this transaction only reads; the unit of work should have been a writing one",
            ));
        }
        // Otherwise what is written now would stay, alone of all that the unit did.
        match session.conn.is_autocommit() {
            false => Ok(session),
            true => Err(Error::host(
                "the database has undone the transaction, and nothing more is written in it",
            )),
        }
    }

    /// How the texts of the organisation compare.
    ///
    /// # Errors
    /// A host error where no transaction is open.
    pub fn collation(&mut self) -> Result<&'static Collation> {
        Ok(self.session()?.collation)
    }

    /// Whether a transaction is here.
    pub fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// A statement that is not over by then is given up ([`sluice_model::Code::MESSAGE_TIMEOUT`], without a limit), and so
    /// is each further one that takes any time worth mentioning. One that writes takes the whole transaction with it.
    pub fn ends_at(&mut self, end: Instant) {
        if let Some(session) = &self.0 {
            session.deadline.set(Some(end));
        }
    }

    /// Whether it can write.
    pub fn writable(&self) -> bool {
        self.0.as_ref().is_some_and(|session| session.writable)
    }

    /// Whether the unit of work has written rows of a configuration table; what it took back is
    /// counted as well.
    pub fn has_written(&self, table: &str) -> bool {
        self.0.as_ref().is_some_and(|session| session.changed.contains(table))
    }

    /// Marks a point to go back to.
    ///
    /// # Errors
    /// A host error where no transaction is open.
    pub fn savepoint(&mut self) -> Result<Savepoint> {
        let session = self.session()?;
        session.run(&format!("SAVEPOINT s{}", session.depth))?;
        session.depth += 1;
        Ok(Savepoint {
            session: session.number,
            depth: session.depth - 1,
        })
    }

    /// Undoes everything since the savepoint was made, definitions too.
    ///
    /// # Errors
    /// A host error where the savepoint is not open here.
    pub fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        let session = self.opened(&savepoint)?;
        session.known.forget();
        session.run(&format!("ROLLBACK TO s{}", savepoint.depth))?;
        self.release(savepoint)
    }

    /// Forgets the savepoint; what was done since stays.
    ///
    /// # Errors
    /// A host error where the savepoint is not open here.
    pub fn release(&mut self, savepoint: Savepoint) -> Result<()> {
        let session = self.opened(&savepoint)?;
        session.run(&format!("RELEASE s{}", savepoint.depth))?;
        session.depth = savepoint.depth;
        Ok(())
    }

    fn opened(&mut self, savepoint: &Savepoint) -> Result<&mut Session> {
        let session = self.session()?;
        if session.number == savepoint.session && savepoint.depth < session.depth {
            Ok(session)
        } else {
            Err(Error::host("the savepoint is not open in this transaction"))
        }
    }
}

#[cfg(test)]
impl Tx {
    /// What SQLite does on some errors: the whole transaction is gone.
    pub(crate) fn destroy(&mut self) {
        self.session().unwrap().run("ROLLBACK").unwrap();
    }
}
