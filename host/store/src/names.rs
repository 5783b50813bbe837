//! Names of files that the database would take for its own.

use std::path::{Path, PathBuf};

use sluice_model::{Error, Result};

/// What the database hangs on the name of a file: its journal, its log, its shared memory. It
/// plays the first two into the file when it is opened.
pub(crate) const ENDINGS: [&str; 3] = ["-journal", "-wal", "-shm"];

/// Refuses a name for a file to be written that the database would take for one of its own, and the
/// one that stands for standard output.
///
/// # Errors
/// It is such a name.
pub fn check_target(path: &Path) -> Result<()> {
    if path == Path::new("-") {
        return Err(Error::invalid(
            "- stands for standard output, which does not take this; name a file (./- is one)",
        ));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    if !ENDINGS.iter().any(|ending| name.ends_with(ending)) && !is_of_several(&name) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "a file of the name {} is taken by the database for a part of another file, and played into that; choose a name \
         that does not end in -journal, -wal or -shm",
        path.display()
    )))
}

/// `x-mj1A2B3C4D5`: the journal of a transaction over several files.
fn is_of_several(name: &str) -> bool {
    let number = name.rsplit_once("-mj").map_or("", |(_, number)| number);
    number.len() >= 8 && number.chars().all(|c| c.is_ascii_hexdigit())
}

/// The path as the database takes it for a file, whatever it is called: it has a meaning of its own
/// for `:memory:` and `file:…`.
pub(crate) fn as_file(path: &Path) -> PathBuf {
    Path::new(".").join(path)
}

/// The files that the database may keep beside one.
pub(crate) fn side_files(path: &Path) -> [PathBuf; 3] {
    ENDINGS.map(|ending| with_ending(path, ending))
}

/// The path with something more at its end.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_database_are_no_targets() {
        for name in [
            "o.db-journal",
            "o.db-wal",
            "/x/o.db-shm",
            "O.DB-WAL",
            "-wal",
            "o.db-mj1A2B3C4D9",
        ] {
            assert!(check_target(Path::new(name)).is_err(), "{name}");
        }
        for name in ["o.db", "o-wal.db", "journal", "wal", "o.db-wal.zip", "trip-mj.txt"] {
            assert!(check_target(Path::new(name)).is_ok(), "{name}");
        }
    }
}
