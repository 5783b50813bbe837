//! The form of values in the database: each [`Value`] as one cell, a lookup with several
//! possible targets as two.
//!
//! Cells compare in SQL as the values do: dates and amounts are integers, decimals are blobs
//! whose bytes sort as the numbers, text carries the collation of its column. This module
//! knows no table of the database and no statement.

use std::borrow::Cow;

use jiff::{Span, Timestamp, Unit, civil::Date};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rust_decimal::Decimal;
use sluice_model::{
    Code, ColumnDef, ColumnType, Error, Name, Points, Reference, Remedy, Result, TableDef, Uuid, Value,
};

/// One cell of the database.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(Cow<'a, str>),
    /// An id or a decimal: sixteen bytes.
    Bytes([u8; 16]),
}

impl rusqlite::ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(n) => ValueRef::Integer(*n),
            Self::Real(n) => ValueRef::Real(*n),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<Cell<'_>> for sea_query::Value {
    fn from(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Null => Self::BigInt(None),
            Cell::Int(n) => Self::BigInt(Some(n)),
            Cell::Real(n) => Self::Double(Some(n)),
            Cell::Text(text) => Self::String(Some(text.into_owned())),
            Cell::Bytes(bytes) => Self::Bytes(Some(bytes.to_vec())),
        }
    }
}

/// An id as a cell.
pub(crate) fn id(id: Uuid) -> Cell<'static> {
    Cell::Bytes(id.into_bytes())
}

/// Whether the column is kept as an id and a type column.
pub(crate) fn is_split(kind: &ColumnType) -> bool {
    kind.targets().is_some_and(|targets| targets.len() != 1)
}

/// The name of the type column of a lookup with several targets.
pub(crate) fn type_column(column: &str) -> String {
    format!("{column}_type")
}

/// Where it stands of which table the row is that a column refers to.
pub(crate) enum TableOf<'a> {
    /// It is always the same.
    Always(&'a Name),
    /// In this column of the same row.
    In(Cow<'a, str>),
    /// Nowhere: a loose id.
    Unsaid,
}

/// Of which table the row is that a column refers to; a key refers to its own row.
pub(crate) fn table_of<'a>(table: &'a TableDef, column: &'a ColumnDef) -> TableOf<'a> {
    match &column.kind {
        ColumnType::Key => TableOf::Always(&table.name),
        ColumnType::Lookup { targets } => match targets.as_slice() {
            [only] => TableOf::Always(only),
            _ => TableOf::In(type_column(&column.name).into()),
        },
        _ => match &column.points {
            Some(Points::Row { table, .. }) => TableOf::Always(table),
            Some(Points::RowOf { named_in, .. }) => TableOf::In(Cow::Borrowed(&**named_in)),
            Some(Points::RowWith { .. } | Points::Nothing) | None => TableOf::Unsaid,
        },
    }
}

/// The cell of a column, and the cell of its type column if it has one.
pub(crate) fn stored<'a>(
    table: &TableDef,
    column: &ColumnDef,
    value: &'a Value,
) -> Result<(Cell<'a>, Option<Cell<'a>>)> {
    let split = is_split(&column.kind);
    if let (ColumnType::Lookup { targets }, Value::Lookup(reference)) = (&column.kind, value) {
        if !targets.is_empty() && !targets.contains(&reference.table) {
            let names: Vec<String> = targets.iter().map(|name| format!("`{name}`")).collect();
            return Err(Error::invalid(format!(
                "column `{}` of `{}` refers to {}, not to `{}`",
                column.name,
                table.name,
                names.join(" or "),
                reference.table
            )));
        }
        return Ok((
            id(reference.id),
            split.then_some(Cell::Text(Cow::Borrowed(&reference.table))),
        ));
    }
    if split && !value.is_null() {
        return Err(wrong(table, column, value, "a reference with its table"));
    }
    Ok((compared(table, column, value)?, split.then_some(Cell::Null)))
}

