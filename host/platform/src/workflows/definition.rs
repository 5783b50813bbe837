//! What a workflow does, as it is written in JSON: actions, conditions, values, and the rows that
//! they speak of. What the words mean for a table is checked in [`super::check`].

use std::collections::BTreeMap;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        Error as _, MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use serde_json::Value as Json;
use sluice_model::{Error, Name, Result, Uuid};

/// A longer definition is refused, in bytes.
pub(crate) const LONGEST: usize = 256 << 10;

/// How deep conditions, and values, may stand inside each other.
pub(crate) const DEEPEST: usize = 10;

/// The content of `clientdata`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definition {
    /// In the order in which they are done.
    pub(crate) actions: Vec<Action>,
    /// Of the copy that runs: the workflows that it starts, as they were found when it was activated.
    #[serde(default)]
    pub(crate) children: Vec<Child>,
}

/// A workflow that another one starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Child {
    /// What the action calls it: its name or id.
    pub(crate) workflow: String,
    /// The table of the row that it is about.
    pub(crate) table: Name,
    pub(crate) id: Uuid,
}

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    /// It is too long, or the place in the text that is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text.len() > LONGEST {
            return Err(Error::invalid(format!(
                "the definition of a workflow has {} bytes, and {LONGEST} is the most",
                text.len()
            )));
        }
        Self::activated(text)
    }

    /// Reads the definition of a copy that runs: with its children, it may be longer.
    ///
    /// # Errors
    /// The place in the text that is wrong.
    pub(crate) fn activated(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|error| Error::invalid(format!("this is no definition of a workflow: {error}")))
    }
}

/// Something that a workflow does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    /// Does one thing or another.
    Check(Check),
    /// Makes a row.
    Create(Create),
    /// Changes columns of a row.
    Update(Update),
    /// Gives a row to another owner.
    Assign(Assign),
    /// Gives a row another state.
    ChangeState(ChangeState),
    /// Starts another workflow.
    StartChild(StartChild),
    /// Calls a plug-in.
    Call(Call),
    /// Writes an e-mail.
    SendEmail(SendEmail),
    /// Waits, in the background.
    Wait(Wait),
    /// Ends the workflow.
    Stop(Stop),
}

/// Does one thing or another.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Check {
    /// What is asked.
    #[serde(rename = "if")]
    pub(crate) condition: Condition,
    /// What is done where it is so.
    pub(crate) then: Vec<Action>,
    /// What is done where it is not.
    #[serde(default, rename = "else")]
    pub(crate) otherwise: Vec<Action>,
}

/// Makes a row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Create {
    /// Its table.
    pub(crate) table: Name,
    /// Its columns.
    pub(crate) set: BTreeMap<Name, Source>,
    /// Under which name later actions know it.
    #[serde(default, rename = "as")]
    pub(crate) name: Option<String>,
}

/// Changes columns of a row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Update {
    /// The row.
    #[serde(default)]
    pub(crate) row: Place,
    /// The columns.
    pub(crate) set: BTreeMap<Name, Source>,
}

/// Gives a row to another owner.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assign {
    /// The row.
    #[serde(default)]
    pub(crate) row: Place,
    /// The user or team.
    pub(crate) to: Source,
}

/// Gives a row another state.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeState {
    /// The row.
    #[serde(default)]
    pub(crate) row: Place,
    /// The state, by its number or label.
    pub(crate) state: Json,
    /// The status reason; that which the state begins with, where there is none.
    #[serde(default)]
    pub(crate) status: Option<Json>,
}

/// Starts another workflow.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartChild {
    /// The row that it is about.
    #[serde(default)]
    pub(crate) row: Place,
    /// Its name or id.
    pub(crate) workflow: String,
}

