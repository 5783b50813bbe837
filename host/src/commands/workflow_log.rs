//! `sluice workflow log`: what became of the runs of workflows.

use serde_json::Value as Json;
use sluice_engine::Session;
use sluice_model::{Filter, Query, Right, Row, Uuid, Value, state::job::WAITING};

use super::{holders::UNREAD, workflow::find};
use crate::{
    context::Context,
    cut, names,
    output::{Grid, Outcome},
    people,
};

const JOB: &str = "asyncoperation";
const LOG: &str = "workflowlog";

const RUNS: [&str; 10] = [
    "name",
    "statuscode",
    "createdon",
    "completedon",
    "postponeuntil",
    "primaryentitytype",
    "sl_rowid",
    "ownerid",
    "friendlymessage",
    "message",
];

/// One run: when it began, for people and for machines.
type Run = (Option<Value>, Vec<String>, Json);

pub(super) fn log(context: &Context, session: &Session, workflow: Option<&str>, top: u32) -> anyhow::Result<Outcome> {
    let workflow = workflow.map(|name| find(session, name)).transpose()?.map(|row| row.id);
    let mut runs = in_background(context, session, workflow, cut::asked(top))?;
    let reads_log = session.check_privilege(LOG, Right::Read).is_ok();
    if reads_log {
        runs.extend(in_real_time(context, session, workflow, cut::asked(top))?);
    }
    let time = |run: &Run| run.0.as_ref().and_then(Value::as_time);
    runs.sort_by_key(|run| std::cmp::Reverse(time(run)));
    let more = cut::to(&mut runs, top);
    let mut grid = Grid::new([
        "workflow",
        "status",
        "row",
        "began",
        "ended",
        "waits until",
        "as",
        "action",
        "message",
        "job",
    ]);
    let mut documents = Vec::new();
    for (_, cells, document) in runs {
        grid.row(cells);
        documents.push(document);
    }
    let text = grid.text(match reads_log {
        true => "no runs in the background, and nothing was logged of others",
        false => "no runs in the background",
    });
    let mut outcome = cut::said(Outcome::list(documents, text), top, more);
    if !reads_log {
        outcome.say(&format!("and {UNREAD}: what was logged of runs in real time"));
    }
    Ok(outcome)
}

/// The rows of a query, the newest first.
fn newest(session: &Session, table: &str, columns: &[&str], filter: Filter, top: u32) -> anyhow::Result<Vec<Row>> {
    let mut query = Query::new(table).columns(columns).filter(filter).top(top);
    query.order = vec![sluice_model::Order {
        column: "createdon".into(),
        descending: true,
    }];
    Ok(session.list(query)?)
}

fn in_background(context: &Context, session: &Session, workflow: Option<Uuid>, top: u32) -> anyhow::Result<Vec<Run>> {
    let mut filter = Filter::eq("operationtype", Value::Choice(10));
    if let Some(workflow) = workflow {
        filter = filter.and(Filter::eq("workflowactivationid", workflow));
    }
    let rows = newest(session, JOB, &RUNS, filter, top)?;
    let labels = names::Labels::of(context, &rows)?;
    let table = session.catalog()?.table(JOB)?.clone();
    let columns: Vec<_> = RUNS.iter().map(|name| (*name).into()).collect();
    let run = |row: &Row| {
        let cell = |column: &str| people::cell_of(&table, row, column, &labels);
        let waits = row.int("statuscode") == Some(WAITING.status);
        let cells = vec![
            cell("name"),
            cell("statuscode"),
            format!("{}:{}", cell("primaryentitytype"), cell("sl_rowid")),
            cell("createdon"),
            cell("completedon"),
            if waits { cell("postponeuntil") } else { String::new() },
            cell("ownerid"),
            cell("friendlymessage"),
            cell("message"),
            row.id.to_string(),
        ];
        let mut document = sluice_model::json::from_row(&table, row, Some(&columns));
        if let Some(map) = document.as_object_mut() {
            map.insert("status".to_owned(), cell("statuscode").into());
        }
        (row.get("createdon").cloned(), cells, document)
    };
    Ok(rows.iter().map(run).collect())
}

const FAILED: [&str; 9] = [
    "sl_workflow",
    "status",
    "createdon",
    "completedon",
    "sl_rowtable",
    "sl_rowid",
    "ownerid",
    "stepname",
    "message",
];

/// What failed in real time, of those workflows that log it.
fn in_real_time(context: &Context, session: &Session, workflow: Option<Uuid>, top: u32) -> anyhow::Result<Vec<Run>> {
    let filter = match workflow {
        Some(workflow) => Filter::eq("sl_workflow", workflow),
        None => Filter::Not(Box::new(Filter::eq("sl_workflow", Value::Null))),
    };
    let rows = newest(session, LOG, &FAILED, filter, top)?;
    let labels = names::Labels::of(context, &rows)?;
    let table = session.catalog()?.table(LOG)?.clone();
    let columns: Vec<_> = FAILED.iter().map(|name| (*name).into()).collect();
    let run = |row: &Row| {
        let cell = |column: &str| people::cell_of(&table, row, column, &labels);
        let cells = vec![
            cell("sl_workflow"),
            cell("status"),
            format!("{}:{}", cell("sl_rowtable"), cell("sl_rowid")),
            cell("createdon"),
            cell("completedon"),
            String::new(),
            cell("ownerid"),
            cell("stepname"),
            cell("message"),
            String::new(),
        ];
        let mut document = sluice_model::json::from_row(&table, row, Some(&columns));
        if let Some(map) = document.as_object_mut() {
            map.insert("status".to_owned(), cell("status").into());
            map.insert("name".to_owned(), cell("sl_workflow").into());
        }
        (row.get("createdon").cloned(), cells, document)
    };
    Ok(rows.iter().map(run).collect())
}

/// What the actions of a run came to, in their order.
pub(super) fn actions(session: &Session, job: &str, top: u32) -> anyhow::Result<Outcome> {
    let job = session.find_one(JOB, job)?;
    let query = Query::new(LOG)
        .columns(&["stepname", "status", "startedon", "message"])
        .filter(Filter::eq("asyncoperationid", job))
        .top(cut::asked(top));
    let mut rows = session.list(query)?;
    let more = cut::to(&mut rows, top);
    let table = session.catalog()?.table(LOG)?.clone();
    let mut grid = Grid::new(["status", "action", "at", "message"]);
    for row in &rows {
        let cell = |column: &str| {
            let value = row.get(column).unwrap_or(&Value::Null);
            let column = table.column(column);
            column
                .map(|column| people::cell(column, value, &names::Labels::default()))
                .unwrap_or_default()
        };
        grid.row([cell("status"), cell("stepname"), cell("startedon"), cell("message")]);
    }
    let columns: Vec<_> = ["stepname", "status", "startedon", "message"].map(Into::into).to_vec();
    let documents = rows
        .iter()
        .map(|row| sluice_model::json::from_row(&table, row, Some(&columns)))
        .collect();
    let list = Outcome::list(documents, grid.text("nothing was logged of that run"));
    Ok(cut::said(list, top, more))
}
