//! Reports on the funnel: how fast it is, what comes through, what piles up. They are made of
//! what is stored (stage visits, the audit trail, the rows), and of that only what the user may
//! read, by the database as far as it can: no report keeps the rows. A row that was merged into another one is in none of them.

mod ages;
mod funnel;
mod rate;
mod reasons;
mod velocity;

use std::sync::Arc;

use sluice_engine::Session;
use sluice_model::{Filter, Query, Result, Row, TableDef, Timestamp, Total, Value, What};

pub use ages::{Aged, Aging, Open, aging};
pub use funnel::{Funnel, funnel};
pub use rate::{Closed, QualifyRate, qualify_rate};
pub use reasons::{Reason, reasons};
pub use velocity::{StageVelocity, velocity};

/// Shows each row of a query, as it is read: however many there are, few are in memory.
fn each(session: &Session, query: Query, visit: &mut dyn FnMut(&Row)) -> Result<()> {
    session.each(query, &mut |rows| {
        rows.iter().for_each(&mut *visit);
        Ok(())
    })
}

/// What a column comes to, under its own name.
fn total(column: &str, what: What) -> Total {
    Total {
        of: None,
        column: column.into(),
        name: column.into(),
        what,
    }
}

/// The name of the number of rows in an answer.
const ROWS: &str = "rows";

/// How many rows of a table pass a filter, for each combination of values in some columns.
fn counted(table: &str, key: &str, by: &[&str], filter: Filter) -> Query {
    let mut query = Query::new(table).filter(filter);
    query.totals = by.iter().map(|column| total(column, What::Group)).collect();
    query.totals.push(Total {
        name: ROWS.into(),
        ..total(key, What::Count)
    });
    query
}

/// The number of rows in a row of an answer.
fn rows(row: &Row) -> usize {
    match row.get(ROWS) {
        Some(Value::BigInt(count)) => usize::try_from(*count).unwrap_or_default(),
        _ => 0,
    }
}

/// Rows that were not merged into another one: what became of those is told by that one.
fn not_merged() -> Filter {
    Filter::eq("merged", true).negated()
}

/// Leads in some states, but for those that were merged into another one.
fn leads_in(states: &[i32]) -> Filter {
    let states = Filter::In {
        column: "statecode".into(),
        values: states.iter().map(|state| Value::Choice(*state)).collect(),
    };
    states.and(not_merged())
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

/// The middle of values in their order; of an even number of them, the mean of the two in the middle.
fn median(sorted: &[f64]) -> Option<f64> {
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// The smallest value that nine in ten of the values do not exceed, which are in their order.
fn ninetieth(sorted: &[f64]) -> Option<f64> {
    let rank = (sorted.len() * 9).div_ceil(10);
    sorted.get(rank.checked_sub(1)?).copied()
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ninth_in_ten() {
        assert_eq!((median(&[]), ninetieth(&[])), (None, None));
        assert_eq!((median(&[3.0]), ninetieth(&[3.0])), (Some(3.0), Some(3.0)));
        assert_eq!(median(&sorted(vec![4.0, 1.0, 2.0])), Some(2.0));
        assert_eq!(median(&sorted(vec![4.0, 1.0, 2.0, 3.0])), Some(2.5));
        let ten: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(ninetieth(&ten), Some(9.0));
        let eleven: Vec<f64> = (1..=11).map(f64::from).collect();
        assert_eq!(ninetieth(&eleven), Some(10.0));
    }
}
