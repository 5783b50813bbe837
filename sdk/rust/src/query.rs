//! Questions for rows, and their filters, which are OData's `$filter` on the wire.

use std::fmt::{self, Display};

use rust_decimal::Decimal;

use crate::Value;

/// A question for rows of one table.
///
/// ```
/// use sluice_sdk::prelude::*;
/// let open = Filter::eq("statecode", Value::Choice(0)).and(Filter::starts_with("lastname", "O'"));
/// assert_eq!(open.to_string(), "statecode eq 0 and startswith(lastname,'O''')");
/// let query = Query::new("lead").columns(["subject"]).filter(open).order_by("createdon").top(10);
/// assert_eq!(query.top, Some(10));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The logical name of the table.
    pub table: String,
    /// The columns wanted; empty for all.
    pub columns: Vec<String>,
    /// Which rows; all of them without a filter.
    pub filter: Option<Filter>,
    /// In which order.
    pub order: Vec<Order>,
    /// At most how many.
    pub top: Option<u32>,
}

/// A question for rows, as a step on it sees it; see [`Context::question`](crate::Context::question).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The logical name of the table.
    pub table: String,
    /// The columns wanted; empty for all.
    pub columns: Vec<String>,
    /// Which rows, as OData's `$filter`. What is asked of related rows is not in it.
    pub filter: Option<String>,
    /// In which order.
    pub order: Vec<Order>,
    /// At most how many.
    pub top: Option<u32>,
    /// The tables of the related rows that it asks for or looks at.
    pub related: Vec<String>,
}

/// One criterion of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The column.
    pub column: String,
    /// Largest first.
    pub descending: bool,
}

impl Query {
    /// All rows and columns of `table`. Name the columns that you need: a call pays for all it gets.
    pub fn new(table: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            columns: Vec::new(),
            filter: None,
            order: Vec::new(),
            top: None,
        }
    }

    /// With these columns only.
    #[must_use]
    pub fn columns<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.columns.extend(columns.into_iter().map(Into::into));
        self
    }

    /// Only the rows that meet this too.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(match self.filter {
            Some(earlier) => earlier.and(filter),
            None => filter,
        });
        self
    }

    /// Smallest first.
    #[must_use]
    pub fn order_by(mut self, column: impl Into<String>) -> Self {
        self.order.push(Order {
            column: column.into(),
            descending: false,
        });
        self
    }

    /// Largest first.
    #[must_use]
    pub fn order_by_descending(mut self, column: impl Into<String>) -> Self {
        self.order.push(Order {
            column: column.into(),
            descending: true,
        });
        self
    }

    /// At most so many rows.
    #[must_use]
    pub fn top(mut self, count: u32) -> Self {
        self.top = Some(count);
        self
    }
}

/// How a column is compared with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Equal; text without regard to case.
    Eq,
    /// Not equal.
    Ne,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Text that contains another.
    Contains,
    /// Text that starts with another.
    StartsWith,
    /// Text that ends with another.
    EndsWith,
}

/// A condition on rows. Its [`Display`] is OData's `$filter`, with quotes escaped: text from
/// users is safe in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// A column against a value.
    Compare {
        /// The column's logical name.
        column: String,
        /// How.
        comparison: Comparison,
        /// With what.
        value: Value,
    },
    /// All of these; every row, where there are none.
    All(Vec<Filter>),
    /// At least one of these; as [`Filter::All`] where there are none.
    Any(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// OData as it is.
    OData(String),
}

impl Filter {
    fn compare(column: impl Into<String>, comparison: Comparison, value: impl Into<Value>) -> Self {
        Self::Compare {
            column: column.into(),
            comparison,
            value: value.into(),
        }
    }

    /// `column` equals `value`; with [`Value::Empty`], is empty.
    pub fn eq(column: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(column, Comparison::Eq, value)
    }

    /// `column` differs from `value`; with [`Value::Empty`], is not empty.
    pub fn ne(column: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(column, Comparison::Ne, value)
    }

    /// `column` is less than `value`.
    pub fn lt(column: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(column, Comparison::Lt, value)
    }

    /// `column` is at most `value`.
    pub fn le(column: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(column, Comparison::Le, value)
    }

    /// `column` is more than `value`.
    pub fn gt(column: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(column, Comparison::Gt, value)
    }

    /// `column` is at least `value`.
    pub fn ge(column: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::compare(column, Comparison::Ge, value)
    }

