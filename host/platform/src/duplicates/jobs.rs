//! The kinds of long work of duplicate rules: to publish one, to look for all duplicates, to
//! remove the codes of one that is out of work.

use sluice_model::{Result, Row};

use super::work::{self, DETECT, PUBLISH, PURGE};
use sluice_engine::{
    Unit,
    runner::{JobKind, JobStep},
};

/// Gives all rows of a table their codes.
pub(super) struct Publish;

impl JobKind for Publish {
    fn number(&self) -> i32 {
        PUBLISH
    }

    fn label(&self) -> &'static str {
        "Duplicate Detection Rule Publish"
    }

    fn step(&self, unit: &mut Unit, _: &Row, data: &str) -> Result<JobStep> {
        work::publish_step(unit, data)
    }

    fn undone(&self, unit: &mut Unit, data: &str) -> Result<()> {
        work::publish_ended(unit, data)
    }
}

/// Reports all duplicates of the rows that a query gives.
pub(super) struct Detect;

impl JobKind for Detect {
    fn number(&self) -> i32 {
        DETECT
    }

    fn label(&self) -> &'static str {
        "Bulk Duplicate Detection"
    }

    fn step(&self, unit: &mut Unit, job: &Row, data: &str) -> Result<JobStep> {
        work::detect_step(unit, job, data)
    }

    fn succeeded(&self, unit: &mut Unit, job: &Row, data: &str, told: &str) -> Result<()> {
        work::detect_ended(unit, job, data, told)
    }
}

/// Removes codes that nobody asks for any more.
pub(super) struct Purge;

impl JobKind for Purge {
    fn number(&self) -> i32 {
        PURGE
    }

    fn label(&self) -> &'static str {
        "Matchcode Update"
    }

    fn step(&self, unit: &mut Unit, _: &Row, data: &str) -> Result<JobStep> {
        work::purge_step(unit, data)
    }

    fn cleans_up(&self) -> bool {
        true
    }
}
