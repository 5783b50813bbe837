//! `sluice trace tree`: what a request set off, drawn.

use std::collections::{BTreeSet, HashMap, VecDeque};

use serde_json::Value as Json;
use sluice_engine::TraceNode;
use sluice_model::{Code, Error, Filter, Query, Right, Row, Uuid, json as rows};

use super::{
    step_show,
    trace::{CALL, REQUEST, correlation, last, none_at_all},
    trace_drawing::draw,
};
use crate::{door::Door, names, output::Outcome, people, text::grouped};

/// Runs the command.
pub(super) fn tree(session: &dyn Door, wanted: Option<&str>) -> anyhow::Result<Outcome> {
    let wanted = match wanted {
        Some(text) => correlation(session, text)?,
        None => last(session, REQUEST)?
            .id_of("sl_correlationid")
            .ok_or_else(none_at_all)?,
    };
    let query = Query::new(REQUEST)
        .filter(Filter::eq("sl_correlationid", wanted))
        .order_by("sl_startedon");
    let traces = session.traces(query)?;
    let mut nodes = traces.iter().map(node).collect::<anyhow::Result<Vec<_>>>()?;
    let calls = calls(session, wanted)?;
    let mut said = said(&calls);
    let mut ran = HashMap::new();
    nodes.iter().for_each(|node| count_steps(node, &mut ran));
    // Where calls have no row, nobody knows which of a step's lines is whose.
    said.retain(|step, texts| ran.get(step) == Some(&texts.len()));
    nodes.iter_mut().for_each(|node| put_said(node, &mut said));
    let plugins = plugins(session, &nodes, &calls)?;
    nodes.iter_mut().for_each(|node| put_plugins(node, &plugins));
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

/// The plug-in calls of a request that have a row, in the order of their beginnings.
fn calls(session: &dyn Door, correlation: Uuid) -> anyhow::Result<Vec<Row>> {
    let query = Query::new(CALL)
        .columns(&["pluginstepid", "typename", "messageblock"])
        .filter(Filter::eq("correlationid", correlation))
        .order_by("performanceexecutionstarttime");
    Ok(session.traces(query)?)
}

/// What each step of a request said, each time that it ran; nothing, where the reader may not read it.
fn said(calls: &[Row]) -> HashMap<Uuid, VecDeque<String>> {
    let mut said: HashMap<Uuid, VecDeque<String>> = HashMap::new();
    for row in calls {
        if let Some(step) = row.id_of("pluginstepid") {
            let text = row.text("messageblock").unwrap_or_default().trim_end().to_owned();
            said.entry(step).or_default().push_back(text);
        }
    }
    said
}

/// The plug-in of each step: as its calls say it, and of steps whose calls have no row as they are registered, where
/// the reader may read that.
fn plugins(session: &dyn Door, nodes: &[TraceNode], calls: &[Row]) -> anyhow::Result<HashMap<Uuid, String>> {
    let called = |row: &Row| Some((row.id_of("pluginstepid")?, row.text("typename")?.to_owned()));
    let mut plugins: HashMap<Uuid, String> = calls.iter().filter_map(called).collect();
    let mut steps = BTreeSet::new();
    nodes.iter().for_each(|node| note_steps(node, &mut steps));
    steps.retain(|step| !plugins.contains_key(step));
    // A refusal would be on record as one of the reader's.
    let reads = |table| session.check_privilege(table, Right::Read).is_ok();
    if steps.is_empty() || !(reads(step_show::STEP) && reads(TYPE) && reads(ASSEMBLY)) {
        return Ok(plugins);
    }
    let steps = names::by_ids(session, step_show::STEP, steps, &["plugintypeid"])?;
    let of_step = |step: &Row| step.id_of("plugintypeid");
    let kinds = steps.values().filter_map(of_step).collect::<BTreeSet<_>>();
    let kinds = names::by_ids(session, TYPE, kinds, &["typename", "pluginassemblyid"])?;
    let files = kinds.values().filter_map(|kind| kind.id_of("pluginassemblyid"));
    let files = names::by_ids(session, ASSEMBLY, files.collect::<BTreeSet<_>>(), &["name"])?;
    let named = |step: &Row| {
        let kind = kinds.get(&of_step(step)?)?;
        let file = files.get(&kind.id_of("pluginassemblyid")?)?;
        Some((step.id, format!("{}/{}", file.text("name")?, kind.text("typename")?)))
    };
    plugins.extend(steps.values().filter_map(named));
    Ok(plugins)
}

/// The steps that call a plug-in themselves.
fn note_steps(node: &TraceNode, steps: &mut BTreeSet<Uuid>) {
    steps.extend(node.step.filter(|_| node.kind == "step"));
    node.children.iter().for_each(|child| note_steps(child, steps));
}

fn put_plugins(node: &mut TraceNode, plugins: &HashMap<Uuid, String>) {
    let step = node.step.filter(|_| node.kind == "step");
    node.plugin = step.and_then(|step| plugins.get(&step).cloned());
    node.children.iter_mut().for_each(|child| put_plugins(child, plugins));
}

const TYPE: &str = "plugintype";
const ASSEMBLY: &str = "pluginassembly";

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
