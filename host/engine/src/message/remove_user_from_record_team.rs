//! RemoveUserFromRecordTeam: takes a user out of the access team of a row.

use sluice_model::{Ownership, Result, Right, TableDef, Value};

use super::{Message, Shape, add_user_to_record_team, input};
use crate::{Operation, Unit, principals, record_team};

/// `RemoveUserFromRecordTeam`.
pub(crate) struct RemoveUserFromRecordTeam;

impl Message for RemoveUserFromRecordTeam {
    fn name(&self) -> &'static str {
        "RemoveUserFromRecordTeam"
    }

    fn doc(&self) -> &'static str {
        "Takes a user out of the access team that a row has by a template; without members the team goes."
    }

    fn shape(&self) -> Shape {
        add_user_to_record_team::shape()
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
        let team = record_team::remove(unit, operation, template, user)?;
        operation.output("AccessTeamId", Value::Id(team));
        Ok(())
    }
}
