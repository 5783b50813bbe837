//! Whether the file that is open still is the one at its path, and what is left in a folder by
//! those who were killed.

use std::{
    fs::{self, File, Metadata},
    io,
    path::Path,
    time::{Duration, SystemTime},
};

use sluice_model::{Code, Error, Result};
use tempfile::NamedTempFile;

use crate::{names::side_files, store::folder_of};

/// How the name of a file begins and ends that is being made; six letters and digits between them.
const SCRATCH: (&str, &str) = (".sluice-", ".new");

/// How often it is looked again whether a file has one name only, and after how long.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(25);

/// A file beside others that is being made: gone again, unless it gets a name.
pub(crate) fn scratch_in(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(SCRATCH.0)
        .suffix(SCRATCH.1)
        .tempfile_in(folder)
}

/// Which file a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    number: u64,
}

impl Identity {
    /// Of the file at `path`; nothing where there is none.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|about| Self::from(&about))
    }

    /// Of the file at `path`, which has no other name: the log of a file lies beside the name by which it was opened, so
    /// that of two names each had its own. For as long as a restore or the making of an organisation takes, a file has
    /// two; that is waited for.
    ///
    /// # Errors
    /// There is none; or it has several names.
    pub(crate) fn of_one_name(path: &Path) -> Result<Self> {
        let mut tries = TRIES;
        loop {
            let about = fs::metadata(path).map_err(|_| Error::host("the organisation's file is gone"))?;
            match check_names(path, &about) {
                Ok(()) => return Ok(Self::from(&about)),
                Err(error) if tries == 0 => return Err(error),
                Err(_) => tries -= 1,
            }
            clear_leftovers(path);
            std::thread::sleep(PAUSE);
        }
    }

    /// Refuses to go on where another file is at `path` by now, or none, or where the file has got another name.
    ///
    /// # Errors
    /// So it is.
    pub(crate) fn check(self, path: &Path) -> Result<()> {
        check_names(path, &self.found(path)?)
    }

    /// When the file at `path` was last written.
    ///
    /// # Errors
    /// It is another one by now, or there is none.
    pub(crate) fn written(self, path: &Path) -> Result<Option<SystemTime>> {
        Ok(self.found(path)?.modified().ok())
    }

    /// What the file system says of the file.
    fn found(self, path: &Path) -> Result<Metadata> {
        let found = fs::metadata(path).ok();
        found.filter(|about| Self::from(about) == self).ok_or_else(|| {
            let message = format!(
                "`{}` is not the file any more that was opened: it was moved, removed or replaced meanwhile. What was not \
                 answered before is not kept. See what is at that path now, then start again",
                path.display()
            );
            Error::new(Code::FILE_REPLACED, message)
        })
    }
}

#[cfg(unix)]
impl From<&Metadata> for Identity {
    fn from(about: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            device: about.dev(),
            number: about.ino(),
        }
    }
}

#[cfg(not(unix))]
impl From<&Metadata> for Identity {
    fn from(_: &Metadata) -> Self {
        Self { device: 0, number: 0 }
    }
}

/// How many names a file has.
#[cfg(unix)]
fn names_of(about: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(about)
}

#[cfg(not(unix))]
fn names_of(_: &Metadata) -> u64 {
    1
}

/// Refuses a file that has several names.
fn check_names(path: &Path, about: &Metadata) -> Result<()> {
    match names_of(about) {
        0 | 1 => Ok(()),
        names => Err(Error::host(format!(
            "`{}` has {names} names (hard links). What is written by one of them lies in a log beside that name, where the \
             others do not see it, and would get lost. Remove the other names, or put a copy of the file in the place of \
             this one; then start again",
            path.display()
        ))),
    }
}

/// Removes what the database keeps beside a file, where the file itself is not there: it would be
/// played into the next one of that name.
pub(crate) fn clear_sides(path: &Path) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    for side in side_files(path) {
        match fs::remove_file(side) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Removes what killed processes left in the folder of an organisation: files that were being made.
/// Who is at work on one has a lock on it.
pub fn clear_leftovers(path: &Path) {
    let Ok(entries) = fs::read_dir(folder_of(path)) else {
        return;
    };
    let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let journal_of = name.strip_suffix("-journal").map(|base| path.with_file_name(base));
        if journal_of.is_some_and(|base| base.exists()) {
            continue;
        }
        if is_unfinished(&name, &own) && is_left(&entry.path()) {
            let leftover = entry.path();
            tracing::info!(file = %leftover.display(), "removing what a killed process left");
            for file in side_files(&leftover).into_iter().chain([leftover]) {
                let _ = fs::remove_file(file);
            }
        }
    }
}

/// The names that are given to files while they are made: `.sluice-a1B2c3.new`, and
/// `ORG.<32 digits>.unfinished`.
fn is_unfinished(name: &str, own: &str) -> bool {
    let scratch = name.strip_prefix(SCRATCH.0);
    let founding = name
        .strip_prefix(own)
        .and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".unfinished"));
    // A journal whose file is gone is left as well.
    let base = |name: &str| name.strip_suffix("-journal").unwrap_or(name).to_owned();
    scratch.is_some_and(|rest| {
        base(rest)
            .strip_suffix(SCRATCH.1)
            .is_some_and(|random| random.len() == 6 && random.chars().all(|c| c.is_ascii_alphanumeric()))
    }) || founding.is_some_and(|id| id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit()))
}

/// Whether nobody is at work on the file.
fn is_left(path: &Path) -> bool {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(_) => return false,
    };
    // Between its making and its lock a file is empty.
    let young = file
        .metadata()
        .and_then(|about| about.modified())
        .is_ok_and(|time| time.elapsed().is_ok_and(|age| age < Duration::from_secs(2)));
    let empty = file.metadata().is_ok_and(|about| about.len() == 0);
    file.try_lock().is_ok() && !(young && empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_are_being_made_are_left_overs() {
        let id = "0198c0de000070008000000000000001";
        for name in [
            ".sluice-a1B2c3.new",
            ".sluice-a1B2c3.new-journal",
            &format!("o.db.{id}.unfinished"),
        ] {
            assert!(is_unfinished(name, "o.db"), "{name}");
        }
        for name in [
            ".sluice-config",
            ".sluice-",
            "o.db.unfinished",
            "o.db.x.unfinished",
            &format!("p.db.{id}.unfinished"),
            "o.db",
            "o.db-wal",
        ] {
            assert!(!is_unfinished(name, "o.db"), "{name}");
        }
    }
}
