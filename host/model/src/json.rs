//! Rows in the Web API's JSON form: lookups as `_x_value`, whole-second UTC dates, choices as
//! numbers; and back.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::{
    Catalog, ColumnDef, ColumnType, Error, Query, Reference, Result, Row, TableDef, Value, answer::Field, coerce,
};

/// The annotation that names the table of a lookup with several targets.
const LOOKUP_TABLE: &str = "@Microsoft.Dynamics.CRM.lookuplogicalname";

/// The row as a JSON object: the key first, then the columns in the table's order. Columns
/// named in `columns` that hold nothing are `null`.
pub fn from_row(table: &TableDef, row: &Row, columns: Option<&[crate::Name]>) -> Json {
    let mut map = Map::new();
    map.insert(table.key.to_string(), row.id.to_string().into());
    for column in &table.columns {
        if column.kind == ColumnType::Key {
            continue;
        }
        match row.get(&column.name) {
            Some(value) => put(&mut map, column, value),
            None if columns.is_none_or(|columns| columns.contains(&column.name)) => put(&mut map, column, &Value::Null),
            None => {}
        }
    }
    Json::Object(map)
}

/// A row of an answer: that of the table, as far as the answer has it, then the columns that come
/// beside, each under its own name, with the table of what a reference refers to.
pub fn from_answer(table: &TableDef, query: &Query, fields: &[Field], row: &Row) -> Json {
    let mut map = match query.totals.is_empty() {
        false => Map::new(),
        true => match from_row(table, row, query.columns.as_deref()) {
            Json::Object(map) => map,
            _ => Map::new(),
        },
    };
    if row.id.is_nil() {
        map.remove(&*table.key);
    }
    for field in fields {
        let name = &field.column.name;
        let value = row.get(name).unwrap_or(&Value::Null);
        if let (Value::Lookup(reference), Some([_, _, ..])) = (value, field.column.kind.targets()) {
            map.insert(format!("{name}{LOOKUP_TABLE}"), reference.table.to_string().into());
        }
        map.insert(name.to_string(), from_value(value));
    }
    Json::Object(map)
}

fn put(map: &mut Map<String, Json>, column: &ColumnDef, value: &Value) {
    let name = match column.kind {
        ColumnType::Lookup { .. } => format!("_{}_value", column.name),
        _ => column.name.to_string(),
    };
    if let (Value::Lookup(reference), Some([_, _, ..])) = (value, column.kind.targets()) {
        map.insert(format!("{name}{LOOKUP_TABLE}"), reference.table.to_string().into());
    }
    map.insert(name, from_value(value));
}

/// The value as JSON.
pub fn from_value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(n) | Value::Choice(n) => (*n).into(),
        Value::BigInt(n) => (*n).into(),
        Value::Float(n) => (*n).into(),
        Value::Decimal(n) | Value::Money(n) => number(&n.normalize().to_string()),
        Value::Text(text) => text.clone().into(),
        Value::DateTime(time) => whole_seconds(*time).into(),
        Value::Date(date) => date.to_string().into(),
        Value::Choices(numbers) => numbers
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")
            .into(),
        Value::Id(id) => id.to_string().into(),
        Value::Lookup(reference) => reference.id.to_string().into(),
    }
}

/// A number; a text where a number of JSON would be another one.
fn number(digits: &str) -> Json {
    match (digits.parse::<i64>(), digits.parse::<f64>()) {
        (Ok(whole), _) => whole.into(),
        (_, Ok(number)) if number.to_string() == digits => number.into(),
        _ => digits.into(),
    }
}

/// The time as the Web API writes it: UTC, fractions of a second cut.
pub fn whole_seconds(time: Timestamp) -> String {
    crate::value::whole_second(time).to_string()
}

/// The row that a JSON object describes. The key column may be present; annotations are
/// passed over; `x@odata.bind` takes `set(ID)`, `_x_value` an id.
///
/// # Errors
/// An unknown column, or a value that the column does not take.
pub fn to_row(catalog: &Catalog, table: &TableDef, json: &Map<String, Json>) -> Result<Row> {
    let mut row = Row::unsaved(table.name.clone());
    let state = match (table.column("statecode"), json.get("statecode")) {
        (Some(column), Some(state)) => coerce::from_json(table, column, state)?.as_int(),
        _ => None,
    };
    for (name, value) in json {
        if *name == *table.key {
            row.id = value
                .as_str()
                .and_then(|id| id.parse().ok())
                .ok_or_else(|| Error::invalid(format!("`{value}` is not an id")))?;
            continue;
        }
        if let Some(name) = name.strip_suffix("@odata.bind") {
            let column = coerce::column(table, name)?;
            row.set(column.name.clone(), bind(catalog, value)?);
            continue;
        }
        if name.contains('@') {
            continue;
        }
        let plain = name
            .strip_prefix('_')
            .and_then(|name| name.strip_suffix("_value"))
            .unwrap_or(name);
        let column = coerce::column(table, plain)?;
        let lookup_table = json.get(&format!("{name}{LOOKUP_TABLE}")).and_then(Json::as_str);
        let parsed = match (lookup_table, value.as_str()) {
            (Some(target), Some(id)) => coerce::from_text(table, column, &format!("{target}:{id}"))?,
            (None, Some(text)) => coerce::from_text_in(table, column, state, text)?,
            _ => coerce::from_json(table, column, value)?,
        };
        row.set(column.name.clone(), parsed);
    }
    Ok(row)
}

fn bind(catalog: &Catalog, value: &Json) -> Result<Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let wrong = || Error::invalid(format!("`{value}` is no reference such as \"accounts(ID)\""));
    let text = value.as_str().ok_or_else(wrong)?;
    let text = text.rsplit('/').next().unwrap_or(text);
    let (set, id) = text
        .strip_suffix(')')
        .and_then(|text| text.split_once('('))
        .ok_or_else(wrong)?;
    let table = catalog.by_set(set).ok_or_else(wrong)?;
    Ok(Value::Lookup(Reference::new(
        table.name.clone(),
        id.parse().map_err(|_| wrong())?,
    )))
}
