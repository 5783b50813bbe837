//! Column mappings between tables: the rows of `entitymap` and `attributemap` at work.
//! Source: the platform reference §4.6.

use sluice_model::{Name, Result, Right, Row, Uuid};

use crate::{Operation, Session, Unit, unit::Trial};

/// A mapped pair of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) source: Name,
    pub(crate) target: Name,
}

impl Unit {
    /// A new row of `target` with what the mappings carry over from `source`.
    ///
    /// # Errors
    /// The configuration cannot be read.
    pub fn mapped(&mut self, source: &Row, target: &str) -> Result<Row> {
        let snapshot = self.snapshot()?;
        let mut row = Row::unsaved(target);
        for pair in snapshot.mappings(&source.table, target) {
            if let Some(value) = source.get(&pair.source).filter(|value| !value.is_null()) {
                row.set(pair.target.clone(), value.clone());
            }
        }
        Ok(row)
    }

    /// The row, if the caller holds each of these rights on it.
    ///
    /// # Errors
    /// The row is not there, or the first right that the caller lacks.
    pub fn row_with_rights(&mut self, operation: &Operation, table: &str, id: Uuid, rights: &[Right]) -> Result<Row> {
        let snapshot = self.snapshot()?;
        let table = snapshot.table(table)?;
        for right in rights {
            self.decide(operation, table, *right, id)?;
        }
        let row = self.read(|tx| tx.get(&crate::snapshot::permit(), table, id, None))?;
        row.ok_or_else(|| sluice_model::Error::not_found(&table.schema, &table.name, id))
    }
}

impl Session {
    /// A new row of `target` with what the mappings carry over from `source`.
    ///
    /// # Errors
    /// The configuration cannot be read.
    pub fn mapped(&self, source: &Row, target: &str) -> Result<Row> {
        self.engine.unit(Trial::default())?.mapped(source, target)
    }
}
