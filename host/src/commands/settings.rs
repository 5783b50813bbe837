//! `sluice settings`: the organisation's settings, columns of its one row.

mod values;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde_json::{Map, json};
use sluice_engine::Session;
use sluice_model::{Code, ColumnType, Error, Query, Request, Right, Row, Value, coerce};

use super::{jobs, reach};
use crate::{
    context::Context,
    door::Door,
    output::{Grid, Outcome},
    people::pairs,
    usage::Usage,
};

use values::{change, shown};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the settings.
    List,
    /// Show the settings, as one document.
    Show,
    /// Show one setting.
    Get {
        /// Which.
        #[arg(value_parser = names(), ignore_case = true)]
        name: &'static Line,
    },
    /// Change a setting back to what a new organisation has.
    Unset {
        /// Which.
        #[arg(value_parser = names(), ignore_case = true)]
        name: &'static Line,
    },
    /// Change a setting. It counts from the next request on.
    #[command(visible_alias = "update")]
    Set {
        /// Which.
        #[arg(value_parser = names(), ignore_case = true)]
        name: &'static Line,
        /// To what: `settings show` lists what each takes.
        #[arg(allow_negative_numbers = true)]
        value: String,
    },
}

/// What a setting takes.
#[derive(Debug, PartialEq, Eq)]
enum Takes {
    /// Yes or no.
    Bool,
    /// One of these words, which stand for the numbers from 0 on.
    Words(&'static [&'static str]),
    /// A whole number.
    Int,
    /// A time, in seconds.
    Seconds,
    /// A number of days; 0 is for ever.
    Days,
    /// A size, in MiB; 0 is without limit.
    Size,
}

impl Takes {
    /// What people give.
    fn words(&self) -> String {
        match self {
            Self::Bool => "yes, no".to_owned(),
            Self::Words(words) => words.join(", "),
            Self::Int => "a number".to_owned(),
            Self::Seconds => "a time such as 20s".to_owned(),
            Self::Days => "days such as 30d, or forever".to_owned(),
            Self::Size => "a size such as 200MB, or unlimited".to_owned(),
        }
    }

    /// A number with its unit: the units, with what each stands for, and the word for 0.
    fn units(&self) -> Option<(&'static [(&'static str, i32)], &'static str)> {
        match self {
            Self::Seconds => Some((&[("s", 1), ("m", 60)], "")),
            Self::Days => Some((&[("d", 1)], "forever")),
            Self::Size => Some((&[("MB", 1), ("GB", 1024)], "unlimited")),
            _ => None,
        }
    }
}

/// A setting: its name, its column, what it takes and what it means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    name: &'static str,
    alias: Option<&'static str>,
    column: &'static str,
    takes: Takes,
    help: &'static str,
}

