//! `sluice column`: the columns of a table.

use clap::ValueEnum;
use serde_json::json;
use sluice_model::{Choice, ColumnDef, ColumnType, Error, Format, Name, Required, TableDef, document};
use sluice_platform::prelude::*;
use sluice_platform::{ColumnChange, changing_column};

use super::{jobs, reach, relationship::Behaviour, uses, what_if};
use crate::{
    context::Context,
    door::Door,
    output::{Grid, Outcome},
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List a table's columns.
    List {
        /// The table.
        table: String,
    },
    /// Show a column.
    Show {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// Show who uses a column: steps, rules, views, mappings and other parts of the configuration.
    Uses {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// Add a custom column to a table.
    Create(Create),
    /// Change a column. Another --max-length unpublishes the duplicate rules that compare it;
    /// a label does not.
    Update {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// What people see.
        #[arg(long)]
        label: Option<String>,
        /// Of a text: at most so many characters; no fewer than before.
        #[arg(long, value_name = "N")]
        max_length: Option<u32>,
        /// Whether column security profiles say who reads and writes it.
        #[arg(long, value_name = "YES|NO", value_parser = clap::builder::BoolishValueParser::new())]
        secured: Option<bool>,
        /// Of a custom column: what a new row without it gets; `null` for nothing. A
        /// lookup gets nothing.
        #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
        default: Option<String>,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Remove a custom column with everything in it. Duplicate rules that compare it are unpublished.
    Delete {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
}

/// `column create`
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// The table.
    table: String,
    /// The logical name with a publisher's prefix: sl_commissionrate.
    name: String,
    /// The type.
    #[arg(value_enum, value_name = "TYPE")]
    kind: Kind,
    /// What people see.
    #[arg(long)]
    label: Option<String>,
    /// Of a text: at most so many characters.
    #[arg(long, value_name = "N")]
    max_length: Option<u32>,
    /// Of a decimal or an amount: the places after the point.
    #[arg(long, value_name = "N")]
    precision: Option<u32>,
    /// Of a whole number: the smallest value.
    #[arg(long, allow_negative_numbers = true)]
    min: Option<i32>,
    /// Of a whole number: the largest value.
    #[arg(long, allow_negative_numbers = true)]
    max: Option<i32>,
    /// Of a choice: an option; as often as needed.
    #[arg(long = "option", value_name = "1=LABEL", value_parser = option, allow_hyphen_values = true)]
    options: Vec<Choice>,
    /// Of a choice: the global choice whose options it has, instead of options of its own.
    #[arg(long, value_name = "NAME", conflicts_with = "options")]
    global: Option<String>,
    /// Of a text: what it is, and so how it is compared.
    #[arg(long, value_enum)]
    format: Option<TextFormat>,
    /// Of a lookup: a table that it may refer to; as often as needed.
    #[arg(long = "target", value_name = "TABLE")]
    targets: Vec<String>,
    /// Of a lookup: what happens to rows that refer to a row, when something happens to that row.
    /// Without it: referential; restrict, where every row needs the column.
    #[arg(long, value_enum)]
    behaviour: Option<Behaviour>,
    /// Every new row needs it.
    #[arg(long)]
    required: bool,
    /// What a new row without the column gets. A lookup gets nothing.
    #[arg(long, value_name = "JSON")]
    default: Option<String>,
}

/// The types that a custom column may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Text,
    Memo,
    Int,
    BigInt,
    Decimal,
    Money,
    Float,
    Bool,
    Choice,
    Choices,
    Date,
    DateTime,
    Lookup,
    Id,
}

/// What a text may be beyond a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TextFormat {
    Email,
    Phone,
    Url,
}

impl From<TextFormat> for Format {
    fn from(format: TextFormat) -> Self {
        match format {
            TextFormat::Email => Self::Email,
            TextFormat::Phone => Self::Phone,
            TextFormat::Url => Self::Url,
        }
    }
}

pub(crate) fn option(text: &str) -> Result<Choice, String> {
    let (value, label) = text
        .split_once('=')
        .ok_or_else(|| "an option is written as 1=Label".to_owned())?;
    let value = value
        .trim()
        .parse()
        .map_err(|_| format!("`{value}` is no whole number"))?;
    Ok(Choice {
        value,
        label: label.trim().to_owned(),
        state: None,
        default_status: None,
        entered: None,
        only_by: None,
        managed: false,
    })
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Uses { table, column } => uses::uses(&context.session()?, &table, Some(&column)),
        Command::List { table } => {
            let table = context.door()?.definition(&table)?;
            let rows = table
                .columns
                .iter()
                .map(serde_json::to_value)
                .collect::<Result<_, _>>()?;
            Ok(Outcome::items(rows, grid(&table)))
        }
        Command::Show { table, column } => {
            let table = context.door()?.definition(&table)?;
            let column = sluice_model::coerce::column(&table, &column)?;
            let document = serde_json::to_value(column)?;
            let lines: Vec<(&String, String)> = document
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| {
                    (
                        name,
                        value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned),
                    )
                })
                .collect();
            let text = crate::people::pairs(&lines);
            Ok(Outcome::new(document, text))
        }
        Command::Create(args) => create(context, &args),
        Command::Update {
            table,
            column,
            label,
            max_length,
            secured,
            default,
            what_if,
        } => {
            let change = ColumnChange {
                label,
                max_length,
                secured,
                default: default.map(|text| document::read(&text).unwrap_or_else(|_| text.as_str().into())),
            };
            if change == ColumnChange::default() {
                return Err(Usage::because(
                    "nothing is to be changed: give --label, --max-length, --secured or --default",
                ));
            }
            let session = context.session()?;
            let work = |_| Ok(changing_column(&table, &column, &change));
            if let Some(outcome) = what_if.tried(context, &session, work)? {
                return Ok(outcome);
            }
            if secured == Some(false) {
                reach::of_opening(context, (&table, &column))?;
            }
            let notices = session.update_column(&table, &column, &change)?;
            jobs::with_removals(context, &session, noticed("changed", &table, &column, &notices))
        }
        Command::Delete { table, column } => {
            let session = context.session()?;
            reach::of_column(context, (&table, &column))?;
            let notices = session.delete_column(&table, &column)?;
            jobs::with_removals(context, &session, noticed("deleted", &table, &column, &notices))
        }
    }
}

