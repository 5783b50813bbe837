//! `sluice diagnose`: what stands in a user's way. Every trial is rolled back.

use serde_json::{Map, Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Catalog, Code, Error, Name, PrincipalKind, Reference, Request, Right, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_platform::{Culprit, Fix, Isolation};
use sluice_sales::{
    qualify::{self, Choices},
    trial,
};

use crate::{
    assign,
    context::Context,
    names::Labels,
    output::Outcome,
    people::count,
    report,
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
    #[command(group = clap::ArgGroup::new("what").required(true).args(["lead", "table"]))]
    Isolate {
        /// The user.
        #[arg(long, value_name = "U")]
        user: String,
        /// When the user qualifies this lead.
        #[arg(long, value_name = "ID")]
        lead: Option<String>,
        /// When the user creates a row of this table.
        #[arg(long, value_name = "T")]
        table: Option<String>,
        /// The values that the user gives the new row, as in `row create`; without any, only what such a
        /// row needs. A step may fail for some values only: send those that were refused.
        #[arg(value_name = "COLUMN=VALUE", conflicts_with = "lead")]
        values: Vec<String>,
    },
}

/// Text for people is this wide.
const WIDTH: usize = 96;

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::CreateEach { user, lead } => create_each(context, &session, &user, lead.as_deref()),
        Command::Isolate {
            user,
            lead,
            table,
            values,
        } => {
            let user = who(context, &session, &user)?;
            let name = name_of(context, "systemuser", user)?;
            let (request, flags, what) = match (lead, table) {
                (Some(lead), _) => {
                    let lead = session.find_one("lead", &lead)?;
                    let what = format!("qualify the lead \"{}\"", name_of(context, "lead", lead)?);
                    (
                        qualify::request(lead, &Choices::default()),
                        format!("--lead {lead}"),
                        what,
                    )
                }
                (None, table) => {
                    let table = table.unwrap_or_default();
                    let row = if values.is_empty() {
                        trial::needed(&session, &table)?
                    } else {
                        assign::row(&session, session.catalog()?.table(&table)?, &values)?
                    };
                    let what = match row.values.keys().map(|name| &**name).collect::<Vec<_>>().as_slice() {
                        [] => format!("create a row of {table} without any values"),
                        columns => format!("create a row of {table} with {}", columns.join(", ")),
                    };
                    let values: String = values.iter().map(|value| format!(" {}", quoted(value))).collect();
                    (Request::create(row), format!("--table {table}{values}"), what)
                }
            };
            let found = session.isolate(user, &request)?;
            let again = format!("sluice diagnose isolate --user {} {flags}", quoted(&name));
            let text = Report {
                context,
                catalog: &*session.catalog()?,
                user: &name,
                what: &what,
            }
            .text(&found, &again);
            Ok(Outcome::new(isolation_json(context, &found), text))
        }
    }
}

/// The user to try as. Who asks about themselves need not be able to look themselves up.
fn who(context: &Context, session: &Session, name: &str) -> anyhow::Result<Uuid> {
    if name == context.user() {
        return Ok(session.user());
    }
    Ok(session.find_one("systemuser", name)?)
}

