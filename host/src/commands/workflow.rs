//! `sluice workflow`: what happens to rows by itself, without a program.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Code, Error, Filter, Parameter, Query, Reference, Request, Right, Row, Uuid, Value};
use sluice_platform::WorkflowSpec;

use super::workflow_log;
use crate::{
    context::Context,
    files, names,
    output::{Grid, Outcome},
    people, reading,
};

const TABLE: &str = "workflow";
const SCHEMA: &str = include_str!("../../templates/workflow.schema.json");
const TEMPLATE: &str = include_str!("../../templates/workflow.json");

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the workflows and business rules, in the order in which they run.
    List {
        /// Only those for rows of this table.
        #[arg(long)]
        table: Option<String>,
    },
    /// Show a workflow with its definition.
    Show {
        /// Its name or id.
        workflow: String,
    },
    /// Write a file to begin with: a workflow that makes a task for each new row.
    New {
        /// The file, as JSON; - for standard output.
        file: PathBuf,
        /// The table whose rows it runs for.
        #[arg(long, default_value = "account")]
        table: String,
    },
    /// Print the JSON schema of the file, for editors.
    Schema,
    /// Make a workflow out of a file; it is a draft.
    Create {
        /// The workflow, as JSON.
        file: PathBuf,
        /// Activate it at once.
        #[arg(long)]
        activate: bool,
    },
    /// Change a workflow that is not active into that of a file.
    Update {
        /// Its name or id.
        workflow: String,
        /// The workflow, as JSON; its table stays.
        file: PathBuf,
    },
    /// Let a workflow run.
    Activate {
        /// Its name or id.
        workflow: String,
    },
    /// Let a workflow run, or a business rule apply, no more.
    Deactivate {
        /// Its name or id.
        workflow: String,
    },
    /// Remove a workflow that is not active.
    Delete {
        /// Its name or id.
        workflow: String,
    },
    /// Run an active workflow for a row.
    Run {
        /// Its name or id.
        workflow: String,
        /// The row's id or name.
        row: String,
    },
    /// Show the runs of workflows in the background and what became of them, and what failed in real
    /// time of those that log it, the newest first.
    Log {
        /// Only those of this workflow.
        workflow: Option<String>,
        /// What the actions of this one run came to.
        #[arg(long, value_name = "JOB", conflicts_with = "workflow")]
        job: Option<String>,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 100)]
        top: u32,
    },
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    if matches!(command, Command::Schema) {
        return Ok(Outcome::new(serde_json::from_str(SCHEMA)?, SCHEMA.trim_end()));
    }
    let session = context.session()?;
    match command {
        Command::Schema => Ok(Outcome::printed()),
        Command::Update { workflow, file } => update(&session, &workflow, &file),
        Command::List { table } => list(context, &session, table.as_deref()),
        Command::Show { workflow } => show(context, &session, &workflow),
        Command::New { file, table } => new(context, &session, &file, &table),
        Command::Create { file, activate } => create(&session, &file, activate),
        Command::Activate { workflow } => set_active(&session, &workflow, true),
        Command::Deactivate { workflow } => set_active(&session, &workflow, false),
        Command::Delete { workflow } => delete(&session, &workflow),
        Command::Run { workflow, row } => run_for(&session, &workflow, &row),
        Command::Log {
            job: Some(job), top, ..
        } => workflow_log::actions(&session, &job, top),
        Command::Log { workflow, top, .. } => workflow_log::log(context, &session, workflow.as_deref(), top),
    }
}

/// The definitions that are workflows, and business rules, which stand in people's way like them.
fn definitions() -> Filter {
    let categories = Filter::In {
        column: "category".into(),
        values: vec![Value::Choice(0), Value::Choice(2)],
    };
    categories.and(Filter::eq("type", Value::Choice(1)))
}

/// Whether a definition is that of a business rule.
fn is_rule(row: &Row) -> bool {
    row.int("category") == Some(2)
}

/// The definition of that name or id, which is a workflow's.
fn find_workflow(session: &Session, name: &str) -> anyhow::Result<Row> {
    let row = find(session, name)?;
    match is_rule(&row) {
        true => {
            let message = format!("\"{name}\" is a business rule, and no workflow; `businessrule` is about those");
            Err(Error::invalid(message).with_table(TABLE).into())
        }
        false => Ok(row),
    }
}

