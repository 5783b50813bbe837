//! Values that a workflow works with: whether a column takes what a source gives, how a value
//! becomes that of the column, and how values compare.

use std::cmp::Ordering;

use sluice_model::{
    Code, ColumnDef, ColumnType, Decimal, Error, Name, Result, Value,
    remedy::{Case, Resolution},
    text::Collation,
    value::whole_second,
};

use super::definition::{Operator, Verb, beginning};

/// What sort of value a source gives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Gives<'a> {
    /// That of a column.
    Column(&'a ColumnDef),
    /// A reference to a row of that table.
    Row(&'a Name),
    /// A text.
    Text,
    /// A point in time.
    Time,
}

/// Whether a column takes such a value.
pub(crate) fn takes(column: &ColumnDef, given: Gives<'_>) -> bool {
    use ColumnType as C;
    let kind = match given {
        Gives::Column(source) => &source.kind,
        Gives::Row(table) => return column.targets().contains(table) || is_text(&column.kind),
        Gives::Text => return is_text(&column.kind),
        Gives::Time => return is_text(&column.kind) || matches!(column.kind, C::DateTime | C::Date),
    };
    match (&column.kind, kind) {
        (C::Text { .. } | C::Memo { .. }, _) => true,
        (C::Int { .. }, C::Int { .. }) | (C::BigInt, C::BigInt | C::Int { .. }) => true,
        (C::Float, C::Float | C::Int { .. }) => true,
        (C::Decimal { .. } | C::Money { .. }, C::Int { .. } | C::Decimal { .. } | C::Money { .. }) => true,
        (C::Bool, C::Bool) | (C::DateTime | C::Date, C::Date | C::DateTime) => true,
        (C::Choices { .. }, C::Choices { .. }) => true,
        (C::Key | C::Id, C::Key | C::Id | C::Lookup { .. }) => true,
        (C::Lookup { targets }, C::Lookup { targets: source }) => targets.iter().any(|target| source.contains(target)),
        (column, source) => is_option(column) && is_option(source),
    }
}

fn is_text(kind: &ColumnType) -> bool {
    matches!(kind, ColumnType::Text { .. } | ColumnType::Memo { .. })
}

fn is_option(kind: &ColumnType) -> bool {
    matches!(
        kind,
        ColumnType::Choice { .. } | ColumnType::State { .. } | ColumnType::Status { .. }
    )
}

/// Whether the column can be searched for a text.
pub(crate) fn is_searched(column: &ColumnDef) -> bool {
    is_text(&column.kind)
}

/// Whether the column holds numbers that can be reckoned with.
pub(crate) fn is_number(column: &ColumnDef) -> bool {
    use ColumnType as C;
    matches!(
        column.kind,
        C::Int { .. } | C::BigInt | C::Float | C::Decimal { .. } | C::Money { .. }
    )
}

/// Whether the values of the column have an order that people know.
pub(crate) fn is_ordered(column: &ColumnDef) -> bool {
    is_number(column) || is_text(&column.kind) || matches!(column.kind, ColumnType::DateTime | ColumnType::Date)
}

/// What a column holds, changed by a value: what is empty changes nothing. To a sum, a column that
/// holds nothing holds 0; multiplied, it stays empty.
pub(crate) fn changed(held: &Value, verb: Verb, by: &Value, column: &ColumnDef) -> Result<Value> {
    if by.is_null() {
        return Ok(held.clone());
    }
    if verb == Verb::Append {
        let held = held.as_text().unwrap_or_default();
        return Ok(Value::Text(format!("{held}{}", by.as_text().unwrap_or_default())));
    }
    if held.is_null() && verb == Verb::Multiply {
        return Ok(Value::Null);
    }
    if matches!(column.kind, ColumnType::Float) {
        let number = |value: &Value| match value {
            Value::Float(number) => *number,
            Value::Int(number) => f64::from(*number),
            _ => 0.0,
        };
        let (held, by) = (number(held), number(by));
        return Ok(Value::Float(match verb {
            Verb::Decrement => held - by,
            Verb::Multiply => held * by,
            Verb::Append | Verb::Increment => held + by,
        }));
    }
    let (held, by) = (number(held).unwrap_or_default(), number(by).unwrap_or_default());
    let reckoned = match verb {
        Verb::Decrement => held.checked_sub(by),
        Verb::Multiply => held.checked_mul(by),
        Verb::Append | Verb::Increment => held.checked_add(by),
    };
    let whole = |number: Decimal| i64::try_from(number.round()).ok();
    let value = reckoned.and_then(|number| match column.kind {
        ColumnType::Int { .. } => whole(number)?.try_into().ok().map(Value::Int),
        ColumnType::BigInt => whole(number).map(Value::BigInt),
        _ => Some(Value::Decimal(number)),
    });
    value.ok_or_else(|| {
        Error::new(
            Code::OUT_OF_RANGE,
            format!("column `{}` would hold a number that is too large", column.name),
        )
        .in_case(&TOO_LARGE)
    })
}

/// What is told of a number that grows out of its column.
static TOO_LARGE: Case = Case {
    cause: "a number that is reckoned with lies outside of what its column holds",
    resolution: Resolution::new(
        "let the workflow, or the rule, check the number before it changes it; or keep it in a column for larger ones",
        &[],
    ),
};

/// The value as the column takes it. `source` is the column that it comes from.
pub(crate) fn fitted(value: Value, column: &ColumnDef, source: Option<&ColumnDef>) -> Value {
    match (&column.kind, value) {
        (_, Value::Null) => Value::Null,
        (ColumnType::Text { .. } | ColumnType::Memo { .. }, value) => Value::Text(shown(&value, source)),
        (ColumnType::Date, Value::DateTime(time)) => Value::Date(time.to_zoned(jiff::tz::TimeZone::UTC).date()),
        (ColumnType::DateTime, day @ Value::Date(_)) => beginning(&day).map_or(Value::Null, Value::DateTime),
        (ColumnType::Key | ColumnType::Id, Value::Lookup(reference)) => Value::Id(reference.id),
        (_, value) => value,
    }
}

/// A value as people read it.
pub(crate) fn shown(value: &Value, column: Option<&ColumnDef>) -> String {
    let label = |number: &i32| {
        let options = column.and_then(|column| column.kind.options()).unwrap_or_default();
        let option = options.iter().find(|option| option.value == *number);
        option.map_or_else(|| number.to_string(), |option| option.label.clone())
    };
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::BigInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Decimal(number) | Value::Money(number) => number.normalize().to_string(),
        Value::Text(text) => text.clone(),
        Value::DateTime(time) => sluice_model::json::whole_seconds(*time),
        Value::Date(day) => day.to_string(),
        Value::Choice(number) => label(number),
        Value::Choices(numbers) => numbers.iter().map(label).collect::<Vec<_>>().join(", "),
        Value::Id(id) => id.to_string(),
        Value::Lookup(reference) => reference.id.to_string(),
    }
}

