//! The file that is open, and the log beside it: whether they still lie where they were opened, and what
//! becomes of what lies in the log where they do not.

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

/// A file that the database keeps beside another one.
#[derive(Debug, Clone)]
struct Beside {
    path: PathBuf,
    identity: Identity,
}

impl Beside {
    fn of(path: &Path, ending: &str) -> Option<Self> {
        let path = with_ending(path, ending);
        let identity = Identity::of(&path)?;
        Some(Self { path, identity })
    }

    fn is_there(&self) -> bool {
        Identity::of(&self.path) == Some(self.identity)
    }
}

/// The log of a file and the index of that log: by these two all work who have the file open.
#[derive(Debug, Clone)]
pub(crate) struct LogFiles {
    log: Beside,
    index: Beside,
}

impl LogFiles {
    /// Those of the file at `path`, which lie beside the file that a link leads to; nothing where one of
    /// them is not there.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        Some(Self {
            log: Beside::of(&path, "-wal")?,
            index: Beside::of(&path, "-shm")?,
        })
    }

    fn are_there(&self) -> bool {
        self.log.is_there() && self.index.is_there()
    }
}

/// The file that a writer has open.
pub(crate) struct OpenFile {
    path: PathBuf,
    identity: Identity,
    /// When it had last been written, after the last commit.
    written: Mutex<Option<SystemTime>>,
    /// The log that this process works by is not the file's any more.
    log_is_gone: AtomicBool,
}

impl OpenFile {
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
    /// Another file is at its path, or none, or it has another name, or its log was seen to be another one.
    pub(crate) fn check(&self) -> Result<()> {
        self.identity.check(&self.path)?;
        match self.log_is_gone.load(Ordering::Acquire) {
            true => Err(self.log_error()),
            false => Ok(()),
        }
    }

    /// # Errors
    /// As [`Self::check`], where the log is looked at anew: what the session has done is undone.
    pub(crate) fn check_before_commit(&self, session: &Session) -> Result<()> {
        if let Err(replaced) = self.identity.check(&self.path) {
            session.run("ROLLBACK")?;
            session.empty_log();
            return Err(replaced);
        }
        if has_its_log(session) {
            return Ok(());
        }
        session.run("ROLLBACK")?;
        self.give_up_log(session);
        Err(self.log_error())
    }

    /// # Errors
    /// Another file is at its path, or none.
    pub(crate) fn check_after_commit(&self, session: &Session) -> Result<()> {
        let written = self.identity.written(&self.path).inspect_err(|_| session.empty_log())?;
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = written;
        Ok(())
    }

    /// Whether another file is at its path, or none.
    pub(crate) fn lost_its_path(&self) -> bool {
        self.identity.written(&self.path).is_err()
    }

    /// Gives the log up where it is not the file's any more; whether so it is.
    pub(crate) fn gives_up_log(&self, session: Option<&Session>) -> bool {
        if let Some(session) = session.filter(|session| !has_its_log(session)) {
            self.give_up_log(session);
        }
        self.log_is_gone.load(Ordering::Acquire)
    }

    /// What lies in the log goes into the file, as long as nobody else has written there; otherwise it stays
    /// out.
    fn give_up_log(&self, session: &Session) {
        self.log_is_gone.store(true, Ordering::Release);
        let last = *self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let is_as_it_was = last.is_some() && self.identity.written(&self.path).ok() == Some(last);
        let has_another = session.log.as_ref().is_some_and(|files| files.log.path.exists());
        match is_as_it_was && !has_another {
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

fn has_its_log(session: &Session) -> bool {
    session.log.as_ref().is_none_or(LogFiles::are_there)
}
