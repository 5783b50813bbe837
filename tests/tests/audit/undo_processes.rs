//! The last change of a process or a column profile is taken back.

use serde_json::{Value as Json, json};
use sluice_model::{Row, Uuid};
use sluice_platform::WorkflowSpec;
use sluice_tests::{Actor, Organisation};

fn workflow(admin: &Actor, name: &str, action: Json) -> Uuid {
    let text = json!({ "name": name, "table": "account", "scope": "organization", "child": true,
                       "on": { "create": true }, "actions": [action] });
    admin.create(WorkflowSpec::parse(&text.to_string()).unwrap().row())
}

fn task() -> Json {
    json!({ "create": { "table": "task", "set": { "subject": "made" } } })
}

#[test]
fn what_was_activated_is_a_draft_again_and_the_other_way_round() {
    let org = Organisation::empty();
    let (admin, program) = (org.admin(), org.program());
    workflow(&admin, "Child", task());
    let parent = workflow(&admin, "Parent", json!({ "start-child": { "workflow": "Child" } }));
    let definition = |id: Uuid| admin.get("workflow", id).text("clientdata").map(ToOwned::to_owned);
    let tasks = || {
        admin.create(Row::unsaved("account").with("name", "Novak"));
        admin.count("task")
    };
    program.json(&["workflow", "activate", "Child"]);
    let before = definition(parent);
    program.json(&["workflow", "activate", "Parent"]);
    assert_ne!(definition(parent), before, "the child was found");
    assert_eq!(tasks(), 2);
    program.json(&["undo"]);
    assert_eq!(admin.get("workflow", parent).int("statecode"), Some(0));
    assert_eq!(definition(parent), before);
    assert_eq!(tasks(), 3, "the child alone");
    program.json(&["undo", "workflow:Parent", "--redo"]);
    assert_eq!(tasks(), 5, "it is made again");
    program.json(&["workflow", "deactivate", "Parent"]);
    program.json(&["undo", "Parent"]);
    assert_eq!(tasks(), 7);
    // The same again goes further back, past what was taken back, made again and taken back.
    program.json(&["undo", "Parent"]);
    assert_eq!(admin.get("workflow", parent).int("statecode"), Some(0));
    program.json(&["undo"]);
    assert_eq!(tasks(), 7, "neither of them is at work");
}

#[test]
fn what_a_profile_gives_is_taken_back() {
    let org = Organisation::empty();
    let (admin, program) = (org.admin(), org.program());
    program.json(&["column", "update", "account", "creditlimit", "--secured", "yes"]);
    program.json(&["profile", "create", "Numbers"]);
    let given = || {
        let rows = admin.list(sluice_model::Query::new("fieldpermission"));
        let of = |row: &Row| ["canread", "canupdate"].map(|column| row.int(column) == Some(4));
        rows.iter().map(of).collect::<Vec<_>>()
    };
    let before = given();
    program.json(&["profile", "grant", "Numbers", "account", "creditlimit", "read"]);
    program.json(&["profile", "grant", "Numbers", "account", "creditlimit", "update"]);
    program.json(&["undo"]);
    assert_eq!(given(), [&before[..], &[[true, false]]].concat());
    program.json(&["profile", "revoke", "Numbers", "account", "creditlimit"]);
    assert_eq!(given(), before);
    program.json(&["undo", "profile:Numbers"]);
    assert_eq!(given(), [&before[..], &[[true, false]]].concat());
    // Who is in one is given and taken by itself.
    program.json(&["profile", "member-add", "Numbers", "admin"]);
    assert_eq!(program.run(&["undo"]).code, 1);
}
