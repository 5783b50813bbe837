//! The names of relationships in a filter: from a row to the rows that refer to it, and to
//! the rows that it refers to.

use std::sync::Arc;

use crate::{Catalog, ColumnDef, Error, Name, Relationship, Result, TableDef};

/// A lookup of another table that refers to this one.
pub(super) struct Referencing<'a> {
    /// The other table.
    pub(super) table: &'a Arc<TableDef>,
    /// Its lookup.
    pub(super) column: &'a Name,
}

/// The rows that refer to a row of `table`: the name of the relationship, `other.lookup`, `other_lookup`, or, where
/// `other` has one lookup only that refers to `table`, `table_other` as the platform has it (the other table by its
/// name or its set).
///
/// # Errors
/// There is no such relationship, or the name fits several.
pub(super) fn referencing<'a>(catalog: &'a Catalog, table: &TableDef, name: &str) -> Result<Referencing<'a>> {
    let of_name = |one: &&Arc<Relationship>| name.eq_ignore_ascii_case(&one.name);
    if let Some(one) = catalog.relationships_to(&table.name).iter().find(of_name) {
        return Ok(Referencing {
            table: &one.table,
            column: &one.column,
        });
    }
    let mut by_tables = Vec::new();
    for other in catalog.iter() {
        let of_tables = [&other.name, &other.set]
            .iter()
            .any(|called| name.eq_ignore_ascii_case(&format!("{}_{called}", table.name)));
        for column in lookups_to(other, table) {
            let by_lookup = ['.', '_']
                .iter()
                .any(|mark| name.eq_ignore_ascii_case(&format!("{}{mark}{}", other.name, column.name)));
            let found = Referencing {
                table: other,
                column: &column.name,
            };
            if by_lookup {
                return Ok(found);
            }
            if of_tables && !column.filled {
                by_tables.push(found);
            }
        }
    }
    match (by_tables.len(), by_tables.pop()) {
        (1, Some(only)) => Ok(only),
        (0, _) => Err(Error::invalid(format!(
            "no relationship `{name}` leads from `{}` to rows that refer to it; name one as `table.lookup`, or by its own \
             name",
            table.name
        ))),
        (_, last) => {
            let all = by_tables.iter().chain(&last);
            let names: Vec<String> = all.map(|one| format!("{}.{}", one.table.name, one.column)).collect();
            Err(Error::invalid(format!(
                "`{name}` fits several relationships of `{}`: {}",
                table.name,
                names.join(", ")
            )))
        }
    }
}

fn lookups_to<'a>(other: &'a TableDef, table: &TableDef) -> impl Iterator<Item = &'a ColumnDef> {
    let name = table.name.clone();
    other.columns.iter().filter(move |column| {
        let targets = column.kind.targets();
        targets.is_some_and(|targets| targets.contains(&name))
    })
}

/// The row that a lookup of `table` refers to: the lookup's name where it has one target, else
/// `lookup_target`, or the name of the relationship.
///
/// # Errors
/// There is no such lookup, or its name alone does not say which table is meant.
pub(super) fn referenced<'a>(
    catalog: &'a Catalog,
    table: &'a TableDef,
    name: &str,
) -> Result<(&'a Name, &'a Arc<TableDef>)> {
    for column in &table.columns {
        let Some(targets) = column.kind.targets() else {
            continue;
        };
        for one in catalog.relationships_of(&table.name, &column.name) {
            if name.eq_ignore_ascii_case(&one.name) {
                return Ok((&column.name, catalog.table(&one.target)?));
            }
        }
        for target in targets {
            let fits = match targets {
                [_] if name.eq_ignore_ascii_case(&column.name) => true,
                _ => name.eq_ignore_ascii_case(&format!("{}_{target}", column.name)),
            };
            if fits {
                return Ok((&column.name, catalog.table(target)?));
            }
        }
        if name.eq_ignore_ascii_case(&column.name) {
            let names: Vec<String> = targets
                .iter()
                .map(|target| format!("{}_{target}", column.name))
                .collect();
            return Err(Error::invalid(format!(
                "`{name}` refers to several tables; say which: {}",
                names.join(", ")
            )));
        }
    }
    Err(Error::invalid(format!("`{}` has no lookup `{name}`", table.name)))
}
