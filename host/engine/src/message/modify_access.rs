//! ModifyAccess: gives the share of a row with a user or a team other rights.

use sluice_model::{Result, TableDef};

use super::{
    Message, Shape,
    grant_access::{self, GrantAccess},
};
use crate::{Operation, Unit};

/// `ModifyAccess`.
pub(crate) struct ModifyAccess;

impl Message for ModifyAccess {
    fn name(&self) -> &'static str {
        "ModifyAccess"
    }

    fn doc(&self) -> &'static str {
        "Shares a row with a user or a team, not with the organisation: these rights take the place of those of the \
         share that there is."
    }

    fn shape(&self) -> Shape {
        GrantAccess.shape()
    }

    fn works_on(&self, table: &TableDef) -> bool {
        GrantAccess.works_on(table)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        GrantAccess.check_privileges(unit, operation)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        grant_access::change(unit, operation, grant_access::Mode::Replace)
    }
}
