//! What fails in the background once a request has passed: as what stands in the way of it, with what cures it.

use sluice_model::{Error, Result};

use super::{
    Culprit,
    obstacle::Obstacle,
    trials::{Setup, Trials},
};

impl Trials<'_> {
    /// What asynchronous steps and workflows failed in behind a setup, each with what helps; each step once.
    pub(super) fn background(&mut self, setup: &Setup, failures: &[Error]) -> Result<Vec<Culprit>> {
        let mut found: Vec<Culprit> = Vec::new();
        for error in failures {
            let step = error.body().step.as_ref().map(|step| step.id);
            let is_known = |culprit: &Culprit| culprit.error.body().step.as_ref().map(|step| step.id) == step;
            if step.is_some() && found.iter().any(is_known) {
                continue;
            }
            let behind = Setup {
                behind: step,
                ..setup.clone()
            };
            let obstacle = Obstacle {
                error,
                since: self.since,
                withheld: &[],
            };
            // Without a step it is not known which of the failures of a later trial it is.
            let cures = match step {
                Some(_) => self.cures(&behind, &obstacle)?,
                None => Vec::new(),
            };
            found.push(Culprit {
                lacks: self.lacks(&behind, &obstacle, &cures)?,
                error: error.clone(),
                cures,
                sets: Vec::new(),
                withheld: Vec::new(),
                taken: self.taken(error)?,
                behind: None,
            });
        }
        Ok(found)
    }
}
