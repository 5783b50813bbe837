//! Which rows meet a filter, and in which order they come. The same rules as the store's,
//! for values instead of SQL.

use std::cmp::Ordering;

use sluice_model::{Code, Error, Result};
use sluice_sdk::{Comparison, Filter, Order, Row, Value};

/// Whether `row` meets `filter`.
///
/// # Errors
/// OData text: only the host reads it.
pub(crate) fn meets(filter: &Filter, row: &Row) -> Result<bool> {
    match filter {
        Filter::Compare {
            column,
            comparison,
            value,
        } => Ok(compare(&column_value(row, column), *comparison, value)),
        Filter::All(parts) => parts.iter().try_fold(true, |all, part| Ok(meets(part, row)? && all)),
        Filter::Any(parts) if parts.is_empty() => Ok(true),
        Filter::Any(parts) => parts.iter().try_fold(false, |any, part| Ok(meets(part, row)? || any)),
        Filter::Not(inner) => Ok(!meets(inner, row)?),
        Filter::OData(text) => Err(Error::new(
            Code::INVALID_ARGUMENT,
            format!(
                "the test host cannot read `{text}`: it knows no columns; build the filter with `Filter::eq` and its like"
            ),
        )),
    }
}

/// Orders rows by these criteria, and by their ids where those do not tell them apart.
pub(crate) fn order(rows: &mut [Row], criteria: &[Order]) {
    rows.sort_by(|a, b| {
        let by_criteria = criteria.iter().map(|order| {
            let ordering = rank(&column_value(a, &order.column), &column_value(b, &order.column));
            if order.descending { ordering.reverse() } else { ordering }
        });
        by_criteria
            .fold(Ordering::Equal, Ordering::then)
            .then_with(|| a.id().cmp(&b.id()))
    });
}

/// The value of a column, of a lookup by its `_x_value` name, or of the key.
fn column_value(row: &Row, column: &str) -> Value {
    if let Some(value) = row.get(column) {
        return value.clone();
    }
    if let Some(name) = column.strip_prefix('_').and_then(|name| name.strip_suffix("_value")) {
        return row.get(name).cloned().unwrap_or(Value::Empty);
    }
    match row.id() {
        Some(id) if column.strip_suffix("id") == Some(row.table()) => Value::Id(id.to_owned()),
        _ => Value::Empty,
    }
}

fn compare(left: &Value, comparison: Comparison, right: &Value) -> bool {
    let texts = || Some((left.as_text()?.to_lowercase(), right.as_text()?.to_lowercase()));
    match comparison {
        Comparison::Eq => is_equal(left, right),
        Comparison::Ne => !is_equal(left, right),
        Comparison::Contains => texts().is_some_and(|(left, right)| left.contains(&right)),
        Comparison::StartsWith => texts().is_some_and(|(left, right)| left.starts_with(&right)),
        Comparison::EndsWith => texts().is_some_and(|(left, right)| left.ends_with(&right)),
        Comparison::Lt => ordering(left, right).is_some_and(Ordering::is_lt),
        Comparison::Le => ordering(left, right).is_some_and(Ordering::is_le),
        Comparison::Gt => ordering(left, right).is_some_and(Ordering::is_gt),
        Comparison::Ge => ordering(left, right).is_some_and(Ordering::is_ge),
    }
}

fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Empty, Value::Empty) => true,
        (Value::Boolean(left), Value::Boolean(right)) => left == right,
        (Value::Choices(left), Value::Choices(right)) => left == right,
        // A row is its table and its id.
        (Value::Lookup(left), Value::Lookup(right)) => {
            left.table == right.table && left.id.eq_ignore_ascii_case(&right.id)
        }
        _ => ordering(left, right) == Some(Ordering::Equal),
    }
}

/// `None` where there is no order: an empty value, or values of different kinds.
fn ordering(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (id(left), id(right)) {
        return Some(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (left.as_text(), right.as_text()) {
        return Some(left.to_lowercase().cmp(&right.to_lowercase()));
    }
    let exact = |value: &Value| value.as_decimal().or_else(|| value.as_integer().map(Into::into));
    match (exact(left), exact(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_float()?.partial_cmp(&right.as_float()?),
    }
}

/// Ids compare without regard to case, whether they are keys or references.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::Id(id) => Some(id.to_lowercase()),
        Value::Lookup(reference) => Some(reference.id.to_lowercase()),
        _ => None,
    }
}

/// For sorting: empty values come first.
fn rank(left: &Value, right: &Value) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (false, false) => ordering(left, right).unwrap_or(Ordering::Equal),
        (left, right) => right.cmp(&left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk::{Decimal, Reference};

    fn row() -> Row {
        Row::new("lead")
            .with_id("0A")
            .with("lastname", "O'Hara")
            .with("revenue", Value::Money(Decimal::from(10)))
            .with("statecode", Value::Choice(0))
            .with("parentaccountid", Reference::new("account", "ab"))
    }

    #[test]
    fn filters_follow_the_platform() {
        let yes = |filter: Filter| assert!(meets(&filter, &row()).unwrap(), "{filter}");
        let no = |filter: Filter| assert!(!meets(&filter, &row()).unwrap(), "{filter}");
        yes(Filter::eq("lastname", "o'hara"));
        yes(Filter::contains("lastname", "HA"));
        yes(Filter::gt("revenue", Decimal::new(99, 1)));
        yes(Filter::eq("statecode", 0));
        yes(Filter::ne("fax", "1"));
        yes(Filter::eq("fax", Value::Empty));
        yes(Filter::eq("parentaccountid", Reference::new("account", "AB")));
        yes(Filter::eq("_parentaccountid_value", Value::Id("ab".into())));
        no(Filter::eq("parentaccountid", Reference::new("contact", "AB")));
        yes(Filter::eq("leadid", Value::Id("0a".into())));
        yes(Filter::one_of("revenue", [1, 10]));
        no(Filter::one_of("revenue", Vec::<i32>::new()));
        no(!Filter::eq("lastname", "O'Hara").and(Filter::eq("statecode", 0)));
        no(Filter::lt("fax", "z"));
        assert!(meets(&Filter::odata("a eq 1"), &row()).is_err());
    }

    #[test]
    fn empty_values_come_first() {
        let row = |id: &str, n: Option<i32>| Row::new("t").with_id(id).with("n", n);
        let mut rows = [row("a", Some(2)), row("b", None), row("c", Some(1)), row("d", Some(1))];
        order(
            &mut rows,
            &[Order {
                column: "n".into(),
                descending: false,
            }],
        );
        assert_eq!(rows.map(|row| row.id().unwrap().to_owned()), ["b", "c", "d", "a"]);
    }
}
