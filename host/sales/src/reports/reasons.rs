//! Why leads were disqualified.

use std::collections::BTreeMap;

use sluice_engine::Session;
use sluice_model::Result;

use super::{counted, definition, each, label, leads_in, rows};

/// A reason, and how many leads were disqualified for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The status reason.
    pub status: i32,
    /// What people call it.
    pub label: String,
    /// How many leads.
    pub leads: usize,
}

/// The reasons for which leads were disqualified that the user may read, the most frequent first.
///
/// # Errors
/// The user may not read leads.
pub fn reasons(session: &Session) -> Result<Vec<Reason>> {
    let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
    let query = counted("lead", "leadid", &["statuscode"], leads_in(&[2]));
    each(session, query, &mut |group| {
        *counts.entry(group.int("statuscode").unwrap_or_default()).or_default() += rows(group);
    })?;
    let table = definition(session)?;
    let reasons = counts.into_iter().map(|(status, leads)| Reason {
        status,
        label: label(&table, "statuscode", status),
        leads,
    });
    let mut reasons: Vec<Reason> = reasons.collect();
    reasons.sort_by_key(|reason| (std::cmp::Reverse(reason.leads), reason.status));
    Ok(reasons)
}
