//! The search for cures: each kind of fix is tried against a refusal, and against those that come
//! behind it from the same place, until the request gets beyond it. What is found was sent, as it
//! is printed, before the request that then got there.

use std::collections::HashSet;

use sluice_engine::{acting::ACT_ON_BEHALF, tables};
use sluice_model::{Depth, Error, PrincipalInfo, Result, Uuid};

use super::{
    Cure, Fix, NewRole, Reach, Way,
    obstacle::Obstacle,
    processes::comes_of,
    trials::{Setup, Trials},
};

/// More fixes are not put together for one cure.
const MOST_FIXES: usize = 50;

/// So many roles, users or depths are tried in the place of each other.
const MOST_CANDIDATES: usize = 10;

/// The kinds of cures, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Existing,
    Again,
    Activate,
    Bypass,
    Share,
    Assign,
    GiveRole,
    JoinProfile,
    NewProfile,
    Inherit,
    Grant,
    GrantColumn,
    NewRole,
    GiveLargeRole,
    RunAs,
    AsCaller,
    Allow,
    Raise,
    Disable,
    Enable,
}

const KINDS: [Kind; 20] = [
    Kind::Existing,
    Kind::Again,
    Kind::Activate,
    Kind::Bypass,
    Kind::Share,
    Kind::Assign,
    Kind::GiveRole,
    Kind::JoinProfile,
    Kind::NewProfile,
    Kind::Inherit,
    Kind::Grant,
    Kind::GrantColumn,
    Kind::NewRole,
    Kind::GiveLargeRole,
    Kind::RunAs,
    Kind::AsCaller,
    Kind::Allow,
    Kind::Raise,
    Kind::Disable,
    Kind::Enable,
];

/// Fixes with who sent them, and what the request then came to.
type Chain = (Vec<(Fix, Uuid)>, End);

/// What a request came to behind fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It passed.
    Passes,
    /// It met something else.
    Else,
    /// It asked for what whoever has it tried may not read.
    Unseen,
}

/// Fixes with who sent them, and what the request then met.
type Begun = (Vec<(Fix, Uuid)>, Error);

