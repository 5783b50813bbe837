//! Diagnosis: which step, which platform check stands in somebody's way, and what would help.
//!
//! Everything is tried in transactions that are always rolled back, so no row, no step and no
//! trace changes. A cure is a message that was sent there before the request, as it is told.

mod across;
mod background;
mod candidates;
mod columns;
mod culprits;
mod cure;
mod cures;
mod explain;
mod fix;
mod holders;
mod lacks;
mod lost_use;
mod naming;
mod needs;
mod new_role;
mod obstacle;
mod processes;
mod sets;
mod suggest;
mod taken;
mod telling;
mod trials;
mod units;
mod way;
mod weight;
mod what_if;

use std::collections::HashSet;

use sluice_access::{Checks, Withheld, step_around};
use sluice_engine::{Refused, Session, What, tables};
use sluice_model::{
    Error, Filter, Name, PrincipalInfo, Query, Request, Result, Row, Timestamp, Uuid, Value, error::StepInfo,
};

pub use cure::{Cure, Reach};
pub use explain::{Explanation, Need};
pub use fix::Fix;
pub use lacks::Lacked;
pub use lost_use::LostUse;
pub use needs::{SeenNeed, SeenNeeds, SeenParty};
pub use new_role::NewRole;
pub use suggest::{Suggested, UnusedPrivilege, UsedBy, UsedPrivilege};
pub use taken::Taken;
use telling::Told;
use trials::{Setup, Subject, Trials};
pub use way::Way;
pub use what_if::{Judged, Turned, WhatIf};

/// One thing that stands in the way.
#[derive(Debug, Clone)]
pub struct Culprit {
    /// The refusal. Without a step it is the platform's own.
    pub error: Error,
    /// What helps; each was tried. The least comes first.
    pub cures: Vec<Cure>,
    /// The privileges that are missing to whom it names, each at the depth that does.
    pub lacks: Vec<Lacked>,
    /// The smallest sets of other steps with which it fails; none, where it fails alone.
    pub sets: Vec<Vec<StepInfo>>,
    /// The secured columns that its step read and was not shown.
    pub withheld: Vec<WithheldColumn>,
    /// When what is missing was taken away, where the reader may know.
    pub taken: Option<Taken>,
    /// The one way of sending the request in which it is met, where another way passes.
    pub behind: Option<Fix>,
}

impl Culprit {
    /// The messages of all its cures, each once.
    pub fn fixes(&self) -> Vec<Fix> {
        let mut fixes: Vec<Fix> = Vec::new();
        for fix in self.cures.iter().flat_map(|cure| &cure.fixes) {
            if !fixes.contains(fix) {
                fixes.push(fix.clone());
            }
        }
        fixes
    }
}

/// A secured column that somebody read and was not shown, because no profile gives Read on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithheldColumn {
    /// The table.
    pub table: Name,
    /// The column.
    pub column: Name,
    /// From whom, by name.
    pub from: String,
    /// From whom.
    pub who: PrincipalInfo,
    /// The step in which it was read; `None` is the request itself.
    pub step: Option<Uuid>,
}

impl WithheldColumn {
    /// What was withheld in the step of a refusal while it was asked.
    fn in_step_of(error: &Error, checks: &Checks) -> Vec<Self> {
        let errors = error.from_origin();
        let steps = errors.iter().map(|error| error.body().step.as_ref());
        let steps: Vec<Option<Uuid>> = steps.map(|step| step.map(|step| step.id)).collect();
        let mut found = Self::all(checks);
        found.retain(|one| steps.contains(&one.step));
        found
    }

    /// What was withheld while it was asked.
    fn all(checks: &Checks) -> Vec<Self> {
        let places = checks.places();
        let of = |withheld: Withheld| Self {
            step: step_around(&places, withheld.place),
            from: withheld.principal.name().to_owned(),
            who: withheld.principal.info(),
            table: withheld.table,
            column: withheld.column,
        };
        let mut all: Vec<Self> = Vec::new();
        for one in checks.withheld().into_iter().map(of) {
            if !all.contains(&one) {
                all.push(one);
            }
        }
        all
    }
}

/// A step that rests, and that the request fails in once it has rested.
#[derive(Debug, Clone)]
pub struct Resting {
    /// The step.
    pub step: StepInfo,
    /// Until when it rests.
    pub until: Timestamp,
    /// What it then refuses.
    pub error: Error,
}

/// What a diagnosis found.
#[derive(Debug, Clone)]
pub struct Isolation {
    /// What stands in the way, in the order in which it was met.
    pub culprits: Vec<Culprit>,
    /// What cures all of it, where something does: the request passed behind it.
    pub cure: Option<Cure>,
    /// What stands in the way again once it has rested, where the request passes meanwhile.
    pub resting: Vec<Resting>,
    /// What failed of the asynchronous steps, once the request passed.
    pub background: Vec<Culprit>,
    /// How many trials it took.
    pub trials: u32,
    /// With all culprits out of the way the message passes.
    pub passes: bool,
    /// So many trials were made, or they took so long, that it was not looked for everything.
    pub is_cut: bool,
    /// It was looked with the asker's own rights alone, because they may not act for others: no cure
    /// was tried that somebody else has to send, and nothing behind one.
    pub is_own: bool,
    /// What ended the search, where it came to something that whoever asked may not read.
    pub unseen: Option<Error>,
    /// The rows that commands name by their ids: their names are other rows' as well.
    pub by_id: HashSet<Uuid>,
}

/// More users are not tried.
const MOST_USERS: u32 = 2_000;

