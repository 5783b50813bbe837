//! A file whose indexes and matchcodes were made by other rules for texts.

use rusqlite::Connection;
use sluice_engine::Engine;
use sluice_tests::world::{World, id, list};

/// Changes the file behind the program's back, as far as texts are compared without its rules.
fn change(world: &World, sql: &str) {
    let raw = Connection::open(world.path("sluice.db")).unwrap();
    raw.create_collation("UNICODE_CI", |one: &str, other: &str| one.cmp(other))
        .unwrap();
    raw.execute_batch(sql).unwrap();
}

/// As a file is that knows nothing of languages yet.
const EARLIER: &str = "UPDATE _meta SET value = 0 WHERE key = 'collation';";

#[test]
fn indexes_and_matchcodes_are_made_anew() {
    let world = World::empty();
    let admin = world.admin();
    for name in ["Zapata", "Álvarez", "alvarez", "Bär", "Ärger"] {
        admin.json(&["row", "create", "account", &format!("name={name}")]);
    }
    // What was made by other rules is of no use: an index in another order, codes that nobody looks for.
    change(
        &world,
        &format!("{EARLIER} REINDEX UNICODE_CI; UPDATE _matchcode SET code = code || 'x';"),
    );
    let opened = admin.run(&[
        "row", "list", "account", "--order", "name", "--select", "name", "--json",
    ]);
    assert_eq!(opened.code, 0, "{opened:?}");
    assert!(opened.says("anew"), "{opened:?}");
    let names: Vec<String> = list(&opened.json())
        .iter()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["Álvarez", "alvarez", "Ärger", "Bär", "Zapata"]);
    assert_eq!(world.count("account", "name eq 'ALVAREZ'"), 2);
    let double = ["row", "create", "account", "name=arger", "--detect-duplicates"];
    let refused = admin.refused(&double);
    assert_eq!(refused["code"], "0x80040333", "{refused}");
    let copy = format!("sluice.db.before-{}-texts-2", Engine::FORM);
    assert!(world.path(&copy).exists());
    let again = admin.run(&["org", "check"]);
    assert!(again.code == 0 && !again.says("anew"), "{again:?}");
}

#[test]
fn names_that_fall_together_are_listed() {
    let world = World::empty();
    let admin = world.admin();
    let role = |name: &str| id(&admin.json(&["role", "create", name]));
    let (one, other) = (role("Jose"), role("Josf"));
    let refused = admin.refused(&["role", "create", "JOSÉ"]);
    assert!(refused["message"].as_str().unwrap().contains("already"), "{refused}");
    change(
        &world,
        &format!("{EARLIER} UPDATE role SET name = 'José' WHERE name = 'Josf';"),
    );
    let check = admin.json(&["org", "check"]);
    assert_eq!(check["ok"], true, "{check}");
    let rows = check["rows"].as_array().unwrap();
    let listed = rows
        .iter()
        .find(|row| row["id"] == other.as_str() || row["id"] == one.as_str());
    let rule = listed.and_then(|row| row["rule"].as_str()).unwrap_or_default();
    assert!(rule.contains("by the organisation's language"), "{check}");
}

#[test]
fn an_organisation_keeps_its_language() {
    let world = World::bare();
    let admin = world.admin();
    admin.json(&["org", "create", "--language", "2057"]);
    assert_eq!(admin.json(&["org", "show"])["language"], 2057);
    for name in ["cafe", "Café"] {
        admin.json(&["row", "create", "account", &format!("name={name}")]);
    }
    assert_eq!(
        world.count("account", "name eq 'CAFE'"),
        1,
        "in British English accents count"
    );
    let refused = World::bare().admin().refused(&["org", "create", "--language", "7"]);
    assert!(refused["message"].as_str().unwrap().contains("1033"), "{refused}");
}
