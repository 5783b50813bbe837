//! What somebody is told of an error: names of users, teams and roles, and commands that change these or
//! steps, only who may read what they name. Who may not is told what to hand on, and to whom.

use std::sync::OnceLock;

use sluice_model::{Code, Error, PrincipalKind, Remedy, Right, Uuid, codes::Kind};
use sluice_platform::{Explanation, Fix, Gate, Isolation, NewRole, SeenNeeds, WithheldColumn};

use crate::door::Door;

/// What the roles of somebody are called for who may not read roles.
pub(crate) const HIDDEN_ROLE: &str = "a role";

/// What the acting user may know: a command has one.
static NOW: OnceLock<Telling> = OnceLock::new();

/// Which names and commands somebody may know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    own: Uuid,
    users: bool,
    teams: bool,
    roles: bool,
    steps: bool,
    units: bool,
}

impl Telling {
    /// What the acting user may know; before an organisation is open there is nothing to hide.
    pub(crate) fn now() -> Self {
        NOW.get().copied().unwrap_or(Self::EVERYTHING)
    }

    /// From now on this is what the acting user may know.
    pub(crate) fn keep(self) {
        let _ = NOW.set(self);
    }

    pub(crate) fn of(session: &dyn Door) -> Self {
        let reads = |table| session.check_privilege(table, Right::Read).is_ok();
        Self {
            own: session.user(),
            users: reads("systemuser"),
            teams: reads("team"),
            roles: reads("role"),
            steps: reads("sdkmessageprocessingstep"),
            units: reads("businessunit"),
        }
    }

    const EVERYTHING: Self = Self {
        own: Uuid::nil(),
        users: true,
        teams: true,
        roles: true,
        steps: true,
        units: true,
    };

    /// Whether they may know the commands that change roles and steps.
    pub(crate) fn commands(self) -> bool {
        self.roles && self.steps
    }

    /// The name of a user or team as they are told it.
    fn name(self, kind: PrincipalKind, id: Uuid, name: &mut String) {
        if !self.may_name(kind, id) {
            let another = match kind {
                PrincipalKind::User => "another user",
                PrincipalKind::Team => "a team",
            };
            another.clone_into(name);
        }
    }

    fn may_name(self, kind: PrincipalKind, id: Uuid) -> bool {
        match kind {
            PrincipalKind::User => self.users || id == self.own,
            PrincipalKind::Team => self.teams,
        }
    }

    /// The error as they are told it.
    pub(crate) fn error(self, error: &Error) -> Error {
        let mut told = error.clone();
        let body = told.body_mut();
        if let Some(who) = &mut body.principal {
            self.name(who.kind, who.id, &mut who.name);
            if !self.roles {
                if !who.roles.is_empty() {
                    who.roles = vec![HIDDEN_ROLE.to_owned()];
                }
                who.grantee = None;
            } else if !self.teams {
                for role in &mut who.roles {
                    if let Some((own, _)) = role.split_once(" (via team ") {
                        *role = format!("{own} (via a team)");
                    }
                }
            }
        }
        if !(self.roles && self.teams)
            && let Some(only) = body.held.as_mut().and_then(|held| held.only.as_mut())
        {
            HIDDEN_ROLE.clone_into(&mut only.role);
            only.team.clear();
        }
        told
    }

    /// Everything that was found as they are told it.
    pub(crate) fn found(self, mut found: Isolation) -> Isolation {
        let errors = found.culprits.iter_mut().map(|culprit| &mut culprit.error);
        let resting = found.resting.iter_mut().map(|resting| &mut resting.error);
        for error in errors
            .chain(resting)
            .chain(&mut found.background)
            .chain(&mut found.unseen)
        {
            *error = self.error(error);
        }
        for withheld in found.culprits.iter_mut().flat_map(|culprit| &mut culprit.withheld) {
            self.withheld(withheld);
        }
        let cures = found.culprits.iter_mut().flat_map(|culprit| &mut culprit.cures);
        for fix in cures.chain(&mut found.cure).flat_map(|cure| &mut cure.fixes) {
            self.fix(fix);
        }
        for taken in found.culprits.iter_mut().filter_map(|culprit| culprit.taken.as_mut()) {
            if !self.roles {
                "A role".clone_into(&mut taken.role);
            }
        }
        found
    }

    fn withheld(self, withheld: &mut WithheldColumn) {
        self.name(withheld.who.kind, withheld.who.id, &mut withheld.from);
    }

    /// What helps, with ids in the place of names that they may not know: commands take both.
    fn fix(self, fix: &mut Fix) {
        let kind = |table: &str| match table {
            "team" => PrincipalKind::Team,
            _ => PrincipalKind::User,
        };
        if !self.units {
            hide_units(fix);
        }
        let (kind, id, name) = match fix {
            Fix::Share { with: to, name, .. }
            | Fix::Assign { to, name, .. }
            | Fix::GiveRole { to, name, .. }
            | Fix::JoinProfile { to, name, .. }
            | Fix::NewProfile { to, name, .. }
            | Fix::NewRole(NewRole { to, name, .. }) => (kind(&to.table), to.id, name),
            Fix::RunAs { id, user: name, .. } | Fix::Own { id, user: name, .. } => (PrincipalKind::User, *id, name),
            Fix::OpenAccess { user, name } | Fix::Enable { user, name, .. } => (PrincipalKind::User, *user, name),
            _ => return,
        };
        if self.may_name(kind, id) {
            return;
        }
        let known = std::mem::replace(name, id.to_string());
        // A new profile is called after whose it is, and so is a new role.
        let (called, of) = match fix {
            Fix::NewProfile { called, .. } => (called, ""),
            Fix::NewRole(NewRole { called, .. }) => (called, NewRole::OF),
            _ => return,
        };
        if let Some(rest) = called.strip_prefix(of).and_then(|called| called.strip_prefix(&known)) {
            *called = format!("{of}{id}{rest}");
        }
    }

