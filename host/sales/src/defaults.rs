//! The forms, scripts and the offline profile that a new organisation has.

use sluice_engine::Unit;
use sluice_model::{Result, Row, Value};

use crate::form::{Definition, LEAD_LIBRARY};

/// The tables that the shipped offline profile keeps on a device.
const OFFLINE: [&str; 4] = ["account", "contact", "lead", "opportunity"];

/// What the shipped lead form shows.
const LEAD_COLUMNS: [&str; 20] = [
    "subject",
    "firstname",
    "lastname",
    "jobtitle",
    "telephone1",
    "mobilephone",
    "emailaddress1",
    "companyname",
    "websiteurl",
    "address1_line1",
    "address1_line2",
    "address1_line3",
    "address1_city",
    "address1_stateorprovince",
    "address1_postalcode",
    "address1_country",
    "parentcontactid",
    "parentaccountid",
    "leadsourcecode",
    "description",
];

/// Writes them.
pub(crate) fn install(unit: &mut Unit) -> Result<()> {
    unit.found(
        Row::unsaved("webresource")
            .with("name", LEAD_LIBRARY)
            .with("displayname", "Lead main system library")
            .with("webresourcetype", Value::Choice(3))
            .with(
                "content",
                "// Fills the lead form from the contact or the account that is chosen on it.",
            ),
    )?;
    let mut definition = Definition {
        columns: LEAD_COLUMNS.map(ToOwned::to_owned).to_vec(),
        ..Definition::default()
    };
    definition.add_library(LEAD_LIBRARY, "Sales.Lead.onLoad");
    for (table, name) in [
        ("lead", "Lead"),
        ("account", "Account"),
        ("contact", "Contact"),
        ("opportunity", "Opportunity"),
    ] {
        let definition = if table == "lead" {
            &definition
        } else {
            &Definition::default()
        };
        unit.found(
            Row::unsaved("systemform")
                .with("name", name)
                .with("objecttypecode", table)
                .with("type", Value::Choice(2))
                .with("isdefault", true)
                .with("formjson", definition.to_text()),
        )?;
    }
    let profile = unit.found(Row::unsaved("mobileofflineprofile").with("name", "Sales"))?;
    for table in OFFLINE {
        unit.found(
            Row::unsaved("mobileofflineprofileitem")
                .with("name", table)
                .with("mobileofflineprofileid", profile.clone())
                .with("selectedentitytypecode", table),
        )?;
    }
    Ok(())
}
