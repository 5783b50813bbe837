//! An amount that comes by a mapping is one of its source's currency, whatever else the new row is given.

use sluice_model::{Error, Reference, Result, Row, TableDef};

const CURRENCY: &str = "transactioncurrencyid";

/// The amounts of a row that came by mappings from one in the currency `theirs`, and would be other ones in the
/// currency `wanted`.
pub fn other_amounts<'a>(
    table: &'a TableDef,
    mapped: &Row,
    (theirs, wanted): (Option<&Reference>, Option<&Reference>),
) -> Vec<&'a str> {
    if theirs == wanted {
        return Vec::new();
    }
    let names = table.amounts().map(|column| &*column.name);
    names
        .filter(|name| mapped.get(name).is_some_and(|amount| !amount.is_null()))
        .collect()
}

/// What InitializeFrom gave, with what is given beside it, which comes before what is mapped.
///
/// # Errors
/// A currency is given, and amounts that stay come from a row in another one.
pub fn with_given(table: &TableDef, mut mapped: Row, given: Row) -> Result<Row> {
    if given.has(CURRENCY) {
        let stays = Row {
            values: mapped
                .values
                .iter()
                .filter(|(name, _)| !given.has(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            ..Row::unsaved(table.name.clone())
        };
        let others = other_amounts(table, &stays, (mapped.lookup(CURRENCY), given.lookup(CURRENCY)));
        if !others.is_empty() {
            let message = format!(
                "`{}` comes from the other row by a mapping, in that one's currency, and would be another amount: leave \
                 `{CURRENCY}` out, or give the amounts as well",
                others.join("`, `")
            );
            return Err(Error::invalid(message).with_table(&table.name));
        }
    }
    mapped.values.extend(given.values);
    Ok(mapped)
}
