//! What a definition may be: the rules of `workflow` (as far as its rows are process flows),
//! `processstage` and `sl_processstep`. A flow is drawn up as a draft and then activated; its
//! stages change only while it is a draft, its steps at any time.

use std::sync::Arc;

use sluice_model::{
    Code, Error, Filter, Name, Ownership, Remedy, Result, Row, TableDef, Uuid, Value, coerce, names,
    state::process::ACTIVATED,
};

use super::part::flows;
use super::table::{name_taken, prepare_processes};
use super::{CATEGORY, Flow, INSTANCE_KEY, PROCESS_STEP, STAGE};
use crate::customizing::definitions;
use sluice_engine::{Operation, Rules, Unit, Why, tables};

/// How many stages a flow has at most.
const MOST_STAGES: usize = 30;
/// How many steps a stage has at most.
const MOST_STEPS: usize = 30;
/// How many tables a flow goes through at most.
const MOST_TABLES: usize = 5;
/// How many active flows begin at one table, where the organisation says nothing else.
const MOST_FLOWS: usize = 10;

/// The privilege to activate and deactivate flows.
pub(crate) const ACTIVATE: &str = "prvActivateBusinessProcessFlow";

/// The rules of `workflow`.
pub(crate) struct FlowRules;

/// The rules of `processstage`.
pub(crate) struct StageRules;

/// The rules of `sl_processstep`.
pub(crate) struct StepRules;

fn invalid<T>(table: &str, message: String) -> Result<T> {
    Err(Error::invalid(message).with_table(table))
}

fn is_flow(row: &Row) -> bool {
    row.int("category") == Some(CATEGORY)
}

impl Rules for FlowRules {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let target = operation.target()?.clone();
        if !is_flow(&target) {
            return Ok(());
        }
        let name = target.text("name").unwrap_or_default();
        let unique = match target.text("uniquename") {
            Some(unique) => unique.to_owned(),
            None => format!("sl_{}", slug(name)),
        };
        if !operation.why().is_platform() {
            definitions::check_name("process flow", &unique)?;
        }
        let snapshot = unit.snapshot()?;
        let taken = match (flows(&snapshot).of_processes(&unique), snapshot.catalog().find(&unique)) {
            (Some(flow), _) => Some(format!("the process flow {}", flow.name)),
            // A flow that was deleted leaves its ended processes behind, and its name free.
            (None, Some(table)) if &*table.key != INSTANCE_KEY => Some(format!("the table {}", table.display)),
            _ => None,
        };
        if let Some(taken) = taken {
            return Err(name_taken(&unique, &taken));
        }
        if let Some(table) = target.text("primaryentity") {
            snapshot.table(table)?;
        }
        if target.int("statecode").unwrap_or_default() != 0 {
            let message = format!("{name} has no stages yet: make it a draft, give it stages, then activate it");
            return invalid(tables::PROCESS, message);
        }
        if let Some(target) = operation.target_mut() {
            target.set("uniquename", unique);
        }
        Ok(())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?.clone();
        if !is_flow(before) {
            return match is_flow(&target) {
                true => invalid(
                    tables::PROCESS,
                    "another process does not become a process flow; make one".to_owned(),
                ),
                false => Ok(()),
            };
        }
        for column in ["category", "uniquename"] {
            if target.has(column) && target.get(column) != before.get(column) {
                let message = format!("a process flow keeps its `{column}`; make another flow");
                return invalid(tables::PROCESS, message);
            }
        }
        let was = before.int("statecode").unwrap_or_default();
        let will = target.int("statecode").unwrap_or(was);
        if was == will {
            return Ok(());
        }
        unit.require_named(operation, ACTIVATE)?;
        if will == 1 {
            let flow = flow(unit, before.id)?;
            check_activation(unit, &flow)?;
            if let (Some(target), Some(table)) = (operation.target_mut(), flow.begins_at()) {
                target.set("primaryentity", &**table);
            }
        }
        Ok(())
    }

    fn after_update(&self, unit: &mut Unit, _: &Operation, before: &Row, changed: &Row) -> Result<()> {
        let activated = !ACTIVATED.is_of(before) && ACTIVATED.is_of(changed);
        if !is_flow(before) || !activated {
            return Ok(());
        }
        let flow = flow(unit, before.id)?;
        prepare_processes(unit, &flow)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let id = operation.id()?;
        let Some(flow) = flows(&*unit.snapshot()?).find(id).cloned() else {
            return Ok(());
        };
        if let Some(why) = in_use(unit, &flow)? {
            let message = format!(
                "the process flow {} cannot be deleted: {why}; move them to another flow, or \
                 only deactivate it, which keeps them",
                flow.name
            );
            return Err(Error::new(Code::REFERENCED, message)
                .with_table(tables::PROCESS)
                .with_remedy(Remedy::MigrateFlow)
                .with_remedy(Remedy::DeactivateFlow)
                .with_word("FLOW", names::word(&flow.name, flow.id)));
        }
        if flow.active {
            let message = format!(
                "the process flow {} is activated; deactivate it before it is deleted",
                flow.name
            );
            return invalid(tables::PROCESS, message);
        }
        Ok(())
    }
}

