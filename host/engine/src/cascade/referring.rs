//! The rows that refer to rows, many at once.

use std::collections::BTreeMap;

use sluice_model::{Filter, Name, Query, Reference, Relationship, Result, Row, Uuid, Value};

use crate::Unit;

/// So many rows are asked for in one query.
const CHUNK: usize = 500;

/// The rows of a level, by their tables.
#[derive(Debug, Default)]
pub(super) struct Level(BTreeMap<Name, Vec<Uuid>>);

impl Level {
    pub(super) fn push(&mut self, row: &Reference) {
        self.0.entry(row.table.clone()).or_default().push(row.id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Unit {
    /// Calls `each` with every row that refers to one of these, by relationships that pass: the
    /// relationship, the row that is referred to, and the row that refers, with these columns.
    pub(super) fn each_referring(
        &mut self,
        level: &Level,
        columns: &[&str],
        wanted: impl Fn(&Relationship) -> bool,
        mut each: impl FnMut(&Relationship, Reference, Row) -> Result<()>,
    ) -> Result<()> {
        let catalog = self.catalog();
        for (table, ids) in &level.0 {
            for relationship in catalog.relationships_to(table).iter().filter(|one| wanted(one)) {
                let of_table = &relationship.table;
                let there = |column: &&&str| of_table.column(column).is_some();
                let columns: Vec<&str> = columns
                    .iter()
                    .filter(there)
                    .copied()
                    .chain([&*relationship.column])
                    .collect();
                for ids in ids.chunks(CHUNK) {
                    let values = ids.iter().map(|id| Value::Lookup(Reference::new(table.clone(), *id)));
                    let filter = Filter::In {
                        column: relationship.column.clone(),
                        values: values.collect(),
                    };
                    let query = Query::new(of_table.name.clone()).columns(&columns).filter(filter);
                    for row in self.select_as_platform("find what refers to rows that something happens to", &query)? {
                        if let Some(above) = row.lookup(&relationship.column).cloned() {
                            each(relationship, above, row)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
