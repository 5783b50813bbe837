//! Which change was the last one, and in which order the records of its request are taken back.

use std::collections::{HashMap, HashSet};

use serde_json::Value as Json;
use sluice_engine::{Batch, tables};
use sluice_model::{Error, Filter, Order, Query, Reference, Result, Row, Uuid, Value};

use super::{
    Wanted, effect,
    kind::{check_kind, of_people},
    record::{Record, SECRET, as_recorded},
};
use crate::audit::{Action, OF_EARLIER_ROW, Sort};

/// A request that changed more rows is not taken back.
pub(super) const MOST: u32 = 500;

/// The records of the last request that changed something, the newest first.
pub(super) fn change(batch: &mut Batch<'_>, wanted: &Wanted) -> Result<Vec<Record>> {
    let by = wanted
        .by
        .or_else(|| wanted.what.is_none().then(|| batch.principal().id()));
    let by = by.map(|user| Filter::eq("userid", Reference::new(tables::USER, user)));
    let whose = of_people(batch)?.and(by.unwrap_or(Filter::All));
    let whose = whose.and(effect::candidates(batch, wanted.redo)?);
    let about = match &wanted.what {
        Some(row) => of_row_and_parts(batch, row)?,
        None => {
            check_kind(batch, &whose)?;
            let catalog = batch.unit().catalog();
            let tables = catalog.iter().filter(|table| table.undone);
            Filter::In {
                column: "objecttypecode".into(),
                values: tables.map(|table| Value::from(&*table.name)).collect(),
            }
        }
    };
    let about = about.and(whose);
    let newest = batch.list(newest_first(about.clone()).top(1))?;
    let Some(newest) = newest.first() else {
        return Ok(Vec::new());
    };
    let newest = Record::of(newest)?;
    let Some(request) = newest.request else {
        return Ok(vec![newest]);
    };
    let of_request = about.and(Filter::eq("transactionid", request));
    let rows = batch.list(newest_first(of_request).top(MOST + 1))?;
    if rows.len() > MOST as usize {
        let message =
            format!("the last request changed more than {MOST} rows: that is not taken back at once; name one of them");
        return Err(Error::invalid(message).in_case(&super::NOT_TAKEN_BACK));
    }
    let mut records: Vec<Record> = Vec::new();
    for row in &rows {
        let record = Record::of(row)?;
        // One request may change a row several times; what counts is how it was before the first.
        match records.iter_mut().find(|later| record.is_followed_by(later)) {
            Some(later) => later.follows(record),
            None => records.push(record),
        }
    }
    Ok(records)
}

/// What is on record of a row, and of the rows that are or were parts of it.
fn of_row_and_parts(batch: &mut Batch<'_>, whole: &Reference) -> Result<Filter> {
    let mut of_any = vec![of_rows(&whole.table, [whole.id])];
    let parts: Vec<_> = batch.unit().catalog().iter().cloned().collect();
    for table in &parts {
        if let Some((column, _)) = table.whole().filter(|(_, of)| **of == whole.table) {
            let ids = parts_of(batch, whole, (&table.name, column))?;
            if !ids.is_empty() {
                of_any.push(of_rows(&table.name, ids));
            }
        }
    }
    if *whole.table == *tables::STEP
        && let Some(secret) = secret_of(batch, whole)?
    {
        of_any.push(of_rows(&secret.table, [secret.id]));
    }
    let of_earlier = Filter::eq(OF_EARLIER_ROW, true);
    Ok(Filter::Or(of_any).and(of_earlier.negated()))
}

fn of_rows(table: &str, ids: impl IntoIterator<Item = Uuid>) -> Filter {
    let of_rows = Filter::In {
        column: "objectid".into(),
        values: ids.into_iter().map(Value::Id).collect(),
    };
    of_rows.and(Filter::eq("objecttypecode", table))
}

/// The rows of a table that are parts of a row, and those that were when they were deleted. The platform looks: who
/// may read the trail, but not the parts, is to hear that the last change was theirs.
fn parts_of(batch: &mut Batch<'_>, whole: &Reference, (table, column): (&str, &str)) -> Result<HashSet<Uuid>> {
    let reason = "find the changes of what is a part of a row";
    let there = batch.select_as_platform(reason, table, Filter::eq(column, whole.id))?;
    let deleted = Filter::eq("objecttypecode", table).and(Filter::eq("operation", Sort::Delete.value()));
    let deleted = batch.select_as_platform(reason, tables::AUDIT, deleted)?;
    let of_whole = as_recorded(whole);
    let was_part = |record: &Row| {
        let columns = Record::of(record).map(|record| record.columns).unwrap_or_default();
        columns
            .iter()
            .any(|(name, old, _)| name == column && old.as_str() == Some(&of_whole))
    };
    let gone = deleted.iter().filter(|record| was_part(record));
    let gone: Vec<Uuid> = gone.filter_map(|record| record.id_of("objectid")).collect();
    Ok(there.iter().map(|row| row.id).chain(gone).collect())
}

/// The row that holds the secure configuration of a step.
fn secret_of(batch: &mut Batch<'_>, step: &Reference) -> Result<Option<Reference>> {
    let reason = "find the changes of what is a part of a row";
    let step = batch.unit().read_as_platform(reason, step, Some(&[SECRET.into()]))?;
    Ok(step.and_then(|step| step.lookup(SECRET).cloned()))
}

/// The records in the order in which they are taken back: the last one first, but none before what it needs. What
/// refers to a row that was deleted needs that one back; a row that was made goes once nothing else that was made
/// refers to it.
pub(super) fn in_order(records: &[Record]) -> Vec<&Record> {
    let places = |action: Action| -> HashMap<String, usize> {
        let those = records.iter().enumerate().filter(|(_, record)| record.action == action);
        those.map(|(place, record)| (as_recorded(&record.row), place)).collect()
    };
    let (made, deleted) = (places(Action::Create), places(Action::Delete));
    let mut needs: Vec<Vec<usize>> = vec![Vec::new(); records.len()];
    for (place, record) in records.iter().enumerate() {
        for (_, old, new) in &record.columns {
            let found = |rows: &HashMap<String, usize>, value: &Json| rows.get(value.as_str()?).copied();
            if let (Some(there), Some(needs)) = (found(&deleted, old), needs.get_mut(place)) {
                needs.push(there);
            }
            if record.action == Action::Create
                && let Some(needs) = found(&made, new).and_then(|there| needs.get_mut(there))
            {
                needs.push(place);
            }
        }
    }
    let mut order = Vec::new();
    let mut seen = vec![false; records.len()];
    for place in 0..records.len() {
        put(place, &needs, &mut seen, &mut order);
    }
    order.iter().filter_map(|place| records.get(*place)).collect()
}

/// Puts a record in its place, behind what it needs.
fn put(place: usize, needs: &[Vec<usize>], seen: &mut [bool], order: &mut Vec<usize>) {
    if seen.get_mut(place).is_none_or(|seen| std::mem::replace(seen, true)) {
        return;
    }
    for needed in needs.get(place).into_iter().flatten() {
        put(*needed, needs, seen, order);
    }
    order.push(place);
}

pub(super) fn newest_first(filter: Filter) -> Query {
    let mut query = Query::new(tables::AUDIT).filter(filter);
    query.order = ["createdon", "auditid"]
        .map(|column| Order {
            column: column.into(),
            descending: true,
        })
        .to_vec();
    query
}