/// The settings.
const ALL: &[Line] = &[
    Line {
        name: "trace",
        alias: None,
        column: "plugintracelogsetting",
        takes: Takes::Words(&["off", "exception", "all"]),
        help: "Which requests and plug-in calls leave a trace",
    },
    Line {
        name: "trace.requests",
        alias: None,
        column: "sl_tracerequests",
        takes: Takes::Words(&["off", "failed", "all"]),
        help: "Which requests are recorded, so that `why` can run them again",
    },
    Line {
        name: "trace.keep",
        alias: None,
        column: "sl_tracekeep",
        takes: Takes::Days,
        help: "How long traces are kept",
    },
    Line {
        name: "trace.keep-size",
        alias: None,
        column: "sl_tracekeepsize",
        takes: Takes::Size,
        help: "How much of traces is kept; the oldest go first",
    },
    Line {
        name: "use",
        alias: None,
        column: "sl_notesuse",
        takes: Takes::Bool,
        help: "Whether it is noted which privileges are used, so that a role can be suggested from it",
    },
    Line {
        name: "use.keep",
        alias: None,
        column: "sl_usekeep",
        takes: Takes::Days,
        help: "How long it is kept which privileges were used",
    },
    Line {
        name: "jobs.keep",
        alias: None,
        column: "sl_jobkeep",
        takes: Takes::Days,
        help: "How long jobs are kept that have ended",
    },
    Line {
        name: "audit.keep",
        alias: None,
        column: "sl_auditkeep",
        takes: Takes::Days,
        help: "How long audit rows are kept",
    },
    Line {
        name: "jobs.max-per-request",
        alias: None,
        column: "sl_joblimit",
        takes: Takes::Int,
        help: "How many jobs one request may set off, with those that these set off",
    },
    Line {
        name: "limits.transaction",
        alias: None,
        column: "sl_transactionlimit",
        takes: Takes::Seconds,
        help: "How long what a request does in its transaction may take, at most 120s; others wait 10 s longer, and at least 30 s",
    },
    Line {
        name: "hierarchy.enabled",
        alias: None,
        column: "ishierarchicalsecuritymodelenabled",
        takes: Takes::Bool,
        help: "Whether managers see the rows of those who report to them",
    },
    Line {
        name: "hierarchy.by-position",
        alias: None,
        column: "usepositionhierarchy",
        takes: Takes::Bool,
        help: "Whether who reports to whom is said by positions, and not by the managers of users",
    },
    Line {
        name: "hierarchy.depth",
        alias: None,
        column: "maxdepthforhierarchicalsecuritymodel",
        takes: Takes::Int,
        help: "How many levels below them managers see, 1 to 100; of the first one they also change and link rows",
    },
    Line {
        name: "ownership.across-units",
        alias: None,
        column: "sl_ownershipacross",
        takes: Takes::Bool,
        help: "Whether people hold roles of any business unit, and rows may lie in another unit than their owner",
    },
    Line {
        name: "ownership.move-rows",
        alias: None,
        column: "sl_moverowstoowner",
        takes: Takes::Bool,
        help: "With that: whether a row goes into the business unit of its new owner, and along with an owner who moves",
    },
    Line {
        name: "ownership.keep-roles",
        alias: None,
        column: "sl_keeprolesonmove",
        takes: Takes::Bool,
        help: "With that: whether who moves to another business unit keeps the roles",
    },
    Line {
        name: "share-to-previous-owner",
        alias: None,
        column: "sharetopreviousowneronassign",
        takes: Takes::Bool,
        help: "Whether the previous owner of a row keeps access when it is assigned",
    },
    Line {
        name: "audit",
        alias: None,
        column: "isauditenabled",
        takes: Takes::Bool,
        help: "Whether changes leave audit rows, for the tables that are audited",
    },
    Line {
        name: "notes.max-file-size",
        alias: None,
        column: "maxuploadfilesize",
        takes: Takes::Int,
        help: "How large an attachment may be, in KiB",
    },
    Line {
        name: "flows.max-active-per-table",
        alias: None,
        column: "maximumactivebusinessprocessflowsallowedperentity",
        takes: Takes::Int,
        help: "How many process flows of one table may be active",
    },
    Line {
        name: "duplicates.enabled",
        alias: None,
        column: "isduplicatedetectionenabled",
        takes: Takes::Bool,
        help: "Whether duplicates are detected at all; switching it off unpublishes every rule",
    },
    Line {
        name: "duplicates.improved",
        alias: None,
        column: "sl_improvedduplicates",
        takes: Takes::Bool,
        help: "Improved duplicate detection and merge experience: all matches, instead of two lookups",
    },
    Line {
        name: "limits.bypass-steps",
        alias: None,
        column: "sl_bypasslimit",
        takes: Takes::Int,
        help: "How many steps one request may name to pass over, 1 to 10",
    },
    Line {
        name: "cascade.max-rows",
        alias: None,
        column: "sl_cascadelimit",
        takes: Takes::Int,
        help: "How many rows one request may assign, share or delete along with others",
    },
    Line {
        name: "sales.qualify.create-by-default",
        alias: Some("createonqualify"),
        column: "sl_createonqualify",
        takes: Takes::Bool,
        help: "Create Account, Contact, and Opportunity records by default upon qualifying a lead; with no, the seller is asked",
    },
    Line {
        name: "sales.qualify.create-account",
        alias: None,
        column: "sl_createaccountonqualify",
        takes: Takes::Bool,
        help: "Whether an account is among them",
    },
    Line {
        name: "sales.qualify.create-contact",
        alias: None,
        column: "sl_createcontactonqualify",
        takes: Takes::Bool,
        help: "Whether a contact is among them",
    },
    Line {
        name: "sales.qualify.create-opportunity",
        alias: None,
        column: "sl_createopportunityonqualify",
        takes: Takes::Bool,
        help: "Whether an opportunity is among them",
    },
    Line {
        name: "sales.qualify.lead-notes",
        alias: None,
        column: "sl_leadnotes",
        takes: Takes::Words(&["nobody", "lead-readers", "note-readers"]),
        help: "To whom the opportunity shows the notes and activities of its lead",
    },
    Line {
        name: "compat.qualifyNeedsLeadWrite",
        alias: None,
        column: "sl_qualifyneedsleadwrite",
        takes: Takes::Bool,
        help: "Whether qualifying needs Write on lead, which the guide's list of privileges leaves out",
    },
];

/// The names of the settings, and the setting that a name means.
fn names() -> impl TypedValueParser<Value = &'static Line> {
    let values = ALL.iter().map(|line| {
        let value = PossibleValue::new(line.name).help(line.help);
        match line.alias {
            Some(alias) => value.alias(alias),
            None => value,
        }
    });
    PossibleValuesParser::new(values).try_map(|name| {
        let mut lines = ALL.iter();
        lines
            .find(|line| {
                let is = |known: &str| known.eq_ignore_ascii_case(&name);
                is(line.name) || line.alias.is_some_and(is)
            })
            .ok_or_else(|| format!("there is no setting `{name}`"))
    })
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List => Ok(list(&row(&session)?)),
        Command::Show => Ok(show(&row(&session)?)),
        Command::Get { name } => Ok(one(name, &row(&session)?)),
        Command::Set { name, value } => {
            let changed = change(name, &value)?;
            check_range(&session, name, &value, &changed)?;
            set(context, &session, name, changed)
        }
        Command::Unset { name } => {
            let catalog = session.catalog()?;
            let table = catalog.table(TABLE)?;
            let column = coerce::column(table, name.column)?;
            let value = column.default.as_ref().unwrap_or(&serde_json::Value::Null);
            set(context, &session, name, coerce::from_json(table, column, value)?)
        }
    }
}

