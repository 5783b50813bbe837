//! The one error type: a code, a sentence, and what a machine needs to act on it.

mod cases;
mod origin;

use serde::Serialize;
use uuid::Uuid;

use crate::{
    Code, Depth, Duplicates, HeldDepth, PrincipalInfo, PrincipalKind, Remedy, Right, Situation,
    codes::Kind,
    names,
    remedy::{Case, Resolution},
};

pub use origin::{Reached, StepValue};

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
    /// Why it happened and what helps, where that is not what its code says.
    pub case: Option<&'static Case>,
    /// What helps in this case, beside what its code or situation says.
    pub remedies: Vec<Remedy>,
    /// What the words of remedies stand for: `LEAD`, `RULE`.
    pub words: Vec<(&'static str, String)>,
    /// The platform's own sentence, where a person is told another one.
    pub inner: Option<String>,
    /// What is missing, where it is more than one thing: columns that must be filled in first, or privileges.
    pub missing: Vec<String>,
    /// The plug-in's own code, where it refused with one.
    pub subcode: Option<i32>,
    /// The limit that was overrun, with limit and use.
    pub limit: Option<Limit>,
    /// The privilege that is missing.
    pub privilege: Option<String>,
    /// The table that was refused.
    pub table: Option<String>,
    /// The row of it that was refused, where it was one row.
    pub row: Option<Uuid>,
    /// The right that is missing on it, or on the table.
    pub right: Option<Right>,
    /// The capability that the step was not granted.
    pub capability: Option<String>,
    /// The depth that would have been enough.
    pub depth: Option<Depth>,
    /// How the privilege is held that does not reach the row.
    pub held: Option<HeldDepth>,
    /// Who was refused.
    pub principal: Option<PrincipalInfo>,
    /// The step that raised the error.
    pub step: Option<StepInfo>,
    /// The plug-in that raised the error (`assembly/type`).
    pub plugin: Option<String>,
    /// The values of that step which were refused, where none of its calls failed.
    pub values: Vec<StepValue>,
    /// That step's service call that failed: `Retrieve sl_commissionrule`.
    pub call: Option<String>,
    /// The calls of other steps in which that step ran, the innermost first.
    pub reached: Vec<Reached>,
    /// The refusal of its call that the plug-in caught before it ended with words of its own.
    pub caught: Option<Error>,
    /// The rows that a duplicate rule found.
    pub duplicates: Option<Duplicates>,
    /// The correlation id of the request.
    pub correlation: Option<Uuid>,
    /// Whether the request was recorded under it, so that it can be run again.
    pub recorded: bool,
    /// The plug-in that raised it asks for another run later.
    pub again: bool,
    /// It is no refusal of the request: who has it tried may not read what it reads, and so the trial ended.
    pub unseen: bool,
    /// The name by which a row was looked up, where that alone was refused: what was to be done with it was not sent.
    pub looked_up: Option<String>,
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

/// The step that an error speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepInfo {
    /// The row's id.
    pub id: Uuid,
    /// The step's name.
    pub name: String,
    /// What sort of handler it calls: `plug-in`, `workflow`.
    #[serde(skip_serializing_if = "is_plugin")]
    pub kind: &'static str,
    /// The plug-in: `assembly/type`. Empty where it calls none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub plugin: String,
    /// What it did when it failed, where it consists of actions: its place, and what it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The message.
    pub message: String,
    /// The table, if the step is bound to one.
    pub table: Option<String>,
    /// The stage: 10, 20 or 40.
    pub stage: i32,
}

fn is_plugin(kind: &str) -> bool {
    kind == "plug-in"
}

impl StepInfo {
    /// Whether it calls a plug-in, and is a registered step.
    pub fn calls_plugin(&self) -> bool {
        is_plugin(self.kind)
    }
}

impl Error {
    /// An error of this code with this sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Body {
            code,
            message: message.into(),
            situation: None,
            case: None,
            remedies: Vec::new(),
            words: Vec::new(),
            inner: None,
            missing: Vec::new(),
            subcode: None,
            limit: None,
            privilege: None,
            table: None,
            row: None,
            right: None,
            capability: None,
            depth: None,
            held: None,
            principal: None,
            step: None,
            plugin: None,
            values: Vec::new(),
            call: None,
            reached: Vec::new(),
            caught: None,
            duplicates: None,
            correlation: None,
            recorded: false,
            again: false,
            unseen: false,
            looked_up: None,
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

