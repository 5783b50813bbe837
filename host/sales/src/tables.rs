//! The app's tables, and the columns that it adds to the platform's.

use serde::Deserialize;
use sluice_model::{ColumnDef, Error, Name, Result, TableDef};

/// A file that adds columns to a table of the platform; a column of a name that is there
/// takes its place.
#[derive(Deserialize)]
struct Extension {
    table: Name,
    #[serde(rename = "column")]
    columns: Vec<ColumnDef>,
}

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
pub(crate) fn extensions() -> Result<Vec<(Name, Vec<ColumnDef>)>> {
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
        let extension: Extension = toml::from_str(text)
            .map_err(|error| Error::host(format!("an extension of the Sales app is wrong: {error}")))?;
        Ok((extension.table, extension.columns))
    })
    .collect()
}
