//! The organisation's one row can be changed, but neither made nor removed.

use sluice_model::{Result, Row};

use super::Rules;
use crate::{Operation, Unit, capability::Redefinition};

pub(super) struct Organization;

/// What managers see of those below them has a privilege of its own.
const HIERARCHY: [&str; 3] = [
    "ishierarchicalsecuritymodelenabled",
    "usepositionhierarchy",
    "maxdepthforhierarchicalsecuritymodel",
];

impl Rules for Organization {
    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        let changes = |column: &str| target.has(column) && target.get(column) != before.get(column);
        match HIERARCHY.iter().any(|column| changes(column)) {
            true => unit.require_named(operation, "prvWriteHierarchicalSecurityConfiguration"),
            false => Ok(()),
        }
    }

    /// Where duplicate detection is switched off, every rule is unpublished; switched on
    /// again, they must be published again.
    fn after_update(&self, unit: &mut Unit, _: &Operation, _: &Row, changed: &Row) -> Result<()> {
        match changed.bool("isduplicatedetectionenabled") {
            Some(false) => unit.redefined(Redefinition::DetectionOff).map(|_| ()),
            _ => Ok(()),
        }
    }
}
