//! How much a flow asks of people: too many required steps in the first stage, and how often each
//! of them stopped somebody. The latter comes from the traces of refused requests, of which
//! the organisation's trace setting decides what is kept. What came before a step was required
//! says nothing about it; since when it is, the audit trail knows.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Value as Json, json};
use sluice_engine::{Session, TraceNode};
use sluice_model::{Filter, Query, Row, Timestamp, Uuid, Value, codes::Kind};
use sluice_platform::prelude::*;
use sluice_platform::{Flow, Stage};

use super::{super::row::pages, find};
use crate::{
    output::{Grid, Outcome},
    people,
};

/// A refused request: its table, when it was, the columns that it stumbled over, and the stages
/// that the refusal may mean. There are none where the stage was renamed since.
struct Block {
    table: String,
    when: Timestamp,
    missing: Vec<String>,
    stages: Vec<Uuid>,
}

impl Block {
    /// Whether it was to leave that stage. A stage that was renamed since is known by its steps.
    fn is_at(&self, flow: &Flow, stage: &Stage) -> bool {
        let is_step = |column: &String| stage.steps.iter().any(|step| *step.column == **column);
        (self.table == *flow.unique_name || self.table == *stage.table)
            && match self.stages.as_slice() {
                [] => self.missing.iter().any(is_step),
                stages => stages.contains(&stage.id),
            }
    }
}

pub(super) fn run(session: &Session, flow: Option<&str>, max: usize) -> anyhow::Result<Outcome> {
    let flows = match flow {
        Some(flow) => vec![find(session, flow)?],
        None => session.flows()?,
    };
    let blocks = blocks(session)?;
    let (passed, required) = (passed(session)?, required(session)?);
    let mut grid = Grid::new(["flow", "stage", "required step", "column", "blocked", "rate"]);
    let (mut steps, mut warnings) = (Vec::new(), Vec::new());
    for flow in &flows {
        warnings.extend(warning(flow, max));
        for stage in &flow.stages {
            let stopped: Vec<&Block> = blocks.iter().filter(|block| block.is_at(flow, stage)).collect();
            let passed = passed.get(&stage.id).map(Vec::as_slice).unwrap_or_default();
            for step in stage.steps.iter().filter(|step| step.required) {
                let counts = |when: Timestamp| required.get(&step.id).is_none_or(|since| when >= *since);
                let passed = passed.iter().filter(|when| counts(**when)).count();
                let stopped: Vec<_> = stopped.iter().filter(|block| counts(block.when)).collect();
                let blocked = stopped
                    .iter()
                    .filter(|block| block.missing.iter().any(|column| **column == *step.column))
                    .count();
                let attempts = stopped.len() + passed;
                let rate = rate(blocked, attempts);
                grid.row([
                    flow.name.clone(),
                    stage.name.clone(),
                    step.label.clone(),
                    step.column.to_string(),
                    blocked.to_string(),
                    rate.map_or_else(String::new, |rate| format!("{:.0} %", 100.0 * rate)),
                ]);
                steps.push(json!({
                    "flow": flow.name,
                    "stage": stage.name,
                    "step": step.label,
                    "column": step.column,
                    "blocked": blocked,
                    "passed": passed,
                    "attempts": attempts,
                    "rate": rate,
                }));
            }
        }
    }
    let lines: Vec<String> = warnings
        .iter()
        .filter_map(|warning: &Json| Some(format!("warning: {}", warning.get("message")?.as_str()?)))
        .collect();
    let between = if lines.is_empty() { "" } else { "\n\n" };
    let behind = format!("{SOURCE}{between}{}", lines.join("\n"));
    let document = json!({ "value": steps, "warnings": warnings, "source": SOURCE });
    Ok(Outcome::table(document, "", grid.text("no required steps"), &behind))
}

const SOURCE: &str = "blocked: requests that were refused because of the step, as far as their traces are kept; rate: \
                      their part in all attempts to leave the stage forwards, since the step is required as far as \
                      the audit trail tells";