fn name_of(context: &Context, table: &str, id: Uuid) -> anyhow::Result<String> {
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
                lines.push(format!("  ✗ {:12} {}", row.table, blame(error)));
                lines.push(indented(&wrapped(&report::headline(error), WIDTH - 17), 17));
                next.push(context.command(&format!(
                    "sluice diagnose isolate --user {} --table {}{}",
                    quoted(&name),
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
    Ok(Outcome::list(items, lines.join("\n")))
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

/// What is to be known beside the error: the guide lets leads be qualified without Write on them.
fn note(error: &Error) -> Option<&'static str> {
    let body = error.body();
    (body.step.is_none() && body.privilege.as_deref() == Some("prvWriteLead")).then_some(
        "The guide's list of privileges does not have it; it is needed here, because qualifying changes the state of the \
         lead. `settings set compat.qualifyNeedsLeadWrite no` lets the guide's exact role qualify.",
    )
}

/// Who raised an error.
fn blame(error: &Error) -> String {
    match &error.body().step {
        Some(step) if !step.calls_plugin() => format!("stopped by the {} \"{}\"", step.kind, step.name),
        Some(step) => format!("stopped by the step \"{}\" of the plug-in {}", step.name, step.plugin),
        None => "refused by the platform itself".to_owned(),
    }
}

fn isolation_json(context: &Context, found: &Isolation) -> Json {
    let fix = |fix: &Fix| json!({ "kind": fix.kind(), "command": context.command(&command_of(fix)) });
    let culprit = |culprit: &Culprit| {
        let fixes: Vec<Json> = culprit.fixes.iter().map(fix).collect();
        json!({ "error": report::error_to_json(&culprit.error), "note": note(&culprit.error), "fixes": fixes })
    };
    let culprits: Vec<Json> = found.culprits.iter().map(culprit).collect();
    json!({ "culprits": culprits, "trials": found.trials, "passes": found.passes })
}

/// What a person reads of an isolation.
struct Report<'a> {
    context: &'a Context,
    catalog: &'a Catalog,
    /// Who was refused.
    user: &'a str,
    /// What they wanted to do.
    what: &'a str,
}

impl Report<'_> {
    fn text(&self, found: &Isolation, again: &str) -> String {
        let Self {
            context, user, what, ..
        } = self;
        let trials = format!(
            "{}, each rolled back",
            count(found.trials.try_into().unwrap_or_default(), "trial")
        );
        if found.culprits.is_empty() {
            return format!("Nothing stands in the way: {user} can {what} ({trials}).");
        }
        let things = match found.culprits.len() {
            1 => "One thing stands in the way".to_owned(),
            several => format!("{several} things stand in the way"),
        };
        let mut parts = vec![wrapped(
            &format!("{user} cannot {what}. {things} ({trials}; nothing was changed)."),
            WIDTH,
        )];
        for (position, culprit) in found.culprits.iter().enumerate() {
            let story = indented(&wrapped(&story(self.catalog, &culprit.error, user), WIDTH - 3), 3);
            parts.push(format!("{:<3}{}", format!("{}.", position + 1), story.trim_start()));
            let message = indented(&wrapped(&report::headline(&culprit.error), WIDTH - 5), 5);
            parts.push(format!("   The platform's words:\n{message}"));
            parts.push(fixes_text(context, &culprit.fixes));
        }
        parts.push(match found.passes {
            true => format!(
                "With all of this out of the way, {user} can {what}. To look again:\n  {}",
                context.command(again)
            ),
            false => "Even with all of this out of the way it fails: the last one has to be mended first.".to_owned(),
        });
        parts.join("\n\n")
    }
}

/// The culprit in a few sentences: which step, which call, which privilege, who.
fn story(catalog: &Catalog, error: &Error, user: &str) -> String {
    let body = error.body();
    let mut text = match &body.step {
        Some(step) => {
            let does = match step.calls_plugin() {
                true => format!("runs the plug-in {}", step.plugin),
                false => format!("fails at the action {}", step.action.as_deref().unwrap_or_default()),
            };
            let (name, place) = (&step.name, report::place(step));
            let what = if step.calls_plugin() { "step" } else { step.kind };
            let mut text = format!("The {what} \"{name}\" stops it. It {does} in the {place}.");
            if let Some(call) = &body.call {
                let who = body.principal.as_ref().map_or(user, |principal| &principal.name);
                text.push_str(&format!(" Its call {call}, made as {who}, is refused."));
            }
            text
        }
        None => "The platform itself refuses it, not a plug-in.".to_owned(),
    };
    if let (Some(privilege), Some(principal)) = (&body.privilege, &body.principal) {
        let kind = if principal.kind == PrincipalKind::Team {
            "The team"
        } else {
            "The user"
        };
        let depth = body
            .depth
            .map(|depth| format!(", at depth {}", depth.label()))
            .unwrap_or_default();
        let meaning = catalog
            .privilege(privilege)
            .map(|(table, right)| format!(" (to {} {table})", verb(right)))
            .unwrap_or_default();
        let far = if body.code == Code::ACCESS_DENIED {
            "deep enough for that row"
        } else {
            "at any depth"
        };
        let roles = match principal.roles.as_slice() {
            [] => "has no role at all".to_owned(),
            [role] => format!("has the role {role}, which does not hold it {far}"),
            roles => format!("has the roles {}, none of which holds it {far}", roles.join(", ")),
        };
        text.push_str(&format!(
            " What is missing is {privilege}{meaning}{depth}. {kind} {} {roles}.",
            principal.name
        ));
    }
    if let Some(note) = note(error) {
        text.push_str(&format!(" {note}"));
    }
    if let Some(limit) = &body.limit {
        text.push_str(&format!(
            " It overran the limit {}: {} of {} {}.",
            limit.name, limit.used, limit.allowed, limit.unit
        ));
    }
    text
}

/// What a right lets do.
fn verb(right: Right) -> String {
    match right {
        Right::Append => "attach rows of".to_owned(),
        Right::AppendTo => "attach rows to those of".to_owned(),
        other => other.verb().to_lowercase(),
    }
}

fn fixes_text(context: &Context, fixes: &[Fix]) -> String {
    if fixes.is_empty() {
        return "   Nothing that could be tried helps; the message above says what has to change.".to_owned();
    }
    let grants: Vec<&Fix> = fixes.iter().filter(|fix| matches!(fix, Fix::Grant { .. })).collect();
    let mut lines = vec!["   What helps (each was tried; one of them is enough):".to_owned()];
    let mut number = 1;
    let mut add = |title: String, commands: Vec<String>| {
        lines.push(format!("     {number}. {title}"));
        lines.extend(commands.into_iter().map(|command| format!("          {command}")));
        number += 1;
    };
    if let Some(Fix::Grant { role, .. }) = grants.first() {
        let title = match grants.len() {
            1 => format!("Grant the privilege to the role {role}:"),
            several => format!("Grant these {several} privileges, all of them:"),
        };
        add(
            title,
            grants.iter().map(|fix| context.command(&command_of(fix))).collect(),
        );
    }
    for fix in fixes {
        let command = vec![context.command(&command_of(fix))];
        match fix {
            Fix::Grant { .. } => {}
            Fix::Disable { .. } => add(
                "Disable this one step, for everybody, until the plug-in is mended:".to_owned(),
                command,
            ),
            Fix::Deactivate { .. } => add(
                "Deactivate this one workflow, for everybody, until it is mended:".to_owned(),
                command,
            ),
            Fix::RunAs { user, .. } => add(
                format!(
                    "Let the step run as {user}, who has what it needs. For everybody who sets it off, it then does all that {user} may:"
                ),
                command,
            ),
        }
    }
    lines.join("\n")
}

/// The command that does what a fix says.
fn command_of(fix: &Fix) -> String {
    match fix {
        Fix::Grant { role, privilege, depth } => {
            format!("sluice role grant {} {privilege} {}", quoted(role), depth.word())
        }
        Fix::Disable { step } => format!("sluice step disable {step}"),
        Fix::Deactivate { workflow } => format!("sluice workflow deactivate {workflow}"),
        Fix::RunAs { step, user } => format!("sluice step update {step} --run-as {}", quoted(user)),
    }
}
