//! `sluice trace`: what requests set off.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use sluice_model::{
    Code, Comparison, Error, Filter, Name, Order, Query, Reference, Related, Row, Uuid, Value, json as rows,
    names::end_of_id,
};

use super::{case, trace_checks, trace_follow, trace_search, trace_tree};
use crate::{
    context::Context,
    cut,
    door::Door,
    names::Labels,
    output::{self, Form, Grid, Outcome},
    people,
    times::Since,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the plug-in calls that left a trace, the newest first.
    List {
        #[command(flatten)]
        which: Which,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 50)]
        top: u32,
        /// The requests instead of the plug-in calls: also those that the platform refused.
        #[arg(long)]
        requests: bool,
        /// Go on with those that come, the newest last, until Ctrl-C.
        #[arg(long)]
        follow: bool,
    },
    /// Show one plug-in call: what it said, what it used, why it failed.
    Show {
        /// The trace's id, or @last for the newest.
        id: String,
        /// Also which privileges were asked for in its step, of whom, and through what they were held.
        #[arg(long)]
        checks: bool,
    },
    /// Show every privilege that a recorded request asked for: of whom, through what, passed or refused.
    Privileges {
        /// The request's correlation id, or the end of it; by default the newest recorded request.
        correlation: Option<String>,
        /// Only what was refused.
        #[arg(long)]
        refused: bool,
    },
    /// Find a text in what plug-ins said, in what failed, and in the names of requests and steps.
    Search {
        /// The text, in any case.
        text: String,
        #[command(flatten)]
        which: Which,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 50)]
        top: u32,
    },
    /// Draw what a request set off: messages, steps and calls with their times, and what plug-ins said.
    Tree {
        /// The request's correlation id, or the id of one of its plug-in calls, or the end of one; by default the
        /// newest request.
        correlation: Option<String>,
    },
    /// Write the plug-in call in which a request fails as a case, which `plugin replay` and tests run
    /// again. The request runs once more for that, rolled back.
    Export {
        /// The request: its correlation id, or the end of it; or a plug-in call, as `trace list` has it. By default
        /// your last refused request.
        trace: Option<String>,
        /// The call of this step instead.
        #[arg(long, value_name = "STEP")]
        step: Option<String>,
    },
}

/// Which traces are listed.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Only those of this request: its correlation id, or the end of it.
    #[arg(long, value_name = "ID")]
    correlation: Option<String>,
    /// Only what failed.
    #[arg(long)]
    failed: bool,
    /// Only those of requests that this user made.
    #[arg(long, value_name = "U")]
    user: Option<String>,
    /// Only those since then: 30m, 2h, 3d ago, or 2026-01-31T09:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    since: Option<Since>,
}

impl Which {
    /// The filter of requests, or of plug-in calls.
    pub(super) fn filter(&self, context: &Context, session: &dyn Door, requests: bool) -> anyhow::Result<Filter> {
        let mut all = Vec::new();
        if let Some(id) = &self.correlation {
            let id = correlation(session, id)?;
            let column = if requests { "sl_correlationid" } else { "correlationid" };
            all.push(Filter::eq(column, id));
        }
        if self.failed {
            all.push(match requests {
                true => Filter::eq("sl_succeeded", false),
                false => Filter::Not(Box::new(Filter::eq("exceptiondetails", Value::Null))),
            });
        }
        if let Some(user) = &self.user {
            let user = Reference::new("systemuser", session.find_one("systemuser", user)?);
            let made = Filter::eq("sl_userid", user);
            all.push(match requests {
                true => made,
                // A plug-in call has no user of its own: its request has.
                false => Filter::Related(Box::new(Related {
                    column: "correlationid".into(),
                    table: REQUEST.into(),
                    other: "sl_correlationid".into(),
                    filter: made,
                })),
            });
        }
        if let Some(since) = self.since {
            let since = since.before(context.env().now()).map_err(Usage::because)?;
            all.push(Filter::Compare {
                column: if requests { "sl_startedon" } else { "createdon" }.into(),
                comparison: Comparison::Ge,
                value: since.into(),
            });
        }
        Ok(Filter::And(all))
    }
}

