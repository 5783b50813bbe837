//! RetrieveRolePrivilegesRole: the privileges of a role, each with its depth.

use std::collections::HashMap;

use sluice_model::{Depth, Filter, Parameter, ParameterType, Query, Result, Right, Row, Uuid, Value};

use super::{Message, ParameterDef, Shape, Takes, required};
use crate::{Operation, Unit, principals, tables};

/// `RetrieveRolePrivilegesRole`.
pub(crate) struct RetrieveRolePrivilegesRole;

impl Message for RetrieveRolePrivilegesRole {
    fn name(&self) -> &'static str {
        "RetrieveRolePrivilegesRole"
    }

    fn doc(&self) -> &'static str {
        "Reads the privileges of a role; each has PrivilegeId, PrivilegeName and Depth (0 to 3)."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("RoleId", ParameterType::Id)];
        const OUTPUTS: &[ParameterDef] = &[required("RolePrivileges", ParameterType::Structures)];
        Shape::reading(
            Takes::IdOf {
                table: tables::ROLE,
                parameter: "RoleId",
            },
            INPUTS,
            OUTPUTS,
        )
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let role = operation.id()?;
        unit.decide(operation, &*operation.table()?, Right::Read, role)?;
        let reason = "show the privileges of a role that the caller may read";
        let query = Query::new(tables::PRIVILEGE).columns(&["name"]);
        let names: HashMap<Uuid, String> = unit
            .select_as_platform(reason, &query)?
            .into_iter()
            .map(|row| (row.id, row.text("name").unwrap_or_default().to_owned()))
            .collect();
        let query = Query::new(tables::ROLE_PRIVILEGES)
            .columns(&["privilegeid", "privilegedepthmask"])
            .filter(Filter::eq("roleid", role));
        let held = unit.select_as_platform(reason, &query)?;
        let mut rows: Vec<(String, Row)> = held
            .iter()
            .filter_map(|row| {
                let id = row.id_of("privilegeid")?;
                let name = names.get(&id)?.clone();
                let depth = Depth::from_mask(row.int("privilegedepthmask")?)?;
                let row = Row::unsaved("roleprivilege")
                    .with("PrivilegeId", Value::Id(id))
                    .with("PrivilegeName", &*name)
                    .with("Depth", depth.number());
                Some((name, row))
            })
            .collect();
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        operation.output(
            "RolePrivileges",
            Parameter::Rows(rows.into_iter().map(|(_, row)| row).collect()),
        );
        Ok(())
    }
}
