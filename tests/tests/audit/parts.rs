//! What is a part of a thing is changed with it, and comes back with it.

use serde_json::Value as Json;
use sluice_tests::{
    Organisation,
    program::Program,
    world::{refused, text},
};

const COMMISSION: &str = "commission: Create of account";
const NORMALIZER: &str = "phone_normalizer: Update of lead";

fn draft(admin: &Program) {
    admin.json(&[
        "duprule",
        "create",
        "Names",
        "--base",
        "lead",
        "--draft",
        "--condition",
        "lastname:exact",
    ]);
}

fn conditions(admin: &Program) -> Vec<String> {
    let shown = admin.json(&["duprule", "show", "Names"]);
    let conditions = shown["conditions"].as_array().unwrap();
    conditions.iter().map(|one| text(one, "condition")).collect()
}

fn images(admin: &Program, step: &str) -> Json {
    admin.json(&["step", "show", step])["images"].clone()
}

#[test]
fn the_last_change_of_a_rule_may_be_one_of_its_conditions() {
    let org = Organisation::sample();
    let admin = org.program();
    draft(&admin);
    let before = conditions(&admin);
    admin.json(&["duprule", "update", "Names", "--description", "By name"]);
    admin.json(&["duprule", "add-condition", "Names", "emailaddress1:exact"]);
    assert_eq!(conditions(&admin).len(), 2);
    admin.json(&["undo", "duprule:Names"]);
    assert_eq!(conditions(&admin), before);
    assert_eq!(admin.json(&["duprule", "show", "Names"])["description"], "By name");
    // And made again.
    admin.json(&["undo", "duprule:Names", "--redo"]);
    assert_eq!(conditions(&admin).len(), 2);
}

#[test]
fn the_last_change_of_a_step_may_be_one_of_its_images() {
    let org = Organisation::sample();
    let admin = org.program();
    let step = |name: &str| admin.json(&["step", "show", NORMALIZER])[name].clone();
    let before = images(&admin, NORMALIZER);
    admin.json(&["step", "update", NORMALIZER, "--rank", "33"]);
    admin.json(&["step", "update", NORMALIZER, "--image", "pre:one:telephone1"]);
    let one = images(&admin, NORMALIZER);
    assert_ne!(one, before);
    admin.json(&[
        "step",
        "update",
        NORMALIZER,
        "--image",
        "pre:two",
        "--image",
        "pre:three",
    ]);
    admin.json(&["undo", &format!("step:{NORMALIZER}")]);
    assert_eq!(images(&admin, NORMALIZER), one);
    assert_eq!(step("rank"), 33);
    admin.json(&["step", "update", NORMALIZER, "--no-images"]);
    admin.json(&["undo", &format!("step:{NORMALIZER}")]);
    assert_eq!(images(&admin, NORMALIZER), one);
    assert_eq!(step("rank"), 33);
    // Another step's images are none of its changes.
    admin.json(&["step", "update", NORMALIZER, "--rank", "34"]);
    admin.json(&["step", "update", COMMISSION, "--rank", "12"]);
    admin.json(&["undo", &format!("step:{NORMALIZER}")]);
    assert_eq!(step("rank"), 33);
    assert_eq!(images(&admin, NORMALIZER), one);
}

#[test]
fn what_comes_back_comes_back_with_its_parts() {
    let org = Organisation::sample();
    let admin = org.program();
    admin.json(&[
        "step",
        "update",
        NORMALIZER,
        "--image",
        "pre:one",
        "--image",
        "pre:two:lastname",
    ]);
    let before = admin.json(&["step", "show", NORMALIZER]);
    admin.json(&["step", "unregister", NORMALIZER]);
    admin.json(&["undo"]);
    let after = admin.json(&["step", "show", NORMALIZER]);
    for column in [
        "sdkmessageprocessingstepid",
        "rank",
        "stage",
        "enabled",
        "plugin",
        "images",
    ] {
        assert_eq!(after[column], before[column], "{column}: {after:#}");
    }
    assert_eq!(after["images"].as_array().unwrap().len(), 2);

    draft(&admin);
    admin.json(&["duprule", "add-condition", "Names", "emailaddress1:exact"]);
    let before = conditions(&admin);
    admin.json(&["duprule", "delete", "Names"]);
    admin.json(&["undo"]);
    assert_eq!(conditions(&admin), before);
    // What was made goes with its parts, and comes back with them.
    admin.json(&[
        "duprule",
        "create",
        "Others",
        "--base",
        "lead",
        "--draft",
        "--condition",
        "lastname:exact",
    ]);
    admin.json(&["undo"]);
    admin.refused(&["duprule", "show", "Others"]);
    admin.json(&["undo", "--redo"]);
    assert_eq!(
        admin.json(&["duprule", "show", "Others"])["conditions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

/// That a secure configuration was changed is on record, and what it was is not.
#[test]
fn a_secret_is_not_brought_back_and_nothing_older_in_its_place() {
    let org = Organisation::sample();
    let admin = org.program();
    let named = format!("step:{COMMISSION}");
    let rank = || admin.json(&["step", "show", COMMISSION])["rank"].clone();
    admin.json(&["step", "update", COMMISSION, "--rank", "44"]);
    // It is given, and taken away again.
    admin.json(&["step", "update", COMMISSION, "--secure", "hunter1"]);
    admin.json(&["undo", &named]);
    let step = admin.json(&["step", "show", COMMISSION]);
    assert!(
        step["_sdkmessageprocessingstepsecureconfigid_value"].is_null(),
        "{step:#}"
    );
    assert_eq!(rank(), 44);
    admin.json(&["step", "update", COMMISSION, "--secure", "hunter2"]);
    admin.json(&["step", "update", COMMISSION, "--secure", "hunter3"]);
    for undo in [&["undo"][..], &["undo", &named]] {
        refused(&admin, 1, undo, &["secure configuration", "on no record"]);
    }
    admin.json(&["step", "unregister", COMMISSION]);
    refused(&admin, 1, &["undo"], &["secure configuration", "on no record"]);
    let trail = admin.run(&["audit", "list", "--top", "200"]).stdout;
    assert!(trail.contains("(secret)") && !trail.contains("hunter"), "{trail}");
}

/// What one request did is taken back as a whole or not at all.
#[test]
fn a_request_that_did_more_is_not_taken_back_in_part() {
    let org = Organisation::sample();
    let admin = org.program();
    admin.json(&["plugin", "remove", "commission", "--steps"]);
    refused(
        &admin,
        1,
        &["undo"],
        &["of a kind that is not taken back", "pluginassembly"],
    );
}
