//! What the moves of a process leave behind: when each stage was entered and left, and
//! `processid`, `stageid` and `traversedpath` beside the rows that go through it.

use sluice_model::{Filter, Query, Reference, Result, Row, Value};

use super::part::flows;
use super::process::processes_of;
use super::{Process, STAGE_VISIT, start::has_place};
use sluice_engine::{Operation, Unit};

/// The process has entered its active stage.
pub(super) fn enter(unit: &mut Unit, operation: &Operation, process: &Process) -> Result<()> {
    let Some(stage) = process.stage() else {
        return Ok(());
    };
    let now = operation.created_on();
    let mut visit = Row::new(STAGE_VISIT, unit.new_id())
        .with("sl_instanceid", process.instance.id)
        .with("sl_processid", process.flow.id)
        .with("sl_stageid", stage.id)
        .with("sl_stagename", stage.name.as_str())
        .with("sl_table", &*stage.table)
        .with("sl_enteredon", now)
        .with("createdon", now);
    if let Some(row) = process.rows.get(&stage.table) {
        visit.set("sl_row", row.id);
    }
    unit.insert_as_platform("keep the time at which a process enters a stage", visit)
}

/// The visits of a process. Tables of processes may have rows of the same id: the flow tells them
/// apart. A process whose flow is gone has those of no flow that is there.
fn of(unit: &mut Unit, instance: &Reference, filter: Filter) -> Result<Vec<Row>> {
    let snapshot = unit.snapshot()?;
    let query = Query::new(STAGE_VISIT)
        .columns(&["sl_processid", "sl_table", "sl_row"])
        .filter(Filter::eq("sl_instanceid", instance.id).and(filter));
    let mut visits = unit.select_as_platform("see where a process has been", &query)?;
    let own = flows(&snapshot).of_processes(&instance.table).map(|flow| flow.id);
    visits.retain(|visit| {
        let flow = visit.id_of("sl_processid");
        match own {
            Some(own) => flow == Some(own),
            None => flow.is_none_or(|flow| flows(&snapshot).find(flow).is_none()),
        }
    });
    Ok(visits)
}

/// The process has left the stage at which it stood: forwards (`passed`), back, or given up.
pub(super) fn leave(unit: &mut Unit, operation: &Operation, instance: &Reference, passed: bool) -> Result<()> {
    for visit in of(unit, instance, Filter::eq("sl_lefton", Value::Null))? {
        let left = Row::new(STAGE_VISIT, visit.id)
            .with("sl_lefton", operation.created_on())
            .with("sl_passed", passed);
        unit.update_as_platform("keep the time at which a process leaves a stage", left)?;
    }
    Ok(())
}

/// The process is deleted, and its visits with it.
pub(super) fn forget(unit: &mut Unit, instance: &Reference) -> Result<()> {
    for visit in of(unit, instance, Filter::All)? {
        unit.delete_as_platform(
            "remove the stage visits of a process that is deleted",
            &visit.reference(),
        )?;
    }
    Ok(())
}

/// A row is about to be deleted that had joined processes: those stay, and their visits name it
/// no longer, so that a later row of the same id has visited nothing. Processes that began at
/// the row go with it.
pub(crate) fn row_deleted(unit: &mut Unit, row: &Reference) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let mut joined = flows(&snapshot).through(&row.table);
    if joined.all(|flow| flow.begins_at() == Some(&row.table)) {
        return Ok(());
    }
    for process in processes_of(unit, row)? {
        if process.flow.begins_at() == Some(&row.table) {
            continue;
        }
        for visit in of(unit, &process.instance, Filter::All)? {
            if visit.text("sl_table") == Some(&*row.table) && visit.id_of("sl_row") == Some(row.id) {
                let forgotten = Row::new(STAGE_VISIT, visit.id).with("sl_row", Value::Null);
                unit.update_as_platform("forget a row that is deleted where processes have been", forgotten)?;
            }
        }
    }
    Ok(())
}

/// Writes beside each row of a process where it stands.
pub(super) fn mirror(unit: &mut Unit, process: &Process) -> Result<()> {
    let stage = process.stage().map_or(Value::Null, |stage| Value::Id(stage.id));
    let path = process.row.get("traversedpath").cloned().unwrap_or(Value::Null);
    for row in process.rows.values() {
        place(unit, row, [Value::Id(process.flow.id), stage.clone(), path.clone()])?;
    }
    Ok(())
}

/// These rows have left their process: nothing stands beside them any more.
pub(super) fn clear<'a>(unit: &mut Unit, rows: impl Iterator<Item = &'a Reference>) -> Result<()> {
    for row in rows {
        place(unit, row, [Value::Null, Value::Null, Value::Null])?;
    }
    Ok(())
}

/// Writes flow, stage and path beside a row, where its table has room for that. No step runs:
/// nobody changed the row.
fn place(unit: &mut Unit, row: &Reference, [flow, stage, path]: [Value; 3]) -> Result<()> {
    let table = unit.configuration().table(&row.table)?.clone();
    if !has_place(&table) {
        return Ok(());
    }
    let beside = Row::new(row.table.clone(), row.id)
        .with("processid", flow)
        .with("stageid", stage)
        .with("traversedpath", path);
    unit.update_as_platform("keep beside a row where its process stands", beside)
}
