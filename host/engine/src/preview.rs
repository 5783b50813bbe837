//! A request for trial: it runs in a transaction that is always rolled back, and the rows that
//! it made are read before that.

use std::sync::Arc;

use sluice_access::Principal;
use sluice_model::{Parameter, Request, Response, Result, Row, Uuid};

use crate::{Engine, Session, Unit, compiling::Uncompilable, operation::Incoming, pipeline, step::Step, unit::Trial};

/// Runs `work` as the user in a transaction of its own that opens before pre-validation and is
/// always rolled back.
pub(crate) fn rolled_back<T: Send>(
    engine: &Engine,
    user: Uuid,
    trial: &Trial,
    work: impl Fn(&mut Unit, Arc<Principal>) -> Result<T> + Send + Sync,
) -> Result<T> {
    engine.on_pipeline_thread(|| {
        let store = engine.core.store()?;
        let mut uncompilable = Uncompilable::new();
        loop {
            let mut waiting = None;
            let result = store.write(&mut |tx| {
                let mut unit = match engine.unit(trial.clone()) {
                    Ok(unit) => unit,
                    Err(error) => return (tx, end(Err(error))),
                };
                unit.tx = tx;
                unit.transaction_opened();
                unit.uncompilable.clone_from(&uncompilable);
                let result = unit
                    .refresh()
                    .and_then(|()| unit.principal(user))
                    .and_then(|principal| work(&mut unit, principal))
                    .and_then(|done| unit.check_administration().map(|()| done));
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
    /// pre-validation and is always rolled back: what came of it, and the steps that ran.
    ///
    /// # Errors
    /// The trial could not be made. The refusal of the request is inside.
    pub fn try_request(
        &self,
        user: Uuid,
        trial: Trial,
        request: &Request,
    ) -> Result<(Result<Response>, Vec<Arc<Step>>)> {
        let trial = Trial {
            rolled_back: true,
            ..trial
        };
        let correlation = self.engine.core.env.new_id();
        rolled_back(&self.engine, user, &trial, |unit, principal| {
            let incoming = Incoming::outermost(principal, correlation, request.clone());
            let result = pipeline::run(unit, incoming);
            Ok((result, std::mem::take(&mut unit.ran)))
        })
    }

    /// Runs a request for trial and reads the rows that its answer names in `output`; nothing is
    /// kept. With `steps`, the plug-in steps run as they would; without, they are passed over.
    /// Asynchronous steps, which run after the request, never do.
    ///
    /// # Errors
    /// The refusal that the request itself would meet.
    pub fn preview(&self, request: &Request, output: &str, steps: bool) -> Result<Preview> {
        let mut trial = Trial {
            rolled_back: true,
            ..Trial::default()
        };
        if !steps {
            trial.bypassed = self.engine.core.current_snapshot()?.steps.ids().collect();
        }
        let correlation = self.engine.core.env.new_id();
        rolled_back(&self.engine, self.user, &trial, |unit, principal| {
            let mut run = |request| {
                let incoming = Incoming::outermost(principal.clone(), correlation, request);
                pipeline::run(unit, incoming)
            };
            let response = run(request.clone())?;
            let made = match response.outputs.get(output) {
                Some(Parameter::References(rows)) => rows.clone(),
                _ => Vec::new(),
            };
            let mut rows = Vec::new();
            for row in made {
                rows.extend(run(Request::retrieve(row, &[]))?.row().cloned());
            }
            Ok(Preview { response, rows })
        })
    }
}
