//! What a request needs: it runs for trial with everything out of its way, and what is asked about
//! principals on the way is kept, and asked once more as things are. The same decisions that refuse explain.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use sluice_access::{Check, Checks, Gate, PrincipalId};
use sluice_engine::{AskedAs, asked_as};
use sluice_model::{Catalog, HeldDepth, Name, Result, Uuid, error::StepInfo};

use super::{
    Isolation, WithheldColumn,
    culprits::search,
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
    /// Why it is asked of this principal.
    pub asked_as: AskedAs,
    /// How the principal holds the privilege as things are.
    pub held: Option<HeldDepth>,
    /// Why it passes as things are, or `None` where it does not.
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
    /// The secured columns that the request and its steps read and are not shown.
    pub withheld: Vec<WithheldColumn>,
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
        needs: needs(trials, &checks)?,
        withheld: WithheldColumn::all(&checks),
        found,
    })
}

/// Each question once, by whom it was asked, with the answer as things are: of several rows, the first
/// that is refused.
fn needs(trials: &Trials<'_>, checks: &Checks) -> Result<Vec<Need>> {
    let catalog = trials.session.catalog()?;
    let (mut unit, _) = trials.session.unit()?;
    let mut needs: Vec<Need> = Vec::new();
    let mut places: HashMap<_, usize> = HashMap::new();
    let places_of_asking = checks.places();
    for check in checks.all().0 {
        let step = checks.step_of(&check);
        let key = (check.principal.identity(), check.asked.clone(), check.gate, step);
        let known = places.get(&key).and_then(|place| needs.get_mut(*place));
        if let Some(need) = known {
            need.times += 1;
            if need.is_missing {
                continue;
            }
            let now = unit.ask_now(&check)?;
            if now.as_ref().is_none_or(|now| now.way.is_none()) {
                need.answer(check.row, now.as_ref(), &catalog);
            }
            continue;
        }
        places.insert(key, needs.len());
        let mut need = Need {
            principal: check.principal.identity(),
            name: check.principal.name().to_owned(),
            asked_as: asked_as(&places_of_asking, &check, trials.user),
            is_missing: true,
            is_asked: true,
            table: check.asked.table().cloned(),
            row: check.row,
            gate: check.gate,
            held: None,
            because: None,
            step,
            times: 1,
            privilege: check.asked.privilege(&catalog),
        };
        need.answer(check.row, unit.ask_now(&check)?.as_ref(), &catalog);
        needs.push(need);
    }
    let missing: HashSet<_> = needs
        .iter()
        .filter(|need| need.gate == Gate::Privilege && need.is_missing)
        .map(|need| (need.principal, need.privilege.clone()))
        .collect();
    for need in needs.iter_mut().filter(|need| need.gate == Gate::Access) {
        if missing.contains(&(need.principal, need.privilege.clone())) {
            need.is_asked = false;
            need.is_missing = false;
        }
    }
    Ok(needs)
}

impl Need {
    /// Takes the answer that is given as things are.
    fn answer(&mut self, row: Option<Uuid>, now: Option<&Check>, catalog: &Catalog) {
        self.row = row;
        self.is_missing = now.is_none_or(|now| now.way.is_none());
        self.because = now.and_then(|now| now.because(catalog));
        self.held = now.and_then(|now| now.principal.held(&self.privilege));
    }
}
