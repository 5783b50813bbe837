//! What a process may do: the rules of every table of processes, whatever its name. A process
//! is started at a stage, goes to the next or the previous one, is finished or given up, and
//! taken up again.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use sluice_model::{Code, Error, Name, Reference, Remedy, Result, Row, TableDef, Uuid, Value, names};

use super::part::flows;
use super::process::{check_read, process_in, processes_of};
use super::{Flow, Process, Stage, Status, link, visits};
use sluice_engine::{Operation, Rules, Unit, Why, principals};

/// The rules of a table of processes.
pub(crate) struct Instance;

/// Lookups that are a part of the definition: naming them attaches a process to nobody's row.
const DEFINITION: &[&str] = &["activestageid", "processid"];

type Linked = BTreeMap<Name, Reference>;

impl Rules for Instance {
    fn follows_as_platform(&self) -> bool {
        true
    }

    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        operation.link_as_platform(DEFINITION);
        let table = operation.table()?;
        let flow = flow_of(unit, &table)?;
        if !flow.active {
            let message = format!(
                "the process flow {} is not activated, so no process can be started in it",
                flow.name
            );
            return Err(Error::invalid(message)
                .with_table(&table.name)
                .with_remedy(Remedy::ActivateFlow)
                .with_word("FLOW", names::word(&flow.name, flow.id)));
        }
        let target = operation.target()?.clone();
        keep_flow(&target, &flow)?;
        if Status::of(&target) != Status::Active {
            return Err(wrong_status("none", Status::of(&target), "a process begins Active"));
        }
        let position = match target.get("activestageid") {
            None | Some(Value::Null) => 0,
            Some(value) => position(&flow, value.as_id().unwrap_or_default())?,
        };
        match (position, target.text("traversedpath")) {
            (0, None) => {}
            (_, None) => {
                return Err(Error::new(
                    Code::PATH_INVALID,
                    "Invalid traversed path. A process that begins at a later stage names the stages before it.",
                ));
            }
            (_, Some(path)) => check_path(&flow, position, path)?,
        }
        let rows = linked(&flow, &table, &target, None);
        need_row(&flow, position, &rows)?;
        check_read(unit, operation, rows.values())?;
        if operation.why() != Why::Along {
            refuse_second(unit, &flow, &rows)?;
        }
        check_leaving(unit, operation, &flow, &rows, 0..position)?;
        let now = operation.created_on();
        if let (Some(target), Some(stage)) = (operation.target_mut(), flow.stages.get(position)) {
            target.set("processid", Reference::new(sluice_engine::tables::PROCESS, flow.id));
            target.set("activestageid", super::stage_reference(stage));
            target.set("traversedpath", flow.path(position));
            target.set("activestagestartedon", now);
            if target.text("name").is_none_or(str::is_empty) {
                target.set("name", flow.name.as_str());
            }
        }
        Ok(())
    }

    fn after_create(&self, unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
        let Some(process) = process_in(&*unit.snapshot()?, row.clone()) else {
            return Ok(());
        };
        visits::enter(unit, operation, &process)?;
        // A row that is made together with its process has these columns from the start.
        if operation.why() == Why::Along {
            return Ok(());
        }
        visits::mirror(unit, &process)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        operation.link_as_platform(DEFINITION);
        let Some(process) = process_in(&*unit.snapshot()?, before.clone()) else {
            return Ok(());
        };
        process.check_seen(unit, operation)?;
        let target = operation.target()?.clone();
        keep_flow(&target, &process.flow)?;
        keep_rows(operation, &process, &target)?;
        let rows = linked(&process.flow, &*operation.table()?, &target, Some(&process));
        let joins = rows.iter().filter(|(table, row)| process.rows.get(*table) != Some(row));
        check_read(unit, operation, joins.map(|(_, row)| row))?;
        let moved = move_to(unit, operation, &process, &target)?;
        let status = status_wanted(&process, &target)?;
        if let Some(status) = status {
            check_status(unit, operation, &process, status)?;
        }
        let now = operation.created_on();
        let Some(target) = operation.target_mut() else {
            return Ok(());
        };
        if let Some(position) = moved {
            target.set("traversedpath", process.flow.path(position));
            target.set("activestagestartedon", now);
        }
        match status {
            Some(Status::Active) => {
                target.set("activestagestartedon", now);
                target.set("completedon", Value::Null);
                target.set("duration", Value::Null);
            }
            Some(Status::Finished | Status::Aborted) => {
                let began = before.get("createdon").and_then(Value::as_time).unwrap_or(now);
                let minutes = now.duration_since(began).as_mins();
                target.set("completedon", now);
                target.set("duration", i32::try_from(minutes).unwrap_or(i32::MAX));
            }
            None => {}
        }
        Ok(())
    }

    fn after_update(&self, unit: &mut Unit, operation: &Operation, before: &Row, changed: &Row) -> Result<()> {
        let mut row = before.clone();
        row.values.extend(changed.values.clone());
        let (was, stood) = (Status::of(before), before.id_of("activestageid"));
        let snapshot = unit.snapshot()?;
        let Some(process) = process_in(&snapshot, row) else {
            return Ok(());
        };
        let moved = process.stage().map(|stage| stage.id) != stood;
        let is = process.status;
        if was == Status::Active && (moved || is != Status::Active) {
            let position = |stage: Option<Uuid>| process.flow.stage(stage?).map(|(position, _)| position);
            let forwards = position(process.stage().map(|stage| stage.id)) > position(stood);
            let passed = is == Status::Finished || (moved && forwards);
            visits::leave(unit, operation, &process.instance, passed)?;
        }
        if (moved || was != Status::Active) && is == Status::Active {
            visits::enter(unit, operation, &process)?;
        }
        if let Some(earlier) = process_in(&snapshot, before.clone()) {
            let rows = earlier.rows.values();
            visits::clear(unit, rows.filter(|row| process.rows.get(&row.table) != Some(row)))?;
        }
        visits::mirror(unit, &process)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let instance = operation.target_reference()?;
        let row = unit.read_as_platform("see which rows leave a process that is deleted", &instance, None)?;
        let snapshot = unit.snapshot()?;
        let Some(process) = row.and_then(|row| process_in(&snapshot, row)) else {
            return visits::forget(unit, &instance);
        };
        process.check_seen(unit, operation)?;
        visits::forget(unit, &instance)?;
        visits::clear(unit, process.rows.values())
    }
}

