//! The column mappings that a new organisation has: what a qualified lead leaves to the
//! account, the contact and the opportunity. Recalled where
//! no published page names the column.

use sluice_engine::Unit;
use sluice_model::{Result, Row};

/// From lead to account: `source>target`, or one name where both have the same.
const ACCOUNT: &[&str] = &[
    "yomicompanyname>yominame",
    "companyname>name",
    "sic",
    "emailaddress1",
    "fax",
    "websiteurl",
    "telephone1",
    "telephone1>address1_telephone1",
    "telephone2",
    "description",
    "industrycode",
    "numberofemployees",
    "revenue",
];

const CONTACT: &[&str] = &[
    "salutation",
    "firstname",
    "middlename",
    "lastname",
    "yomifirstname",
    "yomimiddlename",
    "yomilastname",
    "jobtitle",
    "telephone1",
    "telephone2",
    "telephone3",
    "mobilephone",
    "pager",
    "fax",
    "emailaddress1",
    "emailaddress2",
    "emailaddress3",
    "websiteurl",
    "description",
];

const OPPORTUNITY: &[&str] = &[
    "subject>name",
    "transactioncurrencyid",
    "qualificationcomments",
    "description",
];

/// Where somebody lives and how they may be reached: to account and contact alike.
const ADDRESS: &[&str] = &[
    "address1_line1",
    "address1_line2",
    "address1_line3",
    "address1_city",
    "address1_stateorprovince",
    "address1_postalcode",
    "address1_country",
    "donotpostalmail",
    "donotphone",
    "donotfax",
    "donotsendmm",
    "donotemail",
    "donotbulkemail",
];

/// Writes the default mappings into a new organisation.
pub(crate) fn install(unit: &mut Unit) -> Result<()> {
    let maps: [(&str, &[&[&str]]); 3] = [
        ("account", &[ACCOUNT, ADDRESS]),
        ("contact", &[CONTACT, ADDRESS]),
        ("opportunity", &[OPPORTUNITY]),
    ];
    for (target, lists) in maps {
        let map = Row::unsaved("entitymap")
            .with("sourceentityname", "lead")
            .with("targetentityname", target);
        let map = unit.found(map)?;
        for pair in lists.iter().copied().flatten() {
            let (source, column) = pair.split_once('>').unwrap_or((pair, pair));
            unit.found(
                Row::unsaved("attributemap")
                    .with("entitymapid", map.clone())
                    .with("sourceattributename", source)
                    .with("targetattributename", column)
                    .with("issystem", true),
            )?;
        }
    }
    Ok(())
}
