//! How a new row gets its process: of the active flows that begin at its table, the first one
//! that the caller may start processes in (R218, R219). `processid` in a Create chooses another
//! flow, or, as an id of zeros, none.

use std::sync::Arc;

use sluice_model::{Code, Error, Request, Result, Right, Row, TableDef, Uuid, Value};

use super::{Flow, link};
use crate::{Operation, Unit};

/// A process to be started as soon as its row is there.
pub(crate) struct Start(Arc<Flow>);

/// Whether a table has the columns that say beside a row where its process stands.
pub(super) fn has_place(table: &TableDef) -> bool {
    table.column("stageid").is_some()
}

/// Chooses the flow of a new row, and writes into the row where its process will stand.
pub(crate) fn choose(unit: &mut Unit, operation: &Operation, table: &TableDef, row: &mut Row) -> Result<Option<Start>> {
    let snapshot = unit.snapshot()?;
    let flows = snapshot.flows.beginning_at(&table.name);
    let asked = match has_place(table) {
        true => row.id_of("processid"),
        false => None,
    };
    if flows.is_empty() && asked.is_none() {
        return Ok(None);
    }
    let flow = match asked {
        Some(id) if id == Uuid::nil() => None,
        Some(id) => Some(asked_for(unit, operation, table, flows, id)?),
        // What is closed from the start goes through nothing.
        None if row.int("statecode").unwrap_or_default() != 0 => None,
        None => flows.iter().find(|flow| may_start(unit, operation, flow).is_ok()),
    };
    let Some(flow) = flow else {
        row.values.remove("processid");
        return Ok(None);
    };
    if let (true, Some(stage)) = (has_place(table), flow.stages.first()) {
        row.set("processid", flow.id);
        row.set("stageid", stage.id);
        row.set("traversedpath", flow.path(0));
    }
    Ok(Some(Start(flow.clone())))
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
            "there is no active process flow {id} that begins at a row of `{}`; `flow list --table {}` shows them",
            table.name, table.name
        );
        Error::new(Code::NOT_FOUND, message).with_table(&table.name)
    })?;
    may_start(unit, operation, flow)?;
    Ok(flow)
}

/// May the caller start processes in that flow?
fn may_start(unit: &Unit, operation: &Operation, flow: &Flow) -> Result<()> {
    let processes = unit.snapshot.table(&flow.unique_name)?;
    sluice_access::check_privilege(
        &operation.principal,
        processes,
        Right::Create,
        &unit.snapshot.privileges,
    )
}

impl Start {
    /// Starts the process of the row, which was just made.
    pub(crate) fn begin(&self, unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
        let processes = unit.snapshot()?.table(&self.0.unique_name)?.clone();
        let Some(column) = link(&processes, &row.table) else {
            return Ok(());
        };
        let process = Row::unsaved(processes.name.clone()).with(column, row.reference());
        unit.run_fresh(operation, &processes.name, Request::create(process))
            .map(|_| ())
    }
}

/// The process of a row is changed through the process, not through the columns beside the row.
pub(crate) fn keep_place(operation: &Operation, table: &TableDef, before: &Row) -> Result<()> {
    let Some(wanted) = operation.target()?.get("processid").filter(|_| has_place(table)) else {
        return Ok(());
    };
    if operation.principal.is_system() || wanted == before.get("processid").unwrap_or(&Value::Null) {
        return Ok(());
    }
    Err(Error::new(
        Code::PROCESS_FIXED,
        "Invalid operation. Process ID cannot be modified: switch the row to another flow instead (`flow switch`).",
    )
    .with_table(&table.name))
}
