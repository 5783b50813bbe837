//! The pipeline: what happens to every message, from top to bottom.
//! Source: the platform reference §1.1, §1.2, §1.4, §1.9.

use sluice_model::{Code, Error, Response, Result, error::Limit};

use crate::{
    Unit, answers,
    change::Author,
    jobs,
    operation::{Incoming, Operation},
    step, steps,
};

/// How deep steps may set each other off.
pub(crate) const MAX_DEPTH: u32 = 8;

/// Runs one message: the request itself, or a further one that a plug-in or a message made.
pub(crate) fn run(unit: &mut Unit, incoming: Incoming) -> Result<Response> {
    check_depth(unit, &incoming)?;
    unit.check_wall()?;
    let operation = Operation::begin(unit, incoming)?;
    check_caller(&operation)?;
    if let Some(outputs) = answers::earlier(unit, &operation)? {
        return Ok(Response { outputs });
    }
    unit.trace.enter_message(&operation);
    let outer = unit.author.replace(Author::from(&operation));
    let result = stages(unit, operation);
    unit.author = outer;
    unit.trace.leave(result.as_ref().err());
    result.map(|operation| Response {
        outputs: operation.context.outputs,
    })
}

/// Whoever is disabled does nothing, whatever the message.
fn check_caller(operation: &Operation) -> Result<()> {
    sluice_access::check_enabled(&operation.principal).map_err(|error| match &operation.table {
        Some(table) => error.with_table(&table.name),
        None => error,
    })
}

fn stages(unit: &mut Unit, mut operation: Operation) -> Result<Operation> {
    steps::run(unit, &mut operation, step::PRE_VALIDATION)?;
    operation.message.check_privileges(unit, &operation)?;
    enter_operation(&mut operation);
    unit.in_transaction(operation, |unit, operation| {
        // The same request may have been answered since: two of them came at once.
        if let Some(outputs) = answers::earlier(unit, operation)? {
            operation.context.outputs = outputs;
            return Ok(());
        }
        // An Update of state and other columns at once goes through the inner stages twice.
        let parts = operation.message.parts(operation)?;
        if parts.is_empty() {
            inner_stages(unit, operation)?;
        }
        for mut part in parts {
            inner_stages(unit, &mut part)?;
            operation.context.outputs.append(&mut part.context.outputs);
        }
        answers::keep(unit, operation)
    })
}

fn inner_stages(unit: &mut Unit, operation: &mut Operation) -> Result<()> {
    steps::run(unit, operation, step::PRE_OPERATION)?;
    steps::take_before_images(unit, operation)?;
    // The access check on the row as the steps left it is the first thing that the main operation
    // does: without its permit the store does nothing.
    operation.message.run(unit, operation)?;
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

fn check_depth(unit: &Unit, incoming: &Incoming) -> Result<()> {
    if incoming.depth <= MAX_DEPTH {
        return Ok(());
    }
    let mut error = Error::new(
        Code::DEPTH,
        format!(
            "This workflow job was canceled because the workflow that started it included an infinite loop. \
             Correct the workflow logic and try again. For information about workflow logic, see Help. \
             (The chain: {}.)",
            unit.trace.chain()
        ),
    );
    error.body_mut().limit = Some(Limit {
        name: "depth".to_owned(),
        allowed: MAX_DEPTH.into(),
        used: incoming.depth.into(),
        unit: "levels",
    });
    Err(error)
}
