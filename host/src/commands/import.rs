//! `sluice import`: rows from a CSV file.

use crate::{context::Context, failure::Usage, output::Outcome};

/// What to import.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file.
    file: std::path::PathBuf,
}

/// Runs the command.
pub(crate) fn run(_: &Context, args: Args) -> anyhow::Result<Outcome> {
    Err(Usage::because(format!("{}: import is not there yet", args.file.display())))
}
