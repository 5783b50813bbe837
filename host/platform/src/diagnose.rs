//! Diagnosis: which step, which platform check stands in somebody's way, and what would help.
//!
//! Everything is tried in transactions that are always rolled back, so no row, no step and no
//! trace changes. A step that fails is passed over, and then lent what it lacks, and the trial
//! runs again until the message passes: every culprit on every table is found.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use sluice_model::{Code, Depth, Error, Filter, Query, Request, Response, Result, Timestamp, Uuid, Value};

use sluice_engine::{Session, attribution::is_same, step::Step, steps, tables, unit::Trial};

/// More culprits than this are not looked for; a message that still fails then has a fault
/// that passing over steps does not mend.
const MAX_CULPRITS: usize = 100;

/// More privileges than this are not lent to one step.
const MAX_LENT: usize = 50;

/// So long trials are begun; each of them may take as long as a request's transaction, and others
/// wait for it.
const TIME: Duration = Duration::from_secs(120);

/// How many other users are tried for "run as".
const MAX_CANDIDATES: usize = 10;

/// One thing that stands in the way.
#[derive(Debug, Clone)]
pub struct Culprit {
    /// The refusal. Without a step it is the platform's own.
    pub error: Error,
    /// What helps; each was tried.
    pub fixes: Vec<Fix>,
}

/// Something that helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// Grant this privilege to a role, at this depth.
    Grant {
        /// The role's name.
        role: String,
        /// The privilege.
        privilege: String,
        /// How deep.
        depth: Depth,
    },
    /// Disable the step.
    Disable {
        /// The step's id.
        step: Uuid,
    },
    /// Deactivate the workflow.
    Deactivate {
        /// The workflow's id.
        workflow: Uuid,
    },
    /// Let the step run as this user.
    RunAs {
        /// The step's id.
        step: Uuid,
        /// The user's name.
        user: String,
    },
}

impl Fix {
    /// `grant`, `disable` or `run-as`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Grant { .. } => "grant",
            Self::Disable { .. } | Self::Deactivate { .. } => "disable",
            Self::RunAs { .. } => "run-as",
        }
    }
}

/// What a diagnosis found.
#[derive(Debug, Clone)]
pub struct Isolation {
    /// What stands in the way, in the order in which it was met.
    pub culprits: Vec<Culprit>,
    /// How many trials it took.
    pub trials: u32,
    /// With all culprits out of the way the message passes.
    pub passes: bool,
}

/// Who fails in a request, and what would help.
pub trait Diagnosis {
    /// Runs each request as `user`, for trial: `None` where it passes. The first step of the
    /// platform's procedure: which of the tables is it?
    ///
    /// # Errors
    /// This session's user may not act for others.
    fn try_each(&self, user: Uuid, requests: &[Request]) -> Result<Vec<Option<Error>>>;

    /// Finds every step and every platform check that stands in the way of `user`'s request,
    /// and tries what would help. The second step of the platform's procedure.
    ///
    /// # Errors
    /// This session's user may not act for others, or the host fails.
    fn isolate(&self, user: Uuid, request: &Request) -> Result<Isolation>;
}

impl Diagnosis for Session {
    fn try_each(&self, user: Uuid, requests: &[Request]) -> Result<Vec<Option<Error>>> {
        may_act_for(self, user)?;
        let mut trials = Trials {
            session: self,
            user,
            count: 0,
            began: Instant::now(),
        };
        Ok(requests
            .iter()
            .map(|request| trials.run(&Setup::default(), request).err())
            .collect())
    }

    fn isolate(&self, user: Uuid, request: &Request) -> Result<Isolation> {
        may_act_for(self, user)?;
        let mut trials = Trials {
            session: self,
            user,
            count: 0,
            began: Instant::now(),
        };
        let mut culprits = Vec::new();
        // Once with each guilty step out of the way, and once with what it lacks lent to it:
        // behind a call that is refused now there may be another refusal.
        let passes = trials.walk(request, &mut culprits, Way::Without)?;
        let granted = |culprit: &Culprit| {
            culprit.error.body().step.is_some() && culprit.fixes.iter().any(|fix| matches!(fix, Fix::Grant { .. }))
        };
        if culprits.iter().any(granted) {
            trials.walk(request, &mut culprits, Way::Lend)?;
        }
        Ok(Isolation {
            culprits,
            trials: trials.count,
            passes,
        })
    }
}

