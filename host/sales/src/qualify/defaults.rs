//! What is made of a lead where the request does not say it. The platform makes nothing then; with
//! `ByDefault`, which is Sluice's own, the organisation's settings decide, or a person is asked.

use sluice_engine::{Operation, Unit, parts::input};
use sluice_model::{Catalog, Choice, Result, Row, Value};
use sluice_platform::mapping;

use super::DECISIONS;

/// The settings that say whether each is made.
const SETTINGS: [&str; 3] = [
    "sl_createaccountonqualify",
    "sl_createcontactonqualify",
    "sl_createopportunityonqualify",
];

/// What is made of a lead.
const TABLES: [&str; 3] = ["account", "contact", "opportunity"];

/// The tables whose rows people know by a name of their own, each with the columns that make it.
const NAMES: [(&str, &[&str]); 2] = [("account", &["name"]), ("contact", &["firstname", "lastname"])];

/// Whether a row of the table that was made of the lead would have a name.
pub(super) fn names(unit: &Unit, lead: &Row, table: &str) -> bool {
    let columns = NAMES.iter().find(|(named, _)| *named == table);
    columns.is_none_or(|(_, columns)| mapping::fills(unit, lead, table, columns))
}

/// Whether account, contact and opportunity are made, and which of these decisions are left to a
/// person. What is `settled` is there already: nothing is made, and nobody is asked. Nor is that
/// done for an account or a contact that would have no name: it is made for whoever asks for it by
/// its parameter.
pub(super) fn decide(
    unit: &Unit,
    operation: &Operation,
    status: i32,
    lead: Option<&Row>,
    settled: [bool; 3],
) -> Result<([bool; 3], Vec<&'static str>)> {
    let by_default = input::bool(operation, "ByDefault")? && !disqualifies(&unit.catalog(), status)?;
    let is_on = |column: &str| unit.setting(column).and_then(Value::as_bool) != Some(false);
    let named = |table: &str| lead.is_none_or(|lead| names(unit, lead, table));
    let (mut made, mut asks) = ([false; 3], Vec::new());
    let each = made.iter_mut().zip(DECISIONS).zip(SETTINGS).zip(TABLES).zip(settled);
    for ((((made, parameter), setting), table), settled) in each {
        if settled {
            continue;
        }
        if operation.input(parameter).is_some() {
            *made = input::bool(operation, parameter)?;
        } else if !by_default || !named(table) {
            continue;
        } else if is_on("sl_createonqualify") {
            *made = is_on(setting);
        } else {
            asks.push(parameter);
        }
    }
    Ok((made, asks))
}

/// Whether the status reason is one of a disqualified lead, of which nothing is made.
fn disqualifies(catalog: &Catalog, status: i32) -> Result<bool> {
    let option = statuses(catalog)?.iter().find(|option| option.value == status);
    Ok(option.and_then(|option| option.state) == Some(2))
}

/// The status reasons of leads.
pub(super) fn statuses(catalog: &Catalog) -> Result<&[Choice]> {
    Ok(catalog.table("lead")?.states().map_or(&[], |(_, statuses)| statuses))
}
