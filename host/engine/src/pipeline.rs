//! The pipeline: what happens to every message, from top to bottom.

use sluice_model::{Code, Error, Response, Result, error::Limit};

use crate::{
    Unit, added, answers, attribution, bypass,
    change::Author,
    jobs,
    message::upsert,
    operation::{Incoming, Operation},
    remedies, step, steps, tasks,
};

/// How deep plug-ins may set each other off: so many messages of theirs, one inside the other.
pub(crate) const MAX_LEVEL: u32 = 8;

/// How many levels a chain of jobs may have that set each other off: sixteen runs, and the request.
const MAX_CHAIN: u32 = 17;

/// How many messages may be inside each other altogether, also those that messages send: the
/// stack of a pipeline thread is made for so many.
pub(crate) const MAX_NESTING: u32 = 32;

/// Runs one message: the request itself, or a further one that a plug-in or a message made.
pub(crate) fn run(unit: &mut Unit, incoming: Incoming) -> Result<Response> {
    if *incoming.request.message == *upsert::NAME {
        return upsert::run(unit, incoming);
    }
    check_level(unit, &incoming)?;
    check_nesting(unit)?;
    unit.check_wall()?;
    unit.check_waiting()?;
    if unit.nesting == 0 {
        unit.registered = unit.snapshot()?;
        unit.forget_cascades();
    }
    unit.nesting += 1;
    let result = message(unit, incoming);
    unit.nesting -= 1;
    result
}

fn message(unit: &mut Unit, incoming: Incoming) -> Result<Response> {
    let operation = Operation::begin(unit, incoming)?;
    if let Err(error) = check_caller(unit, &operation) {
        unit.trace.enter_message(&operation);
        unit.trace.leave(Some(&error));
        return Err(error);
    }
    if let Some(outputs) = answers::earlier(unit, &operation)? {
        return Ok(Response { outputs });
    }
    unit.trace.enter_message(&operation);
    let outer = unit.author.replace(Author::from(&operation));
    let result = stages(unit, operation).map_err(|error| unit.in_time(error));
    unit.author = outer;
    unit.trace.leave(result.as_ref().err());
    let operation = result?;
    if unit.nesting == 1 {
        unit.note_use(operation.context.created_on);
    }
    Ok(Response {
        outputs: operation.context.outputs,
    })
}

/// Whoever is disabled does nothing, whatever the message; who may not call on behalf of others sends none
/// so.
fn check_caller(unit: &mut Unit, operation: &Operation) -> Result<()> {
    sluice_access::check_enabled(&operation.principal).map_err(|error| match &operation.table {
        Some(table) => error.with_table(&table.name),
        None => error,
    })?;
    match operation.principal.limit().filter(|_| operation.context.depth == 1) {
        Some(caller) => unit.check_acts_on_behalf(caller),
        None => Ok(()),
    }
}

fn stages(unit: &mut Unit, mut operation: Operation) -> Result<Operation> {
    bypass::check(unit, &operation)?;
    steps::run(unit, &mut operation, step::PRE_VALIDATION)?;
    attribution::blaming_steps(unit, &mut operation, |unit, operation| {
        tasks::check_message(unit, operation)?;
        let checked = operation.message.check_privileges(unit, operation);
        checked.map_err(|error| remedies::reaching_the_row(unit, operation, error))
    })?;
    enter_operation(&mut operation);
    unit.in_transaction(operation, |unit, operation| {
        // Whose time was over is known as long as the transaction is open.
        stages_in_transaction(unit, operation).map_err(|error| unit.in_time(error))
    })
}

fn stages_in_transaction(unit: &mut Unit, operation: &mut Operation) -> Result<()> {
    // The same request may have been answered since: two of them came at once.
    if let Some(outputs) = answers::earlier(unit, operation)? {
        operation.context.outputs = outputs;
        return Ok(());
    }
    operation.message.before_steps(unit, operation)?;
    // An Update of state and other columns at once goes through the inner stages twice.
    let parts = operation.message.parts(operation)?;
    if parts.is_empty() {
        inner_stages(unit, operation)?;
    }
    for mut part in parts {
        inner_stages(unit, &mut part)?;
        operation.context.outputs.extend(part.context.outputs);
    }
    answers::keep(unit, operation)
}

fn inner_stages(unit: &mut Unit, operation: &mut Operation) -> Result<()> {
    steps::run(unit, operation, step::PRE_OPERATION)?;
    steps::take_before_images(unit, operation)?;
    // The access check on the row as the steps left it is the first thing that the main operation
    // does: without its permit the store does nothing.
    attribution::blaming_steps(unit, operation, added::run)?;
    operation.check_outputs()?;
    steps::take_after_images(unit, operation)?;
    steps::run(unit, operation, step::POST_OPERATION)?;
    jobs::queue(unit, operation)
}

/// For some messages the context of pre-validation is the parent of the later ones, so that
/// its shared variables are found there.
fn enter_operation(operation: &mut Operation) {
    if matches!(operation.message.name(), "Create" | "Update" | "Delete") && !operation.context.shared.is_empty() {
        let outer = operation.context.clone();
        operation.context.shared.clear();
        operation.context.parent = Some(std::sync::Arc::new(outer));
    }
}

/// Ends a loop: what a message itself sends, as QualifyLead does its creates, does not count. A chain
/// of jobs goes on longer than one of messages inside each other.
fn check_level(unit: &Unit, incoming: &Incoming) -> Result<()> {
    let own = incoming.level.saturating_sub(unit.job_level);
    match (own <= MAX_LEVEL, incoming.level <= MAX_CHAIN || unit.job_level == 0) {
        (true, true) => Ok(()),
        (true, false) => Err(too_deep(unit, ("chain", MAX_CHAIN, incoming.level))),
        (false, _) => Err(too_deep(unit, ("depth", MAX_LEVEL, own))),
    }
}

fn check_nesting(unit: &Unit) -> Result<()> {
    match unit.nesting < MAX_NESTING {
        true => Ok(()),
        false => Err(too_deep(unit, ("nesting", MAX_NESTING, unit.nesting + 1))),
    }
}

fn too_deep(unit: &Unit, (name, allowed, used): (&str, u32, u32)) -> Error {
    let mut error = Error::new(
        Code::DEPTH,
        format!(
            "This workflow job was canceled because the workflow that started it included an infinite loop. \
             Correct the workflow logic and try again. For information about workflow logic, see Help. \
             (The chain: {}.)",
            unit.trace.chain().join(" → ")
        ),
    );
    error.body_mut().limit = Some(Limit {
        name: name.to_owned(),
        allowed: allowed.into(),
        used: used.into(),
        unit: "levels",
    });
    error
}
