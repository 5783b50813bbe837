//! The types of a message's parameters: what each takes, and its form in JSON. One definition
//! for every door.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    Catalog, Error, Name, Parameter, Reference, Result, Row, Surroundings, TableDef, Value, fetchxml, json as rows,
};

/// How JSON names the table of a row or a reference.
const TYPE: &str = "@odata.type";
const NAMESPACE: &str = "Microsoft.Dynamics.CRM.";

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// Yes or no.
    Bool,
    /// A whole number of 32 bits, or the number of an option.
    Int,
    /// A whole number of 64 bits.
    BigInt,
    /// Text.
    Text,
    /// Bytes, as a text in base64.
    Bytes,
    /// A point in time.
    Time,
    /// An id.
    Id,
    /// A row, or a part of one.
    Row,
    /// Rows.
    Rows,
    /// Values by name that are no row of a table, such as `PagingInfo`.
    Structure,
    /// Several such.
    Structures,
    /// A reference to a row.
    Reference,
    /// References to rows.
    References,
    /// A list of texts.
    Names,
    /// A question for rows.
    Query,
}

impl ParameterType {
    /// The type in a word, as the documentation has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::BigInt => "big-int",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Time => "time",
            Self::Id => "id",
            Self::Row => "row",
            Self::Rows => "rows",
            Self::Structure => "structure",
            Self::Structures => "structures",
            Self::Reference => "reference",
            Self::References => "references",
            Self::Names => "names",
            Self::Query => "query",
        }
    }

    /// The type in a sentence: `… is no list of references`.
    const fn noun(self) -> &'static str {
        match self {
            Self::Bool => "yes or no",
            Self::Int | Self::BigInt => "whole number",
            Self::Text => "text",
            Self::Bytes => "text in base64",
            Self::Time => "point in time",
            Self::Id => "id",
            Self::Row => "row",
            Self::Rows => "list of rows",
            Self::Structure => "set of values by name",
            Self::Structures => "list of sets of values by name",
            Self::Reference => "reference",
            Self::References => "list of references",
            Self::Names => "list of texts",
            Self::Query => "query",
        }
    }

    /// Whether a parameter of this type takes what is given.
    pub fn takes(self, given: &Parameter) -> bool {
        matches!(
            (self, given),
            (Self::Bool, Parameter::Value(Value::Bool(_)))
                | (Self::Int, Parameter::Value(Value::Int(_) | Value::Choice(_)))
                | (Self::BigInt, Parameter::Value(Value::Int(_) | Value::BigInt(_)))
                | (Self::Text | Self::Bytes, Parameter::Value(Value::Text(_)))
                | (Self::Time, Parameter::Value(Value::DateTime(_)))
                | (
                    Self::Id,
                    Parameter::Value(Value::Id(_) | Value::Lookup(_)) | Parameter::Reference(_)
                )
                | (
                    Self::Reference,
                    Parameter::Reference(_) | Parameter::Value(Value::Lookup(_))
                )
                | (Self::References, Parameter::References(_) | Parameter::Reference(_))
                | (Self::Row | Self::Structure, Parameter::Row(_))
                | (Self::Rows | Self::Structures, Parameter::Rows(_) | Parameter::Row(_))
                | (Self::Names, Parameter::Names(_))
                | (Self::Query, Parameter::Query(_))
        )
    }

    /// Brings what [the type takes](Self::takes) into the one form that it has.
    pub fn settle(self, given: &mut Parameter) {
        let settled = match (self, &mut *given) {
            (Self::BigInt, Parameter::Value(Value::Int(number))) => Value::BigInt((*number).into()).into(),
            (Self::Id, Parameter::Reference(row) | Parameter::Value(Value::Lookup(row))) => Value::Id(row.id).into(),
            (Self::Reference, Parameter::Value(Value::Lookup(row))) => Parameter::Reference(row.clone()),
            (Self::References, Parameter::Reference(row)) => Parameter::References(vec![row.clone()]),
            (Self::Rows | Self::Structures, Parameter::Row(row)) => Parameter::Rows(vec![row.clone()]),
            _ => return,
        };
        *given = settled;
    }

    /// The refusal of something else; `place` says which parameter.
    pub fn refusal(self, place: &str, given: &Parameter) -> Error {
        Error::invalid(format!("{place} is no {}: it is {}", self.noun(), given.described()))
    }

    /// What JSON means as a parameter of this type. Rows and references are objects as in the
    /// Web API, whose `@odata.type` names the table; a query is FetchXML.
    ///
    /// # Errors
    /// It means no such thing; `place` says which parameter.
    pub fn from_json(self, surroundings: &Surroundings, place: &str, given: &Json) -> Result<Parameter> {
        let wrong = || Error::invalid(format!("{place} is no {}: `{}`", self.noun(), shortened(given)));
        let text = || given.as_str().ok_or_else(wrong);
        let list = || given.as_array().ok_or_else(wrong);
        let object = || given.as_object().ok_or_else(wrong);
        let catalog = &*surroundings.catalog;
        if given.is_null() {
            return Ok(Value::Null.into());
        }
        Ok(match self {
            Self::Bool => given.as_bool().ok_or_else(wrong)?.into(),
            Self::Int => {
                let number = given.as_i64().and_then(|number| i32::try_from(number).ok());
                number.ok_or_else(wrong)?.into()
            }
            Self::BigInt => {
                let number = given.as_i64().or_else(|| given.as_str()?.parse().ok());
                Value::BigInt(number.ok_or_else(wrong)?).into()
            }
            Self::Text | Self::Bytes => text()?.into(),
            Self::Time => {
                let time: Timestamp = text()?.parse().map_err(|_| wrong())?;
                Value::DateTime(time).into()
            }
            Self::Id => match given {
                Json::Object(object) => Value::Id(reference(catalog, object).ok_or_else(wrong)?.id).into(),
                _ => Value::Id(text()?.parse().map_err(|_| wrong())?).into(),
            },
            Self::Row => row(catalog, object()?, place)?.into(),
            Self::Rows => {
                let each = |one: &Json| row(catalog, one.as_object().ok_or_else(wrong)?, place);
                Parameter::Rows(list()?.iter().map(each).collect::<Result<_>>()?)
            }
            Self::Structure => structure(catalog, object()?).ok_or_else(wrong)?.into(),
            Self::Structures => {
                let each = |one: &Json| structure(catalog, one.as_object()?);
                Parameter::Rows(list()?.iter().map(each).collect::<Option<_>>().ok_or_else(wrong)?)
            }
            Self::Reference => reference(catalog, object()?).ok_or_else(wrong)?.into(),
            Self::References => {
                let each = |one: &Json| reference(catalog, one.as_object()?);
                Parameter::References(list()?.iter().map(each).collect::<Option<_>>().ok_or_else(wrong)?)
            }
            Self::Names => {
                let each = |one: &Json| one.as_str().map(Name::from);
                Parameter::Names(list()?.iter().map(each).collect::<Option<_>>().ok_or_else(wrong)?)
            }
            Self::Query => {
                let inner = given.get("Query").unwrap_or(given);
                fetchxml::parse(surroundings, inner.as_str().ok_or_else(wrong)?)?.into()
            }
        })
    }
}