fn may_act_for(session: &Session, user: Uuid) -> Result<()> {
    if session.user() == user {
        Ok(())
    } else {
        check_act_for_others(session)
    }
}

fn may_act_for_others(session: &Session) -> Result<bool> {
    match check_act_for_others(session) {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Code::PRIVILEGE_DENIED => Ok(false),
        Err(error) => Err(error),
    }
}

fn check_act_for_others(session: &Session) -> Result<()> {
    session.check_named_privilege("prvActOnBehalfOfAnotherUser")
}

/// What is out of the way in a trial.
#[derive(Debug, Clone, Default)]
struct Setup {
    bypassed: HashSet<Uuid>,
    lent: Vec<Lent>,
    run_as: Vec<(Uuid, Uuid)>,
}

/// A privilege lent to a principal.
#[derive(Debug, Clone)]
struct Lent {
    principal: Uuid,
    role: Option<String>,
    privilege: String,
    depth: Depth,
}

struct Trials<'a> {
    session: &'a Session,
    user: Uuid,
    count: u32,
    began: Instant,
}

/// How a trial goes on behind a step that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Without the step.
    Without,
    /// With the privileges that it lacks, where that helps.
    Lend,
}

impl Trials<'_> {
    /// Runs the request again and again, each time with one more culprit out of the way, and
    /// adds those that are new. Whether it passes in the end.
    fn walk(&mut self, request: &Request, culprits: &mut Vec<Culprit>, way: Way) -> Result<bool> {
        let mut setup = Setup::default();
        for _ in 0..2 * MAX_CULPRITS {
            let began = self.session.now();
            let (result, ran) = self.try_once(&setup, request)?;
            let Err(mut error) = result else {
                return Ok(true);
            };
            if error.kind() == sluice_model::codes::Kind::Host {
                return Err(error);
            }
            if error.body().step.is_none()
                && let Some(step) = self.guilty_step(&setup, request, (&error, began), &ran)?
            {
                steps::blame(&mut error, &step);
            }
            let going_on = match error.body().step.as_ref().map(|step| step.id) {
                Some(step) => self.behind_step(&mut setup, request, culprits, (step, error), way)?,
                None => {
                    let lent = self.lend_for(&mut setup, request, &error);
                    let going_on = !lent.is_empty();
                    let known = culprits.iter().any(|culprit| is_same(&culprit.error, &error, began));
                    if !known {
                        culprits.push(Culprit { error, fixes: lent });
                    }
                    going_on
                }
            };
            if !going_on || culprits.len() >= MAX_CULPRITS || self.is_late() {
                break;
            }
        }
        Ok(false)
    }

    /// Goes on behind a step that fails. Whether there is a way.
    fn behind_step(
        &mut self,
        setup: &mut Setup,
        request: &Request,
        culprits: &mut Vec<Culprit>,
        (step, error): (Uuid, Error),
        way: Way,
    ) -> Result<bool> {
        let mut known = culprits.iter().position(|culprit| is_from(&culprit.error, step));
        if known.is_none() {
            let fixes = self.fixes_of_step(setup, request, step, &error)?;
            known = Some(culprits.len());
            culprits.push(Culprit {
                error: error.clone(),
                fixes,
            });
        }
        let Some(culprit) = known.and_then(|place| culprits.get_mut(place)) else {
            return Ok(false);
        };
        if way == Way::Lend {
            let mut lent = setup.clone();
            let helps = error.body().privilege.is_some() && self.lend_until(&mut lent, request, error, Some(step));
            let new = lent.lent.get(setup.lent.len()..).unwrap_or_default();
            if helps && let Some(grants) = grants(new) {
                add_grants(&mut culprit.fixes, grants);
                *setup = lent;
                return Ok(true);
            }
            // What it lacks is not all that is wrong with it.
            culprit.fixes.retain(|fix| !matches!(fix, Fix::Grant { .. }));
        }
        Ok(setup.bypassed.insert(step))
    }

    /// The step that brings a refusal of the platform's about by what it does, and not by a
    /// value of the request: without it, the refusal does not come.
    fn guilty_step(
        &mut self,
        setup: &Setup,
        request: &Request,
        (error, began): (&Error, Timestamp),
        ran: &[Arc<Step>],
    ) -> Result<Option<Arc<Step>>> {
        let mut without = setup.clone();
        without.bypassed.extend(ran.iter().map(|step| step.id));
        if ran.is_empty() || !self.is_mended(&without, request, (error, began))? {
            return Ok(None);
        }
        let mut without = setup.clone();
        for step in ran.iter().rev() {
            if self.is_late() {
                break;
            }
            if without.bypassed.insert(step.id) && self.is_mended(&without, request, (error, began))? {
                return Ok(Some(step.clone()));
            }
        }
        Ok(None)
    }

    /// Whether the request gets beyond that refusal. One that lacks what a step would have filled
    /// in does not.
    fn is_mended(&mut self, setup: &Setup, request: &Request, (error, began): (&Error, Timestamp)) -> Result<bool> {
        let (result, _) = self.try_once(setup, request)?;
        Ok(match result {
            Ok(_) => true,
            Err(other) => other.code() != Code::REQUIRED_MISSING && !is_same(error, &other, began),
        })
    }

    /// Whether the trials have taken so long that no culprit is looked for any more.
    fn is_late(&self) -> bool {
        self.began.elapsed() > TIME
    }

    fn run(&mut self, setup: &Setup, request: &Request) -> Result<Response> {
        self.try_once(setup, request)?.0
    }

    /// Runs the request in a transaction of its own that opens before pre-validation and is
    /// always rolled back: what came of it, and the steps that ran.
    fn try_once(&mut self, setup: &Setup, request: &Request) -> Result<(Result<Response>, Vec<Arc<Step>>)> {
        self.count += 1;
        let lent = setup.lent.iter();
        let trial = Trial {
            bypassed: setup.bypassed.clone(),
            lent: lent
                .map(|lent| (lent.principal, lent.privilege.clone(), lent.depth))
                .collect(),
            run_as: setup.run_as.clone(),
            ..Trial::default()
        };
        self.session.try_request(self.user, trial, request)
    }

    /// What helps against a step's failure: the privileges that it needs, being disabled,
    /// running as somebody else.
    fn fixes_of_step(&mut self, setup: &Setup, request: &Request, step: Uuid, error: &Error) -> Result<Vec<Fix>> {
        let mut fixes = Vec::new();
        if error.body().privilege.is_some() {
            let mut lent = setup.clone();
            let passes = self.lend_until(&mut lent, request, error.clone(), Some(step));
            let grants = grants(lent.lent.get(setup.lent.len()..).unwrap_or_default());
            if passes && let Some(grants) = grants {
                fixes.extend(grants);
            }
        }
        let mut without = setup.clone();
        without.bypassed.insert(step);
        let still_there = matches!(self.run(&without, request), Err(error) if is_from(&error, step));
        if !still_there {
            let workflow = error.body().step.as_ref().is_some_and(|step| !step.calls_plugin());
            fixes.push(match workflow {
                true => Fix::Deactivate { workflow: step },
                false => Fix::Disable { step },
            });
        }
        let registered = error
            .body()
            .step
            .as_ref()
            .is_none_or(sluice_model::StepInfo::calls_plugin);
        if registered
            && error.body().privilege.is_some()
            && may_act_for_others(self.session)?
            && let Some(user) = self.run_as(setup, request, step)?
        {
            fixes.push(Fix::RunAs { step, user });
        }
        Ok(fixes)
    }

    /// Lends what the platform itself missed; empty where lending does not help.
    fn lend_for(&mut self, setup: &mut Setup, request: &Request, error: &Error) -> Vec<Fix> {
        let mut lent = setup.clone();
        if !self.lend_until(&mut lent, request, error.clone(), None) {
            return Vec::new();
        }
        let new = lent.lent.get(setup.lent.len()..).unwrap_or_default();
        let fixes = grants(new).unwrap_or_default();
        *setup = lent;
        fixes
    }

    /// Lends the privilege that an error names, and the next, until the step (or, without a
    /// step, this refusal of the platform) is passed.
    fn lend_until(&mut self, setup: &mut Setup, request: &Request, mut error: Error, step: Option<Uuid>) -> bool {
        let first = setup.lent.len();
        for _ in 0..MAX_LENT {
            let Some(lent) = lent_by(&error) else { return false };
            let same = setup.lent.iter_mut().skip(first).find(|there| {
                there.principal == lent.principal && there.privilege.eq_ignore_ascii_case(&lent.privilege)
            });
            match same {
                // Lending did not help: nothing is gained by lending it again.
                Some(there) if there.depth >= lent.depth => return false,
                Some(there) => there.depth = lent.depth,
                None => setup.lent.push(lent),
            }
            match (self.run(setup, request), step) {
                (Ok(_), _) => return true,
                (Err(next), Some(step)) if !is_from(&next, step) => return true,
                (Err(next), None) if next.body().step.is_some() || next.body().privilege != error.body().privilege => {
                    return true;
                }
                (Err(next), _) => error = next,
            }
        }
        false
    }

    /// The name of a user as whom the step passes.
    fn run_as(&mut self, setup: &Setup, request: &Request, step: Uuid) -> Result<Option<String>> {
        let system = self.session.engine().session(self.session.engine().system_id()?);
        let enabled = Filter::eq("isdisabled", Value::Bool(false));
        let users = Query::new(tables::USER)
            .columns(&["fullname"])
            .filter(enabled)
            .order_by("createdon");
        // The oldest users are the system and the administrator: they come last.
        let mut users = system.list(users)?;
        users.retain(|row| row.id != self.user && row.text("fullname") != Some("SYSTEM"));
        users.reverse();
        for candidate in users.iter().take(MAX_CANDIDATES) {
            let mut other = setup.clone();
            other.run_as.push((step, candidate.id));
            let fails = matches!(self.run(&other, request), Err(error) if is_from(&error, step));
            if !fails {
                return Ok(candidate.text("fullname").map(ToOwned::to_owned));
            }
        }
        Ok(None)
    }
}

