//! The trials of a diagnosis: a request runs as its caller in transactions that are rolled back,
//! behind the messages that are tried with it.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use sluice_access::Checks;
use sluice_engine::{Acting, FailedJob, Sent, Session, Tried, What, step::Step, tables, unit::Trial};
use sluice_model::{
    Code, Depth, Error, Ownership, Reference, Request, Result, Right, TableDef, Timestamp, Uuid, codes::Kind,
};

use super::{Fix, NewRole, cures::replaces, holders::Holders, processes};

/// More trials are not made: what is known by then is told.
pub(super) const MOST_TRIALS: u32 = 400;

/// So long trials are begun; each of them may take as long as a request's transaction.
const TIME: Duration = Duration::from_secs(120);

/// A privilege lent to a principal: what goes on behind a refusal for which there is no cure.
#[derive(Debug, Clone)]
pub(super) struct Lent {
    pub(super) principal: Uuid,
    pub(super) privilege: String,
    pub(super) depth: Depth,
}

/// What is different in a trial.
#[derive(Debug, Clone, Default)]
pub(super) struct Setup {
    /// Steps that are passed over.
    pub(super) bypassed: HashSet<Uuid>,
    /// What is sent before the request, and who sends it.
    pub(super) fixes: Vec<(Fix, Uuid)>,
    pub(super) lent: Vec<Lent>,
    /// The gates of process flows stand open.
    pub(super) ungated: bool,
    /// Steps that rest run all the same.
    pub(super) awake: bool,
    /// It is looked at what this step fails in, in the background, once the request has passed.
    pub(super) behind: Option<Uuid>,
}

impl Setup {
    /// The same, with these as well.
    pub(super) fn and(&self, fixes: &[(Fix, Uuid)]) -> Self {
        let mut setup = self.clone();
        setup.fixes.extend_from_slice(fixes);
        setup
    }

    /// The profile that is made for a user or team before the request.
    pub(super) fn profile_for(&self, holder: &Reference) -> Option<&Fix> {
        let mut fixes = self.fixes.iter().rev().map(|(fix, _)| fix);
        fixes.find(|fix| fix.makes_profile_for(holder))
    }

    /// The role that is made for a user or team before the request.
    pub(super) fn role_for(&self, holder: &Reference) -> Option<&NewRole> {
        self.fixes.iter().rev().find_map(|(fix, _)| match fix {
            Fix::NewRole(role) if role.to == *holder => Some(role),
            _ => None,
        })
    }

    /// The same, without these steps.
    pub(super) fn without(&self, steps: impl IntoIterator<Item = Uuid>) -> Self {
        let mut setup = self.clone();
        setup.bypassed.extend(steps);
        setup
    }
}

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    /// A request.
    Request(&'a Request),
    /// The work of a job that a request set off.
    Job(&'a FailedJob),
}

/// The trials of one request, or of one job.
pub(super) struct Trials<'a> {
    /// Who asks.
    pub(super) session: &'a Session,
    /// Whose request it is.
    pub(super) user: Uuid,
    /// In whose name it runs, and who calls.
    acting: Acting,
    pub(super) subject: Subject<'a>,
    /// When the first of them began: what has a newer id was made in one of them.
    pub(super) since: Timestamp,
    pub(super) count: u32,
    /// Who asks looks with their own rights alone: what only somebody else could bring about would
    /// tell them of rows that they may not read.
    pub(super) is_own: bool,
    /// There was more than was looked for.
    pub(super) is_cut: bool,
    /// The limits of steps that were overrun as high as they are tried: whatever else is out of the way, they are
    /// not tried again.
    pub(super) endless: HashSet<(Uuid, String)>,
    began: Instant,
    holders: Option<Arc<Holders>>,
}

impl<'a> Trials<'a> {
    pub(super) fn new(session: &'a Session, acting: impl Into<Acting>, request: &'a Request) -> Self {
        Self::of(session, acting.into(), Subject::Request(request))
    }

    pub(super) fn of(session: &'a Session, acting: Acting, subject: Subject<'a>) -> Self {
        Self {
            session,
            user: acting.user,
            acting,
            subject,
            since: session.now(),
            count: 0,
            is_own: session.check_named_privilege("prvActOnBehalfOfAnotherUser").is_err(),
            is_cut: false,
            endless: HashSet::new(),
            began: Instant::now(),
            holders: None,
        }
    }

    /// Whether so many trials were made, or they took so long, that no culprit is looked for any more.
    pub(super) fn is_over(&self) -> bool {
        self.count >= MOST_TRIALS || self.began.elapsed() > TIME
    }

    /// Whether a step is what the job runs that is tried, or the workflow that the request asks to run: without it,
    /// there is nothing to be done.
    pub(super) fn is_asked_for(&self, step: Uuid) -> bool {
        match self.subject {
            Subject::Job(job) => job.runs == step,
            Subject::Request(request) => processes::is_run_by(request, step),
        }
    }

    /// Who holds what, read when it is first asked for.
    pub(super) fn holders(&mut self) -> Result<Arc<Holders>> {
        if let Some(holders) = &self.holders {
            return Ok(holders.clone());
        }
        let (mut unit, _) = self.session.unit()?;
        let holders = Arc::new(Holders::read(&mut unit)?);
        self.holders = Some(holders.clone());
        Ok(holders)
    }

    /// Runs the request in a transaction of its own that opens before pre-validation and is
    /// always rolled back.
    pub(super) fn run(&mut self, setup: &Setup) -> Result<Tried> {
        self.run_with(setup, None)
    }

