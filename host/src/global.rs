//! What every command takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sluice_engine::Synchronous;

use crate::{
    contexts::{self, Contexts},
    output::Form,
};

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
    /// On whose behalf the user acts: both must be allowed what is done (prvActOnBehalfOfAnotherUser).
    #[arg(long, global = true, value_name = "USER")]
    pub(crate) on_behalf_of: Option<String>,
    /// Print exactly one JSON document: the same as -o json.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How results are printed (or SLUICE_OUTPUT): table, plain (tabs), csv, spreadsheet, tsv, json or id.
    #[arg(
        short = 'o',
        long = "output",
        id = "output",
        global = true,
        value_enum,
        value_name = "FORM",
        hide_possible_values = true
    )]
    pub(crate) form: Option<Form>,
    /// Pass over synchronous custom logic (plug-ins, real-time workflows); needs prvBypassCustomPlugins.
    #[arg(long, id = "bypass-plugins", global = true)]
    pub(crate) bypass_plugins: bool,
    /// Pass over custom logic of a kind: sync, async or both with a comma; needs prvBypassCustomBusinessLogic.
    #[arg(
        long,
        id = "bypass-logic",
        global = true,
        value_name = "sync,async",
        value_delimiter = ',',
        value_enum,
        hide_possible_values = true
    )]
    pub(crate) bypass_logic: Vec<Logic>,
    /// Pass over these steps and workflows, by id or name; needs prvBypassCustomBusinessLogic.
    #[arg(
        long,
        id = "bypass-steps",
        global = true,
        value_name = "STEP,…",
        value_delimiter = ','
    )]
    pub(crate) bypass_steps: Vec<String>,
    /// Go on without asking, and without saying whom a change reaches (or SLUICE_YES=true).
    #[arg(long, id = "yes", global = true, env = "SLUICE_YES")]
    pub(crate) yes: bool,
    /// Log to standard error; twice and thrice for more (or SLUICE_LOG).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How carefully a commit reaches the disk (for measurements).
    #[arg(long, global = true, env = "SLUICE_SYNCHRONOUS", hide = true, value_enum, default_value_t = Care::Full)]
    pub(crate) synchronous: Care,
    /// Who acts was said by the context in use.
    #[arg(skip)]
    pub(crate) from_context: bool,
    /// The organisation's file was said by the context in use.
    #[arg(skip)]
    pub(crate) org_from_context: bool,
    /// Where the command line did not say who acts, a variable or a context would.
    #[arg(skip)]
    pub(crate) overrides: bool,
}

/// Who acts where nobody is named.
const ADMINISTRATOR: &str = "admin";

impl Global {
    /// What the command line leaves to variables. One that is set and empty says nothing.
    pub(crate) fn fill_in(&mut self, given: Explicit) -> Result<(), String> {
        let is_said = |variable: &str| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
        let (acting, org) = (given.acting || is_said("SLUICE_AS"), given.org || is_said("SLUICE_ORG"));
        if !given.drops_context && (!acting || !org) {
            self.use_context(acting, org)?;
        }
        let of_context = || contexts::path().and_then(|path| Contexts::read(&path).ok()?.current().map(|_| ()));
        self.overrides = given.acting && (is_said("SLUICE_AS") || of_context().is_some());
        let form = std::env::var_os("SLUICE_OUTPUT").unwrap_or_default();
        let form = form.to_string_lossy();
        if self.form.is_none() && !form.is_empty() {
            let known = Form::from_str(&form, true);
            self.form = Some(known.map_err(|_| format!("SLUICE_OUTPUT is `{form}`, which is no form of -o"))?);
        }
        Ok(())
    }
}

impl Global {
    /// What neither the command line nor a variable says comes from the context in use, else it is the
    /// usual.
    fn use_context(&mut self, acting: bool, org: bool) -> Result<(), String> {
        let contexts = match contexts::path() {
            Some(path) => Contexts::read(&path).map_err(|error| format!("{error:#}"))?,
            None => Contexts::default(),
        };
        let kept = contexts.current();
        if !acting {
            // Who acts elsewhere is nobody here.
            let kept = kept.filter(|kept| !org || kept.org.is_none());
            self.acting = kept.map_or(ADMINISTRATOR.to_owned(), |kept| kept.user.clone());
            self.from_context = kept.is_some();
        }
        if !org {
            let kept = kept.and_then(|kept| kept.org.clone());
            self.org_from_context = kept.is_some();
            self.org = kept.unwrap_or_else(|| ORGANISATION.into());
        }
        Ok(())
    }
}

/// The file where none is named.
const ORGANISATION: &str = "./sluice.db";

/// Custom logic by when it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Logic {
    /// Inside the request.
    Sync,
    /// After it.
    Async,
}

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
    /// The command uses no context, and gives up the one in use.
    pub(crate) drops_context: bool,
}
