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

/// Lead and opportunity.
pub(crate) fn tables() -> Result<Vec<TableDef>> {
    Ok(vec![
        sluice_engine::parse_table("lead", include_str!("../metadata/lead.toml"))?,
        sluice_engine::parse_table("opportunity", include_str!("../metadata/opportunity.toml"))?,
    ])
}

/// What accounts, contacts, notes and jobs have only with this app.
pub(crate) fn extensions() -> Result<Vec<(Name, Vec<ColumnDef>)>> {
    [
        include_str!("../metadata/account.extension.toml"),
        include_str!("../metadata/annotation.extension.toml"),
        include_str!("../metadata/asyncoperation.extension.toml"),
        include_str!("../metadata/contact.extension.toml"),
    ]
    .into_iter()
    .map(|text| {
        let extension: Extension = toml::from_str(text)
            .map_err(|error| Error::host(format!("an extension of the Sales app is wrong: {error}")))?;
        Ok((extension.table, extension.columns))
    })
    .collect()
}
