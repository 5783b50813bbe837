//! RetrieveSharedPrincipalsAndAccess: with whom a row is shared, and what comes down to it.

use sluice_model::{Ownership, Parameter, ParameterType, Result, Right, Row, TableDef};

use super::{Message, ParameterDef, Shape, Takes, required};
use crate::{
    Operation, Unit,
    explaining::{self, Teller},
    principals,
};

/// `RetrieveSharedPrincipalsAndAccess`.
pub(crate) struct RetrieveSharedPrincipalsAndAccess;

impl Message for RetrieveSharedPrincipalsAndAccess {
    fn name(&self) -> &'static str {
        "RetrieveSharedPrincipalsAndAccess"
    }

    fn doc(&self) -> &'static str {
        "Says with which users and teams a row is shared, with what rights, and which they inherit from rows that it \
         refers to."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("Target", ParameterType::Reference)];
        const OUTPUTS: &[ParameterDef] = &[required("PrincipalAccesses", ParameterType::Structures)];
        Shape::reading(Takes::Reference("Target"), INPUTS, OUTPUTS)
    }

    fn works_on(&self, table: &TableDef) -> bool {
        table.ownership == Ownership::User
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let target = operation.target_reference()?;
        unit.decide(operation, &*operation.table()?, Right::Read, target.id)?;
        let shares = explaining::shares(unit, &target)?;
        let mut teller = Teller::new(unit, operation);
        let mut lines = Vec::new();
        for share in shares {
            let mut line = Row::unsaved("principalaccess")
                .with("AccessMask", share.own.to_string())
                .with("InheritedAccessMask", share.inherited.to_string());
            teller.principal(&mut line, "Principal", &share.with)?;
            let mut from: Vec<String> = Vec::new();
            for right in share.inherited.iter() {
                for source in teller.sources(&target, &share.with, right)? {
                    if !from.contains(&source) {
                        from.push(source);
                    }
                }
            }
            if !from.is_empty() {
                line.set("From", from.join(", "));
            }
            lines.push(line);
        }
        operation.output("PrincipalAccesses", Parameter::Rows(lines));
        Ok(())
    }
}