/// A parameter as JSON, in the form that [`ParameterType::from_json`] reads. A query has none.
pub fn to_json(catalog: &Catalog, parameter: &Parameter) -> Json {
    match parameter {
        Parameter::Value(Value::Lookup(reference)) | Parameter::Reference(reference) => {
            of_reference(catalog, reference)
        }
        Parameter::Value(value) => rows::from_value(value),
        Parameter::Row(row) => of_row(catalog, row),
        Parameter::Rows(rows) => rows.iter().map(|row| of_row(catalog, row)).collect(),
        Parameter::References(rows) => rows.iter().map(|row| of_reference(catalog, row)).collect(),
        Parameter::Names(names) => names.iter().map(|name| Json::from(&**name)).collect(),
        Parameter::Query(_) => Json::Null,
    }
}

fn of_reference(catalog: &Catalog, reference: &Reference) -> Json {
    let key = catalog.find(&reference.table).map_or("id", |table| &*table.key);
    json!({ TYPE: format!("#{NAMESPACE}{}", reference.table), key: reference.id.to_string() })
}

fn of_row(catalog: &Catalog, row: &Row) -> Json {
    let table = catalog.find(&row.table);
    // Values by name that no table has the columns for.
    let Some(table) = table.filter(|table| row.values.keys().all(|name| table.column(name).is_some())) else {
        let values = row.values.iter().map(|(name, value)| {
            let value = to_json(catalog, &Parameter::Value(value.clone()));
            (name.to_string(), value)
        });
        let mut object: Map<String, Json> = values.collect();
        if let Some(table) = table {
            let own = [
                (TYPE.to_owned(), format!("#{NAMESPACE}{}", table.name).into()),
                (table.key.to_string(), row.id.to_string().into()),
            ];
            object.extend(own);
        }
        return object.into();
    };
    let mut json = rows::from_row(table, row, Some(&[]));
    if let Some(object) = json.as_object_mut() {
        object.insert(TYPE.to_owned(), format!("#{NAMESPACE}{}", table.name).into());
        if row.id.is_nil() {
            object.remove(&*table.key);
        }
    }
    json
}