fn flow_of(unit: &mut Unit, table: &TableDef) -> Result<Arc<Flow>> {
    let snapshot = unit.snapshot()?;
    flows(&snapshot).of_processes(&table.name).cloned().ok_or_else(|| {
        let message = format!(
            "the process flow whose processes `{}` has is gone, so none can be started",
            table.name
        );
        Error::invalid(message).with_table(&table.name)
    })
}

fn position(flow: &Flow, stage: Uuid) -> Result<usize> {
    flow.stage(stage).map(|(position, _)| position).ok_or_else(|| {
        let stages: Vec<String> = flow
            .stages
            .iter()
            .map(|stage| format!("{} ({})", stage.name, stage.id))
            .collect();
        let message = format!(
            "Validation error: Stage ID '{stage}' is not present in Business Process. {} has the stages {}.",
            flow.name,
            stages.join(", ")
        );
        Error::new(Code::STAGE_NOT_IN_FLOW, message)
    })
}

/// A process stays in its flow.
fn keep_flow(target: &Row, flow: &Flow) -> Result<()> {
    if !target.has("processid") || target.id_of("processid") == Some(flow.id) {
        return Ok(());
    }
    let message = format!(
        "Invalid operation. Process ID cannot be modified: this is a process of the flow {}.",
        flow.name
    );
    Err(Error::new(Code::PROCESS_FIXED, message))
}

/// A row that goes through a process stays in it; only the platform puts another in its place,
/// where a lead is qualified once more.
fn keep_rows(operation: &Operation, process: &Process, target: &Row) -> Result<()> {
    if operation.why().is_platform() {
        return Ok(());
    }
    let table = operation.table()?;
    for (name, row) in &process.rows {
        let changes = link(&table, name)
            .filter(|column| target.has(column))
            .filter(|column| target.lookup(column) != Some(row));
        if let Some(column) = changes {
            let message = format!(
                "Invalid operation. Specified relationship cannot be modified: `{column}` of the process is {row}."
            );
            return Err(Error::new(Code::PROCESS_ROW_FIXED, message));
        }
    }
    // A row joins when the process goes on to a stage of its table.
    let goes_to = target.id_of("activestageid").and_then(|id| process.flow.stage(id));
    for name in process.flow.tables() {
        let joins = goes_to.is_some_and(|(_, stage)| stage.table == *name);
        let early = link(&table, name).filter(|column| target.lookup(column).is_some());
        if let (Some(column), false, false) = (early, joins, process.rows.contains_key(name)) {
            let message = format!(
                "Invalid operation. Specified relationship cannot be modified: `{column}` is set when the process goes \
                 on to a stage of `{name}`, in one change with `activestageid`."
            );
            return Err(Error::new(Code::PROCESS_ROW_FIXED, message));
        }
    }
    Ok(())
}

