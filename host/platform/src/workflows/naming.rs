//! The names of the rows that lookups refer to, as they stand in texts.

use sluice_engine::{Unit, tables};
use sluice_model::{Reference, Result, Right, Uuid};

/// What a row is called to whom a lookup shows it. As on the platform, whoever may read the lookup is told the
/// name of its row; but where the lookup is one that a request brings and no row holds (`is_held`), only whoever
/// may read the row. Who is not told it, and a row without a name, has the id.
pub(crate) fn name_of(unit: &mut Unit, user: Uuid, row: &Reference, is_held: bool) -> Result<String> {
    let catalog = unit.catalog();
    let id = || row.id.to_string();
    let Some(table) = catalog.find(&row.table) else {
        return Ok(id());
    };
    let Some(column) = &table.primary_name else {
        return Ok(id());
    };
    if !is_held {
        let user = unit.principal_of(&Reference::new(tables::USER, user))?;
        if unit.decide_for(&user, table, Right::Read, row.id).is_err() {
            return Ok(id());
        }
    }
    let reason = "a lookup shows the name of its row to whoever may read the lookup";
    let named = unit.read_as_platform(reason, row, Some(std::slice::from_ref(column)))?;
    Ok(named
        .as_ref()
        .and_then(|row| row.text(column))
        .map_or_else(id, ToOwned::to_owned))
}