/// Calls a plug-in.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    /// `assembly/type`, or the type alone where it is the only one of its name.
    pub(crate) plugin: String,
    /// What it is told, as the configuration of a step.
    #[serde(default)]
    pub(crate) configuration: Option<Source>,
    /// The row that it is about.
    #[serde(default)]
    pub(crate) row: Place,
    /// The input parameters that it is given.
    #[serde(default)]
    pub(crate) inputs: BTreeMap<Name, Source>,
    /// Under which name later actions know what it gives back.
    #[serde(default, rename = "as")]
    pub(crate) name: Option<String>,
}

impl Call {
    /// Whether the plug-in has parameters of its own, and not those of the message.
    pub(crate) fn has_arguments(&self) -> bool {
        self.name.is_some() || !self.inputs.is_empty()
    }
}

/// Writes an e-mail, which waits to be sent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendEmail {
    /// To whom: rows that have an address.
    pub(crate) to: Vec<Place>,
    /// What it is about.
    pub(crate) subject: Source,
    /// What it says.
    #[serde(default)]
    pub(crate) body: Option<Source>,
    /// The row that it is about.
    #[serde(default)]
    pub(crate) row: Place,
    /// Under which name later actions know it.
    #[serde(default, rename = "as")]
    pub(crate) name: Option<String>,
}

/// Waits for a point in time or for a condition, whichever comes first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wait {
    /// The point in time.
    #[serde(default)]
    pub(crate) until: Option<Source>,
    /// The condition.
    #[serde(default, rename = "for")]
    pub(crate) condition: Option<Condition>,
}

/// Ends the workflow.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stop {
    /// How.
    #[serde(rename = "as")]
    pub(crate) ending: Ending,
    /// What people are told.
    #[serde(default)]
    pub(crate) message: Option<Source>,
}

/// How a workflow ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ending {
    /// It did what it was to do.
    Succeeded,
    /// It refuses: in real time, the request fails.
    Canceled,
}

/// A row: that which the workflow runs for, one that it refers to, or one that was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// The lookup of the workflow's row that refers to it.
    #[serde(default)]
    pub(crate) related: Option<Name>,
    /// Its table, where the lookup refers to several.
    #[serde(default)]
    pub(crate) table: Option<Name>,
    /// The name under which an action made it.
    #[serde(default)]
    pub(crate) created: Option<String>,
}

impl Place {
    /// Whether it is the row that the workflow runs for.
    pub(crate) fn is_this(&self) -> bool {
        self.related.is_none() && self.created.is_none()
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.created, &self.related) {
            (Some(name), _) => write!(f, "the row that was made as \"{name}\""),
            (None, Some(lookup)) => write!(f, "the row that `{lookup}` refers to"),
            (None, None) => f.write_str("the workflow's own row"),
        }
    }
}

/// A question about rows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Condition {
    /// All of them.
    And(Vec<Condition>),
    /// One of them.
    Or(Vec<Condition>),
    /// The opposite.
    Not(Box<Condition>),
    /// A column of a row.
    Compare(Compare),
}

/// A question about a column of a row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Compare {
    /// The row.
    #[serde(default)]
    pub(crate) row: Place,
    /// Its column.
    pub(crate) column: Name,
    /// How it is compared.
    pub(crate) is: Operator,
    /// With what.
    #[serde(default)]
    pub(crate) value: Option<Source>,
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Operator {
    /// It is the same.
    Eq,
    /// It is another one, or empty.
    Ne,
    /// It is more.
    Gt,
    /// It is more or the same.
    Ge,
    /// It is less.
    Lt,
    /// It is less or the same.
    Le,
    /// The text has a part.
    Contains,
    /// The text begins with it.
    BeginsWith,
    /// The text ends with it.
    EndsWith,
    /// It is not empty.
    HasData,
    /// It is empty.
    HasNoData,
}

impl Operator {
    /// Whether it compares with a value.
    pub(crate) fn takes_value(self) -> bool {
        !matches!(self, Self::HasData | Self::HasNoData)
    }

    /// Whether it looks into a text.
    pub(crate) fn searches(self) -> bool {
        matches!(self, Self::Contains | Self::BeginsWith | Self::EndsWith)
    }

