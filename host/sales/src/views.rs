//! The views that a new organisation has. Their columns are recalled
//! where no published page names them.

use sluice_engine::Unit;
use sluice_model::{Result, Row};

/// A view: its name, the columns, what it asks for, and its order.
struct View {
    name: &'static str,
    /// Conditions on columns: operator and value, where it takes one.
    conditions: &'static [(&'static str, &'static str, &'static str)],
    default: bool,
}

const fn view(name: &'static str, conditions: &'static [(&'static str, &'static str, &'static str)]) -> View {
    View {
        name,
        conditions,
        default: false,
    }
}

const fn default(name: &'static str, conditions: &'static [(&'static str, &'static str, &'static str)]) -> View {
    View {
        name,
        conditions,
        default: true,
    }
}

/// The views of a table, and what all of them have in common.
struct Views {
    table: &'static str,
    columns: &'static [&'static str],
    order: &'static str,
    descending: bool,
    views: &'static [View],
}

const MINE: (&str, &str, &str) = ("ownerid", "eq-userid", "");
const OPEN: (&str, &str, &str) = ("statecode", "eq", "0");

const ALL: &[Views] = &[
    Views {
        table: "lead",
        columns: &[
            "fullname",
            "subject",
            "companyname",
            "emailaddress1",
            "statuscode",
            "ownerid",
            "createdon",
        ],
        order: "createdon",
        descending: true,
        views: &[
            view("My Open Leads", &[MINE, OPEN]),
            default("Open Leads", &[OPEN]),
            view("All Leads", &[]),
            view("Closed Leads", &[("statecode", "ne", "0")]),
        ],
    },
    Views {
        table: "opportunity",
        columns: &[
            "name",
            "customerid",
            "estimatedvalue",
            "estimatedclosedate",
            "statuscode",
            "ownerid",
            "createdon",
        ],
        order: "createdon",
        descending: true,
        views: &[
            view("My Open Opportunities", &[MINE, OPEN]),
            default("Open Opportunities", &[OPEN]),
            view("Won Opportunities", &[("statecode", "eq", "1")]),
            view("Lost Opportunities", &[("statecode", "eq", "2")]),
            view("All Opportunities", &[]),
        ],
    },
    Views {
        table: "account",
        columns: &[
            "name",
            "telephone1",
            "address1_city",
            "primarycontactid",
            "emailaddress1",
            "ownerid",
        ],
        order: "name",
        descending: false,
        views: &[
            view("My Active Accounts", &[MINE, OPEN]),
            default("Active Accounts", &[OPEN]),
            view("All Accounts", &[]),
        ],
    },
    Views {
        table: "contact",
        columns: &["fullname", "emailaddress1", "parentcustomerid", "telephone1", "ownerid"],
        order: "fullname",
        descending: false,
        views: &[
            view("My Active Contacts", &[MINE, OPEN]),
            default("Active Contacts", &[OPEN]),
            view("All Contacts", &[]),
        ],
    },
];

/// Writes the views into a new organisation.
pub(crate) fn install(unit: &mut Unit) -> Result<()> {
    for of_table in ALL {
        for view in of_table.views {
            let row = Row::unsaved("savedquery")
                .with("name", view.name)
                .with("returnedtypecode", of_table.table)
                .with("fetchxml", fetch(of_table, view))
                .with("isdefault", view.default);
            unit.found(row)?;
        }
    }
    Ok(())
}

fn fetch(of_table: &Views, view: &View) -> String {
    let mut xml = format!(
        "<fetch version=\"1.0\" mapping=\"logical\">\n  <entity name=\"{}\">\n",
        of_table.table
    );
    for column in of_table.columns {
        xml.push_str(&format!("    <attribute name=\"{column}\"/>\n"));
    }
    xml.push_str(&format!(
        "    <order attribute=\"{}\" descending=\"{}\"/>\n",
        of_table.order, of_table.descending
    ));
    if !view.conditions.is_empty() {
        xml.push_str("    <filter type=\"and\">\n");
        for (column, operator, value) in view.conditions {
            let value = match *value {
                "" => String::new(),
                value => format!(" value=\"{value}\""),
            };
            xml.push_str(&format!(
                "      <condition attribute=\"{column}\" operator=\"{operator}\"{value}/>\n"
            ));
        }
        xml.push_str("    </filter>\n");
    }
    xml.push_str("  </entity>\n</fetch>\n");
    xml
}
