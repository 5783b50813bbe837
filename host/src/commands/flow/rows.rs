//! The processes of a row: shown, moved, started, switched. Each move is an Update of the
//! process's own row; what it may be is decided there.

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{
    Code, Error, Filter, Query, Reference, Request, Row, Timestamp, Value, codes::Kind, json::whole_seconds,
};
use sluice_platform::prelude::*;
use sluice_platform::{Process, Stage, Status};

use super::{
    super::{
        row::target as reference,
        selection::Selection,
        several::{self, Known},
    },
    find, find_to_start,
};
use crate::{
    context::Context,
    names::Labels,
    output::{Grid, Outcome},
};

/// Which rows, and which of their processes.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    #[command(flatten)]
    rows: Selection,
    /// The table of the rows.
    #[arg(long, default_value = "lead")]
    table: String,
    /// The process in this flow; by default the one that counts.
    #[arg(long)]
    flow: Option<String>,
}

/// Which rows, and a flow for them.
#[derive(Debug, clap::Args)]
pub(crate) struct RowAndFlow {
    #[command(flatten)]
    rows: Selection,
    /// The table of the rows.
    #[arg(long, default_value = "lead")]
    table: String,
    /// The flow.
    #[arg(long)]
    flow: String,
}

/// Where a process goes.
#[derive(Clone, Copy)]
pub(super) enum Direction<'a> {
    Next,
    Previous,
    To(&'a str),
}

/// Does the same to the processes of each of the rows.
fn each(
    context: &Context,
    session: &Session,
    (rows, table): (&Selection, &str),
    work: impl Fn(&Reference) -> anyhow::Result<Outcome>,
) -> anyhow::Result<Outcome> {
    let rows = rows.pick(session, table)?;
    let what = (sluice_engine::noun(table), "moved in its process");
    let find = |name: &str| Ok(Known(Reference::new(table, session.find_one(table, name)?)));
    several::picked(context, what, &rows, find, several::quietly, |Known(row)| {
        Ok(several::of_one(work(&row)?))
    })
}

pub(super) fn step(
    context: &Context,
    session: &Session,
    target: &Target,
    step: Direction<'_>,
) -> anyhow::Result<Outcome> {
    each(context, session, (&target.rows, &target.table), |row| {
        let process = chosen(session, row, target, Code::PROCESS_INACTIVE, |process| {
            process.status == Status::Active
        })?;
        let stage = wanted(&process, step)?;
        let from = process.stage().map_or("-", |stage| stage.name.as_str());
        let text = format!("{from} → {}", stage.name);
        session.execute(Request::update(process.to(stage)))?;
        moved(context, session, row, &process, &text)
    })
}

fn wanted<'a>(process: &'a Process, step: Direction<'_>) -> anyhow::Result<&'a Stage> {
    let names: Vec<&str> = process.flow.stages.iter().map(|stage| stage.name.as_str()).collect();
    let missing = |code, message: String| Err(Error::new(code, message).into());
    let stands = process.stage().map_or("no stage", |stage| stage.name.as_str());
    match step {
        Direction::Next => process.next().map_or_else(
            || {
                let message = format!(
                    "the process stands at {stands}, the last stage of {}: finish it (`flow finish`)",
                    process.flow.name
                );
                missing(Code::STAGE_NOT_NEXT, message)
            },
            Ok,
        ),
        Direction::Previous => process.previous().map_or_else(
            || {
                let message = format!(
                    "the process stands at {stands}, the first stage of {}",
                    process.flow.name
                );
                missing(Code::STAGE_NOT_NEXT, message)
            },
            Ok,
        ),
        Direction::To(name) => process.flow.stage_named(name).map_or_else(
            || {
                let message = format!(
                    "{} has no stage \"{name}\"; it has {}",
                    process.flow.name,
                    names.join(", ")
                );
                missing(Code::STAGE_NOT_IN_FLOW, message)
            },
            Ok,
        ),
    }
}

pub(super) fn end(context: &Context, session: &Session, target: &Target, status: Status) -> anyhow::Result<Outcome> {
    each(context, session, (&target.rows, &target.table), |row| {
        let process = chosen(session, row, target, Code::PROCESS_INACTIVE, |process| {
            process.status == Status::Active
        })?;
        session.execute(Request::update(process.becomes(status)))?;
        moved(context, session, row, &process, &status.word().to_lowercase())
    })
}

