//! The unit of work: one request with everything that it sets off. It owns its transaction,
//! moves into each plug-in call as the implementation of the sandbox's services, and comes
//! back from it.

mod acting;
mod inner;
mod purpose;
mod savepoint;
mod shown;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sluice_access::Principal;
use sluice_model::{Catalog, Code, Error, Request, Result, TableDef, Uuid, Value};
use sluice_store::{Beside, End, Tx};

use crate::{
    Message,
    budget::{Budget, InSteps},
    cascade::Cascades,
    change::Author,
    compiling::{Uncompilable, Waiting, until_compiled},
    engine::Core,
    jobs::{self, Lease, Replay},
    message::upsert,
    operation::Operation,
    reading::Stream,
    rules::RulesOf,
    snapshot::{DEFINITIONS, RequestSetting, Snapshot},
    step::{self, Step},
    trace::{Recorded, Trace},
    used::Used,
};

pub(crate) use purpose::Purpose;
pub use purpose::Trial;
pub use savepoint::Before;
pub(crate) use shown::{Shown, Whose};

/// A unit of work. See [`Work`].
///
/// A box that can be emptied for a moment: while a plug-in runs, its work is inside the
/// sandbox.
pub struct Unit(Option<Box<Work>>);

impl std::fmt::Debug for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unit")
    }
}

/// What a unit of work owns.
pub struct Work {
    pub(crate) core: Arc<Core>,
    pub(crate) tx: Tx,
    pub(crate) snapshot: Arc<Snapshot>,
    /// The configuration whose steps the request sets off: a change of steps counts from the next
    /// request, also one that a step of this one makes.
    pub(crate) registered: Arc<Snapshot>,
    /// The configuration is the one that this process read last; whether the organisation still has
    /// it is not known yet.
    pub(crate) assumed: bool,
    /// The organisation had another one, or a row by now that an Upsert was to make: nothing was done, and the
    /// request begins anew.
    pub(crate) outdated: bool,
    /// An Upsert makes a row: where another one has made it meanwhile, the request begins anew and changes that one,
    /// and no refusal is recorded.
    pub(crate) upserts: bool,
    /// The unit wrote configuration: it reads its own before it goes on.
    pub(crate) configuration_changed: bool,
    /// What the refusal says if the unit leaves nobody who can administer the organisation.
    pub(crate) shut_out: Option<Code>,
    /// Tables among it: nothing can be read of them before that.
    pub(crate) definitions_changed: bool,
    /// Who set off the message under way.
    pub(crate) author: Option<Author>,
    pub(crate) purpose: Purpose,
    /// Of a trial: who is shown what it reads.
    pub(crate) shown: Option<Shown>,
    pub(crate) trace: Trace,
    /// The trace rows of a part of a job, which stay whatever becomes of its transaction.
    pub(crate) left_behind: Beside,
    /// What runs now: one frame per plug-in call under way.
    pub(crate) frames: Vec<Frame>,
    /// The level of what set the job off that runs now; 0 for a request.
    pub(crate) job_level: u32,
    /// The jobs that wait for the commit.
    pub(crate) jobs: Vec<Uuid>,
    /// The plug-in that the transaction under way was given up for.
    pub(crate) waiting: Option<Waiting>,
    /// Plug-ins that could not be compiled.
    pub(crate) uncompilable: Uncompilable,
    /// The job that the unit does the work of.
    pub(crate) lease: Option<Lease>,
    /// The service calls of its plug-in.
    pub(crate) replay: Option<Replay>,
    /// The transaction is that of a series: it was open before the request began.
    pub(crate) in_series: bool,
    /// How many messages are under way, one inside the other, on this thread.
    pub(crate) nesting: u32,
    /// The unit looks for the step whose value was refused, and does work again for that.
    pub(crate) attributing: bool,
    /// What the request has used of what it may use in all.
    pub(crate) budget: Budget,
    /// How long steps took, without what they called.
    pub(crate) in_steps: InSteps,
    /// How many steps have run.
    pub(crate) steps_ran: u64,
    /// What follows what, of the messages under way.
    pub(crate) cascades: Cascades,
    /// What was used and is not written yet.
    pub(crate) used: Used,
    /// The steps that ran, where a diagnosis wants to know.
    pub(crate) ran: Vec<Arc<Step>>,
    /// Of a trial: the asynchronous steps that would run after it.
    pub(crate) deferred: Vec<jobs::Deferred>,
    /// And the jobs of other kinds.
    pub(crate) deferred_jobs: Vec<Uuid>,
    /// Who takes the rows of the list that is asked for, as they are read.
    pub(crate) stream: Option<Stream>,
}

