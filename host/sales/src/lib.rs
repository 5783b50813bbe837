//! The Sales app on the platform: its tables and default rows, QualifyLead and its siblings,
//! and the sample organisation.
//!
//! It adds tables, columns, messages, rules and rows through the same doors that a customer's
//! solution would use, and knows neither the store nor the sandbox.

pub mod command;
mod defaults;
pub mod form;
mod lead;
mod maps;
pub mod opportunity;
mod process;
pub mod qualify;
pub mod reports;
mod rules;
pub mod sample;
pub mod starters;
mod tables;
pub mod timeline;
pub mod trial;
mod views;

use sluice_engine::{Capabilities, Capability, Meaning, Tables, Unit};
use sluice_model::Result;

/// What an organisation with the app is opened with.
pub fn capabilities() -> Capabilities {
    sluice_platform::with(&[APP])
}

/// The app.
static APP: Capability = Capability {
    tables: tables::OWN,
    extensions: tables::extensions,
    messages: &[
        &opportunity::LOSE,
        &qualify::QualifyLead,
        &qualify::RetrieveLeadMatches,
        &timeline::RetrieveTimeline,
        &opportunity::WIN,
    ],
    rules: &[
        (Tables::Named("lead"), &lead::Lead),
        (Tables::Named("opportunity"), &opportunity::Opportunity),
        (Tables::Named("systemform"), &form::Forms),
    ],
    dependants: &[&form::OnForms],
    meanings: &[Meaning::new("systemform", "formjson", |form, _| {
        form::Definition::of(form).is_ok()
    })],
    install,
    ..Capability::named("sales")
};

/// Writes the app's default rows into a new organisation.
fn install(unit: &mut Unit) -> Result<()> {
    maps::install(unit)?;
    defaults::install(unit)?;
    process::install(unit)?;
    rules::install(unit)?;
    views::install(unit)
}
