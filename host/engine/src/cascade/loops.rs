//! No row is above itself: a parental lookup of a table to itself refuses a new value that would
//! make it so. Rows of an earlier file may be; cascades end there, too.

use std::collections::HashSet;

use sluice_model::{Code, Error, Reference, Result, Row, TableDef};

use crate::Unit;

/// Refuses new values of lookups of a row that would put it above itself. `before` is the row as
/// it was; one that is new has none below it.
pub(crate) fn refuse_loops(unit: &mut Unit, table: &TableDef, row: &Row, before: &Row) -> Result<()> {
    let catalog = unit.catalog();
    let parental = catalog
        .relationships_to(&table.name)
        .iter()
        .filter(|one| one.is_of_itself() && one.behaviours.is_parental());
    for relationship in parental {
        let column = &relationship.column;
        let of_itself = |reference: &&Reference| reference.table == table.name;
        let Some(parent) = row.lookup(column).filter(of_itself) else {
            continue;
        };
        if before.lookup(column) == Some(parent) {
            continue;
        }
        let wanted = [column.clone()];
        let (mut seen, mut next) = (HashSet::new(), Some(parent.id));
        while let Some(id) = next.filter(|id| seen.insert(*id)) {
            if id == row.id {
                return Err(looped(table, row, column));
            }
            let above = Reference::new(table.name.clone(), id);
            let above = unit.read_as_platform(
                "follow the rows above one to see that it is not among them",
                &above,
                Some(&wanted),
            )?;
            next = above.and_then(|above| above.lookup(column).filter(of_itself).map(|above| above.id));
        }
    }
    Ok(())
}

fn looped(table: &TableDef, row: &Row, column: &str) -> Error {
    let code = match &*table.name {
        "account" => Code::ACCOUNT_LOOP,
        "contact" => Code::CONTACT_LOOP,
        _ => Code::ROW_LOOP,
    };
    let message = format!(
        "{} {} would be above itself through `{column}`: a row is not below one that is below it",
        table.display, row.id
    );
    Error::new(code, message).with_table(&table.name)
}
