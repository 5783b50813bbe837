//! The grammar: one definition from which parsing, help, the man pages and the completions
//! come. The arguments of a command are beside the command.

use std::{convert::Infallible, ffi::OsString};

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind, parser::ValueSource};

use crate::{
    commands,
    context::Context,
    global::{Explicit, Global},
    output::Outcome,
};

/// A plug-in runtime for a CRM pipeline, compatible with the Dataverse event framework.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, propagate_version = true, after_help = EXITS)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXITS: &str = "\
Values: name=value, name=null, name=@FILE (its contents), name:=JSON; a choice by number or label, a lookup by id or \
name (table:ID or table:NAME where it has several tables; user:NAME for a user), or by an alternate key (column=value). \
An id may be given by its end, the last five digits or more. Depths: user, bu, parent-child, org.

Lists go as tables to a terminal and with tabs between their cells to a pipe; -o csv, tsv, json or id says otherwise.

Exit status: 0 done; 1 the platform refused, or one item of several was refused; 2 wrong usage or an ambiguous name; \
3 the host failed.";

/// The nouns.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make, show, copy, restore, migrate and check an organisation.
    #[command(subcommand)]
    Org(commands::org::Command),
    /// Rows of any table.
    #[command(subcommand)]
    Row(commands::row::Command),
    /// Send any message, with its parameters, and show what comes back.
    Exec(commands::exec::Args),
    /// Read rows from a CSV file.
    Import(commands::import::Args),
    /// Views: stored queries, and rows by FetchXML.
    #[command(subcommand)]
    View(commands::view::Command),
    /// Notes and their attachments.
    #[command(subcommand)]
    Note(commands::note::Command),
    /// Tasks, phone calls, e-mails and appointments.
    #[command(subcommand)]
    Activity(commands::activity::Command),
    /// The notes and activities of a row.
    Timeline(commands::timeline::Args),
    /// Leads.
    #[command(subcommand)]
    Lead(commands::lead::Command),
    /// Make one row of two.
    Merge(commands::merge::Args),
    /// Opportunities.
    #[command(subcommand)]
    Opportunity(commands::opportunity::Command),
    /// Forms and their scripts.
    #[command(subcommand)]
    Form(commands::form::Command),
    /// Mobile offline profiles.
    #[command(subcommand)]
    Offline(commands::offline::Command),
    /// Which commands a form shows, and why.
    #[command(subcommand)]
    Command(commands::command::Command),
    /// Users and their roles.
    #[command(subcommand)]
    User(commands::user::Command),
    /// Access teams of rows, and the templates by which they are made.
    #[command(subcommand)]
    AccessTeam(commands::access_team::Command),
    /// Column security profiles: who reads and writes secured columns.
    #[command(subcommand)]
    Profile(commands::profile::Command),
    /// Teams, their members and their roles.
    #[command(subcommand)]
    Team(commands::team::Command),
    /// Business units.
    #[command(subcommand)]
    Bu(commands::bu::Command),
    /// Security roles and their privileges.
    #[command(subcommand)]
    Role(commands::role::Command),
    /// Which roles have a privilege, and who holds it.
    #[command(subcommand)]
    Privilege(commands::privilege::Command),
    /// What a user or team may do to a row, through what, and who else may.
    #[command(subcommand)]
    Access(commands::access::Command),
    /// Tables.
    #[command(subcommand)]
    Table(commands::table::Command),
    /// Columns.
    #[command(subcommand)]
    Column(commands::column::Command),
    /// Alternate keys, by which the rows of a table are told apart beside their ids.
    #[command(subcommand)]
    Key(commands::key::Command),
    /// What happens to the rows that refer to a row.
    #[command(subcommand)]
    Relationship(commands::relationship::Command),
    /// Which columns a row takes over from another: a lead's, when it is qualified.
    #[command(subcommand)]
    Mapping(commands::mapping::Command),
    /// The options of choices and status reasons.
    #[command(subcommand)]
    OptionSet(commands::option_set::Command),
    /// Publish what was changed of mappings, choices, forms and offline profiles.
    Publish(commands::publish::Args),
    /// Customizations that travel from one organisation to another as one file.
    #[command(subcommand)]
    Solution(commands::solution::Command),
    /// Duplicate rules.
    #[command(subcommand)]
    Duprule(commands::duprule::Command),
    /// Rows that are the same.
    #[command(subcommand)]
    Duplicates(commands::duplicates::Command),
    /// Jobs: long work, and what became of it.
    #[command(subcommand)]
    Jobs(commands::jobs::Command),
    /// Plug-in files.
    #[command(subcommand)]
    Plugin(commands::plugin::Command),
    /// Steps: which plug-in runs on which message.
    #[command(subcommand)]
    Step(commands::step::Command),
    /// What requests set off.
    #[command(subcommand)]
    Trace(commands::trace::Command),
    /// What somebody else needs to look at a request.
    #[command(subcommand)]
    Support(commands::support::Command),
    /// Why a request was refused, and what cures it. Nothing is changed.
    Why(commands::why::Args),
    /// Find what stands in a user's way, without changing anything.
    #[command(subcommand)]
    Diagnose(commands::diagnose::Command),
    /// Business process flows, and the processes of rows.
    #[command(subcommand)]
    Flow(commands::flow::Command),
    /// Workflows: what happens to rows by itself, without a program.
    #[command(subcommand)]
    Workflow(commands::workflow::Command),
    /// Business rules: what every new and changed row has to go by.
    #[command(subcommand)]
    Businessrule(commands::businessrule::Command),
    /// The funnel: how fast it is, what comes through, what piles up.
    #[command(subcommand)]
    Report(commands::report::Command),
    /// Who changed what, and which tables are watched.
    #[command(subcommand)]
    Audit(commands::audit::Command),
    /// Take back the last change of a step, role, duplicate rule or setting.
    Undo(commands::undo::Args),
    /// The error codes, their causes and resolutions.
    #[command(subcommand)]
    Errors(commands::errors::Command),
    /// The scenarios that ship, each with a broken and a cured state.
    #[command(subcommand)]
    Example(commands::example::Command),
    /// The organisation's settings.
    #[command(subcommand)]
    Settings(commands::settings::Command),
    /// Say who acts where, from now on.
    Use(commands::use_context::Args),
    /// Print the completions for a shell.
    Completions(commands::shell::Completions),
    /// Print the manual page, or write all of them.
    Man(commands::shell::Man),
}

