//! What steps add to a message that the platform itself runs, or that follows from another one: the
//! platform's permit is for its own work. What a step wrote into the Target is written behind it, in
//! the name of the step's user, as if that user had asked for it: every gate is asked.

use sluice_model::Result;

use crate::{Unit, attribution::Written, change::Why, operation::Operation, steps::user_of, tasks};

/// Does the main operation.
///
/// # Errors
/// Those of the message, and of what steps added, whose user may not write it.
pub(crate) fn run(unit: &mut Unit, operation: &mut Operation) -> Result<()> {
    let added = match operation.why != Why::Asked || operation.principal.is_system() {
        true => operation.written.columns(),
        false => Vec::new(),
    };
    if added.is_empty() {
        return operation.message.run(unit, operation);
    }
    let mut own = operation.clone();
    std::mem::take(&mut own.written).take_back(&mut own.context);
    own.message.run(unit, &mut own)?;
    operation.context.id = own.context.id;
    operation.context.outputs = own.context.outputs;
    let update = unit.core.message("Update")?;
    for (step, columns) in added {
        let mut theirs = operation.part(|name| columns.contains(name));
        theirs.principal = user_of(unit, operation, &step)?;
        theirs.context.user = theirs.principal.id();
        theirs.message = update;
        theirs.written = Written::default();
        theirs.platform_links = &[];
        theirs.why = Why::Asked;
        tasks::check_message(unit, &theirs)?;
        update.check_privileges(unit, &theirs)?;
        let mut parts = update.parts(&theirs)?;
        if parts.is_empty() {
            parts.push(theirs);
        }
        for mut part in parts {
            update.run(unit, &mut part)?;
        }
    }
    Ok(())
}
