//! From the texts of a line to the row that is created.

use std::sync::Arc;

use sluice_model::{Code, ColumnType, Error, Filter, Query, Reference, Result, Row, Uuid, Value, coerce, written};

use super::plan::{Lookup, Plan, Target};
use sluice_engine::Session;

/// Why a line gives no row: under which heading, and what.
pub(super) type Wrong = (Arc<str>, Error);

/// The row of a line. `id` is its key, unless the file gives one.
pub(super) fn row(
    session: &Session,
    plan: &Plan,
    targets: &[Option<Arc<Target>>],
    fields: &[String],
    id: Uuid,
) -> std::result::Result<Row, Wrong> {
    let mut row = Row::new(plan.table.name.clone(), id);
    row.values.extend(plan.constants.iter().cloned());
    for (target, text) in targets.iter().zip(fields) {
        let Some(target) = target.as_ref().filter(|_| !text.is_empty()) else {
            continue;
        };
        let value = value(session, plan, target, text).map_err(|error| (target.heading.clone(), error))?;
        match value {
            Value::Id(key) if target.column.kind == ColumnType::Key => row.id = key,
            value => row.set(target.column.name.clone(), value),
        }
    }
    Ok(row)
}

fn value(session: &Session, plan: &Plan, target: &Target, text: &str) -> Result<Value> {
    let column = &target.column;
    if let Some(value) = target.values.get(text) {
        return Ok(value.clone());
    }
    let value = match (&column.kind, &target.lookup) {
        (ColumnType::Lookup { .. }, Some(lookup)) => found(session, lookup, text)?,
        // People write `null` for an empty value; in a file it is a name like any other.
        (ColumnType::Lookup { .. }, None) if text != "null" => session.value(&plan.table, column, text)?,
        // A point in time without an offset is meant in the plan's time zone.
        (ColumnType::DateTime, _) => match written::time_in(text, &plan.timezone) {
            Some(time) => Value::DateTime(time),
            None => coerce::from_text(&plan.table, column, text)?,
        },
        _ => coerce::from_text(&plan.table, column, text)?,
    };
    coerce::check(&plan.table, column, value)
}

/// The one row that `text` leads to.
fn found(session: &Session, lookup: &Lookup, text: &str) -> Result<Value> {
    let table = &lookup.table;
    let wanted = coerce::from_text(table, &lookup.by, text)?;
    let query = Query::new(table.name.clone())
        .columns(&[])
        .filter(Filter::eq(&lookup.by.name, wanted))
        .top(2);
    let told = |code, what: &str| {
        let message = format!("{what} `{}` has the {} \"{text}\"", table.name, lookup.by.name);
        Err(Error::new(code, message).with_table(&table.name))
    };
    match session.list(query)?.as_slice() {
        [] => told(Code::NOT_FOUND, "no row of"),
        [row] => Ok(Value::Lookup(Reference::new(table.name.clone(), row.id))),
        _ => told(Code::AMBIGUOUS, "more than one row of"),
    }
}

/// Whether the row is there, as far as the user may see it.
pub(super) fn is_there(session: &Session, plan: &Plan, id: Uuid) -> Result<bool> {
    let query = Query::new(plan.table.name.clone())
        .columns(&[])
        .filter(Filter::eq(&plan.table.key, id))
        .top(1);
    Ok(!session.list(query)?.is_empty())
}
