//! What every command takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sluice_engine::Synchronous;

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// The organisation: the path of its file.
    #[arg(
        long,
        global = true,
        env = "SLUICE_ORG",
        default_value = ORGANISATION,
        value_name = "PATH|URL"
    )]
    pub(crate) org: PathBuf,
    /// The user in whose name to act.
    // Named apart from the arguments of the commands: a global one of the same name would
    // take their place.
    #[arg(
        long = "as",
        id = "as",
        global = true,
        env = "SLUICE_AS",
        default_value = ADMINISTRATOR,
        value_name = "USER"
    )]
    pub(crate) acting: String,
    /// Print exactly one JSON document.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Log to standard error; twice and thrice for more (or SLUICE_LOG).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How carefully a commit reaches the disk (for measurements).
    #[arg(long, global = true, env = "SLUICE_SYNCHRONOUS", hide = true, value_enum, default_value_t = Care::Full)]
    pub(crate) synchronous: Care,
}

/// Who acts where nobody is named.
const ADMINISTRATOR: &str = "admin";

impl Global {
    /// A variable that is set and empty names nobody.
    pub(crate) fn fill_in(&mut self, given: Explicit) {
        if self.acting.is_empty() && !given.acting {
            ADMINISTRATOR.clone_into(&mut self.acting);
        }
        if self.org.as_os_str().is_empty() && !given.org {
            self.org = ORGANISATION.into();
        }
    }
}

/// The file where none is named.
const ORGANISATION: &str = "./sluice.db";

/// See [`Synchronous`].
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Care {
    Full,
    Normal,
    Off,
}

impl From<Care> for Synchronous {
    fn from(care: Care) -> Self {
        match care {
            Care::Full => Self::Full,
            Care::Normal => Self::Normal,
            Care::Off => Self::Off,
        }
    }
}

/// What was said in so many words, and not left to a default.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Explicit {
    /// `--org` on the command line itself.
    pub(crate) org: bool,
    /// `--as` on the command line itself.
    pub(crate) acting: bool,
}
