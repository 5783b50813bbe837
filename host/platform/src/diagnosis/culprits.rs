//! The search for culprits: what a request fails in, one after the other. Behind each it goes on
//! twice, once without the step and once with what cures it, because behind a call that is refused
//! there may be another refusal.

use std::{collections::HashSet, sync::Arc};

use sluice_access::Checks;
use sluice_engine::{Tried, attribution::is_same, step::Step, steps, tables};
use sluice_model::{Code, Error, Result, Right, Uuid};

use super::{
    Culprit, Cure, Fix, Isolation, Resting, Way, WithheldColumn,
    cures::{Kind, lacking, lacks_too_many, replaces},
    lacks::{deepen, granted},
    new_role::make_roles_once,
    obstacle::Obstacle,
    processes::{comes_of, set_off_by},
    sets::beside_disabling,
    trials::{Lent, Setup, Trials, in_order},
};

/// More culprits than this are not looked for.
const MOST_CULPRITS: usize = 100;

/// How a search goes on behind a culprit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// Without the step.
    Without,
    /// With the first cure that helps there.
    Cured,
}

/// What one search came to.
struct Walk {
    passes: bool,
    setup: Setup,
    /// The culprits that it met, by their place among all.
    met: HashSet<usize>,
    background: Vec<Error>,
    /// What ended it, because whoever asks may not read it.
    unseen: Option<Error>,
    /// Everything in the way was cured, and nothing was only passed over.
    is_cured: bool,
    /// The way in which the request was sent although another one passes: what is met from there on is met in
    /// that way alone.
    nevertheless: Option<Fix>,
}

/// Finds everything that stands in the way of a request, and what helps.
///
/// # Errors
/// The host fails.
pub(super) fn isolate(trials: &mut Trials<'_>) -> Result<Isolation> {
    Ok(search(trials)?.0)
}

/// As [`isolate`], with what takes everything out of the way.
pub(super) fn search(trials: &mut Trials<'_>) -> Result<(Isolation, Setup)> {
    let mut culprits = Vec::new();
    let without = trials.walk(&mut culprits, Behind::Without)?;
    let cured = match culprits.is_empty() {
        true => None,
        false => Some(trials.walk(&mut culprits, Behind::Cured)?),
    };
    if let Some(cured) = &cured {
        keep_own(&mut culprits, cured);
        make_roles_once(&mut culprits, &cured.setup);
    }
    let whole = cured.as_ref().filter(|walk| walk.passes && walk.is_cured);
    let cure = match whole {
        Some(walk) => {
            let fixes = trials.needed(&walk.setup)?;
            Some(Cure {
                passes: true,
                ..trials.cure_of(&fixes)?
            })
        }
        None => None,
    };
    note_whole(&mut culprits, cure.as_ref());
    let unseen = cured
        .as_ref()
        .and_then(|walk| walk.unseen.clone())
        .or(without.unseen.clone());
    let last = match cured {
        Some(walk) if walk.passes => walk,
        _ => without,
    };
    let resting = match last.passes {
        true => trials.resting(&last.setup)?,
        false => Vec::new(),
    };
    let background = trials.background(&last.setup, &last.background)?;
    let told = culprits.iter().chain(&background);
    let told = told.flat_map(|culprit| &culprit.cures).chain(&cure);
    let by_id = trials.by_id(told.flat_map(|cure| &cure.fixes))?;
    let isolation = Isolation {
        by_id,
        resting,
        passes: last.passes,
        cure,
        culprits,
        background,
        trials: trials.count,
        is_cut: trials.is_over() || trials.is_cut,
        is_own: trials.is_own,
        unseen,
    };
    Ok((isolation, last.setup))
}

/// What cures one thing as all of it is cured passes.
fn note_whole(culprits: &mut [Culprit], whole: Option<&Cure>) {
    let cures = culprits.iter_mut().flat_map(|culprit| &mut culprit.cures);
    for cure in cures.filter(|cure| whole.is_some_and(|whole| whole.fixes == cure.fixes)) {
        cure.passes = true;
    }
}