fn is_from(error: &Error, step: Uuid) -> bool {
    error.body().step.as_ref().is_some_and(|raised| raised.id == step)
}

/// What an error says is missing, to whom.
fn lent_by(error: &Error) -> Option<Lent> {
    let body = error.body();
    let privilege_codes = [
        Code::PRIVILEGE_DENIED,
        Code::ACCESS_DENIED,
        Code::CANNOT_QUALIFY_LEAD,
        Code::OWNER_LACKS_READ,
        Code::ISV_TRANSACTION,
    ];
    if !privilege_codes.contains(&body.code) {
        return None;
    }
    let principal = body.principal.as_ref()?;
    Some(Lent {
        principal: principal.id,
        // A role that comes through a team is named with its team.
        role: principal
            .roles
            .iter()
            .find(|role| !role.contains(" (via team "))
            .or(principal.roles.first())
            .map(|role| role.split(" (via team ").next().unwrap_or(role).to_owned()),
        privilege: body.privilege.clone()?,
        depth: body.depth.unwrap_or(Depth::User),
    })
}

/// Adds grants to fixes, in front of the others.
fn add_grants(fixes: &mut Vec<Fix>, grants: Vec<Fix>) {
    for grant in grants {
        if !fixes.contains(&grant) {
            let place = fixes.iter().take_while(|fix| matches!(fix, Fix::Grant { .. })).count();
            fixes.insert(place, grant);
        }
    }
}

/// The grants that stand for what was lent; `None` where a principal has no role to grant to.
fn grants(lent: &[Lent]) -> Option<Vec<Fix>> {
    lent.iter()
        .map(|lent| {
            Some(Fix::Grant {
                role: lent.role.clone()?,
                privilege: lent.privilege.clone(),
                depth: lent.depth,
            })
        })
        .collect()
}
