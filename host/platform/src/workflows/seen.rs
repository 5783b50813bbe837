//! What readers of a job see of the run of a workflow: where it stands, and not the definition by
//! which it runs, which holds the configurations of plug-ins that it calls.

use serde_json::Value as Json;
use sluice_engine::{Operation, ReadRules, Rules, Unit};
use sluice_model::{Name, Result, Row};

/// The rules of jobs.
pub(super) struct Runs;

/// The column in which a job keeps how far it is.
const DATA: &str = "data";

impl Rules for Runs {
    fn reading(&self) -> Option<&dyn ReadRules> {
        Some(self)
    }
}

impl ReadRules for Runs {
    fn after_read(&self, _: &mut Unit, operation: &Operation, _: Option<&[Name]>, rows: &mut [Row]) -> Result<()> {
        if operation.principal().is_system() {
            return Ok(());
        }
        for row in rows {
            let Some(Ok(Json::Object(mut progress))) = row.text(DATA).map(serde_json::from_str) else {
                continue;
            };
            if progress.contains_key("workflow") && progress.remove("definition").is_some() {
                row.set(DATA, Json::Object(progress).to_string());
            }
        }
        Ok(())
    }
}
