//! Delete: which rows go with a row, which lose their reference to it, and which stand in its way.
//!
//! What stands in the way is found before anything is done. Then links are emptied, and the rows
//! that go are deleted, those furthest away first: all that between pre-validation and
//! pre-operation, as on the platform, whose steps in pre-operation no longer find them.

use std::collections::{BTreeMap, HashMap};

use sluice_model::{Code, Error, Name, OnDelete, Ownership, Reference, Relationship, Request, Result, Row, Value};

use super::referring::Level;
use crate::{Operation, Rules as _, Unit, change::Why, operation::Incoming, pipeline, tables};

/// What goes with a row that is deleted.
#[derive(Debug)]
struct Deletion {
    /// The row, and what goes with it, nearest first.
    rows: Vec<Going>,
    /// References that are emptied, of rows that stay.
    links: Vec<(Reference, Name)>,
    /// References within a cycle of rows that go: emptied first, so that one can go before the other.
    within: Vec<(Reference, Name)>,
    /// What the steps of the request had done when this was collected.
    steps: u64,
}

/// A row that goes.
#[derive(Debug)]
struct Going {
    row: Reference,
    /// It belongs to nobody: a membership, a part.
    bare: bool,
    /// The platform keeps it: it goes in the platform's name.
    kept: bool,
}

/// Everything that a Delete does to other rows before its own steps of pre-operation run.
pub(crate) fn before_deletion(unit: &mut Unit, operation: &mut Operation) -> Result<()> {
    let target = operation.target_reference()?;
    // Whoever collected this row has collected what goes with it.
    operation.collected = unit.cascades.deleting.get(&target).copied();
    if operation.collected.is_none() {
        operation.collected = Some(unit.steps_ran);
        deletion(unit, operation)?;
    }
    Ok(())
}

/// Lets go what steps have made to refer to the row since.
pub(crate) fn late_deletion(unit: &mut Unit, operation: &Operation) -> Result<()> {
    match operation.collected == Some(unit.steps_ran) {
        true => Ok(()),
        false => deletion(unit, operation),
    }
}

/// Collects what goes with the operation's row, and lets it go.
fn deletion(unit: &mut Unit, operation: &Operation) -> Result<()> {
    let deletion = collect(unit, &operation.target_reference()?)?;
    unit.count_followers(deletion.rows.len() - 1 + deletion.links.len())?;
    let mut added = Vec::with_capacity(deletion.rows.len());
    for Going { row, .. } in &deletion.rows {
        if !unit.cascades.deleting.contains_key(row) {
            unit.cascades.deleting.insert(row.clone(), deletion.steps);
            added.push(row);
        }
    }
    let result = carry_out(unit, operation, &deletion);
    for row in added {
        unit.cascades.deleting.remove(row);
    }
    result
}

fn collect(unit: &mut Unit, target: &Reference) -> Result<Deletion> {
    let mut deletion = Deletion {
        rows: vec![Going {
            row: target.clone(),
            bare: false,
            kept: false,
        }],
        links: Vec::new(),
        within: Vec::new(),
        steps: unit.steps_ran,
    };
    let mut places = HashMap::from([(target.clone(), 0)]);
    let mut links = Vec::new();
    let (mut level, mut next) = (Level::default(), Level::default());
    level.push(target);
    while !level.is_empty() {
        let deleted = |one: &Relationship| one.behaviours.delete != OnDelete::NoCascade;
        let core = unit.core.clone();
        // What another cascade lets go is that one's.
        let running = std::mem::take(&mut unit.cascades.deleting);
        let found = unit.each_referring(&level, &[], deleted, |relationship, above, row| {
            let row = row.reference();
            let new = !places.contains_key(&row) && !running.contains_key(&row);
            if relationship.behaviours.delete == OnDelete::Cascade && new {
                let over = places.get(&above).and_then(|place| deletion.rows.get(*place));
                let kept = over.is_some_and(|over| over.kept)
                    || belongs(&above.table, &row.table)
                    || core.rules(&relationship.table).follows_as_platform();
                places.insert(row.clone(), deletion.rows.len());
                deletion.rows.push(Going {
                    row: row.clone(),
                    bare: relationship.table.ownership == Ownership::None,
                    kept,
                });
                next.push(&row);
            }
            links.push((row, relationship.column.clone(), relationship.behaviours.delete, above));
            Ok(())
        });
        unit.cascades.deleting = running;
        found?;
        level = std::mem::take(&mut next);
    }
    sort_links(unit, &mut deletion, &places, links)?;
    Ok(deletion)
}

/// What the platform keeps with a row: the copies of a role, what belongs to a business unit,
/// the access teams of a template.
fn belongs(above: &str, below: &str) -> bool {
    matches!(
        (above, below),
        (tables::ROLE, tables::ROLE)
            | (tables::BUSINESS_UNIT, tables::ROLE | tables::TEAM)
            | (tables::TEAM_TEMPLATE, tables::TEAM)
    )
}

