//! Who is shown what a trial reads. What runs for trial in somebody else's name, or behind something that only
//! somebody else could have done, reads nothing that whoever asked for the trial may not read: they would be
//! told of it. What they may not read stops the trial, and is known afterwards, whatever a step made of it.

use std::sync::{Arc, Mutex, PoisonError};

use sluice_model::{Error, Result, Right, TableDef};

use crate::{ColumnRight, Principal, gate::reads};

/// Somebody who is shown what a trial reads.
#[derive(Debug)]
pub struct Reader {
    principal: Principal,
    /// The first thing that they were not shown.
    refused: Mutex<Option<Error>>,
}

impl Reader {
    /// This user, with what they may read now.
    pub fn new(principal: &Principal) -> Self {
        let principal = principal.unwatched();
        Self {
            principal,
            refused: Mutex::default(),
        }
    }

    /// The first thing that they were not shown.
    pub fn refused(&self) -> Option<Error> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who it is.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Keeps that they were not shown something, and says it.
    pub fn refuse(&self, mut error: Error) -> Error {
        let name = self.principal.name();
        let body = error.body_mut();
        let of = match (&body.table, &body.privilege) {
            (Some(table), Some(privilege)) => {
                format!("rows of {table} ({privilege} is missing to them, or not deep enough)")
            }
            (Some(table), None) => format!("a secured column of {table}"),
            (None, privilege) => privilege.clone().unwrap_or_default(),
        };
        let message = format!("it cannot be looked any further for {name}, who may not read what is read there: {of}");
        body.inner = Some(std::mem::replace(&mut body.message, message));
        body.unseen = true;
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.get_or_insert_with(|| error.clone());
        error
    }

    /// What `asked` says of them, where it refuses as a refusal of the trial.
    pub(crate) fn ask<T>(&self, asked: impl FnOnce(&Principal) -> Result<T>) -> Result<T> {
        asked(&self.principal).map_err(|error| self.refuse(error))
    }
}

impl Principal {
    /// The same principal in a trial: what it reads, the reader must be allowed to read as well.
    #[must_use]
    pub fn shown_to(&self, reader: &Arc<Reader>) -> Self {
        let mut shown = self.clone();
        shown.limit = self.limit().map(|limit| Arc::new(limit.shown_to(reader)));
        shown.reader = Some(reader.clone());
        shown
    }

    /// Who has to be allowed to read what this principal reads for trial.
    pub fn reader_of(&self, right: Right) -> Option<&Arc<Reader>> {
        self.reader.as_ref().filter(|_| right == Right::Read)
    }

    /// The same, for a privilege that belongs to no table.
    pub(crate) fn reader_named(&self, privilege: &str) -> Option<&Arc<Reader>> {
        self.reader.as_ref().filter(|_| reads(privilege))
    }

    /// Whether a table's column is kept from the reader and not from the principal.
    pub(crate) fn hides_from_reader(&self, table: &TableDef, column: &str) -> Option<&Arc<Reader>> {
        let reader = self.reader.as_ref()?;
        let may = |principal: &Self| principal.may_by_itself(table, column, ColumnRight::Read);
        (may(self) && !may(reader.principal())).then_some(reader)
    }
}