    /// The text of `column` contains `text`.
    pub fn contains(column: impl Into<String>, text: impl Into<String>) -> Self {
        Self::compare(column, Comparison::Contains, text.into())
    }

    /// The text of `column` starts with `text`.
    pub fn starts_with(column: impl Into<String>, text: impl Into<String>) -> Self {
        Self::compare(column, Comparison::StartsWith, text.into())
    }

    /// The text of `column` ends with `text`.
    pub fn ends_with(column: impl Into<String>, text: impl Into<String>) -> Self {
        Self::compare(column, Comparison::EndsWith, text.into())
    }

    /// `column` is one of `values`; no row meets an empty list.
    pub fn one_of<V: Into<Value>>(column: &str, values: impl IntoIterator<Item = V>) -> Self {
        let any: Vec<Self> = values.into_iter().map(|value| Self::eq(column, value)).collect();
        if any.is_empty() {
            return Self::eq(column, Value::Empty).and(Self::ne(column, Value::Empty));
        }
        Self::Any(any)
    }

    /// A `$filter` in OData's words, for what the others cannot say. Nothing in it is escaped:
    /// never put a user's text into it.
    pub fn odata(text: impl Into<String>) -> Self {
        Self::OData(text.into())
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All(mut all) => {
                all.push(other);
                Self::All(all)
            }
            this => Self::All(vec![this, other]),
        }
    }

    /// At least one of both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Any(mut any) => {
                any.push(other);
                Self::Any(any)
            }
            this => Self::Any(vec![this, other]),
        }
    }
}

impl std::ops::Not for Filter {
    type Output = Self;
    fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare {
                column,
                comparison,
                value,
            } => compare(f, column, *comparison, value),
            Self::All(parts) => join(f, parts, " and "),
            Self::Any(parts) => join(f, parts, " or "),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::OData(text) => f.write_str(text),
        }
    }
}

/// The parts with the word between them, in parentheses where they are made of parts themselves.
fn join(f: &mut fmt::Formatter<'_>, parts: &[Filter], word: &str) -> fmt::Result {
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            f.write_str(word)?;
        }
        match part {
            Filter::Compare { .. } | Filter::Not(_) => part.fmt(f)?,
            Filter::All(_) | Filter::Any(_) | Filter::OData(_) => write!(f, "({part})")?,
        }
    }
    Ok(())
}

fn compare(f: &mut fmt::Formatter<'_>, column: &str, comparison: Comparison, value: &Value) -> fmt::Result {
    let word = match comparison {
        Comparison::Eq => "eq",
        Comparison::Ne => "ne",
        Comparison::Lt => "lt",
        Comparison::Le => "le",
        Comparison::Gt => "gt",
        Comparison::Ge => "ge",
        Comparison::Contains => return function(f, "contains", column, value),
        Comparison::StartsWith => return function(f, "startswith", column, value),
        Comparison::EndsWith => return function(f, "endswith", column, value),
    };
    match value {
        Value::Lookup(_) if !column.starts_with('_') => write!(f, "_{column}_value")?,
        _ => f.write_str(column)?,
    }
    write!(f, " {word} ")?;
    literal(f, value)
}

fn function(f: &mut fmt::Formatter<'_>, name: &str, column: &str, value: &Value) -> fmt::Result {
    write!(f, "{name}({column},")?;
    literal(f, value)?;
    f.write_str(")")
}

fn literal(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Empty => f.write_str("null"),
        Value::Boolean(yes) => yes.fmt(f),
        Value::Integer(number) | Value::Choice(number) => number.fmt(f),
        Value::BigInteger(number) => number.fmt(f),
        // By way of a decimal: formatting floating point numbers makes every plug-in larger by a tenth.
        // No column holds numbers that do not fit.
        Value::Float(number) => match Decimal::try_from(*number) {
            Ok(number) => number.fmt(f),
            Err(_) => if *number > 0.0 { Decimal::MAX } else { Decimal::MIN }.fmt(f),
        },
        Value::Decimal(number) | Value::Money(number) => number.fmt(f),
        Value::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
        Value::DateTime(text) | Value::Date(text) | Value::Id(text) => f.write_str(text),
        Value::Lookup(reference) => f.write_str(&reference.id),
        Value::Choices(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            write!(f, "'{}'", numbers.join(","))
        }
    }
}
