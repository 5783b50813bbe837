//! What goes with a solution, and what keeps a row from going.

use sluice_model::{Filter, Reference, Request, Result, Row, Uuid};

use super::rows::{row, touch, whole_of};
use crate::managed::MARK;
use crate::solutions::{Gone, Installation, defaults, states};
use sluice_engine::Component;

pub(super) fn remove(work: &mut Installation<'_, '_>, shape: &'static Component, gone: &Gone) -> Result<()> {
    let Some(id) = gone.row else { return Ok(()) };
    let Some(row) = row(work, shape.table, id)? else {
        return Ok(());
    };
    let retires = shape.states.is_some_and(|states| states.retires);
    if retires && states::is_active(shape, &row) == Some(true) {
        states::set_active(work, shape, &row.reference(), false)?;
    }
    for part in shape.parts {
        let whole = whole_of(work.catalog()?.table(part.table)?)?;
        for row in
            work.batch
                .select_as_platform("see which rows a solution meets", part.table, Filter::eq(&whole, id))?
        {
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
fn default_in_use(work: &mut Installation<'_, '_>, shape: &Component, gone: &Gone) -> Result<Option<String>> {
    let (Some(of), Some(id)) = (shape.of_table, gone.row) else {
        return Ok(None);
    };
    let Some(row) = row(work, shape.table, id)? else {
        return Ok(None);
    };
    let table = row.text(of).unwrap_or_default();
    let word = shape.word;
    let why = || format!("it is the default {word} of `{table}`, and no other {word} could be");
    Ok(defaults::is_needed(work, of, &row)?.then(why))
}

/// Why a row cannot be taken away without losing data; nothing, where it can.
pub(super) fn in_use(work: &mut Installation<'_, '_>, kind: &Component, gone: &Gone) -> Result<Option<String>> {
    let why = match gone.row {
        Some(id) => (kind.in_use)(work.batch.unit(), id)?,
        None => None,
    };
    match why {
        Some(why) => Ok(Some(why)),
        None => default_in_use(work, kind, gone),
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
