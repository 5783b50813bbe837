//! ExecuteWorkflow: runs an active workflow for a row, because somebody asks for it or another
//! workflow starts it as a child. In the background it answers with the job.

use std::sync::Arc;

use sluice_model::{Code, Error, Parameter, ParameterType, Reference, Result, Right, Uuid, Value};

use super::{active, active::KIND, background, run::TABLE};
use sluice_engine::{
    Message, Operation, ParameterDef, Shape, Unit,
    parts::{optional, require, required},
};

/// The privilege to run workflows by hand.
pub(super) const RUN: &str = "prvWorkflowExecution";

/// `ExecuteWorkflow`.
pub(super) struct ExecuteWorkflow;

impl Message for ExecuteWorkflow {
    fn name(&self) -> &'static str {
        "ExecuteWorkflow"
    }

    fn doc(&self) -> &'static str {
        "Runs an active workflow for a row."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("WorkflowId", ParameterType::Id),
            required("EntityId", ParameterType::Id),
        ];
        const OUTPUTS: &[ParameterDef] = &[optional("Id", ParameterType::Id)];
        Shape {
            outputs: OUTPUTS,
            ..Shape::changing(TABLE, "WorkflowId", INPUTS)
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        require(unit, operation, &*operation.table()?, Right::Read)?;
        // A child is run by its parent, and not by hand.
        match unit.called_by() == Some(KIND) {
            true => Ok(()),
            false => unit.require_named(operation, RUN),
        }
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let id = operation.id()?;
        let snapshot = unit.snapshot()?;
        let workflow = match active::of(&snapshot).find(id) {
            Some(workflow) => workflow.clone(),
            None => return Err(not_active(unit, operation, id)?),
        };
        if !workflow.by_hand {
            return Err(Error::said(Code::WORKFLOW_NOT_STARTED_BY_HAND).with_word("WORKFLOW", workflow.id));
        }
        let Some(Parameter::Value(Value::Id(row))) = operation.input("EntityId") else {
            return Err(Error::invalid("ExecuteWorkflow needs the id of a row in `EntityId`"));
        };
        let row = Reference::new(workflow.table.clone(), *row);
        unit.decide(operation, &*operation.table()?, Right::Read, id)?;
        let table = snapshot.table(&row.table)?.clone();
        unit.decide(operation, &table, Right::Read, row.id)?;
        if !workflow.in_real_time {
            let by = operation.caller_id();
            if let Some(job) = background::start(unit, operation, &workflow, row, by)? {
                unit.release_job(job);
                operation.output("Id", Value::Id(job));
            }
            return Ok(());
        }
        let step = workflow.step_by_hand(row, self.name());
        unit.run_step(operation, &Arc::new(step))
    }
}

/// Why a workflow that is not active cannot be run.
fn not_active(unit: &mut Unit, operation: &Operation, id: Uuid) -> Result<Error> {
    let table = operation.table()?;
    unit.decide(operation, &table, Right::Read, id)?;
    let row = unit.need_as_platform("tell a draft from what is no workflow", &Reference::new(TABLE, id))?;
    let name = row.text("name").unwrap_or_default();
    Ok(Error::new(
        Code::WORKFLOW_NOT_ACTIVE,
        format!("\"{name}\" cannot be run: it is no active workflow"),
    )
    .with_table(TABLE)
    .with_word("WORKFLOW", id))
}
