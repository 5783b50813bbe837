//! A request for trial: it runs in a transaction that is always rolled back, behind the messages
//! that are to be tried with it; what it came to, and the rows that it made, are read before that.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use sluice_access::Principal;
use sluice_model::{Error, Parameter, Request, Response, Result, Row, Uuid};

use crate::{
    Acting, Batch, Engine, FailedJob, Session, Unit,
    compiling::Uncompilable,
    engine::lock,
    jobs,
    operation::Incoming,
    pipeline,
    snapshot::Snapshot,
    step::Step,
    unit::{Purpose, Trial, Whose},
};

/// Runs `work` as the user in a transaction of its own that opens before pre-validation and is
/// always rolled back.
pub(crate) fn rolled_back<T: Send>(
    engine: &Engine,
    acting: Acting,
    purpose: &Purpose,
    work: impl Fn(&mut Unit, Arc<Principal>) -> Result<T> + Send + Sync,
) -> Result<T> {
    engine.on_pipeline_thread(|| {
        let store = engine.core.store()?;
        let mut uncompilable = Uncompilable::new();
        loop {
            let mut waiting = None;
            let result = store.write(&mut |tx| {
                let mut unit = match engine.unit(purpose.clone()) {
                    Ok(unit) => unit,
                    Err(error) => return (tx, end(Err(error))),
                };
                unit.tx = tx;
                unit.transaction_opened();
                unit.uncompilable.clone_from(&uncompilable);
                let result = unit
                    .refresh()
                    .and_then(|()| unit.acting(acting))
                    .and_then(|principal| work(&mut unit, principal));
                waiting = unit.waiting.take();
                (std::mem::take(&mut unit.tx), end(result))
            })?;
            match waiting {
                Some(waiting) => waiting.compile(&engine.core, &mut uncompilable),
                None => return result,
            }
        }
    })
}

fn end<T>(value: Result<T>) -> sluice_store::End<Result<T>> {
    sluice_store::End {
        keep: false,
        value,
        beside: Vec::new(),
    }
}

/// What goes before the request of a trial, in its transaction.
#[derive(Debug, Clone)]
pub struct Sent {
    /// In whose name.
    pub sender: Uuid,
    /// What.
    pub what: What,
}

/// A message, or several with what stands between them.
#[derive(Clone)]
pub enum What {
    /// A message.
    Message(Request),
    /// Several messages, all of them or none.
    Rehearsal(Rehearsal),
}

/// Messages with what stands between them, which may be sent again and again.
pub type Rehearsal = Arc<dyn Fn(&mut Batch<'_>) -> Result<()> + Send + Sync>;

impl std::fmt::Debug for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message(request) => request.fmt(f),
            Self::Rehearsal(_) => f.write_str("Rehearsal"),
        }
    }
}

/// The configuration as it is behind what goes before the requests of several trials: the first of
/// them reads it, for all.
#[derive(Debug, Default)]
pub struct Changed(Mutex<Option<(i64, Arc<Snapshot>)>>);

impl Changed {
    /// Gives the unit the configuration that its messages have made of the one of that version.
    fn give(&self, unit: &mut Unit, version: i64) -> Result<()> {
        let mut known = lock(&self.0);
        match known.as_ref() {
            Some((of, snapshot)) if *of == version => unit.take_configuration(snapshot.clone()),
            _ => *known = Some((version, unit.snapshot()?)),
        }
        Ok(())
    }
}

/// What came of a trial.
#[derive(Debug)]
pub struct Tried {
    /// What came of the request, or of the job; or of the message before it that was refused.
    pub result: Result<()>,
    /// Which message before the request was refused, so that the request was not sent.
    pub refused: Option<usize>,
    /// The steps that ran.
    pub ran: Vec<Arc<Step>>,
    /// The steps in which the request failed, the outermost first.
    pub around: Vec<Uuid>,
    /// The failures of its asynchronous steps.
    pub background: Vec<Error>,
    /// What ended these, because whoever has it tried may not read it.
    pub unseen_behind: Option<Error>,
}

/// Sends one of the messages of a trial: what it may use and its traces are its own, and what holds
/// at the end of a transaction holds at the end of it.
fn send(unit: &mut Unit, acting: Acting, request: &Request) -> Result<Response> {
    unit.begin_anew();
    let principal = unit.acting(acting)?;
    let correlation = unit.core.env.new_id();
    let answer = pipeline::run(unit, Incoming::outermost(principal, correlation, request.clone()))?;
    unit.check_administration().map(|()| answer)
}

/// What a request would do.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Its answer.
    pub response: Response,
    /// The rows that the answer names, as the user would read them.
    pub rows: Vec<Row>,
}

/// Does what goes before the request of a trial; which of them was refused, and with what.
fn prepare(engine: &Engine, unit: &mut Unit, before: &[Sent]) -> std::result::Result<(), (usize, Error)> {
    let version = unit.snapshot.version;
    for (place, sent) in before.iter().enumerate() {
        let done = match &sent.what {
            What::Message(request) => send(unit, sent.sender.into(), request).map(|_| ()),
            What::Rehearsal(work) => {
                unit.begin_anew();
                let session = engine.session(sent.sender);
                let done = session.whole(unit, &mut Vec::new(), |batch| work(batch));
                unit.author = None;
                done
            }
        };
        done.map_err(|error| (place, error))?;
    }
    match unit.purpose.diagnosis().and_then(|trial| trial.changed.clone()) {
        Some(changed) if !before.is_empty() => changed
            .give(unit, version)
            .map_err(|error| (before.len().saturating_sub(1), error)),
        _ => Ok(()),
    }
}

