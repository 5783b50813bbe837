//! The duplicate rules that a new organisation has, published.

use sluice_engine::Unit;
use sluice_model::{Result, Row};
use sluice_platform::duplicates::found_duplicate_rule;

/// Name, base table, matching table, and the column of both that is compared.
const RULES: [(&str, &str, &str, &str); 3] = [
    ("Leads with the same e-mail address", "lead", "lead", "emailaddress1"),
    (
        "Leads and contacts with the same e-mail address",
        "lead",
        "contact",
        "emailaddress1",
    ),
    ("Accounts with the same name", "account", "account", "name"),
];

/// Writes the rules into a new organisation.
pub(crate) fn install(unit: &mut Unit) -> Result<()> {
    for (name, base, matching, column) in RULES {
        let rule = Row::unsaved("duplicaterule")
            .with("name", name)
            .with("baseentityname", base)
            .with("matchingentityname", matching);
        let condition = Row::unsaved("duplicaterulecondition")
            .with("baseattributename", column)
            .with("matchingattributename", column);
        found_duplicate_rule(unit, rule, vec![condition])?;
    }
    Ok(())
}
