//! The processes of a row: in which flows it is, and where it stands in each.

use std::{collections::BTreeMap, sync::Arc};

use sluice_model::{Error, Filter, Name, Query, Reference, Request, Result, Right, Row, TableDef, Value};

use super::part::flows;
use super::{Flow, Stage, link};
use sluice_engine::{Operation, Session, Unit, Why, snapshot::Snapshot};

/// A process: a row on its way through a flow.
#[derive(Debug, Clone)]
pub struct Process {
    /// Its row, in the table of the flow's processes.
    pub instance: Reference,
    /// The flow.
    pub flow: Arc<Flow>,
    /// Whether it is under way.
    pub status: Status,
    /// The rows that go through it, by their tables.
    pub rows: BTreeMap<Name, Reference>,
    /// Everything that its row says.
    pub row: Row,
    /// The column that refers to a row, by the row's table.
    columns: BTreeMap<Name, Name>,
    /// The position of the active stage, unless that stage is gone.
    position: Option<usize>,
}

/// Whether a process is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is.
    Active,
    /// It went through to the end.
    Finished,
    /// It was given up.
    Aborted,
}

impl Status {
    /// What people call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Finished => "Finished",
            Self::Aborted => "Aborted",
        }
    }

    /// State and status reason, as a process has them.
    pub fn codes(self) -> (i32, i32) {
        match self {
            Self::Active => (0, 1),
            Self::Finished => (1, 2),
            Self::Aborted => (1, 3),
        }
    }

    /// What a row of processes says.
    pub(super) fn of(row: &Row) -> Self {
        match (row.int("statecode"), row.int("statuscode")) {
            (Some(1), Some(3)) => Self::Aborted,
            (Some(1), _) => Self::Finished,
            _ => Self::Active,
        }
    }
}

impl Process {
    pub(crate) fn new(flow: Arc<Flow>, table: &TableDef, row: Row) -> Self {
        let columns = flow.tables().into_iter().map(|name| (name, link(table, name)));
        let columns: BTreeMap<Name, Name> = columns
            .filter_map(|(name, column)| Some((name.clone(), column?)))
            .collect();
        let rows = columns.iter().map(|(name, column)| (name, row.lookup(column)));
        Self {
            rows: rows
                .filter_map(|(name, row)| Some((name.clone(), row?.clone())))
                .collect(),
            columns,
            position: row.id_of("activestageid").and_then(|id| Some(flow.stage(id)?.0)),
            status: Status::of(&row),
            instance: row.reference(),
            row,
            flow,
        }
    }

    /// The active stage, unless it was taken out of the flow.
    pub fn stage(&self) -> Option<&Stage> {
        self.flow.stages.get(self.position?)
    }

    /// Who moves, ends or deletes a process may read the row with which it stands at its stage:
    /// processes belong to the organisation, their rows do not.
    ///
    /// # Errors
    /// The caller may not.
    pub(super) fn check_seen(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let row = self.stage().and_then(|stage| self.rows.get(&stage.table));
        check_read(unit, operation, row.into_iter())
    }

    /// The stage after the active one.
    pub fn next(&self) -> Option<&Stage> {
        self.flow.stages.get(self.position? + 1)
    }

    /// The stage before the active one.
    pub fn previous(&self) -> Option<&Stage> {
        self.flow.stages.get(self.position?.checked_sub(1)?)
    }

    /// The stages after the active one, in order.
    pub fn to_come(&self) -> &[Stage] {
        let after = self.position.map_or(0, |position| position + 1);
        self.flow.stages.get(after..).unwrap_or_default()
    }

    /// The column of its row that refers to a row of that table, if such rows go through its flow.
    pub fn column_for(&self, table: &str) -> Option<&Name> {
        self.columns.get(table)
    }

    /// The change that moves it to a stage.
    pub fn to(&self, stage: &Stage) -> Row {
        Row::new(self.instance.table.clone(), self.instance.id).with("activestageid", super::stage_reference(stage))
    }

    /// The change that gives it a status.
    pub fn becomes(&self, status: Status) -> Row {
        let (state, reason) = status.codes();
        Row::new(self.instance.table.clone(), self.instance.id)
            .with("statecode", Value::Choice(state))
            .with("statuscode", Value::Choice(reason))
    }
}

/// Whoever starts a process, or lets a row join it, may read the row: a process tells what is empty in it, and stands
/// beside it.
///
/// # Errors
/// The caller may not.
pub(super) fn check_read<'a>(
    unit: &mut Unit,
    operation: &Operation,
    rows: impl Iterator<Item = &'a Reference>,
) -> Result<()> {
    if operation.why() != Why::Asked {
        return Ok(());
    }
    for row in rows {
        let table = unit.snapshot()?.table(&row.table)?.clone();
        unit.decide(operation, &table, Right::Read, row.id)?;
    }
    Ok(())
}