/// The rows that go through a process, as they are after a change.
fn linked(flow: &Flow, table: &TableDef, target: &Row, process: Option<&Process>) -> Linked {
    let mut rows = process.map(|process| process.rows.clone()).unwrap_or_default();
    for name in flow.tables() {
        let Some(column) = link(table, name).filter(|column| target.has(column)) else {
            continue;
        };
        match target.lookup(&column) {
            Some(row) => rows.insert(name.clone(), row.clone()),
            None => rows.remove(name),
        };
    }
    rows
}

/// Checks a move; the position of the stage that becomes active, if it is another one.
fn move_to(unit: &mut Unit, operation: &Operation, process: &Process, target: &Row) -> Result<Option<usize>> {
    let flow = &process.flow;
    let stands = process.stage().and_then(|stage| flow.stage(stage.id));
    let stands = stands.map(|(position, _)| position);
    let wanted = match target.get("activestageid") {
        Some(Value::Null) => {
            return Err(Error::new(
                Code::STAGE_EMPTY,
                "The active stage of a process cannot be empty.",
            ));
        }
        Some(value) => Some(position(flow, value.as_id().unwrap_or_default())?),
        None => stands,
    };
    let moves = wanted != stands;
    if moves && process.status != Status::Active {
        let message = format!(
            "Invalid stage transition. Stage transition is not allowed on inactive processes. This one of {} is {}.",
            flow.name,
            process.status.word()
        );
        return Err(Error::new(Code::PROCESS_INACTIVE, message));
    }
    let Some(to) = wanted else {
        return Ok(None);
    };
    if let (Some(from), true) = (stands, moves) {
        let rows = linked(flow, &*operation.table()?, target, Some(process));
        if from.abs_diff(to) != 1 {
            return Err(not_next(flow, from, to));
        }
        check_leaving(unit, operation, flow, &rows, from..to)?;
        need_row(flow, to, &rows)?;
    }
    if target.has("traversedpath") {
        check_path(flow, to, target.text("traversedpath").unwrap_or_default())?;
    }
    Ok(Some(to).filter(|_| moves))
}

fn not_next(flow: &Flow, from: usize, to: usize) -> Error {
    let name = |position: usize| flow.stages.get(position).map_or("", |stage| stage.name.as_str());
    let around = [from.checked_sub(1), Some(from + 1)].into_iter().flatten();
    let around: Vec<&str> = around.map(name).filter(|name| !name.is_empty()).collect();
    let message = format!(
        "Invalid stage transition. Transition to stage {} is not in the process active path. From {} only the previous \
         or the next stage may be set: {}.",
        name(to),
        name(from),
        around.join(" or ")
    );
    Error::new(Code::STAGE_NOT_NEXT, message)
}

/// May these stages be left forwards, one after the other? What the rules of their tables say,
/// and the required steps as they are saved.
fn check_leaving(
    unit: &mut Unit,
    operation: &Operation,
    flow: &Flow,
    rows: &Linked,
    stages: Range<usize>,
) -> Result<()> {
    for position in stages {
        let (Some(stage), Some(next)) = (flow.stages.get(position), flow.stages.get(position + 1)) else {
            continue;
        };
        let (row, hidden) = saved_row(unit, operation, stage, rows)?;
        let table = unit.configuration().table(&stage.table)?.clone();
        unit.rules(&table)
            .before_stage_left(unit, operation, &row, &next.table)?;
        // What the platform itself moves was held to its steps before, or has them behind it.
        if !operation.why().is_platform() && !unit.is_ungated() {
            stage.check_steps(&row, &hidden)?;
        }
    }
    Ok(())
}

/// The row of a stage, as it is saved, without what whoever moves the process may not read of it, and the columns that
/// they may not read.
fn saved_row(unit: &mut Unit, operation: &Operation, stage: &Stage, rows: &Linked) -> Result<(Row, Vec<Name>)> {
    let reference = rows.get(&stage.table).ok_or_else(|| row_missing(stage))?;
    let row = unit.need_as_platform("see whether the row of a stage has what the stage asks for", reference)?;
    let table = unit.configuration().table(&stage.table)?;
    let hidden = operation.hidden(table);
    Ok((principals::without(&row, &hidden).into_owned(), hidden))
}

fn need_row(flow: &Flow, position: usize, rows: &Linked) -> Result<()> {
    match flow.stages.get(position) {
        Some(stage) if !rows.contains_key(&stage.table) => Err(row_missing(stage)),
        _ => Ok(()),
    }
}

