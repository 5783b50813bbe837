//! AddUserToRecordTeam: makes a user a member of the access team of a row.

use sluice_model::{Ownership, ParameterType, Result, Right, TableDef, Value};

use super::{Images, Message, ParameterDef, Shape, Takes, input, required};
use crate::{Operation, Unit, principals, record_team};

/// `AddUserToRecordTeam`.
pub(crate) struct AddUserToRecordTeam;

pub(super) const INPUTS: &[ParameterDef] = &[
    required("Record", ParameterType::Reference),
    required("SystemUserId", ParameterType::Id),
    required("TeamTemplateId", ParameterType::Id),
];

pub(super) fn shape() -> Shape {
    const OUTPUTS: &[ParameterDef] = &[required("AccessTeamId", ParameterType::Id)];
    Shape {
        takes: Takes::Reference("Record"),
        tables: None,
        reads: false,
        images: Images::None,
        binds_table: true,
        inputs: INPUTS,
        outputs: OUTPUTS,
    }
}

impl Message for AddUserToRecordTeam {
    fn name(&self) -> &'static str {
        "AddUserToRecordTeam"
    }

    fn doc(&self) -> &'static str {
        "Makes a user a member of the access team that a row has by a template; the first user makes the team."
    }

    fn shape(&self) -> Shape {
        shape()
    }

    fn works_on(&self, table: &TableDef) -> bool {
        table.ownership == Ownership::User
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Share)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let user = input::id(operation, "SystemUserId")?;
        let template = input::id(operation, "TeamTemplateId")?;
        let team = record_team::add(unit, operation, template, user)?;
        operation.output("AccessTeamId", Value::Id(team));
        Ok(())
    }
}
