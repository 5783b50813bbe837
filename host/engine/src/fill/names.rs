//! What an organisation is administered and customised by is named by people, who have to see the whole name.

use sluice_model::{Error, Name, Result, Row, TableDef, looks};

use crate::tables;

/// Refuses a name that comes in and begins or ends with what nobody sees, or has nothing else.
pub(super) fn check_name(table: &TableDef, row: &Row, before: Option<&Row>) -> Result<()> {
    if !(table.configuration || table.customizes) {
        return Ok(());
    }
    let sign_in = (&*table.name == tables::USER).then(|| Name::from("domainname"));
    for column in table.primary_name.iter().chain(&sign_in) {
        let Some(name) = row.text(column).filter(|name| looks::has_unseen_ends(name)) else {
            continue;
        };
        // It was called so before there was this rule.
        if before.and_then(|before| before.text(column)) == Some(name) {
            continue;
        }
        let message = format!(
            "\"{}\" is no name (column `{column}` of `{}`): it begins or ends with a blank, or with characters that nobody \
             sees; leave them out",
            looks::shown(name).escape_debug(),
            table.name
        );
        return Err(Error::invalid(message).with_table(&table.name));
    }
    Ok(())
}