/// Runs a command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Org(command) => commands::org::run(context, command),
        Command::Row(command) => commands::row::run(context, command),
        Command::Exec(args) => commands::exec::run(context, &args),
        Command::Import(args) => commands::import::run(context, args),
        Command::Lead(command) => commands::lead::run(context, command),
        Command::Merge(args) => commands::merge::run(context, &args),
        Command::Opportunity(command) => commands::opportunity::run(context, command),
        Command::Form(command) => commands::form::run(context, command),
        Command::Offline(command) => commands::offline::run(context, command),
        Command::Command(command) => commands::command::run(context, command),
        Command::View(command) => commands::view::run(context, command),
        Command::Audit(command) => commands::audit::run(context, command),
        Command::Note(command) => commands::note::run(context, command),
        Command::Activity(command) => commands::activity::run(context, command),
        Command::Timeline(args) => commands::timeline::run(context, &args),
        Command::User(command) => commands::user::run(context, command),
        Command::AccessTeam(command) => commands::access_team::run(context, command),
        Command::Profile(command) => commands::profile::run(context, command),
        Command::Team(command) => commands::team::run(context, command),
        Command::Bu(command) => commands::bu::run(context, command),
        Command::Role(command) => commands::role::run(context, command),
        Command::Privilege(command) => commands::privilege::run(context, command),
        Command::Access(command) => commands::access::run(context, command),
        Command::Table(command) => commands::table::run(context, command),
        Command::Column(command) => commands::column::run(context, command),
        Command::Key(command) => commands::key::run(context, command),
        Command::Relationship(command) => commands::relationship::run(context, command),
        Command::Mapping(command) => commands::mapping::run(context, command),
        Command::OptionSet(command) => commands::option_set::run(context, command),
        Command::Publish(args) => commands::publish::run(context, &args),
        Command::Solution(command) => commands::solution::run(context, command),
        Command::Duprule(command) => commands::duprule::run(context, command),
        Command::Duplicates(command) => commands::duplicates::run(context, command),
        Command::Jobs(command) => commands::jobs::run(context, command),
        Command::Plugin(command) => commands::plugin::run(context, command),
        Command::Step(command) => commands::step::run(context, command),
        Command::Trace(command) => commands::trace::run(context, command),
        Command::Support(command) => commands::support::run(context, command),
        Command::Why(args) => commands::why::run(context, &args),
        Command::Diagnose(command) => commands::diagnose::run(context, command),
        Command::Flow(command) => commands::flow::run(context, command),
        Command::Workflow(command) => commands::workflow::run(context, command),
        Command::Undo(args) => commands::undo::run(context, &args),
        Command::Businessrule(command) => commands::businessrule::run(context, command),
        Command::Errors(command) => commands::errors::run(command),
        Command::Example(command) => commands::example::run(command),
        Command::Settings(command) => commands::settings::run(context, command),
        Command::Report(command) => commands::report::run(context, command),
        Command::Use(args) => commands::use_context::run(context, &args),
        Command::Completions(args) => commands::shell::completions(&args),
        Command::Man(args) => commands::shell::man(grammar(), &args),
    }
}

