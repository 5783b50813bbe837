//! Reports on the funnel: how fast it is, what comes through, what piles up. They are made of
//! what is stored (stage visits, the audit trail, the rows), and of that only what the user may
//! read. A row that was merged into another one is in none of them.

mod ages;
mod funnel;
mod rate;
mod reasons;
mod velocity;

use std::{collections::HashMap, sync::Arc};

use sluice_engine::Session;
use sluice_model::{Comparison, Filter, Name, Query, Result, Row, TableDef, Timestamp, Uuid, Value, codes::Kind};

pub use ages::{Aged, Aging, aging, stale};
pub use funnel::{Funnel, funnel};
pub use rate::{Closed, QualifyRate, qualify_rate};
pub use reasons::{Reason, reasons};
pub use velocity::{StageVelocity, velocity};

/// The platform hands out so many rows at once.
const PAGE: u32 = 5_000;

/// All rows that a query gives, a page after the other, in the order of their keys.
fn all(session: &Session, query: &Query) -> Result<Vec<Row>> {
    let key = session.catalog()?.table(&query.table)?.key.clone();
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let mut page = query.clone().top(PAGE);
        if let Some(last) = rows.last() {
            let after = Filter::Compare {
                column: key.clone(),
                comparison: Comparison::Gt,
                value: Value::Id(last.id),
            };
            page.filter = after.and(page.filter);
        }
        let found = session.list(page)?;
        let full = u32::try_from(found.len()).is_ok_and(|count| count >= PAGE);
        rows.extend(found);
        if !full {
            return Ok(rows);
        }
    }
}

/// Whether a row was merged into another one: what became of it is told by that one.
fn is_merged(row: &Row) -> bool {
    row.bool("merged") == Some(true)
}

/// The rows of a table that the user may read, each with whether it is open; none, for who may
/// read none of the table.
fn readable(session: &Session, table: &Name) -> Result<HashMap<Uuid, bool>> {
    let catalog = session.catalog()?;
    let definition = catalog.table(table)?;
    let mut columns = vec!["statecode", "merged"];
    columns.retain(|column| definition.column(column).is_some());
    match all(session, &Query::new(table.clone()).columns(&columns)) {
        Ok(rows) => {
            let is_open = |row: &Row| row.int("statecode").unwrap_or_default() == 0;
            let rows = rows.iter().filter(|row| !is_merged(row));
            Ok(rows.map(|row| (row.id, is_open(row))).collect())
        }
        Err(error) if error.kind() == Kind::Denied => Ok(HashMap::new()),
        Err(error) => Err(error),
    }
}

/// The leads in some states, with these columns, but for those that were merged into another one.
fn leads(session: &Session, states: &[i32], columns: &[&str]) -> Result<Vec<Row>> {
    let filter = Filter::In {
        column: "statecode".into(),
        values: states.iter().map(|state| Value::Choice(*state)).collect(),
    };
    let query = Query::new("lead")
        .columns(&[columns, &["merged"]].concat())
        .filter(filter);
    let mut leads = all(session, &query)?;
    leads.retain(|lead| !is_merged(lead));
    Ok(leads)
}

/// The definition of leads.
fn definition(session: &Session) -> Result<Arc<TableDef>> {
    Ok(session.catalog()?.table("lead")?.clone())
}

/// What people call an option of a choice; its number, where it is none.
fn label(table: &TableDef, column: &str, value: i32) -> String {
    let options = table.column(column).and_then(|column| column.kind.options());
    let mut options = options.unwrap_or_default().iter();
    let option = options.find(|option| option.value == value);
    option.map_or_else(|| value.to_string(), |option| option.label.clone())
}

/// A point in time among the columns of a row.
fn time(row: &Row, column: &str) -> Option<Timestamp> {
    row.get(column).and_then(Value::as_time)
}

/// The days from one time to another.
fn days(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 86_400.0
}

/// The middle of the values; of an even number of them, the mean of the two in the middle.
fn median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// The smallest value that nine in ten of the values do not exceed.
fn ninetieth(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let rank = (sorted.len() * 9).div_ceil(10);
    sorted.get(rank.checked_sub(1)?).copied()
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ninth_in_ten() {
        assert_eq!((median(&[]), ninetieth(&[])), (None, None));
        assert_eq!((median(&[3.0]), ninetieth(&[3.0])), (Some(3.0), Some(3.0)));
        assert_eq!(median(&[4.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        let ten: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(ninetieth(&ten), Some(9.0));
        let eleven: Vec<f64> = (1..=11).map(f64::from).collect();
        assert_eq!(ninetieth(&eleven), Some(10.0));
    }
}
