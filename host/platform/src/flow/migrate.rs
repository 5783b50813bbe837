//! Moves the processes that are under way in one flow into another: before a flow is replaced or
//! deleted.

use std::sync::Arc;

use sluice_access::Principal;
use sluice_model::{Code, Error, Filter, Query, Reference, Request, Result, Right, Row, Uuid, Value};

use super::part::flows;
use super::{Flow, Process, Stage, Status, link};
use sluice_engine::{Session, Unit, snapshot::Snapshot, tables};

/// A process that was moved: the new one, and the stage at which it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The new process.
    pub instance: Reference,
    /// The name of its stage.
    pub stage: String,
}

/// What became of one process.
#[derive(Debug)]
pub struct Migration {
    /// The process as it was.
    pub process: Process,
    /// The new one, or why it stayed.
    pub outcome: Result<Migrated>,
}

/// Moving processes from one flow into another.
pub trait MigrateProcesses {
    /// Moves every process that is under way in one flow into another one: a new process for the
    /// same rows at the stage of the same name, else at the first one of the same table; the old
    /// process is aborted. Each is a transaction of its own, and what cannot be moved stays: also a process
    /// that the user might neither abort nor start, by its rows.
    ///
    /// # Errors
    /// A flow is not there or not activated, or the user may not change the processes of the one
    /// or make those of the other.
    fn migrate_processes(&self, from: Uuid, to: Uuid) -> Result<Vec<Migration>>;
}

impl MigrateProcesses for Session {
    fn migrate_processes(&self, from: Uuid, to: Uuid) -> Result<Vec<Migration>> {
        let (mut unit, user) = self.unit()?;
        let snapshot = unit.snapshot()?;
        let (from, to) = (known(&snapshot, from)?, known(&snapshot, to)?);
        if from.id == to.id {
            return Err(Error::invalid(format!(
                "the processes of {} are in that flow",
                from.name
            )));
        }
        if !to.active {
            return Err(Error::invalid(format!("the process flow {} is not activated", to.name)));
        }
        let rights = [
            (&from, Right::Read),
            (&from, Right::Write),
            (&to, Right::Create),
            (&to, Right::Append),
        ];
        for (flow, right) in rights {
            if let Some(table) = snapshot.catalog().find(&flow.unique_name) {
                sluice_access::check_privilege(&user, table, right, snapshot.privileges())?;
            }
        }
        let Some(table) = snapshot.catalog().find(&from.unique_name) else {
            return Ok(Vec::new());
        };
        let active = Query::new(table.name.clone()).filter(Filter::eq("statecode", Value::Choice(0)));
        let rows = unit.select_as_platform("move all processes of a flow, whose table the user may change", &active)?;
        let migrated = rows.into_iter().map(|row| {
            let process = Process::new(from.clone(), table, row);
            let outcome = migrate(self, &user, &snapshot, &process, &to);
            Migration { process, outcome }
        });
        Ok(migrated.collect())
    }
}

/// The platform moves it, past required steps; whoever asks for that may do what it comes to: end a process that
/// stands at that row, and start one about these rows.
fn check_rows(unit: &mut Unit, user: &Arc<Principal>, process: &Process) -> Result<()> {
    let stands = process.stage().map(|stage| &stage.table);
    for (name, row) in &process.rows {
        let table = unit.snapshot()?.table(&row.table)?.clone();
        if stands == Some(name) {
            unit.decide_for(user, &table, Right::Read, row.id)?;
        }
        unit.decide_for(user, &table, Right::AppendTo, row.id)?;
    }
    Ok(())
}

fn migrate(
    session: &Session,
    user: &Arc<Principal>,
    snapshot: &Snapshot,
    process: &Process,
    to: &Flow,
) -> Result<Migrated> {
    let stage = counterpart(process, to)?;
    let table = snapshot.table(&to.unique_name)?;
    let position = to.stage(stage.id).map_or(0, |(position, _)| position);
    let mut row = Row::unsaved(table.name.clone())
        .with("activestageid", super::stage_reference(stage))
        .with("traversedpath", to.path(position));
    for (name, reference) in &process.rows {
        if let Some(column) = link(table, name) {
            row.set(column, reference.clone());
        }
    }
    let reason = "a process is moved from one flow to another";
    session.batch(|batch| {
        check_rows(batch.unit(), user, process)?;
        batch.execute_as_system(reason, Request::update(process.becomes(Status::Aborted)))?;
        let made = batch.execute_as_system(reason, Request::create(row.clone()))?;
        Ok(Migrated {
            instance: Reference::new(table.name.clone(), made.created().unwrap_or_default()),
            stage: stage.name.clone(),
        })
    })
}

fn known(snapshot: &Snapshot, id: Uuid) -> Result<Arc<Flow>> {
    let flow = flows(snapshot).find(id).cloned();
    flow.ok_or_else(|| Error::not_found("Process", tables::PROCESS, id))
}

/// Where a process of one flow stands in another.
fn counterpart<'a>(process: &Process, to: &'a Flow) -> Result<&'a Stage> {
    let Some(stands) = process.stage() else {
        return to
            .stages
            .first()
            .ok_or_else(|| Error::invalid(format!("{} has no stage", to.name)));
    };
    let mut same_table = to.stages.iter().filter(|stage| stage.table == stands.table);
    let found = same_table
        .clone()
        .find(|stage| stage.name.eq_ignore_ascii_case(&stands.name))
        .or_else(|| same_table.next());
    found.ok_or_else(|| {
        let message = format!(
            "it stands at {}, and {} has no stage about a row of `{}`",
            stands.name, to.name, stands.table
        );
        Error::new(Code::STAGE_NOT_IN_FLOW, message)
    })
}
