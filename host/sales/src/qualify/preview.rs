//! What a lead would become, and where each value would come from. The request runs for
//! trial, with its privileges, its plug-in steps and its refusals.

use std::collections::HashMap;

use sluice_engine::{Session, attribution};
use sluice_model::{ColumnDef, Name, Reference, Request, Result, Row, TableDef, Timestamp, Uuid, Value, coerce};
use sluice_platform::prelude::*;

use super::{Choices, request};

/// A row that would be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Previewed {
    began: Timestamp,
    /// Its table.
    pub table: Name,
    /// Its values in the order of the table's columns, each with where it comes from.
    pub values: Vec<(Name, Value, Origin)>,
}

impl Previewed {
    /// Whether a row that it refers to was made in the trial as well.
    pub fn is_new(&self, row: &Reference) -> bool {
        attribution::is_newer(&row.id, self.began)
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A column of the lead, by a mapping.
    Lead(Name),
    /// QualifyLead itself: it links the rows to each other and to the lead.
    Qualify,
    /// What a new row has by itself.
    Default,
    /// The platform fills it.
    Platform,
    /// A plug-in step.
    Step,
}

/// The columns in which QualifyLead links what it makes.
const LINKS: [&str; 8] = [
    "campaignid",
    "customerid",
    "originatingleadid",
    "parentaccountid",
    "parentcontactid",
    "parentcustomerid",
    "primarycontactid",
    "transactioncurrencyid",
];

/// What qualifying the lead would make; nothing is kept.
///
/// # Errors
/// The refusal that qualifying it would meet.
pub fn preview(session: &Session, lead: Uuid, choices: &Choices) -> Result<Vec<Previewed>> {
    let request = request(lead, choices);
    let began = session.now();
    let made = session.preview(&request, "CreatedEntities", true)?.rows;
    // What is the same without any step is no step's work. Where the request cannot pass without
    // its steps, there is nothing to compare with.
    let plain = session
        .preview(&request, "CreatedEntities", false)
        .map(|preview| preview.rows)
        .unwrap_or_default();
    let lead = session.execute(Request::retrieve(Reference::new("lead", lead), &[]))?;
    let lead = lead.row().cloned().unwrap_or_else(|| Row::unsaved("lead"));
    let catalog = session.catalog()?;
    made.iter()
        .map(|row| {
            let table = catalog.table(&row.table)?;
            let story = Story {
                table,
                lead: &lead,
                mapped: session.mapped(&lead, &row.table)?,
                sources: session
                    .mapped_columns("lead", &row.table)?
                    .into_iter()
                    .map(|(source, target)| (target, source))
                    .collect(),
                plain: plain.iter().find(|other| other.table == row.table),
            };
            Ok(Previewed {
                began,
                table: row.table.clone(),
                values: story.values(row),
            })
        })
        .collect()
}

/// Everything that says where the values of one row come from.
struct Story<'a> {
    table: &'a TableDef,
    lead: &'a Row,
    mapped: Row,
    /// The lead's column for each column of the table.
    sources: HashMap<Name, Name>,
    /// The row as it would be without plug-in steps.
    plain: Option<&'a Row>,
}

impl Story<'_> {
    fn values(&self, row: &Row) -> Vec<(Name, Value, Origin)> {
        let tells = |column: &&ColumnDef| !column.filled || Some(&column.name) == self.table.primary_name.as_ref();
        self.table
            .columns
            .iter()
            .filter(tells)
            .filter_map(|column| {
                let value = row.get(&column.name).filter(|value| !value.is_null())?;
                Some((column.name.clone(), value.clone(), self.origin(column, value)))
            })
            .collect()
    }

    fn origin(&self, column: &ColumnDef, value: &Value) -> Origin {
        let mapped = self.mapped.get(&column.name).cloned();
        let mapped = mapped.and_then(|value| coerce::check(self.table, column, value).ok());
        if let (Some(mapped), Some(source)) = (&mapped, self.sources.get(&column.name))
            && mapped == value
            && !is_default(self.table, column, value)
        {
            return Origin::Lead(source.clone());
        }
        let untouched = self.untouched(column, value);
        match self.plain.map(|plain| plain.get(&column.name)) {
            Some(Some(plain)) if same(plain, value) => untouched,
            Some(_) => Origin::Step,
            // Nothing to compare with: what is not known to be the platform's is a step's.
            None if untouched == Origin::Platform => Origin::Step,
            None => untouched,
        }
    }

    /// Where a value comes from that is there without any step.
    fn untouched(&self, column: &ColumnDef, value: &Value) -> Origin {
        let no_currency =
            &*column.name == "transactioncurrencyid" && self.lead.lookup("transactioncurrencyid").is_none();
        let is_state = matches!(&*column.name, "statecode" | "statuscode");
        if is_state || no_currency || is_default(self.table, column, value) {
            Origin::Default
        } else if LINKS.contains(&&*column.name) {
            Origin::Qualify
        } else {
            Origin::Platform
        }
    }
}

/// Whether a new row has that value by itself.
pub(super) fn is_default(table: &TableDef, column: &ColumnDef, value: &Value) -> bool {
    column
        .given()
        .is_some_and(|default| coerce::stored(table, column, default).is_ok_and(|default| default == *value))
}

/// The same value; the rows of two trials have other ids.
fn same(plain: &Value, value: &Value) -> bool {
    match (plain, value) {
        (Value::Lookup(plain), Value::Lookup(value)) => plain.table == value.table,
        (plain, value) => plain == value,
    }
}
