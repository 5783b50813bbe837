//! `sluice opportunity`: opportunities, and how they end: won, lost, reopened.

use sluice_engine::Session;
use sluice_model::{ColumnType, Reference, Request, Row, Value, choices, coerce};

use super::{
    row::{self, New, Shown},
    row_change::{self, Changes},
    selection::Selection,
    several,
};
use crate::{context::Context, output::Outcome, usage::Usage};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List opportunities: the same as `row list opportunity`.
    List(row::Which),
    /// Show an opportunity: the same as `row get opportunity`.
    Show(Shown),
    /// Make an opportunity: the same as `row create opportunity`.
    Create(New),
    /// Change columns of opportunities: the same as `row update opportunity`.
    Update(Changes),
    /// Remove opportunities: the same as `row delete opportunity`.
    Delete(Selection),
    /// Close opportunities as won.
    Win {
        #[command(flatten)]
        opportunities: Selection,
        #[command(flatten)]
        close: Close,
    },
    /// Close opportunities as lost, for a reason.
    Lose {
        #[command(flatten)]
        opportunities: Selection,
        /// Why: Canceled, Out-Sold, or the number.
        #[arg(long, value_name = "R")]
        reason: Option<String>,
        #[command(flatten)]
        close: Close,
    },
    /// Open closed opportunities again.
    Reopen {
        #[command(flatten)]
        opportunities: Selection,
    },
}

const TABLE: &str = "opportunity";

/// What is said about the end.
#[derive(Debug, clap::Args)]
pub(crate) struct Close {
    /// What it brought; of one that is won, its estimated revenue where this is left out.
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    revenue: Option<String>,
    /// What else is to be said.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List(which) => row::list(context, &session, TABLE, &which),
        Command::Show(shown) => row::show(context, &session, TABLE, &shown),
        Command::Create(new) => row::create(context, &session, TABLE, &new),
        Command::Update(changes) => row_change::update(context, &session, TABLE, &changes),
        Command::Delete(opportunities) => row_change::delete(context, &session, TABLE, &opportunities),
        Command::Win { opportunities, close } => {
            let how = ("WinOpportunity", "won", 3);
            end(context, &session, how, &opportunities, &close)
        }
        Command::Lose {
            opportunities,
            reason,
            close,
        } => {
            let status = reason_number(&session, reason.as_deref())?;
            end(
                context,
                &session,
                ("LoseOpportunity", "lost", status),
                &opportunities,
                &close,
            )
        }
        Command::Reopen { opportunities } => {
            let opportunities = opportunities.pick(&session, TABLE)?;
            let find = |name: &str| session.find_one(TABLE, name);
            let what = (TABLE, "reopened");
            several::picked(context, what, &opportunities, find, several::quietly, |id| {
                let row = Row::new(TABLE, id).with("statecode", Value::Choice(0));
                session.execute(Request::update(row))?;
                Ok((several::item(id), format!("reopened opportunity {id}")))
            })
        }
    }
}

fn reason_number(session: &Session, reason: Option<&str>) -> anyhow::Result<i32> {
    let catalog = session.catalog()?;
    let column = coerce::column(catalog.table("opportunity")?, "statuscode")?.clone();
    let ColumnType::Status { options } = &column.kind else {
        return Err(Usage::because("the status reason of opportunities is no status"));
    };
    let reasons = options.iter().filter(|option| option.state == Some(2));
    let names: Vec<String> = reasons.clone().map(choices::shown).collect();
    let Some(reason) = reason else {
        return Err(Usage::because(format!(
            "say with --reason why the opportunity is lost; the reasons are {}",
            names.join(", ")
        )));
    };
    choices::named(catalog.collation(), reasons, reason)
        .map(|option| option.value)
        .ok_or_else(|| {
            Usage::because(format!(
                "`{reason}` is no reason to lose an opportunity; the reasons are {}",
                names.join(", ")
            ))
        })
}

/// Ends opportunities: by which message, what they are then, and with which reason for their state.
fn end(
    context: &Context,
    session: &Session,
    (message, done, status): (&'static str, &str, i32),
    opportunities: &Selection,
    close: &Close,
) -> anyhow::Result<Outcome> {
    let opportunities = opportunities.pick(session, TABLE)?;
    let catalog = session.catalog()?;
    let table = catalog.table("opportunityclose")?;
    let find = |name: &str| session.find_one(TABLE, name);
    several::picked(context, (TABLE, done), &opportunities, find, several::quietly, |id| {
        let mut activity = Row::unsaved("opportunityclose").with("opportunityid", Reference::new(TABLE, id));
        for (column, text) in [("actualrevenue", &close.revenue), ("description", &close.description)] {
            if let Some(text) = text {
                let value = session.value(table, coerce::column(table, column)?, text)?;
                activity.set(column, value);
            }
        }
        session.execute(
            Request::new(message)
                .with("OpportunityClose", activity)
                .with("Status", status),
        )?;
        let mut item = several::item(id);
        item.insert("statuscode".to_owned(), status.into());
        Ok((item, format!("{done} opportunity {id}")))
    })
}
