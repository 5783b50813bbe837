//! Jobs as they are written: what they know, when they run, to whom they belong.

use serde::Serialize;
use sluice_access::Principal;
use sluice_model::{Error, Name, Reference, Result, Row, Timestamp, Uuid, Value};

use super::to_text;
use crate::{
    Unit,
    jobs::{READY, WAITING},
    recurrence, tables,
};

/// A job to be written.
pub struct NewJob {
    kind: i32,
    name: String,
    data: String,
    table: Option<Name>,
    from: Option<Timestamp>,
    again: Option<String>,
    more: Vec<(&'static str, Value)>,
}

impl NewJob {
    pub fn new(kind: i32, name: String, data: &impl Serialize) -> Result<Self> {
        Ok(Self {
            kind,
            name,
            data: to_text(data)?,
            table: None,
            from: None,
            again: None,
            more: Vec::new(),
        })
    }

    /// The table that it works on.
    pub fn about(mut self, table: &Name) -> Self {
        self.table = Some(table.clone());
        self
    }

    /// With a further column.
    #[must_use]
    pub fn with(mut self, column: &'static str, value: impl Into<Value>) -> Self {
        self.more.push((column, value.into()));
        self
    }

    /// Not before this point in time.
    pub fn from(mut self, time: Timestamp) -> Self {
        self.from = Some(time);
        self
    }

    /// With this recurrence.
    pub fn again(mut self, pattern: Option<&str>) -> Self {
        self.again = pattern.map(ToOwned::to_owned);
        self
    }
}

/// A new row that belongs to a principal, with what every row has.
pub fn owned_row(unit: &Unit, table: &str, owner: &Principal) -> Row {
    let now = unit.core.env.now();
    let reference = Reference::new(owner.kind().table(), owner.id());
    Row::new(table, unit.core.env.new_id())
        .with("createdon", now)
        .with("modifiedon", now)
        .with("createdby", Reference::new(tables::USER, owner.id()))
        .with("modifiedby", Reference::new(tables::USER, owner.id()))
        .with("ownerid", reference)
        .with("owninguser", Reference::new(tables::USER, owner.id()))
        .with(
            "owningbusinessunit",
            Reference::new(tables::BUSINESS_UNIT, owner.business_unit()),
        )
}

/// Writes a job that belongs to `owner`; its id.
pub fn write(unit: &mut Unit, owner: &Principal, job: NewJob) -> Result<Uuid> {
    let now = unit.core.env.now();
    if let (Some(from), Some(pattern)) = (job.from, &job.again) {
        let again = from.checked_add(days(recurrence::days(pattern)?));
        // What was to begin a moment ago begins now; what would have recurred since is a mistake.
        if again.is_ok_and(|again| again <= now) {
            return Err(Error::invalid(format!(
                "a job that recurs cannot begin in the past: {from} is more than one `{pattern}` ago; give a time to \
                 come, or none, to begin at once"
            )));
        }
    }
    let waits = job.from.is_some_and(|from| from > now);
    // The column takes so many characters.
    let name: String = job.name.chars().take(256).collect();
    let mut row = owned_row(unit, tables::JOB, owner)
        .with("name", name)
        .with("operationtype", Value::Choice(job.kind))
        .with("data", job.data)
        .in_state(if waits { WAITING } else { READY });
    if let Some(table) = job.table {
        row.set("primaryentitytype", &*table);
    }
    if let Some(from) = job.from {
        row.set("postponeuntil", from);
        row.set("recurrencestarttime", from);
    }
    if let Some(pattern) = job.again {
        row.set("recurrencepattern", pattern);
    }
    for (column, value) in job.more {
        row.set(column, value);
    }
    let id = row.id;
    unit.insert_as_platform("write a job that somebody may ask for", row)?;
    Ok(id)
}

fn days(days: u16) -> jiff::SignedDuration {
    jiff::SignedDuration::from_hours(24 * i64::from(days))
}

/// When a job that recurs runs next: so many days, or a multiple of them, after it was to run.
pub fn next_start(unit: &Unit, job: &Row, days: u16) -> Result<Timestamp> {
    let now = unit.core.env.now();
    let time = |column: &str| job.get(column).and_then(Value::as_time);
    let mut next = time("recurrencestarttime").or(time("createdon")).unwrap_or(now);
    let step = self::days(days);
    let missed = now.duration_since(next).as_secs() / step.as_secs();
    let steps = i32::try_from(missed.max(0) + 1).unwrap_or(i32::MAX);
    next = step
        .checked_mul(steps)
        .and_then(|wait| next.checked_add(wait).ok())
        .ok_or_else(|| Error::invalid("the next run of the job lies beyond the end of the calendar"))?;
    Ok(next)
}