/// The cell to compare a column with. Of a lookup that is the id; where a reference is given, its
/// table is compared beside it.
pub(crate) fn compared<'a>(table: &TableDef, column: &ColumnDef, value: &'a Value) -> Result<Cell<'a>> {
    use ColumnType as C;
    let cell = match (&column.kind, value) {
        (_, Value::Null) => Cell::Null,
        (C::Key | C::Id | C::Lookup { .. }, Value::Id(uuid)) => id(*uuid),
        (C::Key | C::Id | C::Lookup { .. }, Value::Lookup(reference)) => id(reference.id),
        (C::Text { .. } | C::Memo { .. }, Value::Text(text)) => Cell::Text(Cow::Borrowed(text)),
        (
            C::Int { .. } | C::BigInt | C::Choice { .. } | C::State { .. } | C::Status { .. },
            Value::Int(n) | Value::Choice(n),
        ) => Cell::Int(i64::from(*n)),
        (C::BigInt, Value::BigInt(n)) => Cell::Int(*n),
        (C::Bool, Value::Bool(b)) => Cell::Int(i64::from(*b)),
        (C::Float, Value::Float(n)) if !n.is_nan() => Cell::Real(*n),
        (C::Float, Value::Int(n)) => Cell::Real(f64::from(*n)),
        (C::Decimal { .. }, Value::Decimal(n) | Value::Money(n)) => decimal(*n, table, column)?,
        (C::Decimal { .. }, Value::Int(n)) => decimal(Decimal::from(*n), table, column)?,
        (C::Money { .. }, Value::Decimal(n) | Value::Money(n)) => money(*n, table, column)?,
        (C::Money { .. }, Value::Int(n)) => money(Decimal::from(*n), table, column)?,
        (C::DateTime, Value::DateTime(time)) => Cell::Int(time.as_microsecond()),
        (C::Date, Value::Date(date)) => Cell::Int(days(*date)?),
        (C::Choices { .. }, Value::Choices(numbers)) => choices(numbers),
        (kind, value) => return Err(wrong(table, column, value, kind.word())),
    };
    Ok(cell)
}

/// The value of a column in a row that was read; `Null` for an empty cell.
pub(crate) fn value(column: &ColumnDef, row: &rusqlite::Row<'_>, index: usize) -> Result<Value> {
    use ColumnType as C;
    let cell = row.get_ref(index).map_err(|error| Error::host(error.to_string()))?;
    if matches!(cell, ValueRef::Null) {
        return Ok(Value::Null);
    }
    let value = match (&column.kind, cell) {
        (C::Key | C::Id, ValueRef::Blob(bytes)) => uuid(bytes).map(Value::Id),
        (C::Lookup { targets }, ValueRef::Blob(bytes)) => uuid(bytes).and_then(|id| {
            Some(Value::Lookup(Reference {
                table: target(targets, row, index)?,
                id,
            }))
        }),
        (C::Text { .. } | C::Memo { .. }, ValueRef::Text(text)) => {
            std::str::from_utf8(text).ok().map(|text| Value::Text(text.to_owned()))
        }
        (C::Int { .. }, ValueRef::Integer(n)) => i32::try_from(n).ok().map(Value::Int),
        (C::Choice { .. } | C::State { .. } | C::Status { .. }, ValueRef::Integer(n)) => {
            i32::try_from(n).ok().map(Value::Choice)
        }
        (C::BigInt, ValueRef::Integer(n)) => Some(Value::BigInt(n)),
        (C::Bool, ValueRef::Integer(n)) => Some(Value::Bool(n != 0)),
        (C::Float, ValueRef::Real(n)) => Some(Value::Float(n)),
        (C::Decimal { .. }, ValueRef::Blob(bytes)) => decimal_of(bytes).map(Value::Decimal),
        (C::Money { .. }, ValueRef::Integer(n)) => Some(Value::Money(Decimal::new(n, 4).normalize())),
        (C::DateTime, ValueRef::Integer(n)) => Timestamp::from_microsecond(n).ok().map(Value::DateTime),
        (C::Date, ValueRef::Integer(n)) => date_of(n).map(Value::Date),
        (C::Choices { .. }, ValueRef::Text(text)) => choices_of(text).map(Value::Choices),
        _ => None,
    };
    value.ok_or_else(|| {
        Error::host(format!(
            "the file holds something in column `{}` that is not of its type, {}; restore a backup, or set the column anew",
            column.name,
            column.kind.word()
        ))
        .with_remedy(Remedy::Restore)
    })
}

/// The sum of a column of exact numbers, as the value that it is in the answer.
///
/// # Errors
/// It is too large for that.
pub(crate) fn sum(column: &ColumnDef, cell: ValueRef<'_>) -> Result<Value> {
    let ValueRef::Blob(bytes) = cell else {
        return Ok(Value::Null);
    };
    let sum = scaled_of(bytes).unwrap_or_default();
    let decimal = |places| {
        let number = Decimal::try_from_i128_with_scale(sum, places);
        number.ok().map(|number| number.normalize())
    };
    let value = match column.kind {
        ColumnType::Money { .. } => decimal(MONEY_PLACES).map(Value::Money),
        ColumnType::Decimal { .. } => decimal(DECIMAL_PLACES).map(Value::Decimal),
        _ => i64::try_from(sum).ok().map(Value::BigInt),
    };
    value.ok_or_else(|| {
        let most = match column.kind {
            ColumnType::Money { .. } | ColumnType::Decimal { .. } => Decimal::MAX.to_string(),
            _ => i64::MAX.to_string(),
        };
        Error::new(
            Code::OUT_OF_RANGE,
            format!(
                "the sum `{}` is too large: sums go to ±{most}; narrow the query by a filter or groups",
                column.name
            ),
        )
    })
}

