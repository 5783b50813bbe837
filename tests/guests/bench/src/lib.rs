//! Plug-ins whose calls are measured.

use sluice_sdk::prelude::*;

/// The columns of lead that the benchmarks fill.
const COLUMNS: [&str; 20] = [
    "subject",
    "firstname",
    "lastname",
    "companyname",
    "jobtitle",
    "emailaddress1",
    "telephone1",
    "mobilephone",
    "fax",
    "websiteurl",
    "address1_line1",
    "address1_city",
    "address1_stateorprovince",
    "address1_postalcode",
    "address1_country",
    "description",
    "numberofemployees",
    "leadsourcecode",
    "donotemail",
    "revenue",
];

/// Reads twenty columns of the Target.
#[plugin]
pub fn getters(cx: &Context) -> Result<()> {
    let sent = COLUMNS
        .iter()
        .filter(|column| cx.target_value(column).is_some())
        .count();
    if sent == COLUMNS.len() {
        return Ok(());
    }
    Err(Error::unexpected(format!(
        "only {sent} of {} columns were sent",
        COLUMNS.len()
    )))
}

/// Looks at its row and changes another column of it: what a workflow of one condition and one update
/// does.
#[plugin]
pub fn follow(cx: &Context) -> Result<()> {
    let Some(own) = cx.primary() else {
        return Ok(());
    };
    let row = cx.service().retrieve(&own, ["leadsourcecode"])?;
    if matches!(row.get("leadsourcecode"), Some(Value::Choice(7))) {
        cx.service().update(Row::of(&own).with("jobtitle", "Partner"))?;
    }
    Ok(())
}

/// Asks to be tried again, and then makes a task about its row.
#[plugin]
pub fn later(cx: &Context) -> Result<()> {
    if cx.attempt() < 2 {
        return Err(Error::try_again("not yet"));
    }
    if let Some(own) = cx.primary() {
        let task = Row::new("task").with("subject", "Call").with("regardingobjectid", own);
        cx.service().create(task)?;
    }
    Ok(())
}

sluice_sdk::export!(getters, follow, later);