/// The definition of that name or id.
pub(super) fn find(session: &Session, name: &str) -> anyhow::Result<Row> {
    let is = match name.parse::<Uuid>() {
        Ok(id) => Filter::eq("workflowid", id),
        Err(_) => Filter::eq("name", name),
    };
    let found = session.list(Query::new(TABLE).filter(definitions().and(is)))?;
    match found.as_slice() {
        [workflow] => Ok(workflow.clone()),
        [] => {
            let hint = names::near(session, Query::new(TABLE).filter(definitions()), name);
            let message = format!("there is no workflow \"{name}\" that you see{hint}; `workflow list` shows them");
            Err(Error::new(Code::NOT_FOUND, message).with_table(TABLE).into())
        }
        several => {
            let one = |row: &Row| format!("{} (of {})", row.id, row.text("primaryentity").unwrap_or_default());
            let ids: Vec<String> = several.iter().map(one).collect();
            let message = format!(
                "several workflows are called \"{name}\": {}; give the id",
                ids.join(", ")
            );
            Err(Error::new(Code::AMBIGUOUS, message).with_table(TABLE).into())
        }
    }
}

fn list(context: &Context, session: &Session, table: Option<&str>) -> anyhow::Result<Outcome> {
    let mut filter = definitions();
    if let Some(table) = table {
        session.catalog()?.table(table)?;
        filter = filter.and(Filter::eq("primaryentity", table));
    }
    let query = Query::new(TABLE).filter(filter);
    let mut rows = session.list(query.order_by("primaryentity").order_by("name"))?;
    rows.sort_by_key(|row| {
        (
            row.text("primaryentity").map(ToOwned::to_owned),
            row.int("rank").unwrap_or(0),
        )
    });
    let labels = names::Labels::of(context, &rows)?;
    let definition = session.catalog()?.table(TABLE)?.clone();
    let mut grid = Grid::new([
        "state",
        "kind",
        "name",
        "table",
        "mode",
        "starts on",
        "scope",
        "runs as",
        "rank",
        "owner",
        "id",
    ]);
    let mut documents = Vec::new();
    for row in &rows {
        let cell = |column: &str| people::cell_of(&definition, row, column, &labels);
        grid.row([
            cell("statecode"),
            if is_rule(row) { "business rule" } else { "workflow" }.to_owned(),
            cell("name"),
            cell("primaryentity"),
            cell("mode"),
            starts(row),
            cell("scope"),
            cell("runas"),
            row.int("rank").map(|rank| rank.to_string()).unwrap_or_default(),
            cell("ownerid"),
            row.id.to_string(),
        ]);
        documents.push(head(row));
    }
    Ok(Outcome::list(documents, grid.text("no workflows that you see")))
}

/// What starts a workflow, in words.
fn starts(row: &Row) -> String {
    if is_rule(row) {
        return "create, update".to_owned();
    }
    let mut starts = Vec::new();
    let mut says = |column: &str, word: &str| {
        if row.bool(column) == Some(true) {
            starts.push(word.to_owned());
        }
    };
    says("triggeroncreate", "create");
    says("triggerondelete", "delete");
    says("ondemand", "demand");
    says("subprocess", "child");
    if let Some(columns) = row.text("triggeronupdateattributelist") {
        starts.insert(0, format!("update of {columns}"));
    }
    starts.join(", ")
}

/// What a workflow is, without its definition.
fn head(row: &Row) -> Json {
    let columns = row.text("triggeronupdateattributelist").unwrap_or_default();
    json!({
        "id": row.id.to_string(),
        "kind": if is_rule(row) { "business rule" } else { "workflow" },
        "name": row.text("name"),
        "table": row.text("primaryentity"),
        "active": row.int("statecode") == Some(1),
        "mode": if row.int("mode") == Some(1) { "real-time" } else { "background" },
        "create": row.bool("triggeroncreate"),
        "update": columns.split(',').filter(|name| !name.is_empty()).collect::<Vec<_>>(),
        "delete": row.bool("triggerondelete"),
        "ondemand": row.bool("ondemand"),
        "child": row.bool("subprocess"),
        "scope": row.int("scope"),
        "runas": if row.int("runas") == Some(0) { "owner" } else { "caller" },
        "rank": row.int("rank"),
        "owner": row.id_of("ownerid").map(|id| id.to_string()),
    })
}

fn show(context: &Context, session: &Session, name: &str) -> anyhow::Result<Outcome> {
    let row = find(session, name)?;
    let text = row.text("clientdata").unwrap_or("{}");
    let definition: Json = serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()));
    let mut document = head(&row);
    if let Json::Object(map) = &mut document {
        let nothing = Map::new();
        let parts = definition.as_object().unwrap_or(&nothing).clone();
        map.extend(parts);
        map.insert("description".to_owned(), json!(row.text("description")));
    }
    if context.json() {
        return Ok(Outcome::new(document, String::new()));
    }
    let labels = names::Labels::of(context, std::slice::from_ref(&row))?;
    let table = session.catalog()?.table(TABLE)?.clone();
    let cell = |column: &str| people::cell_of(&table, &row, column, &labels);
    let lines = [
        ("workflow", cell("name")),
        ("description", cell("description")),
        ("id", row.id.to_string()),
        ("state", cell("statecode")),
        ("table", cell("primaryentity")),
        ("mode", cell("mode")),
        ("starts on", starts(&row)),
        ("updates", cell("updatestage")),
        ("scope", cell("scope")),
        ("runs as", cell("runas")),
        ("rank", cell("rank")),
        ("owner", cell("ownerid")),
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
    let name = |table: &str| format!("Look at each new {table}");
    begin(context, session, file, table, (TEMPLATE, name), "workflow create")
}

