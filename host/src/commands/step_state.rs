//! `step enable` and `step disable`: whether steps work.

use serde_json::{Map, Value as Json, json};
use sluice_model::{Error, Request, Row, Uuid, Value, json::whole_seconds};

use super::{each, step_show, what_if};
use crate::{context::Context, door::Door, output::Outcome, report, times, usage::Usage};

/// `step disable`
#[derive(Debug, clap::Args)]
pub(crate) struct Disable {
    /// Their ids or names.
    #[arg(value_name = "STEP", required = true)]
    steps: Vec<String>,
    /// For so long: 30m, 2h, 3d. Then they run again by themselves.
    #[arg(long = "for", value_name = "TIME", value_parser = times::span)]
    span: Option<i64>,
    /// Only watch them: each runs, its trace says what it did, and what it did is discarded.
    #[arg(long, conflicts_with = "span")]
    monitor: bool,
    /// Why, for those who look at the list.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    pub(super) what_if: what_if::Args,
}

/// Lets steps work again.
pub(super) fn enable(context: &Context, session: &dyn Door, steps: &[String]) -> anyhow::Result<Outcome> {
    let row = Row::unsaved(step_show::STEP)
        .with("statecode", Value::Choice(0))
        .with("statuscode", Value::Choice(1));
    change(context, session, steps, &row, |step| {
        (json!({ "enabled": true }), format!("enabled step {step}"))
    })
}

/// Takes steps out of work, for some time or so that they are only watched.
pub(super) fn disable(context: &Context, session: &dyn Door, args: &Disable) -> anyhow::Result<Outcome> {
    let mut row = Row::unsaved(step_show::STEP);
    let until = match args.span {
        Some(span) => Some(times::moved(context.env().now(), span).map_err(Usage::because)?),
        None => None,
    };
    match until {
        Some(until) => row.set("sl_restsuntil", until),
        None if args.monitor => row.set("sl_monitored", true),
        None => {
            row.set("statecode", Value::Choice(1));
            row.set("statuscode", Value::Choice(2));
        }
    }
    row.set("sl_restreason", args.reason.as_deref().map_or(Value::Null, Value::from));
    change(context, session, &args.steps, &row, |step| match until {
        Some(until) => {
            let until = whole_seconds(until);
            let text = format!("step {step} rests until {until}, and runs again then");
            (json!({ "enabled": true, "restsuntil": until }), text)
        }
        None if args.monitor => {
            let text = format!("step {step} is only watched: what it does is discarded, and `trace tree` shows it");
            (json!({ "enabled": true, "monitored": true }), text)
        }
        None => (json!({ "enabled": false }), format!("disabled step {step}")),
    })
}

/// Changes each of the steps; one alone is its own document, several are a list with an outcome
/// for each.
fn change(
    context: &Context,
    session: &dyn Door,
    steps: &[String],
    change: &Row,
    done: impl Fn(Uuid) -> (Json, String),
) -> anyhow::Result<Outcome> {
    let work = |step: Uuid| -> anyhow::Result<each::Done> {
        let row = Row {
            id: step,
            ..change.clone()
        };
        session.execute(Request::update(row))?;
        let (document, text) = done(step);
        let mut item = Map::new();
        item.extend(document.as_object().cloned().unwrap_or_default());
        Ok((item, format!("{text}; it counts from the next request")))
    };
    if let [step] = steps {
        let id = session.find_one(step_show::STEP, step)?;
        let (mut item, text) = work(id)?;
        item.insert("id".to_owned(), id.to_string().into());
        return Ok(Outcome::new(item.into(), text));
    }
    let found = each::found(steps, |step| session.find_one(step_show::STEP, step))?;
    let refused = |step: &str, error: &Error| {
        let story = report::error(context, error);
        format!("step {step} is as it was\n{story}")
    };
    each::each("step", found, refused, work)
}
