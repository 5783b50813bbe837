//! The form in which values are stored. Whoever judges a value before it is written judges it in this one.

use crate::{ColumnDef, ColumnType, Row, TableDef, Value, value::whole_second};

/// The value as the column stores it: an empty text is no value, amounts and decimals are rounded to the column's
/// places, fractions of a second are cut, options are in their order. What the column does not take stays as it is:
/// [`check`](super::check) refuses it.
pub fn formed(column: &ColumnDef, value: Value) -> Value {
    match (&column.kind, value) {
        (ColumnType::Text { .. } | ColumnType::Memo { .. }, Value::Text(text)) if text.is_empty() => Value::Null,
        (ColumnType::BigInt, Value::Int(number)) => Value::BigInt(number.into()),
        (ColumnType::Float, Value::Int(number)) => Value::Float(number.into()),
        (ColumnType::Decimal { precision }, value @ (Value::Decimal(_) | Value::Money(_) | Value::Int(_))) => {
            Value::Decimal(value.as_decimal().unwrap_or_default().round_dp(*precision))
        }
        (ColumnType::Money { precision }, value @ (Value::Decimal(_) | Value::Money(_) | Value::Int(_))) => {
            Value::Money(value.as_decimal().unwrap_or_default().round_dp(*precision))
        }
        (ColumnType::Choice { .. } | ColumnType::State { .. } | ColumnType::Status { .. }, Value::Int(number)) => {
            Value::Choice(number)
        }
        (ColumnType::Choices { .. }, Value::Choices(mut numbers)) => {
            numbers.sort_unstable();
            numbers.dedup();
            Value::Choices(numbers)
        }
        (ColumnType::DateTime, Value::DateTime(time)) => Value::DateTime(whole_second(time)),
        (ColumnType::Lookup { targets }, Value::Id(id)) => match targets.as_slice() {
            [only] => Value::Lookup(crate::Reference::new(only.clone(), id)),
            _ => Value::Id(id),
        },
        (_, value) => value,
    }
}

/// Brings what a row has into the form in which it is stored.
pub fn form(table: &TableDef, row: &mut Row) {
    for (name, value) in &mut row.values {
        if let Some(column) = table.column(name) {
            let sent = std::mem::replace(value, Value::Null);
            *value = formed(column, sent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coerce::check;

    /// What is stored is the form, whatever it is checked for.
    #[test]
    fn what_is_stored_is_the_form() {
        let kinds = [
            ColumnType::Text { max_length: 10 },
            ColumnType::Int { min: None, max: None },
            ColumnType::BigInt,
            ColumnType::Float,
            ColumnType::Decimal { precision: 2 },
            ColumnType::Money { precision: 2 },
            ColumnType::Bool,
            ColumnType::DateTime,
            ColumnType::Lookup {
                targets: vec!["account".into()],
            },
        ];
        let number = || "0.125".parse().unwrap();
        let values = || {
            [
                Value::Null,
                Value::Text(String::new()),
                Value::Text("a".to_owned()),
                Value::Int(7),
                Value::BigInt(7),
                Value::Float(0.5),
                Value::Decimal(number()),
                Value::Money(number()),
                Value::Bool(true),
                Value::DateTime("2026-01-01T00:00:00.4Z".parse().unwrap()),
                Value::Id(crate::Uuid::from_u128(7)),
            ]
        };
        let table = TableDef::new("t", crate::Ownership::User);
        for kind in kinds {
            let column = ColumnDef::new("c", kind);
            for value in values() {
                let form = formed(&column, value.clone());
                assert_eq!(formed(&column, form.clone()), form, "{column:?} {value:?}");
                if let Ok(stored) = check(&table, &column, value.clone()) {
                    assert_eq!(stored, form, "{column:?} {value:?}");
                }
            }
        }
        let places = formed(
            &ColumnDef::new("c", ColumnType::Money { precision: 2 }),
            Value::Decimal(number()),
        );
        assert_eq!(places, Value::Money("0.12".parse().unwrap()));
    }
}
