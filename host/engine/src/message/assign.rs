//! Assign: gives a row to another owner. It is an Update of the owner, as the platform does
//! it nowadays.

use sluice_model::{Ownership, ParameterType, Request, Result, Right, Row, TableDef, Value};

use super::{Images, Message, ParameterDef, Shape, Takes, input, required};
use crate::{Operation, Unit, principals};

/// `Assign`.
pub(crate) struct Assign;

impl Message for Assign {
    fn name(&self) -> &'static str {
        "Assign"
    }

    fn doc(&self) -> &'static str {
        "Gives a row to another owner."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Target", ParameterType::Reference),
            required("Assignee", ParameterType::Reference),
        ];
        Shape {
            takes: Takes::Reference("Target"),
            tables: None,
            reads: false,
            images: Images::Both,
            binds_table: true,
            inputs: INPUTS,
            outputs: &[],
        }
    }

    fn works_on(&self, table: &TableDef) -> bool {
        table.ownership == Ownership::User
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Assign)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let target = operation.target_reference()?;
        let assignee = input::reference(operation, "Assignee")?;
        let row = Row::new(target.table, target.id).with("ownerid", Value::Lookup(assignee));
        unit.run_as_caller(operation, Request::update(row))?;
        Ok(())
    }
}
