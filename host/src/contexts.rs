//! Who acts where, kept for the commands that follow: a file of contexts, `sluice/contexts.json` in the
//! folder for settings of programs, or where SLUICE_CONTEXTS says. What the command line and the variables
//! say comes before it.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::reading;

/// The contexts that somebody keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contexts {
    /// The one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    /// All of them by name: `USER@ORG`.
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Kept>,
}

/// Who acts in which organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The user.
    pub(crate) user: String,
    /// The organisation's file, with its whole path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) org: Option<PathBuf>,
    /// The address of an organisation that a server has. This version reaches none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// With what the user signs in there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
}

impl Contexts {
    /// Reads the file; one that is not there holds nothing.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let is_not_there = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        let text = match reading::description(path) {
            Err(error) if error.downcast_ref().is_some_and(is_not_there) => return Ok(Self::default()),
            text => text?,
        };
        serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is no file of contexts; mend it or remove it (it only keeps what `use` was told)",
                path.display()
            )
        })
    }

    /// Writes the file, for nobody else to read.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let unwritable = || format!("{} cannot be written", path.display());
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).with_context(unwritable)?;
        // A temporary file is its owner's alone, and has its name only when it is whole.
        let mut file = tempfile::NamedTempFile::new_in(folder).with_context(unwritable)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())
            .with_context(unwritable)?;
        file.persist(path)
            .map_err(|error| error.error)
            .with_context(unwritable)?;
        Ok(())
    }

    /// The context in use.
    pub(crate) fn current(&self) -> Option<&Kept> {
        self.contexts.get(self.current.as_ref()?)
    }
}

/// Puts a file that cannot be read aside under another name, which it gives back: nothing of it is lost.
pub(crate) fn set_aside(path: &Path) -> anyhow::Result<PathBuf> {
    let unmoved = || format!("{} cannot be put aside", path.display());
    // What is no file of its own, such as a device or a link, is nobody's here to move.
    if !path.symlink_metadata().with_context(unmoved)?.is_file() {
        anyhow::bail!("{} is no file", path.display());
    }
    let named = |number: u32| match number {
        1 => PathBuf::from(format!("{}.broken", path.display())),
        more => PathBuf::from(format!("{}.broken-{more}", path.display())),
    };
    let free = (1..).map(named).find(|other| other.symlink_metadata().is_err());
    let aside = free.with_context(unmoved)?;
    std::fs::rename(path, &aside).with_context(unmoved)?;
    Ok(aside)
}

/// Where the file is; nothing, where there is no home.
pub(crate) fn path() -> Option<PathBuf> {
    let named = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(path) = named("SLUICE_CONTEXTS") {
        return Some(path);
    }
    let base = named("XDG_CONFIG_HOME").or_else(|| Some(named("HOME")?.join(".config")))?;
    Some(base.join("sluice/contexts.json"))
}