impl Rules for StageRules {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let target = operation.target()?.clone();
        let Some(process) = target.id_of("processid") else {
            return Ok(());
        };
        let Some(flow) = flows(&*unit.snapshot()?).find(process).cloned() else {
            return invalid(STAGE, "stages belong to business process flows".to_owned());
        };
        check_draft(&flow)?;
        check_stage_name(&flow, &target, Uuid::nil())?;
        if flow.stages.len() >= MOST_STAGES {
            let message = format!(
                "{} would have {} stages, and {MOST_STAGES} is the most",
                flow.name,
                flow.stages.len() + 1
            );
            return invalid(STAGE, message);
        }
        if let Some(table) = target.text("primaryentitytypecode") {
            check_table(&unit.snapshot()?.table(table)?.clone())?;
        }
        next_position(operation, flow.stages.len());
        Ok(())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        let changes = |column: &str| target.has(column) && target.get(column) != before.get(column);
        if let Some(column) = ["processid", "primaryentitytypecode"]
            .into_iter()
            .find(|column| changes(column))
        {
            let message = format!("a stage keeps its `{column}`; make another stage");
            return invalid(STAGE, message);
        }
        let (moves, renames) = (changes("sl_position"), changes("stagename"));
        let target = target.clone();
        if moves || renames {
            let flow = flow_of_stage(unit, before.id)?;
            if moves {
                check_draft(&flow)?;
            }
            check_stage_name(&flow, &target, before.id)?;
        }
        Ok(())
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let id = operation.id()?;
        if operation.why() == Why::Along {
            return Ok(());
        }
        let flow = match flow_of_stage(unit, id) {
            Err(error) if error.code() == Code::NOT_FOUND => return Ok(()),
            other => other?,
        };
        check_draft(&flow)?;
        let standing = running(unit, &flow, Some(id))?;
        if standing > 0 {
            let message = format!(
                "the stage cannot be deleted: {} at it; move them on first",
                processes_are(standing)
            );
            return Err(Error::new(Code::REFERENCED, message).with_table(STAGE));
        }
        Ok(())
    }
}

impl Rules for StepRules {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let target = operation.target()?.clone();
        let Some(stage) = target.id_of("sl_stageid") else {
            return Ok(());
        };
        let flow = flow_of_stage(unit, stage)?;
        let Some((_, stage)) = flow.stage(stage) else {
            return Ok(());
        };
        if stage.steps.len() >= MOST_STEPS {
            let message = format!(
                "the stage {} would have {} steps, and {MOST_STEPS} is the most",
                stage.name,
                stage.steps.len() + 1
            );
            return invalid(PROCESS_STEP, message);
        }
        let table = unit.snapshot()?.table(&stage.table)?.clone();
        let column = coerce::column(&table, target.text("sl_column").unwrap_or_default())?;
        next_position(operation, stage.steps.len());
        if let Some(target) = operation.target_mut().filter(|row| !row.has("sl_name")) {
            target.set("sl_name", column.label());
        }
        Ok(())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        if target.has("sl_stageid") && target.id_of("sl_stageid") != before.id_of("sl_stageid") {
            return invalid(PROCESS_STEP, "a step keeps its stage; make another step".to_owned());
        }
        let (Some(column), Some(stage)) = (target.text("sl_column"), before.id_of("sl_stageid")) else {
            return Ok(());
        };
        let flow = flow_of_stage(unit, stage)?;
        if let Some((_, stage)) = flow.stage(stage) {
            let table = unit.snapshot()?.table(&stage.table)?.clone();
            coerce::column(&table, column)?;
        }
        Ok(())
    }
}

/// What has no place of its own goes to the end.
fn next_position(operation: &mut Operation, count: usize) {
    let position = i32::try_from(count).unwrap_or(i32::MAX);
    if let Some(target) = operation.target_mut().filter(|row| !row.has("sl_position")) {
        target.set("sl_position", position);
    }
}

fn flow(unit: &mut Unit, id: Uuid) -> Result<Arc<Flow>> {
    let snapshot = unit.snapshot()?;
    let flow = flows(&snapshot).find(id).cloned();
    flow.ok_or_else(|| Error::not_found("Process", tables::PROCESS, id))
}

