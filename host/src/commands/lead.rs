//! `sluice lead`: qualify leads, one outcome for each.

use std::io::{BufRead, IsTerminal, stderr, stdin};

use clap::ValueEnum;
use serde_json::{Map, Value as Json, json};
use sluice_engine::{CallOptions, Session};
use sluice_model::{Code, Error, Match, Parameter, Query, Reference, Response, Uuid, codes::Kind};
use sluice_sales::qualify::{self, Choices, Detection, Party};

use super::{lead_matches, row::references};
use crate::{
    context::Context,
    failure::Usage,
    names::{Labels, quoted},
    output::{Exit, Outcome, tell},
    report,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make an account, a contact and an opportunity of a lead, and close the lead.
    Qualify(Qualify),
    /// Show the accounts and contacts that a lead might be, as the dialog of qualifying it does.
    Matches(lead_matches::Args),
}

/// `lead qualify`
#[derive(Debug, clap::Args)]
pub(crate) struct Qualify {
    /// Ids or names.
    #[arg(required = true, value_name = "ID")]
    leads: Vec<String>,
    /// Where the command was given: the grid looks for no duplicates.
    #[arg(long, value_enum, default_value_t = From::Form)]
    from: From,
    /// Make the rows although there are duplicates.
    #[arg(long = "continue")]
    go_on: bool,
    /// What to do about the account.
    #[arg(long, value_name = "create|skip|existing:ID", value_parser = choice)]
    account: Option<Choice>,
    /// What to do about the contact.
    #[arg(long, value_name = "create|skip|existing:ID", value_parser = choice)]
    contact: Option<Choice>,
    /// What to do about the opportunity.
    #[arg(long, value_name = "create|skip")]
    opportunity: Option<Make>,
    /// An id of your own for the request; plug-ins and traces see it.
    #[arg(long, value_name = "R")]
    request_id: Option<Uuid>,
}

impl Qualify {
    /// The form detects duplicates, its Continue passes over accounts and contacts, the grid
    /// over all.
    fn detection(&self) -> Detection {
        match (self.from, self.go_on) {
            (From::Grid, _) => Detection::Off,
            (From::Form, true) => Detection::Continue,
            (From::Form, false) => Detection::Full,
        }
    }
}

/// Where the command was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum From {
    Form,
    Grid,
}

/// Whether a row is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Make {
    Create,
    Skip,
}

/// What to do about the account or the contact.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Create,
    Skip,
    Existing(String),
}

fn choice(text: &str) -> Result<Choice, String> {
    match text.split_once(':') {
        None if text == "create" => Ok(Choice::Create),
        None if text == "skip" => Ok(Choice::Skip),
        Some(("existing", id)) if !id.is_empty() => Ok(Choice::Existing(id.to_owned())),
        _ => Err("it is create, skip or existing:ID".to_owned()),
    }
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Qualify(args) => run_qualify(context, &args),
        Command::Matches(args) => lead_matches::run(context, &args),
    }
}

fn run_qualify(context: &Context, args: &Qualify) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let choices = choices(context, &session, args)?;
    let options = CallOptions {
        request_id: args.request_id,
    };
    let leads = args
        .leads
        .iter()
        .map(|lead| find(&session, lead))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut items = Vec::new();
    let mut texts = Vec::new();
    let mut exit = Exit::Done;
    for (given, lead) in args.leads.iter().zip(leads) {
        let name = lead.as_ref().map_or_else(|_| given.clone(), Uuid::to_string);
        let result = lead.and_then(|lead| session.execute_with(qualify::request(lead, &choices), &options));
        match result {
            Ok(response) => {
                let (json, text) = created(context, references(&response, "CreatedEntities"))?;
                let (passed_over, note) = passed_over(&response);
                let mut item = json!({ "lead": name, "created": json });
                if let (Some(item), Some(passed_over)) = (item.as_object_mut(), passed_over) {
                    item.insert("duplicatesPassedOver".to_owned(), passed_over);
                }
                items.push(item);
                texts.push(format!("qualified lead {name}{text}{note}"));
            }
            Err(error) => {
                items.push(json!({ "lead": name, "error": error.to_json() }));
                texts.push(refused(context, &name, &error));
                let failed = error.kind() == Kind::Host;
                exit = if failed { Exit::Host } else { Exit::Refused };
                if failed {
                    break;
                }
            }
        }
    }
    let document = json!({ "value": items });
    Ok(Outcome::new(document, texts.join("\n\n")).with_exit(exit))
}

/// An ambiguous name ends the command; a lead that is not there is the outcome of that lead.
fn find(session: &Session, name: &str) -> anyhow::Result<sluice_model::Result<Uuid>> {
    match session.find_one("lead", name) {
        Err(error) if error.code() == Code::AMBIGUOUS => Err(error.into()),
        other => Ok(other),
    }
}

fn created(context: &Context, rows: &[Reference]) -> anyhow::Result<(Vec<Json>, String)> {
    let labels = Labels::load(context, rows.iter().cloned())?;
    let mut items = Vec::new();
    let mut text = String::new();
    for row in rows {
        let name = labels.find(row);
        let mut item = Map::new();
        item.insert("table".to_owned(), row.table.to_string().into());
        item.insert("id".to_owned(), row.id.to_string().into());
        item.insert("name".to_owned(), name.into());
        items.push(Json::Object(item));
        text.push_str(&format!(
            "\n  {:12} {}  {}",
            row.table,
            row.id,
            name.unwrap_or("(no name)")
        ));
    }
    if rows.is_empty() {
        text.push_str("; nothing was created");
    }
    Ok((items, text))
}

