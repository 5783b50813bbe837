//! The answers to requests that carried an id of their own: the same request again, by the
//! same user and about the same row, gets the first answer and changes nothing.

use sluice_model::{Error, Filter, Name, Parameter, Parameters, Query, Reference, Result, Row, Uuid, Value, json};

use crate::{Operation, Unit, tables};

/// What a request is known by; nothing, where it is not to be remembered.
fn key(operation: &Operation) -> Option<(Uuid, String)> {
    let context = &operation.context;
    let request = context.request.filter(|_| context.depth == 1)?;
    if !operation.message.remembers() {
        return None;
    }
    let row = operation.target_reference().map(|row| row.to_string());
    let mut what = format!("{} {}", operation.message.name(), row.unwrap_or_default());
    // Whoever calls on behalf of somebody is given no answer that somebody else got.
    if let Some(caller) = operation.principal.limit() {
        what.push_str(&format!(" by {}", caller.id()));
    }
    Some((request, what))
}

/// The answer to the same request, if there was one.
pub(crate) fn earlier(unit: &mut Unit, operation: &Operation) -> Result<Option<Parameters>> {
    let Some((request, what)) = key(operation) else {
        return Ok(None);
    };
    let filter = Filter::eq("sl_request", request)
        .and(Filter::eq("sl_what", what))
        .and(Filter::eq("sl_user", operation.principal.id()));
    let query = Query::new(tables::REQUEST_ANSWER)
        .columns(&["sl_answer"])
        .filter(filter);
    let rows = unit.select_as_platform("give the same request the same answer", &query)?;
    rows.first()
        .and_then(|row| row.text("sl_answer"))
        .map(from_text)
        .transpose()
}

/// Keeps the answer to a request, in its transaction.
pub(crate) fn keep(unit: &mut Unit, operation: &Operation) -> Result<()> {
    let Some((request, what)) = key(operation) else {
        return Ok(());
    };
    let mut row = Row::new(tables::REQUEST_ANSWER, unit.core.env.new_id())
        .with("sl_request", request)
        .with("sl_what", what)
        .with("sl_user", operation.principal.id())
        .with("sl_answer", to_text(&operation.context.outputs)?);
    if let Ok(about) = operation.target_reference() {
        row.set("sl_table", &*about.table);
        row.set("sl_row", about.id);
    }
    unit.insert_as_platform("keep the answer to a request", row)
}

/// References as `table:id`, rows with their values: what messages that remember answer.
fn to_text(outputs: &Parameters) -> Result<String> {
    let mut map = serde_json::Map::new();
    for (name, output) in outputs {
        let value = match output {
            Parameter::References(rows) => rows.iter().map(ToString::to_string).collect::<Vec<_>>().into(),
            Parameter::Rows(rows) => rows.iter().map(row_to_json).collect::<Vec<_>>().into(),
            _ => return Err(Error::host(format!("the answer `{name}` cannot be kept"))),
        };
        map.insert(name.to_string(), value);
    }
    Ok(serde_json::Value::Object(map).to_string())
}

fn row_to_json(row: &Row) -> serde_json::Value {
    let values: serde_json::Map<_, _> = row
        .values
        .iter()
        .map(|(name, value)| (name.to_string(), json::from_value(value)))
        .collect();
    serde_json::json!({ "row": row.reference().to_string(), "values": values })
}

/// Whether a text is a kept answer.
pub(crate) fn is_answer(text: &str) -> bool {
    from_text(text).is_ok()
}

fn from_text(text: &str) -> Result<Parameters> {
    let broken = || Error::host("a kept answer is broken");
    let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).map_err(|_| broken())?;
    let mut outputs = Parameters::new();
    for (name, items) in map {
        let items = items.as_array().ok_or_else(broken)?;
        let rows = items.iter().any(serde_json::Value::is_object);
        let output = if rows {
            Parameter::Rows(
                items
                    .iter()
                    .map(row_from_json)
                    .collect::<Option<_>>()
                    .ok_or_else(broken)?,
            )
        } else {
            Parameter::References(
                items
                    .iter()
                    .map(|item| reference(item.as_str()?))
                    .collect::<Option<_>>()
                    .ok_or_else(broken)?,
            )
        };
        outputs.insert(name.into(), output);
    }
    Ok(outputs)
}

fn reference(text: &str) -> Option<Reference> {
    let (table, id) = text.split_once(':')?;
    Some(Reference::new(table, id.parse().ok()?))
}

fn row_from_json(item: &serde_json::Value) -> Option<Row> {
    let reference = reference(item.get("row")?.as_str()?)?;
    let mut row = Row::new(reference.table, reference.id);
    for (name, value) in item.get("values")?.as_object()? {
        let value = match value {
            serde_json::Value::Number(number) => Value::Int(i32::try_from(number.as_i64()?).ok()?),
            serde_json::Value::String(text) => Value::Text(text.clone()),
            serde_json::Value::Bool(yes) => Value::Bool(*yes),
            _ => continue,
        };
        row.values.insert(Name::from(name.as_str()), value);
    }
    Some(row)
}
