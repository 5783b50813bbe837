//! AddMembersTeam: adds users to a team.

use sluice_model::{Code, Error, Result, Right};

use super::{Images, Message, Parameter, Shape, Takes, associate, input, membership, required};
use crate::{Operation, Unit, principals, tables};

/// `AddMembersTeam`.
pub(crate) struct AddMembersTeam;

impl Message for AddMembersTeam {
    fn name(&self) -> &'static str {
        "AddMembersTeam"
    }

    fn doc(&self) -> &'static str {
        "Adds users to a team."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[Parameter] = &[required("TeamId", "id"), required("MemberIds", "references")];
        Shape {
            takes: Takes::IdOf {
                table: tables::TEAM,
                parameter: "TeamId",
            },
            tables: None,
            reads: false,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: &[],
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Write)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let team = operation.id()?;
        unit.decide(operation, &table, Right::Write, team)?;
        associate::check_default_team(unit, team, Code::DEFAULT_TEAM_MEMBERS)?;
        let users = unit.snapshot.table(tables::USER)?.clone();
        for member in input::references(operation, "MemberIds")? {
            if *member.table != *tables::USER || !unit.read(|tx| tx.facts().exists(&users, member.id))? {
                return Err(Error::not_found(&users.schema, &users.name, member.id));
            }
            membership::link(unit, &membership::TEAM_MEMBERSHIP, [team, member.id])?;
        }
        Ok(())
    }
}
