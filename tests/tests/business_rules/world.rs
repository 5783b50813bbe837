//! An organisation with business rules.

use serde_json::{Value as Json, json};
use sluice_model::{Depth, Error, Row, Uuid, Value};
use sluice_platform::BusinessRuleSpec;
use sluice_tests::{Actor, Organisation, people};

/// The organisation, its administrator, and somebody who works with accounts.
pub struct Workplace {
    pub org: Organisation,
    pub admin: Actor,
    pub clerk: Actor,
}

/// A rule for accounts that does this.
pub fn spec(actions: Json) -> Row {
    let text = json!({ "name": "Rule", "table": "account", "actions": actions }).to_string();
    BusinessRuleSpec::parse(&text).unwrap().row()
}

/// These actions, where a column of the row is that.
pub fn when(column: &str, value: Json, then: Json) -> Json {
    json!({ "check": { "if": { "compare": { "column": column, "is": "eq", "value": value } }, "then": then } })
}

impl Workplace {
    pub fn new() -> Self {
        let org = Organisation::empty();
        let verbs = ["Create", "Read", "Write", "Append", "AppendTo"];
        let mut rights = people::privileges(&verbs, &["Account"], Depth::User);
        rights.extend(people::privileges(
            &["Create", "Read", "Write"],
            &["Workflow"],
            Depth::User,
        ));
        let clerk = people::user(&org, "clerk", &rights);
        Self {
            admin: org.admin(),
            clerk,
            org,
        }
    }

    /// A rule that is active.
    pub fn active(&self, actions: Json) -> Uuid {
        let id = self.admin.create(spec(actions));
        switch(&self.admin, id, true).unwrap();
        id
    }
}

/// Activates or deactivates a rule.
pub fn switch(actor: &Actor, rule: Uuid, active: bool) -> Result<(), Error> {
    actor.try_update(Row::new("workflow", rule).with("statecode", Value::Choice(i32::from(active))))
}

/// An account of that name.
pub fn account(name: &str) -> Row {
    Row::unsaved("account").with("name", name)
}
