//! `sluice option-set`: the options of choices and status reasons. What a command changes is
//! published at once, unless it is to stay a draft.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use sluice_engine::{Batch, Session};
use sluice_model::{
    Catalog, Choice, Code, ColumnType, Error, Filter, Parameter, Query, Reference, Request, Row, choices, coerce,
};

use super::{
    column,
    publish::{self, Along},
    reach,
};
use crate::{
    context::Context,
    names,
    output::{Grid, Outcome},
    usage::Usage,
};
use sluice_platform::prelude::*;

const CHOICES: &str = "optionset";

/// See the module. NAME is a global choice, or TABLE.COLUMN for the options of one column.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the global choices, and the columns whose options were changed.
    List,
    /// Show the options of a choice.
    Show {
        /// A global choice, or TABLE.COLUMN.
        name: String,
    },
    /// Show which options of a column other tables lack.
    Diff {
        /// The table that has them.
        table: String,
        /// The tables to compare with it.
        #[arg(required = true)]
        others: Vec<String>,
        /// The column.
        #[arg(long, default_value = "statuscode")]
        column: String,
    },
    /// Make a global choice.
    Create {
        /// The name with a publisher's prefix: sl_productinterest.
        name: String,
        /// An option; as often as needed.
        #[arg(long = "option", value_name = "1=LABEL", value_parser = column::option, required = true, allow_hyphen_values = true)]
        options: Vec<Choice>,
        /// What people see.
        #[arg(long)]
        display: Option<String>,
        /// Do not publish it yet.
        #[arg(long)]
        draft: bool,
    },
    /// Remove a global choice that no column has.
    Delete {
        /// The global choice.
        name: String,
        /// Do not publish it yet.
        #[arg(long)]
        draft: bool,
    },
    /// Add an option.
    Add {
        /// A global choice, or TABLE.COLUMN.
        name: String,
        /// Its number.
        #[arg(allow_negative_numbers = true)]
        value: i32,
        /// What people see.
        label: String,
        /// Of a status reason: the state that it belongs to, by label or number.
        #[arg(long, allow_hyphen_values = true)]
        state: Option<String>,
        /// Do not publish it yet.
        #[arg(long)]
        draft: bool,
    },
    /// Give an option another label.
    Update {
        /// A global choice, or TABLE.COLUMN.
        name: String,
        /// Its number.
        #[arg(allow_negative_numbers = true)]
        value: i32,
        /// What people see.
        #[arg(long)]
        label: String,
        /// Do not publish it yet.
        #[arg(long)]
        draft: bool,
    },
    /// Remove an option.
    Remove {
        /// A global choice, or TABLE.COLUMN.
        name: String,
        /// Its number.
        #[arg(allow_negative_numbers = true)]
        value: i32,
        /// Do not publish it yet.
        #[arg(long)]
        draft: bool,
    },
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List => list(&session),
        Command::Show { name } => show(&session, &name),
        Command::Diff { table, others, column } => diff(&session, &table, &others, &column),
        Command::Create {
            name,
            options,
            display,
            draft,
        } => create(&session, &name, &options, display.as_deref(), draft),
        Command::Delete { name, draft } => delete(context, &session, &name, draft),
        Command::Add {
            name,
            value,
            label,
            state,
            draft,
        } => {
            let request = match state {
                Some(state) => Request::new("InsertStatusValue").with("StateCode", state_of(&session, &name, &state)?),
                None => Request::new("InsertOptionValue"),
            };
            let request = request.with("Value", value).with("Label", label.as_str());
            change(
                &session,
                &name,
                request,
                draft,
                &format!("has the option {value} {label}"),
            )
        }
        Command::Update {
            name,
            value,
            label,
            draft,
        } => {
            let request = Request::new("UpdateOptionValue")
                .with("Value", value)
                .with("Label", label.as_str());
            change(
                &session,
                &name,
                request,
                draft,
                &format!("calls the option {value} {label}"),
            )
        }
        Command::Remove { name, value, draft } => {
            reach::of_option(context, (&name, Some(value)))?;
            let request = Request::new("DeleteOptionValue").with("Value", value);
            change(
                &session,
                &name,
                request,
                draft,
                &format!("has no option {value} any more"),
            )
        }
    }
}

/// The request with the choice that it speaks of.
fn about(request: Request, name: &str) -> Request {
    match name.split_once('.') {
        Some((table, column)) => request
            .with("EntityLogicalName", table)
            .with("AttributeLogicalName", column),
        None => request.with("OptionSetName", name),
    }
}

/// The row of a choice.
fn row(batch: &mut Batch<'_>, name: &str) -> sluice_model::Result<Reference> {
    let rows = batch.list(Query::new(CHOICES).columns(&[]).filter(Filter::eq("name", name)))?;
    let row = rows.first().map(Row::reference);
    row.ok_or_else(|| Error::new(Code::NOT_FOUND, format!("you may not read the choice `{name}`")))
}

fn not_yet(draft: bool) -> &'static str {
    if draft {
        "; it counts when it is published (`sluice publish`)"
    } else {
        ""
    }
}

