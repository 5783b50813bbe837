//! `sluice trace`: what requests set off.

mod drawing;

use std::collections::{BTreeSet, HashMap, VecDeque};

use serde_json::Value as Json;
use sluice_engine::TraceNode;
use sluice_model::{
    Code, Comparison, Error, Filter, Order, Query, Reference, Related, Row, Uuid, Value, codes::Kind, json as rows,
    names::end_of_id,
};

use super::case;
use crate::{
    context::Context,
    door::Door,
    names::{self, Labels},
    output::{Grid, Outcome},
    people,
    text::grouped,
    times::Since,
    usage::Usage,
};
use drawing::draw;

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
    },
    /// Show one plug-in call: what it said, what it used, why it failed.
    Show {
        /// The trace's id, or @last for the newest.
        id: String,
    },
    /// Draw what a request set off: messages, steps and calls with their times, and what plug-ins said.
    Tree {
        /// The request's correlation id, or the end of it; by default the newest request.
        correlation: Option<String>,
    },
    /// Write the plug-in call in which a request fails as a case, which `plugin replay` and tests run
    /// again. The request runs once more for that, rolled back.
    Export {
        /// The request: its correlation id, or the end of it; by default your last refused one.
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
    fn filter(&self, context: &Context, session: &dyn Door, requests: bool) -> anyhow::Result<Filter> {
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

const CALL: &str = "plugintracelog";
const STEP: &str = "sdkmessageprocessingstep";
const REQUEST: &str = "sl_messagetrace";
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
        Command::List { which, top, requests } => {
            let (table, columns) = match requests {
                true => (REQUEST, &REQUEST_COLUMNS[..]),
                false => (CALL, &CALL_COLUMNS[..]),
            };
            let filter = which.filter(context, &session, requests)?;
            let query = newest(Query::new(table).columns(columns).filter(filter)).top(top);
            match requests {
                true => people::list(context, &session, query),
                false => calls(context, &session, query),
            }
        }
        Command::Show { id } => {
            let id = match id.as_str() {
                "@last" => last(&session, CALL)?.id,
                id => session.find_one(CALL, id)?,
            };
            show(context, &session, id)
        }
        Command::Export { trace, step } => case::export(&session, trace.as_deref(), step.as_deref()),
        Command::Tree { correlation } => tree(&session, correlation.as_deref()),
    }
}

/// The plug-in calls with their steps and what the plug-ins said, each in a line.
fn calls(context: &Context, session: &dyn Door, query: Query) -> anyhow::Result<Outcome> {
    let columns = query.columns.clone();
    let table = session.catalog()?.table(CALL)?.clone();
    let rows = session.list(query)?;
    let step = |row: &Row| row.id_of("pluginstepid").map(|id| Reference::new(STEP, id));
    let labels = Labels::load(context, rows.iter().filter_map(step))?;
    let mut grid = Grid::new([
        "ended", "step", "plug-in", "message", "depth", "ms", "said", "error", "id",
    ]);
    let mut documents = Vec::new();
    for row in &rows {
        let cell = |name: &str| match (table.column(name), row.get(name)) {
            (Some(column), Some(value)) => people::cell(column, value, &labels),
            _ => String::new(),
        };
        let step = step(row).map(|step| labels.name(&step)).unwrap_or_default();
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
        let mut document = rows::from_row(&table, row, columns.as_deref());
        if let Json::Object(map) = &mut document {
            map.insert("step".to_owned(), step.into());
        }
        documents.push(document);
    }
    Ok(Outcome::list(documents, grid.text("no rows")))
}

/// A text of several lines in one, not too long a one.
fn line(text: &str) -> String {
    const LONGEST: usize = 60;
    let whole = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" · ");
    match whole.chars().count() > LONGEST {
        true => whole.chars().take(LONGEST - 1).chain(['…']).collect(),
        false => whole,
    }
}

fn newest(mut query: Query) -> Query {
    query.order.push(Order {
        column: "createdon".into(),
        descending: true,
    });
    query
}

fn show(context: &Context, session: &dyn Door, id: Uuid) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let table = catalog.table(CALL)?;
    let row = names::get(session, CALL, id, &[])?;
    let text = if context.json() {
        String::new()
    } else {
        people::sheet(context, table, &row)?
    };
    Ok(Outcome::new(rows::from_row(table, &row, None), text))
}

