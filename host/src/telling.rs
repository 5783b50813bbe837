//! What somebody is told of an error: names of users, teams and roles, and commands that change these or
//! steps, only who may read what they name. Who may not is told what to hand on, and to whom.

use std::sync::OnceLock;

use sluice_model::{Code, Error, PrincipalKind, Remedy, Right, Uuid, codes::Kind};
use sluice_platform::Isolation;

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
        }
    }

    const EVERYTHING: Self = Self {
        own: Uuid::nil(),
        users: true,
        teams: true,
        roles: true,
        steps: true,
    };

    /// Whether they may know the commands that change roles and steps.
    pub(crate) fn commands(self) -> bool {
        self.roles && self.steps
    }

    /// The error as they are told it.
    pub(crate) fn error(self, error: &Error) -> Error {
        let mut told = error.clone();
        let body = told.body_mut();
        if let Some(who) = &mut body.principal {
            let (may, another) = match who.kind {
                PrincipalKind::User => (self.users || who.id == self.own, "another user"),
                PrincipalKind::Team => (self.teams, "a team"),
            };
            if !may {
                another.clone_into(&mut who.name);
            }
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
            && let Some(held) = &mut body.held
        {
            held.only = None;
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
        for taken in found.culprits.iter_mut().filter_map(|culprit| culprit.taken.as_mut()) {
            if !self.roles {
                "A role".clone_into(&mut taken.role);
            }
        }
        found
    }

    /// Whether an administrator has to cure it, and this one is none.
    pub(crate) fn hands_on(self, error: &Error) -> bool {
        let is_for_others = || error.kind() == Kind::Denied || error.remedies().into_iter().any(is_administrators);
        !self.commands() && !is_senders(error) && is_for_others()
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
            | Remedy::DeactivateFailed
    )
}