pub(super) const CALL: &str = "plugintracelog";
const STEP: &str = "sdkmessageprocessingstep";
pub(super) const REQUEST: &str = "sl_messagetrace";
const CALL_COLUMNS: [&str; 11] = [
    "typename",
    "pluginstepid",
    "messageblock",
    "messagename",
    "primaryentity",
    "mode",
    "depth",
    "performanceexecutionduration",
    "exceptiondetails",
    "createdon",
    "correlationid",
];
const REQUEST_COLUMNS: [&str; 6] = [
    "sl_name",
    "sl_userid",
    "sl_succeeded",
    "sl_duration",
    "sl_startedon",
    "sl_correlationid",
];

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List {
            which,
            top,
            requests,
            follow,
        } => {
            let (table, columns) = match requests {
                true => (REQUEST, &REQUEST_COLUMNS[..]),
                false => (CALL, &CALL_COLUMNS[..]),
            };
            let filter = which.filter(context, &session, requests)?;
            if follow {
                let query = Query::new(table).columns(columns).filter(filter);
                return trace_follow::follow(context, &session, &query, top);
            }
            let query = newest(Query::new(table).columns(columns).filter(filter)).top(cut::asked(top));
            let mut rows = session.traces(query.clone())?;
            let more = cut::to(&mut rows, top);
            let list = match requests {
                true => requests_of(context, &session, &rows)?,
                false => {
                    let (documents, grid) = calls_of(context, &session, &query, &rows)?;
                    Outcome::list(documents, grid.text("no rows"))
                }
            };
            Ok(cut::said(list, top, more))
        }
        Command::Show { id, checks } => {
            let id = match id.as_str() {
                "@last" => last(&session, CALL)?.id,
                id => call(&session, id)?,
            };
            let shown = show(context, &session, id)?;
            match checks {
                true => trace_checks::beside(&session, id, shown),
                false => trace_checks::withheld_beside(&session, id, shown),
            }
        }
        Command::Export { trace, step } => case::export(context, &session, trace.as_deref(), step.as_deref()),
        Command::Privileges { correlation, refused } => {
            trace_checks::privileges(&session, correlation.as_deref(), refused)
        }
        Command::Search { text, which, top } => trace_search::search(context, &session, &text, &which, top),
        Command::Tree { correlation } => trace_tree::tree(&session, correlation.as_deref()),
    }
}

/// The requests, each in a line: for machines and for people.
fn requests_of(context: &Context, session: &dyn Door, found: &[Row]) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(REQUEST)?.clone();
    let columns: Vec<Name> = REQUEST_COLUMNS.iter().map(|name| (*name).into()).collect();
    let labels = Labels::of(context, found)?;
    let mut grid = Grid::new(["started", "request", "user", "passed", "ms", "correlation", "id"]).sparing(&["id"]);
    let mut documents = Vec::new();
    for row in found {
        let cell = |name: &str| people::cell_of(&table, row, name, &labels);
        grid.row([
            cell("sl_startedon"),
            cell("sl_name"),
            cell("sl_userid"),
            cell("sl_succeeded"),
            row.int("sl_duration").map_or_else(String::new, milliseconds),
            cell("sl_correlationid"),
            row.id.to_string(),
        ]);
        documents.push(rows::from_row(&table, row, Some(&columns)));
    }
    let text = match found.len() {
        0 => grid.text("no rows").into(),
        number => output::with_count(grid.text(""), &people::count(number, "row")),
    };
    Ok(Outcome::list(documents, text))
}

/// `12.3`, of microseconds.
fn milliseconds(micros: i32) -> String {
    format!("{}.{}", micros / 1_000, micros % 1_000 / 100)
}

