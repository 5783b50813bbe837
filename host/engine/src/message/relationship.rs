//! What Associate and Disassociate have in common: the relationship that they name, and the
//! rows on its two sides.

use std::sync::Arc;

use sluice_model::{Error, Name, Reference, Result, Right, TableDef};

use super::{
    input,
    membership::{MANY_TO_MANY, ManyToMany},
};
use crate::{Operation, Unit, tables};

/// A relationship that a request names.
pub(crate) enum Relationship {
    /// Through an intersection table.
    ManyToMany(&'static ManyToMany),
    /// Through a lookup: `table.column`, on the related rows or on the target.
    Lookup { table: Arc<TableDef>, column: Name },
}

/// The relationship in the parameter `Relationship`: the name of an N:N or of a 1:N relationship,
/// or `table.column` for the lookup of the latter.
pub(crate) fn named(unit: &Unit, operation: &Operation) -> Result<Relationship> {
    let name = input::text(operation, "Relationship")?;
    if let Some(known) = MANY_TO_MANY.iter().find(|known| known.name.eq_ignore_ascii_case(&name)) {
        return Ok(Relationship::ManyToMany(known));
    }
    let unknown = || {
        let known: Vec<&str> = MANY_TO_MANY.iter().map(|known| known.name).collect();
        Error::invalid(format!(
            "there is no relationship `{name}`: name {}, a 1:N relationship, or its lookup as `table.column`",
            known.join(", ")
        ))
    };
    if let Ok(known) = unit.snapshot.catalog.relationship(&name) {
        let (table, column) = (known.table.clone(), known.column.clone());
        return Ok(Relationship::Lookup { table, column });
    }
    let (table, column) = name.split_once('.').ok_or_else(unknown)?;
    let table = unit.snapshot.catalog.find(table).ok_or_else(unknown)?.clone();
    let column = table
        .column(column)
        .filter(|column| column.kind.targets().is_some())
        .ok_or_else(unknown)?
        .name
        .clone();
    Ok(Relationship::Lookup { table, column })
}

/// The ids of the two sides of an N:N relationship, in its order.
pub(crate) fn sides(
    relationship: &ManyToMany,
    target: &Reference,
    related: &Reference,
) -> Result<[sluice_model::Uuid; 2]> {
    let [left, right] = relationship.sides;
    if *target.table == *left.table && *related.table == *right.table {
        Ok([target.id, related.id])
    } else if *target.table == *right.table && *related.table == *left.table {
        Ok([related.id, target.id])
    } else {
        Err(Error::invalid(format!(
            "relationship {} links {} and {}, not {} and {}",
            relationship.name, left.table, right.table, target.table, related.table
        )))
    }
}

/// Of the two rows of a 1:N relationship, the one that holds the lookup and the other.
pub(crate) fn holder<'a>(
    table: &TableDef,
    target: &'a Reference,
    related: &'a Reference,
) -> Result<(&'a Reference, &'a Reference)> {
    if related.table == table.name {
        Ok((related, target))
    } else if target.table == table.name {
        Ok((target, related))
    } else {
        Err(Error::invalid(format!(
            "neither {target} nor {related} is a row of `{}`, which holds the lookup",
            table.name
        )))
    }
}

/// An N:N relationship needs Append on both rows. A role that is given or taken needs Read and
/// Assign on the role as well, and Read and AppendTo on whoever holds it: the platform's own list.
pub(crate) fn check_both(
    unit: &mut Unit,
    operation: &Operation,
    relationship: &ManyToMany,
    target: &Reference,
    related: &Reference,
) -> Result<()> {
    for side in [target, related] {
        let table = unit.snapshot.table(&side.table)?.clone();
        let rights: &[Right] = match &*side.table {
            tables::ROLE => &[Right::Append, Right::Read, Right::Assign],
            // The same as AddMembersTeam asks for.
            tables::TEAM if relationship.intersection == tables::TEAM_MEMBERSHIP => &[Right::Append, Right::Write],
            _ if relationship.intersection == tables::TEAM_MEMBERSHIP => &[Right::Append],
            _ => &[Right::Append, Right::Read, Right::AppendTo],
        };
        for right in rights {
            unit.decide(operation, &table, *right, side.id)?;
        }
    }
    Ok(())
}