fn change(session: &Session, name: &str, request: Request, draft: bool, done: &str) -> anyhow::Result<Outcome> {
    let along = Along::waiting(session, draft)?;
    let published = session.batch(|batch| {
        batch.execute(about(request.clone(), name))?;
        let row = row(batch, name)?;
        if draft {
            Ok(Vec::new())
        } else {
            publish::rows_of(batch, vec![row])
        }
    })?;
    let along = along.published(&published);
    let value = match request.input("Value") {
        Some(Parameter::Value(value)) => value.as_int(),
        _ => None,
    };
    let document = json!({ "name": name, "value": value, "published": !draft, "along": along.documents() });
    let mut lines = vec![format!("{name} {done}{}", not_yet(draft))];
    lines.extend(along.lines());
    Ok(Outcome::new(document, lines.join("\n")))
}

fn delete(context: &Context, session: &Session, name: &str, draft: bool) -> anyhow::Result<Outcome> {
    if name.contains('.') {
        return Err(Usage::because(format!(
            "`{name}` is a column, whose choice goes with it (`column delete`)"
        )));
    }
    let (id, name) = names::called(session, CHOICES, name)?;
    let row = Reference::new(CHOICES, id);
    reach::of_option(context, (&name, None))?;
    let along = Along::waiting(session, draft)?;
    let published = session.batch(|batch| {
        batch.execute(Request::delete(row.clone()))?;
        if draft {
            Ok(Vec::new())
        } else {
            publish::rows_of(batch, vec![row.clone()])
        }
    })?;
    let along = along.published(&published);
    let document = json!({ "name": name, "published": !draft, "along": along.documents() });
    let mut lines = vec![format!("deleted the choice {name}{}", not_yet(draft))];
    lines.extend(along.lines());
    Ok(Outcome::new(document, lines.join("\n")))
}

/// A state of the table of TABLE.COLUMN, by its label or number.
fn state_of(session: &Session, name: &str, state: &str) -> anyhow::Result<i32> {
    let catalog = session.catalog()?;
    let table = name.split_once('.').and_then(|(table, _)| catalog.table(table).ok());
    let states = table.and_then(|table| table.states());
    let states = states.map_or(&[][..], |(states, _)| states);
    let found = choices::named(catalog.collation(), states, state);
    let known: Vec<String> = states.iter().map(choices::shown).collect();
    let number = found.map(|known| known.value).or_else(|| state.parse().ok());
    number.ok_or_else(|| {
        Usage::because(format!(
            "`{name}` has no state \"{state}\"; states have status reasons, and its states are: {}",
            if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            }
        ))
    })
}

fn create(
    session: &Session,
    name: &str,
    options: &[Choice],
    display: Option<&str>,
    draft: bool,
) -> anyhow::Result<Outcome> {
    if name.contains('.') {
        return Err(Usage::because(format!(
            "`{name}` is a column, and has its options already; `option-set add {name} VALUE LABEL` adds one"
        )));
    }
    let plain = name.split_once('_').map_or(name, |(_, name)| name);
    let label = display.map_or_else(|| column::capitalized(plain), ToOwned::to_owned);
    let text = serde_json::to_string(options)?;
    let id = session.batch(|batch| {
        let id = batch.create(
            Row::unsaved(CHOICES)
                .with("name", name)
                .with("displayname", label.as_str())
                .with("options", text.as_str()),
        )?;
        if !draft {
            publish::rows_of(batch, vec![Reference::new(CHOICES, id)])?;
        }
        Ok(id)
    })?;
    let document = json!({ "id": id.to_string(), "name": name, "published": !draft });
    Ok(Outcome::new(
        document,
        format!("made the global choice {name}{}", not_yet(draft)),
    ))
}

