//! Values between the contract's form and the model's. The only place that knows both.

use std::{fmt::Display, str::FromStr};

use sluice_model::{Decimal, Error, Name, Parameter, Parameters, Query, Reference, Result, Row, Uuid, Value, odata};

use crate::bindings::sluice::plugin::types;

/// A value for the plug-in.
pub(crate) fn value_out(value: &Value) -> types::Value {
    match value {
        Value::Null => types::Value::Empty,
        Value::Bool(b) => types::Value::Boolean(*b),
        Value::Int(n) => types::Value::Integer(*n),
        Value::BigInt(n) => types::Value::BigInteger(n.to_string()),
        Value::Float(n) => types::Value::Float(*n),
        Value::Decimal(n) => types::Value::Decimal(n.to_string()),
        Value::Money(n) => types::Value::Money(n.to_string()),
        Value::Text(text) => types::Value::Text(text.clone()),
        Value::DateTime(time) => types::Value::DateTime(time.to_string()),
        Value::Date(date) => types::Value::Date(date.to_string()),
        Value::Choice(n) => types::Value::Choice(*n),
        Value::Choices(numbers) => types::Value::Choices(numbers.clone()),
        Value::Id(id) => types::Value::Id(id.to_string()),
        Value::Lookup(reference) => types::Value::Lookup(reference_out(reference)),
    }
}

/// A value from the plug-in; `place` is the column or parameter, for the error.
pub(crate) fn value_in(place: &str, value: types::Value) -> Result<Value> {
    Ok(match value {
        types::Value::Empty => Value::Null,
        types::Value::Boolean(b) => Value::Bool(b),
        types::Value::Integer(n) => Value::Int(n),
        types::Value::BigInteger(text) => Value::BigInt(parse(place, &text, "whole number of 64 bits")?),
        types::Value::Float(n) if n.is_finite() => Value::Float(n),
        types::Value::Float(n) => return Err(wrong(place, &n, "finite number")),
        types::Value::Decimal(text) => Value::Decimal(decimal(place, &text)?),
        types::Value::Money(text) => Value::Money(decimal(place, &text)?),
        types::Value::Text(text) => Value::Text(text),
        types::Value::DateTime(text) => {
            Value::DateTime(parse(place, &text, "point in time such as `2026-01-31T12:00:00Z`")?)
        }
        types::Value::Date(text) => Value::Date(parse(place, &text, "day such as `2026-01-31`")?),
        types::Value::Choice(n) => Value::Choice(n),
        types::Value::Choices(numbers) => Value::Choices(numbers),
        types::Value::Id(text) => Value::Id(id(place, &text)?),
        types::Value::Lookup(reference) => Value::Lookup(reference_in(place, &reference)?),
    })
}

/// The columns of a row for the plug-in.
pub(crate) fn columns_out(row: &Row) -> Vec<types::Column> {
    row.values
        .iter()
        .map(|(name, value)| types::Column {
            name: name.to_string(),
            value: value_out(value),
        })
        .collect()
}

/// A row for the plug-in.
pub(crate) fn row_out(row: &Row) -> types::Row {
    let id = if row.id.is_nil() {
        String::new()
    } else {
        row.id.to_string()
    };
    types::Row {
        table: row.table.to_string(),
        id,
        columns: columns_out(row),
    }
}

/// A row from the plug-in.
pub(crate) fn row_in(row: types::Row) -> Result<Row> {
    let key = if row.id.is_empty() {
        Uuid::nil()
    } else {
        id(&row.table, &row.id)?
    };
    let mut result = Row::new(row.table, key);
    for column in row.columns {
        if result.has(&column.name) {
            return Err(Error::invalid(format!("the column `{}` is given twice", column.name)));
        }
        let value = value_in(&column.name, column.value)?;
        result.values.insert(column.name.into(), value);
    }
    Ok(result)
}

/// A reference for the plug-in.
pub(crate) fn reference_out(reference: &Reference) -> types::Reference {
    types::Reference {
        table: reference.table.to_string(),
        id: reference.id.to_string(),
    }
}

/// A reference from the plug-in; `place` is the column or parameter, for the error.
pub(crate) fn reference_in(place: &str, reference: &types::Reference) -> Result<Reference> {
    Ok(Reference::new(reference.table.as_str(), id(place, &reference.id)?))
}

/// A question for the plug-in, as far as it is asked of rows of its own table.
pub(crate) fn question_out(query: &Query) -> types::Question {
    let mut related = Vec::new();
    query.each_related(&mut |table: &Name| {
        let table = table.to_string();
        if !related.contains(&table) {
            related.push(table);
        }
    });
    let order = query.order.iter().map(|one| types::Criterion {
        column: one.column.to_string(),
        descending: one.descending,
    });
    types::Question {
        table: query.table.to_string(),
        columns: query.columns.iter().flatten().map(ToString::to_string).collect(),
        filter: odata::shown(&query.filter),
        order: order.collect(),
        top: query.top.or(query.page.as_ref().map(|page| page.size)),
        related,
    }
}