/// A plug-in call under way: who its service calls speak for.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) step_user: Arc<Principal>,
    pub(crate) initiating: Arc<Principal>,
    /// See [`Incoming::level`].
    pub(crate) level: u32,
    /// The call runs inside the request's transaction.
    pub(crate) in_transaction: bool,
    /// The first service call that failed inside the transaction; outside of it, the last one.
    pub(crate) failed_call: Option<Error>,
    /// How long the steps took that its calls have set off.
    pub(crate) inner: Duration,
    /// The step that called it, and since when it runs.
    pub(crate) step: Arc<Step>,
    pub(crate) began: Instant,
    /// The memory that it had when it made its last call.
    pub(crate) memory: u64,
}

impl std::ops::Deref for Unit {
    type Target = Work;
    #[expect(
        clippy::expect_used,
        reason = "the work is away only while `lend` holds the unit, and that borrows it"
    )]
    fn deref(&self) -> &Work {
        self.0.as_deref().expect("the unit of work is inside a plug-in call")
    }
}

impl std::ops::DerefMut for Unit {
    #[expect(clippy::expect_used, reason = "as above")]
    fn deref_mut(&mut self) -> &mut Work {
        self.0
            .as_deref_mut()
            .expect("the unit of work is inside a plug-in call")
    }
}

impl Unit {
    pub(crate) fn new(core: Arc<Core>, snapshot: Arc<Snapshot>, purpose: Purpose) -> Self {
        let trace = purpose.checks().cloned().map(Trace::noting);
        Self(Some(Box::new(Work {
            core,
            tx: Tx::default(),
            registered: snapshot.clone(),
            snapshot,
            assumed: false,
            outdated: false,
            upserts: false,
            configuration_changed: false,
            shut_out: None,
            definitions_changed: false,
            author: None,
            purpose,
            shown: None,
            trace: trace.unwrap_or_default(),
            left_behind: Beside::new(),
            frames: Vec::new(),
            job_level: 0,
            jobs: Vec::new(),
            waiting: None,
            uncompilable: Uncompilable::new(),
            lease: None,
            replay: None,
            in_series: false,
            nesting: 0,
            attributing: false,
            budget: Budget::default(),
            in_steps: InSteps::default(),
            steps_ran: 0,
            cascades: Cascades::default(),
            used: Used::default(),
            ran: Vec::new(),
            deferred: Vec::new(),
            deferred_jobs: Vec::new(),
            stream: None,
        })))
    }

    /// The next request begins, perhaps in the transaction of the one before: what it may use and
    /// its traces are its own.
    pub(crate) fn begin_anew(&mut self) {
        self.trace.checks().clear();
        self.begin_behind();
    }

    /// As [`Self::begin_anew`], for what a request set off: what was asked for the request stays noted.
    pub(crate) fn begin_behind(&mut self) {
        self.shut_out = None;
        self.trace.clear();
        self.budget = Budget::default();
        if self.tx.is_open() {
            self.transaction_opened();
        }
        self.in_steps = InSteps::default();
        self.steps_ran = 0;
    }

    /// Moves the work into `call` and takes it back from it.
    pub(crate) fn lend<T>(&mut self, call: impl FnOnce(Self) -> (Self, T)) -> T {
        let (back, result) = call(Self(self.0.take()));
        *self = back;
        result
    }

    /// The refusal of a request, with where it is recorded.
    pub(crate) fn refused(&mut self, error: Error, correlation: Uuid) -> Error {
        let error = self.without_managed_roles(error);
        let error = self.with_share(error);
        let mut error = self.with_user(error);
        let recorded = self.snapshot.settings.requests.records(true) && self.trace.is_written();
        let body = error.body_mut();
        body.recorded |= recorded;
        body.correlation.get_or_insert(correlation);
        error
    }

