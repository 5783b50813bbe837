//! Who may do something, and through what, by command.

use serde_json::json;
use sluice_tests::world::{World, list, refused, text};

#[test]
fn who_may_and_through_what() {
    let world = World::sample();
    let admin = world.admin();
    let lead = world.lead("seller.west");
    admin.json(&["row", "share", "lead", &lead, "manager", "read"]);

    let why = admin.json(&["access", "why", "seller.west", "lead", &lead]);
    let reads = &why["rights"][1];
    assert_eq!(reads["right"], "ReadAccess");
    assert_eq!(reads["privilege"]["ways"][0]["role"]["name"], "Salesperson");
    assert_eq!(reads["access"]["ways"][0]["kind"], "Owner");
    let shown = admin.run(&["access", "why", "seller.west", "lead", &lead]).stdout;
    for words in [
        "own row (role Salesperson at depth User)",
        "prvDeleteLead: missing",
        "not asked: a right needs its privilege first",
    ] {
        assert!(shown.contains(words), "{shown}");
    }

    let who = |right: &str| -> Vec<String> {
        let all = list(&admin.json(&["access", "who", "lead", &lead, "--right", right]));
        all.iter().map(|one| text(one, "name")).collect()
    };
    assert_eq!(who("read"), ["admin", "integration", "manager", "seller.west"]);
    assert_eq!(who("delete"), ["admin", "integration"]);
    let shares = list(&admin.json(&["access", "shares", "lead", &lead]));
    assert_eq!(
        (text(&shares[0], "name"), text(&shares[0], "AccessMask")),
        ("manager".into(), "ReadAccess".into())
    );
    refused(
        &admin,
        1,
        &["access", "who", "lead", &lead, "--right", "see"],
        &["`see` is no right"],
    );
}

#[test]
fn who_holds_a_privilege_and_a_role() {
    let world = World::sample();
    let admin = world.admin();
    let held = admin.json(&["privilege", "who", "prvDeleteNote"]);
    let names = |part: &str| -> Vec<String> {
        let all = held[part].as_array().unwrap();
        all.iter().map(|one| text(one, "name")).collect()
    };
    assert_eq!(
        names("roles"),
        ["Integration", "Sales Manager", "Salesperson", "System Administrator"]
    );
    assert_eq!(
        names("holders"),
        ["admin", "integration", "manager", "seller.east", "seller.west"]
    );

    admin.json(&["role", "copy", "Salesperson", "Inside Sales"]);
    assert_eq!(
        list(&admin.json(&["role", "diff", "Salesperson", "Inside Sales"])).len(),
        0
    );
    admin.json(&["role", "grant", "Inside Sales", "prvReadLead", "org"]);
    let differs = list(&admin.json(&["role", "diff", "Salesperson", "Inside Sales"]));
    assert_eq!(
        differs,
        [json!({ "privilege": "prvReadLead", "first": "User", "second": "Organization" })]
    );

    admin.json(&["user", "role-add", "seller.west", "Inside Sales"]);
    let users = list(&admin.json(&["role", "users", "Inside Sales"]));
    assert_eq!(
        (text(&users[0], "name"), text(&users[0], "businessunit")),
        ("seller.west".into(), "West".into())
    );
    let held = list(&admin.json(&["user", "privileges", "seller.west"]));
    let reads = held.iter().find(|one| one["name"] == "prvReadLead").unwrap();
    assert_eq!(
        (text(reads, "depth"), reads["ways"].as_array().unwrap().len()),
        ("Organization".into(), 2)
    );
    let differ = admin.json(&["user", "diff", "seller.east", "seller.west"]);
    assert_eq!(
        differ["roles"],
        json!([{ "role": "Inside Sales", "first": null, "second": "yes" }])
    );
}

/// A role is copied as a whole or not at all.
#[test]
fn who_copies_a_role_holds_what_is_in_it() {
    let world = World::sample();
    let admin = world.admin();
    for right in ["Read", "Create", "Write", "Append"] {
        let privilege = &format!("prv{right}Role");
        admin.json(&["role", "grant", "Sales Manager", privilege, "org"]);
    }
    for privilege in ["prvReadBusinessUnit", "prvAppendToBusinessUnit"] {
        admin.json(&["role", "grant", "Sales Manager", privilege, "org"]);
    }
    let manager = world.user("manager");
    refused(
        &manager,
        1,
        &["role", "copy", "Integration", "Mine"],
        &["VerifyCallerPrivileges"],
    );
    assert_eq!(world.count("role", "name eq 'Mine'"), 0);
    admin.json(&["role", "copy", "Integration", "Mine"]);
    assert!(world.count("role", "name eq 'Mine'") > 0);
}
