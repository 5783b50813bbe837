//! `sluice example`: the scenarios that ship, each with a broken and a cured state. They are
//! run with the program's own commands, in a folder of their own.

use std::{path::Path, process::Command as Process};

use anyhow::Context as _;
use serde_json::json;
use sluice_model::{Code, Error, names::did_you_mean};

use crate::{
    output::{Exit, Grid, Outcome},
    transcript::{self, Exchange, Names},
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the examples.
    List,
    /// Show the page of an example.
    Show {
        /// Which.
        name: String,
    },
    /// Run an example, and hold every command to what its page says.
    Run {
        /// Which; all of them where none is named.
        names: Vec<String>,
        /// Keep the folder in which it ran.
        #[arg(long)]
        keep: bool,
    },
}

macro_rules! pages {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../examples/", $name, "/README.md")))),*]
    };
}

/// The examples: their names and their pages.
pub(crate) const PAGES: &[(&str, &str)] = pages![
    "access-bu",
    "access-org",
    "access-own",
    "access-team",
    "background-owner",
    "background-privilege",
    "business-rule",
    "column-profile",
    "e1",
    "e2",
    "e3",
    "e4",
    "e5",
    "e6",
    "e7",
    "e8",
    "e9",
    "fields-not-filled",
    "import",
    "mappings",
    "missing-privilege",
    "on-behalf",
    "qualify-hidden",
    "why-append-to",
    "why-behind",
    "why-customizations",
    "why-duplicate",
    "why-lookup",
    "why-managed-role",
    "why-nested-create",
    "why-qualify",
    "why-run-as",
    "why-share",
    "why-team-role",
    "why-two-tables",
    "workflow-privilege",
    // ← a new example goes here; its folder is in examples/
];

/// Runs the command.
pub(crate) fn run(command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::List => {
            let mut grid = Grid::new(["example", "what it shows"]).uncut();
            let mut items = Vec::new();
            for (name, page) in PAGES {
                grid.row([*name, &title(page)]);
                items.push(json!({ "name": name, "title": title(page) }));
            }
            Ok(Outcome::items(items, grid.text("no examples")))
        }
        Command::Show { name } => {
            let (name, page) = find(&name)?;
            Ok(Outcome::new(json!({ "name": name, "page": page }), page))
        }
        Command::Run { names, keep } => {
            let wanted = match names.as_slice() {
                [] => PAGES.to_vec(),
                names => names.iter().map(|name| find(name)).collect::<Result<_, _>>()?,
            };
            let mut items = Vec::new();
            let mut texts = Vec::new();
            let mut exit = Exit::Done;
            for (name, page) in wanted {
                let told = tell(name, page, keep)?;
                if !told.ok {
                    exit = Exit::Refused;
                }
                items.push(json!({ "name": name, "ok": told.ok, "steps": told.steps, "folder": told.folder }));
                texts.push(told.text);
            }
            Ok(Outcome::items(items, texts.join("\n\n")).with_exit(exit))
        }
    }
}

fn title(page: &str) -> String {
    let line = page.lines().next().unwrap_or_default();
    line.trim_start_matches('#').trim().to_owned()
}

fn find(name: &str) -> sluice_model::Result<(&'static str, &'static str)> {
    let found = PAGES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| {
        let hint = did_you_mean(name, PAGES.iter().map(|(known, _)| *known));
        Error::new(
            Code::NOT_FOUND,
            format!("there is no example `{name}`{hint}; `example list` shows them"),
        )
    })
}

/// How the run of an example came out.
struct Told {
    ok: bool,
    steps: Vec<serde_json::Value>,
    text: String,
    folder: Option<String>,
}

fn tell(name: &str, page: &str, keep: bool) -> anyhow::Result<Told> {
    let mut folder = tempfile::Builder::new().prefix("sluice-example-").tempdir()?;
    folder.disable_cleanup(keep);
    let mut names = Names::new();
    let mut told = Told {
        ok: true,
        steps: Vec::new(),
        text: title(page),
        folder: keep.then(|| folder.path().display().to_string()),
    };
    for step in transcript::steps(page) {
        for (name, text) in &step.files {
            std::fs::write(folder.path().join(name), text)?;
        }
        let ran = Ran::of(&step, folder.path(), &names)?;
        let as_told = ran.status == step.status && transcript::matches(&step.expected, &ran.printed, &mut names);
        told.steps
            .push(json!({ "command": ran.command, "status": ran.status, "ok": as_told }));
        told.text
            .push_str(&format!("\n\n$ {}\n{}", ran.command, ran.printed.trim_end()));
        if !as_told {
            told.ok = false;
            told.text.push_str(&format!(
                "\n\n{name} came out differently here. Expected was exit status {}, and it ended {}; and as output:\n{}",
                step.status,
                ran.status,
                step.expected.join("\n")
            ));
            break;
        }
    }
    if let Some(folder) = &told.folder {
        told.text.push_str(&format!("\n\nThe organisation is in {folder}"));
    }
    Ok(told)
}

/// A command that was run.
struct Ran {
    command: String,
    status: i32,
    printed: String,
}

impl Ran {
    /// Runs this program again, as the page says.
    fn of(step: &Exchange, folder: &Path, names: &Names) -> anyhow::Result<Self> {
        let command = transcript::filled_in(&step.command, names);
        let words = shlex::split(&command).with_context(|| format!("`{command}` is no command line"))?;
        let arguments = match words.split_first() {
            Some((program, arguments)) if program == "sluice" => arguments,
            _ => anyhow::bail!("`{command}` is no command of this program"),
        };
        let output = Process::new(std::env::current_exe()?)
            .args(arguments)
            .current_dir(folder)
            .env("SLUICE_ORG", "./sluice.db")
            // As people see it in a terminal.
            .env("SLUICE_OUTPUT", "table")
            .env("SLUICE_YES", "true")
            .env("SLUICE_CONTEXTS", folder.join("contexts.json"))
            .env_remove("SLUICE_AS")
            .env_remove("SLUICE_LOG")
            .output()?;
        let printed = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(Self {
            command,
            status: output.status.code().unwrap_or(-1),
            printed,
        })
    }
}
