//! QualifyLead on several leads, on leads that are closed or gone, again, and many at once.

use serde_json::Value;
use sluice_tests::world::{World, list};

use super::qualify::{TABLES, error, lead, lead_of, made};

#[test]
fn the_leads_of_a_view_or_of_a_filter_are_done_at_once() {
    let world = World::empty();
    for company in ["A", "B", "C"] {
        lead_of(&world, company, &[]);
    }
    let run = world
        .admin()
        .run(&["lead", "qualify", "--filter", "companyname ne 'C'", "--from", "grid"]);
    assert!(run.code == 0 && run.stdout.ends_with("all 2 leads done\n"), "{run:?}");
    let run = world
        .admin()
        .run(&["lead", "disqualify", "--view", "All Leads", "--reason", "Lost"]);
    assert!(
        run.code == 1 && run.stdout.ends_with("1 of 3 leads done, the others not\n"),
        "{run:?}"
    );
    let run = world.admin().run(&["lead", "qualify"]);
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn one_closed_lead_neither_stops_nor_undoes_the_others() {
    let world = World::empty();
    let (closed, open) = (lead_of(&world, "A", &[]), lead_of(&world, "B", &[]));
    world.admin().json(&["lead", "disqualify", &closed, "--reason", "Lost"]);
    let run = world
        .admin()
        .run(&["lead", "qualify", &closed, &open, "--from", "grid", "--json"]);
    assert_eq!(run.code, 1);
    let items = list(&run.json());
    assert_eq!(items[0]["error"]["code"], "0x80040519");
    assert_eq!(
        items[0]["error"]["message"],
        "The lead is closed. You cannot convert or qualify a lead that is already closed."
    );
    assert_eq!(items[0]["error"]["inner"], "The lead is already closed.");
    assert_eq!(items[1]["created"].as_array().unwrap().len(), 3);
}

#[test]
fn a_refusal_names_its_trace_where_there_is_one() {
    let world = World::empty();
    let closed = lead(&world, &["statecode=2"]);
    let refused = || world.admin().run(&["lead", "qualify", &closed]).stdout;
    assert!(refused().contains("sluice trace tree "));
    world.admin().json(&["settings", "set", "trace.requests", "off"]);
    let without = refused();
    assert!(
        without.contains("0x80040519") && !without.contains("trace tree"),
        "{without}"
    );
}

#[test]
fn a_lead_that_is_not_there_has_the_platforms_words() {
    let world = World::empty();
    let error = error(&world.admin(), &["0198c0de-0000-7000-8000-00000000abcd"]);
    assert_eq!(error["code"], "0x80040501", "{error}");
    assert_eq!(error["message"], "Lead does not exist.");
    let row = "lead With Id = 0198c0de-0000-7000-8000-00000000abcd Does Not Exist";
    assert_eq!(error["inner"].as_str().map(str::to_lowercase), Some(row.to_lowercase()));
}

#[test]
fn the_same_request_again_gets_the_first_answer_and_makes_nothing() {
    let world = World::empty();
    let lead = lead(&world, &[]);
    let request = "0198c0de-0000-7000-8000-00000000abcd";
    let qualify = || world.admin().json(&["lead", "qualify", &lead, "--request-id", request]);
    let first = qualify();
    let counts = TABLES.map(|table| world.count(table, ""));
    assert_eq!(qualify(), first);
    assert_eq!(TABLES.map(|table| world.count(table, "")), counts);
    let other = "0198c0de-0000-7000-8000-00000000abce";
    let error = error(&world.admin(), &[&lead, "--request-id", other]);
    assert_eq!(error["code"], "0x80040519", "another request is another request");
}

#[test]
fn of_twenty_at_once_exactly_one_wins() {
    let world = World::empty();
    let lead = lead(&world, &[]);
    let children: Vec<_> = (0..20)
        .map(|_| {
            let mut command = world.admin().command(&["lead", "qualify", &lead, "--json"]);
            command
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    let mut outcomes: Vec<String> = children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            let document: Value = serde_json::from_slice(&output.stdout).unwrap();
            document["value"][0]["error"]["code"]
                .as_str()
                .unwrap_or("qualified")
                .to_owned()
        })
        .collect();
    outcomes.sort();
    assert_eq!(outcomes[..19], vec!["0x80040519".to_owned(); 19]);
    assert_eq!(outcomes[19], "qualified");
    assert_eq!(TABLES.map(|table| world.count(table, "")), [1, 1, 1]);
}

#[test]
fn after_qualifying_nothing_flows_any_more() {
    let world = World::empty();
    let lead = lead(&world, &[]);
    made(&world.admin(), &[&lead]);
    world.admin().json(&["lead", "reactivate", &lead]);
    world
        .admin()
        .json(&["row", "update", "lead", &lead, "subject=Valves", "companyname=Changed"]);
    assert_eq!(world.rows("opportunity", "name", "")[0]["name"], "Pumps");
    assert_eq!(world.rows("account", "name", "")[0]["name"], "Novak Ltd");
}