/// What becomes of each reference to a row that goes.
fn sort_links(
    unit: &Unit,
    deletion: &mut Deletion,
    places: &HashMap<Reference, usize>,
    links: Vec<(Reference, Name, OnDelete, Reference)>,
) -> Result<()> {
    let mut in_the_way: BTreeMap<(Name, Name), (Reference, usize)> = BTreeMap::new();
    for (row, column, on_delete, above) in links {
        match (places.get(&row), places.get(&above)) {
            // A row that refers to itself, as a role does that is its own root, goes with itself;
            // one further away goes first.
            (Some(place), Some(place_above)) if place >= place_above => {}
            // What belongs to nobody goes before all others.
            (Some(place), _) if deletion.rows.get(*place).is_some_and(|going| going.bare) => {}
            (Some(_), _) => deletion.within.push((row, column)),
            // It goes with another row, later.
            (None, _) if unit.cascades.deleting.contains_key(&row) => deletion.within.push((row, column)),
            (None, _) if on_delete == OnDelete::Restrict => {
                let found = in_the_way.entry((row.table, column)).or_insert_with(|| (above, 0));
                found.1 += 1;
            }
            (None, _) => deletion.links.push((row, column)),
        }
    }
    match (in_the_way.into_iter().next(), deletion.rows.first()) {
        (Some(first), Some(target)) => Err(restricted(&target.row, first)),
        _ => Ok(()),
    }
}

fn restricted(target: &Reference, ((table, column), (above, rows)): ((Name, Name), (Reference, usize))) -> Error {
    let rows = match rows {
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    };
    let to = match above == *target {
        true => "it".to_owned(),
        false => format!("{above}, which goes with it"),
    };
    let message = format!("{target} cannot be deleted: {rows} of `{table}` refer to {to} ({column})");
    Error::new(Code::REFERENCED, message).with_table(&target.table)
}

fn carry_out(unit: &mut Unit, operation: &Operation, deletion: &Deletion) -> Result<()> {
    for (row, column) in &deletion.within {
        let emptied = Row::new(row.table.clone(), row.id).with(column.clone(), Value::Null);
        unit.update_as_platform("let one of two rows go that refer to each other", emptied)?;
    }
    for (row, column) in &deletion.links {
        if is_there(unit, deletion, row)? {
            empty(unit, operation, row, column)?;
        }
    }
    for going in deletion.rows.iter().filter(|going| going.bare) {
        unit.delete_as_platform("remove the membership of a row that is deleted", &going.row)?;
    }
    for going in deletion.rows.iter().skip(1).filter(|going| !going.bare).rev() {
        if is_there(unit, deletion, &going.row)? {
            delete(unit, operation, going)?;
        }
    }
    Ok(())
}

/// Where steps have run since, one of them may have deleted it.
fn is_there(unit: &mut Unit, deletion: &Deletion, row: &Reference) -> Result<bool> {
    if unit.steps_ran == deletion.steps {
        return Ok(true);
    }
    let table = unit.snapshot()?.table(&row.table)?.clone();
    unit.read(|tx| tx.facts().exists(&table, row.id))
}

/// Empties a reference: an Update of the row that refers, where steps can see it. It needs no
/// right on that row: whoever may delete a row may take it from those that refer to it.
fn empty(unit: &mut Unit, operation: &Operation, row: &Reference, column: &Name) -> Result<()> {
    let reason = "empty the reference to a row that is deleted";
    let emptied = Row::new(row.table.clone(), row.id).with(column.clone(), Value::Null);
    let table = unit.snapshot()?.table(&row.table)?.clone();
    // A process that has ended stays for the reports, whatever becomes of its flow and its rows.
    match table.takes_steps && !unit.rules(&table).follows_as_platform() {
        true => unit
            .run_as_system(operation, reason, Request::update(emptied))
            .map(|_| ()),
        false => unit.update_as_platform(reason, emptied),
    }
}

/// Deletes a row because another one is deleted, in the name of the caller; what the platform
/// keeps (processes, the copies of a role, what belongs to a business unit) in its own.
fn delete(unit: &mut Unit, operation: &Operation, going: &Going) -> Result<()> {
    let principal = match going.kept {
        true => unit.system(),
        false => operation.principal.clone(),
    };
    let initiating = operation.initiating.clone();
    let request = Request::delete(going.row.clone());
    let incoming = Incoming {
        why: Why::Along,
        importing: operation.importing,
        bypass: operation.bypass.clone(),
        ..Incoming::nested(&operation.context, operation.level, principal, initiating, request)
    };
    pipeline::run(unit, incoming).map(|_| ())
}
