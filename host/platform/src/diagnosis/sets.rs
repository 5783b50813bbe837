//! Steps that fail only together: each smallest set of others without which a step does not fail.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use sluice_engine::step::Step;
use sluice_model::{Error, Result, Uuid, error::StepInfo};

use super::{
    Cure,
    obstacle::Obstacle,
    trials::{Setup, Trials, all_steps},
};

/// More sets are not looked for.
const MOST_SETS: usize = 8;

impl Trials<'_> {
    /// The smallest sets of other steps with which a step fails: none, where it fails with all of them
    /// passed over but those around it.
    pub(super) fn sets(
        &mut self,
        setup: &Setup,
        error: &Error,
        (around, ran): (&[Uuid], &[Arc<Step>]),
    ) -> Result<Vec<Vec<StepInfo>>> {
        let step = error.body().step.as_ref().map(|step| step.id);
        let Some(step) = step.filter(|_| self.may_pass_over()) else {
            return Ok(Vec::new());
        };
        let own: HashSet<Uuid> = around.iter().copied().chain([step]).collect();
        let others: HashSet<Uuid> = all_steps(self.session)?.difference(&own).copied().collect();
        if self.fails_in(&setup.without(others.iter().copied()), step)? {
            return Ok(Vec::new());
        }
        let mut sets: Vec<Vec<StepInfo>> = Vec::new();
        let mut left = VecDeque::from([HashSet::new()]);
        while let Some(excluded) = left.pop_front() {
            if sets.len() >= MOST_SETS || self.is_over() {
                break;
            }
            let before = ran.iter().filter(|other| !own.contains(&other.id));
            let before: Vec<_> = before.filter(|other| !excluded.contains(&other.id)).cloned().collect();
            let Some(set) = self.smallest(setup, step, (&others, &before))? else {
                continue;
            };
            // Another one does without one of these.
            for member in &set {
                let mut more = excluded.clone();
                more.insert(member.id);
                left.push_back(more);
            }
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        Ok(sets)
    }

    /// A smallest set of the steps that ran before a step with which it fails; none, where it does not.
    fn smallest(
        &mut self,
        setup: &Setup,
        step: Uuid,
        (others, before): (&HashSet<Uuid>, &[Arc<Step>]),
    ) -> Result<Option<Vec<StepInfo>>> {
        // Those that ran before it come back; then each goes again without which it still fails.
        let mut out = others.clone();
        out.retain(|other| !before.iter().any(|step| step.id == *other));
        if !self.fails_in(&setup.without(out.iter().copied()), step)? {
            return Ok(None);
        }
        let mut needed = Vec::new();
        for other in before {
            if self.is_over() {
                break;
            }
            out.insert(other.id);
            if !self.fails_in(&setup.without(out.iter().copied()), step)? {
                out.remove(&other.id);
                needed.push(other.info());
            }
        }
        Ok(Some(needed))
    }

    /// To disable another member of the one set helps as well.
    pub(super) fn disabling_others(
        &mut self,
        setup: &Setup,
        obstacle: &Obstacle<'_>,
        sets: &[Vec<StepInfo>],
    ) -> Result<Vec<Cure>> {
        let [only] = sets else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for other in only.iter().filter(|other| other.calls_plugin()) {
            if self.is_over() {
                break;
            }
            let fix = self.disabling(other.id)?;
            let Some((sender, tried)) = self.send(setup, &fix)? else {
                continue;
            };
            let passes = tried.result.is_ok();
            if tried.result.err().is_none_or(|error| obstacle.is_left_by(&error)) {
                found.push(Cure {
                    passes,
                    ..self.cure_of(&[(fix, sender)])?
                });
            }
        }
        Ok(found)
    }
}
