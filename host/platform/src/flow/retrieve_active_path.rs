//! RetrieveActivePath: the stages that a process goes through. Flows do not branch, so they are
//! all of them.

use super::STAGE;
use sluice_model::{Error, Parameter, ParameterType, Reference, Result, Right};

use super::part::flows;
use sluice_engine::{
    Operation, Unit,
    message::{Message, ParameterDef, Shape, Takes, input, required},
    principals, tables,
};

/// `RetrieveActivePath`.
pub(crate) struct RetrieveActivePath;

impl Message for RetrieveActivePath {
    fn name(&self) -> &'static str {
        "RetrieveActivePath"
    }

    fn doc(&self) -> &'static str {
        "Reads the stages that a process goes through, in order."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("ProcessInstanceId", ParameterType::Id)];
        const OUTPUTS: &[ParameterDef] = &[required("ProcessStages", ParameterType::Rows)];
        Shape::reading(Takes::Nothing, INPUTS, OUTPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let stages = unit.snapshot()?.table(STAGE)?.clone();
        principals::require(unit, operation, &stages, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let id = input::id(operation, "ProcessInstanceId")?;
        let snapshot = unit.snapshot()?;
        for flow in flows(&snapshot).all() {
            let Some(table) = snapshot.catalog().find(&flow.unique_name) else {
                continue;
            };
            if unit.read(|tx| tx.facts().exists(table, id))? {
                unit.decide(operation, table, Right::Read, id)?;
                let mut rows = Vec::new();
                for stage in &flow.stages {
                    let stage = Reference::new(STAGE, stage.id);
                    let row =
                        unit.read_as_platform("show the stages of a process that the caller may read", &stage, None)?;
                    rows.extend(row);
                }
                operation.output("ProcessStages", Parameter::Rows(rows));
                return Ok(());
            }
        }
        Err(Error::not_found("Workflow", tables::PROCESS, id))
    }
}
