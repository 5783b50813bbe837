//! RetrievePrincipalsWithAccess: who may do something to a row, and through what. Sluice's own.

use sluice_model::{Error, Parameter, ParameterType, Result, Right, Rights};

use super::{Message, ParameterDef, Shape, Takes, input, required};
use crate::{
    Operation, Unit,
    explaining::{self, Asked, Teller},
    principals,
};

/// `RetrievePrincipalsWithAccess`.
pub(crate) struct RetrievePrincipalsWithAccess;

impl Message for RetrievePrincipalsWithAccess {
    fn name(&self) -> &'static str {
        "RetrievePrincipalsWithAccess"
    }

    fn doc(&self) -> &'static str {
        "Says which users and teams, of those that the caller may read, have a right on a row, and through what: a \
         structure for each way."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Target", ParameterType::Reference),
            required("AccessRight", ParameterType::Text),
        ];
        const OUTPUTS: &[ParameterDef] = &[required("Principals", ParameterType::Structures)];
        Shape::reading(Takes::Reference("Target"), INPUTS, OUTPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let target = operation.target_reference()?;
        unit.decide(operation, &table, Right::Read, target.id)?;
        let text = input::text(operation, "AccessRight")?;
        let rights: Vec<Right> = Rights::parse(&text).into_iter().flat_map(Rights::iter).collect();
        let [right] = rights.as_slice() else {
            let all = Right::ALL.map(Right::access_name).join(", ");
            return Err(Error::invalid(format!("`{text}` is no right; these are: {all}")));
        };
        let shares = explaining::shares(unit, &target)?;
        let asked = Asked {
            target: &target,
            shares: &shares,
        };
        let mut teller = Teller::new(unit, operation);
        let mut lines = Vec::new();
        for principal in teller.principals()? {
            let explained = teller.unit.explain(&principal, &table, *right, target.id)?;
            let Some(Ok(reasons)) = explained.access else { continue };
            for mut line in teller.access(&asked, &principal, *right, &reasons)? {
                teller.principal(&mut line, "Principal", &principal.identity().reference())?;
                lines.push(line);
            }
        }
        operation.output("Principals", Parameter::Rows(lines));
        Ok(())
    }
}
