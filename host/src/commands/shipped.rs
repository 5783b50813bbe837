//! The plug-ins that ship, built by `build.rs`, and where `plugin push` takes a plug-in from.

use std::path::{Path, PathBuf};

use sluice_model::{Code, Error, names::did_you_mean};
use sluice_sales::sample::Plugin;

use super::wasm_build;
use crate::reading;

macro_rules! plugin {
    ($name:literal) => {
        Plugin {
            name: $name,
            bytes: include_bytes!(concat!(env!("SLUICE_PLUGINS"), "/", $name, ".wasm")),
        }
    };
}

/// Those that the sample organisation has.
pub(super) const SAMPLE: [Plugin; 5] = [
    plugin!("commission"),
    plugin!("phone-normalizer"),
    plugin!("name-guard"),
    plugin!("audit-note"),
    plugin!("vip-flag"),
];

/// Those that an organisation has once somebody pushes them.
const MORE: [Plugin; 2] = [plugin!("scripted"), plugin!("silent-qualify")];

/// Where a plug-in is taken from.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// A WebAssembly file, - for standard input, or the folder of a cargo package, which is built.
    #[arg(value_name = "FILE|FOLDER")]
    path: PathBuf,
    /// FILE is the name of a plug-in that ships, such as `scripted`, which does what the
    /// configuration of its step says.
    #[arg(long)]
    shipped: bool,
}

impl Source {
    /// The file, which is built where there is a folder.
    pub(super) fn file(&self) -> anyhow::Result<PathBuf> {
        match !self.shipped && self.path.is_dir() {
            true => wasm_build::build(&self.path),
            false => Ok(self.path.clone()),
        }
    }

    /// What is in that file.
    pub(super) fn bytes(&self, file: &Path) -> anyhow::Result<Vec<u8>> {
        if !self.shipped {
            return reading::bytes(file);
        }
        let name = file.to_string_lossy();
        let all = || SAMPLE.iter().chain(&MORE);
        let found = all().find(|plugin| plugin.name == name);
        let found = found.ok_or_else(|| {
            let hint = did_you_mean(&name, all().map(|plugin| plugin.name));
            Error::new(Code::NOT_FOUND, format!("no plug-in `{name}` ships{hint}"))
        })?;
        Ok(found.bytes.to_vec())
    }
}
