//! The verbs that every noun has, and the forms in which they answer.

use sluice_tests::world::{World, guest, id, list, refused};

/// Accounts of these names.
fn accounts(world: &World, names: &[&str]) {
    for name in names {
        world
            .admin()
            .json(&["row", "create", "account", &format!("name={name}")]);
    }
}

#[test]
fn a_setting_goes_back_to_what_a_new_organisation_has() {
    let world = World::empty();
    let admin = world.admin();
    let before = admin.json(&["settings", "show"]);
    assert_eq!(
        list(&admin.json(&["settings", "list"])).len(),
        before.as_object().unwrap().len()
    );
    for name in before.as_object().unwrap().keys() {
        admin.json(&["settings", "unset", name]);
    }
    assert_eq!(admin.json(&["settings", "show"]), before);
    admin.json(&["settings", "set", "trace.keep", "30d"]);
    assert_ne!(admin.json(&["settings", "show"]), before);
    admin.json(&["settings", "unset", "trace.keep"]);
    assert_eq!(admin.json(&["settings", "show"]), before);
}

#[test]
fn nouns_that_are_customized_are_shown_changed_and_removed() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["role", "create", "Clerk"]);
    admin.json(&["role", "update", "Clerk", "name=Scribe"]);
    admin.json(&["role", "delete", "Scribe"]);
    admin.json(&["profile", "create", "Pay"]);
    admin.json(&["profile", "update", "Pay", "description=who is paid"]);
    admin.json(&["profile", "delete", "Pay"]);
    admin.json(&["form", "create", "Short", "--table", "lead"]);
    admin.json(&["form", "update", "Short", "name=Shorter"]);
    assert_eq!(admin.json(&["form", "show", "Shorter"])["name"], "Shorter");
    admin.json(&["form", "create", "Long", "--table", "LEAD"]);
    assert_eq!(list(&admin.json(&["form", "delete", "Shorter", "Long"])).len(), 2);
    let fetch = "<fetch><entity name='lead'/></fetch>";
    for name in ["v1", "v2"] {
        admin.json(&["view", "create", name, "--table", "lead", "--fetch", fetch]);
    }
    assert_eq!(list(&admin.json(&["view", "delete", "v1", "v2"])).len(), 2);
    refused(&admin, 1, &["view", "delete", "v1"], &["there is no view"]);
    admin.json(&["option-set", "create", "sl_size", "--option", "1=Small"]);
    admin.json(&["option-set", "delete", "sl_size"]);
    refused(&admin, 1, &["option-set", "delete", "sl_size"], &["there is no choice"]);
    admin.json(&["key", "create", "account", "sl_number", "--columns", "accountnumber"]);
    assert_eq!(admin.json(&["key", "show", "account", "sl_number"])["status"], "Active");
    refused(
        &admin,
        1,
        &["key", "show", "account", "sl_numbre"],
        &["did you mean `sl_number`?"],
    );
    admin.json(&["table", "update", "account", "--access-teams", "yes"]);
    admin.json(&["access-team", "create", "Helpers", "account", "read"]);
    assert_eq!(admin.json(&["access-team", "show", "Helpers"])["table"], "account");
    accounts(&world, &["One", "Two"]);
    admin.json(&["user", "create", "tina", "--role", "Salesperson"]);
    let run = admin.run(&["access-team", "add", "Helpers", "account", "One", "Two", "tina"]);
    assert!(run.code == 0 && run.stdout.contains("all 2 accounts done"), "{run:?}");
    admin.json(&[
        "access-team",
        "remove",
        "Helpers",
        "account",
        "--filter",
        "name ne null",
        "tina",
    ]);
    admin.json(&["profile", "create", "Pay again"]);
    let run = admin.run(&["profile", "member-add", "Pay again", "tina", "admin", "nobody"]);
    assert!(run.code == 1 && run.stdout.contains("2 of 3 members done"), "{run:?}");
    assert_eq!(list(&admin.json(&["privilege", "list", "--table", "lead"])).len(), 8);
    refused(&admin, 1, &["undo", "Salespersn"], &["did you mean `Salesperson`?"]);
}