fn warning(flow: &Flow, max: usize) -> Option<Json> {
    let stage = flow.stages.first()?;
    let required = stage.steps.iter().filter(|step| step.required).count();
    if required <= max {
        return None;
    }
    let message = format!(
        "the first stage of {}, {}, has {}, more than {max}: asking for too much there is the \
         most common reason why people give up",
        flow.name,
        stage.name,
        people::count(required, "required step")
    );
    Some(json!({ "flow": flow.name, "stage": stage.name, "required": required, "max": max, "message": message }))
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn rate(blocked: usize, attempts: usize) -> Option<f64> {
    (attempts > 0).then(|| blocked as f64 / attempts as f64)
}

/// The refused requests whose traces are kept and name columns.
fn blocks(session: &Session) -> anyhow::Result<Vec<Block>> {
    let query = Query::new("sl_messagetrace")
        .columns(&["sl_table", "sl_tree", "createdon"])
        .filter(Filter::eq("sl_succeeded", false));
    let rows = pages(session, &query)?;
    let flows = session.flows()?;
    Ok(rows.iter().filter_map(|row| block(row, &flows)).collect())
}

fn block(row: &Row, flows: &[Arc<Flow>]) -> Option<Block> {
    let tree: TraceNode = serde_json::from_str(row.text("sl_tree")?).ok()?;
    if tree.missing.is_empty() {
        return None;
    }
    let refusal = tree.refusal().unwrap_or_default();
    let stages = flows.iter().flat_map(|flow| &flow.stages);
    Some(Block {
        table: row.text("sl_table")?.to_owned(),
        when: row.get("createdon")?.as_time()?,
        missing: tree.missing,
        stages: stages
            .filter(|stage| stage.is_refusal(&refusal))
            .map(|stage| stage.id)
            .collect(),
    })
}

/// When each stage was left forwards.
fn passed(session: &Session) -> anyhow::Result<HashMap<Uuid, Vec<Timestamp>>> {
    let query = Query::new("sl_stagevisit")
        .columns(&["sl_stageid", "sl_lefton"])
        .filter(Filter::eq("sl_passed", true));
    let mut times: HashMap<Uuid, Vec<Timestamp>> = HashMap::new();
    for row in readable(session, &query)? {
        if let (Some(stage), Some(left)) = (row.id_of("sl_stageid"), row.get("sl_lefton").and_then(Value::as_time)) {
            times.entry(stage).or_default().push(left);
        }
    }
    Ok(times)
}

/// Since when each step is as required as it is.
fn required(session: &Session) -> anyhow::Result<HashMap<Uuid, Timestamp>> {
    let says = |row: &Row| {
        row.text("changedata")
            .is_some_and(|changes| changes.contains("\"sl_required\""))
    };
    let query = Query::new("audit")
        .columns(&["objectid", "createdon", "changedata"])
        .filter(Filter::eq("objecttypecode", "sl_processstep").and(Filter::eq("sl_ofearlierrow", true).negated()));
    let mut since: HashMap<Uuid, Timestamp> = HashMap::new();
    for row in readable(session, &query)?.into_iter().filter(says) {
        if let (Some(step), Some(when)) = (row.id_of("objectid"), row.get("createdon").and_then(Value::as_time)) {
            let last = since.entry(step).or_insert(when);
            *last = when.max(*last);
        }
    }
    Ok(since)
}

/// The rows of a query; none, for who may not read its table.
fn readable(session: &Session, query: &Query) -> anyhow::Result<Vec<Row>> {
    let denied = |error: &anyhow::Error| {
        let error = error.downcast_ref::<sluice_model::Error>();
        error.is_some_and(|error| error.kind() == Kind::Denied)
    };
    match pages(session, query) {
        Err(error) if denied(&error) => Ok(Vec::new()),
        other => other,
    }
}
