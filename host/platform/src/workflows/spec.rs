//! A workflow as it is written in a file.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value as Json, json};
use sluice_model::{Error, Result, Row, Value, document};

use super::{
    CATEGORY,
    definition::{Action, LONGEST, malformed},
    run::TABLE,
};
use sluice_engine::step;

/// A workflow to be made.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    /// The schema by which an editor helps to write it.
    #[serde(default, rename = "$schema")]
    _schema: Option<String>,
    name: String,
    #[serde(default)]
    description: Option<String>,
    table: String,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    on: On,
    #[serde(default)]
    when: Option<When>,
    #[serde(default)]
    scope: Option<Scope>,
    #[serde(default)]
    run_as: Option<RunAs>,
    #[serde(default)]
    rank: Option<i32>,
    #[serde(default)]
    on_demand: bool,
    #[serde(default)]
    child: bool,
    /// Its jobs are removed where they have succeeded.
    #[serde(default)]
    auto_delete: bool,
    /// In real time, what fails is logged.
    #[serde(default)]
    log_failures: bool,
    actions: Vec<Action>,
}

/// What starts it by itself.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct On {
    #[serde(default)]
    create: bool,
    /// A change of these columns.
    #[serde(default)]
    update: Vec<String>,
    /// A change of the state.
    #[serde(default)]
    state: bool,
    #[serde(default)]
    assign: bool,
    #[serde(default)]
    delete: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    Background,
    #[default]
    RealTime,
}

/// Before or after the main operation of an Update.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum When {
    Before,
    After,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Scope {
    User,
    BusinessUnit,
    ParentChild,
    Organization,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RunAs {
    Owner,
    Caller,
}

/// A longer file is refused, in bytes: beside the definition it may have as much that lays it out.
const LONGEST_FILE: usize = 2 * LONGEST;

impl File {
    /// What one thing says and another takes back is no definition.
    fn check(&self) -> Result<()> {
        let refused = |why: String| Err(Error::invalid(format!("this is no workflow: {why}")));
        let in_real_time = [
            ("rank", self.rank.is_some()),
            ("when", self.when.is_some()),
            ("run-as", self.run_as.is_some()),
            ("log-failures", self.log_failures),
        ];
        let given = in_real_time.iter().find(|(_, given)| *given);
        if let (Mode::Background, Some((what, _))) = (self.mode, given) {
            return refused(format!(
                "`{what}` is said of workflows in real time, and this one runs in the background; leave it out"
            ));
        }
        if self.mode == Mode::RealTime && self.auto_delete {
            let why =
                "`auto-delete` is said of workflows in the background, and this one runs in real time; leave it out";
            return refused(why.to_owned());
        }
        let on = &self.on;
        let on_update = !on.update.is_empty() || on.state || on.assign;
        let (when, holds) = match self.when {
            Some(When::Before) => ("before", on_update || on.delete && !on.create),
            Some(When::After) => ("after", on_update || !on.delete),
            None => return Ok(()),
        };
        match holds {
            true => Ok(()),
            false => refused(format!(
                "`when` is `{when}`, which is said of an Update, and none starts this one: it runs after a row was made \
                 and before one is deleted"
            )),
        }
    }
}

/// Reads the file of something with actions, and the actions as they are written; `what` says in
/// refusals what it should be.
///
/// # Errors
/// It is too long, or the place in the text that is wrong.
pub(crate) fn read<T: DeserializeOwned>(text: &str, what: &str) -> Result<(T, Json)> {
    if text.len() > LONGEST_FILE {
        return Err(Error::invalid(format!(
            "this is no {what}: it has {} bytes, and {LONGEST_FILE} is the most",
            text.len()
        )));
    }
    let wrong = |error: serde_json::Error| malformed(what, &error);
    let file = document::parse(text).map_err(wrong)?;
    // As it is written: what loses digits is looked at where its column is known.
    let mut whole: Json = serde_json::from_str(text).map_err(wrong)?;
    let actions = whole.get_mut("actions").map(Json::take).unwrap_or_default();
    Ok((file, actions))
}

/// A workflow to be made, out of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowSpec {
    file: File,
    /// The actions as they are written.
    actions: Json,
}

impl WorkflowSpec {
    /// A longer file, of a workflow or a business rule, is refused, in bytes.
    pub const LONGEST: u64 = LONGEST_FILE as u64;

    /// Reads a workflow's file.
    ///
    /// # Errors
    /// It is too long, or the place in the text that is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        let (file, actions): (File, Json) = read(text, "workflow")?;
        file.check()?;
        Ok(Self { file, actions })
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// The row that it becomes: a draft.
    pub fn row(&self) -> Row {
        let file = &self.file;
        let on = &file.on;
        let mut columns: Vec<&str> = on.update.iter().map(String::as_str).collect();
        let of_state = on.state.then_some(["statecode", "statuscode"]).into_iter().flatten();
        for also in of_state.chain(on.assign.then_some("ownerid")) {
            // One that is named as well is no mistake.
            if !columns.contains(&also) {
                columns.push(also);
            }
        }
        let choice = |number: i32| Value::Choice(number);
        let mut row = Row::unsaved(TABLE)
            .with("category", choice(CATEGORY))
            .with("name", file.name.as_str())
            .with("primaryentity", file.table.as_str())
            .with("mode", choice(i32::from(file.mode == Mode::RealTime)))
            .with("runas", choice(i32::from(file.run_as != Some(RunAs::Owner))))
            .with("triggeroncreate", on.create)
            .with("triggerondelete", on.delete)
            .with("ondemand", file.on_demand)
            .with("subprocess", file.child)
            .with("asyncautodelete", file.auto_delete)
            .with("syncworkflowlogonfailure", file.log_failures)
            .with("clientdata", json!({ "actions": self.actions }).to_string())
            .with(
                "updatestage",
                choice(match file.when {
                    Some(When::Before) => step::PRE_OPERATION,
                    Some(When::After) | None => step::POST_OPERATION,
                }),
            );
        if !columns.is_empty() {
            row.set("triggeronupdateattributelist", columns.join(","));
        }
        if let Some(scope) = file.scope {
            let number = match scope {
                Scope::User => 1,
                Scope::BusinessUnit => 2,
                Scope::ParentChild => 3,
                Scope::Organization => 4,
            };
            row.set("scope", choice(number));
        }
        if let Some(rank) = file.rank {
            row.set("rank", rank);
        }
        if let Some(description) = &file.description {
            row.set("description", description.as_str());
        }
        row
    }
}