/// The plug-in calls with their steps and what the plug-ins said, each in a line: for machines and for people.
pub(super) fn calls_of(
    context: &Context,
    session: &dyn Door,
    query: &Query,
    rows: &[Row],
) -> anyhow::Result<(Vec<Json>, Grid)> {
    let table = session.catalog()?.table(CALL)?.clone();
    let labels = Labels::load(context, rows.iter().flat_map(callers))?;
    let mut grid = Grid::new([
        "ended", "step", "plug-in", "message", "depth", "ms", "said", "error", "id",
    ]);
    let mut documents = Vec::new();
    for row in rows {
        let cell = |name: &str| match (table.column(name), row.get(name)) {
            (Some(column), Some(value)) => people::cell(column, value, &labels),
            _ => String::new(),
        };
        let step = called_by(row, &labels);
        let message = format!("{} {}", cell("messagename"), cell("primaryentity"));
        grid.row([
            cell("createdon"),
            step.clone(),
            cell("typename"),
            message.trim_end().to_owned(),
            cell("depth"),
            cell("performanceexecutionduration"),
            line(&cell("messageblock")),
            line(&cell("exceptiondetails")),
            row.id.to_string(),
        ]);
        let mut document = rows::from_row(&table, row, query.columns.as_deref());
        if let Json::Object(map) = &mut document {
            map.insert("step".to_owned(), step.into());
        }
        documents.push(document);
    }
    Ok((documents, grid))
}

/// What may have called the plug-in: a step or a workflow.
pub(super) fn callers(row: &Row) -> impl Iterator<Item = Reference> + use<> {
    let id = row.id_of("pluginstepid");
    id.into_iter()
        .flat_map(|id| [STEP, "workflow"].map(|table| Reference::new(table, id)))
}

/// The name of the step or the workflow that called the plug-in, as far as the reader may know it.
pub(super) fn called_by(row: &Row, labels: &Labels) -> String {
    let name = callers(row).find_map(|caller| labels.find(&caller).map(ToOwned::to_owned));
    let id = || row.id_of("pluginstepid").map(|id| id.to_string());
    name.or_else(id).unwrap_or_default()
}

/// A text of several lines in one; for people not too long a one.
pub(super) fn line(text: &str) -> String {
    const LONGEST: usize = 60;
    let whole = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" · ");
    let is_long = output::form() == Form::Table && whole.chars().count() > LONGEST;
    match is_long {
        true => whole.chars().take(LONGEST - 1).chain(['…']).collect(),
        false => whole,
    }
}

pub(super) fn newest(mut query: Query) -> Query {
    query.order.push(Order {
        column: "createdon".into(),
        descending: true,
    });
    query
}

fn show(context: &Context, session: &dyn Door, id: Uuid) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let table = catalog.table(CALL)?;
    let row = one(session, CALL, id, &[])?;
    let text = if context.json() {
        String::new()
    } else {
        people::sheet(context, table, &row)?
    };
    Ok(Outcome::new(rows::from_row(table, &row, None), text))
}

