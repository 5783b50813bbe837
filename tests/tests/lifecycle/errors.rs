//! The codes and the situations of the guides are one table.

use sluice_tests::{
    root,
    world::{World, list},
};

#[test]
fn every_code_of_the_requirements_is_in_the_list() {
    let path = root().join("../shared/requirements.md");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("not run: no requirements beside the project");
        return;
    };
    let world = World::bare();
    let listed: Vec<String> = list(&world.admin().json(&["errors", "list"]))
        .iter()
        .map(|item| item["code"].as_str().unwrap().to_uppercase())
        .collect();
    let mut missing = Vec::new();
    for (at, _) in text.match_indices("0x80") {
        let code = &text[at..at + 10];
        if code[2..].chars().all(|c| c.is_ascii_hexdigit()) && !listed.contains(&code.to_uppercase()) {
            missing.push(code);
        }
    }
    missing.sort_unstable();
    missing.dedup();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn each_situation_has_its_sentence_its_code_and_its_cures() {
    let world = World::bare();
    let admin = world.admin();
    for (id, code, words, cures) in [
        (
            "e1",
            "0x80040333",
            "There might already be a match for this account or contact. If so, please select it.",
            2,
        ),
        (
            "e2",
            "0x8006041A",
            "To move to the next stage, complete the required steps.",
            1,
        ),
        ("e3", "0x80100002", "Active stage is not on 'lead' entity", 1),
        ("e4", "0x80040220", "Access denied or Insufficient permissions", 1),
        (
            "e5",
            "0x80040519",
            "The lead is closed. You cannot convert or qualify a lead that is already closed.",
            2,
        ),
        (
            "e6",
            "0x80048408",
            "Invalid status code error for a contact or an opportunity",
            3,
        ),
        (
            "e7",
            "0x80092004",
            "Can't proceed to the next stage when you select Next stage on the business process flow",
            1,
        ),
        (
            "e8",
            "0x80040333",
            "Lead record was not created or updated because a duplicate of the current record already exists.",
            4,
        ),
        (
            "e9",
            "0x80040333",
            "Opportunity record was not created or updated because a duplicate of the current record already exists.",
            5,
        ),
    ] {
        let items = list(&admin.json(&["errors", "explain", id]));
        assert_eq!(items.len(), 1, "{id}");
        assert_eq!(items[0]["code"], code, "{id}");
        assert!(
            items[0]["message"].as_str().unwrap().contains(words),
            "{id}: {}",
            items[0]
        );
        assert_eq!(items[0]["resolutions"].as_array().unwrap().len(), cures, "{id}");
    }
}

#[test]
fn a_code_that_stands_for_several_situations_lists_each() {
    let world = World::bare();
    let items = list(&world.admin().json(&["errors", "explain", "0x80040333"]));
    let ids: Vec<&str> = items.iter().filter_map(|item| item["id"].as_str()).collect();
    assert_eq!(ids, ["e1", "e8", "e9"]);
}
