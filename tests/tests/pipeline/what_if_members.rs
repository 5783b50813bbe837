//! What a change of memberships and of column profiles would do to recorded requests.

use sluice_model::{Depth, Row, Value};
use sluice_tests::people;

use crate::world::{Pipeline, account, contact};

#[test]
fn memberships_and_profiles_are_changed_for_trial() {
    let world = Pipeline::new();
    world.record_setting(2);
    let program = world.org.program();
    let verbs = ["Create", "Read", "Write", "Append", "AppendTo"];
    let rights = people::privileges(&verbs, &["Account", "Contact"], Depth::Organization);
    let giver = people::user(&world.org, "giver", &rights);
    let night = people::user(&world.org, "night", &[]);
    program.json(&["team", "create", "Night", "--role", "role of giver"]);
    program.json(&["team", "member-add", "Night", "night"]);
    night.create(contact());
    let turned = |words: &[&str]| {
        let told = program.json(&[words, &["--what-if"]].concat());
        let turned = told["turned"].as_array().unwrap().iter();
        turned
            .map(|one| one["user"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(turned(&["team", "member-remove", "Night", "night"]), ["night"]);
    assert!(turned(&["team", "member-add", "Night", "giver"]).is_empty());
    night.create(contact());

    program.json(&["column", "update", "account", "creditlimit", "--secured", "yes"]);
    program.json(&["profile", "create", "Numbers"]);
    program.json(&[
        "profile",
        "grant",
        "Numbers",
        "account",
        "creditlimit",
        "read",
        "create",
        "update",
    ]);
    program.json(&["profile", "member-add", "Numbers", "giver"]);
    let limit = Value::Money(5.into());
    let row = account().with("creditlimit", limit.clone());
    giver.create(row.clone());
    night.try_create(row).unwrap_err();
    let revoke = ["profile", "revoke", "Numbers", "account", "creditlimit"];
    assert_eq!(turned(&revoke), ["giver"]);
    assert!(turned(&["profile", "revoke", "Numbers", "account", "creditlimit", "update"]).is_empty());
    assert_eq!(turned(&["profile", "member-remove", "Numbers", "giver"]), ["giver"]);
    assert_eq!(turned(&["profile", "member-add", "Numbers", "night"]), ["night"]);
    let more = ["profile", "grant", "Numbers", "account", "creditlimit", "read"];
    assert!(turned(&more).is_empty());
    giver.create(account().with("creditlimit", limit));
    let rows: Vec<Row> = world.admin.list(sluice_model::Query::new("fieldpermission"));
    assert!(rows.iter().any(|row| row.int("cancreate") == Some(4)), "{rows:?}");
}
