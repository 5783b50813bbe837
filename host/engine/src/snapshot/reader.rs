//! What parts of the configuration read with.

use std::collections::HashMap;

use sluice_model::{Catalog, Filter, Name, Query, Result, Row, Uuid};
use sluice_store::Tx;

use super::permit;

/// Reads configuration rows.
#[derive(Debug)]
pub struct Reader<'a> {
    pub(super) tx: &'a mut Tx,
    pub catalog: &'a Catalog,
    /// The rows that count of the tables whose rows are published.
    pub published: &'a HashMap<Name, Vec<Row>>,
}

impl Reader<'_> {
    pub fn all(&mut self, table: &str, columns: &[&str]) -> Result<Vec<Row>> {
        self.some(table, columns, Filter::All)
    }

    pub fn some(&mut self, table: &str, columns: &[&str], filter: Filter) -> Result<Vec<Row>> {
        let query = Query::new(table).columns(columns).filter(filter);
        self.tx.select(&permit(), self.catalog.table(table)?, &query)
    }

    pub(super) fn one(&mut self, table: &str, id: Uuid, columns: &[&str]) -> Result<Option<Row>> {
        let columns: Vec<Name> = columns.iter().map(|name| Name::from(*name)).collect();
        self.tx.get(&permit(), self.catalog.table(table)?, id, Some(&columns))
    }

    /// The rows of a table that pass a filter, with all their columns.
    pub fn whole(&mut self, table: &str, filter: Filter) -> Result<Vec<Row>> {
        let query = Query::new(table).filter(filter);
        self.tx.select(&permit(), self.catalog.table(table)?, &query)
    }

    /// All rows of a table with all their columns.
    pub fn rows(&mut self, table: &str) -> Result<Vec<Row>> {
        self.tx
            .select(&permit(), self.catalog.table(table)?, &Query::new(table))
    }

    /// All rows of a table by their id.
    pub(crate) fn index(&mut self, table: &str, columns: &[&str]) -> Result<HashMap<Uuid, Row>> {
        Ok(self.all(table, columns)?.into_iter().map(|row| (row.id, row)).collect())
    }
}
