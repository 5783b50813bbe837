//! Where a value comes from, and how it is written in JSON.

use serde::{
    Deserialize, Deserializer,
    de::{
        Error as _, MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use serde_json::Value as Json;
use sluice_model::{Name, Result, Timestamp, Value, value::whole_second, written};

use super::{DEEPEST, Later, Place};

/// Where a value comes from. In JSON an object says how it is found, anything else is the value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    /// It is written here.
    Constant(Json),
    /// It is in a column of a row.
    Column(Name, Place),
    /// It is a reference to a row.
    Row(Place),
    /// The first of these that is not empty.
    First(Vec<Source>),
    /// Texts, one behind the other.
    Text(Vec<Source>),
    /// The time at which the workflow runs, and so much later.
    Now(Later),
    /// The point in time that is found so, and so much later.
    Moved(Box<Source>, Later),
    /// What an Update's column holds, changed by a value.
    Changed(Verb, Box<Source>),
    /// What a plug-in gave back: its output, of the call of that name.
    Output(Name, String),
}

impl Source {
    /// The point in time, or the day, that it gives; nothing where it gives none. `found` says what a column, or an
    /// output, holds for whoever this is read for.
    pub(crate) fn moment(&self, now: Timestamp, found: &mut dyn FnMut(&Self) -> Result<Value>) -> Result<Value> {
        match self {
            Self::Constant(json) => {
                let time = json.as_str().and_then(written::time);
                // As a column would keep it.
                Ok(time.map_or(Value::Null, |time| Value::DateTime(whole_second(time))))
            }
            Self::Now(later) => later.than(Value::DateTime(now)),
            Self::Moved(time, later) => later.than(time.moment(now, found)?),
            Self::First(sources) => {
                for source in sources {
                    let moment = source.moment(now, found)?;
                    if !moment.is_null() {
                        return Ok(moment);
                    }
                }
                Ok(Value::Null)
            }
            Self::Column(..) | Self::Output(..) => found(self),
            Self::Row(_) | Self::Text(_) | Self::Changed(..) => Ok(Value::Null),
        }
    }
}

/// How an Update changes what a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// The text comes behind it.
    Append,
    /// The number is added.
    Increment,
    /// The number is taken away.
    Decrement,
    /// It is multiplied by the number.
    Multiply,
}

/// The object that says how a value is found.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SourceForm {
    column: Option<Name>,
    row: Option<Place>,
    first: Option<Vec<Source>>,
    text: Option<Vec<Source>>,
    now: Option<Later>,
    plus: Option<Later>,
    append: Option<Box<Source>>,
    increment: Option<Box<Source>>,
    decrement: Option<Box<Source>>,
    multiply: Option<Box<Source>>,
    output: Option<Name>,
    of: Option<String>,
}

impl Source {
    /// The rows whose columns it looks at.
    pub(crate) fn places(&self) -> Vec<&Place> {
        match self {
            Self::Column(_, row) | Self::Row(row) => vec![row],
            Self::First(sources) | Self::Text(sources) => sources.iter().flat_map(Self::places).collect(),
            Self::Changed(_, source) | Self::Moved(source, _) => source.places(),
            Self::Constant(_) | Self::Now(_) | Self::Output(..) => Vec::new(),
        }
    }

    /// How many values stand inside each other in it.
    fn depth(&self) -> usize {
        match self {
            Self::First(sources) | Self::Text(sources) => 1 + sources.iter().map(Self::depth).max().unwrap_or_default(),
            Self::Changed(_, by) => 1 + by.depth(),
            Self::Moved(time, _) => time.depth(),
            Self::Constant(_) | Self::Column(..) | Self::Row(_) | Self::Now(_) | Self::Output(..) => 0,
        }
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        from.deserialize_any(SourceVisitor)
    }
}

/// Reads a value where it stands, without a copy of what it consists of.
pub(super) struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = Source;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value, or an object that says how it is found")
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Source, E> {
        Ok(Source::Constant(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Source, E> {
        Ok(Source::Constant(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Source, E> {
        Ok(Source::Constant(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Source, E> {
        Ok(Source::Constant(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Source, E> {
        Ok(Source::Constant(value.into()))
    }

    fn visit_unit<E>(self) -> std::result::Result<Source, E> {
        Ok(Source::Constant(Json::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> std::result::Result<Source, A::Error> {
        Json::deserialize(SeqAccessDeserializer::new(values)).map(Source::Constant)
    }

    fn visit_map<A: MapAccess<'de>>(self, form: A) -> std::result::Result<Source, A::Error> {
        let source: Source = SourceForm::deserialize(MapAccessDeserializer::new(form))?
            .try_into()
            .map_err(A::Error::custom)?;
        // What is inside was looked at before it: nothing is ever much deeper.
        match source.depth() > DEEPEST {
            true => Err(A::Error::custom(format!(
                "values stand {DEEPEST} deep inside each other at most"
            ))),
            false => Ok(source),
        }
    }
}

impl TryFrom<SourceForm> for Source {
    type Error = String;

    fn try_from(form: SourceForm) -> std::result::Result<Self, String> {
        let SourceForm {
            column,
            row,
            first,
            text,
            now,
            plus,
            append,
            increment,
            decrement,
            multiply,
            output,
            of,
        } = form;
        let output = match (output, of) {
            (Some(output), Some(of)) => Some(Self::Output(output, of)),
            (None, None) => None,
            _ => return Err("an `output` of a plug-in is that `of` the call of a name".to_owned()),
        };
        let of_row = match (column, row) {
            (Some(column), row) => Some(Self::Column(column, row.unwrap_or_default())),
            (None, Some(row)) => Some(Self::Row(row)),
            (None, None) => None,
        };
        let verbs = [
            (Verb::Append, append),
            (Verb::Increment, increment),
            (Verb::Decrement, decrement),
            (Verb::Multiply, multiply),
        ];
        let changed = verbs
            .into_iter()
            .filter_map(|(verb, by)| Some(Self::Changed(verb, by?)));
        let mut ways = of_row
            .into_iter()
            .chain(first.map(Self::First))
            .chain(text.map(Self::Text))
            .chain(now.map(Self::Now))
            .chain(output)
            .chain(changed);
        if [now, plus].into_iter().flatten().any(|later| later.spans().is_none()) {
            return Err("so much later, or earlier, is beyond the calendar".to_owned());
        }
        match (ways.next(), ways.next(), plus) {
            (Some(source), None, None) => Ok(source),
            (Some(time @ (Self::Column(..) | Self::First(_) | Self::Output(..))), None, Some(later)) => {
                Ok(Self::Moved(Box::new(time), later))
            }
            (Some(_), None, Some(_)) => {
                Err("`plus` goes with the point in time of a `column`, a `first` or an `output`".to_owned())
            }
            _ => Err(
                "a value is found in one way: `column` (with `row`), `row`, `first`, `text`, `now`, `output` (with `of`), \
                 or, in an update, `append`, `increment`, `decrement` or `multiply`"
                    .to_owned(),
            ),
        }
    }
}
