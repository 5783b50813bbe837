//! Which active workflows start one, and in whose names it runs: who changes what one does acts in all of them.

use std::collections::BTreeSet;

use sluice_engine::Unit;
use sluice_model::{Depth, PrincipalKind, Result, Uuid};

use super::{
    active::{self, Active, Workflow},
    owner,
};

/// A workflow and those that start it, directly or through others.
fn starters(active: &Active, workflow: Uuid) -> BTreeSet<Uuid> {
    let mut all = BTreeSet::from([workflow]);
    let mut open = vec![workflow];
    while let Some(started) = open.pop() {
        let starting = active.all().filter(|one| one.starts(started));
        open.extend(starting.map(|one| one.id).filter(|id| all.insert(*id)));
    }
    all
}

/// What keeps a workflow from being taken away: an active one that starts it, where that is the organisation's
/// own; for who is not importing, whosever it is.
pub(super) fn needs(unit: &mut Unit, workflow: Uuid, importing: bool) -> Result<Option<String>> {
    let snapshot = unit.snapshot()?;
    let active = active::of(&snapshot);
    let starters = starters(active, workflow);
    let others = starters.iter().filter(|id| **id != workflow);
    let needs = |one: &&std::sync::Arc<Workflow>| !(importing && one.is_managed);
    let found = others.filter_map(|id| active.find(*id)).find(needs);
    Ok(found.map(|one| one.name.clone()))
}

/// Why a workflow is not taken away with its solution.
pub(super) fn in_use(unit: &mut Unit, workflow: Uuid) -> Result<Option<String>> {
    let name = needs(unit, workflow, true)?;
    Ok(name.map(|name| format!("the workflow \"{name}\", which is active and your own, starts it")))
}

/// The users in whose names a workflow runs, whoever sets it off: its owner, and the owner of each that
/// starts it, directly or through others, where these run as their owners, or may not act as everybody.
pub(super) fn runs_as(unit: &mut Unit, active: &Active, workflow: Uuid) -> Result<BTreeSet<Uuid>> {
    let mut users = BTreeSet::new();
    for one in starters(active, workflow).into_iter().filter_map(|id| active.find(id)) {
        let owner = one.owner.as_ref();
        let Some(owner) = owner.filter(|owner| &*owner.table == PrincipalKind::User.table()) else {
            continue;
        };
        if one.runs_as_owner() || owner::depth(unit, owner)? != Some(Depth::Organization) {
            users.insert(owner.id);
        }
    }
    Ok(users)
}

/// Of those that start a workflow, directly or through others, and act as whoever sets them off, the one that runs for
/// most rows.
pub(super) fn widest_starter(active: &Active, workflow: Uuid) -> Option<&Workflow> {
    let all = starters(active, workflow);
    let others = all.iter().filter(|id| **id != workflow);
    let found = others.filter_map(|id| active.find(*id));
    let as_caller = found.filter(|one| !one.runs_as_owner());
    as_caller.map(AsRef::as_ref).max_by_key(|one| one.scope.depth())
}
