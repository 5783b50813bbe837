//! Points in time as people see them, without fractions of a second: a condition on one speaks of
//! the whole second.

use sea_query::{Expr, ExprTrait};
use sluice_model::{Comparison, Timestamp, Value, value::whole_second};

const SECOND: i64 = 1_000_000;

/// A column, in microseconds, against the second in which a time lies.
pub(crate) fn compare(column: &Expr, comparison: Comparison, time: Timestamp) -> Expr {
    let column = || column.clone();
    let from = whole_second(time).as_microsecond();
    let next = from.saturating_add(SECOND);
    match comparison {
        Comparison::Ne => column().lt(from).or(column().gte(next)).or(column().is_null()),
        Comparison::Lt => column().lt(from),
        Comparison::Le => column().lt(next),
        Comparison::Gt => column().gte(next),
        Comparison::Ge => column().gte(from),
        _ => column().gte(from).and(column().lt(next)),
    }
}

/// A column lies in one of these seconds, or is empty where that is among them.
pub(crate) fn among(column: &Expr, values: &[Value]) -> Expr {
    let of = |value: &Value| value.as_time();
    let empty = values.iter().any(Value::is_null).then(|| column.clone().is_null());
    let mut times: Vec<Timestamp> = values.iter().filter_map(of).collect();
    let one = match times.len() {
        0 => None,
        1 => times.pop().map(|only| compare(column, Comparison::Eq, only)),
        _ => {
            let all = times.into_iter().map(|time| whole_second(time).as_microsecond());
            Some(whole(column).is_in(all))
        }
    };
    one.into_iter()
        .chain(empty)
        .reduce(Expr::or)
        .unwrap_or_else(|| Expr::cust("FALSE"))
}

/// The beginning of the second, also before 1970.
pub(crate) fn whole(column: &Expr) -> Expr {
    let rest = column.clone().modulo(SECOND).add(SECOND).modulo(SECOND);
    column.clone().sub(rest)
}
