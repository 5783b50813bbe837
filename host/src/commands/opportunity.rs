//! `sluice opportunity`: win, lose and reopen opportunities.

use serde_json::json;
use sluice_model::{ColumnType, Reference, Request, Row, Value, choices, coerce};

use crate::{context::Context, output::Outcome, usage::Usage};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Close an opportunity as won.
    Win {
        /// Its id or name.
        opportunity: String,
        #[command(flatten)]
        close: Close,
    },
    /// Close an opportunity as lost, for a reason.
    Lose {
        /// Its id or name.
        opportunity: String,
        /// Why: Canceled, Out-Sold, or the number.
        #[arg(long, value_name = "R")]
        reason: Option<String>,
        #[command(flatten)]
        close: Close,
    },
    /// Open a closed opportunity again.
    Reopen {
        /// Its id or name.
        opportunity: String,
    },
}

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
    match command {
        Command::Win { opportunity, close } => end(context, "WinOpportunity", &opportunity, 3, &close),
        Command::Lose {
            opportunity,
            reason,
            close,
        } => {
            let status = reason_number(context, reason.as_deref())?;
            end(context, "LoseOpportunity", &opportunity, status, &close)
        }
        Command::Reopen { opportunity } => {
            let session = context.session()?;
            let id = session.find_one("opportunity", &opportunity)?;
            let row = Row::new("opportunity", id).with("statecode", Value::Choice(0));
            session.execute(Request::update(row))?;
            Ok(Outcome::new(
                json!({ "id": id.to_string() }),
                format!("reopened opportunity {id}"),
            ))
        }
    }
}

fn reason_number(context: &Context, reason: Option<&str>) -> anyhow::Result<i32> {
    let catalog = context.session()?.catalog()?;
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

fn end(
    context: &Context,
    message: &'static str,
    opportunity: &str,
    status: i32,
    close: &Close,
) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let catalog = session.catalog()?;
    let table = catalog.table("opportunityclose")?;
    let id = session.find_one("opportunity", opportunity)?;
    let mut activity = Row::unsaved("opportunityclose").with("opportunityid", Reference::new("opportunity", id));
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
    let word = if message == "WinOpportunity" { "won" } else { "lost" };
    Ok(Outcome::new(
        json!({ "id": id.to_string(), "statuscode": status }),
        format!("{word} opportunity {id}"),
    ))
}