/// A parameter for the plug-in; `None` for a query, which has a form of its own
/// ([`question_out`]).
pub(crate) fn parameter_out(parameter: &Parameter) -> Option<types::Parameter> {
    Some(match parameter {
        Parameter::Value(value) => types::Parameter::Value(value_out(value)),
        Parameter::Row(row) => types::Parameter::Row(row_out(row)),
        Parameter::Rows(rows) => types::Parameter::Rows(rows.iter().map(row_out).collect()),
        Parameter::Reference(reference) => types::Parameter::Reference(reference_out(reference)),
        Parameter::References(references) => {
            types::Parameter::References(references.iter().map(reference_out).collect())
        }
        Parameter::Names(names) => types::Parameter::Names(names.iter().map(ToString::to_string).collect()),
        Parameter::Query(_) => return None,
    })
}

/// A parameter from the plug-in.
pub(crate) fn parameter_in(name: &str, parameter: types::Parameter) -> Result<Parameter> {
    Ok(match parameter {
        types::Parameter::Value(value) => Parameter::Value(value_in(name, value)?),
        types::Parameter::Row(row) => Parameter::Row(row_in(row)?),
        types::Parameter::Rows(rows) => Parameter::Rows(rows.into_iter().map(row_in).collect::<Result<_>>()?),
        types::Parameter::Reference(reference) => Parameter::Reference(reference_in(name, &reference)?),
        types::Parameter::References(references) => Parameter::References(
            references
                .iter()
                .map(|one| reference_in(name, one))
                .collect::<Result<_>>()?,
        ),
        types::Parameter::Names(names) => Parameter::Names(names.into_iter().map(Name::from).collect()),
    })
}

/// About how many bytes a parameter carries over the border.
pub(crate) fn parameter_size(parameter: &Parameter) -> u64 {
    match parameter {
        Parameter::Value(value) => value_size(value),
        Parameter::Row(row) => row_size(row),
        Parameter::Rows(rows) => rows.iter().map(row_size).sum(),
        Parameter::Reference(reference) => reference_size(reference),
        Parameter::References(references) => references.iter().map(reference_size).sum(),
        Parameter::Names(names) => names.iter().map(|name| ITEM + size(name)).sum(),
        Parameter::Query(_) => ITEM,
    }
}

/// About how many bytes parameters carry over the border.
pub fn parameters_size(parameters: &Parameters) -> u64 {
    parameters
        .iter()
        .map(|(name, parameter)| ITEM + size(name) + parameter_size(parameter))
        .sum()
}

/// About how many bytes a value carries over the border.
pub(crate) fn value_size(value: &Value) -> u64 {
    ITEM + match value {
        Value::Text(text) => size(text),
        Value::Choices(numbers) => u64::try_from(numbers.len()).unwrap_or(u64::MAX).saturating_mul(4),
        Value::Lookup(reference) => reference_size(reference),
        _ => 0,
    }
}

/// How many rows a response brings.
pub fn row_count(parameters: &Parameters) -> usize {
    parameters
        .values()
        .map(|parameter| match parameter {
            Parameter::Row(_) => 1,
            Parameter::Rows(rows) => rows.len(),
            _ => 0,
        })
        .sum()
}

/// What each name and each value counts besides its text.
const ITEM: u64 = 16;

fn row_size(row: &Row) -> u64 {
    ITEM + size(&row.table)
        + row
            .values
            .iter()
            .map(|(name, value)| ITEM + size(name) + value_size(value))
            .sum::<u64>()
}

fn reference_size(reference: &Reference) -> u64 {
    ITEM + size(&reference.table)
}

fn size(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

/// An id from the plug-in; `place` is the column, parameter or table, for the error.
pub(crate) fn id(place: &str, text: &str) -> Result<Uuid> {
    parse(place, text, "row id")
}

fn decimal(place: &str, text: &str) -> Result<Decimal> {
    Decimal::from_str_exact(text).map_err(|_| wrong(place, &text, "decimal number of at most 28 digits"))
}

fn parse<T: FromStr>(place: &str, text: &str, what: &str) -> Result<T> {
    text.parse().map_err(|_| wrong(place, &text, what))
}

fn wrong(place: &str, value: &dyn Display, what: &str) -> Error {
    let mut value = value.to_string();
    value.truncate(value.floor_char_boundary(100));
    Error::invalid(format!("`{place}`: `{value}` is not a {what}"))
}
