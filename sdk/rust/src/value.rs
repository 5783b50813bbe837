//! Values and references to rows.

use rust_decimal::Decimal;

/// A reference to one row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The logical name of the table.
    pub table: String,
    /// The row's id, as text.
    pub id: String,
}

impl Reference {
    /// The row `id` of `table`.
    pub fn new(table: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            id: id.into(),
        }
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.table, self.id)
    }
}

/// What a column holds.
///
/// Most come by themselves: `"text"`, `true`, `7`, a [`Decimal`] and a [`Reference`] are values,
/// and `None` is the empty one. Choices, money and dates are said by name.
///
/// ```
/// use sluice_sdk::prelude::*;
/// let row = Row::new("account")
///     .with("name", "Adventure Works")
///     .with("revenue", Value::Money(Decimal::from(1_000_000)))
///     .with("accountcategorycode", Value::Choice(1))
///     .with("fax", Value::Empty);
/// assert_eq!(row.decimal("revenue"), Some(Decimal::from(1_000_000)));
/// assert_eq!(row.text("fax"), None);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Present and empty.
    Empty,
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i32),
    /// A whole number of 64 bits.
    BigInteger(i64),
    /// A floating point number.
    Float(f64),
    /// An exact number.
    Decimal(Decimal),
    /// An amount in the row's currency.
    Money(Decimal),
    /// Text, one line or several.
    Text(String),
    /// A point in time, RFC 3339 in UTC: `2026-01-31T12:00:00Z`.
    DateTime(String),
    /// A day: `2026-01-31`.
    Date(String),
    /// A choice, a state or a status, by its number.
    Choice(i32),
    /// Several choices, by their numbers.
    Choices(Vec<i32>),
    /// A loose id or a key, as text.
    Id(String),
    /// A reference to a row.
    Lookup(Reference),
}

impl Value {
    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// The text, also of a date, a point in time and an id.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::DateTime(text) | Self::Date(text) | Self::Id(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, also of a choice.
    pub fn as_integer(&self) -> Option<i32> {
        match self {
            Self::Integer(number) | Self::Choice(number) => Some(*number),
            _ => None,
        }
    }

    /// Yes or no.
    pub fn as_boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(yes) => Some(*yes),
            _ => None,
        }
    }

    /// The exact number: decimal, money or whole.
    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Self::Decimal(number) | Self::Money(number) => Some(*number),
            Self::Integer(number) => Some(Decimal::from(*number)),
            Self::BigInteger(number) => Some(Decimal::from(*number)),
            _ => None,
        }
    }

    /// The number of any numeric column, as a floating point number.
    pub fn as_float(&self) -> Option<f64> {
        use rust_decimal::prelude::ToPrimitive;
        match self {
            Self::Float(number) => Some(*number),
            other => other.as_decimal().and_then(|number| number.to_f64()),
        }
    }

    /// The reference.
    pub fn as_lookup(&self) -> Option<&Reference> {
        match self {
            Self::Lookup(reference) => Some(reference),
            _ => None,
        }
    }
}

/// As a trace or a message shows it: an empty value is nothing, yes and no are `true` and `false`,
/// a choice its number, a reference `table:id`.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Boolean(yes) => write!(f, "{yes}"),
            Self::Integer(number) | Self::Choice(number) => write!(f, "{number}"),
            Self::BigInteger(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Decimal(number) | Self::Money(number) => write!(f, "{number}"),
            Self::Text(text) | Self::DateTime(text) | Self::Date(text) | Self::Id(text) => f.write_str(text),
            Self::Choices(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                f.write_str(&numbers.join(","))
            }
            Self::Lookup(reference) => write!(f, "{reference}"),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Boolean(yes)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Integer(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::BigInteger(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<Decimal> for Value {
    fn from(number: Decimal) -> Self {
        Self::Decimal(number)
    }
}

impl From<Reference> for Value {
    fn from(reference: Reference) -> Self {
        Self::Lookup(reference)
    }
}

impl From<&Reference> for Value {
    fn from(reference: &Reference) -> Self {
        Self::Lookup(reference.clone())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}