/// The request with that correlation id, or with that end of it.
pub(super) fn correlation(session: &dyn Door, text: &str) -> anyhow::Result<Uuid> {
    if let Ok(id) = text.parse() {
        return Ok(id);
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
    let query = Query::new(REQUEST)
        .columns(&["sl_name", "sl_correlationid"])
        .filter(Filter::ends_with("sl_correlationid", &end));
    let rows = session.list(query)?;
    let ids: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.id_of("sl_correlationid")).collect();
    let mut ids = ids.into_iter();
    match (ids.next(), ids.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(Error::new(Code::NOT_FOUND, format!("no trace is of a request that ends in {text}")).into()),
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

fn tree(session: &dyn Door, wanted: Option<&str>) -> anyhow::Result<Outcome> {
    let wanted = match wanted {
        Some(text) => correlation(session, text)?,
        None => last(session, REQUEST)?
            .id_of("sl_correlationid")
            .ok_or_else(none_at_all)?,
    };
    let query = Query::new(REQUEST)
        .filter(Filter::eq("sl_correlationid", wanted))
        .order_by("sl_startedon");
    let traces = session.list(query)?;
    let mut nodes = traces.iter().map(node).collect::<anyhow::Result<Vec<_>>>()?;
    let mut said = said(session, wanted)?;
    let mut ran = HashMap::new();
    nodes.iter().for_each(|node| count_steps(node, &mut ran));
    // Where calls have no row, nobody knows which of a step's lines is whose.
    said.retain(|step, texts| ran.get(step) == Some(&texts.len()));
    nodes.iter_mut().for_each(|node| put_said(node, &mut said));
    let root = match nodes.as_slice() {
        [] => {
            let message = format!(
                "there is no trace of a request {wanted}; `trace list --requests` shows them, `settings show` what is kept"
            );
            return Err(Error::new(Code::NOT_FOUND, message).into());
        }
        [only] => only.clone(),
        several => together(several),
    };
    let mut document = serde_json::to_value(&root)?;
    let started = traces
        .first()
        .and_then(|row| row.get("sl_startedon"))
        .map(rows::from_value)
        .unwrap_or_default();
    if let Json::Object(map) = &mut document {
        map.insert("correlation".to_owned(), wanted.to_string().into());
        map.insert("startedon".to_owned(), started.clone());
    }
    let mut lines = vec![format!("request {wanted}, {}", started.as_str().unwrap_or_default())];
    draw(&root, "", "", &mut lines);
    let calls: u64 = nodes.iter().map(|node| node.calls_cut).sum();
    if calls > 0 {
        lines.push(format!(
            "{} plug-in calls have no row in `trace list`: the trace was full",
            grouped(calls)
        ));
    }
    Ok(Outcome::new(document, lines.join("\n")))
}

/// The newest trace of a table.
fn last(session: &dyn Door, table: &str) -> anyhow::Result<Row> {
    let columns: &[&str] = if table == REQUEST { &["sl_correlationid"] } else { &[] };
    let rows = session.list(newest(Query::new(table).columns(columns)).top(1))?;
    Ok(rows.into_iter().next().ok_or_else(none_at_all)?)
}

/// What each step of a request said, each time that it ran, in the order of their beginnings;
/// nothing, where the reader may not read it.
fn said(session: &dyn Door, correlation: Uuid) -> anyhow::Result<HashMap<Uuid, VecDeque<String>>> {
    let query = Query::new(CALL)
        .columns(&["pluginstepid", "messageblock"])
        .filter(Filter::eq("correlationid", correlation))
        .order_by("performanceexecutionstarttime");
    let rows = match session.list(query) {
        Ok(rows) => rows,
        Err(error) if error.kind() == Kind::Denied => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let mut said: HashMap<Uuid, VecDeque<String>> = HashMap::new();
    for row in rows {
        if let Some(step) = row.id_of("pluginstepid") {
            let text = row.text("messageblock").unwrap_or_default().trim_end().to_owned();
            said.entry(step).or_default().push_back(text);
        }
    }
    Ok(said)
}

/// The step whose plug-in said something at a node.
fn speaks(node: &TraceNode) -> Option<Uuid> {
    node.step.filter(|_| node.usage.is_some())
}

/// How often the plug-ins of each step ran.
fn count_steps(node: &TraceNode, ran: &mut HashMap<Uuid, usize>) {
    if let Some(step) = speaks(node) {
        *ran.entry(step).or_default() += 1;
    }
    node.children.iter().for_each(|child| count_steps(child, ran));
}

/// Puts what steps said beside them: a step begins before what it sets off.
fn put_said(node: &mut TraceNode, said: &mut HashMap<Uuid, VecDeque<String>>) {
    let text = speaks(node).and_then(|step| said.get_mut(&step)?.pop_front());
    node.said = text.filter(|text| !text.is_empty());
    node.children.iter_mut().for_each(|child| put_said(child, said));
}

fn none_at_all() -> Error {
    Error::new(
        Code::NOT_FOUND,
        "no request has left a trace; `settings set trace all` keeps one of each",
    )
}

fn node(row: &Row) -> anyhow::Result<TraceNode> {
    Ok(serde_json::from_str(row.text("sl_tree").unwrap_or_default())
        .map_err(|error| Error::host(format!("the trace {} is broken: {error}", row.id)))?)
}

/// Several messages of one request, such as those of a push.
fn together(nodes: &[TraceNode]) -> TraceNode {
    TraceNode {
        kind: "request".to_owned(),
        name: people::count(nodes.len(), "message"),
        microseconds: nodes.iter().map(|node| node.microseconds).sum(),
        error: nodes.iter().find_map(|node| node.error.clone()),
        children: nodes.to_vec(),
        ..TraceNode::default()
    }
}
