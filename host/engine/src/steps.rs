//! Runs the steps of one stage: finds them, gives them their images, calls what they call, and
//! says whose fault a failure was.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sluice_access::Principal;
use sluice_model::{Code, Error, Name, Reference, Result, Row, error::Body};

use crate::{
    Unit,
    handler::Called,
    monitoring,
    operation::Operation,
    snapshot::Snapshot,
    step::{self, Step, image},
    unit::Frame,
};

/// The steps of an operation in the order in which they run. A step for every table does not
/// concern the platform's own, and none concerns what the host itself does as SYSTEM: who
/// registers one could otherwise not take it back.
pub(crate) fn of<'a>(snapshot: &'a Snapshot, operation: &Operation) -> &'a [Arc<Step>] {
    if operation.initiating.is_system() {
        return &[];
    }
    match operation.table.as_deref() {
        Some(table) if !table.takes_steps => &[],
        table => snapshot
            .steps
            .of(&operation.context.message, table.map(|table| &*table.name)),
    }
}

/// The same, without those that the request passes over: every choice among them begins here.
pub(crate) fn chosen<'a>(
    snapshot: &'a Snapshot,
    operation: &Operation,
) -> impl Iterator<Item = &'a Arc<Step>> + Clone + use<'a> {
    let bypass = operation.bypass.clone();
    let is_chosen = move |step: &&Arc<Step>| bypass.as_ref().is_none_or(|bypass| !bypass.passes_over(step));
    of(snapshot, operation).iter().filter(is_chosen)
}

/// Runs the synchronous steps of a stage in their order; the first failure ends it.
pub(crate) fn run(unit: &mut Unit, operation: &mut Operation, stage: i32) -> Result<()> {
    let registered = unit.registered.clone();
    if of(&registered, operation).is_empty() {
        return Ok(());
    }
    let all = chosen(&registered, operation);
    if stage < step::POST_OPERATION && operation.before.is_none() && all.clone().any(|step| step.wants_row_before()) {
        see_row_before(unit, operation)?;
    }
    let (env, awake) = (unit.core.env.clone(), unit.purpose.is_awake());
    let due =
        |step: &&Arc<Step>| step.stage == stage && step.mode == step::SYNCHRONOUS && (awake || !step.rests(&*env));
    let mut due = all.filter(due).peekable();
    if due.peek().is_none() {
        return Ok(());
    }
    unit.confirm()?;
    unit.compile_ahead(due.clone());
    for step in due {
        if unit.purpose.bypasses(step.id) || !step.listens_to(operation.context.target.as_ref()) {
            continue;
        }
        if step.handler.concerns(unit, operation)? {
            run_one(unit, operation, step)?;
        }
    }
    Ok(())
}

/// Runs one step on an operation, in its transaction where there is one. What one does that is only
/// watched is discarded.
pub(crate) fn run_one(unit: &mut Unit, operation: &mut Operation, step: &Arc<Step>) -> Result<()> {
    unit.check_wall()?;
    match step.is_monitored {
        true => monitoring::run(unit, operation, step),
        false => run_in_earnest(unit, operation, step),
    }
}

/// Runs one step, and what it does stays.
pub(crate) fn run_in_earnest(unit: &mut Unit, operation: &mut Operation, step: &Arc<Step>) -> Result<()> {
    unit.trace.enter_step(step);
    unit.steps_ran += 1;
    if unit.purpose.is_trial() {
        unit.ran.push(step.clone());
    }
    let result = call(unit, operation, step).map_err(|mut error| {
        blame(&mut error, step);
        error
    });
    unit.trace.leave(result.as_ref().err());
    result
}

impl Unit {
    /// Whether a step is passed over because it rests.
    pub(crate) fn rests(&self, step: &Step) -> bool {
        !self.purpose.is_awake() && step.rests(&*self.core.env)
    }

    /// Runs a step that nobody registered on the message under way: what somebody asked for by name.
    ///
    /// # Errors
    /// The step fails.
    pub fn run_step(&mut self, operation: &mut Operation, step: &Arc<Step>) -> Result<()> {
        match self.purpose.bypasses(step.id) {
            true => Ok(()),
            false => run_one(self, operation, step),
        }
    }
}

/// As whom a step runs.
pub(crate) fn user_of(unit: &mut Unit, operation: &Operation, step: &Step) -> Result<Arc<Principal>> {
    // What the platform does as the system gives no step the system's powers.
    let caller = match operation.principal.is_system() {
        true => &operation.initiating,
        false => &operation.principal,
    };
    let user = match step.run_as {
        Some(user) => Some(user),
        None => step.handler.acts_in_place_of(unit, caller)?,
    };
    user.map_or_else(|| Ok(caller.clone()), |user| unit.principal(user))
}