/// What was done, and what else came of it.
fn noticed(what: &str, table: &str, column: &str, notices: &[Error]) -> Outcome {
    let notes: Vec<_> = notices.iter().map(Error::to_json).collect();
    let document = json!({ "table": table, "column": column, "notices": notes });
    let mut text = format!("{what} column {column} of {table}");
    for notice in notices {
        text.push_str(&format!("\nnotice {}", crate::report::headline(notice)));
    }
    Outcome::new(document, text)
}

/// Adds a column.
pub(crate) fn create(context: &Context, args: &Create) -> anyhow::Result<Outcome> {
    let mut column = ColumnDef::new(&args.name, kind(args)?);
    column.label = args
        .label
        .clone()
        .unwrap_or_else(|| capitalized(args.name.split_once('_').map_or(&*args.name, |(_, name)| name)));
    column.custom = true;
    column.format = args.format.map(Format::from);
    if args.required {
        column.required = Required::System;
    }
    if let Some(text) = &args.default {
        // Whether it fits is told after the privilege.
        let default = document::read(text).unwrap_or_else(|_| text.as_str().into());
        column.default = Some(default);
    }
    let session = context.session()?;
    match args.behaviour {
        Some(behaviour) => session.create_lookup(&args.table, &column, behaviour.into())?,
        None => session.create_column(&args.table, &column)?,
    }
    let document = json!({ "table": args.table, "column": args.name, "type": column.kind.word() });
    Ok(Outcome::new(
        document,
        format!("added column {} ({}) to {}", args.name, column.kind.word(), args.table),
    ))
}

