//! How many of the closed leads were qualified: by source, by owner, by the month in which they
//! were closed. When that was, the audit trail knows; where it does not, or may not be
//! read, the last change of the lead stands for it.

use std::collections::{BTreeMap, HashMap};

use sluice_engine::Session;
use sluice_model::{Filter, Query, Reference, Result, Row, TimeZone, Timestamp, Uuid, Value, codes::Kind};

use super::{all, definition, label, leads, time};

/// Leads that were closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closed {
    /// As qualified.
    pub qualified: usize,
    /// As disqualified.
    pub disqualified: usize,
}

impl Closed {
    /// All of them.
    pub fn closed(&self) -> usize {
        self.qualified + self.disqualified
    }

    /// The part that was qualified, if any was closed.
    #[expect(clippy::cast_precision_loss, reason = "counts of leads are far below 2^52")]
    pub fn rate(&self) -> Option<f64> {
        (self.closed() > 0).then(|| self.qualified as f64 / self.closed() as f64)
    }

    fn add(&mut self, lead: &Row) {
        match lead.int("statecode") {
            Some(1) => self.qualified += 1,
            _ => self.disqualified += 1,
        }
    }
}

/// The qualify rate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QualifyRate {
    /// Of all closed leads.
    pub total: Closed,
    /// By the label of the source.
    pub by_source: BTreeMap<String, Closed>,
    /// By the owner.
    pub by_owner: BTreeMap<Reference, Closed>,
    /// By the month of closing, such as `2026-03`, UTC.
    pub by_month: BTreeMap<String, Closed>,
    /// Of how many leads the audit trail told when they were closed.
    pub from_audit_trail: usize,
}

/// What a lead without a source is counted under.
const NO_SOURCE: &str = "(no source)";

/// The qualify rate of the leads that the user may read.
///
/// # Errors
/// The user may not read leads.
pub fn qualify_rate(session: &Session) -> Result<QualifyRate> {
    let columns = ["statecode", "leadsourcecode", "ownerid", "modifiedon", "createdon"];
    let (table, closings) = (definition(session)?, closings(session)?);
    let mut rate = QualifyRate::default();
    for lead in leads(session, &[1, 2], &columns)? {
        rate.total.add(&lead);
        let source = match lead.int("leadsourcecode") {
            Some(source) => label(&table, "leadsourcecode", source),
            None => NO_SOURCE.to_owned(),
        };
        rate.by_source.entry(source).or_default().add(&lead);
        if let Some(owner) = lead.lookup("ownerid") {
            rate.by_owner.entry(owner.clone()).or_default().add(&lead);
        }
        let recorded = closings.get(&lead.id).copied();
        rate.from_audit_trail += usize::from(recorded.is_some());
        if let Some(when) = recorded.or_else(|| time(&lead, "modifiedon")) {
            rate.by_month.entry(month(when)).or_default().add(&lead);
        }
    }
    Ok(rate)
}

fn month(time: Timestamp) -> String {
    let date = time.to_zoned(TimeZone::UTC).date();
    format!("{:04}-{:02}", date.year(), date.month())
}

/// What `audit.action` says of a lead that was closed: Deactivate, Qualify, Disqualify.
const CLOSED: [i32; 3] = [5, 24, 25];

/// When leads were closed, the last time of each; nothing, for who may not read the trail.
fn closings(session: &Session) -> Result<HashMap<Uuid, Timestamp>> {
    let action = Filter::In {
        column: "action".into(),
        values: CLOSED.map(Value::Choice).to_vec(),
    };
    let closed = Filter::eq("objecttypecode", "lead")
        .and(action)
        .and(Filter::eq("sl_ofearlierrow", true).negated());
    let trail = Query::new("audit").columns(&["objectid", "createdon"]).filter(closed);
    let trail = match all(session, &trail) {
        Err(error) if error.kind() == Kind::Denied => return Ok(HashMap::new()),
        other => other?,
    };
    let mut closings: HashMap<Uuid, Timestamp> = HashMap::new();
    for row in trail {
        if let (Some(lead), Some(when)) = (row.id_of("objectid"), time(&row, "createdon")) {
            let last = closings.entry(lead).or_insert(when);
            *last = when.max(*last);
        }
    }
    Ok(closings)
}