/// The newest first: that is the one which counts.
fn newest_first(processes: &mut [Process]) {
    processes.sort_by_key(|process| {
        let changed = process.row.get("modifiedon").and_then(Value::as_time);
        std::cmp::Reverse((changed, process.instance.id))
    });
}

/// The process that a row of processes is.
pub(crate) fn process_in(snapshot: &Snapshot, row: Row) -> Option<Process> {
    let flow = flows(snapshot).of_processes(&row.table)?.clone();
    let table = snapshot.catalog().find(&row.table)?;
    Some(Process::new(flow, table, row))
}

/// The processes of a row in whatever state, the one that changed last before the others.
/// Whoever asks: the platform itself wants to know.
///
/// # Errors
/// The database cannot be read.
pub fn processes_of(unit: &mut Unit, row: &Reference) -> Result<Vec<Process>> {
    let snapshot = unit.snapshot()?;
    let mut processes = Vec::new();
    for flow in flows(&snapshot).through(&row.table) {
        let Some(table) = snapshot.catalog().find(&flow.unique_name) else {
            continue;
        };
        let Some(column) = link(table, &row.table) else {
            continue;
        };
        let query = Query::new(table.name.clone()).filter(Filter::eq(&column, row.id));
        let rows = unit.select_as_platform("see in which processes a row is", &query)?;
        processes.extend(rows.into_iter().map(|row| Process::new(flow.clone(), table, row)));
    }
    newest_first(&mut processes);
    Ok(processes)
}

/// The process in which a row is: of those that are active, the one that changed last.
///
/// # Errors
/// The database cannot be read.
pub fn process_of(unit: &mut Unit, row: &Reference) -> Result<Option<Process>> {
    let processes = processes_of(unit, row)?;
    Ok(processes.into_iter().find(|process| process.status == Status::Active))
}

/// Flows and the processes of rows.
pub trait Processes {
    /// The flows that somebody may want to start: all of them, as their tables are in the catalog
    /// for everybody. Whoever may not start one is told which privilege is missing.
    ///
    /// # Errors
    /// The configuration cannot be read.
    fn startable_flows(&self) -> Result<Vec<Arc<Flow>>>;

    /// The flows that the user sees, in the order in which they are tried: those whose processes
    /// the user may read, and all of them for those who may read definitions.
    ///
    /// # Errors
    /// The configuration cannot be read.
    fn flows(&self) -> Result<Vec<Arc<Flow>>>;

    /// Starts a process of a row in a flow; the process.
    ///
    /// # Errors
    /// Rows of that table do not go through the flow, or what the rules of processes say.
    fn start_process(&self, flow: &Flow, row: &Reference) -> Result<Reference>;

    /// The processes of a row that the user may see, the one that changed last before the
    /// others.
    ///
    /// # Errors
    /// The row is not there, or the user may not read it.
    fn processes_of(&self, row: &Reference) -> Result<Vec<Process>>;
}

impl Processes for Session {
    fn startable_flows(&self) -> Result<Vec<Arc<Flow>>> {
        Ok(flows(&*self.snapshot()?).all().to_vec())
    }

    fn flows(&self) -> Result<Vec<Arc<Flow>>> {
        let (mut unit, user) = self.unit()?;
        let snapshot = unit.snapshot()?;
        let reads = |table: &TableDef| {
            sluice_access::check_privilege(&user, table, sluice_model::Right::Read, snapshot.privileges()).is_ok()
        };
        let definitions = reads(snapshot.table(sluice_engine::tables::PROCESS)?);
        let visible = flows(&snapshot).all().iter().filter(|flow| {
            let processes = snapshot.catalog().find(&flow.unique_name);
            definitions || processes.is_some_and(|table| reads(table))
        });
        let visible = visible.cloned().collect();
        self.keep_asked(&mut unit);
        Ok(visible)
    }

    fn start_process(&self, flow: &Flow, row: &Reference) -> Result<Reference> {
        let catalog = self.catalog()?;
        let processes = catalog.find(&flow.unique_name);
        let column = processes.and_then(|table| link(table, &row.table)).ok_or_else(|| {
            let message = format!(
                "rows of `{}` do not go through the process flow {}",
                row.table, flow.name
            );
            Error::invalid(message).with_table(&row.table)
        })?;
        let process = Row::unsaved(flow.unique_name.clone()).with(column, row.clone());
        let made = self.execute(Request::create(process))?.created();
        Ok(Reference::new(flow.unique_name.clone(), made.unwrap_or_default()))
    }

    fn processes_of(&self, row: &Reference) -> Result<Vec<Process>> {
        let request = Request::new("RetrieveProcessInstances")
            .with("EntityId", Value::Id(row.id))
            .with("EntityLogicalName", &*row.table);
        let response = self.execute(request)?;
        let snapshot = self.snapshot()?;
        let rows = match response.outputs.get("Processes") {
            Some(sluice_model::Parameter::Rows(rows)) => rows.clone(),
            _ => Vec::new(),
        };
        Ok(rows.into_iter().filter_map(|row| process_in(&snapshot, row)).collect())
    }
}
