//! Tables whose rows the platform itself keeps: the privileges, the messages and which tables
//! take them, and the organisation's one row, which can be changed but neither made nor
//! removed.

use sluice_model::{Code, Error, Result, Row};

use super::Rules;
use crate::{Operation, Unit};

/// No caller makes, changes or removes a row.
pub(super) struct Kept;

/// No caller makes or removes a row.
pub(super) struct KeptOnce;

fn refuse(operation: &Operation) -> Result<()> {
    if operation.principal.is_system() && !operation.cascade {
        return Ok(());
    }
    let table = operation.table()?;
    let sentence = format!(
        "the platform keeps the rows of `{}` itself: {} does not work on it",
        table.name,
        operation.message.name()
    );
    Err(Error::new(Code::MESSAGE_NOT_SUPPORTED, sentence).with_table(&table.name))
}

impl Rules for Kept {
    fn before_create(&self, _: &mut Unit, operation: &mut Operation) -> Result<()> {
        refuse(operation)
    }

    fn before_update(&self, _: &mut Unit, operation: &mut Operation, _: &Row) -> Result<()> {
        refuse(operation)
    }

    fn before_delete(&self, _: &mut Unit, operation: &Operation) -> Result<()> {
        refuse(operation)
    }
}

impl Rules for KeptOnce {
    fn before_create(&self, _: &mut Unit, operation: &mut Operation) -> Result<()> {
        refuse(operation)
    }

    fn before_delete(&self, _: &mut Unit, operation: &Operation) -> Result<()> {
        refuse(operation)
    }
}
