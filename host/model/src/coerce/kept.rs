//! Values as they are kept: those of defaults and constants, and points in time of a zone.

use jiff::tz::TimeZone;

use super::{check, from_json, no_time};
use crate::{ColumnDef, Result, TableDef, Value, written};

/// The point in time that `text` means in `column`; without an offset it is one of that zone.
///
/// # Errors
/// It is none, or the clocks of the zone skip it or show it twice.
pub fn time(table: &TableDef, column: &ColumnDef, zone: &TimeZone, text: &str) -> Result<Value> {
    let time = written::time_in(text, zone).map_err(|why| no_time(table, column, text, &why))?;
    Ok(Value::DateTime(time))
}

/// The value that a row gets in `column` by a JSON value, as of a default or a constant: in its stored form.
///
/// # Errors
/// As [`from_json`] and [`check`].
pub fn stored(table: &TableDef, column: &ColumnDef, json: &serde_json::Value) -> Result<Value> {
    check(table, column, from_json(table, column, json)?)
}

/// A default as it is kept: the value that it is when it is given, with options by their numbers, whatever
/// they are called later. Nothing where it is none.
///
/// # Errors
/// As [`stored`].
pub fn default(table: &TableDef, column: &ColumnDef, json: &serde_json::Value) -> Result<Option<serde_json::Value>> {
    Ok(match stored(table, column, json)? {
        Value::Null => None,
        Value::Choices(numbers) => Some(numbers.into()),
        value => Some(crate::json::from_value(&value)),
    })
}
