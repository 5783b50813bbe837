//! The organisation's one row can be changed, but neither made nor removed.

use sluice_model::{Result, Row};

use super::Rules;
use crate::{Operation, Unit, capability::Redefinition};

pub(super) struct Organization;

impl Rules for Organization {
    /// Where duplicate detection is switched off, every rule is unpublished; switched on
    /// again, they must be published again.
    fn after_update(&self, unit: &mut Unit, _: &Operation, _: &Row, changed: &Row) -> Result<()> {
        match changed.bool("isduplicatedetectionenabled") {
            Some(false) => unit.redefined(Redefinition::DetectionOff).map(|_| ()),
            _ => Ok(()),
        }
    }
}
