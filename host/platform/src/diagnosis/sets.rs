//! What fails only together: each smallest set of other steps with which a step fails that does not
//! fail without any. What is found was tried in both ways: with exactly these the step fails, and
//! with none of the sets whole it does not.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::Arc,
};

use sluice_engine::step::Step;
use sluice_model::{Error, Result, Uuid, error::StepInfo};

use super::{
    Cure, Fix,
    obstacle::Obstacle,
    trials::{Setup, Trials, all_steps},
};

/// More sets of one step are not looked for.
const MOST_SETS: usize = 24;

/// More ways to break all the sets of one step are not tried.
const MOST_WAYS: usize = 4;

/// The search for the sets of one step.
struct Search<'a, 'b> {
    trials: &'a mut Trials<'b>,
    setup: &'a Setup,
    /// The step that fails.
    step: Uuid,
    /// All steps but those that are around the failure, or fail.
    all: HashSet<Uuid>,
}

impl Search<'_, '_> {
    /// Whether the step fails where of the others exactly these run.
    fn fails_with(&mut self, others: &[Arc<Step>]) -> Result<bool> {
        let there: HashSet<Uuid> = others.iter().map(|step| step.id).collect();
        let setup = self.setup.without(self.all.difference(&there).copied());
        let refusal = self.trials.refusal(&setup)?.filter(|error| !error.body().unseen);
        let step = self.step;
        Ok(refusal.is_some_and(|error| {
            error
                .origin()
                .body()
                .step
                .as_ref()
                .is_some_and(|raised| raised.id == step)
        }))
    }

    /// A set of which none can be left out, of steps that all together let the step fail; none where
    /// the trials do not suffice.
    fn smallest(&mut self, of: &[Arc<Step>]) -> Result<Option<Vec<Arc<Step>>>> {
        let halved = self.halved(&[], of, false)?;
        let found = match self.fails_with(&halved)? {
            true => halved,
            // More of them may undo what fewer do: then each is left out in its turn.
            false => {
                let mut left = of.to_vec();
                for step in of {
                    let without: Vec<_> = left.iter().filter(|other| other.id != step.id).cloned().collect();
                    if !self.trials.is_over() && self.fails_with(&without)? {
                        left = without;
                    }
                }
                left
            }
        };
        Ok((!self.trials.is_over()).then_some(found))
    }

    /// Those of `of` that it takes beside `base`, by halves. `grew`: whether `base` was tried without them.
    fn halved(&mut self, base: &[Arc<Step>], of: &[Arc<Step>], grew: bool) -> Result<Vec<Arc<Step>>> {
        if self.trials.is_over() || (grew && self.fails_with(base)?) {
            return Ok(Vec::new());
        }
        if of.len() <= 1 {
            return Ok(of.to_vec());
        }
        let (first, second) = of.split_at(of.len() / 2);
        let mut of_second = self.halved(&[base, first].concat(), second, true)?;
        let mut found = self.halved(&[base, &of_second].concat(), first, !of_second.is_empty())?;
        found.append(&mut of_second);
        Ok(found)
    }

    /// All the sets: behind each one it is looked for others that do without one of its members.
    fn sets(&mut self, others: &[Arc<Step>]) -> Result<Vec<Vec<Arc<Step>>>> {
        let mut found: Vec<Vec<Arc<Step>>> = Vec::new();
        let mut open = VecDeque::from([BTreeSet::new()]);
        let mut seen: HashSet<BTreeSet<Uuid>> = HashSet::new();
        while let Some(left_out) = open.pop_front() {
            if self.trials.is_over() {
                break;
            }
            if found.len() >= MOST_SETS {
                self.trials.is_cut = true;
                break;
            }
            let is_there = |step: &&Arc<Step>| !left_out.contains(&step.id);
            let known = found.iter().find(|set| set.iter().all(|step| is_there(&step)));
            let set = match known {
                Some(set) => set.clone(),
                None => {
                    let left: Vec<Arc<Step>> = others.iter().filter(is_there).cloned().collect();
                    if !self.fails_with(&left)? {
                        continue;
                    }
                    let Some(set) = self.smallest(&left)? else { break };
                    found.push(set.clone());
                    set
                }
            };
            for member in &set {
                let mut more = left_out.clone();
                more.insert(member.id);
                if seen.insert(more.clone()) {
                    open.push_back(more);
                }
            }
        }
        Ok(found)
    }
}

