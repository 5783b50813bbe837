//! Stages of flows, which depend on their table and on the columns that their steps ask for.

use super::{PROCESS_STEP, STAGE};
use sluice_model::{Filter, Query, Result, Row};

use sluice_engine::{
    Unit,
    capability::{Definition, Dependant, User},
};

/// The stages of all flows.
pub(super) struct Stages;

fn name(stage: &Row) -> &str {
    stage.text("stagename").unwrap_or_default()
}

impl Dependant for Stages {
    fn users(&self, unit: &mut Unit, definition: Definition<'_>) -> Result<Vec<User>> {
        let reason = "see which stages depend on a definition";
        let of_table = Filter::eq("primaryentitytypecode", &*definition.table.name);
        let stages = unit.select_as_platform(reason, &Query::new(STAGE).filter(of_table))?;
        let Some(column) = definition.column else {
            let users = stages.iter().map(|stage| format!("the stage \"{}\"", name(stage)));
            return Ok(users.map(|user| User::of(user, "is about it")).collect());
        };
        let mut users = Vec::new();
        for stage in &stages {
            let asking = Filter::eq("sl_stageid", stage.id).and(Filter::eq("sl_column", &*column.name));
            let asking = Query::new(PROCESS_STEP).columns(&[]).filter(asking);
            if !unit.select_as_platform(reason, &asking)?.is_empty() {
                users.push(User::of(
                    format!("the stage \"{}\" of a process", name(stage)),
                    "asks for it",
                ));
            }
        }
        Ok(users)
    }
}
