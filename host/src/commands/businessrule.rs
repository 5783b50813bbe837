//! `sluice businessrule`: what every new and changed row has to go by.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Filter, Query, Request, Right, Row, Value, state::process::ACTIVATED};
use sluice_platform::BusinessRuleSpec;

use super::{
    selection::Selection,
    what_if,
    workflow::{self, Kind, delete, set_active},
};
use crate::{
    context::Context,
    names,
    output::{Grid, Outcome},
    people,
};

const TABLE: &str = "workflow";
const SCHEMA: &str = include_str!("../../templates/businessrule.schema.json");
const TEMPLATE: &str = include_str!("../../templates/businessrule.json");

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the business rules, in the order in which they apply.
    List {
        /// Only those of this table.
        #[arg(long)]
        table: Option<String>,
    },
    /// Show a rule with its definition.
    Show {
        /// Its name or id.
        rule: String,
    },
    /// Write a file to begin with: a rule that makes the name of a row required.
    New {
        /// The file, as JSON; - for standard output.
        file: PathBuf,
        /// The table whose rows it holds for.
        #[arg(long, default_value = "account")]
        table: String,
    },
    /// Print the JSON schema of the file, for editors.
    Schema,
    /// Make a rule out of a file; it is a draft.
    Create {
        /// The rule, as JSON.
        file: PathBuf,
        /// Activate it at once; where that is refused, nothing is made.
        #[arg(long)]
        activate: bool,
    },
    /// Change a rule that is not active into that of a file.
    Update {
        /// Its name or id.
        rule: String,
        /// The rule, as JSON; its table stays.
        file: PathBuf,
    },
    /// Let rules apply.
    #[command(visible_alias = "enable")]
    Activate {
        #[command(flatten)]
        rules: Selection,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Let rules apply no more.
    #[command(visible_alias = "disable")]
    Deactivate {
        #[command(flatten)]
        rules: Selection,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Remove rules that are not active.
    Delete(Selection),
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    if matches!(command, Command::Schema) {
        return Ok(Outcome::new(serde_json::from_str(SCHEMA)?, SCHEMA.trim_end()));
    }
    let session = context.session()?;
    match command {
        Command::Schema => Ok(Outcome::printed()),
        Command::List { table } => list(context, &session, table.as_deref()),
        Command::Show { rule } => show(context, &session, &rule),
        Command::New { file, table } => new(context, &session, &file, &table),
        Command::Create { file, activate } => create(&session, &file, activate),
        Command::Update { rule, file } => update(&session, &rule, &file),
        Command::Activate { rules, what_if } => {
            let picked = rules.pick(&session, TABLE)?;
            what_if.or_do(context, &session, |door| set_active(context, door, KIND, &picked, true))
        }
        Command::Deactivate { rules, what_if } => {
            let picked = rules.pick(&session, TABLE)?;
            what_if.or_do(context, &session, |door| {
                set_active(context, door, KIND, &picked, false)
            })
        }
        Command::Delete(rules) => delete(context, &session, KIND, &rules.pick(&session, TABLE)?),
    }
}

/// The rows that are business rules.
fn rules() -> Filter {
    Filter::eq("category", Value::Choice(2)).and(Filter::eq("type", Value::Choice(1)))
}

const KIND: Kind = Kind {
    noun: "business rule",
    list: "`businessrule list` shows them",
    rows: rules,
    head,
};

/// The rule of that name or id.
fn find(session: &Session, name: &str) -> anyhow::Result<Row> {
    KIND.find(session, name)
}

fn list(context: &Context, session: &Session, table: Option<&str>) -> anyhow::Result<Outcome> {
    let mut filter = rules();
    if let Some(table) = table {
        session.catalog()?.table(table)?;
        filter = filter.and(Filter::eq("primaryentity", table));
    }
    let query = Query::new(TABLE).filter(filter);
    let rows = session.list(
        query
            .order_by("primaryentity")
            .order_by("processorder")
            .order_by("name"),
    )?;
    let labels = names::Labels::of(context, &rows)?;
    let definition = session.catalog()?.table(TABLE)?.clone();
    let mut grid = Grid::new(["state", "name", "table", "order", "owner", "id"]);
    for row in &rows {
        let cell = |column: &str| {
            let value = row.get(column).unwrap_or(&Value::Null);
            let column = definition.column(column);
            column
                .map(|column| people::cell(column, value, &labels))
                .unwrap_or_default()
        };
        grid.row([
            cell("statecode"),
            cell("name"),
            cell("primaryentity"),
            cell("processorder"),
            cell("ownerid"),
            row.id.to_string(),
        ]);
    }
    let documents = rows.iter().map(head).collect();
    Ok(Outcome::list(documents, grid.text("no business rules that you see")))
}

/// What a rule is, without its definition.
fn head(row: &Row) -> Json {
    json!({
        "id": row.id.to_string(),
        "name": row.text("name"),
        "table": row.text("primaryentity"),
        "active": ACTIVATED.is_of(row),
        "order": row.int("processorder"),
        "owner": row.id_of("ownerid").map(|id| id.to_string()),
    })
}

fn show(context: &Context, session: &Session, name: &str) -> anyhow::Result<Outcome> {
    let row = find(session, name)?;
    let text = row.text("clientdata").unwrap_or("{}");
    let definition: Json = serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()));
    let mut document = head(&row);
    if let (Json::Object(map), Some(parts)) = (&mut document, definition.as_object()) {
        map.extend(parts.clone());
        map.insert("description".to_owned(), json!(row.text("description")));
    }
    if context.json() {
        return Ok(Outcome::new(document, String::new()));
    }
    let state = if ACTIVATED.is_of(&row) { "active" } else { "draft" };
    let lines = [
        ("business rule", row.text("name").unwrap_or_default().to_owned()),
        ("description", row.text("description").unwrap_or_default().to_owned()),
        ("id", row.id.to_string()),
        ("state", state.to_owned()),
        ("table", row.text("primaryentity").unwrap_or_default().to_owned()),
    ];
    let lines: Vec<_> = lines.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let text = format!(
        "{}\n\n{}",
        people::pairs(&lines),
        serde_json::to_string_pretty(&definition)?
    );
    Ok(Outcome::new(document, text))
}

