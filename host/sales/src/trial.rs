//! Realistic rows for the diagnosis: what a person would enter by hand to see which table it
//! is that fails.

use sluice_engine::Session;
use sluice_model::{ColumnType, Reference, Request, Required, Result, Row, Uuid, Value};
use sluice_platform::prelude::*;

/// The three tables of the platform's procedure.
pub const TABLES: [&str; 3] = ["account", "contact", "opportunity"];

/// An account, a contact and an opportunity to be created for trial: with the values of a
/// lead where one is given, else with plausible ones.
///
/// # Errors
/// The lead cannot be read.
pub fn rows(session: &Session, lead: Option<Uuid>) -> Result<Vec<Row>> {
    let lead = match lead {
        Some(lead) => session
            .execute(Request::retrieve(Reference::new("lead", lead), &[]))?
            .row()
            .cloned(),
        None => None,
    };
    TABLES
        .iter()
        .map(|table| match &lead {
            Some(lead) => {
                let mut row = session.mapped(lead, table)?;
                // The platform carries the currency over by itself; nobody enters it.
                row.values.remove("transactioncurrencyid");
                Ok(row)
            }
            None => row(session, table),
        })
        .collect()
}

/// A row of any table with what such a row needs, and nothing else: its name, and what forms ask
/// for.
///
/// # Errors
/// There is no such table.
pub fn needed(session: &Session, table: &str) -> Result<Row> {
    let catalog = session.catalog()?;
    let definition = catalog.table(table)?;
    let mut whole = row(session, table)?;
    whole.values.retain(|name, _| {
        let asked = definition
            .column(name)
            .is_some_and(|column| column.required != Required::None);
        asked || Some(name) == definition.primary_name.as_ref()
    });
    Ok(whole)
}

/// A plausible row of any table.
///
/// # Errors
/// There is no such table.
pub fn row(session: &Session, table: &str) -> Result<Row> {
    let catalog = session.catalog()?;
    let definition = catalog.table(table)?;
    let mut row = Row::unsaved(definition.name.clone());
    let known = [
        ("name", "Fabrikam Trial"),
        ("subject", "Interested in a trial"),
        ("firstname", "Robin"),
        ("lastname", "Counts"),
        ("companyname", "Fabrikam Trial"),
        ("emailaddress1", "robin.counts@example.com"),
        ("telephone1", "425-555-0147"),
        ("address1_line1", "1 Main Street"),
        ("address1_city", "Redmond"),
        ("address1_stateorprovince", "WA"),
        ("address1_postalcode", "98052"),
        ("address1_country", "USA"),
    ];
    for (column, value) in known {
        if definition.column(column).is_some_and(|column| !column.filled) {
            row.set(column, value);
        }
    }
    for column in &definition.columns {
        let needed = column.required != Required::None || Some(&column.name) == definition.primary_name.as_ref();
        if !needed || column.filled || row.has(&column.name) {
            continue;
        }
        let value = match &column.kind {
            ColumnType::Text { .. } | ColumnType::Memo { .. } => Value::from("Trial"),
            ColumnType::Int { .. } => Value::Int(1),
            ColumnType::Bool => Value::Bool(false),
            _ => continue,
        };
        row.set(column.name.clone(), value);
    }
    Ok(row)
}
