//! Reads input parameters. Their types were checked when the message began
//! ([`super::parameters`]); an error here is of a parameter that the message's form does not have.

use sluice_model::{Error, Name, Parameter, Query, Reference, Result, Row, Timestamp, Uuid, Value};

use crate::Operation;

fn missing(operation: &Operation, name: &str) -> Error {
    Error::invalid(format!(
        "message {}: the parameter `{name}` is missing, or of another type",
        operation.message.name()
    ))
}

fn value<'a, T>(operation: &'a Operation, name: &str, of: impl FnOnce(&'a Value) -> Option<T>) -> Result<Option<T>> {
    match operation.input(name) {
        None => Ok(None),
        Some(Parameter::Value(value)) => of(value).map(Some).ok_or_else(|| missing(operation, name)),
        Some(_) => Err(missing(operation, name)),
    }
}

/// A reference that must be there.
///
/// # Errors
/// It is missing or of another type.
pub fn reference(operation: &Operation, name: &str) -> Result<Reference> {
    optional_reference(operation, name)?.ok_or_else(|| missing(operation, name))
}

/// A reference that may be there.
///
/// # Errors
/// It is of another type.
pub fn optional_reference(operation: &Operation, name: &str) -> Result<Option<Reference>> {
    match operation.input(name) {
        None => Ok(None),
        Some(Parameter::Reference(reference)) => Ok(Some(reference.clone())),
        Some(_) => Err(missing(operation, name)),
    }
}

/// A list of references.
///
/// # Errors
/// It is missing or of another type.
pub fn references(operation: &Operation, name: &str) -> Result<Vec<Reference>> {
    match operation.input(name) {
        Some(Parameter::References(references)) => Ok(references.clone()),
        _ => Err(missing(operation, name)),
    }
}

/// Yes or no; no where it is missing.
///
/// # Errors
/// It is of another type.
pub fn bool(operation: &Operation, name: &str) -> Result<bool> {
    Ok(value(operation, name, Value::as_bool)?.unwrap_or_default())
}

/// A number that may be there.
///
/// # Errors
/// It is of another type.
pub fn int(operation: &Operation, name: &str) -> Result<Option<i32>> {
    value(operation, name, Value::as_int)
}

/// A point in time that may be there.
///
/// # Errors
/// It is of another type.
pub fn time(operation: &Operation, name: &str) -> Result<Option<Timestamp>> {
    value(operation, name, Value::as_time)
}

/// A text that must be there.
///
/// # Errors
/// It is missing or of another type.
pub fn text(operation: &Operation, name: &str) -> Result<String> {
    optional_text(operation, name)?.ok_or_else(|| missing(operation, name))
}

/// A text that may be there.
///
/// # Errors
/// It is of another type.
pub fn optional_text(operation: &Operation, name: &str) -> Result<Option<String>> {
    value(operation, name, |value| value.as_text().map(ToOwned::to_owned))
}

/// A whole number that must be there and not be negative.
///
/// # Errors
/// It is missing or of another type.
pub fn count(operation: &Operation, name: &str) -> Result<u64> {
    let number = match operation.input(name) {
        Some(Parameter::Value(Value::BigInt(number))) => *number,
        _ => return Err(missing(operation, name)),
    };
    u64::try_from(number).map_err(|_| {
        Error::invalid(format!(
            "message {}: the parameter `{name}` is no number from 0 on: it is {number}",
            operation.message.name()
        ))
    })
}

/// A list of texts.
///
/// # Errors
/// It is missing or of another type.
pub fn names<'a>(operation: &'a Operation, name: &str) -> Result<&'a [Name]> {
    optional_names(operation, name)?.ok_or_else(|| missing(operation, name))
}

/// A list of texts that may be there.
///
/// # Errors
/// It is of another type.
pub fn optional_names<'a>(operation: &'a Operation, name: &str) -> Result<Option<&'a [Name]>> {
    match operation.input(name) {
        None => Ok(None),
        Some(Parameter::Names(names)) => Ok(Some(names)),
        Some(_) => Err(missing(operation, name)),
    }
}

/// Bytes, which are sent as base64.
///
/// # Errors
/// They are missing or of another form.
pub fn bytes(operation: &Operation, name: &str) -> Result<Vec<u8>> {
    crate::base64::from_base64(&text(operation, name)?).ok_or_else(|| {
        Error::invalid(format!(
            "message {}: the parameter `{name}` is no text in base64",
            operation.message.name()
        ))
    })
}

/// A row, or values by name, that may be there.
///
/// # Errors
/// It is of another type.
pub fn optional_row<'a>(operation: &'a Operation, name: &str) -> Result<Option<&'a Row>> {
    match operation.input(name) {
        None => Ok(None),
        Some(Parameter::Row(row)) => Ok(Some(row)),
        Some(_) => Err(missing(operation, name)),
    }
}

/// A row, or values by name, that must be there.
///
/// # Errors
/// It is missing or of another type.
pub fn row<'a>(operation: &'a Operation, name: &str) -> Result<&'a Row> {
    optional_row(operation, name)?.ok_or_else(|| missing(operation, name))
}

/// A list of rows.
///
/// # Errors
/// It is missing or of another type.
pub fn rows(operation: &Operation, name: &str) -> Result<Vec<Row>> {
    match operation.input(name) {
        Some(Parameter::Rows(rows)) => Ok(rows.clone()),
        _ => Err(missing(operation, name)),
    }
}

/// A question for rows.
///
/// # Errors
/// It is missing or of another type.
pub fn query<'a>(operation: &'a Operation, name: &str) -> Result<&'a Query> {
    match operation.input(name) {
        Some(Parameter::Query(query)) => Ok(query),
        _ => Err(missing(operation, name)),
    }
}

/// An id that must be there.
///
/// # Errors
/// It is missing or of another type.
pub fn id(operation: &Operation, name: &str) -> Result<Uuid> {
    value(operation, name, Value::as_id)?.ok_or_else(|| missing(operation, name))
}
