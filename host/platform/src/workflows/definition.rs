//! What a workflow does, as it is written in JSON: actions, conditions, values, and the rows that
//! they speak of. What the words mean for a table is checked in [`super::check`].

mod condition;
mod later;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sluice_model::{Error, Name, Result, Uuid, document};

use crate::email::Part;

pub(crate) use condition::{Compare, Condition, Operator};
pub(crate) use later::{Later, beginning};
pub(crate) use source::{Source, Verb};

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
    /// Of the copy that runs: what runs of earlier versions waited for when it was activated.
    #[serde(default)]
    pub(crate) awaited: BTreeSet<Name>,
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
        serde_json::from_str(text).map_err(|error| malformed("definition of a workflow", &error))
    }
}

/// A text is not what it should be.
pub(crate) fn malformed(what: &str, error: &serde_json::Error) -> Error {
    // The library stops far deeper than anything that is read.
    let why = match error.to_string() {
        told if told.starts_with("recursion limit") => format!(
            "conditions, and values, stand {DEEPEST} deep inside each other at most, at line {} column {}",
            error.line(),
            error.column()
        ),
        told => told,
    };
    Error::invalid(format!("this is no {what}: {why}"))
}

/// A text in which nothing is there twice: of two members of one name the last would count.
///
/// # Errors
/// The place of the second one.
pub(crate) fn check_once(text: &str, what: &str) -> Result<()> {
    document::read(text)
        .map(|_| ())
        .map_err(|error| malformed(what, &error))
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
    SendEmail(Box<SendEmail>),
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
    /// Its name or id; its id, once it was found.
    pub(crate) workflow: String,
    /// Its name when it was found, for people.
    #[serde(default)]
    pub(crate) called: Option<String>,
}

impl StartChild {
    /// What people are told that it is called.
    pub(crate) fn told(&self) -> &str {
        self.called.as_deref().unwrap_or(&self.workflow)
    }
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
    /// From whom: a row that has an address; whoever the workflow runs as, where it does not say.
    #[serde(default)]
    pub(crate) from: Option<Recipient>,
    /// To whom.
    pub(crate) to: Vec<Recipient>,
    /// To whom copies go.
    #[serde(default)]
    pub(crate) cc: Vec<Recipient>,
    /// To whom copies go that the others do not see.
    #[serde(default)]
    pub(crate) bcc: Vec<Recipient>,
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

impl SendEmail {
    /// All to whom it goes.
    pub(crate) fn recipients(&self) -> impl Iterator<Item = (Part, &Recipient)> {
        let lists = [
            (Part::To, &self.to),
            (Part::Copy, &self.cc),
            (Part::BlindCopy, &self.bcc),
        ];
        lists
            .into_iter()
            .flat_map(|(part, all)| all.iter().map(move |one| (part, one)))
    }
}

/// Somebody whom an e-mail comes from or goes to: a row as a [`Place`] says it, or an address.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipient {
    #[serde(default)]
    related: Option<Name>,
    #[serde(default)]
    table: Option<Name>,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    address: Option<Source>,
}

/// Who a [`Recipient`] is.
pub(crate) enum Who<'a> {
    Row(Place),
    Address(&'a Source),
}

impl Recipient {
    /// Who it is.
    ///
    /// # Errors
    /// It is a row and an address.
    pub(crate) fn who(&self) -> Result<Who<'_>> {
        let place = Place {
            related: self.related.clone(),
            table: self.table.clone(),
            created: self.created.clone(),
        };
        match &self.address {
            None => Ok(Who::Row(place)),
            Some(address) if place == Place::default() => Ok(Who::Address(address)),
            Some(_) => Err(Error::invalid(
                "whom an e-mail comes from or goes to is a row or an `address`, not both",
            )),
        }
    }
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

impl Wait {
    /// Whether its point in time is found in rows of that kind: it moves when they change.
    pub(crate) fn follows(&self, is: impl Fn(&Place) -> bool) -> bool {
        let places = self.until.iter().flat_map(Source::places);
        places.into_iter().any(is)
    }
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
        assert!(told(&nested(1_000)).contains("values, stand 10 deep inside each other at most, at line 1"));
    }

    #[test]
    fn a_value_is_written_as_it_is() {
        for json in ["null", "true", "-5", "5", "1.5", r#""text""#, "[1, 2]"] {
            let source: Source = serde_json::from_str(json).unwrap();
            assert_eq!(source, Source::Constant(serde_json::from_str(json).unwrap()));
        }
    }
}
