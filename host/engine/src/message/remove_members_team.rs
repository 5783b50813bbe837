//! RemoveMembersTeam: takes users out of a team.

use sluice_model::{Code, ParameterType, Result, Right};

use super::{Message, ParameterDef, Shape, membership, required};
use crate::{Operation, Unit, principals, tables};

/// `RemoveMembersTeam`.
pub(crate) struct RemoveMembersTeam;

impl Message for RemoveMembersTeam {
    fn name(&self) -> &'static str {
        "RemoveMembersTeam"
    }

    fn doc(&self) -> &'static str {
        "Takes users out of a team."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("TeamId", ParameterType::Id),
            required("MemberIds", ParameterType::References),
        ];
        Shape::changing(tables::TEAM, "TeamId", INPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Write)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        membership::change_members(unit, operation, Code::DEFAULT_TEAM_REMOVE, membership::Linking::Unlink)
    }
}
