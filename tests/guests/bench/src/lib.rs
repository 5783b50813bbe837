//! A plug-in whose call is measured: it reads twenty columns of the Target, one by one, and
//! makes no service call.

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

sluice_sdk::export!(getters);