pub(super) fn reactivate(context: &Context, session: &Session, target: &Target) -> anyhow::Result<Outcome> {
    each(context, session, (&target.rows, &target.table), |row| {
        let process = chosen(session, row, target, Code::PROCESS_STATUS, |process| {
            process.status != Status::Active
        })?;
        session.execute(Request::update(process.becomes(Status::Active)))?;
        moved(context, session, row, &process, "active again")
    })
}

pub(super) fn start(context: &Context, session: &Session, choice: &RowAndFlow) -> anyhow::Result<Outcome> {
    let flow = find_to_start(session, &choice.flow)?;
    each(context, session, (&choice.rows, &choice.table), |row| {
        let instance = session.start_process(&flow, row)?;
        shown(context, session, row, &instance, "started")
    })
}

pub(super) fn switch(context: &Context, session: &Session, choice: &RowAndFlow) -> anyhow::Result<Outcome> {
    let flow = find_to_start(session, &choice.flow)?;
    each(context, session, (&choice.rows, &choice.table), |row| {
        let processes = session.processes_of(row)?;
        let Some(process) = processes.into_iter().find(|process| process.flow.id == flow.id) else {
            let instance = session.start_process(&flow, row)?;
            return shown(context, session, row, &instance, "started");
        };
        if process.status != Status::Active {
            let message = format!(
                "the process of {row} in {} is {}; take it up again with `flow reactivate`",
                flow.name,
                process.status.word()
            );
            return Err(Error::new(Code::PROCESS_INACTIVE, message).into());
        }
        // It counts because it is the one that changed last.
        if let Some(stage) = process.stage() {
            session.execute(Request::update(process.to(stage)))?;
        }
        moved(context, session, row, &process, "counts now")
    })
}

/// The first process of a row that fits; the code for where none does.
fn chosen(
    session: &Session,
    row: &Reference,
    target: &Target,
    unfit: Code,
    fits: impl Fn(&Process) -> bool,
) -> anyhow::Result<Process> {
    let flow = target.flow.as_ref().map(|flow| find(session, flow)).transpose()?;
    let all = session.processes_of(row)?;
    let of_flow = |process: &Process| flow.as_ref().is_none_or(|flow| flow.id == process.flow.id);
    let there: Vec<String> = all
        .iter()
        .map(|process| format!("{} is {}", process.flow.name, process.status.word()))
        .collect();
    let found = all.into_iter().find(|process| of_flow(process) && fits(process));
    found.ok_or_else(|| {
        let (code, message) = match there.as_slice() {
            [] => (
                Code::NOT_FOUND,
                format!("{row} is in no process that you see; `flow start` starts one"),
            ),
            there => (unfit, format!("{row} has no process for that: {}", there.join(", "))),
        };
        Error::new(code, message).with_table(&row.table).into()
    })
}

fn moved(
    context: &Context,
    session: &Session,
    row: &Reference,
    process: &Process,
    what: &str,
) -> anyhow::Result<Outcome> {
    shown(context, session, row, &process.instance, what)
}

/// The process as it is now.
fn shown(
    context: &Context,
    session: &Session,
    row: &Reference,
    instance: &Reference,
    what: &str,
) -> anyhow::Result<Outcome> {
    let processes = session.processes_of(row)?;
    let now = processes.iter().find(|process| process.instance == *instance);
    let Some(process) = now else {
        // The row is no longer in it, as an opportunity of which the process went back.
        return Ok(Outcome::new(json!({ "id": instance.id.to_string() }), what));
    };
    let name = Labels::load(context, [row.clone()])?.name(row);
    let text = format!(
        "{name}: {what} ({}, {})",
        process.flow.name,
        process.stage().map_or("no stage", |stage| stage.name.as_str())
    );
    Ok(Outcome::new(document(process), text))
}