/// Whether a value stands so to another one. What is empty is neither more nor less than anything,
/// and the same as nothing.
pub(crate) fn holds(left: &Value, operator: Operator, right: &Value, collation: &Collation) -> bool {
    let part = || collation.fold(right.as_text().unwrap_or_default()).into_owned();
    let text = left.as_text().unwrap_or_default();
    match operator {
        Operator::HasData => !left.is_null(),
        Operator::HasNoData => left.is_null(),
        Operator::Ne => !is_same(left, right, collation),
        _ if left.is_null() || right.is_null() => false,
        Operator::Eq => is_same(left, right, collation),
        Operator::Gt => order(left, right, collation).is_some_and(Ordering::is_gt),
        Operator::Ge => order(left, right, collation).is_some_and(Ordering::is_ge),
        Operator::Lt => order(left, right, collation).is_some_and(Ordering::is_lt),
        Operator::Le => order(left, right, collation).is_some_and(Ordering::is_le),
        Operator::Contains => collation.contains(text, &part()),
        Operator::BeginsWith => collation.starts_with(text, &part()),
        Operator::EndsWith => collation.ends_with(text, &part()),
        // Whoever asks looks it up: no two values tell.
        Operator::Under | Operator::NotUnder => false,
    }
}

fn is_same(left: &Value, right: &Value, collation: &Collation) -> bool {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Choices(left), Value::Choices(right)) => left == right,
        (Value::Lookup(left), Value::Lookup(right)) => left == right,
        (Value::Id(_) | Value::Lookup(_), _) => left.as_id() == right.as_id(),
        _ => order(left, right, collation).is_some_and(Ordering::is_eq),
    }
}

fn order(left: &Value, right: &Value, collation: &Collation) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(collation.compare(left, right)),
        // A condition on a time speaks of the whole second, as one of a list does.
        (Value::DateTime(left), Value::DateTime(right)) => Some(whole_second(*left).cmp(&whole_second(*right))),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        (Value::Float(left), Value::Int(right)) => left.partial_cmp(&f64::from(*right)),
        (Value::Choice(left), Value::Choice(right)) => Some(left.cmp(right)),
        _ => Some(number(left)?.cmp(&number(right)?)),
    }
}

fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::BigInt(number) => Some(Decimal::from(*number)),
        other => other.as_decimal(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_compare_as_people_expect() {
        let is = |left: Value, operator, right: Value| holds(&left, operator, &right, Collation::usual());
        let money = |text: &str| Value::Money(text.parse().unwrap());
        assert!(is(money("1000.00"), Operator::Eq, Value::Int(1000)));
        assert!(is(money("1000.01"), Operator::Gt, Value::Int(1000)));
        assert!(is("Öl AG".into(), Operator::Contains, "ÖL".into()));
        assert!(is("Contoso".into(), Operator::BeginsWith, "con".into()));
        assert!(!is("Contoso".into(), Operator::EndsWith, "con".into()));
        assert!(is(Value::Null, Operator::HasNoData, Value::Null));
        assert!(
            is(Value::Null, Operator::Ne, "x".into()),
            "what is empty is another one"
        );
        assert!(!is(Value::Null, Operator::Eq, Value::Null));
        assert!(!is(Value::Null, Operator::Lt, Value::Int(5)));
        assert!(is(Value::Choice(2), Operator::Ne, Value::Choice(3)));
    }
}