const TABLE: &str = "organization";

/// Refuses a number that the setting does not take, in the words of the setting.
fn check_range(session: &dyn Door, line: &Line, given: &str, value: &Value) -> anyhow::Result<()> {
    let catalog = session.catalog()?;
    let ColumnType::Int { min, max } = coerce::column(catalog.table(TABLE)?, line.column)?.kind else {
        return Ok(());
    };
    let (least, most) = (min.unwrap_or(i32::MIN), max.unwrap_or(i32::MAX));
    if value.as_int().is_none_or(|number| (least..=most).contains(&number)) {
        return Ok(());
    }
    let (units, none) = line.takes.units().unwrap_or_default();
    // None is said by its word.
    let (least, word) = match none {
        "" => (least, String::new()),
        none => (least.max(1), format!(", or {none}")),
    };
    let unit = units.first().map_or("", |(unit, _)| *unit);
    session.check_privilege(TABLE, Right::Write)?;
    Err(Usage::because(format!(
        "`{given}` is nothing that {} takes: {least}{unit} to {most}{unit}{word}",
        line.name
    )))
}

fn set(context: &Context, session: &Session, name: &Line, value: Value) -> anyhow::Result<Outcome> {
    let organization = row(session)?;
    let is = organization.get(name.column).unwrap_or(&Value::Null);
    if *is == value {
        session.check_privilege(TABLE, Right::Write)?;
        let told = one(name, &organization);
        let text = format!("{}; it was so already, and nothing is changed", told.text);
        return Ok(Outcome::new(told.document, text));
    }
    let update = Row::new(TABLE, organization.id).with(name.column, value);
    reach::of_update(context, &update)?;
    session.execute(Request::update(update))?;
    jobs::with_removals(context, session, one(name, &row(session)?))
}

fn row(session: &dyn Door) -> anyhow::Result<Row> {
    let columns: Vec<&str> = ALL.iter().map(|line| line.column).collect();
    let rows = session.list(Query::new(TABLE).columns(&columns))?;
    rows.into_iter()
        .next()
        .ok_or_else(|| Error::new(Code::NOT_FOUND, "you may not see the organisation's row").into())
}

/// The settings by their names.
pub(super) fn document(session: &dyn Door) -> anyhow::Result<serde_json::Value> {
    Ok(show(&row(session)?).document)
}

fn show(row: &Row) -> Outcome {
    let values = ALL.iter().map(|line| (line.name.to_owned(), shown(line, row).0));
    let document: Map<_, _> = values.collect();
    Outcome::new(document.into(), list(row).text)
}

fn list(row: &Row) -> Outcome {
    let mut grid = Grid::new(["setting", "value", "takes", "what it means"]).uncut();
    for line in ALL {
        let text = shown(line, row).1;
        grid.row([line.name, &text, &line.takes.words(), line.help]);
    }
    let items = ALL.iter().map(|line| item(line, row)).collect();
    Outcome::items(items, grid.text(""))
}

fn item(line: &Line, row: &Row) -> serde_json::Value {
    json!({ "name": line.name, "value": shown(line, row).0, "meaning": line.help })
}

fn one(line: &Line, row: &Row) -> Outcome {
    let text = shown(line, row).1;
    Outcome::new(item(line, row), pairs(&[(line.name, text.as_str())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_take_words() {
        let change = |name: &str, value: &str| {
            let line = ALL.iter().find(|line| line.name == name).unwrap();
            change(line, value)
        };
        assert_eq!(change("trace", "all").unwrap(), Value::Choice(2));
        assert_eq!(
            change("sales.qualify.create-by-default", "no").unwrap(),
            Value::Bool(false)
        );
        assert_eq!(change("notes.max-file-size", "128").unwrap(), Value::Int(128));
        for (name, value, stored) in [
            ("trace.keep", "30d", 30),
            ("trace.keep", "forever", 0),
            ("trace.keep-size", "200MB", 200),
            ("trace.keep-size", "2GB", 2048),
            ("limits.transaction", "120s", 120),
            ("limits.transaction", "2m", 120),
        ] {
            assert_eq!(change(name, value).unwrap(), Value::Int(stored), "{name} {value}");
        }
        for (name, value) in [
            ("trace.keep", "30"),
            ("trace.keep", "0d"),
            ("trace.keep", "-1d"),
            ("trace.keep-size", "200"),
            ("limits.transaction", "forever"),
            ("limits.transaction", ""),
        ] {
            assert!(change(name, value).unwrap_err().is::<Usage>(), "{name} {value}");
        }
        assert!(change("trace", "some").unwrap_err().is::<Usage>());
        assert!(change("audit", "maybe").unwrap_err().is::<Usage>());
    }
}