    /// Keeps the request that begins for its trace, where one is kept.
    pub(crate) fn record(&mut self, request: &Request) {
        if self.snapshot.settings.requests == RequestSetting::Off || self.purpose.is_trial() {
            return;
        }
        if let Ok(message) = self.core.message(&request.message) {
            let recorded = Recorded::of(request, message, &self.snapshot.catalog);
            self.trace.record(recorded);
        }
    }

    /// Whether a trial looks behind the gates of process flows.
    pub fn is_ungated(&self) -> bool {
        self.purpose.diagnosis().is_some_and(|trial| trial.ungated)
    }

    /// A new id.
    pub fn new_id(&self) -> Uuid {
        self.core.env.new_id()
    }

    /// The message of a name.
    ///
    /// # Errors
    /// There is none.
    pub fn message(&self, name: &str) -> Result<&'static dyn Message> {
        self.core.message(name)
    }

    /// The organisation's tables.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.snapshot.catalog.clone()
    }

    /// A setting of the organisation: a column of its row.
    pub fn setting(&self, column: &str) -> Option<&Value> {
        self.snapshot.settings.row.get(column)
    }

    /// The configuration as this unit sees it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn snapshot(&mut self) -> Result<Arc<Snapshot>> {
        if self.configuration_changed && self.tx.is_open() {
            let version = self.tx.config_version()?;
            let core = self.core.clone();
            let earlier = self.snapshot.clone();
            let snapshot = Snapshot::load(&core, &mut self.tx, version, Some(&earlier))?;
            self.snapshot = Arc::new(snapshot);
            self.configuration_changed = false;
            self.definitions_changed = false;
        }
        Ok(self.snapshot.clone())
    }

    /// Takes the configuration that was read of the same changes before.
    pub(crate) fn take_configuration(&mut self, snapshot: Arc<Snapshot>) {
        self.snapshot = snapshot;
        self.configuration_changed = false;
        self.definitions_changed = false;
    }

    /// The configuration, of which only the tables have to be as this unit left them: rows are
    /// read and written by their definitions.
    pub(crate) fn tables(&mut self) -> Result<Arc<Snapshot>> {
        match self.definitions_changed {
            true => self.snapshot(),
            false => Ok(self.snapshot.clone()),
        }
    }

    /// The unit has written rows of a configuration table, or, without one, tables themselves:
    /// every process reads anew from its next request, this unit from now on.
    pub fn configuration_written(&mut self, table: Option<&str>) -> Result<()> {
        self.definitions_changed |= table.is_none();
        let mut bytes = [0; 8];
        self.core.env.random(&mut bytes);
        let version = i64::from_le_bytes(bytes) & i64::MAX;
        self.tx.set_config_version(version)?;
        self.tx.set_table_version(table.unwrap_or(DEFINITIONS), version)?;
        self.core.assume_nothing();
        self.configuration_changed = true;
        Ok(())
    }

    /// Reads: in the transaction where one is open, else beside it.
    pub fn read<T>(&mut self, read: impl FnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        if self.tx.is_open() {
            return read(&mut self.tx);
        }
        let store = self.core.store()?;
        let result = store.read(|mut tx| {
            let result = read(&mut tx);
            (tx, result)
        })?;
        result.map_err(|error| self.in_time(error))
    }

    /// Runs `body` in the unit's transaction, which it opens where none is open. The body
    /// may run again from the same operation, if a neighbour in the group of writers
    /// destroyed the transaction: nothing had been answered.
    pub(crate) fn in_transaction(
        &mut self,
        mut operation: Operation,
        body: fn(&mut Self, &mut Operation) -> Result<()>,
    ) -> Result<Operation> {
        if self.tx.is_open() {
            if self.in_series && self.nesting == 1 && !operation.only_reads(self) {
                return self.run_in_series(operation, body);
            }
            body(self, &mut operation)?;
            return Ok(operation);
        }
        let store = self.core.store()?;
        if operation.only_reads(self) {
            return store
                .read(|tx| {
                    self.tx = tx;
                    let result = self.refresh().and_then(|()| body(self, &mut operation));
                    (std::mem::take(&mut self.tx), result)
                })?
                .map(|()| operation);
        }
        let outermost = self.frames.is_empty();
        let (jobs, followers) = (self.jobs.len(), self.cascades.rows);
        let marks = self.trace.mark();
        let (spent, in_steps) = (self.budget.clone(), self.in_steps.clone());
        let before = self.snapshot.clone();
        let result = until_compiled(self, |unit| {
            store.write(&mut |tx| {
                unit.tx = tx;
                unit.budget.back_to(&spent);
                unit.in_steps = in_steps.clone();
                unit.transaction_opened();
                unit.forget_changes(before.clone());
                unit.shut_out = None;
                unit.jobs.truncate(jobs);
                unit.cascades.rows = followers;
                unit.trace.back_to(&marks);
                let mut again = operation.clone();
                let result = unit
                    .refresh()
                    .and_then(|()| body(unit, &mut again))
                    .and_then(|()| unit.end_transaction(&again))
                    .map(|()| again);
                let given_up = unit.waiting.is_some();
                let keep = result.is_ok() && !unit.purpose.is_trial() && !given_up;
                let raced = unit.upserts && result.as_ref().err().is_some_and(upsert::is_taken);
                let beside = match outermost && !given_up && !unit.outdated && !raced {
                    true => unit.trace_rows(&operation, result.as_ref().err()),
                    false => Vec::new(),
                };
                let end = End {
                    keep: unit.core.keeps(keep),
                    value: result,
                    beside,
                };
                (std::mem::take(&mut unit.tx), end)
            })
        });
        self.transaction_over();
        let result = result.and_then(|result| result);
        self.calls_are_kept(result.is_ok());
        if result.is_err() {
            self.jobs.truncate(jobs);
            self.forget_changes(before);
        }
        result
    }

    /// What the unit read of its own changes to the configuration is gone with them.
    fn forget_changes(&mut self, before: Arc<Snapshot>) {
        self.snapshot = before;
        self.configuration_changed = false;
        self.definitions_changed = false;
    }

    /// What holds at the end of a transaction, and what is written at its end.
    fn end_transaction(&mut self, operation: &Operation) -> Result<()> {
        self.check_administration()?;
        self.keep_calls(operation)
    }

    /// Runs `body` for a request of a series: to it, a savepoint is its transaction.
    fn run_in_series(
        &mut self,
        mut operation: Operation,
        body: fn(&mut Self, &mut Operation) -> Result<()>,
    ) -> Result<Operation> {
        let snapshot = self.snapshot()?;
        let before = self.savepoint()?;
        match body(self, &mut operation).and_then(|()| self.check_administration()) {
            Ok(()) => self.release(before).map(|()| operation),
            Err(error) => {
                self.back_to(before)?;
                self.forget_changes(snapshot);
                Err(error)
            }
        }
    }

    /// Reads the configuration anew, if another unit or process has changed it.
    pub(crate) fn refresh(&mut self) -> Result<()> {
        let version = self.tx.config_version()?;
        self.check_assumed(version)?;
        if version != self.snapshot.version {
            let core = self.core.clone();
            self.snapshot = core.snapshot(&mut self.tx, version)?;
        }
        Ok(())
    }

    /// Sees to it that the configuration is the organisation's: before the first step of a request,
    /// and before an answer for which nothing was read or written.
    ///
    /// # Errors
    /// The organisation has another one by now.
    pub(crate) fn confirm(&mut self) -> Result<()> {
        if !self.assumed {
            return Ok(());
        }
        let version = self.read(Tx::config_version)?;
        self.check_assumed(version)
    }

    fn check_assumed(&mut self, version: i64) -> Result<()> {
        if self.assumed && version != self.snapshot.version {
            self.outdated = true;
            return Err(Error::host("the configuration has changed; the request begins anew"));
        }
        self.assumed = false;
        Ok(())
    }

    /// Whether what runs at that stage and depth is inside the request's transaction. A trial
    /// opens its own before pre-validation, where a request has none yet, and a series has one.
    pub(crate) fn in_request_transaction(&self, stage: i32, depth: u32) -> bool {
        let opened_before = self.purpose.is_trial() || self.in_series;
        let before_it = opened_before && stage == step::PRE_VALIDATION && depth == 1;
        self.tx.is_open() && !before_it
    }

    /// The configuration as the unit read it last.
    pub fn configuration(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// The rules of a table.
    pub fn rules(&self, table: &TableDef) -> RulesOf {
        self.core.rules(table)
    }
}
