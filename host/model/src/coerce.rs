//! From the text and JSON forms of a value to the value that a column takes, and the checks
//! that a value has to pass before it is stored.

use std::str::FromStr;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::{
    Code, ColumnDef, ColumnType, Error, Name, Reference, Result, TableDef, Value,
    choices::{self, Reading, out_of_range},
    looks, names,
    written::{self, LAST_TIME, NoTime},
};

mod form;
mod kept;

pub use form::{form, formed};
pub use kept::{default, stored, time};

/// The column `name` of `table`.
///
/// # Errors
/// [`Code::ATTRIBUTE_UNKNOWN`], with a name that is nearly the same where there is one.
pub fn column<'a>(table: &'a TableDef, name: &str) -> Result<&'a ColumnDef> {
    table.column(name).ok_or_else(|| {
        let labelled = table
            .columns
            .iter()
            .find(|column| column.label.eq_ignore_ascii_case(name));
        let hint = match labelled {
            Some(column) => names::did_you_mean(&column.name, [&*column.name]),
            None => names::did_you_mean(name, table.columns.iter().map(|column| &*column.name)),
        };
        let message = format!("table `{}` has no column `{name}`{hint}", table.name);
        Error::new(Code::ATTRIBUTE_UNKNOWN, message).with_table(&table.name)
    })
}

/// Whether an Update may write a column.
///
/// # Errors
/// [`Code::READ_ONLY_COLUMN`]: it is given when a row is made.
pub fn check_changes(table: &TableDef, column: &ColumnDef) -> Result<()> {
    if !column.is_given_once() {
        return Ok(());
    }
    let message = format!(
        "column `{}` of `{}` is given when a row is made; no Update writes it",
        column.name, table.name
    );
    Err(Error::new(Code::READ_ONLY_COLUMN, message).with_table(&table.name))
}

/// The value that `text` means in `column`: a number, a choice's number or label, a date, an
/// id. A lookup takes `ID` (one target) or `table:ID`; names are for who can look them up.
///
/// # Errors
/// [`Code::INVALID_ARGUMENT`] or [`Code::OUT_OF_RANGE`], naming column and value.
pub fn from_text(table: &TableDef, column: &ColumnDef, text: &str) -> Result<Value> {
    let wrong = |what: &str| {
        Error::invalid(format!(
            "`{}` is not {what} (column `{}` of `{}`)",
            looks::clipped(text),
            column.name,
            table.name
        ))
    };
    Ok(match &column.kind {
        ColumnType::Text { .. } | ColumnType::Memo { .. } => Value::Text(text.to_owned()),
        ColumnType::Int { min, max } => Value::Int(text.parse().map_err(|_| match written::is_whole(text) {
            true => outside(
                table,
                column,
                looks::clipped(text),
                (min.unwrap_or(i32::MIN), max.unwrap_or(i32::MAX)),
            ),
            false => wrong("a whole number"),
        })?),
        ColumnType::BigInt => Value::BigInt(text.parse().map_err(|_| match written::is_whole(text) {
            true => outside(table, column, looks::clipped(text), (i64::MIN, i64::MAX)),
            false => wrong("a whole number"),
        })?),
        ColumnType::Float => {
            Value::Float(written::float(text).ok_or_else(|| no_number(table, column, text, "a number"))?)
        }
        ColumnType::Decimal { .. } => {
            Value::Decimal(written::decimal(text).ok_or_else(|| no_number(table, column, text, "a number"))?)
        }
        ColumnType::Money { .. } => {
            Value::Money(written::decimal(text).ok_or_else(|| no_number(table, column, text, "an amount"))?)
        }
        ColumnType::Bool => Value::Bool(boolean(text).ok_or_else(|| wrong("yes or no"))?),
        ColumnType::Choice { .. } | ColumnType::State { .. } | ColumnType::Status { .. } => {
            Value::Choice(option(table, column, text)?)
        }
        ColumnType::Choices { .. } => Value::Choices(several(table, column, Reading::Written, text)?),
        ColumnType::DateTime => time(table, column, &TimeZone::UTC, text)?,
        ColumnType::Date => Value::Date(written::day(text).ok_or_else(|| wrong("a day, such as 2026-01-31"))?),
        ColumnType::Key | ColumnType::Id => Value::Id(Uuid::from_str(text).map_err(|_| wrong("an id"))?),
        ColumnType::Lookup { targets } => Value::Lookup(reference(targets, text).ok_or_else(|| {
            let names: Vec<&str> = targets.iter().map(|name| &**name).collect();
            match names.as_slice() {
                [only] => wrong(&format!("the id of a row of {only}")),
                _ => wrong(&format!("`TABLE:ID` with a row of {}", names.join(" or "))),
            }
        })?),
    })
}