fn new(context: &Context, session: &Session, file: &Path, table: &str) -> anyhow::Result<Outcome> {
    let name = |table: &str| format!("Each {table} has a name");
    workflow::begin(context, session, file, table, (TEMPLATE, name), "businessrule create")
}

fn create(session: &Session, file: &Path, activate: bool) -> anyhow::Result<Outcome> {
    session.check_privilege(TABLE, Right::Create)?;
    let spec = BusinessRuleSpec::parse(&workflow::definition(file)?)?;
    let id = workflow::made(session, spec.row(), activate)?;
    let rests = match activate {
        true => "it is active",
        false => "it is a draft: `businessrule activate` lets it apply",
    };
    let text = format!("created business rule {} ({id}); {rests}", spec.name());
    Ok(Outcome::new(head(&find(session, &id.to_string())?), text))
}

fn update(session: &Session, name: &str, file: &Path) -> anyhow::Result<Outcome> {
    session.check_privilege(TABLE, Right::Write)?;
    let mut change = BusinessRuleSpec::parse(&workflow::definition(file)?)?.row();
    change.id = find(session, name)?.id;
    // What the file does not say is as in a new one.
    if !change.has("description") {
        change.set("description", Value::Null);
    }
    let id = change.id.to_string();
    session.execute(Request::update(change))?;
    let row = find(session, &id)?;
    let text = format!("changed business rule {} ({id})", row.text("name").unwrap_or_default());
    Ok(Outcome::new(head(&row), text))
}
