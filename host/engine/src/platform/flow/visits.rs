//! What the moves of a process leave behind: when each stage was entered and left (R224), and
//! `processid`, `stageid` and `traversedpath` beside the rows that go through it (R212).

use sluice_model::{Filter, Query, Reference, Result, Row, Uuid, Value};

use super::{Process, start::has_place};
use crate::{Operation, Unit, tables};

/// The process has entered its active stage.
pub(super) fn enter(unit: &mut Unit, operation: &Operation, process: &Process) -> Result<()> {
    let Some(stage) = process.stage() else {
        return Ok(());
    };
    let now = operation.created_on();
    let mut visit = Row::new(tables::STAGE_VISIT, unit.core.env.new_id())
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

/// The process has left the stage at which it stood: forwards (`passed`), back, or given up.
pub(super) fn leave(unit: &mut Unit, operation: &Operation, instance: Uuid, passed: bool) -> Result<()> {
    let open = Filter::eq("sl_instanceid", instance).and(Filter::eq("sl_lefton", Value::Null));
    let open = Query::new(tables::STAGE_VISIT).columns(&[]).filter(open);
    for visit in unit.select_as_platform("keep the time at which a process leaves a stage", &open)? {
        let left = Row::new(tables::STAGE_VISIT, visit.id)
            .with("sl_lefton", operation.created_on())
            .with("sl_passed", passed);
        unit.update_as_platform("keep the time at which a process leaves a stage", left)?;
    }
    Ok(())
}

/// The process is deleted, and its visits with it.
pub(super) fn forget(unit: &mut Unit, instance: Uuid) -> Result<()> {
    let all = Filter::eq("sl_instanceid", instance);
    let all = Query::new(tables::STAGE_VISIT).columns(&[]).filter(all);
    for visit in unit.select_as_platform("remove the stage visits of a process that is deleted", &all)? {
        unit.delete_as_platform(
            "remove the stage visits of a process that is deleted",
            &visit.reference(),
        )?;
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
    let table = unit.snapshot.table(&row.table)?.clone();
    if !has_place(&table) {
        return Ok(());
    }
    let beside = Row::new(row.table.clone(), row.id)
        .with("processid", flow)
        .with("stageid", stage)
        .with("traversedpath", path);
    unit.update_as_platform("keep beside a row where its process stands", beside)
}