/// How many accounts and contacts match, where nobody was to be asked about them (R88).
fn passed_over(response: &Response) -> (Option<Json>, String) {
    let rows = match response.outputs.get("DuplicatesPassedOver") {
        Some(Parameter::Rows(rows)) if !rows.is_empty() => rows,
        _ => return (None, String::new()),
    };
    let counts: Vec<(String, i32)> = rows
        .iter()
        .map(|row| (row.table.to_string(), row.int("count").unwrap_or_default()))
        .collect();
    let told: Vec<String> = counts
        .iter()
        .map(|(table, count)| crate::people::count(usize::try_from(*count).unwrap_or_default(), table))
        .collect();
    let map: Map<String, Json> = counts.into_iter().map(|(table, count)| (table, count.into())).collect();
    let note = format!(
        "\n  note: passed over, as the grid does: {} that match",
        told.join(", ")
    );
    (Some(Json::Object(map)), note)
}

fn refused(context: &Context, lead: &str, error: &Error) -> String {
    let leads_on = error.body().step.is_some() || error.kind() == Kind::Denied;
    let isolate = leads_on.then(|| report::isolate(context, &format!("--lead {lead}")));
    let story = report::error_with(context, error, isolate.into_iter().chain(ways_on(context, lead, error)));
    format!("lead {lead} is not qualified, and nothing was created\n{story}")
}

/// The commands that go on from the dialog about accounts and contacts.
fn ways_on(context: &Context, lead: &str, error: &Error) -> Vec<String> {
    let Some(dialog) = error.body().duplicates.as_ref().and_then(|found| found.dialog.as_ref()) else {
        return Vec::new();
    };
    let first = |matches: &[Match], flag: &str| {
        let id = matches.iter().find_map(|found| found.id);
        id.map(|id| format!(" --{flag} existing:{id}")).unwrap_or_default()
    };
    let chosen = first(&dialog.accounts, "account") + &first(&dialog.contacts, "contact");
    let user = format!(" --as {}", quoted(context.user()));
    let mut ways = Vec::new();
    if !chosen.is_empty() {
        ways.push(format!("sluice lead qualify {lead}{chosen}{user}"));
    }
    ways.push(format!("sluice lead qualify {lead} --continue{user}"));
    ways
}

/// What is wanted, by the flags, else by the organisation's setting.
fn choices(context: &Context, session: &Session, args: &Qualify) -> anyhow::Result<Choices> {
    let detection = args.detection();
    let flags = args.account.is_some() || args.contact.is_some() || args.opportunity.is_some();
    let by_default = creates_by_default(context)?;
    if !by_default && !flags {
        return ask(detection);
    }
    let party = |choice: &Option<Choice>, table: &str| -> anyhow::Result<Party> {
        Ok(match choice {
            Some(Choice::Create) => Party::Create,
            Some(Choice::Skip) => Party::Skip,
            Some(Choice::Existing(name)) => Party::Existing(session.find_one(table, name)?),
            None if by_default => Party::Create,
            None => Party::Skip,
        })
    };
    Ok(Choices {
        account: party(&args.account, "account")?,
        contact: party(&args.contact, "contact")?,
        opportunity: args.opportunity.map_or(by_default, |make| make == Make::Create),
        detection,
    })
}

/// The organisation's setting. Whoever may qualify is told it, whatever they may read.
fn creates_by_default(context: &Context) -> anyhow::Result<bool> {
    let rows = context
        .system()?
        .list(Query::new("organization").columns(&["sl_createonqualify"]))?;
    Ok(rows.first().and_then(|row| row.bool("sl_createonqualify")) != Some(false))
}

fn ask(detection: Detection) -> anyhow::Result<Choices> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Err(Usage::because(
            "this organisation asks what to create for a lead, and there is no terminal to ask at: \
             say it with --account, --contact and --opportunity (create or skip)",
        ));
    }
    let mut wanted = Vec::new();
    for what in ["account", "contact", "opportunity"] {
        tell(&format!("create the {what}? [Y/n]"));
        let mut answer = String::new();
        stdin().lock().read_line(&mut answer)?;
        wanted.push(!answer.trim().to_lowercase().starts_with('n'));
    }
    let party = |wanted: Option<&bool>| {
        if wanted == Some(&true) {
            Party::Create
        } else {
            Party::Skip
        }
    };
    Ok(Choices {
        account: party(wanted.first()),
        contact: party(wanted.get(1)),
        opportunity: wanted.get(2) == Some(&true),
        detection,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choices_of_a_party() {
        assert_eq!(choice("create"), Ok(Choice::Create));
        assert_eq!(choice("skip"), Ok(Choice::Skip));
        assert_eq!(
            choice("existing:Acme: Ltd"),
            Ok(Choice::Existing("Acme: Ltd".to_owned()))
        );
        assert!(choice("existing:").is_err() && choice("existing").is_err() && choice("maybe").is_err());
    }
}