fn kind(args: &Create) -> anyhow::Result<ColumnType> {
    refuse_idle(args)?;
    let options = args.options.clone();
    let global = args.global.as_deref().map(Name::from);
    Ok(match args.kind {
        Kind::Text => ColumnType::Text {
            max_length: args.max_length.unwrap_or(100),
        },
        Kind::Memo => ColumnType::Memo {
            max_length: args.max_length.unwrap_or(2_000),
        },
        Kind::Int => ColumnType::Int {
            min: args.min,
            max: args.max,
        },
        Kind::BigInt => ColumnType::BigInt,
        Kind::Decimal => ColumnType::Decimal {
            precision: args.precision.unwrap_or(2),
        },
        Kind::Money => ColumnType::Money {
            precision: args.precision.unwrap_or(2),
        },
        Kind::Float => ColumnType::Float,
        Kind::Bool => ColumnType::Bool,
        Kind::Choice => ColumnType::Choice { options, global },
        Kind::Choices => ColumnType::Choices { options, global },
        Kind::Date => ColumnType::Date,
        Kind::DateTime => ColumnType::DateTime,
        Kind::Lookup => ColumnType::Lookup {
            targets: args.targets.iter().map(|name| Name::from(name.as_str())).collect(),
        },
        Kind::Id => ColumnType::Id,
    })
}

/// An option that the type knows nothing of is a mistake.
fn refuse_idle(args: &Create) -> anyhow::Result<()> {
    let given = [
        ("--max-length", args.max_length.is_some(), &[Kind::Text, Kind::Memo][..]),
        ("--precision", args.precision.is_some(), &[Kind::Decimal, Kind::Money]),
        ("--min", args.min.is_some(), &[Kind::Int]),
        ("--max", args.max.is_some(), &[Kind::Int]),
        ("--global", args.global.is_some(), &[Kind::Choice, Kind::Choices]),
        ("--format", args.format.is_some(), &[Kind::Text]),
        ("--option", !args.options.is_empty(), &[Kind::Choice, Kind::Choices]),
        ("--target", !args.targets.is_empty(), &[Kind::Lookup]),
        ("--behaviour", args.behaviour.is_some(), &[Kind::Lookup]),
    ];
    match given
        .iter()
        .find(|(_, given, kinds)| *given && !kinds.contains(&args.kind))
    {
        Some((flag, _, _)) => Err(Usage::because(format!("{flag} does not go with that type of column"))),
        None => Ok(()),
    }
}

/// A table's columns for people.
pub(crate) fn grid(table: &TableDef) -> crate::output::Written {
    let mut grid = Grid::new(["column", "type", "label", "required", "notes"]);
    for column in &table.columns {
        let required = match column.required {
            Required::None => "",
            Required::Recommended => "recommended",
            Required::Application => "in forms",
            Required::System => "always",
        };
        let mut notes = Vec::new();
        if column.filled {
            notes.push("filled by the platform");
        }
        if column.secured {
            notes.push("secured");
        }
        if column.custom {
            notes.push("custom");
        }
        if column.managed {
            notes.push("managed");
        }
        grid.row([
            &*column.name,
            &described(&column.kind),
            column.label(),
            required,
            &notes.join(", "),
        ]);
    }
    grid.text("no columns")
}

fn described(kind: &ColumnType) -> String {
    let word = kind.word();
    match kind {
        ColumnType::Text { max_length } | ColumnType::Memo { max_length } => format!("{word}({max_length})"),
        ColumnType::Decimal { precision } | ColumnType::Money { precision } => format!("{word}({precision})"),
        ColumnType::Lookup { targets } => format!("{word} → {}", targets.join(", ")),
        other => match other.options() {
            Some(options) => {
                let options: Vec<String> = options
                    .iter()
                    .map(|option| format!("{} {}", option.value, option.label))
                    .collect();
                format!("{word}: {}", options.join(", "))
            }
            None => word.to_owned(),
        },
    }
}

/// `commission_rule` becomes `Commission rule`.
pub(crate) fn capitalized(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_a_number_and_a_label() {
        let parsed = option("3=Very hot").unwrap();
        assert_eq!((parsed.value, parsed.label.as_str()), (3, "Very hot"));
        assert!(option("hot").is_err() && option("x=hot").is_err());
    }

    #[test]
    fn labels_come_from_names() {
        assert_eq!(capitalized("commission_rule"), "Commission rule");
        assert_eq!(capitalized(""), "");
    }
}
