//! `sluice trace list --follow`: traces as they come.

use std::{collections::HashMap, sync::atomic::Ordering, time::Duration};

use sluice_model::{Comparison, Filter, Query, Row, Timestamp, Uuid, Value, json};

use super::trace::{CALL, calls_of, newest};
use crate::{
    context::Context,
    door::Door,
    interrupt, lists,
    output::{self, Outcome},
    people, times,
};

/// So often it is looked for new ones.
const PAUSE: Duration = Duration::from_millis(500);
/// A transaction writes its traces when it ends: they may be so much older than others that are
/// there already, in seconds.
const LATE: i64 = 150;

/// Shows the newest, then goes on until Ctrl-C. With `--json` it is a document a line.
pub(super) fn follow(context: &Context, session: &dyn Door, query: &Query, top: u32) -> anyhow::Result<Outcome> {
    lists::check_export(session)?;
    let stop = interrupt::flag("that was all")?;
    let now = context.env().now();
    let already = times::moved(now, -LATE).unwrap_or(now);
    let there = session.traces(
        Query::new(query.table.clone())
            .columns(&["createdon"])
            .filter(since(already)),
    )?;
    let mut shown: HashMap<Uuid, Timestamp> = there.iter().map(|row| (row.id, made(row))).collect();
    let (mut from, mut any) = (None, false);
    loop {
        let mut asked = query.clone();
        asked.columns = asked.columns.map(|mut columns| {
            if !columns.iter().any(|column| &**column == "createdon") {
                columns.push("createdon".into());
            }
            columns
        });
        asked.filter = match from {
            Some(from) => asked.filter.and(since(from)),
            None => asked.filter,
        };
        let asked = newest(asked);
        let asked = if from.is_none() { asked.top(top) } else { asked };
        let mut rows = session.traces(asked)?;
        rows.reverse();
        rows.retain(|row| from.is_none() || !shown.contains_key(&row.id));
        if !rows.is_empty() {
            write(context, session, query, &rows, any)?;
            any = true;
        }
        shown.extend(rows.iter().map(|row| (row.id, made(row))));
        let now = context.env().now();
        let last = shown.values().max().copied().unwrap_or(now).min(now);
        let earliest = times::moved(last, -LATE).unwrap_or(last);
        shown.retain(|_, made| *made >= earliest);
        from = Some(earliest.max(already));
        for _ in 0..5 {
            if stop.load(Ordering::Acquire) {
                return Ok(Outcome::printed());
            }
            std::thread::sleep(PAUSE / 5);
        }
    }
}

fn since(time: Timestamp) -> Filter {
    Filter::Compare {
        column: "createdon".into(),
        comparison: Comparison::Ge,
        value: Value::DateTime(time),
    }
}

fn made(row: &Row) -> Timestamp {
    match row.get("createdon") {
        Some(Value::DateTime(time)) => *time,
        _ => Timestamp::UNIX_EPOCH,
    }
}

fn write(context: &Context, session: &dyn Door, query: &Query, rows: &[Row], goes_on: bool) -> anyhow::Result<()> {
    let (documents, grid) = if *query.table == *CALL {
        calls_of(context, session, query, rows)?
    } else {
        let catalog = session.catalog()?;
        let table = catalog.table(&query.table)?;
        let document = |row: &Row| json::from_row(table, row, query.columns.as_deref());
        let grid = people::answer(context, table, query, &[], rows)?;
        (rows.iter().map(document).collect(), grid)
    };
    if context.json() {
        for document in documents {
            output::write(&document.to_string())?;
        }
        return Ok(());
    }
    if context.ids() {
        let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
        return Ok(output::write(&ids.join("\n"))?);
    }
    Ok(output::write(&grid.going_on(goes_on).text(""))?)
}
