//! What a step needs, as it was seen: the recorded requests in which it runs are run again, rolled back,
//! and what its calls ask about principals is kept.

use std::sync::Arc;

use sluice_access::{Checks, Gate};
use sluice_engine::{Session, unit::Trial};
use sluice_model::{Name, Result, Timestamp, Uuid};

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
    /// What it needs, by privilege.
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
    let all = recorded.len().min(MOST);
    for (place, request) in recorded.iter().take(MOST).enumerate() {
        if !progress(place, all) {
            seen.is_cut = true;
            break;
        }
        let checks = Arc::new(Checks::default());
        let trial = Trial {
            checks: Some(checks.clone()),
            ..Trial::default()
        };
        let tried = session.try_request(request.caller, trial, &[], &request.request)?;
        seen.requests += 1;
        if !tried.ran.iter().any(|ran| ran.id == step) {
            continue;
        }
        seen.ran += 1;
        for check in checks.all().into_iter().filter(|check| check.step == Some(step)) {
            let is_same =
                |need: &&mut SeenNeed| need.gate == check.gate && need.privilege.eq_ignore_ascii_case(&check.privilege);
            let refused = check.because.is_none().then_some(check.name);
            match seen.needs.iter_mut().find(is_same) {
                Some(need) => {
                    need.times += 1;
                    need.refused.extend(refused.filter(|name| !need.refused.contains(name)));
                }
                None => seen.needs.push(SeenNeed {
                    privilege: check.privilege,
                    table: check.table,
                    gate: check.gate,
                    times: 1,
                    refused: refused.into_iter().collect(),
                }),
            }
        }
    }
    seen.needs
        .sort_by(|one, other| (&one.privilege, one.gate).cmp(&(&other.privilege, other.gate)));
    Ok(seen)
}
