//! How much a flow asks of people: too many required steps in the first stage, and how often each
//! of them stopped somebody (R268). The latter comes from the traces of refused requests: it
//! knows what the organisation's trace setting kept.

use std::collections::HashMap;

use serde_json::{Value as Json, json};
use sluice_engine::{Flow, Session, TraceNode};
use sluice_model::{Comparison, Filter, Query, Row, Uuid, Value, codes::Kind};

use super::{super::row::pages, find};
use crate::{
    output::{Grid, Outcome},
    people,
};

/// A refused request: its table, and the columns that it stumbled over.
struct Block {
    table: String,
    missing: Vec<String>,
}

pub(super) fn run(session: &Session, flow: Option<&str>, max: usize) -> anyhow::Result<Outcome> {
    let flows = match flow {
        Some(flow) => vec![find(session, flow)?],
        None => session.flows()?,
    };
    let blocks = blocks(session)?;
    let left = left(session)?;
    let mut grid = Grid::new(["flow", "stage", "required step", "column", "blocked", "rate"]);
    let (mut steps, mut warnings) = (Vec::new(), Vec::new());
    for flow in &flows {
        warnings.extend(warning(flow, max));
        for stage in &flow.stages {
            let own: Vec<&Block> = blocks
                .iter()
                .filter(|block| block.table == *flow.unique_name || block.table == *stage.table)
                .collect();
            let passed = left.get(&stage.id).copied().unwrap_or_default();
            for step in stage.steps.iter().filter(|step| step.required) {
                let blocked = own
                    .iter()
                    .filter(|block| block.missing.iter().any(|column| **column == *step.column))
                    .count();
                let rate = rate(blocked, passed);
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
                    "rate": rate,
                }));
            }
        }
    }
    let lines: Vec<String> = warnings
        .iter()
        .filter_map(|warning: &Json| Some(format!("warning: {}", warning.get("message")?.as_str()?)))
        .collect();
    let text = format!(
        "{}\n{SOURCE}{}{}",
        grid.text("no required steps"),
        if lines.is_empty() { "" } else { "\n\n" },
        lines.join("\n")
    );
    let document = json!({ "value": steps, "warnings": warnings, "source": SOURCE });
    Ok(Outcome::new(document, text))
}

const SOURCE: &str = "blocked: requests that were refused because of the step, as far as their traces are kept; rate: \
                      their part in all attempts to leave the stage";

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
fn rate(blocked: usize, passed: usize) -> Option<f64> {
    let all = blocked + passed;
    (all > 0).then(|| blocked as f64 / all as f64)
}

/// The refused requests whose traces are kept and name columns.
fn blocks(session: &Session) -> anyhow::Result<Vec<Block>> {
    let catalog = session.catalog()?;
    let table = catalog.table("sl_messagetrace")?;
    let missing = Filter::Compare {
        column: "sl_tree".into(),
        comparison: Comparison::Contains,
        value: Value::from("\"missing\":"),
    };
    let query = Query::new("sl_messagetrace")
        .columns(&["sl_table", "sl_tree"])
        .filter(Filter::eq("sl_succeeded", false).and(missing));
    let rows = pages(session, table, &query, None)?;
    Ok(rows.iter().filter_map(block).collect())
}

fn block(row: &Row) -> Option<Block> {
    let tree: TraceNode = serde_json::from_str(row.text("sl_tree")?).ok()?;
    Some(Block {
        table: row.text("sl_table")?.to_owned(),
        missing: tree.missing,
    })
}

/// How often each stage was left; nothing is known of that to who may not read it.
fn left(session: &Session) -> anyhow::Result<HashMap<Uuid, usize>> {
    let catalog = session.catalog()?;
    let table = catalog.table("sl_stagevisit")?;
    let left = Filter::Compare {
        column: "sl_lefton".into(),
        comparison: Comparison::Ne,
        value: Value::Null,
    };
    let query = Query::new("sl_stagevisit").columns(&["sl_stageid"]).filter(left);
    let rows = match pages(session, table, &query, None) {
        Err(error)
            if error
                .downcast_ref::<sluice_model::Error>()
                .is_some_and(|error| error.kind() == Kind::Denied) =>
        {
            Vec::new()
        }
        other => other?,
    };
    let mut counts = HashMap::new();
    for stage in rows.iter().filter_map(|row| row.id_of("sl_stageid")) {
        *counts.entry(stage).or_default() += 1;
    }
    Ok(counts)
}
