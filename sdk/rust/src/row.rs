//! Rows.

use rust_decimal::Decimal;

use crate::{Reference, Value};

/// A row, or the part of one that was sent or asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    table: String,
    id: String,
    columns: Vec<(String, Value)>,
}

impl Row {
    /// A row of `table` without an id: what a Create takes.
    pub fn new(table: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            id: String::new(),
            columns: Vec::new(),
        }
    }

    /// The part of an existing row that an Update changes: add columns to it.
    pub fn of(reference: &Reference) -> Self {
        Self::new(&reference.table).with_id(&reference.id)
    }

    /// The row with this id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// The row with one more column.
    #[must_use]
    pub fn with(mut self, column: &str, value: impl Into<Value>) -> Self {
        self.set(column, value);
        self
    }

    /// Sets a column.
    pub fn set(&mut self, column: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.columns.iter_mut().find(|(name, _)| name == column) {
            Some((_, old)) => *old = value,
            None => self.columns.push((column.to_owned(), value)),
        }
    }

    /// Takes a column out.
    pub fn remove(&mut self, column: &str) -> Option<Value> {
        let position = self.columns.iter().position(|(name, _)| name == column)?;
        Some(self.columns.remove(position).1)
    }

    /// The logical name of the table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The id, if the row has one.
    pub fn id(&self) -> Option<&str> {
        Some(self.id.as_str()).filter(|id| !id.is_empty())
    }

    /// A reference to the row, if it has an id.
    pub fn reference(&self) -> Option<Reference> {
        self.id().map(|id| Reference::new(&self.table, id))
    }

    /// All columns that are present.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.columns.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether the column is present, even if empty.
    pub fn has(&self, column: &str) -> bool {
        self.get(column).is_some()
    }

    /// The column's value, if the column is present.
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.columns
            .iter()
            .find(|(name, _)| name == column)
            .map(|(_, value)| value)
    }

    /// The text of a column, if it is present and not empty.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.get(column).and_then(Value::as_text)
    }

    /// The whole number of a column, also of a choice.
    pub fn integer(&self, column: &str) -> Option<i32> {
        self.get(column).and_then(Value::as_integer)
    }

    /// Yes or no.
    pub fn boolean(&self, column: &str) -> Option<bool> {
        self.get(column).and_then(Value::as_boolean)
    }

    /// The exact number of a decimal, money or whole-number column.
    pub fn decimal(&self, column: &str) -> Option<Decimal> {
        self.get(column).and_then(Value::as_decimal)
    }

    /// The reference in a lookup column.
    pub fn lookup(&self, column: &str) -> Option<&Reference> {
        self.get(column).and_then(Value::as_lookup)
    }

    /// Table, id and columns.
    #[doc(hidden)]
    pub fn into_parts(self) -> (String, String, Vec<(String, Value)>) {
        (self.table, self.id, self.columns)
    }

    /// The row of these parts.
    #[doc(hidden)]
    pub fn from_parts(table: String, id: String, columns: Vec<(String, Value)>) -> Self {
        Self { table, id, columns }
    }
}