/// Looks at the organisation as it is behind these messages, which are rolled back.
pub(crate) fn behind<T: Send>(
    session: &Session,
    trial: &Trial,
    before: &[Sent],
    look: impl Fn(&mut Unit) -> Result<T> + Send + Sync,
) -> Result<T> {
    let purpose = Purpose::Diagnosis(trial.clone());
    rolled_back(&session.engine, session.acting, &purpose, |unit, _| {
        prepare(&session.engine, unit, before).map_err(|(_, error)| error)?;
        look(unit)
    })
}

impl Session {
    /// Runs a request once as another user, in a transaction of its own that opens before
    /// pre-validation and is always rolled back, behind other messages: what came of it. Where it
    /// passes, its asynchronous steps run after it, each for itself.
    ///
    /// # Errors
    /// The trial could not be made. The refusal of the request is inside.
    pub fn try_request(
        &self,
        acting: impl Into<Acting>,
        trial: Trial,
        before: &[Sent],
        request: &Request,
    ) -> Result<Tried> {
        let acting = acting.into();
        let whose = Whose::of(self.acting, &trial, before, Some(acting));
        self.try_work(trial, before, whose, &|unit| {
            unit.check_shown_in(acting, request)?;
            send(unit, acting, request).map(|_| ())
        })
    }

    /// Does the work of a job once more, for trial, behind other messages: what came of it.
    ///
    /// # Errors
    /// The trial could not be made. What the job is refused is inside.
    pub fn try_job(&self, job: &FailedJob, trial: Trial, before: &[Sent]) -> Result<Tried> {
        let own = Some(job.acting).filter(|acting| acting.person() == self.acting.person());
        let whose = Whose::of(self.acting, &trial, before, own);
        self.try_work(trial, before, whose, &|unit| {
            unit.begin_anew();
            jobs::run_for_trial(unit, job.id)?;
            unit.check_administration()
        })
    }

    fn try_work(
        &self,
        trial: Trial,
        before: &[Sent],
        whose: Option<Whose>,
        work: &(dyn Fn(&mut Unit) -> Result<()> + Send + Sync),
    ) -> Result<Tried> {
        // What is sent before it may be what lets them act.
        rolled_back(&self.engine, self.acting, &Purpose::Diagnosis(trial), |unit, _| {
            unit.show_to(self.acting.person(), whose.clone())?;
            if let Err((place, error)) = prepare(&self.engine, unit, before) {
                return Ok(Tried {
                    result: Err(error),
                    refused: Some(place),
                    ran: Vec::new(),
                    around: Vec::new(),
                    background: Vec::new(),
                    unseen_behind: None,
                });
            }
            unit.ran.clear();
            unit.deferred.clear();
            unit.deferred_jobs.clear();
            unit.jobs.clear();
            let mut result = work(unit);
            let around = unit.trace.steps_around_failure();
            // Whatever a step made of it that something was not shown.
            if let Some(unseen) = unit.unseen()
                && !result.as_ref().is_err_and(|error| error.body().unseen)
            {
                result = Err(unseen);
            }
            let mut background = match &result {
                Ok(_) => jobs::run_deferred(unit),
                Err(_) => Vec::new(),
            };
            let unseen_behind = unit.unseen();
            background.truncate(if unseen_behind.is_some() { 0 } else { background.len() });
            Ok(Tried {
                unseen_behind,
                result,
                refused: None,
                ran: std::mem::take(&mut unit.ran),
                around,
                background,
            })
        })
    }

    /// Runs a request for trial and reads the rows that its answer names in `output`; nothing is
    /// kept. With `steps`, the plug-in steps run as they would; without, they are passed over.
    /// Asynchronous steps, which run after the request, never do.
    ///
    /// # Errors
    /// The refusal that the request itself would meet.
    pub fn preview(&self, request: &Request, output: &str, steps: bool) -> Result<Preview> {
        let bypassed = match steps {
            true => HashSet::new(),
            false => self.engine.core.current_snapshot()?.steps.ids().collect(),
        };
        let correlation = self.engine.core.env.new_id();
        rolled_back(
            &self.engine,
            self.acting,
            &Purpose::Preview(bypassed),
            |unit, principal| {
                let mut run = |request| {
                    let incoming = Incoming::outermost(principal.clone(), correlation, request);
                    let answer = pipeline::run(unit, incoming)?;
                    unit.check_administration().map(|()| answer)
                };
                let response = run(self.completed(request.clone()))?;
                let made = match response.outputs.get(output) {
                    Some(Parameter::References(rows)) => rows.clone(),
                    _ => Vec::new(),
                };
                let mut rows = Vec::new();
                for row in made {
                    rows.extend(run(Request::retrieve(row, &[]))?.row().cloned());
                }
                Ok(Preview { response, rows })
            },
        )
    }
}
