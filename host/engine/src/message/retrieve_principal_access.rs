//! RetrievePrincipalAccess: what a user or team may do to a row, through every route.

use sluice_model::{ParameterType, Result, Right, Rights, Value};

use super::{Images, Message, ParameterDef, Shape, Takes, input, required};
use crate::{Operation, Unit, principals};

/// `RetrievePrincipalAccess`.
pub(crate) struct RetrievePrincipalAccess;

impl Message for RetrievePrincipalAccess {
    fn name(&self) -> &'static str {
        "RetrievePrincipalAccess"
    }

    fn doc(&self) -> &'static str {
        "Says what a user or team may do to a row, through ownership, roles and shares."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Target", ParameterType::Reference),
            required("Principal", ParameterType::Reference),
        ];
        const OUTPUTS: &[ParameterDef] = &[
            required("AccessRights", ParameterType::Text),
            required("Reasons", ParameterType::Names),
        ];
        Shape {
            takes: Takes::Reference("Target"),
            tables: None,
            reads: true,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let id = operation.id()?;
        unit.decide(operation, &table, Right::Read, id)?;
        let asked = input::reference(operation, "Principal")?;
        principals::check_principal_read(unit, operation, &asked)?;
        let principal = unit.principal_of(&asked)?;
        let facts = unit.row_facts(&principal, &table, id)?;
        let snapshot = unit.snapshot()?;
        let (mut held, mut reasons) = (Vec::new(), Vec::new());
        for right in Right::ALL {
            let permit =
                sluice_access::decide(&principal, &snapshot.units, &table, right, &facts, &snapshot.privileges);
            if let Ok(permit) = permit {
                held.push(right);
                reasons.push(format!("{}: {}", right.access_name(), permit.reason()).into());
            }
        }
        operation.output("Reasons", sluice_model::Parameter::Names(reasons));
        operation.output("AccessRights", Value::Text(Rights::of(&held).to_string()));
        Ok(())
    }
}