    /// The same error, of which that is told in the place of what its code says.
    #[must_use]
    pub fn in_case(mut self, case: &'static Case) -> Self {
        self.0.case = Some(case);
        self
    }

    /// The same error, which knows something that helps in this case.
    #[must_use]
    pub fn with_remedy(mut self, remedy: Remedy) -> Self {
        self.0.remedies.push(remedy);
        self
    }

    /// The same error, which knows what a word of its remedies stands for.
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
        match (cases::of(&self.0), self.0.situation) {
            (Some(case), _) => case.cause,
            (None, Some(situation)) => situation.cause,
            (None, None) => self.0.code.info().cause,
        }
    }

    /// What helps: each of these alone, unless it says otherwise.
    pub fn resolutions(&self) -> &'static [Resolution] {
        match (cases::of(&self.0), self.0.situation) {
            (Some(case), _) => std::slice::from_ref(&case.resolution),
            (None, Some(situation)) => situation.resolutions,
            (None, None) => std::slice::from_ref(&self.0.code.info().resolution),
        }
    }

    /// [`Self::resolutions`] as one text.
    pub fn resolution(&self) -> String {
        numbered(
            self.resolutions()
                .iter()
                .map(|resolution| resolution.text.to_owned())
                .collect(),
        )
    }

    /// One refusal in the place of several, so that whoever cures it is not refused once more: the first, which
    /// names the privileges of all of them.
    pub fn together(refusals: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut refusals = refusals.into_iter();
        let mut first = refusals.next()?;
        let others: Vec<String> = refusals.filter_map(|error| error.body().privilege.clone()).collect();
        if !others.is_empty() {
            let own = first.body().privilege.clone();
            first.body_mut().missing = own.into_iter().chain(others).collect();
        }
        Some(first)
    }

    /// What helps in this case, beside the resolutions: what it was made with, the privilege that
    /// is missing, the step that failed.
    pub fn remedies(&self) -> Vec<Remedy> {
        let body = &*self.0;
        let mut remedies = body.remedies.clone();
        let denied = [
            Code::PRIVILEGE_DENIED,
            Code::ACCESS_DENIED,
            Code::CANNOT_QUALIFY_LEAD,
            Code::OWNER_LACKS_READ,
        ];
        // Who is to look into others' requests is no cure of one: it would let a whole role act for everybody.
        let is_for_all = |privilege: &String| privilege.eq_ignore_ascii_case("prvActOnBehalfOfAnotherUser");
        let is_missing = body.privilege.as_ref().is_some_and(|privilege| !is_for_all(privilege));
        // A case of its own says itself whether it helps.
        let is_missing = is_missing && body.case.is_none();
        if denied.contains(&body.code) && is_missing && self.role().is_some() {
            remedies.push(match self.inherits() {
                true => Remedy::Inherit,
                false => Remedy::Grant,
            });
        }
        let calls_plugin = body.step.as_ref().is_some_and(StepInfo::calls_plugin);
        if body.capability.is_some() && calls_plugin {
            remedies.push(Remedy::GrantCapability);
        }
        // Whoever refuses on purpose does its work: nothing is to be disabled.
        if let Some(step) = body.step.as_ref().filter(|_| body.code != Code::ISV_ABORTED) {
            remedies.push(match step.calls_plugin() {
                true => Remedy::DisableStep,
                false => Remedy::DeactivateFailed,
            });
        }
        remedies
    }

    /// What the words of remedies stand for, as far as the error knows.
    pub fn words(&self) -> Vec<(&'static str, String)> {
        let body = &*self.0;
        let user = body.principal.as_ref().filter(|who| who.kind == PrincipalKind::User);
        let step = |plugin: bool| {
            let step = body.step.as_ref().filter(|step| step.calls_plugin() == plugin);
            step.map(|step| step.id.to_string())
        };
        let known = [
            ("TABLE", body.table.clone()),
            ("PRIVILEGE", body.privilege.clone()),
            (
                "DEPTH",
                body.privilege.as_ref().map(|_| self.depth_to_grant().word().to_owned()),
            ),
            ("ROLE", self.role()),
            ("USER", user.map(|user| names::word(&user.name, user.id))),
            ("STEP", step(true)),
            ("FAILED", step(false)),
            ("CORRELATION", body.correlation.map(|id| id.to_string())),
        ];
        let known = known.into_iter().filter_map(|(word, value)| Some((word, value?)));
        body.words.iter().cloned().chain(known).collect()
    }

    /// The role that would get a missing privilege.
    fn role(&self) -> Option<String> {
        let of_team = self.inherits().then(|| self.0.held.as_ref()?.only.as_ref());
        if let Some(only) = of_team.flatten() {
            return Some(only.role.clone()).filter(|role| names::is_plain(role));
        }
        let grantee = self.0.principal.as_ref()?.grantee.as_ref()?;
        match grantee.id {
            Some(id) => Some(names::word(&grantee.role, id)),
            None => Some(grantee.role.clone()).filter(|role| names::is_plain(role)),
        }
    }

    /// Whether it is enough that members use a team's role for rows of their own: the depth is there,
    /// and no role of the principal's own could get the privilege.
    fn inherits(&self) -> bool {
        let body = &*self.0;
        let grantee = body.principal.as_ref().and_then(|who| who.grantee.as_ref());
        let is_there = body.held.as_ref().is_some_and(|held| held.only.is_some());
        is_there && body.depth == Some(Depth::User) && grantee.is_some_and(|grantee| grantee.only_team)
    }

    /// The depth at which that role is to hold it: what counts for the rows of a team alone is not
    /// enough for others at depth User.
    fn depth_to_grant(&self) -> Depth {
        let depth = self.0.depth.unwrap_or(Depth::User);
        let grantee = self.0.principal.as_ref().and_then(|who| who.grantee.as_ref());
        match grantee {
            Some(grantee) if grantee.only_team => depth.max(Depth::BusinessUnit),
            _ => depth,
        }
    }

    /// A remedy as data: its name, and what its words stand for.
    fn remedy_to_json(&self, remedy: Remedy) -> serde_json::Value {
        let mut object = serde_json::Map::new();
        object.insert("do".to_owned(), remedy.name().into());
        for (word, value) in self.words() {
            if remedy.words().contains(&word) {
                object.entry(word.to_ascii_lowercase()).or_insert(value.into());
            }
        }
        object.into()
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

    /// Names the table that was refused, where none is named yet.
    #[must_use]
    pub fn or_table(self, table: &str) -> Self {
        match self.0.table {
            Some(_) => self,
            None => self.with_table(table),
        }
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
        let advised = self
            .resolutions()
            .iter()
            .flat_map(|resolution| resolution.remedies.iter().copied());
        let mut remedies: Vec<Remedy> = self.remedies().into_iter().chain(advised).collect();
        let mut seen = std::collections::BTreeSet::new();
        remedies.retain(|remedy| seen.insert(*remedy));
        if !remedies.is_empty() {
            let remedies: Vec<_> = remedies.into_iter().map(|remedy| self.remedy_to_json(remedy)).collect();
            put("remedies", remedies.into());
        }
        put("inner", body.inner.clone().into());
        if !body.missing.is_empty() {
            put("missing", body.missing.clone().into());
        }
        put("subcode", body.subcode.into());
        put("limit", json(&body.limit));
        put("privilege", body.privilege.clone().into());
        put("table", body.table.clone().into());
        put("row", body.row.map(|id| id.to_string()).into());
        put("capability", body.capability.clone().into());
        put("depth", body.depth.map(Depth::label).into());
        put("held", json(&body.held));
        put("principal", json(&body.principal));
        put("step", json(&body.step));
        put("plugin", body.plugin.clone().into());
        if !body.values.is_empty() {
            put("values", json(&body.values));
        }
        put("call", body.call.clone().into());
        if !body.reached.is_empty() {
            put("reached", json(&body.reached));
        }
        put("duplicates", json(&body.duplicates));
        put("lookedUp", body.looked_up.clone().into());
        put("correlation", body.correlation.map(|id| id.to_string()).into());
        map.into()
    }
}

/// Several texts as one: `1. … 2. …`.
pub fn numbered(texts: Vec<String>) -> String {
    match texts.as_slice() {
        [only] => only.clone(),
        several => several
            .iter()
            .enumerate()
            .map(|(index, text)| format!("{}. {text}", index + 1))
            .collect::<Vec<_>>()
            .join(" "),
    }
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
mod tests;
