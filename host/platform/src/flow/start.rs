//! How a new row gets its process: of the active flows that begin at its table, the first one
//! that the caller may start processes in. `processid` in a Create chooses another
//! flow, or, as an id of zeros, none.

use std::sync::Arc;

use sluice_model::{Code, Error, Remedy, Request, Result, Right, Row, TableDef, Uuid, Value};

use super::part::flows;
use super::{Flow, link, visits};
use sluice_engine::{
    Operation, Unit,
    change::{ChangeKind, RowChange},
    snapshot::Snapshot,
    watch::Watch,
};

/// Whether a table has the columns that say beside a row where its process stands.
pub(super) fn has_place(table: &TableDef) -> bool {
    table.column("stageid").is_some()
}

/// The watch that chooses the flow of a new row, and writes into the row where its process will
/// stand; and that keeps what stands there.
pub(crate) struct Place;

impl Watch for Place {
    fn name(&self) -> &'static str {
        "place in a process"
    }

    fn wants(&self, snapshot: &Snapshot, table: &TableDef) -> bool {
        has_place(table) || flows(snapshot).through(&table.name).next().is_some()
    }

    fn asked(&self, unit: &mut Unit, operation: &Operation, kind: ChangeKind, _: Option<&Row>) -> Result<()> {
        match kind {
            ChangeKind::Delete => visits::row_deleted(unit, &operation.target_reference()?),
            ChangeKind::Create | ChangeKind::Update => Ok(()),
        }
    }

    fn before(&self, unit: &mut Unit, change: &mut RowChange<'_>) -> Result<()> {
        let Some(operation) = change.operation else {
            return Ok(());
        };
        match change.kind {
            ChangeKind::Create => {
                let flow = choose(unit, operation, &change.table, &change.row)?;
                change.row.values.remove("processid");
                if let (Some(flow), true) = (&flow, has_place(&change.table))
                    && let Some(stage) = flow.stages.first()
                {
                    change.row.set("processid", flow.id);
                    change.row.set("stageid", stage.id);
                    change.row.set("traversedpath", flow.path(0));
                }
                Ok(())
            }
            ChangeKind::Update => keep_place(unit, change),
            ChangeKind::Delete => Ok(()),
        }
    }
}

/// The watch that starts the process of a new row.
pub(crate) struct Begin;

impl Watch for Begin {
    fn name(&self) -> &'static str {
        "start of a process"
    }

    fn wants(&self, snapshot: &Snapshot, table: &TableDef) -> bool {
        !flows(snapshot).beginning_at(&table.name).is_empty()
    }

    fn after(&self, unit: &mut Unit, change: &mut RowChange<'_>) -> Result<()> {
        let Some(operation) = change.operation.filter(|_| change.kind == ChangeKind::Create) else {
            return Ok(());
        };
        let flow = match has_place(&change.table) {
            true => {
                let id = change.row.id_of("processid");
                let snapshot = unit.snapshot()?;
                id.and_then(|id| flows(&snapshot).find(id).cloned())
            }
            false => choose(unit, operation, &change.table, &change.row)?,
        };
        flow.map_or(Ok(()), |flow| begin(&flow, unit, operation, &change.row))
    }
}

/// Chooses the flow of a new row.
fn choose(unit: &mut Unit, operation: &Operation, table: &TableDef, row: &Row) -> Result<Option<Arc<Flow>>> {
    let snapshot = unit.snapshot()?;
    let flows = flows(&snapshot).beginning_at(&table.name);
    let asked = match has_place(table) {
        true => row.id_of("processid"),
        false => None,
    };
    Ok(match asked {
        Some(id) if id == Uuid::nil() => None,
        Some(id) => Some(asked_for(unit, operation, table, flows, id)?.clone()),
        // What is closed from the start goes through nothing.
        None if row.int("statecode").unwrap_or_default() != 0 => None,
        None => flows
            .iter()
            .find(|flow| may_start(unit, operation, flow).is_ok())
            .cloned(),
    })
}

fn asked_for<'a>(
    unit: &Unit,
    operation: &Operation,
    table: &TableDef,
    flows: &'a [Arc<Flow>],
    id: Uuid,
) -> Result<&'a Arc<Flow>> {
    let flow = flows.iter().find(|flow| flow.id == id).ok_or_else(|| {
        let message = format!(
            "there is no active process flow {id} that begins at a row of `{}`",
            table.name
        );
        Error::new(Code::NOT_FOUND, message)
            .with_table(&table.name)
            .with_remedy(Remedy::ListFlowsOf)
    })?;
    may_start(unit, operation, flow)?;
    Ok(flow)
}

/// May the caller start processes in that flow?
fn may_start(unit: &Unit, operation: &Operation, flow: &Flow) -> Result<()> {
    let processes = unit.configuration().table(&flow.unique_name)?;
    sluice_access::check_privilege(
        operation.principal(),
        processes,
        Right::Create,
        unit.configuration().privileges(),
    )
}

/// Starts the process of the row, which was just made.
fn begin(flow: &Flow, unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
    let processes = unit.snapshot()?.table(&flow.unique_name)?.clone();
    let Some(column) = link(&processes, &row.table) else {
        return Ok(());
    };
    let process = Row::unsaved(processes.name.clone()).with(column, row.reference());
    unit.run_fresh(operation, &processes.name, Request::create(process))
        .map(|_| ())
}

/// The process of a row is changed through the process, not through the columns beside the row.
fn keep_place(unit: &mut Unit, change: &mut RowChange<'_>) -> Result<()> {
    if !change.row.has("processid") || !has_place(&change.table) || change.cause.allows().filled {
        return Ok(());
    }
    let before = change.before(unit)?;
    let stands = before.as_ref().and_then(|before| before.get("processid"));
    if change.row.get("processid") == Some(stands.unwrap_or(&Value::Null)) {
        return Ok(());
    }
    let table = &change.table;
    Err(Error::new(
        Code::PROCESS_FIXED,
        "Invalid operation. Process ID cannot be modified: switch the row to another flow instead.",
    )
    .with_table(&table.name))
}