    /// Whether it asks for an order.
    pub(crate) fn orders(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Lt | Self::Le)
    }
}

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
    /// What an Update's column holds, changed by a value.
    Changed(Verb, Box<Source>),
    /// What a plug-in gave back: its output, of the call of that name.
    Output(Name, String),
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

/// So much later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Later {
    /// Days of 24 hours.
    #[serde(default)]
    pub(crate) days: i32,
    /// Hours.
    #[serde(default)]
    pub(crate) hours: i32,
    /// Minutes.
    #[serde(default)]
    pub(crate) minutes: i32,
}

impl Later {
    /// As a span of time.
    pub(crate) fn duration(self) -> jiff::SignedDuration {
        let minutes = i64::from(self.minutes) + 60 * (i64::from(self.hours) + 24 * i64::from(self.days));
        jiff::SignedDuration::from_mins(minutes)
    }
}

/// The object that says how a value is found.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SourceForm {
    column: Option<Name>,
    row: Option<Place>,
    first: Option<Vec<Source>>,
    text: Option<Vec<Source>>,
    now: Option<Later>,
    append: Option<Box<Source>>,
    increment: Option<Box<Source>>,
    decrement: Option<Box<Source>>,
    multiply: Option<Box<Source>>,
    output: Option<Name>,
    of: Option<String>,
}

impl Source {
    /// How many values stand inside each other in it.
    fn depth(&self) -> usize {
        match self {
            Self::First(sources) | Self::Text(sources) => 1 + sources.iter().map(Self::depth).max().unwrap_or_default(),
            Self::Changed(_, by) => 1 + by.depth(),
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
struct SourceVisitor;

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
        match (ways.next(), ways.next()) {
            (Some(source), None) => Ok(source),
            _ => Err(
                "a value is found in one way: `column` (with `row`), `row`, `first`, `text`, `now`, `output` (with `of`), \
                 or, in an update, `append`, `increment`, `decrement` or `multiply`"
                    .to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        Definition::parse(text).unwrap_err().message().to_owned()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let text = "{\"actions\": [\n {\"update\": {\"sett\": {}}}]}";
        assert!(
            told(text).contains("unknown field `sett`") && told(text).contains("line 2"),
            "{}",
            told(text)
        );
        let text = r#"{"actions": [{"mail": {}}]}"#;
        assert!(told(text).contains("unknown variant `mail`"), "{}", told(text));
        let text = r#"{"actions": [{"update": {"set": {"name": {"column": "a", "text": []}}}}]}"#;
        assert!(told(text).contains("found in one way"), "{}", told(text));
        assert!(told(r#"{"actions": [], "more": 1}"#).contains("unknown field `more`"));
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_refused() {
        let long = format!(r#"{{"actions": []{}}}"#, " ".repeat(LONGEST));
        assert!(told(&long).contains("is the most"));
        let deep = format!(r#"{{"actions": {}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert!(told(&deep).contains("this is no definition"));
    }

    /// However deep values stand inside each other, what they consist of is read once.
    #[test]
    fn values_stand_ten_deep_at_most() {
        let nested = |depth: usize| {
            let (open, close) = (r#"{"text": ["#.repeat(depth), "]}".repeat(depth));
            format!(r#"{{"actions": [{{"update": {{"set": {{"name": {open}{close}}}}}}}]}}"#)
        };
        Definition::parse(&nested(DEEPEST)).unwrap();
        assert!(told(&nested(DEEPEST + 1)).contains("values stand 10 deep"));
        assert!(told(&nested(60)).contains("values stand 10 deep"));
        assert!(told(&nested(1_000)).contains("recursion limit"));
    }

    #[test]
    fn a_value_is_written_as_it_is() {
        for json in ["null", "true", "-5", "5", "1.5", r#""text""#, "[1, 2]"] {
            let source: Source = serde_json::from_str(json).unwrap();
            assert_eq!(source, Source::Constant(serde_json::from_str(json).unwrap()));
        }
    }
}
