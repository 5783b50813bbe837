//! What the moves of a process leave behind: when each stage was entered and left (R224), and
//! `processid`, `stageid` and `traversedpath` beside the rows that go through it (R212).

use sluice_access::Permit;
use sluice_model::{Filter, Query, Reference, Result, Row, Uuid, Value};

use super::{Process, start::has_place};
use crate::{Operation, Unit, tables};

/// The process has entered its active stage.
pub(super) fn enter(unit: &mut Unit, operation: &Operation, process: &Process) -> Result<()> {
    let Some(stage) = process.stage() else {
        return Ok(());
    };
    let table = unit.snapshot.table(tables::STAGE_VISIT)?.clone();
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
    let permit = Permit::system("keep the time at which a process enters a stage");
    unit.tx.insert(&permit, &table, &visit)
}

/// The process has left the stage at which it stood: forwards (`passed`), back, or given up.
pub(super) fn leave(unit: &mut Unit, operation: &Operation, instance: Uuid, passed: bool) -> Result<()> {
    let table = unit.snapshot.table(tables::STAGE_VISIT)?.clone();
    let permit = Permit::system("keep the time at which a process leaves a stage");
    let open = Filter::eq("sl_instanceid", instance).and(Filter::eq("sl_lefton", Value::Null));
    let open = Query::new(tables::STAGE_VISIT).columns(&[]).filter(open);
    for visit in unit.tx.select(&permit, &table, &open)? {
        let left = Row::new(tables::STAGE_VISIT, visit.id)
            .with("sl_lefton", operation.created_on())
            .with("sl_passed", passed);
        unit.tx.update(&permit, &table, &left)?;
    }
    Ok(())
}

/// The process is deleted, and its visits with it.
pub(super) fn forget(unit: &mut Unit, instance: Uuid) -> Result<()> {
    let table = unit.snapshot.table(tables::STAGE_VISIT)?.clone();
    let permit = Permit::system("remove the stage visits of a process that is deleted");
    let all = Filter::eq("sl_instanceid", instance);
    let all = Query::new(tables::STAGE_VISIT).columns(&[]).filter(all);
    for visit in unit.tx.select(&permit, &table, &all)? {
        unit.tx.delete(&permit, &table, visit.id)?;
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
        .with("traversedpath", path)
        .with("versionnumber", Value::BigInt(unit.tx.next_version()?));
    let permit = Permit::system("keep beside a row where its process stands");
    unit.tx.update(&permit, &table, &beside)?;
    Ok(())
}
