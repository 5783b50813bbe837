//! A role for one user or team, with what it lacks: where none that it has can be changed, and none that there is
//! would do.

use sluice_engine::tables;
use sluice_model::{Depth, Error, Parameter, Reference, Request, Result, Row, Uuid, Value};

use super::{
    Culprit, Fix,
    cures::{is_granted, lacking},
    holders::reference,
    trials::{Setup, Trials},
};

/// A role for a user or team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRole {
    /// The role's id.
    pub role: Uuid,
    /// Its name.
    pub called: String,
    /// Its business unit.
    pub unit: Reference,
    /// The name of that.
    pub unit_name: String,
    /// The user or team.
    pub to: Reference,
    /// Its name.
    pub name: String,
    /// What it gives: each privilege once, with its depth.
    pub gives: Vec<(String, Depth)>,
}

impl NewRole {
    /// What its name begins with, before that of the user or team.
    pub const OF: &str = "Role of ";

    /// The role, what it gives, and to whom it is given.
    pub(super) fn requests(&self) -> Vec<Request> {
        let row = Row::new(tables::ROLE, self.role)
            .with("name", self.called.as_str())
            .with("businessunitid", self.unit.clone())
            .with("isinherited", Value::Choice(1));
        let gives = self.gives.iter().map(|(privilege, depth)| (privilege.as_str(), *depth));
        vec![Request::create(row), grant(self.role, gives), give(self.role, &self.to)]
    }

    /// How deep it gives a privilege.
    pub(super) fn depth_of(&self, privilege: &str) -> Option<Depth> {
        let given = self.gives.iter().find(|(given, _)| given == privilege);
        given.map(|(_, depth)| *depth)
    }

    /// The same with a privilege more, or deeper.
    fn with(&self, privilege: &str, depth: Depth) -> Self {
        let mut more = self.clone();
        match more.gives.iter_mut().find(|(given, _)| given == privilege) {
            Some((_, given)) => *given = depth.max(*given),
            None => more.gives.push((privilege.to_owned(), depth)),
        }
        more
    }

    /// The same with all that another one gives.
    pub(super) fn and(&self, other: &Self) -> Self {
        let gives = other.gives.iter();
        gives.fold(self.clone(), |role, (privilege, depth)| role.with(privilege, *depth))
    }
}

/// The message that gives a role these privileges.
pub(super) fn grant<'a>(role: Uuid, privileges: impl IntoIterator<Item = (&'a str, Depth)>) -> Request {
    let granted = privileges.into_iter().map(|(privilege, depth)| {
        Row::unsaved("roleprivilege")
            .with("PrivilegeName", privilege)
            .with("Depth", depth.number())
    });
    Request::new("AddPrivilegesRole")
        .with("RoleId", Value::Id(role))
        .with("Privileges", Parameter::Rows(granted.collect()))
}

/// The message that gives somebody a role.
pub(super) fn give(role: Uuid, to: &Reference) -> Request {
    let relationship = match &*to.table {
        tables::TEAM => "teamroles_association",
        _ => "systemuserroles_association",
    };
    Request::new("Associate")
        .with("Target", to.clone())
        .with("Relationship", relationship)
        .with(
            "RelatedEntities",
            Parameter::References(vec![Reference::new(tables::ROLE, role)]),
        )
}

/// Lets the cures of all culprits make the same role for the same user or team, with all that one of them gives: it
/// is made once. `setup` is what all of it was tried with.
pub(super) fn make_roles_once(culprits: &mut [Culprit], setup: &Setup) {
    let mut roles: Vec<NewRole> = Vec::new();
    let tried = setup.fixes.iter().map(|(fix, _)| fix);
    let told = culprits.iter().flat_map(|culprit| &culprit.cures);
    for fix in tried.chain(told.flat_map(|cure| &cure.fixes)) {
        if let Fix::NewRole(more) = fix {
            match roles.iter_mut().find(|role| role.to == more.to) {
                Some(role) => *role = role.and(more),
                None => roles.push(more.clone()),
            }
        }
    }
    let cures = culprits.iter_mut().flat_map(|culprit| &mut culprit.cures);
    for fix in cures.flat_map(|cure| &mut cure.fixes) {
        if let Fix::NewRole(own) = fix
            && let Some(role) = roles.iter().find(|role| role.to == own.to)
        {
            *own = role.clone();
        }
    }
}

impl Trials<'_> {
    /// A role for whoever lacks a privilege, from the depth on that could do, where no role of theirs can be changed
    /// and none that they could get holds it; one that gives more where it is behind such a one. As with grants, not where
    /// no chain of them gives all that is missing, and never so that somebody acts for everybody.
    pub(super) fn new_roles(&mut self, error: &Error, here: &Setup) -> Result<Vec<Fix>> {
        let Some((principal, privilege, depth)) =
            lacking(error).filter(|(_, privilege, _)| is_granted(error, privilege))
        else {
            return Ok(Vec::new());
        };
        let to = reference(principal);
        let role = match here.role_for(&to) {
            Some(role) => role.clone(),
            None => {
                let others = [self.grants(error, here)?, self.roles_to_give(error, false, here)?];
                let holders = self.holders()?;
                let unit = holders.unit_of(to.id);
                let (true, Some((unit, unit_name))) = (others.iter().all(Vec::is_empty), unit) else {
                    return Ok(Vec::new());
                };
                NewRole {
                    role: self.session.new_id(),
                    called: holders.free_name(&format!("{}{}", NewRole::OF, principal.name)),
                    unit: Reference::new(tables::BUSINESS_UNIT, unit),
                    unit_name,
                    to,
                    name: principal.name.clone(),
                    gives: Vec::new(),
                }
            }
        };
        let given = role.depth_of(privilege);
        let deeper = Depth::ALL
            .into_iter()
            .filter(|deeper| *deeper >= depth && Some(*deeper) > given);
        Ok(deeper.map(|depth| Fix::NewRole(role.with(privilege, depth))).collect())
    }
}
