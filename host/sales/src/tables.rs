//! The app's tables, and the columns that it adds to the platform's.

use sluice_engine::Extension;
use sluice_model::{Error, Result, TableDef};

/// The app's own tables.
pub(crate) const OWN: fn() -> Result<Vec<TableDef>> = sluice_engine::tables![
    "../metadata/campaign",
    "../metadata/lead",
    "../metadata/leadtoopportunitysalesprocess",
    "../metadata/opportunity",
    "../metadata/opportunityclose",
];

macro_rules! extensions {
    ($($table:literal),* $(,)?) => {
        [$(include_str!(concat!("../metadata/", $table, ".extension.toml"))),*]
    };
}

/// What tables of the platform have only with this app.
pub(crate) fn extensions() -> Result<Vec<Extension>> {
    extensions![
        "account",
        "activityparty",
        "annotation",
        "appointment",
        "asyncoperation",
        "contact",
        "email",
        "organization",
        "phonecall",
        "task",
    ]
    .into_iter()
    .map(|text| {
        toml::from_str(text).map_err(|error| Error::host(format!("an extension of the Sales app is wrong: {error}")))
    })
    .collect()
}
