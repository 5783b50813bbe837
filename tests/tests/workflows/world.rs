//! An organisation with workflows, and what they leave behind: tasks whose subjects tell it.

use serde_json::{Value as Json, json};
use sluice_model::{Depth, Error, Query, Request, Row, Uuid, Value};
use sluice_platform::{Assembly, PushOptions, WorkflowSpec, prelude::*};
use sluice_tests::{Actor, Organisation, people, wasm};

/// The organisation and its administrator.
pub struct Workplace {
    pub org: Organisation,
    pub admin: Actor,
}

/// A user who works with accounts, contacts and activities at a depth, and with all workflows.
pub fn seller(org: &Organisation, name: &str, depth: Depth) -> Actor {
    let verbs = ["Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign"];
    let tables = ["Account", "Contact", "Activity"];
    let mut rights = people::privileges(&verbs, &tables, depth);
    rights.extend(people::privileges(
        &["Read", "Write"],
        &["Workflow"],
        Depth::Organization,
    ));
    people::user(org, name, &rights)
}

/// A workflow that runs for all accounts, with what a test adds to it.
pub fn spec(name: &str, more: &Json, actions: Json) -> String {
    let mut whole = json!({
        "name": name,
        "table": "account",
        "scope": "organization",
        "actions": actions,
    });
    for (key, value) in more.as_object().unwrap() {
        whole[key] = value.clone();
    }
    whole.to_string()
}

/// Makes a task that tells something.
pub fn task(subject: Json) -> Json {
    json!({ "create": { "table": "task", "set": { "subject": subject } } })
}

/// Whether a column is that.
pub fn is(column: &str, value: Json) -> Json {
    json!({ "compare": { "column": column, "is": "eq", "value": value } })
}

impl Workplace {
    pub fn new() -> Self {
        let org = Organisation::empty();
        Self {
            admin: org.admin(),
            org,
        }
    }

    /// Pushes the guest that does what its configuration says.
    pub fn push_probe(&self) {
        let assembly = Assembly {
            name: "probe".to_owned(),
            bytes: wasm("guests", "probe"),
            description: None,
        };
        self.admin.0.push(&assembly, &PushOptions::default()).unwrap();
    }

    /// Makes a workflow as a draft.
    pub fn draft(&self, text: &str) -> Uuid {
        self.admin.create(WorkflowSpec::parse(text).unwrap().row())
    }

    /// Makes a workflow and activates it.
    pub fn active(&self, text: &str) -> Uuid {
        let id = self.draft(text);
        switch(&self.admin, id, true).unwrap();
        id
    }

    /// The subjects of all tasks, in the order in which they were made.
    pub fn told(&self) -> Vec<String> {
        let tasks = Query::new("task").columns(&["subject"]).order_by("versionnumber");
        let rows = self.admin.list(tasks);
        rows.iter().map(|row| row.text("subject").unwrap().to_owned()).collect()
    }
}

/// Activates or deactivates a workflow.
pub fn switch(actor: &Actor, workflow: Uuid, active: bool) -> Result<(), Error> {
    actor.try_update(Row::new("workflow", workflow).with("statecode", Value::Choice(i32::from(active))))
}

/// Runs a workflow by hand.
pub fn run(actor: &Actor, workflow: Uuid, row: Uuid) -> Result<(), Error> {
    let request = Request::new("ExecuteWorkflow")
        .with("WorkflowId", Value::Id(workflow))
        .with("EntityId", Value::Id(row));
    actor.0.execute(request).map(|_| ())
}

/// An account of that name.
pub fn account(name: &str) -> Row {
    Row::unsaved("account").with("name", name)
}
