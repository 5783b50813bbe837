//! RemovePrivilegeRole: takes a privilege from a role and its copies.

use sluice_model::{Code, ParameterType, Result, Right, Row, Value};

use super::{Message, ParameterDef, Shape, add_privileges_role as grants, input, required};
use crate::{Operation, Unit, principals, rules, tables};

/// `RemovePrivilegeRole`.
pub(crate) struct RemovePrivilegeRole;

impl Message for RemovePrivilegeRole {
    fn name(&self) -> &'static str {
        "RemovePrivilegeRole"
    }

    fn doc(&self) -> &'static str {
        "Takes a privilege from a role."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("RoleId", ParameterType::Id),
            required("PrivilegeId", ParameterType::Id),
        ];
        Shape::changing(tables::ROLE, "RoleId", INPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Write)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let role = operation.id()?;
        unit.decide(operation, &table, Right::Write, role)?;
        let root = grants::check_root(unit, role)?;
        rules::role::refuse_administrator(&root, Code::ADMINISTRATOR_ROLE_FIXED)?;
        let wanted = Row::unsaved("roleprivilege").with("PrivilegeId", Value::Id(input::id(operation, "PrivilegeId")?));
        let (privilege, name) = grants::privilege(unit, &wanted)?;
        for copy in grants::with_copies(unit, &root)? {
            let before = grants::set(unit, copy.id, privilege, None)?;
            if copy.id == role {
                grants::record(unit, operation, &name, before, None)?;
            }
        }
        Ok(())
    }
}
