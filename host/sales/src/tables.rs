//! The app's tables, and the columns that it adds to the platform's.

use sluice_engine::Extension;
use sluice_model::{Error, Result, TableDef};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../metadata/", $name, ".toml")))),*]
    };
}

/// The app's own tables.
pub(crate) fn tables() -> Result<Vec<TableDef>> {
    files![
        "campaign",
        "lead",
        "leadtoopportunitysalesprocess",
        "opportunity",
        "opportunityclose",
    ]
    .into_iter()
    .map(|(name, text)| sluice_engine::parse_table(name, text))
    .collect()
}

/// What tables of the platform have only with this app.
pub(crate) fn extensions() -> Result<Vec<Extension>> {
    files![
        "account.extension",
        "activityparty.extension",
        "annotation.extension",
        "appointment.extension",
        "asyncoperation.extension",
        "contact.extension",
        "email.extension",
        "phonecall.extension",
        "task.extension",
    ]
    .into_iter()
    .map(|(_, text)| {
        toml::from_str(text).map_err(|error| Error::host(format!("an extension of the Sales app is wrong: {error}")))
    })
    .collect()
}
