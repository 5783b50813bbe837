//! `sluice lead`: qualify, disqualify and reactivate leads, one outcome for each.

use serde_json::Map;
use sluice_model::{ColumnType, Error, Request, Row, Uuid, Value, choices, codes::Kind};

use super::{
    each, lead_matches, lead_new, lead_qualify,
    row::{self, Shown},
    row_change::{self, Changes},
    selection::Selection,
};
use crate::{context::Context, door::Door, output::Outcome, report, usage::Usage};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List leads: the same as `row list lead`.
    List(row::Which),
    /// Show a lead: the same as `row get lead`.
    Show(Shown),
    /// Make a lead as the form does: choosing a contact or an account fills empty columns.
    #[command(visible_alias = "create")]
    New(lead_new::New),
    /// Change columns of leads: the same as `row update lead`.
    Update(Changes),
    /// Remove leads: the same as `row delete lead`.
    Delete(Selection),
    /// Make an account, a contact and an opportunity of a lead, and close the lead.
    Qualify(lead_qualify::Qualify),
    /// Show the accounts and contacts that a lead might be, as the dialog of qualifying it does.
    Matches(lead_matches::Args),
    /// Close leads without making anything of them, for a reason.
    Disqualify {
        #[command(flatten)]
        leads: Selection,
        /// Why: Lost, Cannot Contact, No Longer Interested, Canceled, or the number.
        #[arg(long, value_name = "R")]
        reason: Option<String>,
    },
    /// Open closed leads again.
    Reactivate {
        #[command(flatten)]
        leads: Selection,
    },
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::List(which) => row::list(context, &context.session()?, "lead", &which),
        Command::Show(shown) => row::show(context, &context.session()?, "lead", &shown),
        Command::New(args) => lead_new::run(context, &args),
        Command::Update(changes) => row_change::update(context, &context.session()?, "lead", &changes),
        Command::Delete(leads) => row_change::delete(context, &context.session()?, "lead", &leads),
        Command::Qualify(args) => lead_qualify::run(context, &args),
        Command::Matches(args) => lead_matches::run(context, &args),
        Command::Disqualify { leads, reason } => disqualify(context, &leads, reason.as_deref()),
        Command::Reactivate { leads } => {
            let change = [("statecode", Value::Choice(0)), ("statuscode", Value::Choice(1))];
            close(context, &leads, "reactivated", &change)
        }
    }
}

fn disqualify(context: &Context, leads: &Selection, reason: Option<&str>) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let table = session.catalog()?.table("lead")?.clone();
    let column = sluice_model::coerce::column(&table, "statuscode")?;
    let ColumnType::Status { options } = &column.kind else {
        return Err(Error::host("the status reason of leads is no status").into());
    };
    let reasons = options.iter().filter(|option| option.state == Some(2));
    let Some(wanted) = reason.and_then(|reason| choices::named(table.collation(), reasons.clone(), reason)) else {
        let known: Vec<String> = reasons.map(choices::shown).collect();
        let what = match reason {
            Some(reason) => format!("`{reason}` is no reason to disqualify a lead"),
            None => "a lead is disqualified for a reason: --reason R".to_owned(),
        };
        return Err(Usage::because(format!("{what}; the reasons are {}", known.join(", "))));
    };
    let change = [
        ("statecode", Value::Choice(2)),
        ("statuscode", Value::Choice(wanted.value)),
    ];
    close(context, leads, "disqualified", &change)
}

/// Gives each lead another state.
fn close(context: &Context, leads: &Selection, done: &str, change: &[(&str, Value)]) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let leads = leads.pick(&session, "lead")?.rows;
    let not_done = format!("is not {done}");
    let refused = |lead: &str, error: &Error| refused(context, lead, &not_done, error, Vec::new());
    each(&session, &leads, refused, |lead| {
        let mut row = Row::new("lead", lead);
        let mut item = Map::new();
        for (column, value) in change {
            row.set(*column, value.clone());
            item.insert((*column).to_owned(), sluice_model::json::from_value(value));
        }
        session.execute(Request::update(row))?;
        Ok((item, format!("{done} lead {lead}")))
    })
}

/// Does the same to each of several leads; `refused` tells of one that was refused.
pub(super) fn each(
    session: &dyn Door,
    leads: &[String],
    refused: impl Fn(&str, &Error) -> String,
    work: impl FnMut(Uuid) -> anyhow::Result<each::Done>,
) -> anyhow::Result<Outcome> {
    let found = each::found(leads, |lead| session.find_one("lead", lead))?;
    each::each("lead", found, refused, work)
}

/// What is told of a lead that was refused, with the commands that lead on.
pub(super) fn refused(context: &Context, lead: &str, not_done: &str, error: &Error, ways_on: Vec<String>) -> String {
    let leads_on = error.body().step.is_some() || error.kind() == Kind::Denied;
    let isolate = leads_on.then(|| report::isolate(context, &format!("--lead {lead}")));
    let story = report::error_with(context, error, isolate, ways_on);
    format!("lead {lead} {not_done}\n{story}")
}
