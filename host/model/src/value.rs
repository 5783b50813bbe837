//! Values, references to rows, and rows.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit, civil::Date};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Name, Named};

/// The second in which a point in time lies: what people see of it.
pub fn whole_second(time: Timestamp) -> Timestamp {
    let second = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor);
    time.round(second).unwrap_or(time)
}

/// A reference to one row: its table and its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// The logical name of the table.
    pub table: Name,
    /// The row's id.
    pub id: Uuid,
}

impl Reference {
    /// The row `id` of `table`.
    pub fn new(table: impl Into<Name>, id: Uuid) -> Self {
        Self {
            table: table.into(),
            id,
        }
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.table, self.id)
    }
}

/// What a column holds. `Null` is "present and empty"; a column that was not sent is absent
/// from its [`Row`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Present and empty.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number of 32 bits.
    Int(i32),
    /// A whole number of 64 bits (version numbers).
    BigInt(i64),
    /// A floating point number.
    Float(f64),
    /// An exact decimal number.
    Decimal(Decimal),
    /// An amount in the row's currency; four places.
    Money(Decimal),
    /// Text, single or multiple lines.
    Text(String),
    /// A point in time, UTC.
    DateTime(Timestamp),
    /// A day without a time.
    Date(Date),
    /// A choice, a state or a status, by its number.
    Choice(i32),
    /// Several choices, by their numbers.
    Choices(Vec<i32>),
    /// A row id (the key, or a loose id).
    Id(Uuid),
    /// A reference to a row.
    Lookup(Reference),
}

impl Value {
    /// Whether the value is empty.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value with its type, for people: the whole number 5, the text "Boss".
    pub fn described(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            Self::Int(n) => format!("the whole number {n}"),
            Self::BigInt(n) => format!("the whole number {n} of 64 bits"),
            Self::Float(n) => format!("the floating point number {n}"),
            Self::Decimal(n) => format!("the decimal number {n}"),
            Self::Money(n) => format!("the amount {n}"),
            Self::Text(text) => {
                const LONGEST: usize = 60;
                match text.chars().count() > LONGEST {
                    true => format!("the text \"{}…\"", text.chars().take(LONGEST).collect::<String>()),
                    false => format!("the text \"{text}\""),
                }
            }
            Self::DateTime(time) => format!("the point in time {time}"),
            Self::Date(day) => format!("the day {day}"),
            Self::Choice(n) => format!("the choice {n}"),
            Self::Choices(numbers) => format!("the choices {numbers:?}"),
            Self::Id(id) => format!("the id {id}"),
            Self::Lookup(reference) => format!("the reference {reference}"),
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a choice or a whole number.
    pub fn as_int(&self) -> Option<i32> {
        match self {
            Self::Int(n) | Self::Choice(n) => Some(*n),
            _ => None,
        }
    }

    /// Yes or no.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The id, of a key or of a reference.
    pub fn as_id(&self) -> Option<Uuid> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Lookup(reference) => Some(reference.id),
            _ => None,
        }
    }

    /// The reference, if it is one.
    pub fn as_lookup(&self) -> Option<&Reference> {
        match self {
            Self::Lookup(reference) => Some(reference),
            _ => None,
        }
    }

    /// The amount or decimal number.
    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Self::Decimal(n) | Self::Money(n) => Some(*n),
            Self::Int(n) => Some(Decimal::from(*n)),
            _ => None,
        }
    }

    /// The point in time.
    pub fn as_time(&self) -> Option<Timestamp> {
        match self {
            Self::DateTime(time) => Some(*time),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<i32> for Value {
    fn from(n: i32) -> Self {
        Self::Int(n)
    }
}
impl From<Uuid> for Value {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}
impl From<Reference> for Value {
    fn from(reference: Reference) -> Self {
        Self::Lookup(reference)
    }
}
impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::DateTime(time)
    }
}

/// A row, or the part of one that was sent or asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The logical name of the table.
    pub table: Name,
    /// The key; nil where a Create has not chosen one.
    pub id: Uuid,
    /// The columns that are present, by logical name. The key is not among them.
    pub values: Named<Value>,
}

impl Row {
    /// An empty row of `table` with the key `id`.
    pub fn new(table: impl Into<Name>, id: Uuid) -> Self {
        Self {
            table: table.into(),
            id,
            values: Named::new(),
        }
    }

    /// A row of `table` that has no key yet.
    pub fn unsaved(table: impl Into<Name>) -> Self {
        Self::new(table, Uuid::nil())
    }

    /// The row with one more column.
    #[must_use]
    pub fn with(mut self, column: impl Into<Name>, value: impl Into<Value>) -> Self {
        self.set(column, value);
        self
    }

    /// Sets a column.
    pub fn set(&mut self, column: impl Into<Name>, value: impl Into<Value>) {
        self.values.insert(column.into(), value.into());
    }

    /// The column's value, if the column is present.
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.values.get(column)
    }

    /// Whether the column is present (even if empty).
    pub fn has(&self, column: &str) -> bool {
        self.values.contains_key(column)
    }

    /// The text of a column, if it is present and not empty.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.get(column).and_then(Value::as_text)
    }

    /// The number of a choice column, if present.
    pub fn int(&self, column: &str) -> Option<i32> {
        self.get(column).and_then(Value::as_int)
    }

    /// Yes or no, if present.
    pub fn bool(&self, column: &str) -> Option<bool> {
        self.get(column).and_then(Value::as_bool)
    }

    /// The reference in a lookup column, if present.
    pub fn lookup(&self, column: &str) -> Option<&Reference> {
        self.get(column).and_then(Value::as_lookup)
    }

    /// The id in a column, of a key or of a reference.
    pub fn id_of(&self, column: &str) -> Option<Uuid> {
        self.get(column).and_then(Value::as_id)
    }

    /// This row as a reference.
    pub fn reference(&self) -> Reference {
        Reference {
            table: self.table.clone(),
            id: self.id,
        }
    }
}
