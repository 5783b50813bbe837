//! Organisations that are made once for all tests of a run and copied for each. The file
//! stays in the target folder, so that nothing is left in the system's folder for temporary
//! files, and a run some hours later removes it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use sluice_engine::{Env as _, SystemEnv};

/// No run of the tests takes longer.
const LONGEST_RUN: Duration = Duration::from_hours(6);

/// What nextest calls a run; with `cargo test` a run is a process.
static RUN: LazyLock<String> =
    LazyLock::new(|| std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| SystemEnv.new_id().to_string()));

/// The template of that name, which `make` writes to the path that it is given if no test of
/// this run has made it yet.
pub fn template(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let folder = crate::root().join("target/tests-cache/templates");
    let path = folder.join(format!("{}-{name}.db", *RUN));
    if !path.exists() {
        fs::create_dir_all(&folder).unwrap();
        remove_old(&folder);
        let making = tempfile::tempdir_in(&folder).unwrap();
        let made = making.path().join("sluice.db");
        make(&made);
        // Two tests may make it at once: either file will do.
        fs::rename(&made, &path).unwrap();
    }
    path
}

/// Removes what earlier runs left.
fn remove_old(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let age = entry
            .metadata()
            .and_then(|about| about.modified())
            .map(|at| at.elapsed());
        if age.is_ok_and(|age| age.is_ok_and(|age| age > LONGEST_RUN)) {
            // Another test may have removed it just now.
            let _ = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()));
        }
    }
}
