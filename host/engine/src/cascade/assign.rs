//! Assign: the rows below a row that gets another owner get the same one.

use std::collections::HashMap;

use sluice_model::{Follow, Reference, Relationship, Request, Result, Row};
use sluice_sandbox::Context;

use super::{referring::Level, rights};
use crate::{Operation, Unit, change::Why, operation::Incoming, pipeline};

/// A row with its owner so far.
type Owned = (Reference, Option<Reference>);

/// The operation has given its row another owner: the rows below it follow, each by an Assign of
/// its own in the name of the caller; and who may read what is below changes with the owners.
pub(crate) fn follow_owner(unit: &mut Unit, operation: &Operation, before: &Row, now: &Row) -> Result<()> {
    let target = operation.target_reference()?;
    let owner_before = before.lookup("ownerid");
    let Some(owner) = now.lookup("ownerid").filter(|owner| owner_before != Some(owner)) else {
        return Ok(());
    };
    // Whoever collected this row has collected what is below it.
    if unit.cascades.assigning.contains(&target) {
        return Ok(());
    }
    let rows = collect(unit, (target, owner_before.cloned()), owner)?;
    unit.count_followers(rows.len() - 1)?;
    let mut added = Vec::with_capacity(rows.len());
    for (row, _) in &rows {
        if unit.cascades.assigning.insert(row.clone()) {
            added.push(row);
        }
    }
    let result = rows
        .iter()
        .skip(1)
        .try_for_each(|(row, _)| assign(unit, operation, row, owner));
    for row in added {
        unit.cascades.assigning.remove(row);
    }
    result?;
    rights::owners_changed(unit, operation, &rows, owner)
}

/// The row, and those that follow it, nearest first. One that has the owner already stays, with
/// what is below it.
fn collect(unit: &mut Unit, target: Owned, owner: &Reference) -> Result<Vec<Owned>> {
    let mut places = HashMap::from([(target.0.clone(), 0)]);
    let (mut level, mut next) = (Level::default(), Level::default());
    level.push(&target.0);
    let mut rows = vec![target];
    while !level.is_empty() {
        let assigned = |one: &Relationship| one.behaviours.assign != Follow::NoCascade;
        let running = std::mem::take(&mut unit.cascades.assigning);
        let found = unit.each_referring(
            &level,
            &["ownerid", "statecode"],
            assigned,
            |relationship, above, row| {
                let child = row.reference();
                let Some(has) = row.lookup("ownerid").filter(|has| *has != owner) else {
                    return Ok(());
                };
                let above: Option<&Owned> = places.get(&above).and_then(|place: &usize| rows.get(*place));
                let of_above = above.and_then(|(_, owner)| owner.as_ref());
                let new = !places.contains_key(&child) && !running.contains(&child);
                if new && follows(relationship.behaviours.assign, &row, of_above) {
                    places.insert(child.clone(), rows.len());
                    next.push(&child);
                    rows.push((child, Some(has.clone())));
                }
                Ok(())
            },
        );
        unit.cascades.assigning = running;
        found?;
        level = std::mem::take(&mut next);
    }
    Ok(rows)
}

/// Whether a row follows one of this owner.
pub(super) fn follows(which: Follow, row: &Row, owner: Option<&Reference>) -> bool {
    match which {
        Follow::NoCascade => false,
        Follow::Cascade => true,
        Follow::Active => row.int("statecode").is_none_or(|state| state == 0),
        Follow::UserOwned => row.lookup("ownerid") == owner,
    }
}

fn assign(unit: &mut Unit, operation: &Operation, row: &Reference, owner: &Reference) -> Result<()> {
    // A step may have deleted it.
    let table = unit.snapshot()?.table(&row.table)?.clone();
    if !unit.read(|tx| tx.facts().exists(&table, row.id))? {
        return Ok(());
    }
    let request = Request::new("Assign")
        .with("Target", row.clone())
        .with("Assignee", owner.clone());
    let (principal, initiating) = (operation.principal.clone(), operation.initiating.clone());
    let incoming = Incoming {
        why: Why::Along,
        importing: operation.importing,
        bypass: operation.bypass.clone(),
        ..Incoming::nested(setter(operation), operation.level, principal, initiating, request)
    };
    pipeline::run(unit, incoming).map(|_| ())
}

/// The message that set the cascade off: the Assign, where the Update is its own.
fn setter(operation: &Operation) -> &Context {
    let own = &operation.context;
    let same = |context: &Context| context.table == own.table && context.id == own.id;
    let mut next = own.parent.as_deref();
    while let Some(context) = next.filter(|context| same(context)) {
        match &*context.message {
            "Assign" => return context,
            // The same Update before it was in the transaction.
            "Update" if context.depth == own.depth => next = context.parent.as_deref(),
            _ => break,
        }
    }
    own
}
