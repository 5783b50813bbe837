//! Completion by the shell: of the grammar, and of the names of what an organisation has, where an argument
//! takes one. The shell starts the program anew for each word, with a variable that says so. Nothing is written:
//! a file of an earlier form stays as it is, and no trace and no mark of use is left.

use std::ffi::OsStr;

use clap::{Arg, Command};
use clap_complete::{
    CompleteEnv,
    engine::{ArgValueCompleter, CompletionCandidate},
};
use sluice_engine::{Engine, Session};
use sluice_model::{Comparison, Filter, Query, Right, Value};
use sluice_sales::capabilities;

use crate::{
    cli,
    context::{COMPLETE, Context},
};

/// So many names are told.
const MOST: u32 = 200;

/// A table, and the column of its names.
type Named = (&'static str, &'static str);

/// What the arguments of a name take, or those of a name under a noun.
const NAMED: [(&[&str], Named); 17] = [
    (
        &[
            "as",
            "on_behalf_of",
            "user",
            "users",
            "principal",
            "member",
            "run_as",
            "role.from",
            "use.who",
        ],
        USERS,
    ),
    (&["role", "roles"], ROLES),
    (&["bu", "bus", "unit"], ("businessunit", "name")),
    (&["step", "steps", "bypass-steps"], ("sdkmessageprocessingstep", "name")),
    (&["team", "teams"], ("team", "name")),
    (&["profile"], ("fieldsecurityprofile", "name")),
    (&["rule", "duprule"], ("duplicaterule", "name")),
    (&["workflow", "businessrule", "flow"], ("workflow", "name")),
    (&["plugin"], ("pluginassembly", "name")),
    (&["job", "jobs"], ("asyncoperation", "name")),
    (&["privilege", "role.what"], ("privilege", "name")),
    (&["view"], ("savedquery", "name")),
    (&["form.form", "lead.form"], ("systemform", "name")),
    (&["solution.name"], ("solution", "uniquename")),
    (&["option-set.name"], ("optionset", "name")),
    (&["access-team", "template"], ("teamtemplate", "teamtemplatename")),
    (&["exec.message", "step.message"], ("sdkmessage", "name")),
];

const USERS: Named = ("systemuser", "domainname");
const ROLES: Named = ("role", "name");

/// Answers a shell that asks, and ends; else nothing.
pub(crate) fn complete() {
    // Who answers takes the variable away.
    let is_bash = std::env::var(COMPLETE).is_ok_and(|shell| shell == "bash");
    CompleteEnv::with_factory(|| with_names(cli::grammar(), "", is_bash))
        .var(COMPLETE)
        .bin("sluice")
        .complete();
}

/// The grammar, whose arguments know the names that they take; `noun` is that of the commands.
fn with_names(command: Command, noun: &str, is_bash: bool) -> Command {
    let command = command.mut_args(|argument| completed(argument, noun, is_bash));
    command.mut_subcommands(|command| {
        let own = command.get_name().to_owned();
        let noun = match (noun, &*own) {
            ("", noun) => noun,
            // What is run is run for rows of another table.
            (_, "run") => "",
            (noun, _) => noun,
        };
        with_names(command, noun, is_bash)
    })
}

fn completed(argument: Arg, noun: &str, is_bash: bool) -> Arg {
    let id = argument.get_id().as_str().to_owned();
    if id == "table" {
        let known = move |current: &OsStr| candidates(tables(&begun(current)), is_bash);
        return argument.add(ArgValueCompleter::new(known));
    }
    if let Some(sort) = Columns::of(&argument, &id) {
        let known = move |current: &OsStr| candidates(columns(sort, &begun(current)), is_bash);
        return argument.add(ArgValueCompleter::new(known));
    }
    let takes = takes(&argument, &id, noun);
    if takes.is_empty() {
        return argument;
    }
    let known = move |current: &OsStr| {
        let all = takes
            .iter()
            .flat_map(|(table, column)| names(table, column, begun(current)));
        candidates(all.collect(), is_bash)
    };
    argument.add(ArgValueCompleter::new(known))
}

/// The tables whose rows an argument takes: by what it is called, or where rows of the noun stand before other words,
/// by each of the words that say what these are.
fn takes(argument: &Arg, id: &str, noun: &str) -> Vec<Named> {
    let called = |name: &str| {
        NAMED
            .iter()
            .find(|(ids, _)| ids.contains(&name))
            .map(|(_, named)| *named)
    };
    if !matches!(id, "rows" | "words") {
        return called(&format!("{noun}.{id}"))
            .or_else(|| called(id))
            .into_iter()
            .collect();
    }
    let names = argument.get_value_names().unwrap_or_default();
    let words = names.iter().flat_map(|name| name.split('|'));
    let takes = words.filter_map(|word| match word {
        "ID" => called(noun),
        "OWNER" | "PRINCIPAL" | "USER" => Some(USERS),
        "ROLE" => Some(ROLES),
        _ => None,
    });
    takes.collect()
}

