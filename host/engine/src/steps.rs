//! Runs the steps of one stage: finds them, gives them their images, calls the sandbox, and
//! says whose fault a failure was.

use std::sync::Arc;

use sluice_model::{Code, Error, Name, Reference, Result, Row};
use sluice_sandbox::Call;

use crate::{
    Unit,
    operation::Operation,
    snapshot::Snapshot,
    step::{self, Step},
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

/// Runs the synchronous steps of a stage in their order; the first failure ends it.
pub(crate) fn run(unit: &mut Unit, operation: &mut Operation, stage: i32) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let all = of(&snapshot, operation);
    if all.is_empty() {
        return Ok(());
    }
    for step in all
        .iter()
        .filter(|step| step.stage == stage && step.mode == step::SYNCHRONOUS)
    {
        if unit.trial.bypassed.contains(&step.id) || !step.listens_to(operation.context.target.as_ref()) {
            continue;
        }
        run_one(unit, operation, step)?;
    }
    Ok(())
}

/// Runs one step on an operation, in its transaction where there is one.
pub(crate) fn run_one(unit: &mut Unit, operation: &mut Operation, step: &Arc<Step>) -> Result<()> {
    unit.check_wall()?;
    unit.trace.enter_step(step);
    let result = call(unit, operation, step).map_err(|error| blame(error, step));
    unit.trace.leave(result.as_ref().err());
    result
}

fn call(unit: &mut Unit, operation: &mut Operation, step: &Arc<Step>) -> Result<()> {
    let plugin = unit.plugin(step)?;
    let run_as = unit
        .trial
        .run_as
        .iter()
        .find(|(id, _)| *id == step.id)
        .map(|(_, user)| *user)
        .or(step.run_as);
    let step_user = match run_as {
        Some(user) => unit.principal(user)?,
        // What the platform does as the system gives no plug-in the system's powers.
        None if operation.principal.is_system() => operation.initiating.clone(),
        None => operation.principal.clone(),
    };
    if step.mode == step::SYNCHRONOUS {
        give_images(unit, operation, step)?;
    }
    let sandbox = unit.core.sandbox()?;
    let in_transaction = unit.in_request_transaction(step.stage, operation.context.depth);
    let mut context = std::mem::take(&mut operation.context);
    context.stage = step.stage;
    context.mode = step.mode;
    context.user = step_user.id();
    context.step = step.id;
    context.in_transaction = in_transaction;
    let call = Call {
        type_name: step.type_name.clone(),
        context,
        limits: step.limits,
        grants: step.grants,
        configuration: step.configuration.clone(),
        secure_configuration: step.secure.clone(),
    };
    unit.frames.push(Frame {
        step_user,
        initiating: operation.initiating.clone(),
        failed_call: None,
    });
    let started = unit.core.env.now();
    let finished = unit.lend(|unit| {
        let finished = sandbox.call(&plugin, call, unit);
        (
            finished.services,
            (finished.context, finished.outcome, finished.trace, finished.usage),
        )
    });
    let (context, outcome, text, usage) = finished;
    operation.context = context;
    operation.context.user = operation.principal.id();
    let frame = unit.frames.pop();
    let outcome = match (outcome, frame.and_then(|frame| frame.failed_call)) {
        (Ok(()), Some(swallowed)) => Err(swallowed_error(&swallowed)),
        (outcome, _) => outcome,
    };
    let setting = unit.snapshot.settings.trace;
    unit.trace
        .finish_step(operation, step, (started, text, usage), outcome.as_ref().err(), setting);
    outcome
}

/// The plug-in caught the error of a service call and went on, although the error had ended
/// the transaction.
fn swallowed_error(swallowed: &Error) -> Error {
    let mut error = swallowed.clone();
    let body = error.body_mut();
    body.message = format!(
        "ISV code reduced the open transaction count. Custom plug-ins should not catch exceptions from \
         OrganizationService calls and continue processing. The error that was caught: {}",
        body.message
    );
    body.code = Code::ISV_TRANSACTION;
    error
}

/// The innermost step is the one to blame.
fn blame(mut error: Error, step: &Step) -> Error {
    let body = error.body_mut();
    if body.step.is_none() {
        body.step = Some(step.info());
        body.plugin = Some(step.plugin());
    }
    error
}

/// Gives the operation the images that a step asked for. A pre-image was taken before the
/// main operation; a post-image is the row as it is now.
pub(crate) fn give_images(unit: &mut Unit, operation: &mut Operation, step: &Step) -> Result<()> {
    operation.context.pre_images.clear();
    operation.context.post_images.clear();
    for image in &step.images {
        if image.kind != 1 {
            let row = match &operation.before {
                Some(row) => Some(row.clone()),
                None => row_now(unit, operation)?,
            };
            if let Some(row) = row {
                operation
                    .context
                    .pre_images
                    .insert(image.alias.clone(), columns_of(&row, &image.columns));
            }
        }
        if image.kind != 0
            && step.stage == step::POST_OPERATION
            && let Some(row) = row_now(unit, operation)?
        {
            operation
                .context
                .post_images
                .insert(image.alias.clone(), columns_of(&row, &image.columns));
        }
    }
    Ok(())
}

fn columns_of(row: &Arc<Row>, columns: &[Name]) -> Arc<Row> {
    if columns.is_empty() {
        return row.clone();
    }
    let mut part = Row::new(row.table.clone(), row.id);
    part.values = row
        .values
        .iter()
        .filter(|(name, _)| columns.contains(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Arc::new(part)
}

/// Takes the row as it is before the main operation, if any step will want to see it.
pub(crate) fn take_before_images(unit: &mut Unit, operation: &mut Operation) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let all = of(&snapshot, operation);
    let wanted = all
        .iter()
        .any(|step| step.stage == step::POST_OPERATION && step.images.iter().any(|image| image.kind != 1));
    if wanted && operation.before.is_none() {
        operation.before = row_now(unit, operation)?;
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
    Ok(row.map(Arc::new))
}