fn document(process: &Process) -> Json {
    let time = |column: &str| time(&process.row, column).map(whole_seconds);
    let stage = process.stage();
    let path = process.row.text("traversedpath").unwrap_or_default();
    let path = path.split(',').filter_map(|id| process.flow.stage_named(id));
    let rows: serde_json::Map<String, Json> = process
        .rows
        .iter()
        .map(|(table, row)| (table.to_string(), row.id.to_string().into()))
        .collect();
    json!({
        "id": process.instance.id.to_string(),
        "table": process.instance.table,
        "flow": process.flow.name,
        "flowid": process.flow.id.to_string(),
        "status": process.status.word(),
        "stage": stage.map(|stage| &stage.name),
        "stageid": stage.map(|stage| stage.id.to_string()),
        "stagetable": stage.map(|stage| &stage.table),
        "activestagestartedon": time("activestagestartedon"),
        "createdon": time("createdon"),
        "completedon": time("completedon"),
        "duration": process.row.int("duration"),
        "rows": rows,
        "path": path.map(|stage| &stage.name).collect::<Vec<_>>(),
    })
}

fn time(row: &Row, column: &str) -> Option<Timestamp> {
    row.get(column).and_then(Value::as_time)
}

pub(super) fn instances(context: &Context, session: &Session, table: &str, id: &str) -> anyhow::Result<Outcome> {
    let row = reference(session, table, id)?;
    let processes = session.processes_of(&row)?;
    let visits = visits(session, &processes)?;
    let mut grid = Grid::new(["flow", "status", "stage", "since", "id"]);
    let mut rows = Vec::new();
    let mut texts = Vec::new();
    for process in &processes {
        let own: Vec<&Row> = visits
            .iter()
            .flatten()
            .filter(|visit| visit.id_of("sl_instanceid") == Some(process.instance.id))
            .filter(|visit| visit.id_of("sl_processid") == Some(process.flow.id))
            .collect();
        grid.row([
            process.flow.name.clone(),
            process.status.word().to_owned(),
            process.stage().map_or_else(String::new, |stage| stage.name.clone()),
            time(&process.row, "activestagestartedon").map_or_else(String::new, whole_seconds),
            process.instance.id.to_string(),
        ]);
        let mut document = document(process);
        if let Json::Object(map) = &mut document {
            let shown = visits
                .as_ref()
                .map(|_| own.iter().map(|visit| visit_json(visit)).collect());
            map.insert("visits".to_owned(), shown.unwrap_or(Json::Null));
        }
        rows.push(document);
        if !own.is_empty() && !context.json() {
            texts.push(format!("{}\n{}", process.flow.name, visit_lines(context, &own)));
        }
    }
    if visits.is_none() && !processes.is_empty() {
        texts.push("when stages were entered and left you may not see: that takes Read on sl_stagevisit".to_owned());
    }
    let text = grid.text("no process that you see").to_string();
    let text = std::iter::once(text).chain(texts).collect::<Vec<_>>().join("\n\n");
    Ok(Outcome::list(rows, text))
}

/// When the stages were entered and left; nothing, for who may not read that.
fn visits(session: &Session, processes: &[Process]) -> anyhow::Result<Option<Vec<Row>>> {
    let filter = Filter::In {
        column: "sl_instanceid".into(),
        values: processes.iter().map(|process| Value::Id(process.instance.id)).collect(),
    };
    let query = Query::new("sl_stagevisit").filter(filter).order_by("sl_enteredon");
    match session.list(query) {
        Err(error) if error.kind() == Kind::Denied => Ok(None),
        other => Ok(Some(other?)),
    }
}

fn visit_json(visit: &Row) -> Json {
    let at = |column: &str| time(visit, column).map(whole_seconds);
    json!({ "stage": visit.text("sl_stagename"), "enteredon": at("sl_enteredon"), "lefton": at("sl_lefton") })
}

fn visit_lines(context: &Context, visits: &[&Row]) -> crate::output::Written {
    let mut grid = Grid::new(["stage", "entered", "left", "days"]);
    for visit in visits {
        let at = |column: &str| time(visit, column);
        let text = |time: Option<Timestamp>| time.map_or_else(String::new, whole_seconds);
        let days = at("sl_enteredon").map(|entered| {
            let left = at("sl_lefton").unwrap_or_else(|| context.env().now());
            format!("{:.1}", left.duration_since(entered).as_secs_f64() / 86_400.0)
        });
        grid.row([
            visit.text("sl_stagename").unwrap_or_default().to_owned(),
            text(at("sl_enteredon")),
            text(at("sl_lefton")),
            days.unwrap_or_default(),
        ]);
    }
    grid.text("")
}