impl Trials<'_> {
    /// Each smallest set of other steps with which a step fails: none, where it fails with all of them
    /// passed over but those around it.
    pub(super) fn sets(
        &mut self,
        setup: &Setup,
        error: &Error,
        (around, ran): (&[Uuid], &[Arc<Step>]),
    ) -> Result<Vec<Vec<StepInfo>>> {
        let steps = error.from_origin();
        let steps = steps.iter().filter_map(|error| error.body().step.as_ref());
        let steps: Vec<Uuid> = steps.map(|step| step.id).collect();
        let step = steps.first().copied();
        let Some(step) = step.filter(|_| self.may_pass_over()) else {
            return Ok(Vec::new());
        };
        let own: HashSet<Uuid> = around.iter().copied().chain(steps).collect();
        let mut all = all_steps(self.session)?;
        all.retain(|step| !own.contains(step));
        let mut search = Search {
            trials: self,
            setup,
            step,
            all,
        };
        if search.fails_with(&[])? {
            return Ok(Vec::new());
        }
        let others: Vec<Arc<Step>> = ran.iter().filter(|other| !own.contains(&other.id)).cloned().collect();
        let sets = search.sets(&others)?;
        let info = |set: &Vec<Arc<Step>>| set.iter().map(|step| step.info()).collect();
        Ok(sets.iter().map(info).collect())
    }

    /// Cures that leave the step that fails as it is, and disable of each of its sets another member.
    pub(super) fn disabling_others(
        &mut self,
        setup: &Setup,
        obstacle: &Obstacle<'_>,
        sets: &[Vec<StepInfo>],
    ) -> Result<Vec<Cure>> {
        let mut cures = Vec::new();
        for members in ways_to_break(sets) {
            if self.is_over() {
                break;
            }
            let mut here = setup.clone();
            let mut then = None;
            for member in &members {
                let fix = self.disabling_other(member)?;
                let Some((sender, tried)) = self.send(&here, &fix)? else {
                    then = None;
                    break;
                };
                here.fixes.push((fix, sender));
                then = match tried.result {
                    Ok(()) => Some((true, false)),
                    Err(other) if other.body().unseen => obstacle.is_passed_unseen(&other).then_some((false, true)),
                    Err(other) => obstacle.is_left_by(&other).then_some((false, false)),
                };
            }
            let own = here.fixes.get(setup.fixes.len()..).unwrap_or_default();
            if let Some((passes, is_unseen)) = then {
                cures.push(Cure {
                    passes,
                    is_unseen,
                    ..self.cure_of(own)?
                });
            }
        }
        Ok(cures)
    }

    fn disabling_other(&mut self, step: &StepInfo) -> Result<Fix> {
        let is_own = match self.disabling(step.id)? {
            Fix::Disable { is_own, .. } => is_own,
            _ => true,
        };
        let step = step.clone();
        Ok(Fix::Break { step, is_own })
    }
}

/// The smallest choices of steps that have a member of every set; the fewest first.
fn ways_to_break(sets: &[Vec<StepInfo>]) -> Vec<Vec<StepInfo>> {
    let mut ways: Vec<Vec<StepInfo>> = match sets {
        [] => return Vec::new(),
        _ => vec![Vec::new()],
    };
    let has = |way: &[StepInfo], id: Uuid| way.iter().any(|step| step.id == id);
    for set in sets {
        let (mut broken, open): (Vec<_>, Vec<_>) = ways
            .into_iter()
            .partition(|way: &Vec<StepInfo>| set.iter().any(|step| has(way, step.id)));
        for way in open {
            for step in set {
                let more = [&way[..], std::slice::from_ref(step)].concat();
                let is_more_than = |less: &Vec<StepInfo>| less.iter().all(|step| has(&more, step.id));
                if !broken.iter().any(is_more_than) {
                    broken.push(more);
                }
            }
        }
        ways = broken;
    }
    ways.sort_by_key(Vec::len);
    ways.truncate(MOST_WAYS);
    ways
}

/// Puts further cures beside the one that disables the step itself: those behind which the request passes first.
pub(super) fn beside_disabling(cures: &mut Vec<Cure>, further: Vec<Cure>) {
    let disables = |cure: &Cure| matches!(cure.fixes.first(), Some(Fix::Disable { .. } | Fix::Deactivate { .. }));
    let place = cures.iter().position(disables).unwrap_or(cures.len());
    let own: Vec<Cure> = cures
        .get(place)
        .filter(|cure| disables(cure))
        .cloned()
        .into_iter()
        .collect();
    let all = own.iter().cloned().chain(further);
    let mut all: Vec<Cure> = all.collect();
    all.sort_by_key(|cure| !cure.passes);
    cures.splice(place..place + own.len(), all);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(number: u128) -> StepInfo {
        StepInfo {
            id: Uuid::from_u128(number),
            name: number.to_string(),
            kind: "plug-in",
            plugin: "bot/bot".to_owned(),
            action: None,
            message: "Create".to_owned(),
            table: None,
            stage: 20,
        }
    }

    fn broken(sets: &[&[u128]]) -> Vec<Vec<String>> {
        let sets: Vec<Vec<StepInfo>> = sets.iter().map(|set| set.iter().copied().map(step).collect()).collect();
        let names = |way: Vec<StepInfo>| way.into_iter().map(|step| step.name).collect();
        ways_to_break(&sets).into_iter().map(names).collect()
    }

    #[test]
    fn a_way_to_break_sets_has_a_member_of_each() {
        assert_eq!(broken(&[]), [[""; 0]; 0]);
        assert_eq!(broken(&[&[1, 2]]), [["1"], ["2"]], "any member does");
        assert_eq!(broken(&[&[1], &[2]]), [["1", "2"]]);
        assert_eq!(
            broken(&[&[1, 2], &[2, 3]]),
            [vec!["2"], vec!["1", "3"]],
            "the fewest first"
        );
    }
}
