//! Stages of flows, which depend on their table and on the columns that their steps ask for.

use super::{PROCESS_STEP, STAGE};
use sluice_model::{Filter, Query, Result, Row};

use sluice_engine::{
    Unit,
    capability::{Dependant, Dependency, RequiredComponent},
};

/// The stages of all flows.
pub(super) struct Stages;

fn name(stage: &Row) -> &str {
    stage.text("stagename").unwrap_or_default()
}

impl Dependant for Stages {
    fn dependencies(&self, unit: &mut Unit, definition: RequiredComponent<'_>) -> Result<Vec<Dependency>> {
        let reason = "see which stages depend on a definition";
        let of_table = Filter::eq("primaryentitytypecode", &*definition.table.name);
        let stages = unit.select_as_platform(reason, &Query::new(STAGE).filter(of_table))?;
        let Some(column) = definition.column else {
            let stages = stages.iter().map(|stage| format!("the stage \"{}\"", name(stage)));
            return Ok(stages.map(|stage| Dependency::of(stage, "is about it")).collect());
        };
        let mut dependencies = Vec::new();
        for stage in &stages {
            let asking = Filter::eq("sl_stageid", stage.id).and(Filter::eq("sl_column", &*column.name));
            let asking = Query::new(PROCESS_STEP).columns(&[]).filter(asking);
            if !unit.select_as_platform(reason, &asking)?.is_empty() {
                dependencies.push(Dependency::of(
                    format!("the stage \"{}\" of a process", name(stage)),
                    "asks for it",
                ));
            }
        }
        Ok(dependencies)
    }
}
