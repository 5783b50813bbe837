//! The commands, one file per noun.

pub(crate) mod access;
pub(crate) mod bu;
pub(crate) mod column;
mod condition;
pub(crate) mod diagnose;
pub(crate) mod duplicates;
pub(crate) mod duprule;
pub(crate) mod errors;
mod holders;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod lead;
mod lead_matches;
pub(crate) mod org;
pub(crate) mod plugin;
pub(crate) mod role;
pub(crate) mod row;
pub(crate) mod settings;
pub(crate) mod shell;
pub(crate) mod step;
mod step_show;
pub(crate) mod table;
pub(crate) mod team;
pub(crate) mod trace;
pub(crate) mod user;
mod wasm_build;

use crate::{cli::Command, context::Context, output::Outcome};

/// Runs a command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Org(command) => org::run(context, command),
        Command::Row(command) => row::run(context, command),
        Command::Import(args) => import::run(context, args),
        Command::Lead(command) => lead::run(context, command),
        Command::User(command) => user::run(context, command),
        Command::Team(command) => team::run(context, command),
        Command::Bu(command) => bu::run(context, command),
        Command::Role(command) => role::run(context, command),
        Command::Access(command) => access::run(context, command),
        Command::Table(command) => table::run(context, command),
        Command::Column(command) => column::run(context, command),
        Command::Duprule(command) => duprule::run(context, command),
        Command::Duplicates(command) => duplicates::run(context, command),
        Command::Jobs(command) => jobs::run(context, command),
        Command::Plugin(command) => plugin::run(context, command),
        Command::Step(command) => step::run(context, command),
        Command::Trace(command) => trace::run(context, command),
        Command::Diagnose(command) => diagnose::run(context, command),
        Command::Errors(command) => errors::run(command),
        Command::Settings(command) => settings::run(context, command),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    }
}
