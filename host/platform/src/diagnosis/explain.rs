//! What a request needs: it runs for trial with everything out of its way, and what is asked about
//! principals on the way is kept. The same decisions that refuse explain.

use std::{collections::HashMap, sync::Arc};

use sluice_access::{Check, Checks, Gate};
use sluice_model::{Code, Result, error::StepInfo};

use super::{
    Isolation,
    culprits::search,
    cures::lacking,
    trials::{Setup, Trials, in_order},
};

/// Something that a request, or a step that it sets off, needs.
#[derive(Debug, Clone)]
pub struct Need {
    /// The question, and its answer once everything is out of the way.
    pub check: Check,
    /// How often it was asked, of how many rows.
    pub times: usize,
    /// Whether it is missing now.
    pub is_missing: bool,
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
        needs: needs(trials, &found, checks.all())?,
        found,
    })
}

/// Each question once, by whom it was asked.
fn needs(trials: &Trials<'_>, found: &Isolation, checks: Vec<Check>) -> Result<Vec<Need>> {
    let mut needs: Vec<Need> = Vec::new();
    let mut places = HashMap::new();
    for check in checks {
        let key = (check.principal, check.privilege.clone(), check.gate, check.step);
        if let Some(need) = places.get(&key).and_then(|place: &usize| needs.get_mut(*place)) {
            need.times += 1;
            continue;
        }
        places.insert(key, needs.len());
        let is_missing = is_missing(trials, found, &check)?;
        needs.push(Need {
            check,
            times: 1,
            is_missing,
        });
    }
    Ok(needs)
}

/// Whether it is missing to whom it is asked of, as things are.
fn is_missing(trials: &Trials<'_>, found: &Isolation, check: &Check) -> Result<bool> {
    match check.gate {
        Gate::Privilege => {
            let (mut unit, _) = trials.session.unit()?;
            let now = unit.principal_of(&check.principal.reference())?;
            Ok(now.depth_of(&check.privilege).is_none())
        }
        Gate::Access => Ok(found.culprits.iter().any(|culprit| {
            culprit.error.code() == Code::ACCESS_DENIED
                && lacking(&culprit.error).is_some_and(|(who, privilege, _)| {
                    who.id == check.principal.id && privilege.eq_ignore_ascii_case(&check.privilege)
                })
        })),
    }
}
