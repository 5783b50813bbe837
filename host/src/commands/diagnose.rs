//! `sluice diagnose`: what stands in a user's way. Every trial is rolled back.

use serde_json::{Map, Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Code, Error, Name, Reference, Request, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_sales::{
    qualify::{self, Choices},
    trial,
};

use crate::{
    assign,
    context::Context,
    culprits::{self, Report, Sender, WIDTH},
    names::{self, Labels},
    output::{Grid, Outcome},
    people, report,
    text::{indented, quoted, wrapped},
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Try to create an account, a contact and an opportunity as a user: which of them fail?
    CreateEach {
        /// The user.
        #[arg(long, value_name = "U")]
        user: String,
        /// With the values of this lead instead of made-up ones.
        #[arg(long, value_name = "ID")]
        lead: Option<String>,
    },
    /// Find every step and every missing privilege in a user's way, and try what would help.
    Isolate {
        /// The user.
        #[arg(long, value_name = "U")]
        user: String,
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Who else? Try it as every enabled user, and list who is refused, and for want of what.
    Everyone {
        #[command(flatten)]
        wanted: Wanted,
    },
}

/// What a user wants to do.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["lead", "table"]))]
pub(crate) struct Wanted {
    /// Qualify this lead.
    #[arg(long, value_name = "ID")]
    lead: Option<String>,
    /// Create a row of this table.
    #[arg(long, value_name = "T")]
    table: Option<String>,
    /// The values that the user gives the new row, as in `row create`; without any, only what such a
    /// row needs. A step may fail for some values only: send those that were refused.
    #[arg(value_name = "COLUMN=VALUE", conflicts_with = "lead")]
    values: Vec<String>,
}

/// What a user wants to do, as a request, as arguments, and in words.
struct Asked {
    request: Request,
    arguments: String,
    what: String,
}

impl Wanted {
    fn ask(&self, context: &Context, session: &Session) -> anyhow::Result<Asked> {
        if let Some(lead) = &self.lead {
            let lead = session.find_one("lead", lead)?;
            return Ok(Asked {
                request: qualify::request(lead, &Choices::default()),
                arguments: format!("--lead {lead}"),
                what: format!("qualify the lead \"{}\"", name_of(context, "lead", lead)?),
            });
        }
        let table = self.table.as_deref().unwrap_or_default();
        let row = match self.values.is_empty() {
            true => trial::needed(session, table)?,
            false => assign::row(session, session.catalog()?.table(table)?, &self.values)?,
        };
        let what = match row.values.keys().map(|name| &**name).collect::<Vec<_>>().as_slice() {
            [] => format!("create a row of {table} without any values"),
            columns => format!("create a row of {table} with {}", columns.join(", ")),
        };
        let values: String = self.values.iter().map(|value| format!(" {}", quoted(value))).collect();
        Ok(Asked {
            request: Request::create(row),
            arguments: format!("--table {table}{values}"),
            what,
        })
    }
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    context.only_looks();
    let session = context.session()?;
    match command {
        Command::CreateEach { user, lead } => create_each(context, &session, &user, lead.as_deref()),
        Command::Isolate { user, wanted } => isolate(context, &session, &user, &wanted),
        Command::Everyone { wanted } => everyone(context, &session, &wanted),
    }
}

fn isolate(context: &Context, session: &Session, user: &str, wanted: &Wanted) -> anyhow::Result<Outcome> {
    let user = who(context, session, user)?;
    let name = name_of(context, "systemuser", user)?;
    let asked = wanted.ask(context, session)?;
    let found = session.isolate(user, &asked.request)?;
    let word = names::word(session, &Reference::new("systemuser", user), &name);
    let again = format!("sluice diagnose isolate --user {word} {}", asked.arguments);
    let text = Report {
        context,
        catalog: &*session.catalog()?,
        user: &name,
        sender: Sender::of(session, (user, &name), None),
        then: None,
        gives_up: None,
        what: &asked.what,
        qualifies: wanted.lead.is_some(),
        runs: None,
    }
    .text(&found, &again);
    Ok(Outcome::new(
        culprits::json(
            context,
            &found,
            &Sender::of(session, (user, &name), None),
            wanted.lead.is_some(),
        ),
        text,
    ))
}

fn everyone(context: &Context, session: &Session, wanted: &Wanted) -> anyhow::Result<Outcome> {
    let asked = wanted.ask(context, session)?;
    let mut items = Vec::new();
    let mut grid = Grid::new(["user", "outcome", "step"]);
    let mut refused = 0;
    for (user, error) in session.try_everyone(&asked.request)? {
        let name = user.text("fullname").unwrap_or_default().to_owned();
        refused += usize::from(error.as_ref().is_some_and(|error| !error.body().unseen));
        let step = error.as_ref().and_then(|error| error.body().step.clone());
        let outcome = match &error {
            None => "✓ passes".to_owned(),
            Some(error) if error.body().unseen => format!("? {}", error.message()),
            Some(error) => match &error.body().privilege {
                _ if error.code() == Code::NO_ROLES => "✗ has no role".to_owned(),
                Some(privilege) if error.code() == Code::ACCESS_DENIED => {
                    format!("✗ {privilege} does not reach the row")
                }
                Some(privilege) => format!("✗ {privilege} is missing"),
                None => format!("✗ {}", report::headline(error)),
            },
        };
        grid.row([name.clone(), outcome, step.map(|step| step.name).unwrap_or_default()]);
        items.push(json!({
            "user": name,
            "id": user.id.to_string(),
            "ok": error.is_none(),
            "error": error.as_ref().map(report::error_to_json),
        }));
    }
    let head = format!(
        "To {}: {} of {} are refused; nothing was kept.\n",
        asked.what,
        refused,
        people::count(items.len(), "user")
    );
    Ok(Outcome::table(
        json!({ "value": items }),
        &head,
        grid.text("no users"),
        "",
    ))
}

/// The user to try as. Who asks about themselves need not be able to look themselves up.
pub(crate) fn who(context: &Context, session: &Session, name: &str) -> anyhow::Result<Uuid> {
    if name == context.user() {
        return Ok(session.user());
    }
    Ok(session.find_one("systemuser", name)?)
}

pub(crate) fn name_of(context: &Context, table: &str, id: Uuid) -> anyhow::Result<String> {
    let reference = Reference::new(table, id);
    Ok(Labels::load(context, [reference.clone()])?.name(&reference))
}

fn create_each(context: &Context, session: &Session, user: &str, lead: Option<&str>) -> anyhow::Result<Outcome> {
    let user = who(context, session, user)?;
    let name = name_of(context, "systemuser", user)?;
    let lead = lead.map(|lead| session.find_one("lead", lead)).transpose()?;
    let rows = trial::rows(session, lead)?;
    let requests: Vec<Request> = rows.iter().cloned().map(Request::create).collect();
    let results = session.try_each(user, &requests)?;
    let mut items = Vec::new();
    let mut lines = vec![
        format!("{name} tries to create one row of each table; nothing is kept:"),
        String::new(),
    ];
    let mut next = Vec::new();
    for (row, error) in rows.iter().zip(&results) {
        let mut item = Map::new();
        item.insert("table".to_owned(), row.table.to_string().into());
        item.insert("ok".to_owned(), error.is_none().into());
        match error {
            None => lines.push(format!("  ✓ {}", row.table)),
            Some(error) => {
                item.insert("error".to_owned(), report::error_to_json(error));
                if error.body().unseen {
                    lines.push(format!("  ? {:12} {}", row.table, error.message()));
                    items.push(Json::Object(item));
                    continue;
                }
                lines.push(format!("  ✗ {:12} {}", row.table, blame(error)));
                lines.push(indented(&wrapped(&report::headline(error), WIDTH - 17), 17));
                next.push(context.command(&format!(
                    "sluice diagnose isolate --user {} --table {}{}",
                    names::word(session, &Reference::new("systemuser", user), &name),
                    row.table,
                    as_arguments(row)
                )));
            }
        }
        items.push(Json::Object(item));
    }
    lines.push(String::new());
    if next.is_empty() {
        lines.push("Each of them can be created.".to_owned());
    } else {
        lines.push("What stands in the way, and what helps:".to_owned());
        lines.extend(next.iter().map(|command| format!("  {command}")));
    }
    Ok(Outcome::items(items, lines.join("\n")))
}

/// The values of a row as arguments, so that what was tried is tried again.
fn as_arguments(row: &Row) -> String {
    let argument = |(name, value): (&Name, &Value)| {
        let value = match value {
            Value::Text(text) => text.clone(),
            Value::Lookup(reference) => reference.to_string(),
            other => match sluice_model::json::from_value(other) {
                Json::String(text) => text,
                other => other.to_string(),
            },
        };
        format!(" {}", quoted(&format!("{name}={value}")))
    };
    row.values.iter().map(argument).collect()
}

/// Who raised an error.
fn blame(error: &Error) -> String {
    match &error.body().step {
        Some(step) if !step.calls_plugin() => format!("stopped by the {} \"{}\"", step.kind, step.name),
        Some(step) if !step.calls_plugin() => format!("stopped by the {} \"{}\"", step.kind, step.name),
        Some(step) => format!("stopped by the step \"{}\" of the plug-in {}", step.name, step.plugin),
        None => "refused by the platform itself".to_owned(),
    }
}
