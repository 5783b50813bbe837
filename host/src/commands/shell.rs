//! `sluice completions` and `sluice man`: made of the one definition of the grammar. Where a name of the
//! organisation is wanted, the completions ask it.

use std::path::PathBuf;

use clap::Command;
use clap_complete::env::Shells;
use serde_json::json;

use crate::{context::COMPLETE, output::Outcome};

/// `completions`
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// Write the pages of all commands into this folder.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// Prints what the shell reads, to ask the program for each word.
pub(crate) fn completions(args: &Completions) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    if let Some(shell) = Shells::builtins().completer(&args.shell.to_string()) {
        shell.write_registration(COMPLETE, "sluice", "sluice", "sluice", &mut script)?;
    }
    let script = String::from_utf8(script)?;
    Ok(Outcome::new(json!({ "script": script }), script))
}

/// Prints the manual page, or writes all of them.
pub(crate) fn man(grammar: Command, args: &Man) -> anyhow::Result<Outcome> {
    let Some(folder) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(grammar).render(&mut page)?;
        let page = String::from_utf8(page)?;
        return Ok(Outcome::new(json!({ "page": page }), page));
    };
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(grammar, folder)?;
    Ok(Outcome::new(
        json!({ "folder": folder.display().to_string() }),
        format!("wrote the pages to {}", folder.display()),
    ))
}
