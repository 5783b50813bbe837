//! What a step needs, as it was seen: the recorded requests in which it runs are run again, rolled back,
//! and what its calls ask about principals is kept.

use std::sync::Arc;

use sluice_access::{Check, Checks, Gate};
use sluice_engine::{Session, unit::Trial};
use sluice_model::{Catalog, Name, Result, Timestamp, Uuid};

/// More requests are not run again.
const MOST: usize = 300;

/// Something that the calls of a step were seen to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenNeed {
    /// The privilege.
    pub privilege: String,
    /// The table, where the privilege belongs to one.
    pub table: Option<Name>,
    /// Which of the two checks.
    pub gate: Gate,
    /// How often it was asked.
    pub times: usize,
    /// Who was refused, by name.
    pub refused: Vec<String>,
}

/// What was seen of a step.
#[derive(Debug, Clone, Default)]
pub struct SeenNeeds {
    /// What it was seen to need, by privilege.
    pub needs: Vec<SeenNeed>,
    /// How many requests were run again.
    pub requests: usize,
    /// In how many of them the step ran.
    pub ran: usize,
    /// How many were not recorded whole.
    pub unrecorded: usize,
    /// Whether there were more than are looked at.
    pub is_cut: bool,
}

/// See [`super::Diagnosis::step_needs`].
pub(super) fn step_needs(
    session: &Session,
    step: Uuid,
    since: Timestamp,
    progress: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<SeenNeeds> {
    let (recorded, unrecorded) = session.recorded_requests(since, MOST + 1)?;
    let mut seen = SeenNeeds {
        unrecorded,
        is_cut: recorded.len() > MOST,
        ..SeenNeeds::default()
    };
    let catalog = session.catalog()?;
    let all = recorded.len().min(MOST);
    for (place, past) in recorded.iter().take(MOST).enumerate() {
        if !progress(place, all) {
            seen.is_cut = true;
            break;
        }
        let Ok(request) = &past.request else {
            seen.unrecorded += 1;
            continue;
        };
        let checks = Arc::new(Checks::default());
        let trial = Trial {
            checks: Some(checks.clone()),
            ..Trial::default()
        };
        let tried = session.try_request(past.acting(), trial, &[], request)?;
        seen.requests += 1;
        if !tried.ran.iter().any(|ran| ran.id == step) {
            continue;
        }
        seen.ran += 1;
        for check in checks.all().0 {
            if checks.step_of(&check) == Some(step) {
                count(&mut seen.needs, &check, &catalog);
            }
        }
    }
    seen.needs
        .sort_by(|one, other| (&one.privilege, one.gate).cmp(&(&other.privilege, other.gate)));
    Ok(seen)
}

/// Counts a question among those that were asked before.
fn count(needs: &mut Vec<SeenNeed>, check: &Check, catalog: &Catalog) {
    let privilege = check.asked.privilege(catalog);
    let is_same = |need: &SeenNeed| need.gate == check.gate && need.privilege.eq_ignore_ascii_case(&privilege);
    let place = needs.iter().position(is_same).unwrap_or_else(|| {
        needs.push(SeenNeed {
            table: check.asked.table().cloned(),
            gate: check.gate,
            times: 0,
            refused: Vec::new(),
            privilege,
        });
        needs.len() - 1
    });
    if let Some(need) = needs.get_mut(place) {
        need.times += 1;
        let name = check.principal.name();
        if check.way.is_none() && need.refused.iter().all(|known| known != name) {
            need.refused.push(name.to_owned());
        }
    }
}
