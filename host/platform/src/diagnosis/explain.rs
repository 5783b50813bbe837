//! What a request needs: it runs for trial with everything out of its way, and what is asked about
//! principals on the way is kept. The same decisions that refuse explain.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use sluice_access::{Check, Checks, Gate, PrincipalId};
use sluice_model::{Code, Depth, Name, Result, Uuid, error::StepInfo};

use super::{
    Isolation,
    culprits::search,
    cures::lacking,
    trials::{Setup, Trials, in_order},
};

/// Something that a request, or a step that it sets off, needs.
#[derive(Debug, Clone)]
pub struct Need {
    /// Of whom it is asked.
    pub principal: PrincipalId,
    /// The name that people know.
    pub name: String,
    /// The privilege.
    pub privilege: String,
    /// The table, where the privilege belongs to one.
    pub table: Option<Name>,
    /// The row, where it is about one that is there.
    pub row: Option<Uuid>,
    /// Which gate.
    pub gate: Gate,
    /// The deepest depth at which the principal holds the privilege, once everything is out of the way.
    pub held: Option<Depth>,
    /// Why it then passes, or `None` where it does not.
    pub because: Option<String>,
    /// The step whose call asks; `None` is the platform for the request itself.
    pub step: Option<Uuid>,
    /// How often it was asked, of how many rows.
    pub times: usize,
    /// Whether it is missing now.
    pub is_missing: bool,
    /// Whether it is asked at all as things are: the access check is not, while the privilege check refuses.
    pub is_asked: bool,
}

/// What a request runs and needs.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// What stands in its way, and what helps.
    pub found: Isolation,
    /// The steps that run, in order.
    pub steps: Vec<StepInfo>,
    /// What is needed, in the order in which it is asked.
    pub needs: Vec<Need>,
}

/// See [`super::Diagnosis::explain`].
pub(super) fn explain(trials: &mut Trials<'_>) -> Result<Explanation> {
    let (found, setup) = search(trials)?;
    let checks = Arc::new(Checks::default());
    let setup = Setup {
        // What a culprit needs besides is a part of the answer: it runs.
        bypassed: if found.cure.is_some() {
            Default::default()
        } else {
            setup.bypassed.clone()
        },
        ..setup
    };
    let tried = trials.run_with(&setup, Some(checks.clone()))?;
    Ok(Explanation {
        steps: in_order(&tried.ran).iter().map(|step| step.info()).collect(),
        needs: needs(trials, &found, &checks)?,
        found,
    })
}

/// Each question once, by whom it was asked.
fn needs(trials: &Trials<'_>, found: &Isolation, checks: &Checks) -> Result<Vec<Need>> {
    let catalog = trials.session.catalog()?;
    let mut needs: Vec<Need> = Vec::new();
    let mut places = HashMap::new();
    for check in checks.all().0 {
        let step = checks.step_of(&check);
        let principal = check.principal.identity();
        let key = (principal, check.asked.clone(), check.gate, step);
        if let Some(need) = places.get(&key).and_then(|place: &usize| needs.get_mut(*place)) {
            need.times += 1;
            continue;
        }
        places.insert(key, needs.len());
        let privilege = check.asked.privilege(&catalog);
        needs.push(Need {
            principal,
            name: check.principal.name().to_owned(),
            is_missing: is_missing(trials, found, &check, &privilege)?,
            is_asked: true,
            table: check.asked.table().cloned(),
            row: check.row,
            gate: check.gate,
            held: check.held(&catalog),
            because: check.because(&catalog),
            step,
            times: 1,
            privilege,
        });
    }
    let missing: HashSet<_> = needs
        .iter()
        .filter(|need| need.gate == Gate::Privilege && need.is_missing)
        .map(|need| (need.principal, need.privilege.clone()))
        .collect();
    for need in needs.iter_mut().filter(|need| need.gate == Gate::Access) {
        if missing.contains(&(need.principal, need.privilege.clone())) {
            need.is_asked = false;
            need.because = None;
        }
    }
    Ok(needs)
}

/// Whether it is missing to whom it is asked of, as things are.
fn is_missing(trials: &Trials<'_>, found: &Isolation, check: &Check, privilege: &str) -> Result<bool> {
    match check.gate {
        Gate::Privilege => {
            let (mut unit, _) = trials.session.unit()?;
            let now = unit.principal_of(&check.principal.identity().reference())?;
            Ok(now.depth_of(privilege).is_none())
        }
        Gate::Access => Ok(found.culprits.iter().any(|culprit| {
            culprit.error.code() == Code::ACCESS_DENIED
                && lacking(&culprit.error).is_some_and(|(who, lacks, _)| {
                    who.id == check.principal.id() && lacks.eq_ignore_ascii_case(privilege)
                })
        })),
    }
}