/// The options in the row of a choice.
fn options_of(row: &Row) -> Vec<Choice> {
    row.text("options")
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

fn list(session: &Session) -> anyhow::Result<Outcome> {
    let mut rows = session.list(Query::new(CHOICES).order_by("name"))?;
    let published = session.published(CHOICES)?;
    // One that is deleted and not yet published counts still.
    rows.extend(
        published
            .iter()
            .filter(|row| !rows.iter().any(|draft| draft.id == row.id))
            .cloned()
            .collect::<Vec<_>>(),
    );
    let mut grid = Grid::new(["name", "of", "options", "managed", "not yet published"]);
    let mut documents = Vec::new();
    for row in &rows {
        let global = row.bool("isglobal") == Some(true);
        let options = options_of(row);
        let managed = row.bool("ismanaged") == Some(true) || options.iter().any(|option| option.managed);
        let counts = published.iter().find(|other| other.id == row.id).map(options_of);
        let pending = counts.as_ref() != Some(&options);
        let text = |column| row.text(column).unwrap_or_default().to_owned();
        grid.row([
            text("name"),
            if global {
                "every column that takes it"
            } else {
                "one column"
            }
            .to_owned(),
            options.len().to_string(),
            if managed { "yes" } else { "" }.to_owned(),
            if pending { "yes" } else { "" }.to_owned(),
        ]);
        documents.push(json!({
            "id": row.id.to_string(),
            "name": text("name"),
            "displayName": row.text("displayname"),
            "global": global,
            "options": options,
            "managed": managed,
            "unpublished": pending,
        }));
    }
    let none = "no global choices, and no column's options were changed";
    Ok(Outcome::items(documents, grid.text(none)))
}

/// The options that count: a global choice's, or a column's.
fn counting(session: &Session, catalog: &Catalog, name: &str) -> anyhow::Result<Vec<Choice>> {
    let Some((table, column)) = name.split_once('.') else {
        let rows = session.published(CHOICES)?;
        let row = rows.iter().find(|row| row.text("name") == Some(name));
        return match row {
            Some(row) => Ok(options_of(row)),
            None => Err(no_choice(session, name)),
        };
    };
    let table = catalog.table(table)?;
    let column = coerce::column(table, column)?;
    match column.kind.options() {
        Some(options) => Ok(options.to_vec()),
        None => {
            let message = format!("`{name}` is a column of type {} and has no options", column.kind.word());
            Err(Error::new(Code::NOT_A_CHOICE, message).with_table(&table.name).into())
        }
    }
}

fn no_choice(session: &Session, name: &str) -> anyhow::Error {
    let drafts = session.list(Query::new(CHOICES).columns(&[]).filter(Filter::eq("name", name)));
    let message = match drafts {
        Ok(rows) if !rows.is_empty() => {
            format!("the global choice `{name}` is not yet published; `sluice publish` does that")
        }
        _ => format!(
            "there is no global choice `{name}`{}; `option-set list` shows them, and the options of a column are TABLE.COLUMN",
            names::near(session, Query::new(CHOICES), name)
        ),
    };
    Error::new(Code::NOT_FOUND, message).into()
}

fn show(session: &Session, name: &str) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let options = counting(session, &catalog, name)?;
    let table = name.split_once('.').and_then(|(table, _)| catalog.find(table));
    let states = table
        .and_then(|table| table.states())
        .map_or(&[][..], |(states, _)| states);
    let state = |option: &Choice| {
        let state = option.state?;
        let label = states.iter().find(|known| known.value == state)?.label.clone();
        Some(format!("{state} {label}"))
    };
    let mut grid = Grid::new(["value", "label", "state", "managed"]);
    for option in &options {
        grid.row([
            option.value.to_string(),
            option.label.clone(),
            state(option).unwrap_or_default(),
            if option.managed { "yes" } else { "" }.to_owned(),
        ]);
    }
    let global = match name.split_once('.') {
        Some((_, column)) => table
            .and_then(|table| table.column(column))
            .and_then(|column| column.kind.global())
            .cloned(),
        None => None,
    };
    let of = global.as_ref().map_or_else(String::new, |global| {
        format!("the options are those of the global choice {global}")
    });
    let options: Vec<Json> = options.iter().map(|option| {
        json!({ "value": option.value, "label": option.label, "state": option.state, "managed": option.managed })
    }).collect();
    let document = json!({ "name": name, "global": global, "options": options });
    Ok(Outcome::table(document, "", grid.text("no options"), &of))
}

fn diff(session: &Session, table: &str, others: &[String], column: &str) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let tables: Vec<&str> = std::iter::once(table)
        .chain(others.iter().map(String::as_str))
        .collect();
    let mut all: BTreeMap<i32, BTreeMap<&str, Choice>> = BTreeMap::new();
    for table in &tables {
        for option in counting(session, &catalog, &format!("{table}.{column}"))? {
            all.entry(option.value).or_default().insert(table, option);
        }
    }
    let status = catalog
        .table(table)?
        .column(column)
        .is_some_and(|column| matches!(column.kind, ColumnType::Status { .. }));
    all.retain(|_, of| {
        let mut states = of.values().map(|option| option.state);
        let first = states.next();
        // A status reason of another state is another one: a new row has the first state.
        of.len() < tables.len() || (status && states.any(|state| Some(state) != first))
    });
    let mut grid = Grid::new(std::iter::once("value").chain(tables.iter().copied()));
    let mut documents = Vec::new();
    for (value, of) in &all {
        let cell = |table: &&str| match of.get(table) {
            Some(Choice {
                label,
                state: Some(state),
                ..
            }) if status => format!("{label} (state {state})"),
            Some(option) => option.label.clone(),
            None => "missing".to_owned(),
        };
        grid.row(std::iter::once(value.to_string()).chain(tables.iter().map(cell)));
        let missing: Vec<&&str> = tables.iter().filter(|table| !of.contains_key(**table)).collect();
        let options: BTreeMap<&str, Json> = of
            .iter()
            .map(|(table, option)| (*table, json!({ "label": option.label, "state": option.state })))
            .collect();
        documents.push(json!({ "value": value, "missing": missing, "in": options }));
    }
    Ok(Outcome::items(documents, grid.text("no option is missing anywhere")))
}
