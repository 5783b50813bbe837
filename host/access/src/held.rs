//! What a principal holds, as refusals tell it.

use sluice_model::{Grantee, HeldDepth, OnlyTeam};

use crate::{Principal, principal::RoleFacts};

impl Principal {
    /// How deep the principal holds a privilege by itself, whatever rows that reaches; the name in any case.
    pub fn held(&self, privilege: &str) -> Option<HeldDepth> {
        let depth = self.own_depth_of(privilege)?;
        let privilege = privilege.to_ascii_lowercase();
        let mut only = None;
        for route in self.routes(&privilege) {
            match (route.only_owner(), route.role, route.team) {
                (Some(_), Some(role), Some(team)) => only = only.or(Some((role, team))),
                _ => return Some(HeldDepth { depth, only: None }),
            }
        }
        let only = only.map(|(role, team)| OnlyTeam {
            role: role.name.clone(),
            team: team.name.clone(),
        });
        Some(HeldDepth { depth, only })
    }

    /// The role that would get a missing privilege: one of the principal's own, else one of a team that
    /// members use for rows of their own, else any. A managed role is changed by nobody here.
    pub(crate) fn grantee(&self) -> Option<Grantee> {
        let only_team = |role: &RoleFacts| role.via_team.is_some() && !role.direct_inheritance;
        let rank = |role: &&RoleFacts| (only_team(role), role.via_team.is_some());
        let roles = self.facts().roles.iter().filter(|role| !role.managed);
        let role = roles.min_by_key(rank)?;
        Some(Grantee {
            id: Some(role.id),
            role: role.name.clone(),
            only_team: only_team(role),
        })
    }
}
