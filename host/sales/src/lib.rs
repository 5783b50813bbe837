//! The Sales app on the platform: its tables and default rows, QualifyLead and its siblings,
//! and the sample organisation.
//!
//! It adds tables, columns, messages, rules and rows through the same doors that a customer's
//! solution would use, and knows neither the store nor the sandbox.

mod lead;
mod maps;
pub mod opportunity;
mod process;
pub mod qualify;
pub mod reports;
pub mod sample;
mod tables;
pub mod trial;

use sluice_engine::App;

/// The app.
pub static APP: App = App {
    name: "sales",
    tables: tables::tables,
    extensions: tables::extensions,
    messages: &[&opportunity::LOSE, &qualify::QualifyLead, &opportunity::WIN],
    rules: &[("lead", &lead::Lead), ("opportunity", &opportunity::Opportunity)],
    install: |unit| maps::install(unit).and_then(|()| process::install(unit)),
};