/// Who fails in a request, and what would help: as this session's user may know it.
pub trait Diagnosis {
    /// Runs each request as `user`, for trial: `None` where it passes. The first step of the
    /// platform's procedure: which of the tables is it?
    ///
    /// # Errors
    /// This session's user may not act for others.
    fn try_each(&self, user: Uuid, requests: &[Request]) -> Result<Vec<Option<Error>>>;

    /// Runs a request as each enabled user whom this session's user may read, for trial; `None` where
    /// it passes.
    ///
    /// # Errors
    /// This session's user may not act for others, or not read users.
    fn try_everyone(&self, request: &Request) -> Result<Vec<(Row, Option<Error>)>>;

    /// Finds every step and every platform check that stands in the way of `user`'s request,
    /// and tries what would help. The second step of the platform's procedure.
    ///
    /// # Errors
    /// This session's user may not act for others, or the host fails.
    fn isolate(&self, user: Uuid, request: &Request) -> Result<Isolation>;

    /// As [`Self::isolate`], for a request that was refused, as it was sent, or for a job that it set off:
    /// the one with that id, else the last of this session's user ([`Session::refused`]). With what was
    /// refused.
    ///
    /// # Errors
    /// There is none, it is not this user's to look at, it was not recorded whole, or the host fails.
    fn why(&self, which: Option<Uuid>) -> Result<(Refused, Isolation)>;

    /// What runs when `user` sends a request, what each message and step then asks of whom, and what
    /// is missing: before anybody sends it.
    ///
    /// # Errors
    /// This session's user may not act for others, or the host fails.
    fn explain(&self, user: Uuid, request: &Request) -> Result<Explanation>;

    /// What the calls of a step were seen to ask about principals: in the recorded requests since a time,
    /// which run again for that. `progress` as in [`Self::what_if`].
    ///
    /// # Errors
    /// This session's user may not act for others, or the host fails.
    fn step_needs(
        &self,
        step: Uuid,
        since: Timestamp,
        progress: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<SeenNeeds>;

    /// Whose recorded requests since a time would end in another way behind these changes, which this
    /// session's user would make. `progress` hears which of how many is next, and whether to go on is
    /// its answer.
    ///
    /// # Errors
    /// One of the changes is refused, this session's user may not act for others, or the host fails.
    fn what_if(
        &self,
        changes: &[What],
        since: Timestamp,
        progress: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<WhatIf>;

    /// The smallest role that what was used in so many days needs, and what of today's is not in it.
    ///
    /// # Errors
    /// This session's user may not read marks of use (prvReadsl_privilegeuse) or what they are about;
    /// another user's use takes prvActOnBehalfOfAnotherUser.
    fn suggest_role(&self, used_by: &UsedBy, days: u32) -> Result<Suggested>;
}

impl Diagnosis for Session {
    fn try_each(&self, user: Uuid, requests: &[Request]) -> Result<Vec<Option<Error>>> {
        check_may_ask(self, user)?;
        let to = self.telling()?;
        let tried = requests.iter().map(|request| {
            let refusal = Trials::new(self, user, request).refusal(&Setup::default())?;
            Ok(refusal.told(to))
        });
        tried.collect()
    }

    fn try_everyone(&self, request: &Request) -> Result<Vec<(Row, Option<Error>)>> {
        check_may_ask(self, Uuid::nil())?;
        let users = Query::new(tables::USER)
            .columns(&["fullname"])
            .filter(Filter::eq("isdisabled", Value::Bool(false)))
            .order_by("fullname")
            .top(MOST_USERS);
        let mut users = self.list(users)?;
        let system = self.engine().system_id()?;
        users.retain(|user| user.id != system);
        let to = self.telling()?;
        let tried = users.into_iter().map(|user| {
            let refusal = Trials::new(self, user.id, request).refusal(&Setup::default())?;
            Ok((user, refusal.told(to)))
        });
        tried.collect()
    }

    fn isolate(&self, user: Uuid, request: &Request) -> Result<Isolation> {
        check_may_ask(self, user)?;
        Ok(culprits::isolate(&mut Trials::new(self, user, request))?.told(self.telling()?))
    }

    fn why(&self, which: Option<Uuid>) -> Result<(Refused, Isolation)> {
        let refused = self.refused(which)?;
        let subject = match &refused {
            Refused::Request(recorded) => Subject::Request(&recorded.request),
            Refused::Job(job) => Subject::Job(job),
        };
        let found = culprits::isolate(&mut Trials::of(self, refused.acting(), subject))?;
        Ok((refused, found.told(self.telling()?)))
    }

    fn explain(&self, user: Uuid, request: &Request) -> Result<Explanation> {
        check_may_ask(self, user)?;
        Ok(explain::explain(&mut Trials::new(self, user, request))?.told(self.telling()?))
    }

    fn step_needs(
        &self,
        step: Uuid,
        since: Timestamp,
        progress: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<SeenNeeds> {
        Ok(needs::step_needs(self, step, since, progress)?.told(self.telling()?))
    }

    fn what_if(
        &self,
        changes: &[What],
        since: Timestamp,
        progress: &mut dyn FnMut(usize, usize) -> bool,
    ) -> Result<WhatIf> {
        Ok(what_if::what_if(self, changes, since, progress)?.told(self.telling()?))
    }

    fn suggest_role(&self, used_by: &UsedBy, days: u32) -> Result<Suggested> {
        suggest::suggest(self, used_by, days)
    }
}

/// Who asks about somebody else's request acts for them.
fn check_may_ask(session: &Session, user: Uuid) -> Result<()> {
    match session.user() == user {
        true => Ok(()),
        false => session.check_named_privilege("prvActOnBehalfOfAnotherUser"),
    }
}
