//! Calls into the pipeline.

#[cfg(target_arch = "wasm32")]
use crate::backend::Backend;
use crate::{Decimal, Query, Reference, Row, ServiceError, Value, backend::Host};

/// In whose name a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Caller {
    /// The step's user: the run-as user, or else the calling user.
    #[default]
    StepUser,
    /// The user whose request started the pipeline.
    InitiatingUser,
    /// The system; only where an administrator granted `system`.
    System,
}

/// What a message takes or gives under one name.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameter {
    /// One value.
    Value(Value),
    /// One row.
    Row(Row),
    /// Several rows.
    Rows(Vec<Row>),
    /// One reference.
    Reference(Reference),
    /// Several references.
    References(Vec<Reference>),
    /// A list of names, such as columns.
    Names(Vec<String>),
}

impl Parameter {
    /// The value, where it is one.
    pub fn as_value(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The text of a value, also of a date, a point in time and an id.
    pub fn as_text(&self) -> Option<&str> {
        self.as_value()?.as_text()
    }

    /// The whole number of a value, also of a choice.
    pub fn as_integer(&self) -> Option<i32> {
        self.as_value()?.as_integer()
    }

    /// Yes or no.
    pub fn as_boolean(&self) -> Option<bool> {
        self.as_value()?.as_boolean()
    }

    /// The exact number of a value, also of an amount and a whole number.
    pub fn as_decimal(&self) -> Option<Decimal> {
        self.as_value()?.as_decimal()
    }

    /// The number of a value, also of an exact one.
    pub fn as_float(&self) -> Option<f64> {
        self.as_value()?.as_float()
    }

    /// The row, where it is one.
    pub fn as_row(&self) -> Option<&Row> {
        match self {
            Self::Row(row) => Some(row),
            _ => None,
        }
    }

    /// The rows, where it is several.
    pub fn as_rows(&self) -> Option<&[Row]> {
        match self {
            Self::Rows(rows) => Some(rows),
            _ => None,
        }
    }

    /// The reference, also one that is a value.
    pub fn as_reference(&self) -> Option<&Reference> {
        match self {
            Self::Reference(reference) => Some(reference),
            Self::Value(value) => value.as_lookup(),
            _ => None,
        }
    }

    /// The references, where it is several.
    pub fn as_references(&self) -> Option<&[Reference]> {
        match self {
            Self::References(references) => Some(references),
            _ => None,
        }
    }

    /// The names, where it is a list of them.
    pub fn as_names(&self) -> Option<&[String]> {
        match self {
            Self::Names(names) => Some(names),
            _ => None,
        }
    }
}

impl From<Row> for Parameter {
    fn from(row: Row) -> Self {
        Self::Row(row)
    }
}

impl From<Vec<Row>> for Parameter {
    fn from(rows: Vec<Row>) -> Self {
        Self::Rows(rows)
    }
}

impl From<Reference> for Parameter {
    fn from(reference: Reference) -> Self {
        Self::Reference(reference)
    }
}

impl From<Vec<Reference>> for Parameter {
    fn from(references: Vec<Reference>) -> Self {
        Self::References(references)
    }
}

impl From<Value> for Parameter {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

macro_rules! of_values {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Parameter {
            fn from(value: $kind) -> Self {
                Self::Value(value.into())
            }
        }
    )*};
}

// All that makes a value; a reference is a parameter of its own.
of_values!(&str, &String, String, bool, i32, i64, f64, Decimal);

/// A message other than the five that have a method of their own, with its parameters.
///
/// ```
/// # use sluice_sdk::prelude::*;
/// # fn win(cx: &Context, opportunity: &Reference) -> Result<()> {
/// let close = Row::new("opportunityclose").with("opportunityid", opportunity);
/// cx.service().execute(Request::new("WinOpportunity").with("OpportunityClose", close).with("Status", 3))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The message's name, as on the platform.
    pub message: String,
    /// Its input parameters.
    pub inputs: Parameters,
}

impl Request {
    /// The message without parameters.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            inputs: Parameters::default(),
        }
    }

    /// With one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, parameter: impl Into<Parameter>) -> Self {
        self.inputs.0.push((name.to_owned(), parameter.into()));
        self
    }
}

/// Parameters by their names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters(pub Vec<(String, Parameter)>);

impl Parameters {
    /// The parameter of that name.
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, parameter)| parameter)
    }

    /// The parameters with their names, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.0.iter().map(|(name, parameter)| (name.as_str(), parameter))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Parameters {
    type Item = (String, Parameter);
    type IntoIter = std::vec::IntoIter<(String, Parameter)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Calls into the pipeline: each is a message of its own, one level deeper, checked for the
/// privileges of its caller. Made by [`Context::service`](crate::Context::service).
///
/// # Errors
/// All of them fail with the platform's error: `0x80040220` where the caller lacks a privilege,
/// `0x80040217` where there is no such row, and so on. Hand it on with `?`.
#[derive(Clone, Copy)]
pub struct Service<'c> {
    host: &'c Host<'c>,
    caller: Caller,
}

/// What a service call returns.
type Answer<T> = Result<T, ServiceError>;

impl<'c> Service<'c> {
    pub(crate) fn new(host: &'c Host<'c>, caller: Caller) -> Self {
        Self { host, caller }
    }

    /// In whose name it calls.
    pub fn caller(&self) -> Caller {
        self.caller
    }

    /// Makes a row; answers with a reference to it.
    ///
    /// # Errors
    /// See [`Service`].
    pub fn create(&self, row: Row) -> Answer<Reference> {
        let table = row.table().to_owned();
        self.host.create(self.caller, row).map(|id| Reference { table, id })
    }

    /// Reads these columns of a row.
    ///
    /// # Errors
    /// See [`Service`].
    pub fn retrieve<C: Into<String>>(&self, row: &Reference, columns: impl IntoIterator<Item = C>) -> Answer<Row> {
        self.host
            .retrieve(self.caller, row, columns.into_iter().map(Into::into).collect())
    }

    /// Reads all columns of a row.
    ///
    /// # Errors
    /// See [`Service`].
    pub fn retrieve_all(&self, row: &Reference) -> Answer<Row> {
        self.host.retrieve(self.caller, row, Vec::new())
    }

    /// Reads the rows that a query asks for.
    ///
    /// # Errors
    /// See [`Service`].
    pub fn retrieve_multiple(&self, query: Query) -> Answer<Vec<Row>> {
        self.host.retrieve_multiple(self.caller, query)
    }

    /// Changes the columns present in `row`.
    ///
    /// # Errors
    /// See [`Service`].
    pub fn update(&self, row: Row) -> Answer<()> {
        self.host.update(self.caller, row)
    }

    /// Removes a row.
    ///
    /// # Errors
    /// See [`Service`].
    pub fn delete(&self, row: &Reference) -> Answer<()> {
        self.host.delete(self.caller, row)
    }

    /// Runs any other message.
    ///
    /// # Errors
    /// See [`Service`].
    pub fn execute(&self, request: Request) -> Answer<Parameters> {
        self.host.execute(self.caller, request)
    }
}
