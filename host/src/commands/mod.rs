//! The commands, one file per noun.

pub(crate) mod access;
pub(crate) mod activity;
pub(crate) mod audit;
pub(crate) mod bu;
pub(crate) mod column;
pub(crate) mod command;
mod condition;
pub(crate) mod diagnose;
pub(crate) mod duplicates;
pub(crate) mod duprule;
mod each;
pub(crate) mod errors;
pub(crate) mod example;
pub(crate) mod exec;
pub(crate) mod flow;
pub(crate) mod form;
mod holders;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod lead;
mod lead_dry_run;
mod lead_matches;
mod lead_new;
mod lead_qualify;
pub(crate) mod mapping;
pub(crate) mod merge;
pub(crate) mod note;
pub(crate) mod offline;
pub(crate) mod opportunity;
pub(crate) mod option_set;
pub(crate) mod org;
pub(crate) mod plugin;
pub(crate) mod publish;
pub(crate) mod relationship;
pub(crate) mod report;
pub(crate) mod role;
pub(crate) mod row;
pub(crate) mod settings;
pub(crate) mod shell;
pub(crate) mod solution;
pub(crate) mod step;
mod step_show;
pub(crate) mod table;
pub(crate) mod team;
pub(crate) mod timeline;
pub(crate) mod trace;
pub(crate) mod user;
pub(crate) mod view;
mod wasm_build;

use crate::{cli::Command, context::Context, output::Outcome};

/// Runs a command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Org(command) => org::run(context, command),
        Command::Row(command) => row::run(context, command),
        Command::Exec(args) => exec::run(context, &args),
        Command::Import(args) => import::run(context, args),
        Command::Lead(command) => lead::run(context, command),
        Command::Merge(args) => merge::run(context, &args),
        Command::Opportunity(command) => opportunity::run(context, command),
        Command::Form(command) => form::run(context, command),
        Command::Offline(command) => offline::run(context, command),
        Command::Command(command) => command::run(context, command),
        Command::View(command) => view::run(context, command),
        Command::Audit(command) => audit::run(context, command),
        Command::Note(command) => note::run(context, command),
        Command::Activity(command) => activity::run(context, command),
        Command::Timeline(args) => timeline::run(context, &args),
        Command::User(command) => user::run(context, command),
        Command::Team(command) => team::run(context, command),
        Command::Bu(command) => bu::run(context, command),
        Command::Role(command) => role::run(context, command),
        Command::Access(command) => access::run(context, command),
        Command::Table(command) => table::run(context, command),
        Command::Column(command) => column::run(context, command),
        Command::Relationship(command) => relationship::run(context, command),
        Command::Mapping(command) => mapping::run(context, command),
        Command::OptionSet(command) => option_set::run(context, command),
        Command::Publish(args) => publish::run(context, &args),
        Command::Solution(command) => solution::run(context, command),
        Command::Duprule(command) => duprule::run(context, command),
        Command::Duplicates(command) => duplicates::run(context, command),
        Command::Jobs(command) => jobs::run(context, command),
        Command::Plugin(command) => plugin::run(context, command),
        Command::Step(command) => step::run(context, command),
        Command::Trace(command) => trace::run(context, command),
        Command::Diagnose(command) => diagnose::run(context, command),
        Command::Flow(command) => flow::run(context, command),
        Command::Errors(command) => errors::run(command),
        Command::Example(command) => example::run(command),
        Command::Settings(command) => settings::run(context, command),
        Command::Report(command) => report::run(context, command),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    }
}
