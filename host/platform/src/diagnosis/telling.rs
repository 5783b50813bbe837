//! What was found, as somebody may know it: names of users, teams, roles and business units only for who may read
//! them. Everything that a diagnosis answers goes through here.

use sluice_access::Gate;
use sluice_engine::Telling;
use sluice_model::{Error, PrincipalKind};

use super::{Culprit, Cure, Explanation, Fix, Isolation, NewRole, SeenNeeds, WhatIf, WithheldColumn};

/// What is told in part to who may not know all of it.
pub(super) trait Told: Sized {
    /// What they may know of it.
    #[must_use]
    fn told(self, to: Telling) -> Self;
}

impl Told for Option<Error> {
    fn told(self, to: Telling) -> Self {
        self.map(|error| to.error(&error))
    }
}

impl Told for Isolation {
    fn told(mut self, to: Telling) -> Self {
        for culprit in self.culprits.iter_mut().chain(&mut self.background) {
            told_culprit(culprit, to);
        }
        self.cure.iter_mut().for_each(|one| cure(one, to));
        let resting = self.resting.iter_mut().map(|resting| &mut resting.error);
        for error in resting.chain(&mut self.unseen) {
            *error = to.error(error);
        }
        self
    }
}

impl Told for Explanation {
    fn told(mut self, to: Telling) -> Self {
        self.found = self.found.told(to);
        self.withheld.iter_mut().for_each(|one| withheld(one, to));
        for need in &mut self.needs {
            to.name(need.principal.kind, need.principal.id, &mut need.name);
            if let Some(only) = need.held.as_mut().and_then(|held| held.only.as_mut()) {
                to.only(&mut only.role, &mut only.team);
            }
            if let Some(because) = &mut need.because {
                self::because(need.gate, because, to);
            }
        }
        self
    }
}

impl Told for SeenNeeds {
    fn told(mut self, to: Telling) -> Self {
        for who in self.needs.iter_mut().flat_map(|need| &mut need.refused) {
            to.name(who.kind, who.id, &mut who.name);
        }
        self
    }
}

impl Told for WhatIf {
    fn told(mut self, to: Telling) -> Self {
        for turned in &mut self.turned {
            turned.with = turned.with.take().told(to);
            turned.without = turned.without.take().told(to);
        }
        self
    }
}

fn told_culprit(culprit: &mut Culprit, to: Telling) {
    culprit.error = to.error(&culprit.error);
    culprit.withheld.iter_mut().for_each(|one| withheld(one, to));
    culprit.cures.iter_mut().for_each(|one| cure(one, to));
    if let Some(taken) = culprit.taken.as_mut().filter(|_| !to.roles()) {
        "A role".clone_into(&mut taken.role);
    }
}

fn cure(cure: &mut Cure, to: Telling) {
    if !cure.is_own && !to.administers() {
        cure.fixes.clear();
    }
    cure.fixes.iter_mut().for_each(|one| fix(one, to));
}

fn withheld(withheld: &mut WithheldColumn, to: Telling) {
    to.name(withheld.who.kind, withheld.who.id, &mut withheld.from);
}

/// What helps, with ids in the place of names that they may not know: commands take both.
fn fix(fix: &mut Fix, to: Telling) {
    let kind = |table: &str| match table {
        "team" => PrincipalKind::Team,
        _ => PrincipalKind::User,
    };
    if !to.units() {
        hide_units(fix);
    }
    let (kind, id, name) = match fix {
        Fix::Share { with: who, name, .. }
        | Fix::Assign { to: who, name, .. }
        | Fix::GiveRole { to: who, name, .. }
        | Fix::JoinProfile { to: who, name, .. }
        | Fix::NewProfile { to: who, name, .. }
        | Fix::NewRole(NewRole { to: who, name, .. }) => (kind(&who.table), who.id, name),
        Fix::RunAs { id, user: name, .. } | Fix::Own { id, user: name, .. } => (PrincipalKind::User, *id, name),
        Fix::OpenAccess { user, name } | Fix::Enable { user, name, .. } => (PrincipalKind::User, *user, name),
        _ => return,
    };
    if to.may_name(kind, id) {
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

/// Through what a question was passed: roles and teams by name only for who may read them.
fn because(gate: Gate, because: &mut String, to: Telling) {
    let through = because.find(" (via team ");
    match (gate, through) {
        (Gate::Privilege, _) if !to.roles() => "a role".clone_into(because),
        (Gate::Privilege, Some(_)) if !to.teams() => "a role (via a team)".clone_into(because),
        (Gate::Access, Some(place)) if !to.teams() => {
            because.truncate(place);
            because.push_str(" (via a team)");
        }
        _ => {}
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

#[cfg(test)]
mod tests {
    use sluice_model::{Depth, Reference, Uuid};

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
        let mut fix = Fix::NewRole(role.clone());
        super::fix(&mut fix, Telling::NOTHING);
        let told = NewRole {
            called: format!("Role of {} 2", id(3)),
            unit_name: id(2).to_string(),
            name: id(3).to_string(),
            ..role.clone()
        };
        assert_eq!(fix, Fix::NewRole(told));
        let mut fix = Fix::NewRole(role.clone());
        super::fix(&mut fix, Telling::EVERYTHING);
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
        let mut fix = give("West");
        super::fix(&mut fix, Telling::NOTHING);
        assert_eq!(fix, give("another business unit"));
    }
}
