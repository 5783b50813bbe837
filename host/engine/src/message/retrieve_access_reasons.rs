//! RetrieveAccessReasons: of each right of a row, through what a user or team has it, or why not.
//! Sluice's own.

use sluice_access::{ColumnRight, Principal};
use sluice_model::{Error, Ownership, Parameter, ParameterType, Result, Right, Rights, Row, TableDef, Value};

use super::{Message, ParameterDef, Shape, Takes, input, required};
use crate::{
    Operation, Unit,
    explaining::{self, Asked, LINE, Teller},
    principals, tables,
};

/// `RetrieveAccessReasons`.
pub(crate) struct RetrieveAccessReasons;

impl Message for RetrieveAccessReasons {
    fn name(&self) -> &'static str {
        "RetrieveAccessReasons"
    }

    fn doc(&self) -> &'static str {
        "Says of each right of a row through what a user or team has it, or why not: the privilege check, then the \
         access check. Roles, teams and rows are named to whoever may read them."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Target", ParameterType::Reference),
            required("Principal", ParameterType::Reference),
        ];
        const OUTPUTS: &[ParameterDef] = &[
            required("AccessRights", ParameterType::Text),
            required("Reasons", ParameterType::Structures),
            // Of each secured column of the table, what profiles give.
            required("SecuredColumns", ParameterType::Structures),
        ];
        Shape::reading(Takes::Reference("Target"), INPUTS, OUTPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let target = operation.target_reference()?;
        unit.decide(operation, &table, Right::Read, target.id)?;
        let asked_of = input::reference(operation, "Principal")?;
        principals::check_principal_read(unit, operation, &asked_of)?;
        let principal = unit.principal_of(&asked_of)?;
        let shares = explaining::shares(unit, &target)?;
        let asked = Asked {
            target: &target,
            shares: &shares,
        };
        let (mut held, mut lines) = (Vec::new(), Vec::new());
        let mut teller = Teller::new(unit, operation);
        for right in Right::ALL {
            let explained = teller.unit.explain(&principal, &table, right, target.id)?;
            if explained.passes() {
                held.push(right);
            }
            let of_right = |check: &str, mut line: Row| {
                line.set("Right", right.access_name());
                line.set("Privilege", table.privilege_name(right));
                line.set("Check", check);
                line
            };
            match &explained.privilege {
                Ok(ways) => {
                    for way in ways {
                        let mut line = Row::unsaved(LINE).with("Passes", true);
                        teller.through(&mut line, way)?;
                        lines.push(of_right("Privilege", line));
                    }
                }
                Err(error) => lines.push(of_right("Privilege", refused(error))),
            }
            match &explained.access {
                Some(Ok(reasons)) => {
                    let access = teller.access(&asked, &principal, right, reasons)?;
                    lines.extend(
                        access
                            .into_iter()
                            .map(|line| of_right("Access", line.with("Passes", true))),
                    );
                }
                Some(Err(error)) => {
                    let across = table.ownership == Ownership::User && principal.owns_across_units();
                    let line = refused(error).with("AcrossUnits", across);
                    lines.push(of_right("Access", line));
                }
                None => {}
            }
        }
        let columns = secured(unit, operation, &principal, &table)?;
        operation.output("SecuredColumns", Parameter::Rows(columns));
        operation.output("Reasons", Parameter::Rows(lines));
        operation.output("AccessRights", Value::Text(Rights::of(&held).to_string()));
        Ok(())
    }
}

/// What a principal may do with each secured column of a table. The profiles are named to whoever may
/// read profiles.
fn secured(unit: &mut Unit, operation: &Operation, principal: &Principal, table: &TableDef) -> Result<Vec<Row>> {
    let profiles = unit.snapshot()?.table(tables::PROFILE)?.clone();
    let names = principals::require(unit, operation, &profiles, Right::Read).is_ok();
    let mut lines = Vec::new();
    for column in table.columns.iter().filter(|column| column.secured) {
        let mut line = Row::unsaved(LINE).with("Column", &*column.name);
        for right in ColumnRight::ALL {
            line.set(right.word(), principal.may_with_column(table, &column.name, right));
            let ways = principal.column_ways(table, &column.name, right);
            if names && !ways.is_empty() {
                line.set(format!("{}Through", right.word()), ways.join(", "));
            }
        }
        lines.push(line);
    }
    Ok(lines)
}

/// Why not: the code, and the depth that would do in a direct role.
fn refused(error: &Error) -> Row {
    let mut line = Row::unsaved(LINE)
        .with("Passes", false)
        .with("Code", error.code().to_string());
    if let Some(depth) = error.body().depth {
        line.set("Depth", depth.number());
    }
    line
}