/// Sixteen bytes as an id.
pub(crate) fn uuid(bytes: &[u8]) -> Option<Uuid> {
    Uuid::from_slice(bytes).ok()
}

/// Several choices as text: `,1,2,`, sorted, so that equal sets are equal texts.
fn choices(numbers: &[i32]) -> Cell<'static> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.is_empty() {
        return Cell::Null;
    }
    let mut text = String::from(",");
    for number in sorted {
        text.push_str(&number.to_string());
        text.push(',');
    }
    Cell::Text(Cow::Owned(text))
}

fn choices_of(text: &[u8]) -> Option<Vec<i32>> {
    let text = std::str::from_utf8(text).ok()?;
    text.split(',')
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok())
        .collect()
}

fn target(targets: &[Name], row: &rusqlite::Row<'_>, index: usize) -> Option<Name> {
    match targets {
        [only] => Some(only.clone()),
        _ => {
            let stored = row.get_ref(index + 1).ok()?.as_str().ok()?;
            Some(
                targets
                    .iter()
                    .find(|name| &***name == stored)
                    .cloned()
                    .unwrap_or_else(|| Name::from(stored)),
            )
        }
    }
}

const DECIMAL_PLACES: u32 = 10;
const MONEY_PLACES: u32 = 4;
const SIGN: u128 = 1 << 127;

/// A decimal number × 10¹⁰ as a big-endian integer with the sign bit flipped: bytes sort as
/// the numbers do.
fn decimal(number: Decimal, table: &TableDef, column: &ColumnDef) -> Result<Cell<'static>> {
    let scaled = scaled(number, DECIMAL_PLACES).ok_or_else(|| unfit(number, DECIMAL_PLACES, table, column))?;
    Ok(Cell::Bytes(of_scaled(scaled)))
}

/// The integer in such a cell, and the cell of one: for sums.
pub(crate) fn scaled_of(bytes: &[u8]) -> Option<i128> {
    let bits = u128::from_be_bytes(bytes.try_into().ok()?);
    Some((bits ^ SIGN).cast_signed())
}

/// See [`scaled_of`].
pub(crate) fn of_scaled(scaled: i128) -> [u8; 16] {
    (scaled.cast_unsigned() ^ SIGN).to_be_bytes()
}

fn decimal_of(bytes: &[u8]) -> Option<Decimal> {
    let (mut number, mut scale) = (scaled_of(bytes)?, DECIMAL_PLACES);
    while scale > 0 && number % 10 == 0 {
        number /= 10;
        scale -= 1;
    }
    Decimal::try_from_i128_with_scale(number, scale).ok()
}

fn money(amount: Decimal, table: &TableDef, column: &ColumnDef) -> Result<Cell<'static>> {
    let scaled = scaled(amount, MONEY_PLACES).and_then(|scaled| i64::try_from(scaled).ok());
    scaled
        .map(Cell::Int)
        .ok_or_else(|| unfit(amount, MONEY_PLACES, table, column))
}

/// The number × 10^`places`, if that is whole and fits.
fn scaled(number: Decimal, places: u32) -> Option<i128> {
    let number = number.normalize();
    let missing = places.checked_sub(number.scale())?;
    number.mantissa().checked_mul(10_i128.checked_pow(missing)?)
}

fn unfit(number: Decimal, places: u32, table: &TableDef, column: &ColumnDef) -> Error {
    Error::invalid(format!(
        "{number} does not fit column `{}` of `{}`: it is too large or has more than {places} decimal places; round it first",
        column.name, table.name
    ))
}

const EPOCH: Date = Date::constant(1970, 1, 1);

fn days(date: Date) -> Result<i64> {
    let span = EPOCH
        .until((Unit::Day, date))
        .map_err(|error| Error::invalid(error.to_string()))?;
    Ok(i64::from(span.get_days()))
}

fn date_of(days: i64) -> Option<Date> {
    EPOCH.checked_add(Span::new().try_days(days).ok()?).ok()
}

fn wrong(table: &TableDef, column: &ColumnDef, value: &Value, wanted: &str) -> Error {
    let given = match value {
        Value::Null => "nothing",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::BigInt(_) => "big-int",
        Value::Float(_) => "float",
        Value::Decimal(_) => "decimal",
        Value::Money(_) => "money",
        Value::Text(_) => "text",
        Value::DateTime(_) => "date-time",
        Value::Date(_) => "date",
        Value::Choice(_) => "choice",
        Value::Choices(_) => "choices",
        Value::Id(_) => "id",
        Value::Lookup(_) => "lookup",
    };
    Error::invalid(format!(
        "column `{}` of `{}` takes {wanted}; the value given is of type {given}",
        column.name, table.name
    ))
}
