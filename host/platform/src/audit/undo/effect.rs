//! Which changes are still in effect: what took one back is noted on its own records, and what made it again on those
//! of that.

use std::collections::HashSet;

use sluice_engine::{Batch, tables};
use sluice_model::{Filter, Result, Row, Uuid, Value};

use super::{last::newest_first, record::Record};

/// The column of a record that says which request was taken back.
const TAKES_BACK: &str = "sl_takesback";

/// So many of the last records that took something back are looked at.
const MOST: u32 = 100;

/// The records that may be taken back: of changes that are in effect, or, to `redo` it, of what took such a change
/// back. Of a request each row counts by itself.
pub(super) fn candidates(batch: &mut Batch<'_>, redo: bool) -> Result<Filter> {
    let took_back = Filter::eq(TAKES_BACK, Value::Null).negated();
    let columns = ["transactionid", "objectid", TAKES_BACK];
    let query = newest_first(took_back).columns(&columns).top(MOST);
    let reason = "tell changes that are in effect from those that were taken back";
    let marks = batch.unit().select_as_platform(reason, &query)?;
    let part = |row: &Row, request: &str| Some((row.id_of(request)?, row.id_of("objectid")?));
    // What went and came with the rest of its request took nothing back.
    let marks = marks
        .iter()
        .filter(|mark| mark.id_of("transactionid") != mark.id_of(TAKES_BACK));
    let requests: HashSet<Uuid> = marks.clone().filter_map(|mark| mark.id_of("transactionid")).collect();
    let (mut taken, mut again) = (HashSet::new(), HashSet::new());
    for mark in marks {
        let (Some(own), Some(before)) = (part(mark, "transactionid"), part(mark, TAKES_BACK)) else {
            continue;
        };
        if taken.contains(&own) {
            continue;
        }
        if !requests.contains(&before.0) {
            again.insert(own);
        }
        taken.insert(before);
    }
    let of = |(request, row): &(Uuid, Uuid)| of_request(*request).and(Filter::eq("objectid", Value::Id(*row)));
    Ok(match redo {
        true => Filter::Or(again.iter().map(of).collect()),
        false => {
            let own = Filter::eq(TAKES_BACK, Value::Null);
            taken.iter().fold(own, |filter, one| filter.and(of(one).negated()))
        }
    })
}

/// Notes on what the batch has put on record that it takes these records of a request back. What has no record there goes
/// and comes with the rest, as the platform's copies do, and says so itself.
pub(super) fn note(batch: &mut Batch<'_>, request: Uuid, records: &[Record]) -> Result<()> {
    let own = batch.correlation();
    let told = mark(batch, own, request, |_| true)?;
    let mut others: HashSet<Uuid> = records.iter().map(|record| record.row.id).collect();
    let reason = "tell changes that are in effect from those that were taken back";
    let all = newest_first(of_request(request));
    for row in batch.unit().select_as_platform(reason, &all)? {
        if let Ok(record) = Record::of(&row)
            && record.is_copy(batch)?
        {
            others.insert(record.row.id);
        }
    }
    others.retain(|row| !told.contains(row));
    mark(batch, request, request, |row| others.contains(&row))?;
    Ok(())
}

fn of_request(request: Uuid) -> Filter {
    Filter::eq("transactionid", Value::Id(request))
}

/// Notes on the records of a request, of those about rows that are meant, that they take `back` back; these rows.
fn mark(batch: &mut Batch<'_>, request: Uuid, back: Uuid, is_meant: impl Fn(Uuid) -> bool) -> Result<HashSet<Uuid>> {
    let reason = "tell changes that are in effect from those that were taken back";
    let query = newest_first(of_request(request)).columns(&["objectid"]);
    let mut rows = HashSet::new();
    for record in batch.unit().select_as_platform(reason, &query)? {
        let Some(row) = record.id_of("objectid").filter(|row| is_meant(*row)) else {
            continue;
        };
        let noted = Row::new(tables::AUDIT, record.id).with(TAKES_BACK, Value::Id(back));
        batch.unit().update_as_platform(reason, noted)?;
        rows.insert(row);
    }
    Ok(rows)
}
