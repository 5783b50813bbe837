//! The Sales app on the platform: its tables and default rows, QualifyLead and its siblings,
//! and the sample organisation.
//!
//! It adds tables, columns, messages, rules and rows through the same doors that a customer's
//! solution would use, and knows neither the store nor the sandbox.

mod lead;
mod maps;
pub mod opportunity;
pub mod qualify;
mod rules;
pub mod sample;
mod tables;
pub mod trial;

use sluice_engine::{App, Unit};
use sluice_model::Result;

/// The app.
pub static APP: App = App {
    name: "sales",
    tables: tables::tables,
    extensions: tables::extensions,
    messages: &[
        &opportunity::LOSE,
        &qualify::QualifyLead,
        &qualify::RetrieveLeadMatches,
        &opportunity::WIN,
    ],
    rules: &[("lead", &lead::Lead), ("opportunity", &opportunity::Opportunity)],
    install,
};

/// The default rows of a new organisation.
fn install(unit: &mut Unit) -> Result<()> {
    maps::install(unit)?;
    rules::install(unit)
}
