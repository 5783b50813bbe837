//! What a secured column held stays hidden once the column is gone, also where a later one has its name.

use serde_json::{Value as Json, json};
use sluice_model::{Code, ColumnDef, ColumnType, Depth, Filter, Ownership, Query, Row, TableDef, Value};
use sluice_platform::{WorkflowSpec, prelude::*};
use sluice_tests::{Actor, people};

use crate::{columns::secure, world::Security};

const SECRET: &str = "TOPSECRET77";

/// An account with a secret in a secured column of a customizer's own, and somebody who reads accounts, the trail and
/// traces, and deletes columns and tables.
struct Gone {
    world: Security,
    mallory: Actor,
}

impl Gone {
    fn new() -> Self {
        let world = Security::new();
        let organization = world.ids("organization", Filter::All).into_iter().next().unwrap();
        let all = Row::new("organization", organization).with("sl_tracerequests", Value::Choice(2));
        world.admin.update(all);
        let tables = [
            "Account",
            "Audit",
            "AuditSummary",
            "sl_messagetrace",
            "Entity",
            "AsyncOperation",
            "WorkflowLog",
        ];
        let mut rights = people::privileges(&["Read"], &tables, Depth::Organization);
        rights.extend(
            [
                "prvDeleteAttribute",
                "prvDeleteEntity",
                "prvActOnBehalfOfAnotherUser",
                "prvReadPluginTraceLog",
            ]
            .map(|name| (name.to_owned(), Depth::Organization)),
        );
        rights.retain(|(name, _)| !world.ids("privilege", Filter::eq("name", name.as_str())).is_empty());
        let mallory = people::user(&world.organisation, "mallory", &rights);
        let gone = Self { world, mallory };
        gone.add_column();
        secure(&gone.world.admin, "account", "new_sec", true).unwrap();
        gone.account(SECRET);
        gone
    }

    fn add_column(&self) {
        let column = ColumnDef::new("new_sec", ColumnType::Text { max_length: 50 });
        self.world.admin.0.create_column("account", &column).unwrap();
    }

    fn account(&self, secret: &str) {
        let row = Row::unsaved("account").with("name", "Litware").with("new_sec", secret);
        self.world.admin.create(row);
    }

    /// Whether the trail, and whether requests in traces, tell somebody of that text.
    fn told(&self, actor: &Actor, text: &str) -> (bool, bool) {
        let told = |query: Query| actor.list(query).iter().any(|row| format!("{row:?}").contains(text));
        (told(Query::new("audit")), told(Query::new("sl_messagetrace")))
    }
}

#[test]
fn what_a_secured_column_held_is_not_shown_once_it_is_gone() {
    let gone = Gone::new();
    let admin = &gone.world.admin;
    assert_eq!(gone.told(admin, SECRET), (true, true));
    assert_eq!(gone.told(&gone.mallory, SECRET), (false, false));
    admin.0.delete_column("account", "new_sec").unwrap();
    assert_eq!(gone.told(&gone.mallory, SECRET), (false, false));
    assert!(gone.told(&gone.mallory, "Litware").0, "the rest is shown");
    // A later column of its name is another one.
    gone.add_column();
    gone.account("OPEN88");
    assert_eq!(gone.told(&gone.mallory, SECRET), (false, false));
    assert_eq!(gone.told(&gone.mallory, "OPEN88"), (true, true));
    assert_eq!(gone.told(admin, SECRET), (true, true));
    // Nor does another process tell.
    let there = gone.world.organisation.second_process().session(gone.mallory.id());
    assert_eq!(gone.told(&Actor(there), SECRET), (false, false));
}

/// Nor by what a job was refused, and by the log of a process.
#[test]
fn what_was_refused_with_it_is_not_shown_once_it_is_gone() {
    let gone = Gone::new();
    let admin = &gone.world.admin;
    let says = json!({ "text": ["no: ", { "column": "new_sec" }] });
    let spec = |name: &str, says: &Json, mut on: Json| {
        let mut text = json!({
            "name": name, "table": "account", "scope": "organization",
            "actions": [{ "stop": { "as": "canceled", "message": says } }],
        });
        text.as_object_mut().unwrap().append(on.as_object_mut().unwrap());
        WorkflowSpec::parse(&text.to_string()).unwrap().row()
    };
    let workflow = |name: &str, on: Json| {
        let made = admin.create(spec(name, &says, on));
        admin.update(Row::new("workflow", made).with("statecode", Value::Choice(1)));
        made
    };
    let workflows = [
        workflow("Job", json!({ "mode": "background", "on": { "create": true } })),
        workflow(
            "Logged",
            json!({ "mode": "real-time", "on": { "update": ["fax"] }, "log-failures": true }),
        ),
    ];
    gone.account(SECRET);
    let account = gone
        .world
        .ids("account", Filter::eq("new_sec", SECRET))
        .into_iter()
        .next();
    let change = Row::new("account", account.unwrap()).with("fax", "1");
    admin.try_update(change).unwrap_err();
    // Whether jobs, and whether the log, tell somebody of a text.
    let told = |actor: &Actor| {
        ["asyncoperation", "workflowlog"].map(|table| {
            let rows = actor.list(Query::new(table));
            let mut told = rows.iter().filter_map(|row| row.text("message"));
            told.any(|text| text == format!("no: {SECRET}"))
        })
    };
    assert_eq!((told(admin), told(&gone.mallory)), ([true; 2], [false; 2]));
    let other = spec("Other", &json!("no"), json!({ "on-demand": true }));
    for workflow in workflows {
        admin.update(Row::new("workflow", workflow).with("statecode", Value::Choice(0)));
        let definition = other.get("clientdata").unwrap().clone();
        admin.update(Row::new("workflow", workflow).with("clientdata", definition));
    }
    admin.0.delete_column("account", "new_sec").unwrap();
    assert_eq!((told(admin), told(&gone.mallory)), ([true; 2], [false; 2]));
    gone.add_column();
    assert_eq!((told(admin), told(&gone.mallory)), ([true; 2], [false; 2]));
}

/// What the table has no longer may have been secured.
#[test]
fn a_column_that_is_gone_is_told_to_those_who_read_every_column() {
    let gone = Gone::new();
    secure(&gone.world.admin, "account", "new_sec", false).unwrap();
    assert!(gone.told(&gone.mallory, SECRET).0);
    gone.world.admin.0.delete_column("account", "new_sec").unwrap();
    assert!(!gone.told(&gone.mallory, SECRET).0);
    assert!(gone.told(&gone.world.admin, SECRET).0);
}

#[test]
fn a_secured_column_is_taken_away_by_those_who_read_it() {
    let gone = Gone::new();
    let admin = &gone.world.admin;
    let denied = gone.mallory.0.delete_column("account", "new_sec").unwrap_err();
    assert_eq!(denied.code(), Code::PRIVILEGE_DENIED);
    let mut table = TableDef::new("new_table", Ownership::User);
    table.primary_name = Some("new_name".into());
    for name in ["new_name", "new_sec"] {
        table
            .columns
            .push(ColumnDef::new(name, ColumnType::Text { max_length: 50 }));
    }
    admin.0.create_table(&table).unwrap();
    secure(admin, "new_table", "new_sec", true).unwrap();
    let denied = gone.mallory.0.delete_table("new_table").unwrap_err();
    assert_eq!(denied.code(), Code::PRIVILEGE_DENIED);
    admin.0.delete_table("new_table").unwrap();
    admin.0.delete_column("account", "new_sec").unwrap();
}
