//! The flows as a part of the configuration.

use std::{
    any::{Any, TypeId},
    sync::Arc,
};

use sluice_model::{Filter, Result, Value};

use super::{CATEGORY, FlowRows, Flows, PROCESS_STEP, STAGE};
use sluice_engine::{
    snapshot::{Part, Reader, Snapshot},
    tables,
};

/// The flows of the organisation, with their stages and steps.
pub(super) struct FlowPart;

impl Part for FlowPart {
    fn tables(&self) -> &'static [&'static str] {
        &[tables::PROCESS, STAGE, PROCESS_STEP]
    }

    fn kind(&self) -> TypeId {
        TypeId::of::<Flows>()
    }

    fn load(&self, reader: &mut Reader<'_>) -> Result<Arc<dyn Any + Send + Sync>> {
        let category = Filter::eq("category", Value::Choice(CATEGORY));
        Ok(Arc::new(Flows::new(FlowRows {
            processes: reader.some(
                tables::PROCESS,
                &["name", "uniquename", "description", "processorder", "statecode"],
                category,
            )?,
            stages: reader.all(
                STAGE,
                &["stagename", "processid", "primaryentitytypecode", "sl_position"],
            )?,
            steps: reader.all(
                PROCESS_STEP,
                &["sl_name", "sl_stageid", "sl_column", "sl_required", "sl_position"],
            )?,
        })))
    }
}

/// The flows of the organisation.
pub(crate) fn flows(snapshot: &Snapshot) -> &Flows {
    snapshot.part()
}