/// How an argument takes columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Columns {
    /// One of them, or each as an argument of its own.
    One,
    /// Several, with commas between them.
    Several,
    /// One with its value.
    Valued,
}

impl Columns {
    fn of(argument: &Arg, id: &str) -> Option<Self> {
        let names = argument.get_value_names().unwrap_or_default();
        let has_value = names.iter().any(|name| name.contains('='));
        match id {
            "column" => Some(Self::One),
            "columns" if has_value => Some(Self::Valued),
            "columns" => Some(Self::One),
            "select" | "order" => Some(Self::Several),
            _ => None,
        }
    }
}

/// The columns that begin so, of the table that the words so far name, for whoever may look at definitions.
fn columns(sort: Columns, begun: &str) -> Vec<String> {
    let (before, begun) = match begun.rfind(',').filter(|_| sort == Columns::Several) {
        Some(comma) => begun.split_at(comma + 1),
        None => ("", begun),
    };
    let Some(catalog) = session().and_then(|session| session.definitions().ok()) else {
        return Vec::new();
    };
    let words = words();
    let Some(table) = words.iter().rev().find_map(|word| catalog.find(word)) else {
        return Vec::new();
    };
    let end = if sort == Columns::Valued { "=" } else { "" };
    let columns = table.columns.iter().filter(|column| column.name.starts_with(begun));
    let mut names: Vec<String> = columns.map(|column| format!("{before}{}{end}", column.name)).collect();
    names.sort();
    names
}

/// The words of the line so far.
fn words() -> Vec<String> {
    std::env::args().skip_while(|word| word != "--").skip(1).collect()
}

/// The session of who acts, as the words so far and the variables say it; where the word in hand is who acts,
/// of who acts otherwise.
fn session() -> Option<Session> {
    let words = words();
    let said = |flag: &str| {
        let apart = words
            .iter()
            .position(|word| word == flag)
            .and_then(|at| words.get(at + 1));
        let joined = words.iter().find_map(|word| word.strip_prefix(flag)?.strip_prefix('='));
        let value = apart.map(String::as_str).or(joined).filter(|value| !value.is_empty())?;
        Some([flag.to_owned(), value.to_owned()])
    };
    let as_somebody = |flags: &[&str]| {
        let flags = flags.iter().filter_map(|flag| said(flag)).flatten();
        let words = std::iter::once("sluice".to_owned())
            .chain(flags)
            .chain(["use".to_owned()]);
        let (cli, given) = cli::parse_from(words).ok()?;
        let context = Context::new(cli.global, given);
        // What is not there is not made, what has an earlier form keeps it, and nothing is said of either in the
        // middle of a line.
        let path = context.path().ok()?;
        let engine = Engine::open_as_it_is(path, &capabilities(), &context.env(), &context.options())?;
        context.session_in(&engine).ok()
    };
    as_somebody(&["--org", "--as"]).or_else(|| as_somebody(&["--org"]))
}

/// The tables whose names begin so, for whoever may look at definitions.
fn tables(begun: &str) -> Vec<String> {
    let Some(catalog) = session().and_then(|session| session.definitions().ok()) else {
        return Vec::new();
    };
    let names = catalog.iter().map(|table| table.name.to_string());
    names.filter(|name| name.starts_with(begun)).collect()
}

/// The names that begin so, of what whoever acts may read.
fn names(table: &str, column: &str, begun: String) -> Vec<String> {
    let rows = || {
        let session = session()?;
        // A refusal would be on record as one of theirs.
        session.check_privilege(table, Right::Read).ok()?;
        let begins = Filter::Compare {
            column: column.into(),
            comparison: Comparison::StartsWith,
            value: Value::from(begun),
        };
        let query = Query::new(table).columns(&[column]).filter(begins).order_by(column);
        session.glance(&query.top(MOST)).ok()
    };
    let rows = rows().unwrap_or_default();
    let mut names: Vec<String> = rows
        .iter()
        .filter_map(|row| row.text(column).map(ToOwned::to_owned))
        .collect();
    names.dedup();
    // These would be taken for something else.
    names.retain(|name| !name.starts_with(['-', '@']));
    names
}

/// What is there of the word, without what the shell needs to take it as one.
fn begun(current: &OsStr) -> String {
    let text = current.to_string_lossy();
    text.chars().filter(|c| !"\\'\"".contains(*c)).collect()
}

/// Names as the shell has to find them in the line: bash takes them as they are, the others see to that
/// themselves.
fn candidates(names: Vec<String>, is_bash: bool) -> Vec<CompletionCandidate> {
    let plain = |c: char| c.is_alphanumeric() || "_-./:@+,=".contains(c);
    let escaped = |c: char| match plain(c) {
        true => c.to_string(),
        false => format!("\\{c}"),
    };
    let shown = |name: String| match is_bash {
        true => name.chars().map(escaped).collect(),
        false => name,
    };
    names
        .into_iter()
        .map(|name| CompletionCandidate::new(shown(name)))
        .collect()
}
