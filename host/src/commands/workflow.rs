//! `sluice workflow`: what happens to rows by itself, without a program.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value as Json, json};
use sluice_engine::Session;
use sluice_model::{
    Code, Error, Filter, Parameter, Query, Reference, Request, Right, Row, Uuid, Value, state::process,
};
use sluice_platform::WorkflowSpec;

use super::{
    selection::{Picked, Selection},
    several, what_if, workflow_log,
};
use crate::{
    context::Context,
    door::Door,
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
        /// Activate it at once; where that is refused, nothing is made.
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
    /// Let workflows run.
    #[command(visible_alias = "enable")]
    Activate {
        #[command(flatten)]
        workflows: Selection,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Let workflows run, or business rules apply, no more.
    #[command(visible_alias = "disable")]
    Deactivate {
        #[command(flatten)]
        workflows: Selection,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Remove workflows that are not active.
    Delete(Selection),
    /// Run an active workflow for rows of its table.
    Run {
        /// Its name or id.
        workflow: String,
        #[command(flatten)]
        rows: Selection,
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
        Command::Activate { workflows, what_if } => {
            let picked = workflows.pick(&session, TABLE)?;
            what_if.or_do(context, &session, |door| set_active(context, door, KIND, &picked, true))
        }
        Command::Deactivate { workflows, what_if } => {
            let picked = workflows.pick(&session, TABLE)?;
            what_if.or_do(context, &session, |door| {
                set_active(context, door, KIND, &picked, false)
            })
        }
        Command::Delete(workflows) => delete(context, &session, KIND, &workflows.pick(&session, TABLE)?),
        Command::Run { workflow, rows } => run_for(context, &session, &workflow, &rows),
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

/// The definitions of a kind: which, what one is called, the verbs that are about them, and what is told of one.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) noun: &'static str,
    pub(super) list: &'static str,
    pub(super) rows: fn() -> Filter,
    pub(super) head: fn(&Row) -> Json,
}

const KIND: Kind = Kind {
    noun: "workflow",
    list: "`workflow list` shows them",
    rows: definitions,
    head,
};

impl Kind {
    /// The definition of a name, an id, the end of one, or the newest.
    pub(super) fn id_of(&self, session: &dyn Door, name: &str) -> sluice_model::Result<Uuid> {
        let among = Query::new(TABLE).filter((self.rows)());
        session
            .find_among(&among, self.noun, name)
            .map_err(|error| match error.code() {
                Code::NOT_FOUND => {
                    let message = format!("{}; {}", error.message(), self.list);
                    Error::new(Code::NOT_FOUND, message).with_table(TABLE)
                }
                _ => error,
            })
    }

    /// The same with its columns.
    pub(super) fn find(&self, session: &dyn Door, name: &str) -> anyhow::Result<Row> {
        names::get(session, TABLE, self.id_of(session, name)?, &[])
    }
}

/// The definition of that name or id, which is a workflow's.
fn find_workflow(session: &dyn Door, name: &str) -> anyhow::Result<Row> {
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
pub(super) fn find(session: &dyn Door, name: &str) -> anyhow::Result<Row> {
    KIND.find(session, name)
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
            runs_as(row),
            row.int("rank").map(|rank| rank.to_string()).unwrap_or_default(),
            cell("ownerid"),
            row.id.to_string(),
        ]);
        documents.push(head(row));
    }
    Ok(Outcome::list(documents, grid.text("no workflows that you see")))
}

/// Whether a workflow runs as its owner: in the background it does, whatever its column says.
fn is_as_owner(row: &Row) -> bool {
    row.int("runas") == Some(0) || row.int("mode") != Some(1) && !is_rule(row)
}

/// As whom a workflow runs, in words; by hand, one in the background runs as whoever starts it.
fn runs_as(row: &Row) -> String {
    let by_hand = ["ondemand", "subprocess"]
        .iter()
        .any(|column| row.bool(column) == Some(true));
    let told = match (is_as_owner(row), row.int("mode") != Some(1) && by_hand) {
        (true, true) => "owner; by hand or as a child: whoever starts it",
        (true, false) => "owner",
        (false, _) => "caller",
    };
    told.to_owned()
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
        "active": process::ACTIVATED.is_of(row),
        "mode": if row.int("mode") == Some(1) { "real-time" } else { "background" },
        "create": row.bool("triggeroncreate"),
        "update": columns.split(',').filter(|name| !name.is_empty()).collect::<Vec<_>>(),
        "delete": row.bool("triggerondelete"),
        "ondemand": row.bool("ondemand"),
        "child": row.bool("subprocess"),
        "scope": row.int("scope"),
        "runas": if is_as_owner(row) { "owner" } else { "caller" },
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
        ("runs as", runs_as(&row)),
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
    let spec = WorkflowSpec::parse(&definition(file)?)?;
    let id = made(session, spec.row(), activate)?;
    let rests = match activate {
        true => "it is active",
        false => "it is a draft: `workflow activate` lets it run",
    };
    let text = format!("created workflow {} ({id}); {rests}", spec.name());
    Ok(Outcome::new(head(&find(session, &id.to_string())?), text))
}

/// The text of a file with actions.
pub(super) fn definition(file: &Path) -> anyhow::Result<String> {
    reading::text_within(file, WorkflowSpec::LONGEST)
}

/// Makes a process, and activates it where it is to be active: all of that or nothing.
pub(super) fn made(session: &Session, mut row: Row, activate: bool) -> anyhow::Result<Uuid> {
    row.id = session.new_id();
    let id = row.id;
    let requests = [Request::create(row), Request::update(state(id, true))];
    session.execute_all(if activate { &requests } else { &requests[..1] })?;
    Ok(id)
}

/// A process that is active, or is not.
fn state(id: Uuid, active: bool) -> Row {
    Row::new(TABLE, id).in_state(process::activated(active))
}

fn update(session: &Session, name: &str, file: &Path) -> anyhow::Result<Outcome> {
    session.check_privilege(TABLE, Right::Write)?;
    let mut change = WorkflowSpec::parse(&definition(file)?)?.row();
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

/// Lets definitions work, or work no more.
pub(super) fn set_active(
    context: &Context,
    session: &dyn Door,
    kind: Kind,
    rows: &Picked,
    active: bool,
) -> anyhow::Result<Outcome> {
    let done = if active { "activated" } else { "deactivated" };
    let find = |name: &str| kind.id_of(session, name);
    several::picked(context, (kind.noun, done), rows, find, several::quietly, |id| {
        session.execute(Request::update(state(id, active)))?;
        let row = kind.find(session, &id.to_string())?;
        let text = format!("{done} {} {} ({id})", kind.noun, row.text("name").unwrap_or_default());
        Ok(((kind.head)(&row).as_object().cloned().unwrap_or_default(), text))
    })
}

/// Removes definitions.
pub(super) fn delete(context: &Context, session: &dyn Door, kind: Kind, rows: &Picked) -> anyhow::Result<Outcome> {
    let find = |name: &str| Ok(Reference::new(TABLE, kind.id_of(session, name)?));
    several::delete_found(context, session, kind.noun, rows, find)
}

fn run_for(context: &Context, session: &Session, name: &str, rows: &Selection) -> anyhow::Result<Outcome> {
    let workflow = find_workflow(session, name)?;
    let table = workflow.text("primaryentity").unwrap_or_default();
    let rows = rows.pick(session, table)?;
    let name = workflow.text("name").unwrap_or_default();
    let what = (sluice_engine::noun(table), "worked on by the workflow");
    let find = |name: &str| session.find_one(table, name);
    several::picked(context, what, &rows, find, several::quietly, |row| {
        let request = Request::new("ExecuteWorkflow")
            .with("WorkflowId", Value::Id(workflow.id))
            .with("EntityId", Value::Id(row));
        let answer = session.execute(request)?;
        let job = match answer.outputs.get("Id") {
            Some(Parameter::Value(Value::Id(job))) => Some(job.to_string()),
            _ => None,
        };
        let text = match &job {
            Some(job) => format!("workflow {name} runs for {table} {row} as job {job}"),
            None => format!("workflow {name} ran for {table} {row}"),
        };
        let mut item = Map::new();
        item.insert("workflow".to_owned(), workflow.id.to_string().into());
        item.insert("row".to_owned(), row.to_string().into());
        item.insert("job".to_owned(), job.into());
        Ok((item, text))
    })
}