    /// As [`Self::run`]; what is asked about principals is kept in `checks`.
    pub(super) fn run_with(&mut self, setup: &Setup, checks: Option<Arc<Checks>>) -> Result<Tried> {
        self.count += 1;
        let trial = Trial {
            bypassed: setup.bypassed.clone(),
            lent: setup
                .lent
                .iter()
                .map(|lent| (lent.principal, lent.privilege.clone(), lent.depth))
                .collect(),
            checks,
            ungated: setup.ungated,
            awake: setup.awake,
            ..Trial::default()
        };
        let sent = |(fix, sender): &(Fix, Uuid)| {
            let sender = *sender;
            let messages = fix.requests().into_iter().map(What::Message);
            messages.map(move |what| Sent { sender, what }).collect::<Vec<_>>()
        };
        let before: Vec<Sent> = setup.fixes.iter().flat_map(sent).collect();
        let mut tried = match self.subject {
            Subject::Request(request) => {
                let fixes = setup.fixes.iter().map(|(fix, _)| fix);
                let request = fixes.fold(request.clone(), |request, fix| fix.applied_to(&request));
                self.session.try_request(self.acting, trial, &before, &request)?
            }
            Subject::Job(job) => self.session.try_job(job, trial, &before)?,
        };
        if let (Some(step), Ok(())) = (setup.behind, &tried.result) {
            let is_it = |error: &&Error| error.body().step.as_ref().is_some_and(|failed| failed.id == step);
            let failed = tried.background.iter().find(is_it).or(tried.unseen_behind.as_ref());
            tried.result = failed.map_or(Ok(()), |error| Err(error.clone()));
        }
        if let Err(error) = &mut tried.result {
            self.tell_reader(error);
        }
        match &tried.result {
            Err(error) if error.kind() == Kind::Host && tried.refused.is_none() => Err(error.clone()),
            _ => Ok(tried),
        }
    }

    /// What a refusal says to whoever sent the request, said to whoever asks.
    fn tell_reader(&self, error: &mut Error) {
        if self.acting.person() == self.session.acting().person() {
            return;
        }
        let body = error.body_mut();
        if let Some(duplicates) = &mut body.duplicates {
            duplicates.tell_another();
        }
        if let Some(caught) = &mut body.caught {
            self.tell_reader(caught);
        }
    }

    /// The refusal of the request; none where it passes.
    pub(super) fn refusal(&mut self, setup: &Setup) -> Result<Option<Error>> {
        Ok(self.run(setup)?.result.err())
    }

    /// Who may send a fix behind a setup, in the place of what it replaces there: who asks, else an administrator;
    /// nobody, where it is refused to both. With what the request then came to.
    pub(super) fn send(&mut self, setup: &Setup, fix: &Fix) -> Result<Option<(Uuid, Tried)>> {
        let own = self.session.user();
        let mut setup = setup.clone();
        setup.fixes.retain(|(earlier, _)| !replaces(fix, earlier));
        let place: usize = setup.fixes.iter().map(|(fix, _)| fix.requests().len()).sum();
        let tried = self.run(&setup.and(&[(fix.clone(), own)]))?;
        match (tried.refused, &tried.result) {
            (None, _) => return Ok(Some((own, tried))),
            (Some(at), Err(error)) if at >= place && is_for_others(error) => {}
            _ => return Ok(None),
        }
        if self.is_own {
            return Ok(None);
        }
        let Some(other) = self.holders()?.administrator().filter(|other| *other != own) else {
            return Ok(None);
        };
        if !self.leaves_reader_alone(fix)? {
            return Ok(None);
        }
        let tried = self.run(&setup.and(&[(fix.clone(), other)]))?;
        Ok(tried.refused.is_none().then_some((other, tried)))
    }

    /// Whether what somebody else would send lets whoever asks read no row that they may not read now. What roles
    /// and profiles give them in a trial counts for nothing; whom rows belong to and are shared with does.
    fn leaves_reader_alone(&self, fix: &Fix) -> Result<bool> {
        let (mut unit, asking) = self.session.unit()?;
        let person = unit.principal_of(&Reference::new(tables::USER, self.session.acting().person()))?;
        let is_theirs = |row: &Reference| {
            person
                .sharees()
                .chain(asking.sharees())
                .any(|one| one.reference() == *row)
        };
        let may_help = match fix {
            Fix::Share { with, .. } => !is_theirs(with),
            Fix::Assign { .. } => false,
            _ => return Ok(true),
        };
        let catalog = unit.snapshot()?.catalog().clone();
        let mut owned = catalog.iter().filter(|table| table.ownership == Ownership::User);
        let reads_all =
            |table: &TableDef| person.depth_of(&table.privilege_name(Right::Read)) == Some(Depth::Organization);
        Ok(may_help || owned.all(|table| reads_all(table)))
    }
}

/// Whether a refusal is of who sent the message, and not of the message.
fn is_for_others(error: &Error) -> bool {
    error.kind() == Kind::Denied || error.code() == Code::NOT_FOUND || error.body().principal.is_some()
}

/// The steps that are registered.
pub(super) fn all_steps(session: &Session) -> Result<HashSet<Uuid>> {
    Ok(session.snapshot()?.steps().ids().collect())
}

/// The steps by id, each once, in the order in which they ran.
pub(super) fn in_order(ran: &[Arc<Step>]) -> Vec<Arc<Step>> {
    let mut seen = HashSet::new();
    ran.iter().filter(|step| seen.insert(step.id)).cloned().collect()
}
