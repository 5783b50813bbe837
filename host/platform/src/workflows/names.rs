//! In whose names workflows run: who changes what one does acts in all of them.

use std::collections::BTreeSet;

use sluice_model::Uuid;

use super::active::Active;

/// The users in whose names a workflow runs, whoever sets it off: its owner, and the owner of each that
/// starts it, directly or through others, where these run as their owners.
pub(super) fn runs_as(active: &Active, workflow: Uuid) -> BTreeSet<Uuid> {
    let mut all = BTreeSet::from([workflow]);
    let mut open = vec![workflow];
    while let Some(started) = open.pop() {
        let starting = active.all().filter(|one| one.starts(started));
        open.extend(starting.map(|one| one.id).filter(|id| all.insert(*id)));
    }
    let found = all.iter().filter_map(|id| active.find(*id));
    let owners = found
        .filter(|one| one.runs_as_owner())
        .filter_map(|one| one.owner.as_ref());
    owners.map(|owner| owner.id).collect()
}