fn call(unit: &mut Unit, operation: &mut Operation, step: &Arc<Step>) -> Result<()> {
    step.handler.prepare(unit)?;
    let step_user = user_of(unit, operation, step)?;
    if step.mode == step::SYNCHRONOUS {
        give_images(unit, operation, step)?;
    }
    // An asynchronous step has a transaction for each of its calls, for trial as well.
    let in_transaction =
        step.mode == step::SYNCHRONOUS && unit.in_request_transaction(step.stage, operation.context.depth);
    let mut context = std::mem::take(&mut operation.context);
    context.stage = step.stage;
    context.mode = step.mode;
    context.user = step_user.id();
    context.step = step.id;
    context.in_transaction = in_transaction;
    let initiating = operation.initiating.clone();
    enter_frame(unit, (step_user, initiating), operation.level, in_transaction, step);
    let started = unit.core.env.now();
    let Called { context, outcome, ran } = step.handler.call(unit, step, context);
    operation.context = context;
    operation.context.user = operation.principal.id();
    operation.form_rows(&unit.snapshot);
    let changed = operation.written.by(step, &mut operation.context);
    unit.trace.changed(changed);
    // How long the request may take is known here, and not in the handler.
    let is_late = |error: &Error| error.code() == Code::MESSAGE_TIMEOUT && error.body().limit.is_none();
    let outcome = outcome.map_err(|error| match is_late(&error) {
        true => unit.timed_out(),
        false => error,
    });
    let outcome = leave_frame(unit, step, ran.as_ref().map(|(_, usage)| usage.wall), outcome);
    let outcome = outcome.and_then(|()| match step.mode {
        step::SYNCHRONOUS => operation.check_parameters(),
        _ => Ok(()),
    });
    if let Some(ran) = ran {
        let setting = unit.snapshot.settings.trace;
        let times = (started, unit.core.env.now());
        unit.trace
            .finish_step(&operation.context, step, times, ran, outcome.as_ref().err(), setting);
    }
    outcome
}

/// A call begins, in the name of the step's user, in what an initiating one set off.
pub(crate) fn enter_frame(
    unit: &mut Unit,
    (step_user, initiating): (Arc<Principal>, Arc<Principal>),
    level: u32,
    in_transaction: bool,
    step: &Arc<Step>,
) {
    unit.frames.push(Frame {
        step_user,
        initiating,
        level,
        in_transaction,
        failed_call: None,
        inner: Duration::ZERO,
        step: step.clone(),
        began: Instant::now(),
        memory: 0,
    });
}

/// A call has ended, which took so long; without a measure, since its frame was made. What it came to, after a service
/// call of it failed.
pub(crate) fn leave_frame(
    unit: &mut Unit,
    step: &Arc<Step>,
    took: Option<Duration>,
    outcome: Result<()>,
) -> Result<()> {
    let Some(frame) = unit.frames.pop() else {
        return outcome;
    };
    let took = took.unwrap_or_else(|| frame.began.elapsed());
    unit.in_steps.add(step, took.saturating_sub(frame.inner));
    if let Some(outer) = unit.frames.last_mut() {
        outer.inner += took;
    }
    match (outcome, frame.failed_call) {
        (Ok(()), Some(swallowed)) if frame.in_transaction => Err(swallowed_error(&swallowed)),
        (Err(error), Some(failed)) => Err(in_own_words(error, failed)),
        (outcome, _) => outcome,
    }
}

/// The plug-in caught the error of a service call: where it did not hand that on, but ended with an error of its own,
/// that one says what was caught.
fn in_own_words(mut error: Error, failed: Error) -> Error {
    let body = error.body_mut();
    // What came through a call names it; what the sandbox refused is handed on as it is.
    let is_of_call = |body: &Body| body.call.is_some() || !body.reached.is_empty();
    let is_handed_on = is_of_call(body)
        || matches!(body.code, Code::ISV_TRANSACTION | Code::MESSAGE_TIMEOUT | Code::BUSY)
        || (!is_of_call(failed.body()) && body.code == failed.code() && body.message == failed.message());
    if !is_handed_on {
        body.caught = Some(failed);
    }
    error
}

/// The plug-in caught the error of a service call and went on, although the error had ended
/// the transaction. That it did so inside of another one is not said twice.
pub(crate) fn swallowed_error(swallowed: &Error) -> Error {
    let mut error = swallowed.clone();
    if error.code() == Code::ISV_TRANSACTION {
        return error;
    }
    let body = error.body_mut();
    body.message = format!(
        "ISV code reduced the open transaction count. Custom plug-ins should not catch exceptions from \
         OrganizationService calls and continue processing. The error that was caught: {}",
        body.message
    );
    body.code = Code::ISV_TRANSACTION;
    error
}

