//! What a step needs, as it was seen: what recorded requests asked in it when they were sent, and what
//! its calls ask about principals when these requests run again, rolled back.

use std::sync::Arc;

use sluice_access::{Check, Checks, Gate};
use sluice_engine::{Session, TracedCheck, tables, unit::Trial};
use sluice_model::{Catalog, Name, PrincipalKind, Result, Timestamp, Uuid};

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
    /// How often it was asked when the requests were sent, as it was recorded then.
    pub recorded: u64,
    /// How often it was asked when they ran again.
    pub times: usize,
    /// Who was refused.
    pub refused: Vec<SeenParty>,
}

/// A user or team that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenParty {
    /// User or team.
    pub kind: PrincipalKind,
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// What was seen of a step.
#[derive(Debug, Clone, Default)]
pub struct SeenNeeds {
    /// What it was seen to need, by privilege.
    pub needs: Vec<SeenNeed>,
    /// In how many requests the step asked something, as it was recorded then.
    pub recorded: usize,
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
        let asked = past.asked_in(step);
        seen.recorded += usize::from(!asked.is_empty());
        for check in &asked {
            count_recorded(&mut seen.needs, check);
        }
        let Ok(request) = &past.request else {
            seen.unrecorded += usize::from(!past.is_background);
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

/// The need that a question is about, which is added where it is new.
fn need<'a>(
    needs: &'a mut Vec<SeenNeed>,
    privilege: &str,
    gate: Gate,
    table: Option<Name>,
) -> Option<&'a mut SeenNeed> {
    let is_same = |need: &SeenNeed| need.gate == gate && need.privilege.eq_ignore_ascii_case(privilege);
    let place = needs.iter().position(is_same).unwrap_or_else(|| {
        needs.push(SeenNeed {
            table,
            gate,
            recorded: 0,
            times: 0,
            refused: Vec::new(),
            privilege: privilege.to_owned(),
        });
        needs.len() - 1
    });
    needs.get_mut(place)
}

impl SeenNeed {
    fn refused_to(&mut self, kind: PrincipalKind, id: Uuid, name: &str) {
        if self.refused.iter().all(|known| known.id != id) {
            let name = name.to_owned();
            self.refused.push(SeenParty { kind, id, name });
        }
    }
}

/// Counts a question that was asked when the request ran again.
fn count(needs: &mut Vec<SeenNeed>, check: &Check, catalog: &Catalog) {
    let privilege = check.asked.privilege(catalog);
    if let Some(need) = need(needs, &privilege, check.gate, check.asked.table().cloned()) {
        need.times += 1;
        if check.way.is_none() {
            let principal = &check.principal;
            need.refused_to(principal.identity().kind, principal.id(), principal.name());
        }
    }
}

/// Counts a question that was asked when the request was sent.
fn count_recorded(needs: &mut Vec<SeenNeed>, check: &TracedCheck) {
    let gate = match check.is_access() {
        true => Gate::Access,
        false => Gate::Privilege,
    };
    if let Some(need) = need(needs, &check.privilege, gate, check.table.as_deref().map(Name::from)) {
        need.recorded += check.times;
        if !check.passed {
            let kind = match check.kind.as_str() {
                tables::TEAM => PrincipalKind::Team,
                _ => PrincipalKind::User,
            };
            let name = check.principal.name.as_deref().unwrap_or("?");
            need.refused_to(kind, check.principal.id, name);
        }
    }
}
