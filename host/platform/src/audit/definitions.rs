//! What was changed about a table and its columns: that it is no longer audited, above all. A table is no row: its
//! name is all there is of it in the trail.

use serde::Serialize;
use serde_json::{Map, Value as Json};
use sluice_engine::Unit;
use sluice_model::{ColumnDef, Error, Reference, Result, TableDef, Uuid, Value};

use super::{Action, Changes, record};

/// Properties of tables by the names that the platform has for them. They are told as yes and no.
const SWITCHES: [(&str, &str); 3] = [
    ("audited", "isauditenabled"),
    ("duplicate_detection", "isduplicatedetectionenabled"),
    ("read_only_in_mobile", "isreadonlyinmobileclient"),
];

/// Records that the definition of a table was written, where that changed anything of it.
pub(super) fn record_written(unit: &mut Unit, before: Option<&TableDef>, after: Option<&TableDef>) -> Result<()> {
    if !unit.configuration().settings().audits {
        return Ok(());
    }
    let (action, name) = match (before, after) {
        (Some(before), Some(after)) => (changed(before, after), &after.name),
        (None, Some(after)) => (Action::Create, &after.name),
        (Some(before), None) => (Action::Delete, &before.name),
        (None, None) => return Ok(()),
    };
    let mut changes = Changes::new();
    if let (Some(before), Some(after)) = (before, after) {
        add_properties(&mut changes, before, after)?;
        add_columns(&mut changes, before, after)?;
        if changes.is_empty() {
            return Ok(());
        }
    }
    let by = unit.author();
    record(unit, &by, &Reference::new(name.clone(), Uuid::nil()), action, changes)
}

fn changed(before: &TableDef, after: &TableDef) -> Action {
    match (before.audited, after.audited) {
        (false, true) => Action::TableStarted,
        (true, false) => Action::TableStopped,
        _ => Action::Update,
    }
}

/// The properties of the table as a whole.
fn add_properties(changes: &mut Changes, before: &TableDef, after: &TableDef) -> Result<()> {
    let (before, after) = (properties(before)?, properties(after)?);
    for (property, old, new) in differing(&before, &after).filter(|(property, ..)| *property != "column") {
        match SWITCHES.iter().find(|(known, _)| *known == property) {
            Some((_, name)) => changes.add(name, &Value::Bool(is_on(old)), &Value::Bool(is_on(new)))?,
            None => changes.add(property, &told(old), &told(new))?,
        }
    }
    Ok(())
}

/// The columns that were made, that are gone, and what of the others changed: `COLUMN.PROPERTY`.
fn add_columns(changes: &mut Changes, before: &TableDef, after: &TableDef) -> Result<()> {
    let kind = |column: &ColumnDef| Value::from(column.kind.word());
    for old in before.columns.iter() {
        let Some(new) = after.column(&old.name) else {
            changes.add(&old.name, &kind(old), &Value::Null)?;
            continue;
        };
        let (old_properties, new_properties) = (properties(old)?, properties(new)?);
        for (property, was, is) in differing(&old_properties, &new_properties) {
            changes.add(&format!("{}.{property}", new.name), &told(was), &told(is))?;
        }
    }
    for new in after.columns.iter().filter(|new| before.column(&new.name).is_none()) {
        changes.add(&new.name, &Value::Null, &kind(new))?;
    }
    Ok(())
}

/// What a definition says, property by property.
fn properties(definition: &impl Serialize) -> Result<Map<String, Json>> {
    match serde_json::to_value(definition) {
        Ok(Json::Object(properties)) => Ok(properties),
        _ => Err(Error::host("a definition cannot be recorded")),
    }
}

/// The properties in which two definitions differ, each as it was and as it is.
fn differing<'a>(
    before: &'a Map<String, Json>,
    after: &'a Map<String, Json>,
) -> impl Iterator<Item = (&'a str, &'a Json, &'a Json)> {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let all = gone.chain(after.keys());
    let values = all.map(move |name| {
        let of = |properties: &'a Map<String, Json>| properties.get(name).unwrap_or(&Json::Null);
        (name.as_str(), of(before), of(after))
    });
    values.filter(|(_, old, new)| old != new)
}

/// A switch that is off is left out of definitions.
fn is_on(value: &Json) -> bool {
    *value == Json::Bool(true)
}

fn told(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::String(text) => Value::from(text.as_str()),
        other => Value::from(other.to_string()),
    }
}
