//! The one error type: a code, a sentence, and what a machine needs to act on it.

use serde::Serialize;
use uuid::Uuid;

use crate::{Code, Depth, Duplicates, PrincipalKind, Situation, codes::Kind};

/// A result whose error a person can be shown.
pub type Result<T> = std::result::Result<T, Error>;

/// A refusal or a failure, with its code and everything known about it. Cheap to move.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Body>);

/// What an [`Error`] carries.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// The platform's code.
    pub code: Code,
    /// What happened, to which thing: a sentence for people.
    pub message: String,
    /// The situation of the guides that this is, where it is one.
    pub situation: Option<&'static Situation>,
    /// What words in capitals stand for in the situation's resolutions: `LEAD`, `RULE`.
    pub words: Vec<(&'static str, String)>,
    /// The platform's own sentence, where a person is told another one.
    pub inner: Option<String>,
    /// The columns that must be filled in first.
    pub missing: Vec<String>,
    /// The plug-in's own code, where it refused with one.
    pub subcode: Option<i32>,
    /// The limit that was overrun, with limit and use.
    pub limit: Option<Limit>,
    /// The privilege that is missing.
    pub privilege: Option<String>,
    /// The table that was refused.
    pub table: Option<String>,
    /// The depth that would have been enough.
    pub depth: Option<Depth>,
    /// Who was refused.
    pub principal: Option<PrincipalInfo>,
    /// The step that raised the error.
    pub step: Option<StepInfo>,
    /// The plug-in that raised the error (`assembly/type`).
    pub plugin: Option<String>,
    /// The service call that failed: `Retrieve sl_commissionrule`.
    pub call: Option<String>,
    /// The rows that a duplicate rule found.
    pub duplicates: Option<Duplicates>,
    /// The correlation id of the request.
    pub correlation: Option<Uuid>,
}

/// A limit with what was allowed and what was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Which limit: `memory`, `cpu`, `wall`, `host-calls`, `rows`, `bytes`, `depth` …
    pub name: String,
    /// What was allowed.
    pub allowed: u64,
    /// What was used, as far as known when the call was stopped.
    pub used: u64,
    /// The unit of both: `bytes`, `ms`, `calls`, `rows`, `levels`.
    pub unit: &'static str,
}

/// Who an error speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrincipalInfo {
    /// The row's id.
    pub id: Uuid,
    /// The name people know.
    pub name: String,
    /// User or team.
    #[serde(rename = "type")]
    pub kind: PrincipalKind,
    /// The names of its roles, direct and through teams.
    pub roles: Vec<String>,
}

/// The step that an error speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepInfo {
    /// The row's id.
    pub id: Uuid,
    /// The step's name.
    pub name: String,
    /// The plug-in: `assembly/type`.
    pub plugin: String,
    /// The message.
    pub message: String,
    /// The table, if the step is bound to one.
    pub table: Option<String>,
    /// The stage: 10, 20 or 40.
    pub stage: i32,
}

