//! `sluice key`: alternate keys, by which the rows of a table are told apart beside their ids.

use serde_json::{Map, Value as Json, json};
use sluice_engine::{JobState, Session};
use sluice_model::{Code, Error, Filter, Name, Parameter, Query, Request, Response, Row, Uuid, names::did_you_mean};

use super::{jobs, reach};
use crate::{
    context::Context,
    door::Door,
    output::{Exit, Grid, Outcome},
    people::pairs,
};

const TABLE: &str = "entitykey";

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the keys of a table, or all of them.
    List {
        /// The table.
        table: Option<String>,
    },
    /// Show a key.
    Show {
        /// The table.
        table: String,
        /// The key's name.
        name: String,
    },
    /// Make a key: an index over the rows that are there, and over those to come.
    Create {
        /// The table.
        table: String,
        /// The key's name, with a prefix: sl_accountnumber.
        name: String,
        /// The columns whose values together belong to one row.
        #[arg(long, value_name = "a,b", value_delimiter = ',', required = true)]
        columns: Vec<String>,
        /// What people see.
        #[arg(long)]
        label: Option<String>,
    },
    /// Try again to make a key that failed.
    Retry {
        /// The table.
        table: String,
        /// The key's name.
        name: String,
    },
    /// Take a key away; the rows stay as they are.
    Delete {
        /// The table.
        table: String,
        /// The key's name.
        name: String,
    },
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List { table } => list(&session, table.as_deref()),
        Command::Show { table, name } => show(&session, &table, &name),
        Command::Create {
            table,
            name,
            columns,
            label,
        } => {
            let names = columns.iter().map(|name| Name::from(name.trim())).collect();
            let mut request = Request::new("CreateEntityKey")
                .with("EntityName", &*table)
                .with("Name", &*name)
                .with("KeyAttributes", Parameter::Names(names));
            if let Some(label) = &label {
                request = request.with("DisplayName", &**label);
            }
            made(context, &session, (&table, &name), request)
        }
        Command::Retry { table, name } => {
            let request = Request::new("ReactivateEntityKey")
                .with("EntityLogicalName", &*table)
                .with("EntityKeyLogicalName", &*name);
            made(context, &session, (&table, &name), request)
        }
        Command::Delete { table, name } => {
            let request = Request::new("DeleteEntityKey")
                .with("EntityLogicalName", &*table)
                .with("Name", &*name);
            reach::of_definition(context, &format!("key {name} of {table}"))?;
            Door::execute(&session, request)?;
            let document = json!({ "table": table, "name": name });
            Ok(Outcome::new(document, format!("deleted the key {name} of {table}")))
        }
    }
}

fn keys(session: &dyn Door, table: Option<&str>) -> anyhow::Result<Vec<Row>> {
    let mut query = Query::new(TABLE).order_by("entitylogicalname");
    if let Some(table) = table {
        session.catalog()?.table(table)?;
        query.filter = Filter::eq("entitylogicalname", table);
    }
    Ok(session.list(query)?)
}

/// Sends a request for an index, and runs the job that makes it.
fn made(
    context: &Context,
    session: &Session,
    (table, name): (&str, &str),
    request: Request,
) -> anyhow::Result<Outcome> {
    let response = Door::execute(session, request)?;
    let job = job_of(&response).unwrap_or_default();
    let outcome = jobs::run_job(session, job)?;
    let keys = keys(session, Some(table))?;
    let key = keys.iter().find(|row| row.text("name") == Some(name));
    let mut document = key.map(document).unwrap_or_default();
    document.extend(jobs::outcome_document(job, &outcome));
    let exit = match outcome.state {
        JobState::Succeeded => Exit::Done,
        _ => Exit::Refused,
    };
    Ok(Outcome::new(Json::Object(document), jobs::told(context, job, &outcome)).with_exit(exit))
}

fn job_of(response: &Response) -> Option<Uuid> {
    match response.outputs.get("JobId") {
        Some(Parameter::Value(job)) => job.as_id(),
        _ => None,
    }
}

fn status(key: &Row) -> &'static str {
    match key.int("entitykeyindexstatus") {
        Some(0) => "Pending",
        Some(1) => "In Progress",
        Some(2) => "Active",
        _ => "Failed",
    }
}

fn document(key: &Row) -> Map<String, Json> {
    let text = |column: &str| Json::from(key.text(column));
    let columns: Vec<&str> = key.text("keyattributes").unwrap_or_default().split(',').collect();
    let mut document = Map::new();
    document.insert("id".to_owned(), key.id.to_string().into());
    document.insert("table".to_owned(), text("entitylogicalname"));
    document.insert("name".to_owned(), text("name"));
    document.insert("label".to_owned(), text("displayname"));
    document.insert("columns".to_owned(), json!(columns));
    document.insert("status".to_owned(), status(key).into());
    document.insert("managed".to_owned(), (key.bool("ismanaged") == Some(true)).into());
    document.insert(
        "job".to_owned(),
        key.id_of("asyncjob").map(|job| job.to_string()).into(),
    );
    document
}

fn show(session: &Session, table: &str, name: &str) -> anyhow::Result<Outcome> {
    let keys = keys(session, Some(table))?;
    let key = keys
        .iter()
        .find(|key| key.text("name").is_some_and(|known| known.eq_ignore_ascii_case(name)))
        .ok_or_else(|| {
            let hint = did_you_mean(name, keys.iter().filter_map(|key| key.text("name")));
            let message = format!("there is no key \"{name}\" of `{table}`{hint}; `key list {table}` shows them");
            Error::new(Code::NOT_FOUND, message).with_table(TABLE)
        })?;
    let text = |column: &str| key.text(column).unwrap_or_default().to_owned();
    let managed = if key.bool("ismanaged") == Some(true) {
        "yes"
    } else {
        "no"
    };
    let mut lines = vec![
        ("key", text("name")),
        ("id", key.id.to_string()),
        ("table", text("entitylogicalname")),
        ("label", text("displayname")),
        ("columns", text("keyattributes").replace(',', ", ")),
        ("status", status(key).to_owned()),
        ("managed", managed.to_owned()),
    ];
    if let Some(job) = key.id_of("asyncjob") {
        lines.push(("job", job.to_string()));
    }
    Ok(Outcome::new(Json::Object(document(key)), pairs(&lines)))
}

fn list(session: &Session, table: Option<&str>) -> anyhow::Result<Outcome> {
    let keys = keys(session, table)?;
    let mut grid = Grid::new(["table", "key", "label", "columns", "status"]);
    for key in &keys {
        let text = |column: &str| key.text(column).unwrap_or_default().to_owned();
        grid.row([
            text("entitylogicalname"),
            text("name"),
            text("displayname"),
            text("keyattributes").replace(',', ", "),
            status(key).to_owned(),
        ]);
    }
    let documents = keys.iter().map(|key| Json::Object(document(key))).collect();
    Ok(Outcome::items(documents, grid.text("no keys")))
}