/// Writes a file to begin with: a template for the rows of a table, with the name that its
/// definition gets. `create` is the command that makes a draft of it.
pub(super) fn begin(
    context: &Context,
    session: &Session,
    file: &Path,
    table: &str,
    (template, name): (&str, fn(&str) -> String),
    create: &str,
) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(table)?.clone();
    let text = template
        .replace("NAME", &name(&table.name))
        .replace("TABLE", &table.name)
        .replace("PRIMARY", table.primary_name.as_deref().unwrap_or(&table.key));
    let write = |out: &mut dyn Write| Ok(out.write_all(text.as_bytes())?);
    files::deliver(context, file, false, write, |()| {
        let shown = file.display();
        let told = format!("wrote {shown}; `{create} {shown}` makes a draft of it");
        Ok(Outcome::new(json!({ "file": shown.to_string() }), told))
    })
}

fn create(session: &Session, file: &Path, activate: bool) -> anyhow::Result<Outcome> {
    session.check_privilege(TABLE, Right::Create)?;
    let spec = WorkflowSpec::parse(&reading::description(file)?)?;
    let made = session.execute(Request::create(spec.row()))?;
    let id = made.created().unwrap_or_default();
    if activate {
        return set_active(session, &id.to_string(), true);
    }
    let text = format!(
        "created workflow {} ({id}); it is a draft: `workflow activate` lets it run",
        spec.name()
    );
    Ok(Outcome::new(head(&find(session, &id.to_string())?), text))
}

fn update(session: &Session, name: &str, file: &Path) -> anyhow::Result<Outcome> {
    session.check_privilege(TABLE, Right::Write)?;
    let mut change = WorkflowSpec::parse(&reading::description(file)?)?.row();
    change.id = find_workflow(session, name)?.id;
    // What the file does not say is as in a new one.
    for column in ["description", "triggeronupdateattributelist", "rank", "scope"] {
        if !change.has(column) {
            change.set(column, Value::Null);
        }
    }
    let id = change.id.to_string();
    session.execute(Request::update(change))?;
    let row = find(session, &id)?;
    let text = format!("changed workflow {} ({id})", row.text("name").unwrap_or_default());
    Ok(Outcome::new(head(&row), text))
}

fn set_active(session: &Session, name: &str, active: bool) -> anyhow::Result<Outcome> {
    let row = find(session, name)?;
    let change = Row::new(TABLE, row.id).with("statecode", Value::Choice(i32::from(active)));
    session.execute(Request::update(change))?;
    let what = if active { "activated" } else { "deactivated" };
    let text = format!("{what} workflow {} ({})", row.text("name").unwrap_or_default(), row.id);
    Ok(Outcome::new(head(&find(session, &row.id.to_string())?), text))
}

fn delete(session: &Session, name: &str) -> anyhow::Result<Outcome> {
    let row = find(session, name)?;
    session.execute(Request::delete(Reference::new(TABLE, row.id)))?;
    let text = format!("deleted workflow {}", row.text("name").unwrap_or_default());
    Ok(Outcome::new(json!({ "id": row.id.to_string() }), text))
}

fn run_for(session: &Session, name: &str, row: &str) -> anyhow::Result<Outcome> {
    let workflow = find_workflow(session, name)?;
    let table = workflow.text("primaryentity").unwrap_or_default();
    let row = session.find_one(table, row)?;
    let request = Request::new("ExecuteWorkflow")
        .with("WorkflowId", Value::Id(workflow.id))
        .with("EntityId", Value::Id(row));
    let answer = session.execute(request)?;
    let job = match answer.outputs.get("Id") {
        Some(Parameter::Value(Value::Id(job))) => Some(job.to_string()),
        _ => None,
    };
    let name = workflow.text("name").unwrap_or_default();
    let text = match &job {
        Some(job) => format!("workflow {name} runs for {table} {row} as job {job}"),
        None => format!("workflow {name} ran for {table} {row}"),
    };
    Ok(Outcome::new(
        json!({ "workflow": workflow.id.to_string(), "row": row.to_string(), "job": job }),
        text,
    ))
}
