//! RetrieveProcessInstances: the processes of a row, the one in which it is before the others.

use std::sync::Arc;

use sluice_model::{Parameter, ParameterType, Result, Right, TableDef, Value};

use super::process::processes_of;
use sluice_engine::{
    Operation, Unit,
    message::{Message, ParameterDef, Shape, Takes, input, required},
    principals,
};

/// `RetrieveProcessInstances`.
pub(crate) struct RetrieveProcessInstances;

impl Message for RetrieveProcessInstances {
    fn name(&self) -> &'static str {
        "RetrieveProcessInstances"
    }

    fn doc(&self) -> &'static str {
        "Reads the processes of a row, of the flows that the caller may read; the first one counts."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("EntityId", ParameterType::Id),
            required("EntityLogicalName", ParameterType::Text),
        ];
        const OUTPUTS: &[ParameterDef] = &[required("Processes", ParameterType::Rows)];
        Shape::reading(Takes::Nothing, INPUTS, OUTPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let table = table(unit, operation)?;
        principals::require(unit, operation, &table, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = table(unit, operation)?;
        let id = input::id(operation, "EntityId")?;
        unit.decide(operation, &table, Right::Read, id)?;
        let processes = processes_of(unit, &sluice_model::Reference::new(table.name.clone(), id))?;
        let snapshot = unit.snapshot()?;
        let mut rows = Vec::new();
        for process in processes {
            let of = snapshot.table(&process.instance.table)?;
            if principals::require(unit, operation, of, Right::Read).is_ok() {
                let stage = process.stage().map_or(Value::Null, |stage| Value::Id(stage.id));
                rows.push(process.row.with("processstageid", stage));
            }
        }
        operation.output("Processes", Parameter::Rows(rows));
        Ok(())
    }
}

/// The table that the request names.
fn table(unit: &mut Unit, operation: &Operation) -> Result<Arc<TableDef>> {
    let name = input::text(operation, "EntityLogicalName")?;
    Ok(unit.snapshot()?.table(&name)?.clone())
}
