//! Between the contract's types and the SDK's.

use rust_decimal::Decimal;

use super::bindings::sluice::plugin::{service, types as wit};
use crate::{Caller, Order, Parameter, Parameters, Query, Question, Reference, Row, ServiceError, Value};

impl From<wit::Reference> for Reference {
    fn from(reference: wit::Reference) -> Self {
        Self {
            table: reference.table,
            id: reference.id,
        }
    }
}

impl From<Reference> for wit::Reference {
    fn from(reference: Reference) -> Self {
        Self {
            table: reference.table,
            id: reference.id,
        }
    }
}

impl From<wit::Value> for Value {
    fn from(value: wit::Value) -> Self {
        match value {
            wit::Value::Empty => Self::Empty,
            wit::Value::Boolean(yes) => Self::Boolean(yes),
            wit::Value::Integer(number) => Self::Integer(number),
            wit::Value::BigInteger(digits) => digits.parse().map_or(Self::Text(digits), Self::BigInteger),
            wit::Value::Float(number) => Self::Float(number),
            wit::Value::Decimal(digits) => number(digits, Self::Decimal),
            wit::Value::Money(digits) => number(digits, Self::Money),
            wit::Value::Text(text) => Self::Text(text),
            wit::Value::DateTime(text) => Self::DateTime(text),
            wit::Value::Date(text) => Self::Date(text),
            wit::Value::Choice(number) => Self::Choice(number),
            wit::Value::Choices(numbers) => Self::Choices(numbers),
            wit::Value::Id(id) => Self::Id(id),
            wit::Value::Lookup(reference) => Self::Lookup(reference.into()),
        }
    }
}

/// The number in these digits; the digits themselves as text, should they not fit.
fn number(digits: String, value: fn(Decimal) -> Value) -> Value {
    Decimal::from_str_exact(&digits).map_or(Value::Text(digits), value)
}

impl From<Value> for wit::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Empty => Self::Empty,
            Value::Boolean(yes) => Self::Boolean(yes),
            Value::Integer(number) => Self::Integer(number),
            Value::BigInteger(number) => Self::BigInteger(number.to_string()),
            Value::Float(number) => Self::Float(number),
            Value::Decimal(number) => Self::Decimal(number.to_string()),
            Value::Money(number) => Self::Money(number.to_string()),
            Value::Text(text) => Self::Text(text),
            Value::DateTime(text) => Self::DateTime(text),
            Value::Date(text) => Self::Date(text),
            Value::Choice(number) => Self::Choice(number),
            Value::Choices(numbers) => Self::Choices(numbers),
            Value::Id(id) => Self::Id(id),
            Value::Lookup(reference) => Self::Lookup(reference.into()),
        }
    }
}

/// Columns with their values, as the SDK holds them.
pub(super) fn pairs(columns: Vec<wit::Column>) -> Vec<(String, Value)> {
    columns
        .into_iter()
        .map(|column| (column.name, column.value.into()))
        .collect()
}

impl From<wit::Row> for Row {
    fn from(row: wit::Row) -> Self {
        Self::from_parts(row.table, row.id, pairs(row.columns))
    }
}

impl From<Row> for wit::Row {
    fn from(row: Row) -> Self {
        let (table, id, columns) = row.into_parts();
        let columns = columns
            .into_iter()
            .map(|(name, value)| wit::Column {
                name,
                value: value.into(),
            })
            .collect();
        Self { table, id, columns }
    }
}

fn all<A: Into<B>, B>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(Into::into).collect()
}

impl From<wit::Parameter> for Parameter {
    fn from(parameter: wit::Parameter) -> Self {
        match parameter {
            wit::Parameter::Value(value) => Self::Value(value.into()),
            wit::Parameter::Row(row) => Self::Row(row.into()),
            wit::Parameter::Rows(rows) => Self::Rows(all(rows)),
            wit::Parameter::Reference(reference) => Self::Reference(reference.into()),
            wit::Parameter::References(references) => Self::References(all(references)),
            wit::Parameter::Names(names) => Self::Names(names),
        }
    }
}

impl From<Parameter> for wit::Parameter {
    fn from(parameter: Parameter) -> Self {
        match parameter {
            Parameter::Value(value) => Self::Value(value.into()),
            Parameter::Row(row) => Self::Row(row.into()),
            Parameter::Rows(rows) => Self::Rows(all(rows)),
            Parameter::Reference(reference) => Self::Reference(reference.into()),
            Parameter::References(references) => Self::References(all(references)),
            Parameter::Names(names) => Self::Names(names),
        }
    }
}

impl From<Vec<wit::NamedParameter>> for Parameters {
    fn from(parameters: Vec<wit::NamedParameter>) -> Self {
        Self(
            parameters
                .into_iter()
                .map(|named| (named.name, named.parameter.into()))
                .collect(),
        )
    }
}

impl From<Parameters> for Vec<wit::NamedParameter> {
    fn from(parameters: Parameters) -> Self {
        let named = |(name, parameter): (String, Parameter)| wit::NamedParameter {
            name,
            parameter: parameter.into(),
        };
        parameters.0.into_iter().map(named).collect()
    }
}

impl From<wit::ServiceError> for ServiceError {
    fn from(error: wit::ServiceError) -> Self {
        Self::new(error.handle, error.code, error.message)
    }
}

impl From<ServiceError> for wit::ServiceError {
    fn from(error: ServiceError) -> Self {
        Self {
            handle: error.handle(),
            code: error.code().to_owned(),
            message: error.message().to_owned(),
        }
    }
}

impl From<Caller> for service::Caller {
    fn from(caller: Caller) -> Self {
        match caller {
            Caller::StepUser => Self::StepUser,
            Caller::InitiatingUser => Self::InitiatingUser,
            Caller::System => Self::System,
        }
    }
}

impl From<wit::Question> for Question {
    fn from(question: wit::Question) -> Self {
        let order = |one: wit::Criterion| Order {
            column: one.column,
            descending: one.descending,
        };
        Self {
            table: question.table,
            columns: question.columns,
            filter: question.filter,
            order: question.order.into_iter().map(order).collect(),
            top: question.top,
            related: question.related,
        }
    }
}

impl From<Query> for service::Query {
    fn from(query: Query) -> Self {
        let order = |order: crate::Order| service::Order {
            column: order.column,
            descending: order.descending,
        };
        Self {
            table: query.table,
            columns: query.columns,
            filter: query
                .filter
                .map(|filter| filter.to_string())
                .filter(|text| !text.is_empty()),
            order: query.order.into_iter().map(order).collect(),
            top: query.top,
        }
    }
}