/// The request with that correlation id, or whose trace or plug-in call has that id; or with that end of one.
pub(super) fn correlation(session: &dyn Door, text: &str) -> anyhow::Result<Uuid> {
    if let Ok(id) = text.parse::<Uuid>() {
        let of_trace = Query::new(REQUEST)
            .columns(&["sl_correlationid"])
            .filter(Filter::eq("sl_messagetraceid", id));
        let of_trace = session.traces(of_trace)?;
        if let Some(request) = of_trace.first().and_then(|row| row.id_of("sl_correlationid")) {
            return Ok(request);
        }
        let of_call = of_call(session, &Filter::eq("plugintracelogid", Value::Id(id)))?;
        return Ok(of_call.map_or(id, |(request, _)| request));
    }
    if text == "@last" {
        let newest = last(session, REQUEST)?.id_of("sl_correlationid");
        return Ok(newest.ok_or_else(none_at_all)?);
    }
    let Some(end) = end_of_id(text) else {
        return Err(Usage::because(format!(
            "`{text}` is no id, nor the last five digits or more of one"
        )));
    };
    let ends = |column| Filter::ends_with(column, &end);
    let query = Query::new(REQUEST)
        .columns(&["sl_name", "sl_correlationid"])
        .filter(Filter::Or(vec![ends("sl_correlationid"), ends("sl_messagetraceid")]));
    let rows = session.traces(query)?;
    let ids: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.id_of("sl_correlationid")).collect();
    let mut ids = ids.into_iter();
    match (ids.next(), ids.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => match of_call(session, &Filter::ends_with("plugintracelogid", &end))? {
            Some((request, _)) => Ok(request),
            None => {
                let message = format!("no trace is of a request, or of a plug-in call, that ends in {text}");
                Err(Error::new(Code::NOT_FOUND, message).into())
            }
        },
        (Some(_), Some(_)) => {
            let each = rows.iter().filter_map(|row| {
                let id = row.id_of("sl_correlationid")?;
                Some(format!("{id} ({})", row.text("sl_name").unwrap_or_default()))
            });
            let each: Vec<String> = each.collect();
            let message = format!("several requests end in {text}: {}; give more digits", each.join(", "));
            Err(Error::new(Code::AMBIGUOUS, message).into())
        }
    }
}

/// The request of the one plug-in call that a filter leaves, and the step that called it.
pub(super) fn of_call(session: &dyn Door, filter: &Filter) -> anyhow::Result<Option<(Uuid, Option<Uuid>)>> {
    let query = Query::new(CALL).columns(&["correlationid", "pluginstepid"]);
    let rows = session.traces(query.filter(filter.clone()).top(2))?;
    let one = match rows.as_slice() {
        [one] => one,
        _ => return Ok(None),
    };
    let request = one.id_of("correlationid");
    Ok(request.map(|request| (request, one.id_of("pluginstepid"))))
}

/// One trace by its id, with these columns; all of them where none is named.
pub(super) fn one(session: &dyn Door, table: &str, id: Uuid, columns: &[&str]) -> anyhow::Result<Row> {
    let catalog = session.catalog()?;
    let of = catalog.table(table)?;
    let mut query = Query::new(table).filter(Filter::eq(&of.key, id));
    if !columns.is_empty() {
        query = query.columns(columns);
    }
    let found = session.traces(query)?.into_iter().next();
    Ok(found.ok_or_else(|| Error::not_found(&of.schema, table, id))?)
}

/// The plug-in call with that id, or with that end of it.
fn call(session: &dyn Door, text: &str) -> anyhow::Result<Uuid> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let Some(end) = end_of_id(text) else {
        return Err(Usage::because(format!(
            "`{text}` is no id, nor the last five digits or more of one"
        )));
    };
    let query = Query::new(CALL).columns(&["typename"]);
    let rows = session.traces(query.filter(Filter::ends_with("plugintracelogid", &end)))?;
    match rows.as_slice() {
        [] => Err(Error::new(Code::NOT_FOUND, format!("no trace of a plug-in call ends in {text}")).into()),
        [row] => Ok(row.id),
        several => {
            let each: Vec<String> = several.iter().map(|row| row.id.to_string()).collect();
            let message = format!(
                "several plug-in calls end in {text}: {}; give more digits",
                each.join(", ")
            );
            Err(Error::new(Code::AMBIGUOUS, message).into())
        }
    }
}

/// The newest trace of a table.
pub(super) fn last(session: &dyn Door, table: &str) -> anyhow::Result<Row> {
    let columns: &[&str] = if table == REQUEST { &["sl_correlationid"] } else { &[] };
    let rows = session.traces(newest(Query::new(table).columns(columns)).top(1))?;
    Ok(rows.into_iter().next().ok_or_else(none_at_all)?)
}

pub(super) fn none_at_all() -> Error {
    Error::new(
        Code::NOT_FOUND,
        "no request has left a trace; `settings set trace all` keeps one of each",
    )
}
