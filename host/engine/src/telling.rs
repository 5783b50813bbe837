//! What somebody is told of an error: names of users, teams, roles and business units, and what changes these or
//! steps, only who may read what they name. Who may not is told to hand it on. Every client asks here.

use sluice_access::check_privilege;
use sluice_model::{Code, Error, PrincipalKind, Remedy, Result, Right, Uuid, codes::Kind};

use crate::{Session, tables};

/// What the roles of somebody are called for who may not read roles.
pub const HIDDEN_ROLE: &str = "a role";

/// Which names somebody may know.
#[derive(Debug, Clone, Copy)]
pub struct Telling {
    own: Uuid,
    users: bool,
    teams: bool,
    roles: bool,
    steps: bool,
    units: bool,
}

impl Session {
    /// What this session's user may be told.
    ///
    /// # Errors
    /// The database cannot be read, or the user is gone.
    pub fn telling(&self) -> Result<Telling> {
        let (mut unit, user) = self.unit()?;
        let snapshot = unit.snapshot()?;
        let reads = |table: &str| {
            let table = snapshot.table(table)?;
            Ok(check_privilege(&user, table, Right::Read, &snapshot.privileges).is_ok())
        };
        Ok(Telling {
            own: self.user(),
            users: reads(tables::USER)?,
            teams: reads(tables::TEAM)?,
            roles: reads(tables::ROLE)?,
            steps: reads(tables::STEP)?,
            units: reads(tables::BUSINESS_UNIT)?,
        })
    }
}

impl Telling {
    /// Who may know everything.
    pub const EVERYTHING: Self = Self {
        own: Uuid::nil(),
        users: true,
        teams: true,
        roles: true,
        steps: true,
        units: true,
    };

    /// Who may know nothing but themselves.
    pub const NOTHING: Self = Self {
        own: Uuid::nil(),
        users: false,
        teams: false,
        roles: false,
        steps: false,
        units: false,
    };

    /// Whether they may know the names of roles.
    pub fn roles(self) -> bool {
        self.roles
    }

    /// Whether they may know the names of teams.
    pub fn teams(self) -> bool {
        self.teams
    }

    /// Whether they may know the names of business units.
    pub fn units(self) -> bool {
        self.units
    }

    /// Whether they may know roles and steps, and so what changes these.
    pub fn administers(self) -> bool {
        self.roles && self.steps
    }

    /// Whether they may know the name of this user or team.
    pub fn may_name(self, kind: PrincipalKind, id: Uuid) -> bool {
        match kind {
            PrincipalKind::User => self.users || id == self.own,
            PrincipalKind::Team => self.teams,
        }
    }

    /// The name of a user or team as they are told it.
    pub fn name(self, kind: PrincipalKind, id: Uuid, name: &mut String) {
        if !self.may_name(kind, id) {
            let another = match kind {
                PrincipalKind::User => "another user",
                PrincipalKind::Team => "a team",
            };
            another.clone_into(name);
        }
    }

    /// The one role and team through which something is held, as they are told it.
    pub fn only(self, role: &mut String, team: &mut String) {
        if !(self.roles && self.teams) {
            HIDDEN_ROLE.clone_into(role);
            team.clear();
        }
    }

    /// The error as they are told it.
    pub fn error(self, error: &Error) -> Error {
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
        if let Some(only) = body.held.as_mut().and_then(|held| held.only.as_mut()) {
            self.only(&mut only.role, &mut only.team);
        }
        if let Some(caught) = &mut body.caught {
            *caught = self.error(caught);
        }
        told
    }

    /// Whether an administrator has to cure it, and this one is none.
    pub fn hands_on(self, error: &Error) -> bool {
        let origin = error.origin();
        let is_for_others =
            || origin.kind() == Kind::Denied || origin.remedies().into_iter().any(Remedy::is_administrators);
        !self.administers() && !is_senders(error) && is_for_others()
    }

    /// Whether they can mend it by what they send, and somebody else may cure it as well: a step refuses on purpose.
    pub fn may_hand_on(self, error: &Error) -> bool {
        !self.administers() && is_senders(error) && error.origin().body().step.is_some()
    }

    /// What helps that they may know.
    pub fn remedies(self, error: &Error) -> Vec<Remedy> {
        let mut remedies = error.remedies();
        remedies.retain(|remedy| self.administers() || !remedy.is_administrators());
        remedies
    }
}

/// Whether whoever sent what was refused can mend it by what they send: with a value that is missing or wrong, or
/// as a plug-in says that refuses on purpose. What a step writes, or sends in a call, is not theirs.
pub fn is_senders(error: &Error) -> bool {
    let body = error.body();
    let on_purpose = [Code::ISV_ABORTED, Code::REQUIRED_MISSING].contains(&error.code());
    let is_steps = body.caught.is_some() || body.call.is_some() || !body.reached.is_empty() || !body.values.is_empty();
    let is_of_request = matches!(error.kind(), Kind::Refused | Kind::NotFound);
    is_of_request && (body.step.is_none() || on_purpose && !is_steps)
}
