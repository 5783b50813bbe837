//! A request for trial: it runs in a transaction that is always rolled back, behind the messages
//! that are to be tried with it; what it came to, and the rows that it made, are read before that.

use std::{collections::HashSet, sync::Arc};

use sluice_access::Principal;
use sluice_model::{Error, Parameter, Request, Response, Result, Row, Uuid};

use crate::{
    Acting, Engine, Session, Unit,
    compiling::Uncompilable,
    jobs,
    operation::Incoming,
    pipeline,
    step::Step,
    unit::{Purpose, Trial},
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

/// A message that goes before the request of a trial, in its transaction.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Who sends it.
    pub sender: Uuid,
    /// The message.
    pub request: Request,
}

/// What came of a trial.
#[derive(Debug)]
pub struct Tried {
    /// What came of the request; or of the message before it that was refused.
    pub result: Result<Response>,
    /// Which message before the request was refused, so that the request was not sent.
    pub refused: Option<usize>,
    /// The steps that ran.
    pub ran: Vec<Arc<Step>>,
    /// The steps in which the request failed, the outermost first.
    pub around: Vec<Uuid>,
    /// The failures of its asynchronous steps.
    pub background: Vec<Error>,
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
        // What is sent before it may be what lets them act.
        rolled_back(&self.engine, self.acting, &Purpose::Diagnosis(trial), |unit, _| {
            for (place, sent) in before.iter().enumerate() {
                let result = send(unit, sent.sender.into(), &sent.request);
                if result.is_err() {
                    return Ok(Tried {
                        result,
                        refused: Some(place),
                        ran: Vec::new(),
                        around: Vec::new(),
                        background: Vec::new(),
                    });
                }
            }
            unit.ran.clear();
            unit.deferred.clear();
            if let Some(checks) = unit.purpose.checks() {
                checks.clear();
            }
            let result = send(unit, acting, request);
            let around = unit.trace.steps_around_failure();
            let background = match &result {
                Ok(_) => jobs::run_deferred(unit),
                Err(_) => Vec::new(),
            };
            Ok(Tried {
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