/// The innermost step is the one to blame: of the error, and of what its plug-in caught.
pub fn blame(error: &mut Error, step: &Step) {
    let body = error.body_mut();
    if body.step.is_none() {
        let info = step.info();
        body.plugin = Some(info.plugin.clone()).filter(|plugin| !plugin.is_empty());
        body.step = Some(info);
    }
    if let Some(caught) = &mut body.caught {
        blame(caught, step);
    }
}

/// Gives the operation the images that a step asked for. A pre-image is the row as it was before
/// the main operation, so far; a post-image the row as it was after it, whatever steps have done
/// to it since.
pub(crate) fn give_images(unit: &mut Unit, operation: &mut Operation, step: &Step) -> Result<()> {
    operation.context.pre_images.clear();
    operation.context.post_images.clear();
    if step.stage < step::POST_OPERATION && step.wants_row_before() {
        see_row_before(unit, operation)?;
    }
    if step.images.is_empty() {
        return Ok(());
    }
    // Images are of what the step's user may read.
    let user = user_of(unit, operation, step)?;
    if let (Some(table), Some(id)) = (operation.table.clone(), operation.context.id)
        && (operation.before.is_some() || operation.after.is_some())
    {
        unit.check_shown(&user, &table, id)?;
    }
    let hidden = match &operation.table {
        Some(table) => user.hidden(table),
        None => Vec::new(),
    };
    for image in &step.images {
        if let Some(table) = &operation.table {
            let given = Some(&image.columns).filter(|columns| !columns.is_empty());
            user.note_withheld(table, image.reads.as_ref().or(given));
        }
        let mut give = |row: &Option<Arc<Row>>, before: bool| {
            let images = match before {
                true => &mut operation.context.pre_images,
                false => &mut operation.context.post_images,
            };
            if let Some(row) = row {
                images.insert(image.alias.clone(), columns_of(row, &image.columns, &hidden));
            }
        };
        if image.kind != image::AFTER {
            give(&operation.before, true);
        }
        if image.kind != image::BEFORE && step.stage == step::POST_OPERATION {
            give(&operation.after, false);
        }
    }
    Ok(())
}

fn columns_of(row: &Arc<Row>, columns: &[Name], hidden: &[Name]) -> Arc<Row> {
    if columns.is_empty() && hidden.is_empty() {
        return row.clone();
    }
    let mut part = Row::new(row.table.clone(), row.id);
    part.values = row
        .values
        .iter()
        .filter(|(name, _)| (columns.is_empty() || columns.contains(name)) && !hidden.contains(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Arc::new(part)
}

/// Looks at the row right before the main operation, if a later step will want to see it.
pub(crate) fn take_before_images(unit: &mut Unit, operation: &mut Operation) -> Result<()> {
    let registered = unit.registered.clone();
    let later = |step: &&Arc<Step>| step.stage == step::POST_OPERATION;
    if chosen(&registered, operation)
        .filter(later)
        .any(|step| step.wants_row_before())
    {
        see_row_before(unit, operation)?;
    }
    Ok(())
}

/// Looks at the row right after the main operation, if a later step will want to see it.
pub(crate) fn take_after_images(unit: &mut Unit, operation: &mut Operation) -> Result<()> {
    let registered = unit.registered.clone();
    let later = |step: &&Arc<Step>| step.stage == step::POST_OPERATION;
    if chosen(&registered, operation)
        .filter(later)
        .any(|step| step.wants_row_after())
    {
        operation.after = row_now(unit, operation)?;
    }
    Ok(())
}

/// The row as it is now. Where a step has deleted it, it stays as it was last seen.
fn see_row_before(unit: &mut Unit, operation: &mut Operation) -> Result<()> {
    if let Some(row) = row_now(unit, operation)? {
        if let Some(table) = operation.table.clone() {
            unit.check_shown(&operation.principal.clone(), &table, row.id)?;
        }
        operation.before = Some(row);
    }
    Ok(())
}

fn row_now(unit: &mut Unit, operation: &Operation) -> Result<Option<Arc<Row>>> {
    let (Some(table), Some(id)) = (operation.table.clone(), operation.context.id) else {
        return Ok(None);
    };
    if operation.message.name() == "Create" && operation.context.outputs.is_empty() {
        return Ok(None);
    }
    let row = Reference::new(table.name.clone(), id);
    let row = unit.read_as_platform("give a step the images that it was registered with", &row, None)?;
    // An image is of columns, and the key is one of them.
    Ok(row.map(|row| Arc::new(row.with(table.key.clone(), id))))
}
