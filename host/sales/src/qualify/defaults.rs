//! What is made of a lead where the request does not say it. The platform makes nothing then; with
//! `ByDefault`, which is Sluice's own, the organisation's settings decide, or a person is asked.

use sluice_engine::{Operation, Unit, parts::input};
use sluice_model::{Catalog, Choice, Result, Value};

use super::DECISIONS;

/// The settings that say whether each is made.
const SETTINGS: [&str; 3] = [
    "sl_createaccountonqualify",
    "sl_createcontactonqualify",
    "sl_createopportunityonqualify",
];

/// Whether account, contact and opportunity are made, and which of these decisions are left to a
/// person. What is `settled` is there already: nothing is made, and nobody is asked.
pub(super) fn decide(
    unit: &Unit,
    operation: &Operation,
    status: i32,
    settled: [bool; 3],
) -> Result<([bool; 3], Vec<&'static str>)> {
    let by_default = input::bool(operation, "ByDefault")? && !disqualifies(&unit.catalog(), status)?;
    let is_on = |column: &str| unit.setting(column).and_then(Value::as_bool) != Some(false);
    let (mut made, mut asks) = ([false; 3], Vec::new());
    let each = made.iter_mut().zip(DECISIONS).zip(SETTINGS).zip(settled);
    for (((made, parameter), setting), settled) in each {
        if settled {
            continue;
        }
        if operation.input(parameter).is_some() {
            *made = input::bool(operation, parameter)?;
        } else if by_default && is_on("sl_createonqualify") {
            *made = is_on(setting);
        } else if by_default {
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