fn row_missing(stage: &Stage) -> Error {
    let message = format!(
        "Invalid cross-entity stage transition. Target entity must be specified: stage {} is about a row of `{}`, and \
         the process has none.",
        stage.name, stage.table
    );
    Error::new(Code::STAGE_NEEDS_ROW, message).with_table(&stage.table)
}

/// Flows do not branch: the path to a stage is every stage up to it.
fn check_path(flow: &Flow, position: usize, path: &str) -> Result<()> {
    let ids: Vec<&str> = path.split(',').map(str::trim).collect();
    let expected: Vec<String> = flow.path(position).split(',').map(ToOwned::to_owned).collect();
    let is = |given: Option<&&str>, wanted: Option<&String>| match (given, wanted) {
        (Some(given), Some(wanted)) => given.eq_ignore_ascii_case(wanted),
        _ => false,
    };
    if let Some(unknown) = ids
        .iter()
        .find(|id| id.parse().ok().and_then(|id| flow.stage(id)).is_none())
    {
        let message = format!("Validation error: Stage ID '{unknown}' is not present in Business Process.");
        return Err(Error::new(Code::STAGE_NOT_IN_FLOW, message));
    }
    if !is(ids.last(), expected.last()) {
        let active = expected.last().map_or("", String::as_str);
        let message = format!("Active Stage ID ‘{active}’ does not match last Stage ID in Traversed Path ‘{path}’.");
        return Err(Error::new(Code::PATH_LAST, message));
    }
    if !is(ids.first(), expected.first()) {
        let message = format!(
            "First Stage ID in traversed path ‘{}’ does not match first Stage ID in Business Process ‘{}’.",
            ids.first().copied().unwrap_or_default(),
            expected.first().map_or("", String::as_str)
        );
        return Err(Error::new(Code::PATH_FIRST, message));
    }
    if ids.len() != expected.len()
        || !ids
            .iter()
            .zip(&expected)
            .all(|(given, wanted)| is(Some(given), Some(wanted)))
    {
        return Err(Error::new(Code::PATH_INVALID, "Invalid traversed path."));
    }
    Ok(())
}

/// A row goes through a flow once.
fn refuse_second(unit: &mut Unit, flow: &Flow, rows: &Linked) -> Result<()> {
    for row in rows.values() {
        let processes = processes_of(unit, row)?;
        if let Some(there) = processes.iter().find(|process| process.flow.id == flow.id) {
            let message = format!(
                "{row} has a process in {} already, which is {} ({})",
                flow.name,
                there.status.word(),
                there.instance.id
            );
            return Err(Error::new(Code::PROCESS_EXISTS, message).with_table(&row.table));
        }
    }
    Ok(())
}

/// The status that a change gives a process, if it is another one. What fits no state is left to
/// the check of every status.
fn status_wanted(process: &Process, target: &Row) -> Result<Option<Status>> {
    let (state, reason) = (target.int("statecode"), target.int("statuscode"));
    let status = match (state, reason) {
        (None, None) => return Ok(None),
        (Some(0), None | Some(1)) => Status::Active,
        (Some(1), None | Some(2)) | (None, Some(2)) => Status::Finished,
        (Some(1), Some(3)) | (None, Some(3)) => Status::Aborted,
        (None, Some(1)) => Status::Active,
        _ => return Ok(None),
    };
    Ok(Some(status).filter(|status| *status != process.status))
}

fn check_status(unit: &mut Unit, operation: &Operation, process: &Process, status: Status) -> Result<()> {
    match (process.status, status) {
        (Status::Active, Status::Finished) => {
            if process.next().is_some() {
                let stage = process.stage().map_or("no stage", |stage| stage.name.as_str());
                let last = process.flow.stages.last().map_or("", |stage| stage.name.as_str());
                let why = format!("it is finished at its last stage, {last}, and stands at {stage}");
                return Err(wrong_status(process.status.word(), status, &why));
            }
            let Some(stage) = process.stage().filter(|_| !operation.why().is_platform()) else {
                return Ok(());
            };
            let (row, hidden) = saved_row(unit, operation, stage, &process.rows)?;
            stage.check_steps(&row, &hidden)
        }
        (Status::Finished, Status::Aborted) | (Status::Aborted, Status::Finished) => {
            Err(wrong_status(process.status.word(), status, "reactivate it first"))
        }
        _ => Ok(()),
    }
}

fn wrong_status(from: &str, to: Status, why: &str) -> Error {
    let message = format!(
        "Invalid change process status request. Current process status is {from}, which cannot transition to {}: {why}.",
        to.word()
    );
    Error::new(Code::PROCESS_STATUS, message)
}
