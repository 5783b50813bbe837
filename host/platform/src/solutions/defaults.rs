//! Which view or form of a table is the default one. That is the organisation's own choice: an
//! import leaves it as it is, and it passes on when the default one is taken away.

use sluice_model::{Filter, Query, Request, Result, Row, Value};

use super::Installation;

/// The column that says so.
pub(super) const COLUMN: &str = "isdefault";

/// The columns with the type of a row: only one of the same type takes its place.
const TYPE: [&str; 2] = ["type", "querytype"];

/// The states in which a row is in use.
const ACTIVE: [(&str, i32); 2] = [("statecode", 0), ("formactivationstate", 1)];

fn is_default(row: &Row) -> bool {
    row.bool(COLUMN) == Some(true)
}

/// Whether a row that arrives is the default one: one that is there already stays what it is,
/// a new one needs a table that has none. `of` is the column with the table.
pub(super) fn on_arrival(work: &mut Installation<'_, '_>, of: &str, there: Option<&Row>, sent: &Row) -> Result<bool> {
    if let Some(there) = there {
        return Ok(is_default(there));
    }
    let table = sent.get(of).cloned().unwrap_or(Value::Null);
    let defaults = Filter::eq(of, table).and(Filter::eq(COLUMN, true));
    Ok(is_default(sent)
        && work
            .batch
            .select_as_platform("see what is the default of a table", &sent.table, defaults)?
            .is_empty())
}

/// The oldest other row that could be the default one in place of this one.
fn successor(work: &mut Installation<'_, '_>, of: &str, row: &Row) -> Result<Option<Row>> {
    let definition = work.batch.unit().snapshot()?.table(&row.table)?.clone();
    let same = Filter::eq(of, row.get(of).cloned().unwrap_or(Value::Null));
    let oldest = Query::new(&*row.table)
        .filter(same)
        .order_by("createdon")
        .order_by(&definition.key);
    let rows = work
        .batch
        .unit()
        .select_as_platform("find what takes the place of a default that goes", &oldest)?;
    let fits = |other: &Row| {
        other.id != row.id
            && TYPE.iter().all(|column| other.get(column) == row.get(column))
            && ACTIVE
                .iter()
                .all(|(column, active)| other.int(column).is_none_or(|state| state == *active))
    };
    Ok(rows.into_iter().find(fits))
}

/// Whether nothing could take the place of a default one that a table of the platform needs. A
/// table of one's own begins without views and forms.
pub(super) fn is_needed(work: &mut Installation<'_, '_>, of: &str, row: &Row) -> Result<bool> {
    let catalog = work.catalog()?;
    let table = row.text(of).and_then(|table| catalog.find(table));
    if !is_default(row) || table.is_none_or(|table| table.custom) {
        return Ok(false);
    }
    Ok(successor(work, of, row)?.is_none())
}

/// Makes another one the default before this one is taken away; that one.
pub(super) fn pass_on(work: &mut Installation<'_, '_>, of: &str, row: &Row) -> Result<Option<Row>> {
    if !is_default(row) {
        return Ok(None);
    }
    let next = successor(work, of, row)?;
    let mut set = |row: &Row, default: bool| {
        let change = Row::new(row.table.clone(), row.id).with(COLUMN, default);
        work.batch.execute(Request::update(change)).map(|_| ())
    };
    set(row, false)?;
    if let Some(next) = &next {
        set(next, true)?;
    }
    Ok(next)
}