fn flow_of_stage(unit: &mut Unit, stage: Uuid) -> Result<Arc<Flow>> {
    let snapshot = unit.snapshot()?;
    let flow = flows(&snapshot).all().iter().find(|flow| flow.stage(stage).is_some());
    flow.cloned()
        .ok_or_else(|| Error::not_found("ProcessStage", STAGE, stage))
}

/// A stage is known by its name: in one flow there is one of each.
fn check_stage_name(flow: &Flow, target: &Row, own: Uuid) -> Result<()> {
    let name = target.text("stagename").unwrap_or_default();
    match flow.stage_named(name) {
        Some(other) if other.id != own => {
            let message = format!(
                "{} has a stage \"{}\" already; give this one another name",
                flow.name, other.name
            );
            Err(Error::new(Code::DUPLICATE_KEY, message).with_table(STAGE))
        }
        _ => Ok(()),
    }
}

/// Stages change only in a draft: processes go through them.
fn check_draft(flow: &Flow) -> Result<()> {
    if !flow.active {
        return Ok(());
    }
    let message = format!(
        "the process flow {} is activated: deactivate it before its stages are changed",
        flow.name
    );
    invalid(STAGE, message)
}

fn check_activation(unit: &mut Unit, flow: &Flow) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let refuse = |why: String| {
        invalid(
            tables::PROCESS,
            format!("the process flow {} cannot be activated: {why}", flow.name),
        )
    };
    let Some(first) = flow.begins_at() else {
        return refuse("it has no stage".to_owned());
    };
    if flow.stages.len() > MOST_STAGES {
        return refuse(format!("it has more than {MOST_STAGES} stages"));
    }
    let through: Vec<&Name> = flow.tables();
    if through.len() > MOST_TABLES {
        return refuse(format!(
            "it goes through {} tables, and a flow goes through {MOST_TABLES} at most",
            through.len()
        ));
    }
    for stage in &flow.stages {
        let table = snapshot.table(&stage.table)?;
        check_table(table)?;
        if stage.steps.len() > MOST_STEPS {
            return refuse(format!("the stage {} has more than {MOST_STEPS} steps", stage.name));
        }
        for step in &stage.steps {
            coerce::column(table, &step.column)?;
        }
    }
    let most = snapshot
        .settings()
        .row
        .int("maximumactivebusinessprocessflowsallowedperentity")
        .and_then(|most| usize::try_from(most).ok())
        .unwrap_or(MOST_FLOWS);
    let others = flows(&snapshot).beginning_at(first);
    if others.iter().filter(|other| other.id != flow.id).count() >= most {
        let message = format!(
            "the process flow {} cannot be activated: {most} active flows begin at `{first}` already, and more are not \
             allowed; deactivate one of them first",
            flow.name
        );
        return Err(Error::new(Code::TOO_MANY_FLOWS, message)
            .with_table(first)
            .with_remedy(Remedy::ListFlowsOf));
    }
    Ok(())
}

/// Rows that somebody can see go through flows.
fn check_table(table: &TableDef) -> Result<()> {
    let takes = matches!(table.ownership, Ownership::User | Ownership::Organization);
    if takes && &*table.key != INSTANCE_KEY && table.takes_steps {
        return Ok(());
    }
    invalid(STAGE, format!("rows of `{}` go through no process flow", table.name))
}

/// How many active processes a flow has, or how many of them stand at a stage.
fn running(unit: &mut Unit, flow: &Flow, stage: Option<Uuid>) -> Result<u64> {
    let snapshot = unit.snapshot()?;
    if snapshot.catalog().find(&flow.unique_name).is_none() {
        return Ok(0);
    }
    let mut filter = Filter::eq("statecode", Value::Choice(0));
    if let Some(stage) = stage {
        filter = filter.and(Filter::eq("activestageid", stage));
    }
    unit.count_as_platform(
        "count the processes that are under way in a flow",
        &flow.unique_name,
        &filter,
    )
}

/// Why a flow cannot be deleted; nothing, where it can.
pub(crate) fn in_use(unit: &mut Unit, flow: &Flow) -> Result<Option<String>> {
    let running = running(unit, flow, None)?;
    Ok((running > 0).then(|| format!("{} under way in it", processes_are(running))))
}

fn processes_are(count: u64) -> String {
    match count {
        1 => "1 process is".to_owned(),
        count => format!("{count} processes are"),
    }
}

/// A unique name out of a name: letters and digits of it.
fn slug(name: &str) -> String {
    let plain = name.chars().filter(char::is_ascii_alphanumeric);
    plain.take(50).collect::<String>().to_ascii_lowercase()
}