/// The refusal of a text that is no number of the column: none at all, or one that is too large or has too
/// many digits.
fn no_number(table: &TableDef, column: &ColumnDef, text: &str, what: &str) -> Error {
    let (from, to) = range(column);
    let why = match written::is_number(text) {
        true => format!("has more digits than are kept, or lies outside {from} to {to}"),
        false => format!("is not {what}"),
    };
    Error::invalid(format!(
        "`{}` {why} (column `{}` of `{}`)",
        looks::clipped(text),
        column.name,
        table.name
    ))
}

/// The refusal of a text that is no point in time.
pub fn no_time(table: &TableDef, column: &ColumnDef, text: &str, why: &NoTime) -> Error {
    match why {
        NoTime::Late => too_late(table, column, text),
        _ => {
            let text = looks::clipped(text);
            Error::invalid(format!("`{text}` {why} (column `{}` of `{}`)", column.name, table.name))
        }
    }
}

/// The value that `text` means where `column` is compared with it: a lookup takes the id alone, a number of
/// a choice is that number, whatever options there are, and a point in time may lie behind the last one.
///
/// # Errors
/// As [`from_text`].
pub fn compared(table: &TableDef, column: &ColumnDef, text: &str) -> Result<Value> {
    match &column.kind {
        ColumnType::Lookup { .. } => text.parse().map(Value::Id).map_err(|_| {
            Error::invalid(format!(
                "`{}` is no id (column `{}` of `{}`)",
                looks::clipped(text),
                column.name,
                table.name
            ))
        }),
        ColumnType::Choice { .. } | ColumnType::State { .. } | ColumnType::Status { .. } => {
            text.parse().or_else(|_| option(table, column, text)).map(Value::Choice)
        }
        ColumnType::Choices { .. } => several(table, column, Reading::Compared, text).map(Value::Choices),
        ColumnType::DateTime if written::time_in(text, &TimeZone::UTC) == Err(NoTime::Late) => {
            Ok(Value::DateTime(Timestamp::MAX))
        }
        _ => from_text(table, column, text),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

fn reference(targets: &[crate::Name], text: &str) -> Option<Reference> {
    match text.split_once(':') {
        Some((table, id)) => {
            let table = targets.iter().find(|target| &***target == table)?;
            Some(Reference::new(table.clone(), Uuid::from_str(id).ok()?))
        }
        None => match targets {
            [table] => Some(Reference::new(table.clone(), Uuid::from_str(text).ok()?)),
            _ => None,
        },
    }
}

/// The number of the option whose number or label is `text`.
fn option(table: &TableDef, column: &ColumnDef, text: &str) -> Result<i32> {
    let options = column.kind.options().unwrap_or_default();
    let number = text.parse::<i32>().ok();
    if options.is_empty()
        && let Some(number) = number
    {
        return Ok(number);
    }
    match choices::all_named(table.collation(), options, text).as_slice() {
        [only] => Ok(only.value),
        [] => Err(out_of_range(table, column, text)),
        several => Err(choices::ambiguous(table, column, text, several)),
    }
}

/// As [`from_text`], for a row that is in that state then: a label of a status reason is looked for among
/// those of the state first, since several states may have a reason of one name.
///
/// # Errors
/// As [`from_text`].
pub fn from_text_in(table: &TableDef, column: &ColumnDef, state: Option<i32>, text: &str) -> Result<Value> {
    if let (ColumnType::Status { options }, Some(_), Err(_)) = (&column.kind, state, text.parse::<i32>()) {
        let of_state = options.iter().filter(|option| option.state == state);
        if let Some(option) = choices::named(table.collation(), of_state, text) {
            return Ok(Value::Choice(option.value));
        }
    }
    from_text(table, column, text)
}

/// The numbers of several options, each by its number or its label.
fn several(table: &TableDef, column: &ColumnDef, reading: Reading, text: &str) -> Result<Vec<i32>> {
    match choices::several(table, column, reading, text)? {
        Some(numbers) => Ok(numbers),
        // The first of them that is none is told.
        None => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            let one = |part: &str| match (reading, part.parse()) {
                (Reading::Compared, Ok(number)) => Ok(number),
                _ => option(table, column, part),
            };
            parts.map(one).collect()
        }
    }
}

/// The option that a JSON value means: a number is a number, and a text may be a label.
fn option_of(table: &TableDef, column: &ColumnDef, json: &serde_json::Value) -> Result<i32> {
    let options = column.kind.options().unwrap_or_default();
    let number = json.as_i64().and_then(|number| i32::try_from(number).ok());
    match (json, number) {
        (serde_json::Value::String(text), _) => option(table, column, text),
        (_, Some(number)) if options.is_empty() || options.iter().any(|option| option.value == number) => Ok(number),
        (other, _) => Err(out_of_range(table, column, &other.to_string())),
    }
}

/// The value that a JSON value means in `column`.
///
/// # Errors
/// [`Code::INVALID_ARGUMENT`] or [`Code::OUT_OF_RANGE`], naming column and value.
pub fn from_json(table: &TableDef, column: &ColumnDef, json: &serde_json::Value) -> Result<Value> {
    use serde_json::Value as Json;
    match json {
        Json::Null => Ok(Value::Null),
        Json::String(text) => from_text(table, column, text),
        Json::Bool(b) if matches!(column.kind, ColumnType::Bool) => Ok(Value::Bool(*b)),
        Json::Number(_) if is_choice(&column.kind) => option_of(table, column, json).map(Value::Choice),
        Json::Number(_) if matches!(column.kind, ColumnType::Choices { .. }) => {
            Ok(Value::Choices(vec![option_of(table, column, json)?]))
        }
        Json::Number(number) if !matches!(column.kind, ColumnType::Text { .. } | ColumnType::Memo { .. }) => {
            from_text(table, column, &number.to_string())
        }
        Json::Array(items) if matches!(column.kind, ColumnType::Choices { .. }) => {
            let numbers = items.iter().map(|item| option_of(table, column, item));
            Ok(Value::Choices(numbers.collect::<Result<_>>()?))
        }
        other => Err(Error::invalid(format!(
            "`{}` is no {} (column `{}` of `{}`)",
            looks::clipped(&other.to_string()),
            column.kind.word(),
            column.name,
            table.name
        ))),
    }
}

fn is_choice(kind: &ColumnType) -> bool {
    matches!(
        kind,
        ColumnType::Choice { .. } | ColumnType::State { .. } | ColumnType::Status { .. }
    )
}

/// Checks a value against its column's definition and brings it into the stored form ([`formed`]).
///
/// # Errors
/// [`Code::TEXT_TOO_LONG`], [`Code::OUT_OF_RANGE`], [`Code::INVALID_STATE`],
/// [`Code::INVALID_DATE_TIME`], [`Code::INVALID_LINK`] or [`Code::INVALID_ARGUMENT`], naming column and value.
pub fn check(table: &TableDef, column: &ColumnDef, value: Value) -> Result<Value> {
    let value = formed(column, value);
    match (&column.kind, &value) {
        (_, Value::Null)
        | (ColumnType::BigInt, Value::BigInt(_))
        | (ColumnType::Bool, Value::Bool(_))
        | (ColumnType::Key | ColumnType::Id, Value::Id(_)) => {}
        (ColumnType::Text { max_length } | ColumnType::Memo { max_length }, Value::Text(text)) => {
            text_within(table, column, text, *max_length)?;
        }
        (ColumnType::Int { min, max }, Value::Int(n)) => {
            let bounds = (min.unwrap_or(i32::MIN), max.unwrap_or(i32::MAX));
            if *n < bounds.0 || *n > bounds.1 {
                return Err(outside(table, column, n, bounds));
            }
        }
        (ColumnType::Float, Value::Float(n)) if n.is_finite() => float_within(table, column, *n)?,
        (ColumnType::Decimal { .. }, Value::Decimal(n)) | (ColumnType::Money { .. }, Value::Money(n)) => {
            within(table, column, *n)?;
        }
        (
            ColumnType::Choice { options, .. } | ColumnType::State { options } | ColumnType::Status { options },
            Value::Choice(n),
        ) => {
            if !options.is_empty() && !options.iter().any(|option| option.value == *n) {
                return Err(out_of_range(table, column, &n.to_string()));
            }
        }
        (ColumnType::Choices { options, .. }, Value::Choices(numbers)) => {
            let is_option = |n: &&i32| options.iter().any(|option| option.value == **n);
            if let Some(wrong) = numbers.iter().find(|n| !is_option(n)) {
                return Err(out_of_range(table, column, &wrong.to_string()));
            }
        }
        (ColumnType::DateTime, Value::DateTime(time)) => {
            not_before(table, column, *time, FIRST_TIME)?;
            if *time > LAST_TIME {
                return Err(too_late(table, column, &time.to_string()));
            }
        }
        (ColumnType::Date, Value::Date(date)) => not_before(table, column, *date, FIRST_DAY)?,
        (ColumnType::Lookup { targets }, Value::Lookup(reference)) => check_target(table, column, targets, reference)?,
        _ => return Err(mismatch(table, column, &value)),
    }
    Ok(value)
}

fn mismatch(table: &TableDef, column: &ColumnDef, value: &Value) -> Error {
    let message = format!(
        "{} is no {} (column `{}` of `{}`)",
        value.described(),
        column.kind.word(),
        column.name,
        table.name
    );
    Error::invalid(message).with_table(&table.name)
}

/// A text has no character NUL, and no more characters than its column takes.
fn text_within(table: &TableDef, column: &ColumnDef, text: &str, most: u32) -> Result<()> {
    if text.contains('\0') {
        let message = format!(
            "the text of column `{}` of `{}` has the character NUL in it; take it out",
            column.name, table.name
        );
        return Err(Error::invalid(message).with_table(&table.name));
    }
    // Characters are counted only where the bytes could be too many.
    if text.len() > most as usize && text.encode_utf16().count() > most as usize {
        let message = format!(
            "A validation error occurred.  The length of the '{}' attribute of the '{}' entity exceeded the maximum allowed length of '{most}'.",
            column.name, table.name
        );
        return Err(Error::new(Code::TEXT_TOO_LONG, message).with_table(&table.name));
    }
    match column.kind {
        ColumnType::Text { .. } => in_one_line(table, column, text),
        _ => Ok(()),
    }
}

/// What an organisation is administered and customised by is named in the sentences and commands of others: its texts of
/// one line have no other.
fn in_one_line(table: &TableDef, column: &ColumnDef, text: &str) -> Result<()> {
    if !(table.configuration || table.customizes) || !text.contains(char::is_control) {
        return Ok(());
    }
    let message = format!(
        "`{}` is no text of one line (column `{}` of `{}`): it has a line break, or other characters that nobody sees; \
         take them out",
        looks::clipped(text).escape_debug(),
        column.name,
        table.name
    );
    Err(Error::invalid(message).with_table(&table.name))
}

/// A day or a time that is not before the first that the platform takes.
fn not_before<T: PartialOrd + std::fmt::Display>(
    table: &TableDef,
    column: &ColumnDef,
    value: T,
    first: T,
) -> Result<()> {
    match value < first {
        true => Err(too_early(table, column, &value.to_string())),
        false => Ok(()),
    }
}

/// A lookup refers to a row of one of the tables of its column.
fn check_target(table: &TableDef, column: &ColumnDef, targets: &[Name], reference: &Reference) -> Result<()> {
    if targets.contains(&reference.table) {
        return Ok(());
    }
    let names: Vec<&str> = targets.iter().map(|name| &**name).collect();
    let message = format!(
        "column `{}` of `{}` refers to {}, not to {}",
        column.name,
        table.name,
        names.join(" or "),
        reference.table
    );
    Err(Error::new(Code::INVALID_LINK, message).with_table(&table.name))
}

/// The first day that the platform has, and the midnight at which it begins.
const FIRST_DAY: Date = Date::constant(1753, 1, 1);
const FIRST_TIME: Timestamp = Timestamp::constant(-6_847_804_800, 0);

fn too_early(table: &TableDef, column: &ColumnDef, value: &str) -> Error {
    Error::new(
        Code::INVALID_DATE_TIME,
        format!(
            "DateTime is less than minimum value supported by CrmDateTime. Actual value: {value}, Minimum value supported: {FIRST_DAY} (column `{}` of `{}`)",
            column.name, table.name
        ),
    )
    .with_table(&table.name)
}

fn too_late(table: &TableDef, column: &ColumnDef, value: &str) -> Error {
    Error::new(
        Code::INVALID_DATE_TIME,
        format!(
            "DateTime is greater than maximum value supported by CrmDateTime. Actual value: {value}, Maximum value supported: {LAST_TIME} (column `{}` of `{}`)",
            column.name, table.name
        ),
    )
    .with_table(&table.name)
}

fn outside<T: std::fmt::Display>(
    table: &TableDef,
    column: &ColumnDef,
    value: impl std::fmt::Display,
    (from, to): (T, T),
) -> Error {
    let message = format!(
        "A validation error occurred. The value {value} of '{}' on record of type '{}' is outside the valid range. Accepted Values: {from} to {to}",
        column.name, table.name
    );
    Error::new(Code::OUT_OF_RANGE, message).with_table(&table.name)
}

/// The range of a column's numbers: its own, or that of its type, in which the stored form is
/// exact.
fn range(column: &ColumnDef) -> (Decimal, Decimal) {
    let most = match column.kind {
        ColumnType::Money { .. } => Decimal::from(922_337_203_685_477_i64),
        _ => Decimal::from(100_000_000_000_i64),
    };
    match &column.range {
        Some([from, to]) => (*from.max(&-most), *to.min(&most)),
        None => (-most, most),
    }
}

/// An amount or a decimal number is in its column's range.
fn within(table: &TableDef, column: &ColumnDef, number: Decimal) -> Result<()> {
    let range = range(column);
    match number < range.0 || number > range.1 {
        true => Err(outside(table, column, number, range)),
        false => Ok(()),
    }
}

fn float_within(table: &TableDef, column: &ColumnDef, number: f64) -> Result<()> {
    let range = range(column);
    let inside = Decimal::from_f64_retain(number).is_some_and(|exact| exact >= range.0 && exact <= range.1);
    match inside {
        true => Ok(()),
        false => Err(outside(table, column, number, range)),
    }
}