impl Trials<'_> {
    /// What helps against a refusal, each tried behind a setup; the least first.
    pub(super) fn cures(&mut self, setup: &Setup, obstacle: &Obstacle<'_>) -> Result<Vec<Cure>> {
        let mut found: Vec<Cure> = Vec::new();
        for kind in KINDS {
            if self.is_over() {
                break;
            }
            let mut fork = None;
            let begin = (Vec::new(), obstacle.error.clone());
            let Some(chain) = self.chain(setup, obstacle, kind, begin, &mut fork)? else {
                continue;
            };
            // Where one row stands in the way of a smaller grant, to share that row is less than to grant more.
            let shared = match fork.filter(|_| kind == Kind::Grant) {
                Some(begun) => self.chain(setup, obstacle, Kind::Share, begun, &mut None)?,
                None => None,
            };
            for chain in shared.into_iter().chain([chain]) {
                let (fixes, end) = self.leaner(setup, obstacle, chain)?;
                let cure = Cure {
                    passes: end == End::Passes,
                    is_unseen: end == End::Unseen,
                    ..self.cure_of(&fixes)?
                };
                if !found.iter().any(|other| other.fixes == cure.fixes) {
                    found.push(cure);
                }
            }
        }
        Ok(without_containing(found))
    }

    /// Goes on with fixes of one kind, and with grants where it does not apply to what comes behind the first,
    /// until the request gets beyond the obstacle. `fork` is where a grant met one row first.
    fn chain(
        &mut self,
        setup: &Setup,
        obstacle: &Obstacle<'_>,
        kind: Kind,
        (mut sent, mut error): Begun,
        fork: &mut Option<Begun>,
    ) -> Result<Option<Chain>> {
        for _ in 0..MOST_FIXES {
            let here = setup.and(&sent);
            let withheld = match obstacle.withheld.is_empty() || sent.is_empty() {
                true => obstacle.withheld.to_vec(),
                // It may read on, once it was shown what it stumbled over.
                false => self.withheld_at(&here, &error)?,
            };
            let mut candidates = self.candidates(kind, (&error, &withheld), &here)?;
            if candidates.is_empty() && !sent.is_empty() {
                candidates = self.going_on(&error, &here)?;
            }
            let (mut next, mut past) = (None, None);
            for fix in candidates.into_iter().take(MOST_CANDIDATES) {
                if self.is_over() {
                    return Ok(None);
                }
                let Some((sender, tried)) = self.send(&here, &fix)? else {
                    continue;
                };
                match tried.result {
                    Err(other) if obstacle.behind(&error, &withheld).is_passed_unseen(&other) => {
                        next = Some((fix, sender, Ok(End::Unseen)));
                        break;
                    }
                    // It may not be read, or what was taken out of work is wanted.
                    Err(other) if other.body().unseen || comes_of(&[(fix.clone(), sender)], &other) => {}
                    // Of several rows that match, one is taken: the others are left.
                    Err(other) if obstacle.behind(&error, &[]).stays(&other) && !matches_less(&error, &other) => {}
                    // As another user it is to pass, and not to fail in that one's name.
                    Err(other) if fix.runs_as() && obstacle.stays_in_another_name(&other) => {}
                    // More of the same may lead to no other reason at all.
                    Err(other) if obstacle.is_past(&other) => past = past.or(Some((fix, sender, Ok(End::Else)))),
                    Err(other) if obstacle.is_met_by(&other) => {
                        next = Some((fix, sender, Err(other)));
                        break;
                    }
                    result => {
                        let end = if result.is_ok() { End::Passes } else { End::Else };
                        next = Some((fix, sender, Ok(end)));
                        break;
                    }
                }
            }
            let Some((fix, sender, behind)) = next.or(past) else {
                return Ok(None);
            };
            sent.retain(|(earlier, _)| !replaces(&fix, earlier));
            sent.push((fix, sender));
            match behind {
                Ok(end) => return Ok(Some((sent, end))),
                Err(behind) => {
                    let origin = behind.origin().body();
                    let is_of_row = origin.row.is_some() && origin.right.is_some();
                    if is_of_row && fork.is_none() {
                        *fork = Some((sent.clone(), behind.clone()));
                    }
                    error = behind;
                }
            }
        }
        Ok(None)
    }

    /// What helps against what comes behind the first fixes, where none of their kind does: that the request goes on
    /// although something matches; a grant, and where no role can be changed, a role.
    fn going_on(&mut self, error: &Error, here: &Setup) -> Result<Vec<Fix>> {
        if error.body().duplicates.is_some() {
            return self.candidates(Kind::Again, (error, &[]), here);
        }
        for kind in [Kind::Grant, Kind::GiveRole, Kind::NewRole] {
            let found = self.candidates(kind, (error, &[]), here)?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// The same without the roles and profiles that the later ones make needless.
    fn leaner(&mut self, setup: &Setup, obstacle: &Obstacle<'_>, (mut fixes, end): Chain) -> Result<Chain> {
        let gives = |fix: &Fix| matches!(fix, Fix::GiveRole { .. } | Fix::JoinProfile { .. });
        let mut place = 0;
        while place + 1 < fixes.len() && !self.is_over() {
            let mut without = fixes.clone();
            let (needless, _) = without.remove(place);
            if !gives(&needless) {
                place += 1;
                continue;
            }
            let refusal = self.refusal(&setup.and(&without))?;
            match refusal.is_none_or(|other| end != End::Passes && obstacle.is_left_by(&other)) {
                true => {
                    fixes = without;
                    self.holders()?.bring_instead(&mut fixes, &needless);
                }
                false => place += 1,
            }
        }
        Ok((fixes, end))
    }

    /// The fixes that cure all of it, without those that are needless where a step is disabled.
    pub(super) fn needed(&mut self, setup: &Setup) -> Result<Vec<(Fix, Uuid)>> {
        let mut setup = setup.clone();
        let disables = |fix: &Fix| matches!(fix, Fix::Disable { .. } | Fix::Deactivate { .. } | Fix::Break { .. });
        let mut place = 0;
        if setup.fixes.len() > MOST_CANDIDATES || !setup.fixes.iter().any(|(fix, _)| disables(fix)) {
            return Ok(setup.fixes);
        }
        while place < setup.fixes.len() && setup.fixes.len() > 1 && !self.is_over() {
            let mut without = setup.clone();
            let (fix, _) = without.fixes.remove(place);
            match !disables(&fix) && self.refusal(&without)?.is_none() {
                true => setup = without,
                false => place += 1,
            }
        }
        Ok(setup.fixes)
    }

    /// Fixes, and who sent them, as one cure.
    pub(super) fn cure_of(&mut self, fixes: &[(Fix, Uuid)]) -> Result<Cure> {
        let own = self.session.user();
        let mut cure = Cure {
            reach: self.reach(fixes)?,
            is_own: fixes.iter().all(|(_, sender)| *sender == own),
            fixes: fixes.iter().map(|(fix, _)| fix.clone()).collect(),
            passes: false,
            is_unseen: false,
        };
        // The request itself, sent in another way, comes behind what is sent before it.
        cure.fixes.sort_by_key(|fix| matches!(fix, Fix::Again { .. }));
        Ok(cure)
    }

    /// Whom fixes reach, all together.
    fn reach(&mut self, fixes: &[(Fix, Uuid)]) -> Result<Reach> {
        let mut rows = HashSet::new();
        let mut users = HashSet::new();
        for (fix, _) in fixes {
            match fix {
                Fix::Again { .. } => {}
                Fix::Share { row, .. } | Fix::Assign { row, .. } => {
                    rows.insert(row.clone());
                }
                Fix::GiveRole { to, .. } | Fix::NewRole(NewRole { to, .. }) if &*to.table == tables::USER => {
                    users.insert(to.id);
                }
                Fix::OpenAccess { user, .. } => {
                    users.insert(*user);
                }
                Fix::Enable {
                    user, itself, units, ..
                } => {
                    users.extend(itself.then_some(*user));
                    for (unit, _) in units {
                        users.extend(self.holders()?.users_below(*unit));
                    }
                }
                Fix::GiveRole { to, .. } | Fix::NewRole(NewRole { to, .. }) => {
                    users.extend(self.holders()?.members_of(to.id))
                }
                Fix::Inherit { id, .. } | Fix::Grant { id, .. } => users.extend(self.holders()?.users_of(*id)),
                Fix::JoinProfile { to, .. } | Fix::NewProfile { to, .. } if &*to.table == tables::USER => {
                    users.insert(to.id);
                }
                Fix::JoinProfile { to, .. } | Fix::NewProfile { to, .. } => {
                    users.extend(self.holders()?.members_of(to.id))
                }
                Fix::GrantColumn { profile, .. } => users.extend(self.members_of_profile(*profile)?),
                Fix::RunAs { .. }
                | Fix::AsCaller { .. }
                | Fix::Own { .. }
                | Fix::Activate { .. }
                | Fix::Allow { .. }
                | Fix::Raise { .. }
                | Fix::Disable { .. }
                | Fix::Deactivate { .. }
                | Fix::Break { .. } => return Ok(Reach::Everybody),
            }
        }
        Ok(match (users.len(), rows.len()) {
            (0, 0) => match fixes.iter().all(|(fix, _)| matches!(fix, Fix::Again { .. })) {
                true => Reach::Request,
                false => Reach::Users(0),
            },
            (0, rows) => Reach::Rows(rows),
            (users, _) => Reach::Users(users),
        })
    }
}

/// Whether the same request is refused for rows that match, and for fewer of them.
fn matches_less(error: &Error, other: &Error) -> bool {
    let matches = |error: &Error| {
        let duplicates = error.body().duplicates.as_ref()?;
        Some(duplicates.matches.len())
    };
    let is_of_step = error.body().step.is_some() || other.body().step.is_some();
    !is_of_step && matches(other).is_some_and(|left| matches(error).is_some_and(|all| left < all))
}

/// The cures without those that do more than another one among them, and get no further.
fn without_containing(cures: Vec<Cure>) -> Vec<Cure> {
    let is_more = |cure: &Cure, less: &Cure| {
        let contains = less.fixes.iter().all(|fix| cure.fixes.contains(fix));
        // Another way of sending gives nothing away: the row that is there is taken before going on without it.
        let mut beyond = cure.fixes.iter().filter(|fix| !less.fixes.contains(fix));
        contains && beyond.any(|fix| !matches!(fix, Fix::Again { .. })) && (less.passes || !cure.passes)
    };
    let kept = cures
        .iter()
        .filter(|cure| !cures.iter().any(|less| is_more(cure, less)));
    kept.cloned().collect()
}

/// Whether a later fix stands in the place of an earlier one: the same privilege, deeper.
pub(super) fn replaces(fix: &Fix, earlier: &Fix) -> bool {
    match (fix, earlier) {
        (
            Fix::Grant { id, privilege, .. },
            Fix::Grant {
                id: role,
                privilege: before,
                ..
            },
        ) => id == role && privilege == before,
        (Fix::Allow { step, .. }, Fix::Allow { step: before, .. })
        | (Fix::Raise { step, .. }, Fix::Raise { step: before, .. }) => step == before,
        (Fix::NewProfile { profile, .. }, Fix::NewProfile { profile: before, .. }) => profile == before,
        (Fix::NewRole(NewRole { role, .. }), Fix::NewRole(NewRole { role: before, .. })) => role == before,
        (
            Fix::Again {
                way: Way::PassingOver(_),
                ..
            },
            Fix::Again {
                way: Way::PassingOver(_),
                ..
            },
        ) => true,
        _ => false,
    }
}

/// Whether so many privileges are missing that no chain of grants gives all of them.
pub(super) fn lacks_too_many(error: &Error) -> bool {
    let words = &error.origin().body().words;
    let missing = words.iter().find(|(word, _)| *word == "MISSING");
    missing.is_some_and(|(_, missing)| missing.parse().is_ok_and(|missing: usize| missing > MOST_FIXES))
}

/// Whether what is missing is granted to roles at all, be they there or new: one that lets a whole role act for
/// everybody never is, nor what is one of too many.
pub(super) fn is_granted(error: &Error, privilege: &str) -> bool {
    !lacks_too_many(error) && !privilege.eq_ignore_ascii_case(ACT_ON_BEHALF)
}

/// Who lacks which privilege, and how deep.
pub(super) fn lacking(error: &Error) -> Option<(&PrincipalInfo, &str, Depth)> {
    let body = error.origin().body();
    let principal = body.principal.as_ref()?;
    Some((principal, body.privilege.as_deref()?, body.depth.unwrap_or(Depth::User)))
}
