//! RetrieveUserPrivileges: what a user holds, how deep, and through what.

use sluice_model::{Parameter, ParameterType, Reference, Result, Right, Row, Value};

use super::{Message, ParameterDef, Shape, Takes, required};
use crate::{Operation, Unit, explaining::Teller, principals, tables};

/// `RetrieveUserPrivileges`.
pub(crate) struct RetrieveUserPrivileges;

impl Message for RetrieveUserPrivileges {
    fn name(&self) -> &'static str {
        "RetrieveUserPrivileges"
    }

    fn doc(&self) -> &'static str {
        "Reads the privileges of a user, directly and through teams: a structure for each role that has it, with its \
         depth, the deepest first. Roles and teams are named to whoever may read them."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("UserId", ParameterType::Id)];
        const OUTPUTS: &[ParameterDef] = &[required("RolePrivileges", ParameterType::Structures)];
        Shape::reading(
            Takes::IdOf {
                table: tables::USER,
                parameter: "UserId",
            },
            INPUTS,
            OUTPUTS,
        )
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let id = operation.id()?;
        unit.decide(operation, &*operation.table()?, Right::Read, id)?;
        let principal = unit.principal_of(&Reference::new(tables::USER, id))?;
        let privileges = unit.snapshot()?.privileges.clone();
        let mut teller = Teller::new(unit, operation);
        let mut lines = Vec::new();
        for name in principal.privileges() {
            for way in principal.through(name) {
                let mut line = Row::unsaved("roleprivilege")
                    .with("PrivilegeId", Value::Id(privileges.id(name)))
                    .with("PrivilegeName", privileges.name(name));
                teller.through(&mut line, &way)?;
                lines.push(line);
            }
        }
        operation.output("RolePrivileges", Parameter::Rows(lines));
        Ok(())
    }
}
