//! What is told of the accounts and contacts that a lead matches, and the commands that lead on.

use serde_json::{Value, json};

use crate::commands::Folder;

#[test]
fn from_the_dialog_on_by_the_printed_commands() {
    for way in [0, 1] {
        let world = Folder::new();
        let account = world.row(&["account", "name=Fourth Coffee", "address1_city=Brno"]);
        let contact = world.row(&["contact", "lastname=Novak", "emailaddress1=ada@novak.example"]);
        let lead = world.lead("FOURTH Coffee", "Ada@novak.example");
        let refused = world.admin.run(&["lead", "qualify", &lead, "--json"]);
        assert_eq!(refused.code, 1);
        let error = refused.json()["value"][0]["error"].clone();
        assert_eq!(
            (&error["code"], &error["situation"]),
            (&json!("0x80040333"), &json!("e1"))
        );
        let dialog = &error["duplicates"]["dialog"];
        assert_eq!(
            (&dialog["kind"], &dialog["title"]),
            (&json!("improved"), &json!("Account or Contact may already exist"))
        );
        assert_eq!(dialog["accounts"][0]["id"], account.as_str());
        assert_eq!(dialog["accounts"][0]["details"]["city"], "Brno");
        assert_eq!(dialog["contacts"][0]["id"], contact.as_str());
        let people = world.admin.run(&["lead", "qualify", &lead]);
        let commands: Vec<_> = people
            .stdout
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with("sluice lead qualify"))
            .collect();
        assert_eq!(commands.len(), 2, "{people:?}");
        let done = world.typed(commands[way]);
        assert_eq!(done.code, 0, "{done:?}");
        let row = world.admin.json(&["row", "get", "lead", &lead]);
        assert_eq!(row["statecode"], 1);
        assert_eq!(row["_parentaccountid_value"] == account.as_str(), way == 0);
        assert_eq!(row["_parentcontactid_value"] == contact.as_str(), way == 0);
    }
}

#[test]
fn the_printed_commands_keep_what_was_chosen() {
    let world = Folder::new();
    let account = world.row(&["account", "name=Litware"]);
    let contact = world.row(&["contact", "lastname=Novak", "emailaddress1=ada@novak.example"]);
    let lead = world.lead("Fourth Coffee", "ada@novak.example");
    let chosen = format!("existing:{account}");
    let qualify = ["lead", "qualify", &lead, "--account", &chosen, "--opportunity", "skip"];
    let people = world.admin.run(&qualify);
    for rest in [
        format!("--contact existing:{contact} --opportunity skip"),
        "--opportunity skip --continue".to_owned(),
    ] {
        let command = format!("sluice lead qualify {lead} --account {chosen} {rest}");
        assert!(people.stdout.contains(&command), "{command}: {people:?}");
    }
    world.admin.json(&[
        "duprule",
        "create",
        "KB",
        "--base",
        "account",
        "--matching",
        "lead",
        "--condition",
        "name:companyname",
    ]);
    let lead = world.lead("Proseware", "");
    let people = world.admin.run(&["lead", "qualify", &lead]);
    let command = people
        .stdout
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("sluice lead qualify"));
    assert_eq!(world.typed(command.unwrap()).code, 0, "{people:?}");
}

#[test]
fn the_grid_says_what_it_passed_over() {
    let world = Folder::new();
    world.row(&["account", "name=Fourth Coffee"]);
    let lead = world.lead("fourth coffee", "");
    let quiet = world.admin.json(&["lead", "qualify", &lead, "--from", "grid"]);
    assert_eq!(quiet["value"][0]["duplicatesPassedOver"], json!({ "account": 1 }));
    let lead = world.lead("another", "");
    let none = world.admin.json(&["lead", "qualify", &lead, "--from", "grid"]);
    assert_eq!(none["value"][0]["duplicatesPassedOver"], Value::Null);
}

#[test]
fn the_matches_of_a_lead_and_the_two_dialogs() {
    let world = Folder::new();
    world.row(&["account", "name=Fourth Coffee", "telephone1=12-34"]);
    world.row(&["account", "name=Fifth Coffee"]);
    let lead = world.lead("fourth coffee", "");
    let matches = |more: &[&str]| world.admin.json(&[&["lead", "matches", &lead], more].concat())["dialog"].clone();
    let all = matches(&[]);
    assert_eq!(all["kind"], "improved");
    assert_eq!(all["accounts"][0]["name"], "Fourth Coffee");
    assert_eq!(all["accounts"][0]["details"]["phone"], "12-34");
    assert_eq!(matches(&["--table", "contact"])["accounts"], json!([]));
    assert_eq!(
        matches(&["--search", "fifth"])["accounts"],
        json!([]),
        "it is there, but it does not match"
    );
    assert_eq!(
        matches(&["--search", "FOURTH"])["accounts"].as_array().unwrap().len(),
        1
    );
    world.admin.json(&["settings", "set", "duplicates.improved", "off"]);
    let classic = matches(&[]);
    assert_eq!(
        (&classic["kind"], &classic["title"]),
        (&json!("classic"), &json!("Duplicate warning"))
    );
}

#[test]
fn where_more_match_than_are_listed_it_is_said() {
    let world = Folder::new();
    let rows = "Acme\n".repeat(1_001);
    std::fs::write(world.folder.path().join("accounts.csv"), format!("Name\n{rows}")).unwrap();
    std::fs::write(world.folder.path().join("map.toml"), "[columns]\nName = \"name\"\n").unwrap();
    world
        .admin
        .json(&["import", "accounts.csv", "--table", "account", "--map", "map.toml"]);
    let lead = world.lead("acme", "");
    let matches = world.admin.json(&["lead", "matches", &lead]);
    assert_eq!(matches["more"], true);
    assert_eq!(matches["dialog"]["accounts"].as_array().unwrap().len(), 1_000);
    let told = world.admin.run(&["lead", "qualify", &lead, "--from", "grid"]);
    assert!(
        told.stdout
            .contains("at least 1000 accounts that match were passed over"),
        "{told:?}"
    );
}