/// A typing error in the name of somebody who is to be shut out does not look like success.
#[test]
fn who_was_no_member_is_not_taken_out() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["table", "update", "account", "--access-teams", "yes"]);
    admin.json(&["access-team", "create", "Helpers", "account", "read"]);
    accounts(&world, &["One"]);
    for name in ["tina", "tino"] {
        admin.json(&["user", "create", name, "--role", "Salesperson"]);
    }
    admin.json(&["team", "create", "Crew"]);
    admin.json(&["profile", "create", "Pay"]);
    for (noun, add, remove, of) in [
        ("access-team", "add", "remove", &["Helpers", "account", "One"][..]),
        ("team", "member-add", "member-remove", &["Crew"]),
        ("profile", "member-add", "member-remove", &["Pay"]),
    ] {
        let told = |verb: &str, who: &str, words: &str| {
            let run = admin.run(&[&[noun, verb], of, &[who]].concat());
            assert!(run.code == 0 && run.stdout.contains(words), "{run:?}");
        };
        told(add, "tina", "tina added to");
        told(add, "tina", "already");
        told(remove, "tino", "nothing was changed");
        // An access team goes with its last member.
        told(add, "tino", "tino added to");
        told(remove, "tina", "tina taken out of");
        told(remove, "tina", "nothing was changed");
    }
}

/// Whoever lets a step run is told what it lacks, and what it is called.
#[test]
fn a_step_that_is_enabled_is_named_with_what_it_lacks() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("hostile"), "--name", "h"]);
    let step = [
        "--plugin",
        "h/clock",
        "--message",
        "Create",
        "--table",
        "lead",
        "--stage",
        "post-operation",
        "--name",
        "tick",
    ];
    admin.json(&[&["step", "create"], &step[..]].concat());
    for verb in ["enable", "show"] {
        let run = admin.run(&["step", verb, "tick"]);
        assert!(run.stdout.contains("asks for clock"), "{run:?}");
    }
    let run = admin.run(&["step", "disable", "tick"]);
    assert!(run.stdout.contains("disabled step tick ("), "{run:?}");
    refused(
        &admin,
        1,
        &["step", "enable", "tick", "nowhere"],
        &["none of the 2 steps is changed"],
    );
    let run = admin.run(&["step", "enable", "tick"]);
    assert!(run.stdout.contains("enabled step tick ("), "{run:?}");
    assert!(run.stdout.contains("sluice step update"), "{run:?}");
    let shown = admin.json(&["step", "show", "tick"]);
    assert_eq!(shown["ungranted"], serde_json::json!(["clock"]));
    admin.json(&["step", "delete", "tick"]);
}

/// Cells alone are cells; what is said of them stands beside. Ids alone are those of the list.
#[test]
fn a_table_of_cells_has_no_sentences() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["settings", "set", "trace.requests", "all"]);
    let seller = world.user("seller.west");
    let lead = id(&seller.json(&["row", "create", "lead", "lastname=Ng", "subject=s"]));
    let what_if = ["user", "role-remove", "seller.west", "Salesperson", "--what-if"];
    let csv = admin.run(&[&what_if[..], &["-o", "csv"]].concat());
    let mut lines = csv.stdout.lines();
    assert_eq!(
        lines.next(),
        Some("request,user,message,table,today,then,judged"),
        "{csv:?}"
    );
    let commas = |line: &str| line.matches(',').count() >= 6;
    assert!(lines.clone().count() > 0 && lines.all(commas), "{csv:?}");
    assert!(csv.says("Nothing was changed."), "{csv:?}");
    let ids = admin.run(&[&what_if[..], &["-o", "id"]].concat());
    let all = ids.stdout.lines().all(|line| line.len() == 36);
    assert!(all && !ids.stdout.is_empty(), "{ids:?}");
    admin.json(&["row", "get", "lead", &lead]);
}
