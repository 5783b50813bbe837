//! The organisation's own row is there from the founding, once, and stays.

use sluice_model::{Code, Error, Result};

use super::Rules;
use crate::{Operation, Unit};

pub(super) struct Organization;

fn refused(message: &str) -> Error {
    let sentence =
        format!("the organisation has exactly one row of its own: {message} does not work on `organization`");
    Error::new(Code::MESSAGE_NOT_SUPPORTED, sentence).with_table("organization")
}

impl Rules for Organization {
    fn before_create(&self, _: &mut Unit, _: &mut Operation) -> Result<()> {
        Err(refused("Create"))
    }

    fn before_delete(&self, _: &mut Unit, _: &Operation) -> Result<()> {
        Err(refused("Delete"))
    }
}
