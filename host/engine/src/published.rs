//! What customizers have published, as it is stored: a copy of each row, which is what counts.

use std::collections::HashMap;

use sluice_access::Permit;
use sluice_model::{Catalog, Error, Name, Query, Result, Row, TableDef, Uuid, json};
use sluice_store::Tx;

use crate::tables;

/// The published copies as they are stored: table, row, content.
pub(crate) type Stored = Vec<(Name, Uuid, String)>;

/// Reads the published copies.
pub(crate) fn stored(tx: &mut Tx, permit: &Permit, publication: &TableDef) -> Result<Stored> {
    let query = Query::new(tables::PUBLICATION);
    let rows = tx.select(permit, publication, &query)?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            Some((
                row.text("sl_table")?.into(),
                row.id_of("sl_row")?,
                row.text("sl_content")?.to_owned(),
            ))
        })
        .collect())
}

/// The published rows of each table.
pub(crate) fn rows(catalog: &Catalog, stored: &Stored) -> Result<HashMap<Name, Vec<Row>>> {
    let mut rows: HashMap<Name, Vec<Row>> = HashMap::new();
    for (table, id, content) in stored {
        let definition = catalog.table(table)?;
        let content = serde_json::from_str(content)
            .map_err(|error| Error::host(format!("a published row of `{table}` is broken: {error}")))?;
        let mut row = json::to_row(catalog, definition, &content)?;
        row.id = *id;
        rows.entry(table.clone()).or_default().push(row);
    }
    for rows in rows.values_mut() {
        rows.sort_by_key(|row| row.id);
    }
    Ok(rows)
}