    /// What a request needs as they are told it.
    pub(crate) fn explained(self, mut explained: Explanation) -> Explanation {
        explained.found = self.found(explained.found);
        explained.withheld.iter_mut().for_each(|one| self.withheld(one));
        for need in &mut explained.needs {
            self.name(need.principal.kind, need.principal.id, &mut need.name);
            if let Some(only) = need.held.as_mut().and_then(|held| held.only.as_mut())
                && !(self.roles && self.teams)
            {
                HIDDEN_ROLE.clone_into(&mut only.role);
                only.team.clear();
            }
            if let Some(because) = &mut need.because {
                self.because(need.gate, because);
            }
        }
        explained
    }

    /// Through what a question was passed: roles and teams by name only for who may read them.
    fn because(self, gate: Gate, because: &mut String) {
        let through = because.find(" (via team ");
        match (gate, through) {
            (Gate::Privilege, _) if !self.roles => "a role".clone_into(because),
            (Gate::Privilege, Some(_)) if !self.teams => "a role (via a team)".clone_into(because),
            (Gate::Access, Some(place)) if !self.teams => {
                because.truncate(place);
                because.push_str(" (via a team)");
            }
            _ => {}
        }
    }

    /// What was seen of a step as they are told it.
    pub(crate) fn seen(self, mut seen: SeenNeeds) -> SeenNeeds {
        for who in seen.needs.iter_mut().flat_map(|need| &mut need.refused) {
            self.name(who.kind, who.id, &mut who.name);
        }
        seen
    }

    /// Whether an administrator has to cure it, and this one is none.
    pub(crate) fn hands_on(self, error: &Error) -> bool {
        let is_for_others = || error.kind() == Kind::Denied || error.remedies().into_iter().any(is_administrators);
        !self.commands() && !is_senders(error) && is_for_others()
    }
}

/// What helps, without the names of business units.
fn hide_units(fix: &mut Fix) {
    match fix {
        Fix::Enable { units, .. } => units.iter_mut().for_each(|(id, name)| *name = id.to_string()),
        Fix::NewRole(role) => role.unit_name = role.unit.id.to_string(),
        // Its command has the id of the role.
        Fix::GiveRole {
            of_unit: Some(unit), ..
        } => "another business unit".clone_into(unit),
        _ => {}
    }
}

/// Whether whoever sent what was refused can mend it by what they send: with a value that is missing or wrong, or
/// as a plug-in says that refuses on purpose. What a step writes, or sends in a call, is not theirs.
pub(crate) fn is_senders(error: &Error) -> bool {
    let body = error.body();
    let on_purpose = [Code::ISV_ABORTED, Code::REQUIRED_MISSING].contains(&error.code());
    let is_steps = body.call.is_some() || !body.reached.is_empty() || !body.values.is_empty();
    error.kind() == Kind::Refused && (body.step.is_none() || on_purpose && !is_steps)
}

/// What somebody does who cannot cure it.
pub(crate) const HAND_ON: &str = "ask an administrator, and hand this on";

/// What changes roles, users, profiles or steps.
pub(crate) fn is_administrators(remedy: Remedy) -> bool {
    matches!(
        remedy,
        Remedy::Grant
            | Remedy::ShareRow
            | Remedy::Inherit
            | Remedy::GiveRole
            | Remedy::GrantColumn
            | Remedy::AddToProfile
            | Remedy::GrantCapability
            | Remedy::DisableStep
            | Remedy::ActivateWorkflow
            | Remedy::DeactivateWorkflow
            | Remedy::AssignWorkflow
            | Remedy::RunWorkflowAsCaller
            | Remedy::DeactivateFailed
    )
}

#[cfg(test)]
mod tests {
    use sluice_model::{Depth, Reference};

    use super::*;

    #[test]
    fn a_new_role_tells_nobody_a_name() {
        let id = Uuid::from_u128;
        let role = NewRole {
            role: id(1),
            called: format!("{}Role 2", NewRole::OF),
            unit: Reference::new("businessunit", id(2)),
            unit_name: "West".to_owned(),
            to: Reference::new("systemuser", id(3)),
            name: "Role".to_owned(),
            gives: vec![("prvReadLead".to_owned(), Depth::User)],
        };
        let telling = Telling {
            users: false,
            units: false,
            ..Telling::EVERYTHING
        };
        let mut fix = Fix::NewRole(role.clone());
        telling.fix(&mut fix);
        let told = NewRole {
            called: format!("Role of {} 2", id(3)),
            unit_name: id(2).to_string(),
            name: id(3).to_string(),
            ..role.clone()
        };
        assert_eq!(fix, Fix::NewRole(told));
        let mut fix = Fix::NewRole(role.clone());
        Telling::EVERYTHING.fix(&mut fix);
        assert_eq!(fix, Fix::NewRole(role));
    }

    #[test]
    fn a_role_of_another_unit_does_not_name_it() {
        let give = |unit: &str| Fix::GiveRole {
            to: Reference::new("systemuser", Uuid::nil()),
            name: "ann".to_owned(),
            copy: Uuid::from_u128(1),
            of_unit: Some(unit.to_owned()),
            role: "Seller".to_owned(),
            gives: 0,
            reaches_others: false,
        };
        let telling = Telling {
            units: false,
            ..Telling::EVERYTHING
        };
        let mut fix = give("West");
        telling.fix(&mut fix);
        assert_eq!(fix, give("another business unit"));
    }
}