/// The whole grammar.
pub(crate) fn grammar() -> clap::Command {
    in_any_case(Cli::command())
}

/// The arguments that are names of tables.
const TABLES: [&str; 6] = ["table", "source", "target", "base", "matching", "others"];

/// The grammar in which names of tables are taken in any case: they are lower-case, whoever says them.
fn in_any_case(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let is_table = TABLES.contains(&argument.get_id().as_str()) && argument.get_possible_values().is_empty();
        match is_table {
            true => argument.value_parser(|name: &str| Ok::<_, Infallible>(name.to_ascii_lowercase())),
            false => argument,
        }
    });
    command.mut_subcommands(in_any_case)
}

/// Parses the command line.
pub(crate) fn parse() -> Result<(Cli, Explicit), clap::Error> {
    parse_from(std::env::args_os())
}

/// Parses these words as a command line.
pub(crate) fn parse_from<T: Into<OsString> + Clone>(
    words: impl IntoIterator<Item = T>,
) -> Result<(Cli, Explicit), clap::Error> {
    let matches = grammar().try_get_matches_from(words)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    let given = Explicit {
        org: is_given(&matches, "org"),
        acting: is_given(&matches, "as"),
        drops_context: matches!(&cli.command, Command::Use(args) if args.none),
    };
    let wrong = |message| grammar().error(ErrorKind::InvalidValue, message);
    cli.global.fill_in(given).map_err(wrong)?;
    Ok((cli, given))
}

/// Whether an argument was on the command line; a global one may stand after any subcommand.
fn is_given(matches: &ArgMatches, name: &str) -> bool {
    matches.value_source(name) == Some(ValueSource::CommandLine)
        || matches.subcommand().is_some_and(|(_, inner)| is_given(inner, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_anywhere() {
        let matches = Cli::command()
            .try_get_matches_from(["sluice", "row", "list", "lead", "--org", "x.db", "--json"])
            .unwrap();
        assert!(is_given(&matches, "org"));
        let cli = Cli::from_arg_matches(&matches).unwrap();
        assert!(cli.global.json && cli.global.org == std::path::Path::new("x.db"));
    }

    #[test]
    fn no_argument_is_called_as_a_global_one() {
        fn check(command: &clap::Command, globals: &[clap::Id]) {
            for inner in command.get_subcommands() {
                let clash = inner
                    .get_arguments()
                    .find(|argument| globals.contains(argument.get_id()));
                assert!(
                    clash.is_none(),
                    "`{}`: {:?}",
                    inner.get_name(),
                    clash.map(clap::Arg::get_id)
                );
                check(inner, globals);
            }
        }
        let command = Cli::command();
        let globals: Vec<_> = command
            .get_arguments()
            .map(|argument| argument.get_id().clone())
            .collect();
        check(&command, &globals);
    }

    #[test]
    fn every_command_says_what_it_does() {
        fn check(command: &clap::Command) {
            for inner in command.get_subcommands() {
                assert!(inner.get_about().is_some(), "`{}` has no help", inner.get_name());
                check(inner);
            }
        }
        check(&Cli::command());
    }
}
