//! States of leads, accounts and contacts, and what they keep from being changed.

use serde_json::json;
use sluice_tests::world::{World, id, list, text};

fn lead(world: &World, topic: &str) -> String {
    let subject = format!("subject={topic}");
    let row = [
        "row",
        "create",
        "lead",
        &subject,
        "lastname=Okafor",
        "companyname=Okafor Tiles",
    ];
    id(&world.admin().json(&row))
}

fn state(world: &World, lead: &str) -> (i64, i64) {
    let row = world.admin().json(&["row", "get", "lead", lead]);
    (row["statecode"].as_i64().unwrap(), row["statuscode"].as_i64().unwrap())
}

#[test]
fn a_new_lead_is_open_and_new() {
    let world = World::empty();
    let lead = lead(&world, "Roof tiles");
    assert_eq!(state(&world, &lead), (0, 1));
    let new = ["row", "create", "lead", "subject=x", "lastname=x"];
    let closed = world.admin().refused(&[&new[..], &["statuscode=6"]].concat());
    assert_eq!(closed["code"], "0x80048408", "a status alone does not close it");
    let future = ["overriddencreatedon=2126-01-01T00:00:00Z"];
    let refused = world.admin().refused(&[&new[..], &future].concat());
    assert!(text(&refused, "message").contains("in the past"), "{refused}");
}

#[test]
fn a_state_that_is_none_and_a_status_of_another_state_are_refused() {
    let world = World::empty();
    let lead = lead(&world, "Roof tiles");
    for change in [
        &["statecode=3"][..],
        &["statuscode=5", "statecode=0"],
        &["statecode=null"],
        &["statuscode=null"],
    ] {
        let error = world
            .admin()
            .refused(&[&["row", "update", "lead", &lead], change].concat());
        assert_eq!(error["code"], "0x80048408", "{change:?}");
        assert_eq!(state(&world, &lead), (0, 1), "{change:?}");
    }
    world.admin().json(&["row", "update", "lead", &lead, "statecode=2"]);
    assert_eq!(state(&world, &lead), (2, 4), "the state's default status");
}

#[test]
fn a_closed_lead_is_read_only_until_it_is_reactivated() {
    let world = World::empty();
    let lead = lead(&world, "Roof tiles");
    world
        .admin()
        .json(&["lead", "disqualify", &lead, "--reason", "Cannot Contact"]);
    assert_eq!(state(&world, &lead), (2, 5));
    let topic = ["row", "update", "lead", &lead, "subject=Floor tiles"];
    let error = world.admin().refused(&topic);
    assert_eq!(error["code"], "0x80040230");
    assert!(text(&error, "message").contains("Disqualified"), "{error}");
    let error = world.admin().refused(&["row", "update", "lead", &lead, "statecode=1"]);
    assert_eq!(error["code"], "0x80040519", "closed leads take no other closed state");
    world.admin().json(&["lead", "reactivate", &lead]);
    assert_eq!(state(&world, &lead), (0, 1));
    world.admin().json(&topic);
}

#[test]
fn an_open_lead_is_not_reactivated_but_may_change_its_status() {
    let world = World::empty();
    let lead = lead(&world, "Roof tiles");
    let run = world.admin().run(&["lead", "reactivate", &lead, "--json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(run.json()["value"][0]["error"]["code"], "0x80040518");
    world
        .admin()
        .json(&["row", "update", "lead", &lead, "statuscode=Contacted"]);
    assert_eq!(state(&world, &lead), (0, 2));
}

#[test]
fn inactive_accounts_and_contacts_are_read_only_too() {
    let world = World::empty();
    for (table, column) in [("account", "name"), ("contact", "lastname")] {
        let value = format!("{column}=Okafor");
        let row = id(&world.admin().json(&["row", "create", table, &value]));
        world
            .admin()
            .json(&["row", "update", table, &row, "statecode=Inactive"]);
        let error = world.admin().refused(&["row", "update", table, &row, "telephone1=1"]);
        assert_eq!(error["code"], "0x80040230", "{table}");
        world.admin().json(&["row", "update", table, &row, "statecode=Active"]);
        world.admin().json(&["row", "update", table, &row, "telephone1=1"]);
    }
}

#[test]
fn many_leads_are_disqualified_for_one_reason_and_one_closed_one_spoils_nothing() {
    let world = World::empty();
    let leads: Vec<String> = ["One", "Two", "Three"]
        .iter()
        .map(|topic| lead(&world, topic))
        .collect();
    world.admin().json(&["lead", "disqualify", &leads[1], "--reason", "4"]);
    let all: Vec<&str> = leads.iter().map(String::as_str).collect();
    let command = [
        &["lead", "disqualify"],
        &all[..],
        &["--reason", "No longer interested", "--json"],
    ]
    .concat();
    let run = world.admin().run(&command);
    assert_eq!(run.code, 1, "{run:?}");
    let items = list(&run.json());
    assert_eq!(items[1]["error"]["code"], "0x80040519");
    assert_eq!(items[1]["error"]["situation"], "e5");
    for item in [&items[0], &items[2]] {
        assert_eq!(item["statuscode"], 6, "{item}");
    }
    assert_eq!(
        leads.iter().map(|lead| state(&world, lead)).collect::<Vec<_>>(),
        [(2, 6), (2, 4), (2, 6)]
    );
}

#[test]
fn a_lead_is_not_disqualified_without_a_reason() {
    let world = World::empty();
    let lead = lead(&world, "Roof tiles");
    for reason in [&[][..], &["--reason", "Tired"], &["--reason", "Qualified"]] {
        let run = world
            .admin()
            .run(&[&["lead", "disqualify", &lead, "--json"], reason].concat());
        assert_eq!(run.code, 2, "{reason:?}: {run:?}");
        assert!(run.stdout.contains("6 (No Longer Interested)"), "{run:?}");
    }
    assert_eq!(state(&world, &lead), (0, 1));
}

#[test]
fn a_settings_name_is_shown_with_its_value() {
    let world = World::empty();
    let name = "sales.qualify.create-by-default";
    assert_eq!(world.admin().json(&["settings", "get", name])["value"], json!(true));
    world.admin().json(&["settings", "set", name, "no"]);
    assert_eq!(world.admin().json(&["settings", "get", name])["value"], json!(false));
    assert_eq!(world.admin().json(&["settings", "show"])[name], json!(false));
}
