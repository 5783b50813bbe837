//! The privileges of a table are its own: no other table's has the name of one. Names of privileges are one
//! in any case.

use std::collections::{HashMap, HashSet};

use sluice_engine::{Unit, organization::table_privileges, tables};
use sluice_model::{Code, Error, Filter, Query, Result, Row, TableDef};

const OWN: &str = "the privileges of a table are its own";

fn all(unit: &mut Unit) -> Result<Vec<Row>> {
    unit.select_as_platform(OWN, &Query::new(tables::PRIVILEGE).columns(&["name"]))
}

fn name(row: &Row) -> &str {
    row.text("name").unwrap_or_default()
}

/// Refuses a new table one of whose privileges would be another one: `prvAppend` with `toab_part` is
/// `prvAppendTo` with `ab_part`.
pub(super) fn refuse_taken(unit: &mut Unit, table: &TableDef) -> Result<()> {
    let there = all(unit)?;
    let taken: HashSet<String> = there.iter().map(|row| name(row).to_ascii_lowercase()).collect();
    let mut wanted = table_privileges(table).into_iter();
    match wanted.find(|(wanted, _)| taken.contains(&wanted.to_ascii_lowercase())) {
        None => Ok(()),
        Some((wanted, _)) => {
            let message = format!(
                "the table `{}` would have the privilege {wanted}, and there is one of that name already: call the table \
                 otherwise",
                table.name
            );
            Err(Error::new(Code::DUPLICATE_KEY, message).with_table(&table.name))
        }
    }
}

/// Removes the privileges of a table that goes, out of the roles, too.
pub(super) fn forget(unit: &mut Unit, table: &TableDef) -> Result<()> {
    let own: HashSet<String> = table_privileges(table).into_iter().map(|(name, _)| name).collect();
    for privilege in all(unit)?.iter().filter(|row| own.contains(name(row))) {
        unit.forget(tables::ROLE_PRIVILEGES, Filter::eq("privilegeid", privilege.id))?;
        unit.forget(tables::PRIVILEGE, Filter::eq("privilegeid", privilege.id))?;
    }
    Ok(())
}

/// Privileges that tables lack, and those of one name, a line each.
pub(super) fn sound(unit: &mut Unit) -> Result<Vec<String>> {
    let there = all(unit)?;
    let names: HashSet<&str> = there.iter().map(name).collect();
    let mut lines = Vec::new();
    for table in unit.catalog().iter() {
        let wanted = table_privileges(table).into_iter();
        lines.extend(
            wanted
                .filter(|(wanted, _)| !names.contains(&**wanted))
                .map(|(wanted, _)| format!("the table `{}` has no privilege {wanted}", table.name)),
        );
    }
    let mut known: HashMap<String, &str> = HashMap::new();
    for row in &there {
        if let Some(other) = known.insert(name(row).to_ascii_lowercase(), name(row)) {
            lines.push(format!(
                "the privileges {other} and {} have one name: who has one has both",
                name(row)
            ));
        }
    }
    Ok(lines)
}
