//! The organisation's one row can be changed, but neither made nor removed.

use sluice_model::{Result, Row};

use super::{Rules, moving};
use crate::{Operation, Unit, snapshot::AcrossUnits};

pub(super) struct Organization;

impl Rules for Organization {
    /// Where rows are not owned across business units any more, every row goes into its owner's.
    fn after_update(&self, unit: &mut Unit, _: &Operation, before: &Row, changed: &Row) -> Result<()> {
        let is_off = changed.has(AcrossUnits::COLUMN) && !AcrossUnits::of(changed).is_on;
        if is_off && AcrossUnits::of(before).is_on {
            moving::all_rows_follow(unit)?;
        }
        Ok(())
    }
}
