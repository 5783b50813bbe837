//! How many of the closed leads were qualified: by source, by owner, by the month in which they
//! were closed. When that was, the audit trail knows; where it does not, or may not be
//! read, the last change of the lead stands for it.

use std::collections::BTreeMap;

use sluice_engine::Session;
use sluice_model::{
    DatePart, Filter, Join, Name, Query, Reference, Related, Result, Row, TableDef, TimeZone, Timestamp, Total, Value,
    What, codes::Kind,
};

use super::{counted, definition, each, label, leads_in, rows, time, total};

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

    fn add(&mut self, state: Option<i32>, leads: usize) {
        match state {
            Some(1) => self.qualified += leads,
            _ => self.disqualified += leads,
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
    let table = definition(session)?;
    let mut rate = QualifyRate::default();
    let recorded = each(session, recorded(), &mut |lead| {
        let when = time(lead, CLOSED).map(month);
        rate.from_audit_trail += 1;
        rate.add(&table, lead, when, 1);
    });
    let mut others = leads_in(&[1, 2]);
    match recorded {
        Ok(()) => others = others.and(in_trail().negated()),
        // Who may not read the trail is told by the leads alone.
        Err(error) if error.kind() == Kind::Denied => rate = QualifyRate::default(),
        Err(error) => return Err(error),
    }
    let mut rest = counted("lead", "leadid", &OF_LEADS, others);
    for (name, part) in [(YEAR, DatePart::Year), (MONTH, DatePart::Month)] {
        rest.totals.push(Total {
            name: name.into(),
            ..total("modifiedon", What::Part(part))
        });
    }
    each(session, rest, &mut |group| {
        let when = group.int(YEAR).zip(group.int(MONTH));
        let when = when.map(|(year, month)| format!("{year:04}-{month:02}"));
        rate.add(&table, group, when, rows(group));
    })?;
    Ok(rate)
}

/// What leads are counted by.
const OF_LEADS: [&str; 3] = ["statecode", "leadsourcecode", "ownerid"];
const YEAR: &str = "year";
const MONTH: &str = "month";
/// When a lead was closed for the last time.
const CLOSED: &str = "closed";

impl QualifyRate {
    fn add(&mut self, table: &TableDef, group: &Row, month: Option<String>, leads: usize) {
        let state = group.int("statecode");
        self.total.add(state, leads);
        let source = match group.int("leadsourcecode") {
            Some(source) => label(table, "leadsourcecode", source),
            None => NO_SOURCE.to_owned(),
        };
        self.by_source.entry(source).or_default().add(state, leads);
        if let Some(owner) = group.lookup("ownerid") {
            self.by_owner.entry(owner.clone()).or_default().add(state, leads);
        }
        if let Some(month) = month {
            self.by_month.entry(month).or_default().add(state, leads);
        }
    }
}

/// The rows of the audit trail that say that a lead was closed.
fn closings() -> Filter {
    let action = Filter::In {
        column: "action".into(),
        values: CLOSINGS.map(Value::Choice).to_vec(),
    };
    Filter::eq("objecttypecode", "lead")
        .and(action)
        .and(Filter::eq("sl_ofearlierrow", true).negated())
}

/// The closed leads of which the audit trail tells when that was, each with the last time.
fn recorded() -> Query {
    let lead: Name = "lead".into();
    let mut query = Query::new("audit").filter(closings());
    query.joins.push(Join {
        alias: lead.clone(),
        within: None,
        column: "objectid".into(),
        table: lead.clone(),
        other: "leadid".into(),
        outer: false,
        columns: Vec::new(),
        filter: leads_in(&[1, 2]),
    });
    query.totals.push(total("objectid", What::Group));
    query.totals.extend(OF_LEADS.map(|column| Total {
        of: Some(lead.clone()),
        ..total(column, What::Group)
    }));
    query.totals.push(Total {
        name: CLOSED.into(),
        ..total("createdon", What::Most)
    });
    query
}

/// The audit trail tells when a lead was closed.
fn in_trail() -> Filter {
    Filter::Related(Box::new(Related {
        column: "leadid".into(),
        table: "audit".into(),
        other: "objectid".into(),
        filter: closings(),
    }))
}

fn month(time: Timestamp) -> String {
    let date = time.to_zoned(TimeZone::UTC).date();
    format!("{:04}-{:02}", date.year(), date.month())
}

/// What `audit.action` says of a lead that was closed: Deactivate, Qualify, Disqualify.
const CLOSINGS: [i32; 3] = [5, 24, 25];
