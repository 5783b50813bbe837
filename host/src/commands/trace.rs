//! `sluice trace`: what requests set off.

use serde_json::Value as Json;
use sluice_engine::TraceNode;
use sluice_model::{Code, Error, Filter, Order, Query, Reference, Row, Uuid, json as rows};

use crate::{
    context::Context,
    door::Door,
    names::{self, Labels},
    output::{Grid, Outcome},
    people, report,
    text::grouped,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the plug-in calls that left a trace, the newest first.
    List {
        /// Only those of this request.
        #[arg(long, value_name = "ID")]
        correlation: Option<Uuid>,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 50)]
        top: u32,
        /// The requests instead of the plug-in calls.
        #[arg(long)]
        requests: bool,
    },
    /// Show one plug-in call: what it said, what it used, why it failed.
    Show {
        /// The trace's id.
        id: Uuid,
    },
    /// Draw what a request set off: messages, steps and calls with their times.
    Tree {
        /// The request's correlation id; by default the newest request.
        correlation: Option<Uuid>,
    },
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
        Command::List {
            correlation,
            top,
            requests,
        } => {
            let (table, column, columns) = match requests {
                true => (REQUEST, "sl_correlationid", &REQUEST_COLUMNS[..]),
                false => (CALL, "correlationid", &CALL_COLUMNS[..]),
            };
            let of_request = correlation.map_or(Filter::All, |id| Filter::eq(column, id));
            let query = newest(Query::new(table).columns(columns).filter(of_request)).top(top);
            match requests {
                true => people::list(context, &session, query),
                false => calls(context, &session, query),
            }
        }
        Command::Show { id } => show(context, &session, id),
        Command::Tree { correlation } => tree(&session, correlation),
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

fn tree(session: &dyn Door, correlation: Option<Uuid>) -> anyhow::Result<Outcome> {
    let wanted = match correlation {
        Some(id) => id,
        None => {
            let last = session.list(newest(Query::new(REQUEST).columns(&["sl_correlationid"])).top(1))?;
            last.first()
                .and_then(|row| row.id_of("sl_correlationid"))
                .ok_or_else(none_at_all)?
        }
    };
    let query = Query::new(REQUEST)
        .filter(Filter::eq("sl_correlationid", wanted))
        .order_by("sl_startedon");
    let traces = session.list(query)?;
    let nodes = traces.iter().map(node).collect::<anyhow::Result<Vec<_>>>()?;
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

/// Draws a node and what it set off. `first` stands before the node, `rest` before the lines
/// below it.
fn draw(node: &TraceNode, first: &str, rest: &str, lines: &mut Vec<String>) {
    lines.push(format!("{first}{}", headline(node)));
    let last = node.children.len().saturating_sub(usize::from(node.cut == 0));
    let below = if node.children.is_empty() && node.cut == 0 {
        "    "
    } else {
        "│   "
    };
    if let Some(usage) = &node.usage {
        lines.push(format!("{rest}{below}used: {usage}"));
    }
    let is_leaf = node.error.is_some() && node.children.iter().all(|child| child.error.is_none());
    if let Some(error) = node.refusal().filter(|_| is_leaf) {
        let text = crate::text::wrapped(&error, 100);
        lines.extend(text.lines().map(|line| format!("{rest}{below}{line}")));
    }
    for (position, child) in node.children.iter().enumerate() {
        let (branch, under) = if position == last {
            ("└── ", "    ")
        } else {
            ("├── ", "│   ")
        };
        draw(child, &format!("{rest}{branch}"), &format!("{rest}{under}"), lines);
    }
    if node.cut > 0 {
        lines.push(format!(
            "{rest}└── … and {} more, which were not kept",
            grouped(node.cut)
        ));
    }
}

/// `✗ step "commission: Create of account" (pre-operation)  1,234 µs  ← failed here`
fn headline(node: &TraceNode) -> String {
    let mark = if node.error.is_some() { "✗ " } else { "" };
    let what = match (node.kind.as_str(), node.level) {
        (kind @ ("step" | "workflow"), Some(stage)) => format!("{kind} \"{}\" ({})", node.name, report::stage(stage)),
        ("message", Some(depth)) => format!("{} (depth {depth})", node.name),
        ("call", _) => format!("call {}", node.name),
        _ => node.name.clone(),
    };
    let user = node.user.as_ref().map(|user| format!(" as {user}")).unwrap_or_default();
    let here = if node.error.is_some() && node.children.iter().all(|child| child.error.is_none()) {
        "  ← failed here"
    } else {
        ""
    };
    format!("{mark}{what}{user}  {} µs{here}", grouped(node.microseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(kind: &str, name: &str, error: Option<&str>, children: Vec<TraceNode>) -> TraceNode {
        let (kind, name) = (kind.to_owned(), name.to_owned());
        TraceNode {
            kind,
            name,
            microseconds: 1_500,
            error: error.map(|message| serde_json::json!({ "code": "0x80040220", "message": message })),
            children,
            ..TraceNode::default()
        }
    }

    #[test]
    fn the_failing_leaf_is_marked() {
        let call = leaf("call", "Retrieve x", Some("no"), Vec::new());
        let root = leaf(
            "message",
            "Create a",
            Some("no"),
            vec![leaf("call", "Other", None, Vec::new()), call],
        );
        let mut lines = Vec::new();
        draw(&root, "", "", &mut lines);
        assert_eq!(
            lines,
            [
                "✗ Create a  1,500 µs",
                "├── call Other  1,500 µs",
                "└── ✗ call Retrieve x  1,500 µs  ← failed here",
                "        0x80040220 no",
            ]
        );
    }

    #[test]
    fn what_was_not_kept_is_counted() {
        let mut root = leaf(
            "message",
            "Create a",
            None,
            vec![leaf("call", "Other", None, Vec::new())],
        );
        root.cut = 12_345;
        let mut lines = Vec::new();
        draw(&root, "", "", &mut lines);
        assert_eq!(
            lines,
            [
                "Create a  1,500 µs",
                "├── call Other  1,500 µs",
                "└── … and 12,345 more, which were not kept"
            ]
        );
    }
}
