//! RetrievePrivilegeHolders: which roles have a privilege, and who holds it through them. Sluice's
//! own.

use sluice_model::{Error, Filter, Parameter, ParameterType, Query, Result, Right, Row, Value};

use super::{Message, ParameterDef, Shape, Takes, required};
use crate::{Operation, Unit, explaining::Teller, principals, tables};

/// `RetrievePrivilegeHolders`.
pub(crate) struct RetrievePrivilegeHolders;

impl Message for RetrievePrivilegeHolders {
    fn name(&self) -> &'static str {
        "RetrievePrivilegeHolders"
    }

    fn doc(&self) -> &'static str {
        "Says which roles have a privilege, and which users and teams hold it through them; of each, those that the \
         caller may read."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("PrivilegeId", ParameterType::Id)];
        const OUTPUTS: &[ParameterDef] = &[
            required("Roles", ParameterType::Structures),
            required("Holders", ParameterType::Structures),
        ];
        Shape::reading(
            Takes::IdOf {
                table: tables::PRIVILEGE,
                parameter: "PrivilegeId",
            },
            INPUTS,
            OUTPUTS,
        )
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let role = unit.snapshot()?.table(tables::ROLE)?.clone();
        principals::require(unit, operation, &role, Right::Read)?;
        principals::require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let id = operation.id()?;
        let table = operation.table()?;
        unit.decide(operation, &table, Right::Read, id)?;
        let query = Query::new(tables::PRIVILEGE)
            .columns(&["name"])
            .filter(Filter::eq(&table.key, id));
        let privilege = unit.list_as_caller(operation, &query)?.pop();
        let privilege = privilege.ok_or_else(|| Error::not_found(&table.schema, &table.name, id))?;
        let name = privilege.text("name").unwrap_or_default().to_owned();
        let roles = roles(unit, operation, &name)?;
        let mut teller = Teller::new(unit, operation);
        let mut holders = Vec::new();
        for principal in teller.principals()? {
            for way in principal.through(&name) {
                let mut line = Row::unsaved("privilegeholder");
                teller.principal(&mut line, "Principal", &principal.identity().reference())?;
                teller.through(&mut line, &way)?;
                holders.push(line);
            }
        }
        operation.output("Roles", Parameter::Rows(roles));
        operation.output("Holders", Parameter::Rows(holders));
        Ok(())
    }
}

/// The roles that have a privilege, without their copies.
fn roles(unit: &mut Unit, operation: &Operation, privilege: &str) -> Result<Vec<Row>> {
    let query = Query::new(tables::ROLE)
        .columns(&["name"])
        .filter(Filter::eq("parentroleid", Value::Null))
        .order_by("name");
    let snapshot = unit.snapshot()?;
    let mut lines = Vec::new();
    for role in unit.list_as_caller(operation, &query)? {
        let held = unit.read(|tx| snapshot.privileges_of_role(tx, role.id))?;
        let Some(depth) = held.get(&privilege.to_ascii_lowercase()) else {
            continue;
        };
        lines.push(
            Row::unsaved("privilegeholder")
                .with("RoleId", Value::Id(role.id))
                .with("RoleName", role.text("name").unwrap_or_default())
                .with("Depth", depth.number()),
        );
    }
    Ok(lines)
}
