//! What the platform does when a lead changes: its states and their order.

use sluice_engine::{Operation, Rules, Unit};
use sluice_model::{Code, Error, Name, Result, Row, situations::NO_NEXT_STAGE};

use crate::{process, qualify};

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
            return Err(qualify::closed(before.id));
        }
        let same_status = status.is_none() || status == before.int("statuscode");
        if was == 0 && state == Some(0) && same_status {
            return Err(Error::said(Code::LEAD_OPEN).with_table("lead"));
        }
        Ok(())
    }

    /// What a lead goes through ends when it is disqualified, and goes on when it is taken up
    /// again.
    fn after_update(&self, unit: &mut Unit, operation: &Operation, before: &Row, changed: &Row) -> Result<()> {
        match (before.int("statecode"), changed.int("statecode")) {
            (Some(0), Some(2)) => process::abort(unit, operation, &before.reference()),
            (Some(2), Some(0)) => process::take_up(unit, operation, &before.reference()),
            _ => Ok(()),
        }
    }

    /// Only qualifying leads from the lead to its opportunity.
    fn before_stage_left(&self, _: &mut Unit, _: &Operation, row: &Row, next: &Name) -> Result<()> {
        if &**next == "lead" || row.int("statecode") != Some(0) {
            return Ok(());
        }
        let mut error = Error::of(&NO_NEXT_STAGE).with_word("LEAD", row.id);
        error.body_mut().inner =
            Some("Invalid cross-entity stage transition. Target entity must be specified.".to_owned());
        Err(error)
    }
}
