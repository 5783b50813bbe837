//! How an organisation's file comes to be: founded under another name, and renamed once it is whole.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sluice_model::{Error, Result, text::Collation};
use sluice_store::{Store, Synchronous, check_target, clear_leftovers, publish};

use super::{Core, Engine, OpenOptions};
use crate::{
    Env,
    capability::Capabilities,
    organization::{self, Founding},
};

pub(super) fn unknown_language(language: i32) -> Error {
    let known: Vec<String> = Collation::languages().map(|known| known.to_string()).collect();
    Error::invalid(format!(
        "{language} is no base language that is known; these are: {}",
        known.join(", ")
    ))
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

pub(super) fn unfinished_name(path: &Path, env: &dyn Env) -> PathBuf {
    with_suffix(path, &format!(".{}.unfinished", env.new_id().simple()))
}

impl Engine {
    /// Founds an organisation in a new file. `fill` may write into it before anybody else can
    /// see it: the file takes its name only when everything went well.
    ///
    /// # Errors
    /// The file exists already or cannot be written, or `fill` fails.
    pub fn create(
        path: &Path,
        founding: &Founding,
        capabilities: &Capabilities,
        env: &Arc<dyn Env>,
        options: &OpenOptions,
        fill: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<()> {
        check_target(path)?;
        if path.exists() {
            return Err(Error::invalid(format!(
                "{} exists already; choose another name, or remove it",
                path.display()
            )));
        }
        clear_leftovers(path);
        let unfinished = unfinished_name(path, env.as_ref());
        let result = Self::create_unfinished(&unfinished, founding, capabilities, env, options, fill)
            .and_then(|()| publish(&unfinished, path));
        for leftover in [
            unfinished.clone(),
            with_suffix(&unfinished, "-wal"),
            with_suffix(&unfinished, "-shm"),
        ] {
            let _ = std::fs::remove_file(leftover);
        }
        result
    }

    fn create_unfinished(
        path: &Path,
        founding: &Founding,
        capabilities: &Capabilities,
        env: &Arc<dyn Env>,
        options: &OpenOptions,
        fill: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<()> {
        let core = Arc::new(Core::new(capabilities, env.clone(), options)?);
        let collation = Collation::of(founding.language).ok_or_else(|| unknown_language(founding.language))?;
        let _at_work = Store::create(path, &core.ships, collation, |tx| {
            organization::found(&core, tx, founding, capabilities)
        })?;
        let fast = OpenOptions {
            synchronous: Synchronous::Off,
            faults: None,
            ..options.clone()
        };
        let core = Core {
            alone: true,
            ..Core::new(capabilities, env.clone(), &fast)?
        };
        fill(&Self::opened(Arc::new(core), path, &fast)?)
    }
}