impl Error {
    /// An error of this code with this sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Body {
            code,
            message: message.into(),
            situation: None,
            words: Vec::new(),
            inner: None,
            missing: Vec::new(),
            subcode: None,
            limit: None,
            privilege: None,
            table: None,
            depth: None,
            principal: None,
            step: None,
            plugin: None,
            call: None,
            duplicates: None,
            correlation: None,
        }))
    }

    /// The error of a situation of the guides, in its own words.
    pub fn of(situation: &'static Situation) -> Self {
        let code = situation.codes.first().copied().unwrap_or(Code::UNEXPECTED);
        let mut error = Self::new(code, situation.sentence);
        error.0.table = situation.table.map(ToOwned::to_owned);
        error.in_situation(situation)
    }

    /// The same error, known as a situation of the guides.
    #[must_use]
    pub fn in_situation(mut self, situation: &'static Situation) -> Self {
        self.0.situation = Some(situation);
        self
    }

    /// The same error, which knows what a word of its resolutions stands for.
    #[must_use]
    pub fn with_word(mut self, word: &'static str, value: impl std::fmt::Display) -> Self {
        self.0.words.push((word, value.to_string()));
        self
    }

    /// An error of this code in the platform's own sentence.
    pub fn said(code: Code) -> Self {
        Self::new(code, code.text())
    }

    /// A failure of the host itself.
    pub fn host(message: impl Into<String>) -> Self {
        Self::new(Code::UNEXPECTED, message)
    }

    /// A wrong value or parameter.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::INVALID_ARGUMENT, message)
    }

    /// There is no row `id` in `table` (whose schema name is given).
    pub fn not_found(schema: &str, table: &str, id: Uuid) -> Self {
        Self::new(Code::NOT_FOUND, format!("{schema} With Id = {id} Does Not Exist")).with_table(table)
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> Kind {
        self.0.code.info().kind
    }

    /// Why it happened, in a sentence.
    pub fn cause(&self) -> &'static str {
        self.0
            .situation
            .map_or(self.0.code.info().cause, |situation| situation.cause)
    }

    /// What helps: each of these alone, unless it says otherwise. The words in capitals are
    /// filled in as far as the error knows what they stand for.
    pub fn resolutions(&self) -> Vec<String> {
        let Some(situation) = self.0.situation else {
            return vec![self.0.code.info().resolution.to_owned()];
        };
        let table = self.0.table.iter().map(|table| ("TABLE", table));
        let words: Vec<_> = self
            .0
            .words
            .iter()
            .map(|(word, value)| (*word, value))
            .chain(table)
            .collect();
        let filled = |text: &&str| {
            words
                .iter()
                .fold((*text).to_owned(), |text, (word, value)| fill(&text, word, value))
        };
        situation.resolutions.iter().map(filled).collect()
    }

    /// [`Self::resolutions`] as one text.
    pub fn resolution(&self) -> String {
        match self.resolutions().as_slice() {
            [only] => only.clone(),
            several => several
                .iter()
                .enumerate()
                .map(|(index, text)| format!("{}. {text}", index + 1))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    /// Everything the error carries.
    pub fn body(&self) -> &Body {
        &self.0
    }

    /// Everything the error carries, to be changed.
    pub fn body_mut(&mut self) -> &mut Body {
        &mut self.0
    }

    /// Names the table that was refused.
    #[must_use]
    pub fn with_table(mut self, table: &str) -> Self {
        self.0.table = Some(table.to_owned());
        self
    }

    /// The error as the document that every door shows: without empty members.
    pub fn to_json(&self) -> serde_json::Value {
        let body = &*self.0;
        let mut map = serde_json::Map::new();
        let mut put = |name: &str, value: serde_json::Value| {
            if !value.is_null() {
                map.insert(name.to_owned(), value);
            }
        };
        put("code", body.code.to_string().into());
        put("message", body.message.clone().into());
        put("situation", body.situation.map(|situation| situation.id).into());
        put("cause", self.cause().into());
        put("resolution", self.resolution().into());
        put("inner", body.inner.clone().into());
        if !body.missing.is_empty() {
            put("missing", body.missing.clone().into());
        }
        put("subcode", body.subcode.into());
        put("limit", json(&body.limit));
        put("privilege", body.privilege.clone().into());
        put("table", body.table.clone().into());
        put("depth", body.depth.map(Depth::label).into());
        put("principal", json(&body.principal));
        put("step", json(&body.step));
        put("plugin", body.plugin.clone().into());
        put("call", body.call.clone().into());
        put("duplicates", json(&body.duplicates));
        put("correlation", body.correlation.map(|id| id.to_string()).into());
        map.into()
    }
}

/// The text with a value in place of a word; one with spaces in quotes, as on a command line.
fn fill(text: &str, word: &str, value: &str) -> String {
    let value = match value.contains(char::is_whitespace) {
        true => format!("\"{}\"", value.replace('"', "\\\"")),
        false => value.to_owned(),
    };
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(word) {
        filled.push_str(before);
        let inside = is_part(filled.chars().next_back()) || is_part(after.chars().next());
        filled.push_str(if inside { word } else { &value });
        rest = after;
    }
    filled + rest
}

fn json<T: Serialize>(value: &T) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::situations::{DUPLICATE_LEAD, STATUS_MISMATCH};

    #[test]
    fn resolutions_name_what_the_error_knows() {
        let error = Error::of(&STATUS_MISMATCH).with_table("opportunity");
        assert!(
            error
                .resolution()
                .contains("`option-set add opportunity.statuscode VALUE"),
            "{}",
            error.resolution()
        );
        let error = Error::of(&DUPLICATE_LEAD)
            .with_word("RULE", "Same \"mail\"")
            .with_word("LEAD", 7);
        let text = error.resolution();
        assert!(text.contains(r#"`duprule unpublish "Same \"mail\""`"#), "{text}");
        assert!(text.contains("`merge lead 7 OTHER`"), "what nobody knows stays: {text}");
    }

    #[test]
    fn words_are_filled_in_whole() {
        assert_eq!(fill("RULE RULES a-RULE`RULE`", "RULE", "x"), "x RULES a-x`x`");
    }
}
