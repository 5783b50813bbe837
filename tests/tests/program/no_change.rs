//! What is given that was there already, and taken that was not there: nothing changes, nothing else is said, and the
//! trail has nothing of it.

use serde_json::Value;
use sluice_tests::world::{World, id, list, text};

/// What came into the trail behind a row of it, the newest first.
fn since(world: &World, row: &str) -> Vec<Value> {
    let rows = list(&world.admin().json(&["audit", "list", "--top", "20"]));
    let new = rows.into_iter().take_while(|one| text(one, "auditid") != row);
    new.collect()
}

/// The newest row of the trail.
fn newest(world: &World) -> String {
    text(
        &list(&world.admin().json(&["audit", "list", "--top", "1"]))[0],
        "auditid",
    )
}

/// Commands that give what is there, and take what is not, each with what it says.
fn nothing_new(account: &str) -> Vec<(Vec<&str>, &'static str)> {
    vec![
        (
            vec!["user", "role-remove", "seller.west", "Integration"],
            "seller.west does not have the role Integration; nothing was changed",
        ),
        (
            vec!["user", "role-remove", "seller.west", "System Administrator"],
            "seller.west does not have the role System Administrator; nothing was changed",
        ),
        (
            vec!["user", "role-add", "seller.west", "Salesperson"],
            "seller.west has the role Salesperson already",
        ),
        (
            vec!["team", "role-remove", "T1", "Salesperson"],
            "T1 does not have the role Salesperson; nothing was changed",
        ),
        (
            vec!["team", "member-remove", "T1", "seller.west"],
            "is not in team T1; nothing was changed",
        ),
        (
            vec!["profile", "member-remove", "Finance", "seller.west"],
            "is not in profile Finance; nothing was changed",
        ),
        (
            vec!["profile", "member-add", "Finance", "seller.east"],
            "is in profile Finance already",
        ),
        (
            vec!["profile", "grant", "Finance", "account", "creditlimit", "read"],
            "gives read on account.creditlimit already",
        ),
        (
            vec!["row", "unshare", "account", account, "seller.west"],
            "is not shared with seller.west; nothing was changed",
        ),
        (
            vec!["row", "share", "account", account, "seller.east", "read"],
            "is shared with seller.east so already",
        ),
        (
            vec!["role", "revoke", "Salesperson", "prvDeleteAccount"],
            "role Salesperson does not have prvDeleteAccount; nothing was changed",
        ),
        (
            vec!["role", "grant", "Salesperson", "prvReadAccount", "user"],
            "role Salesperson has prvReadAccount at depth User already",
        ),
        (vec!["user", "enable", "seller.west"], "seller.west was enabled already"),
    ]
}

#[test]
fn what_was_there_and_what_was_not_leave_no_trail() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["team", "create", "T1"]);
    admin.json(&["profile", "create", "Finance"]);
    admin.json(&["profile", "member-add", "Finance", "seller.east"]);
    admin.json(&["column", "update", "account", "creditlimit", "--secured", "yes"]);
    admin.json(&["profile", "grant", "Finance", "account", "creditlimit", "read"]);
    let account = id(&admin.json(&["row", "create", "account", "name=A"]));
    admin.json(&["row", "share", "account", &account, "seller.east", "read,write"]);
    admin.json(&["step", "disable", "commission: Create of account"]);
    let before = newest(&world);
    for (command, says) in nothing_new(&account) {
        let run = admin.run(&command);
        assert_eq!(run.code, 0, "{command:?}: {run:?}");
        assert!(run.stdout.contains(says), "{command:?}: {run:?}");
        assert!(
            !run.stderr.contains("lose") && !run.stderr.contains("lost"),
            "nobody loses anything: {command:?}: {run:?}"
        );
        assert_eq!(newest(&world), before, "{command:?} left something in the trail");
    }
    // So what was changed last is taken back.
    let undone = admin.run(&["undo", "--yes"]);
    assert!(
        undone.code == 0 && undone.stdout.contains("commission: Create of account"),
        "{undone:?}"
    );
}

/// What is given for the first time, and taken once, is on record, each once.
#[test]
fn what_changes_is_on_record_once() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["team", "create", "T1"]);
    let before = newest(&world);
    for command in [
        ["user", "role-add", "seller.west", "Integration"],
        ["user", "role-remove", "seller.west", "Integration"],
        ["team", "member-add", "T1", "seller.west"],
        ["team", "member-remove", "T1", "seller.west"],
    ] {
        for _ in 0..2 {
            assert_eq!(admin.run(&command).code, 0);
        }
    }
    let rows = since(&world, &before);
    assert_eq!(rows.len(), 4, "{rows:#?}");
    assert!(text(&rows[0], "action").contains("Disassociate"), "{:#}", rows[0]);
}