/// Leaves out steps that failed only because others were passed over: the request itself, cured,
/// does not fail in them, and no cure gave what they lacked.
fn keep_own(culprits: &mut Vec<Culprit>, cured: &Walk) {
    let given: HashSet<&str> = cured
        .setup
        .fixes
        .iter()
        .filter_map(|(fix, _)| match fix {
            Fix::Grant { privilege, .. } => Some(privilege.as_str()),
            _ => None,
        })
        .collect();
    let gives_more = cured
        .setup
        .fixes
        .iter()
        .any(|(fix, _)| !matches!(fix.kind(), "grant" | "disable"));
    let mut place = 0;
    culprits.retain_mut(|culprit| {
        let lacked = lacking(&culprit.error).is_some_and(|(_, privilege, _)| gives_more || given.contains(privilege));
        if cured.met.contains(&place) {
            culprit.behind = None;
        }
        // What fails with others was tried with exactly these.
        let is_of_set = !culprit.sets.is_empty();
        let kept = cured.met.contains(&place) || lacked || is_of_set || !cured.passes || culprit.behind.is_some();
        place += 1;
        kept
    });
}

impl Trials<'_> {
    /// The steps that the request fails in once they have rested.
    fn resting(&mut self, setup: &Setup) -> Result<Vec<Resting>> {
        let (now, snapshot) = (self.session.now(), self.session.snapshot()?);
        let rests = |id: Uuid| Some((snapshot.steps().find(id)?, snapshot.steps().find(id)?.rests_at(now)?));
        let mut found = Vec::new();
        if !snapshot.steps().ids().any(|id| rests(id).is_some()) {
            return Ok(found);
        }
        let mut setup = Setup {
            awake: true,
            ..setup.clone()
        };
        while !self.is_over() {
            let Some(error) = self.refusal(&setup)?.filter(|error| !error.body().unseen) else {
                break;
            };
            let errors = error.from_origin();
            let mut steps = errors.iter().filter_map(|error| error.body().step.as_ref());
            let Some((step, until)) = steps.find_map(|step| rests(step.id)) else {
                break;
            };
            if !setup.bypassed.insert(step.id) {
                break;
            }
            found.push(Resting {
                step: step.info(),
                until,
                error,
            });
        }
        Ok(found)
    }

    /// Runs the request again and again, each time with one more culprit out of the way, and adds
    /// those that are new.
    fn walk(&mut self, culprits: &mut Vec<Culprit>, behind: Behind) -> Result<Walk> {
        let mut walk = Walk {
            passes: false,
            setup: Setup::default(),
            met: HashSet::new(),
            background: Vec::new(),
            unseen: None,
            is_cured: true,
            nevertheless: None,
        };
        while !self.is_over() && culprits.len() < MOST_CULPRITS {
            let checks = Arc::new(Checks::default());
            let tried = self.run_with(&walk.setup, Some(checks.clone()))?;
            let Tried {
                result, ran, around, ..
            } = tried;
            let Err(mut error) = result else {
                walk.passes = true;
                walk.background = tried.background;
                break;
            };
            if error.body().unseen {
                walk.unseen = Some(error);
                break;
            }
            let ran = in_order(&ran);
            if error.body().step.is_none()
                && let Some(step) = self.guilty_step(&walk.setup, &error, &ran)?
            {
                steps::blame(&mut error, &step);
            }
            let known = self.known(culprits, &walk, &error)?;
            let place = match known {
                Some(place) => place,
                None => {
                    culprits.push(self.met(&walk, &error, (&around, &ran), &checks)?);
                    culprits.len() - 1
                }
            };
            let Some(culprit) = culprits.get_mut(place) else { break };
            let is_new = walk.met.insert(place);
            if culprit.error.body().caught.is_none() {
                error.body_mut().caught = None;
            }
            let step = set_off_by(error.origin()).map(|step| step.id);
            let gone_on = match (behind, step.filter(|step| !self.is_asked_for(*step))) {
                (Behind::Without, Some(step)) if self.may_pass_over() => walk.setup.bypassed.insert(step),
                (Behind::Without, Some(_)) => false,
                (Behind::Without, None) if self.go_on_nevertheless(&mut walk, culprit, &error)? => true,
                _ => self.go_on_cured(&mut walk, culprit, &error)? || self.go_on_uncured(&mut walk, &error, is_new),
            };
            if !gone_on {
                break;
            }
        }
        Ok(walk)
    }

    /// What is met for the first time, with what cures it.
    fn met(
        &mut self,
        walk: &Walk,
        error: &Error,
        (around, ran): (&[Uuid], &[Arc<Step>]),
        checks: &Checks,
    ) -> Result<Culprit> {
        let withheld = WithheldColumn::in_step_of(error, checks);
        let obstacle = Obstacle {
            error,
            since: self.since,
            withheld: &withheld,
        };
        let mut cures = self.cures(&walk.setup, &obstacle)?;
        if error.body().caught.is_some() && !self.is_of_caught(&walk.setup, &obstacle, &cures)? {
            // It is as if nothing had been caught.
            let mut error = error.clone();
            error.body_mut().caught = None;
            return self.met(walk, &error, (around, ran), checks);
        }
        let sets = self.sets(&walk.setup, error, (around, ran))?;
        let others = self.disabling_others(&walk.setup, &obstacle, &sets)?;
        beside_disabling(&mut cures, others);
        Ok(Culprit {
            lacks: self.lacks(&walk.setup, &obstacle, &cures)?,
            error: error.clone(),
            cures,
            sets,
            withheld,
            taken: self.taken(error)?,
            behind: walk.nevertheless.clone(),
        })
    }

    /// Whether a plug-in that ends with words of its own does so because of what it caught before that: as far as can
    /// be tried, it does not without that.
    fn is_of_caught(&mut self, setup: &Setup, obstacle: &Obstacle<'_>, cures: &[Cure]) -> Result<bool> {
        let passes_over = |cure: &Cure| matches!(cure.fixes.first().map(Fix::kind), Some("disable" | "bypass"));
        if cures.iter().any(|cure| !passes_over(cure)) {
            return Ok(true);
        }
        if lacking(obstacle.error).is_some() {
            return Ok(!self.lacks_one_by_one(setup, obstacle)?.is_empty());
        }
        let step = |error: &Error| error.body().step.as_ref().map(|step| step.id);
        match step(obstacle.error.origin()).filter(|inner| step(obstacle.error) != Some(*inner)) {
            Some(inner) if self.may_pass_over() => {
                let other = self.refusal(&setup.without([inner]))?;
                Ok(!other.is_some_and(|other| obstacle.ends_all_the_same(&other)))
            }
            _ => Ok(true),
        }
    }

    /// Which of the culprits a refusal is of. A step that refuses once more behind what cured it refuses
    /// something else, and so does the access check of a row that can be shared, behind a privilege that was missing
    /// at every depth: that is a culprit of its own.
    fn known(&mut self, culprits: &[Culprit], walk: &Walk, error: &Error) -> Result<Option<usize>> {
        let is_shared = !self.candidates(Kind::Share, (error, &[]), &walk.setup)?.is_empty();
        let mut places = culprits.iter().enumerate();
        let found = places.find(|(place, culprit)| {
            let obstacle = Obstacle {
                error: &culprit.error,
                since: self.since,
                withheld: &culprit.withheld,
            };
            let is_other = error.body().step.is_some() || is_shared && error.code() != culprit.error.code();
            let is_met_again = walk.met.contains(place) && is_other;
            obstacle.is_met_by(error) && (!is_met_again || is_same(&culprit.error, error, self.since))
        });
        Ok(found.map(|(place, _)| place))
    }

    /// Whether the search may pass over steps: who looks with their own rights alone may not, unless
    /// they may disable them.
    pub(super) fn may_pass_over(&self) -> bool {
        !self.is_own || self.session.check_privilege(tables::STEP, Right::Write).is_ok()
    }

    /// Goes on behind the request as it was meant, with new rows, where taking a row that is there would have it
    /// pass and nothing else be met; whether it does.
    fn go_on_nevertheless(&mut self, walk: &mut Walk, culprit: &Culprit, error: &Error) -> Result<bool> {
        let obstacle = Obstacle {
            error,
            since: self.since,
            withheld: &culprit.withheld,
        };
        let cure = culprit.cures.iter().find(|cure| cure.is_nevertheless());
        let Some(cure) = cure.filter(|cure| !cure.passes && culprit.cures.iter().any(|other| other.passes)) else {
            return Ok(false);
        };
        let Some(setup) = self.cured(&walk.setup, cure, &obstacle)? else {
            return Ok(false);
        };
        walk.setup = setup;
        walk.nevertheless = cure.fixes.first().cloned();
        Ok(true)
    }

    /// Goes on behind the first cure of a culprit that helps there; whether one does.
    fn go_on_cured(&mut self, walk: &mut Walk, culprit: &mut Culprit, error: &Error) -> Result<bool> {
        let withheld = culprit.withheld.clone();
        let obstacle = Obstacle {
            error,
            since: self.since,
            withheld: &withheld,
        };
        for cure in culprit.cures.clone() {
            if let Some(setup) = self.cured(&walk.setup, &cure, &obstacle)? {
                walk.setup = setup;
                return Ok(true);
            }
        }
        // What helped with other steps out of the way is not enough here.
        for cure in self.cures(&walk.setup, &obstacle)? {
            if let Some(setup) = self.cured(&walk.setup, &cure, &obstacle)? {
                walk.setup = setup;
                let place = culprit.cures.iter().position(|other| kind(other) == kind(&cure));
                match place.and_then(|place| culprit.cures.get_mut(place)) {
                    Some(other) => *other = cure,
                    None => culprit.cures.push(cure),
                }
                match granted(&culprit.cures) {
                    Some(lacks) => culprit.lacks = lacks,
                    None => deepen(&mut culprit.lacks, &culprit.cures),
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The setup with a cure, where the request then gets beyond the obstacle.
    fn cured(&mut self, setup: &Setup, cure: &Cure, obstacle: &Obstacle<'_>) -> Result<Option<Setup>> {
        let mut cured = setup.clone();
        for fix in &cure.fixes {
            let fix = &match fix {
                Fix::NewProfile { to, .. } => self.joined(fix, cured.profile_for(to))?,
                // What is missing next goes into the role that is made already.
                Fix::NewRole(more) => Fix::NewRole(cured.role_for(&more.to).unwrap_or(more).and(more)),
                other => other.clone(),
            };
            if cured.fixes.iter().any(|(there, _)| there == fix) {
                continue;
            }
            // Steps that the request passes over already stay so.
            let fix = match fix {
                Fix::Again {
                    way: Way::PassingOver(steps),
                    ..
                } => self.passing_over(steps, &cured)?.pop(),
                other => Some(other.clone()),
            };
            let Some(fix) = fix else { return Ok(None) };
            match self.send(&cured, &fix)? {
                Some((sender, _)) => {
                    cured.fixes.retain(|(earlier, _)| !replaces(&fix, earlier));
                    cured.fixes.push((fix, sender));
                }
                None => return Ok(None),
            }
        }
        let runs_as = cure.fixes.iter().any(Fix::runs_as);
        let beyond = match self.refusal(&cured)? {
            None => true,
            Some(other) if other.body().unseen => obstacle.is_passed_unseen(&other),
            Some(other) if comes_of(&cured.fixes, &other) => false,
            Some(other) if runs_as => !obstacle.stays_in_another_name(&other),
            Some(other) => obstacle.is_left_by(&other),
        };
        Ok(beyond.then_some(cured))
    }

    /// Goes on where nothing cures: without the step, or with the privilege lent. Whether it can.
    fn go_on_uncured(&mut self, walk: &mut Walk, error: &Error, is_new: bool) -> bool {
        walk.is_cured = false;
        if !self.may_pass_over() {
            return false;
        }
        let step = set_off_by(error.origin());
        if let Some(step) = step.filter(|step| !self.is_asked_for(step.id)) {
            return walk.setup.bypassed.insert(step.id);
        }
        // What one privilege after the other is lent for is no way that anybody goes.
        if lacks_too_many(error) {
            return false;
        }
        let Some((principal, privilege, depth)) = lacking(error) else {
            let is_gate = matches!(
                error.code(),
                Code::STEP_REQUIRED | Code::STAGE_NOT_ON_LEAD | Code::STAGE_NOT_ON_TABLE
            );
            return is_gate && !std::mem::replace(&mut walk.setup.ungated, true);
        };
        walk.setup.lent.push(Lent {
            principal: principal.id,
            privilege: privilege.to_owned(),
            depth,
        });
        is_new
    }

    /// The step that brings a refusal of the platform's about by what it does, and not by a
    /// value of the request: without it, the refusal does not come.
    fn guilty_step(&mut self, setup: &Setup, error: &Error, ran: &[Arc<Step>]) -> Result<Option<Arc<Step>>> {
        let without = setup.without(ran.iter().map(|step| step.id));
        if ran.is_empty() || !self.may_pass_over() || !self.is_mended(&without, error)? {
            return Ok(None);
        }
        let mut without = setup.clone();
        for step in ran.iter().rev() {
            if self.is_over() {
                break;
            }
            if without.bypassed.insert(step.id) && self.is_mended(&without, error)? {
                return Ok(Some(step.clone()));
            }
        }
        Ok(None)
    }

    /// Whether the request gets beyond that refusal. One that lacks what a step would have filled
    /// in does not.
    fn is_mended(&mut self, setup: &Setup, error: &Error) -> Result<bool> {
        Ok(match self.refusal(setup)? {
            None => true,
            Some(other) if other.body().unseen => false,
            Some(other) => other.code() != Code::REQUIRED_MISSING && !is_same(error, &other, self.since),
        })
    }
}

fn kind(cure: &Cure) -> Option<&'static str> {
    cure.fixes.first().map(Fix::kind)
}
