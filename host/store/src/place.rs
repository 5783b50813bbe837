//! Whether a writer's file and the log beside it are still those that it has opened, and what becomes of
//! what lies in the log where they are not.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use sluice_model::{Error, Result};

use crate::{names::with_ending, presence::Identity, session::Session};

/// What the names of the log and of its index end in.
const LOG: [&str; 2] = ["-wal", "-shm"];

/// The log of a file and the index of that log, by which all work who have the file open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Log([Identity; 2]);

impl Log {
    /// Those beside the file at `path`; nothing where one of them is not there.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let [log, index] = LOG.map(|ending| Identity::of(&with_ending(path, ending)));
        Some(Self([log?, index?]))
    }
}

/// Where a file lies that is open.
pub(crate) struct Place {
    path: PathBuf,
    /// The file that was opened.
    identity: Identity,
    /// When it had last been written, after the last commit.
    written: Mutex<Option<SystemTime>>,
    /// The log that this process works by is not the file's any more.
    log_is_gone: AtomicBool,
}

impl Place {
    pub(crate) fn new(path: PathBuf, identity: Identity) -> Self {
        Self {
            path,
            identity,
            written: Mutex::new(None),
            log_is_gone: AtomicBool::new(false),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// # Errors
    /// Another file is there, or none, or the log is another one.
    pub(crate) fn check(&self) -> Result<()> {
        self.identity.check(&self.path)?;
        match self.log_is_gone.load(Ordering::Acquire) {
            true => Err(self.log_error()),
            false => Ok(()),
        }
    }

    /// # Errors
    /// As [`Self::check`]: what the session has done is undone.
    pub(crate) fn check_before_commit(&self, session: &Session) -> Result<()> {
        if let Err(replaced) = self.identity.check(&self.path) {
            session.run("ROLLBACK")?;
            session.empty_log();
            return Err(replaced);
        }
        if self.has_log_of(session) {
            return Ok(());
        }
        session.run("ROLLBACK")?;
        self.give_up_log(session);
        Err(self.log_error())
    }

    /// # Errors
    /// Another file is there, or none.
    pub(crate) fn check_after_commit(&self, session: &Session) -> Result<()> {
        let written = self.identity.check(&self.path).inspect_err(|_| session.empty_log())?;
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = written;
        Ok(())
    }

    /// Gives the log up where it is not the file's any more; whether so it is.
    pub(crate) fn gives_up_log(&self, session: Option<&Session>) -> bool {
        if let Some(session) = session.filter(|session| !self.has_log_of(session)) {
            self.give_up_log(session);
        }
        self.log_is_gone.load(Ordering::Acquire)
    }

    fn has_log_of(&self, session: &Session) -> bool {
        session.log.is_none_or(|log| Log::of(&self.path) == Some(log))
    }

    /// What lies in the log goes into the file, as long as nobody else has written there; otherwise it stays
    /// out.
    fn give_up_log(&self, session: &Session) {
        self.log_is_gone.store(true, Ordering::Release);
        let last = *self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let is_as_it_was = last.is_some() && self.identity.check(&self.path).ok() == Some(last);
        match is_as_it_was && !with_ending(&self.path, LOG[0]).exists() {
            true => session.empty_log(),
            false => session.leave_log(),
        }
    }

    fn log_error(&self) -> Error {
        Error::host(format!(
            "the files -wal and -shm beside `{}` were moved, removed or replaced while it was open: what this process \
             writes would get lost. What was not answered before is not kept; where another process has written \
             meanwhile, nor is the last of what was. Leave these files alone, and start again",
            self.path.display()
        ))
    }
}
