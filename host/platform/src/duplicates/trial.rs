//! The publishing of a rule, to be tried: it goes over no whole table.

use std::sync::Arc;

use sluice_engine::Rehearsal;
use sluice_model::{Request, Timestamp, Uuid, Value};

use super::{life, work};

/// The publishing of a rule, to be tried. Of the rows that are there, the newest count that were made
/// before a time, as many as one step of the job does: what was made since is what the requests made
/// that are judged.
pub fn publishing_rule(rule: Uuid, made_before: Timestamp) -> Rehearsal {
    Arc::new(move |batch| {
        batch.execute(Request::new("PublishDuplicateRule").with("DuplicateRuleId", Value::Id(rule)))?;
        let unit = batch.unit();
        work::code_newest(unit, rule, made_before)?;
        let row = life::read(unit, rule)?;
        life::published(unit, &row)
    })
}
