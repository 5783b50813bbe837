//! Values between the SDK's form and the model's, for cases.

use sluice_model as model;
use sluice_sdk::{Parameter, Reference, Row, Value};

/// A value for the plug-in.
pub(crate) fn value(value: &model::Value) -> Value {
    match value {
        model::Value::Null => Value::Empty,
        model::Value::Bool(yes) => Value::Boolean(*yes),
        model::Value::Int(number) => Value::Integer(*number),
        model::Value::BigInt(number) => Value::BigInteger(*number),
        model::Value::Float(number) => Value::Float(*number),
        model::Value::Decimal(number) => Value::Decimal(*number),
        model::Value::Money(number) => Value::Money(*number),
        model::Value::Text(text) => Value::Text(text.clone()),
        model::Value::DateTime(time) => Value::DateTime(time.to_string()),
        model::Value::Date(date) => Value::Date(date.to_string()),
        model::Value::Choice(number) => Value::Choice(*number),
        model::Value::Choices(numbers) => Value::Choices(numbers.clone()),
        model::Value::Id(id) => Value::Id(id.to_string()),
        model::Value::Lookup(row) => Value::Lookup(reference(row)),
    }
}

/// A value of the plug-in. A text that is no time, day or id stays a text, and so differs.
pub(crate) fn to_value(value: &Value) -> model::Value {
    let text = |text: &str| model::Value::Text(text.to_owned());
    match value {
        Value::Empty => model::Value::Null,
        Value::Boolean(yes) => model::Value::Bool(*yes),
        Value::Integer(number) => model::Value::Int(*number),
        Value::BigInteger(number) => model::Value::BigInt(*number),
        Value::Float(number) => model::Value::Float(*number),
        Value::Decimal(number) => model::Value::Decimal(*number),
        Value::Money(number) => model::Value::Money(*number),
        Value::Text(written) => text(written),
        Value::DateTime(time) => time.parse().map_or_else(|_| text(time), model::Value::DateTime),
        Value::Date(date) => date.parse().map_or_else(|_| text(date), model::Value::Date),
        Value::Choice(number) => model::Value::Choice(*number),
        Value::Choices(numbers) => model::Value::Choices(numbers.clone()),
        Value::Id(id) => id.parse().map_or_else(|_| text(id), model::Value::Id),
        Value::Lookup(row) => model::Value::Lookup(to_reference(row)),
    }
}

fn reference(row: &model::Reference) -> Reference {
    Reference::new(row.table.to_string(), row.id.to_string())
}

/// A reference of the plug-in.
pub(crate) fn to_reference(row: &Reference) -> model::Reference {
    model::Reference::new(&*row.table, row.id.parse().unwrap_or_default())
}

/// A row for the plug-in.
pub(crate) fn row(row: &model::Row) -> Row {
    let id = Some(row.id).filter(|id| !id.is_nil());
    let columns = row.values.iter().map(|(name, held)| (name.to_string(), value(held)));
    Row::from_parts(
        row.table.to_string(),
        id.map(|id| id.to_string()).unwrap_or_default(),
        columns.collect(),
    )
}

/// A row of the plug-in.
pub(crate) fn to_row(row: &Row) -> model::Row {
    let id = row.id().and_then(|id| id.parse().ok()).unwrap_or_default();
    let mut made = model::Row::new(row.table(), id);
    for (name, held) in row.columns() {
        made.values.insert(model::Name::from(name), to_value(held));
    }
    made
}

/// A parameter for the plug-in; a query is none that it sees.
pub(crate) fn parameter(parameter: &model::Parameter) -> Option<Parameter> {
    Some(match parameter {
        model::Parameter::Value(held) => Parameter::Value(value(held)),
        model::Parameter::Row(held) => Parameter::Row(row(held)),
        model::Parameter::Rows(rows) => Parameter::Rows(rows.iter().map(row).collect()),
        model::Parameter::Reference(row) => Parameter::Reference(reference(row)),
        model::Parameter::References(rows) => Parameter::References(rows.iter().map(reference).collect()),
        model::Parameter::Names(names) => Parameter::Names(names.iter().map(ToString::to_string).collect()),
        model::Parameter::Query(_) => return None,
    })
}

/// A parameter of the plug-in.
pub(crate) fn to_parameter(parameter: &Parameter) -> model::Parameter {
    match parameter {
        Parameter::Value(held) => model::Parameter::Value(to_value(held)),
        Parameter::Row(row) => model::Parameter::Row(to_row(row)),
        Parameter::Rows(rows) => model::Parameter::Rows(rows.iter().map(to_row).collect()),
        Parameter::Reference(row) => model::Parameter::Reference(to_reference(row)),
        Parameter::References(rows) => model::Parameter::References(rows.iter().map(to_reference).collect()),
        Parameter::Names(names) => {
            model::Parameter::Names(names.iter().map(|name| model::Name::from(&**name)).collect())
        }
    }
}

/// A question, as plug-ins are told it.
pub(crate) fn question(query: &model::Query) -> sluice_sdk::Question {
    let mut related = Vec::new();
    query.each_related(&mut |table: &model::Name| {
        let table = table.to_string();
        if !related.contains(&table) {
            related.push(table);
        }
    });
    let order = query.order.iter().map(|one| sluice_sdk::Order {
        column: one.column.to_string(),
        descending: one.descending,
    });
    sluice_sdk::Question {
        table: query.table.to_string(),
        columns: query.columns.iter().flatten().map(ToString::to_string).collect(),
        filter: model::odata::shown(&query.filter),
        order: order.collect(),
        top: query.top.or(query.page.as_ref().map(|page| page.size)),
        related,
    }
}
