//! Requests and responses: a message's name and its named parameters.

use serde::{Deserialize, Serialize};

use crate::{Name, Named, Query, Reference, Row, Value};

/// What a request or a response carries under one name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Parameter {
    /// One value.
    Value(Value),
    /// One row (`Target` of Create and Update, `BusinessEntity` of Retrieve).
    Row(Row),
    /// Several rows (`BusinessEntityCollection` of RetrieveMultiple).
    Rows(Vec<Row>),
    /// One reference (`Target` of Delete, `Assignee` of Assign).
    Reference(Reference),
    /// Several references (`CreatedEntities` of QualifyLead).
    References(Vec<Reference>),
    /// A list of names (`ColumnSet` of Retrieve).
    Names(Vec<Name>),
    /// A question (`Query` of RetrieveMultiple).
    Query(Query),
}

impl Parameter {
    /// What it is, for people: the text "Boss", a row of account, 3 references.
    pub fn described(&self) -> String {
        match self {
            Self::Value(value) => value.described(),
            Self::Row(row) => format!("a row of {}", row.table),
            Self::Rows(rows) => format!("a list of {} rows", rows.len()),
            Self::Reference(reference) => format!("the reference {reference}"),
            Self::References(references) => format!("a list of {} references", references.len()),
            Self::Names(names) => format!("a list of {} texts", names.len()),
            Self::Query(query) => format!("a query for {}", query.table),
        }
    }

    /// Whether it is there and empty.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Value(Value::Null))
    }
}

impl From<Row> for Parameter {
    fn from(row: Row) -> Self {
        Self::Row(row)
    }
}
impl From<Reference> for Parameter {
    fn from(reference: Reference) -> Self {
        Self::Reference(reference)
    }
}
impl From<Query> for Parameter {
    fn from(query: Query) -> Self {
        Self::Query(query)
    }
}
impl From<Value> for Parameter {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}
impl From<bool> for Parameter {
    fn from(value: bool) -> Self {
        Self::Value(Value::Bool(value))
    }
}
impl From<i32> for Parameter {
    fn from(value: i32) -> Self {
        Self::Value(Value::Int(value))
    }
}
impl From<&str> for Parameter {
    fn from(value: &str) -> Self {
        Self::Value(Value::from(value))
    }
}

/// Parameters by name, in the order of the names.
pub type Parameters = Named<Parameter>;

/// A message to be run: its name and its input parameters, named as on the platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The message's name, as in `sdkmessage.name`.
    pub message: Name,
    /// The input parameters.
    pub inputs: Parameters,
}

impl Request {
    /// A request without parameters.
    pub fn new(message: impl Into<Name>) -> Self {
        Self {
            message: message.into(),
            inputs: Parameters::new(),
        }
    }

    /// The request with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, parameter: impl Into<Parameter>) -> Self {
        self.inputs.insert(name.into(), parameter.into());
        self
    }

    /// Create `row`.
    pub fn create(row: Row) -> Self {
        Self::new("Create").with("Target", row)
    }

    /// Update the columns present in `row`.
    pub fn update(row: Row) -> Self {
        Self::new("Update").with("Target", row)
    }

    /// Delete a row.
    pub fn delete(target: Reference) -> Self {
        Self::new("Delete").with("Target", target)
    }

    /// Retrieve a row; `columns` empty means all.
    pub fn retrieve(target: Reference, columns: &[&str]) -> Self {
        Self::new("Retrieve").with("Target", target).with(
            "ColumnSet",
            Parameter::Names(columns.iter().map(|name| Name::from(*name)).collect()),
        )
    }

    /// Retrieve the rows that a query asks for.
    pub fn retrieve_multiple(query: Query) -> Self {
        Self::new("RetrieveMultiple").with("Query", query)
    }

    /// A named input, if present.
    pub fn input(&self, name: &str) -> Option<&Parameter> {
        self.inputs.get(name)
    }
}

/// What a message returned: its output parameters, named as on the platform.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Response {
    /// The output parameters.
    pub outputs: Parameters,
}

impl Response {
    /// A response with one output.
    #[must_use]
    pub fn with(mut self, name: &str, parameter: impl Into<Parameter>) -> Self {
        self.outputs.insert(name.into(), parameter.into());
        self
    }

    /// The id that Create returned.
    pub fn created(&self) -> Option<uuid::Uuid> {
        match self.outputs.get("id") {
            Some(Parameter::Value(value)) => value.as_id(),
            _ => None,
        }
    }

    /// The row that Retrieve returned.
    pub fn row(&self) -> Option<&Row> {
        match self.outputs.get("BusinessEntity") {
            Some(Parameter::Row(row)) => Some(row),
            _ => None,
        }
    }

    /// The rows that RetrieveMultiple returned.
    pub fn rows(&self) -> &[Row] {
        match self.outputs.get("BusinessEntityCollection") {
            Some(Parameter::Rows(rows)) => rows,
            _ => &[],
        }
    }
}
