//! What goes with a solution, and what keeps a row from going.

use sluice_model::{Filter, Reference, Request, Result, Row, Uuid};

use super::rows::{Shape, row, touch};
use crate::solutions::{Gone, Installation, defaults, manifest::Kind, states};
use crate::{flow, managed::MARK};

pub(super) fn remove(work: &mut Installation<'_, '_>, shape: &'static Shape, gone: &Gone) -> Result<()> {
    let Some(id) = gone.row else { return Ok(()) };
    let Some(row) = row(work, shape.table, id)? else {
        return Ok(());
    };
    let retired = matches!(shape.kind, Kind::DuplicateRule | Kind::Flow | Kind::Workflow);
    if retired && states::is_active(shape.kind, &row) == Some(true) {
        states::set_active(work, shape.kind, &row.reference(), false)?;
    }
    for part in shape.parts {
        for row in work.batch.select_as_platform(
            "see which rows a solution meets",
            part.table,
            Filter::eq(part.parent, id),
        )? {
            touch(work, part.table, row.id);
        }
    }
    if let Some(of) = shape.of_table
        && let Some(next) = defaults::pass_on(work, of, &row)?
    {
        touch(work, shape.table, next.id);
    }
    touch(work, shape.table, id);
    delete(work, shape.table, Some(id))
}

/// The last view or form that a table of the platform could have as its default stays.
pub(super) fn default_in_use(work: &mut Installation<'_, '_>, shape: &Shape, gone: &Gone) -> Result<Option<String>> {
    let (Some(of), Some(id)) = (shape.of_table, gone.row) else {
        return Ok(None);
    };
    let Some(row) = row(work, shape.table, id)? else {
        return Ok(None);
    };
    let table = row.text(of).unwrap_or_default();
    let word = shape.kind.word();
    let why = || format!("it is the default {word} of `{table}`, and no other {word} could be");
    Ok(defaults::is_needed(work, of, &row)?.then(why))
}

/// A flow in which something is under way is not taken away.
pub(super) fn flow_in_use(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<Option<String>> {
    let snapshot = work.batch.unit().snapshot()?;
    match gone.row.and_then(|id| crate::flow::flows(&snapshot).find(id)) {
        Some(flow) => flow::in_use(work.batch.unit(), flow),
        None => Ok(None),
    }
}

/// Whether a row of the table has that id.
pub(super) fn is_taken(work: &mut Installation<'_, '_>, table: &str, id: Uuid) -> Result<bool> {
    Ok(row(work, table, id)?.is_some())
}

/// Deletes a row that is still there.
pub(super) fn delete(work: &mut Installation<'_, '_>, table: &'static str, id: Option<Uuid>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    if row(work, table, id)?.is_none() {
        return Ok(());
    }
    let request = Request::delete(Reference::new(table, id));
    work.batch.execute(request).map(|_| ())
}

/// Leaves a row as the organisation's own.
pub(super) fn release(work: &mut Installation<'_, '_>, table: &'static str, id: Option<Uuid>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    match row(work, table, id)? {
        Some(row) if row.bool(MARK) == Some(true) => {
            let change = Row::new(table, id).with(MARK, false);
            touch(work, table, id);
            work.batch.execute(Request::update(change)).map(|_| ())
        }
        _ => Ok(()),
    }
}
