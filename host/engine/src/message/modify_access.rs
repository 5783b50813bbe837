//! ModifyAccess: gives the share of a row with a user or a team other rights.

use sluice_model::{Ownership, ParameterType, Result, Right, TableDef};

use super::{Images, Message, Parameter, Shape, Takes, grant_access, required};
use crate::{Operation, Unit, principals};

/// `ModifyAccess`.
pub(crate) struct ModifyAccess;

impl Message for ModifyAccess {
    fn name(&self) -> &'static str {
        "ModifyAccess"
    }

    fn doc(&self) -> &'static str {
        "Shares a row with a user or a team: these rights take the place of those of the share that there is."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[Parameter] = &[
            required("Target", ParameterType::Reference),
            required("Principal", ParameterType::Reference),
            required("AccessMask", ParameterType::Text),
        ];
        Shape {
            takes: Takes::Reference("Target"),
            tables: None,
            reads: false,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: &[],
        }
    }

    fn works_on(&self, table: &TableDef) -> bool {
        table.ownership == Ownership::User
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Share)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        grant_access::change(unit, operation, grant_access::Mode::Replace)
    }
}
