//! A user at work in an organisation.

use std::sync::Arc;

use sluice_model::{Catalog, Error, Parameters, Query, Request, Response, Result, Row, Timestamp, Uuid};

use crate::{
    Acting, Batch, Engine, Unit, change::Author, compiling, jobs, operation::Incoming, pipeline, snapshot::Snapshot,
    unit::Purpose,
};

/// What a request may say about itself.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    /// The caller's own id for the request; plug-ins and traces see it.
    pub request_id: Option<Uuid>,
}

/// A user at work in an organisation.
#[derive(Debug, Clone)]
pub struct Session {
    pub(crate) engine: Engine,
    pub(crate) acting: Acting,
    /// What goes along with every message of this session that changes something.
    pub(crate) along: Arc<Parameters>,
    /// Whether what its messages use leaves marks.
    pub(crate) notes_use: bool,
}

impl Session {
    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A unit of work that reads, and who acts in it.
    ///
    /// # Errors
    /// The database cannot be read, or the user is gone.
    pub fn unit(&self) -> Result<(Unit, Arc<sluice_access::Principal>)> {
        let mut unit = self.engine.unit(Purpose::Work)?;
        let user = unit.acting(self.acting)?;
        Ok((unit, user))
    }

    /// The configuration as it is.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>> {
        self.engine.core.current_snapshot()
    }

    /// The session, whose messages carry these optional parameters as well, unless they only read or have
    /// them already: what a client says once for all that it sends, such as what is passed over.
    #[must_use]
    pub fn carrying(self, along: Parameters) -> Self {
        Self {
            along: Arc::new(along),
            ..self
        }
    }

    /// The session, whose messages leave no marks of use: of who looks into what others did, and is to leave
    /// everything as it is.
    #[must_use]
    pub fn leaving_no_marks(self) -> Self {
        Self {
            notes_use: false,
            ..self
        }
    }

    /// A request with what goes along with it.
    pub(crate) fn completed(&self, mut request: Request) -> Request {
        let reads = |request: &Request| {
            self.engine
                .core
                .message(&request.message)
                .is_ok_and(|message| message.shape().reads)
        };
        if self.along.is_empty() || reads(&request) {
            return request;
        }
        for (name, parameter) in self.along.iter() {
            request.inputs.entry(name.clone()).or_insert_with(|| parameter.clone());
        }
        request
    }

    /// The id of the user in whose name the requests run.
    pub fn user(&self) -> Uuid {
        self.acting.user
    }

    /// In whose name the requests run, and who calls.
    pub fn acting(&self) -> Acting {
        self.acting
    }

    /// The same user, calling on behalf of another one: each request does what both may do.
    #[must_use]
    pub fn on_behalf_of(&self, user: Uuid) -> Self {
        Self {
            engine: self.engine.clone(),
            along: self.along.clone(),
            notes_use: self.notes_use,
            acting: Acting {
                user,
                caller: Some(self.acting.caller.unwrap_or(self.acting.user)),
            },
        }
    }

    /// The time by the host's clock.
    pub fn now(&self) -> Timestamp {
        self.engine.core.env.now()
    }

    /// An id for a row that is to be made.
    pub fn new_id(&self) -> Uuid {
        self.engine.core.env.new_id()
    }

    /// The organisation's tables as they are now.
    ///
    /// # Errors
    /// The configuration cannot be read.
    pub fn catalog(&self) -> Result<Arc<Catalog>> {
        Ok(self.engine.core.current_snapshot()?.catalog.clone())
    }

    /// Runs a message.
    ///
    /// # Errors
    /// The refusal or failure, with everything known about it.
    pub fn execute(&self, request: Request) -> Result<Response> {
        self.execute_with(request, &CallOptions::default())
    }

    /// Runs a message with options.
    ///
    /// # Errors
    /// The refusal or failure, with everything known about it.
    pub fn execute_with(&self, request: Request, options: &CallOptions) -> Result<Response> {
        self.engine.on_pipeline_thread(|| {
            let mut unit = self.engine.unit_for_request()?;
            let correlation = self.engine.core.env.new_id();
            let mut result = self.begin(&mut unit, request.clone(), correlation, options);
            if unit.outdated {
                let jobs = std::mem::take(&mut unit.jobs);
                unit = self.engine.unit(Purpose::Work)?;
                // Pre-validation steps may have committed them before an Upsert was too late.
                unit.jobs = jobs;
                result = self.begin(&mut unit, request, correlation, options);
            }
            let result = result.map_err(|error| unit.refused(error, correlation));
            // After a refusal, too: what pre-validation steps committed stays, with its jobs.
            jobs::run_released(&mut unit);
            if self.notes_use {
                unit.keep_use();
            }
            result
        })
    }

    pub(crate) fn begin(
        &self,
        unit: &mut Unit,
        request: Request,
        correlation: Uuid,
        options: &CallOptions,
    ) -> Result<Response> {
        let request = self.completed(request);
        // Whether they may act so is the first thing that is asked in the pipeline: the refusal leaves a trace.
        let principal = unit.who_acts(self.acting);
        unit.record(&request);
        let result = principal.and_then(|principal| {
            let incoming = Incoming {
                request_id: options.request_id,
                ..Incoming::outermost(principal, correlation, request)
            };
            pipeline::run(unit, incoming)
        });
        if !unit.outdated {
            // What comes of a configuration that is no more is no answer.
            unit.confirm()?;
            unit.write_leftover_traces(result.as_ref().err());
        }
        result
    }

    /// Runs messages in one transaction: all of them or none. What the later ones say of a row that
    /// an earlier one makes, they say by the id that it is made with.
    ///
    /// # Errors
    /// The first refusal; then nothing has changed.
    pub fn execute_all(&self, requests: &[Request]) -> Result<Vec<Response>> {
        self.batch(|batch| requests.iter().map(|request| batch.execute(request.clone())).collect())
    }

    /// Runs several messages in one transaction: all of them or none.
    ///
    /// # Errors
    /// What `work` gives; then nothing has changed.
    pub fn batch<T: Send>(&self, work: impl Fn(&mut Batch<'_>) -> Result<T> + Send + Sync) -> Result<T> {
        self.run_batch(work, true)
    }

    /// As [`Self::batch`], for trial: nothing of it stays, whatever comes of it.
    ///
    /// # Errors
    /// What `work` gives.
    pub fn rehearse<T: Send>(&self, work: impl Fn(&mut Batch<'_>) -> Result<T> + Send + Sync) -> Result<T> {
        self.run_batch(work, false)
    }

    fn run_batch<T: Send>(
        &self,
        work: impl Fn(&mut Batch<'_>) -> Result<T> + Send + Sync,
        in_earnest: bool,
    ) -> Result<T> {
        self.engine.on_pipeline_thread(|| {
            let mut unit = self.engine.unit(Purpose::Work)?;
            let store = self.engine.core.store()?;
            let result = compiling::until_compiled(&mut unit, |unit| {
                store.write(&mut |tx| {
                    unit.tx = tx;
                    unit.begin_anew();
                    unit.jobs.clear();
                    unit.used.truncate(0);
                    let mut traces = Vec::new();
                    let result = unit.refresh().and_then(|()| self.whole(unit, &mut traces, &work));
                    let traces = unit.with_rest(traces);
                    let keep = in_earnest && result.is_ok() && unit.waiting.is_none();
                    let beside = if in_earnest {
                        unit.unless_compiling(traces)
                    } else {
                        Vec::new()
                    };
                    (
                        std::mem::take(&mut unit.tx),
                        sluice_store::End {
                            keep: unit.core.keeps(keep),
                            value: result,
                            beside,
                        },
                    )
                })
            })?;
            unit.author = None;
            unit.transaction_over();
            if in_earnest && result.is_ok() {
                // What the batch itself asked, beside its messages.
                unit.note_asked();
                jobs::run_released(&mut unit);
                if self.notes_use {
                    unit.keep_use();
                }
            }
            result
        })
    }

    /// Work in the transaction that the unit has open, under a correlation of its own.
    pub(crate) fn whole<T>(
        &self,
        unit: &mut Unit,
        traces: &mut sluice_store::Beside,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T>,
    ) -> Result<T> {
        let correlation = self.engine.core.env.new_id();
        let done = unit.acting(self.acting).and_then(|principal| {
            unit.author = Some(Author {
                user: principal.id(),
                initiating: self.acting.caller.unwrap_or(principal.id()),
                when: self.engine.core.env.now(),
                correlation,
            });
            work(&mut Batch {
                unit: &mut *unit,
                session: self,
                principal,
                correlation,
                importing: false,
                traces,
            })
        });
        let done = done.and_then(|value| unit.check_administration().map(|()| value));
        done.map_err(|error: Error| {
            let mut error = unit.in_time(error);
            error.body_mut().correlation.get_or_insert(correlation);
            error
        })
    }

    /// The rows that a query asks for, as far as the user may see them: all of them, though a message gives no
    /// more than a page.
    ///
    /// # Errors
    /// The refusal.
    pub fn list(&self, query: Query) -> Result<Vec<Row>> {
        let mut all = Vec::new();
        self.each_page(query, &mut |rows| {
            all.extend(rows);
            Ok(())
        })?;
        Ok(all)
    }
}