/// The table that an object says it belongs to.
fn table<'a>(catalog: &'a Catalog, object: &Map<String, Json>) -> Option<&'a TableDef> {
    let name = object.get(TYPE)?.as_str()?.trim_start_matches('#');
    let name = name.strip_prefix(NAMESPACE).unwrap_or(name);
    catalog.find(name).map(|table| &**table)
}

fn row(catalog: &Catalog, object: &Map<String, Json>, place: &str) -> Result<Row> {
    let table = table(catalog, object).ok_or_else(|| {
        let named = object
            .get(TYPE)
            .map_or("nothing".to_owned(), |name| format!("`{}`", shortened(name)));
        Error::invalid(format!(
            "{place} is a row: its `{TYPE}` names its table, such as \"{NAMESPACE}account\", and is {named}"
        ))
    })?;
    rows::to_row(catalog, table, object)
}

/// `{"@odata.type": "…account", "accountid": "ID"}`, or `{"@odata.id": "accounts(ID)"}`.
fn reference(catalog: &Catalog, object: &Map<String, Json>) -> Option<Reference> {
    if let Some(path) = object.get("@odata.id") {
        let path = path.as_str()?;
        let (set, id) = path.rsplit('/').next()?.strip_suffix(')')?.split_once('(')?;
        return Some(Reference::new(catalog.by_set(set)?.name.clone(), id.parse().ok()?));
    }
    let table = table(catalog, object)?;
    let id = object.get(&*table.key).or_else(|| object.get("id"))?;
    Some(Reference::new(table.name.clone(), id.as_str()?.parse().ok()?))
}

/// Values by name, each with the type that its form has.
fn structure(catalog: &Catalog, object: &Map<String, Json>) -> Option<Row> {
    let mut row = Row::unsaved("");
    for (name, given) in object {
        if name.contains('@') {
            continue;
        }
        let value = match given {
            Json::Null => Value::Null,
            Json::Bool(yes) => Value::Bool(*yes),
            Json::Number(number) => match number.as_i64().map(i32::try_from) {
                Some(Ok(number)) => Value::Int(number),
                Some(Err(_)) => Value::BigInt(number.as_i64()?),
                None => Value::Float(number.as_f64()?),
            },
            Json::String(text) => match text.parse::<Uuid>() {
                Ok(id) => Value::Id(id),
                Err(_) => Value::Text(text.clone()),
            },
            Json::Object(inner) => Value::Lookup(reference(catalog, inner)?),
            Json::Array(_) => return None,
        };
        row.set(name.as_str(), value);
    }
    Some(row)
}

fn shortened(json: &Json) -> String {
    const LONGEST: usize = 80;
    let text = json.to_string();
    match text.chars().count() > LONGEST {
        true => text.chars().take(LONGEST).chain(['…']).collect(),
        false => text,
    }
}
