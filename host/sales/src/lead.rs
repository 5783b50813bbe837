//! What the platform does when a lead changes: its states and their order.
//! Source: R1–R7, R27, R264, R279; the platform reference §4.4, §4.5.

use sluice_engine::{Operation, Rules, Unit};
use sluice_model::{Code, Error, Result, Row};

use crate::qualify;

/// The rules of `lead`.
pub(crate) struct Lead;

impl Rules for Lead {
    /// A closed lead takes no other closed state, and an open one is not reactivated.
    fn before_update(&self, _: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        let (state, status) = (target.int("statecode"), target.int("statuscode"));
        if state.is_none() && status.is_none() {
            return Ok(());
        }
        let was = before.int("statecode").unwrap_or_default();
        let will = state.unwrap_or(was);
        if was != 0 && will != 0 {
            return Err(qualify::closed());
        }
        let same_status = status.is_none() || status == before.int("statuscode");
        if was == 0 && state == Some(0) && same_status {
            return Err(Error::new(Code::LEAD_OPEN, "The lead is already in the open state.").with_table("lead"));
        }
        Ok(())
    }
}
