//! Loops. R166; the reference's §1.9.

use sluice_model::Row;

use crate::world::{POST_OPERATION, World, account, contact, probe};

#[test]
fn a_plugin_that_updates_its_own_row_is_stopped_and_undone() {
    let world = World::new();
    let id = world.admin.create(contact().with("jobtitle", "before"));
    let step = world.step(&probe(
        POST_OPERATION,
        "Update",
        "contact",
        "dump\nupdate-self jobtitle again",
    ));
    let run = world.update(&world.admin, Row::new("contact", id).with("jobtitle", "after"));
    let error = run.refused("0x80044182");
    let name = "probe: Update of contact";
    assert!(error.message().contains("infinite loop"), "{error}");
    assert_eq!(
        error.message().matches("Update contact").count(),
        8,
        "the chain names each message: {error}"
    );
    assert_eq!(error.message().matches(name).count(), 8, "and each step: {error}");
    let limit = error.body().limit.as_ref().unwrap();
    assert_eq!((limit.name.as_str(), limit.allowed, limit.used), ("depth", 8, 9));
    assert_eq!(error.body().step.as_ref().unwrap().id, step);
    assert_eq!(error.body().call.as_deref(), Some("Update contact"));
    let depths: Vec<String> = run.said().iter().map(|line| part(line, "depth=")).collect();
    assert_eq!(depths, ["1", "2", "3", "4", "5", "6", "7", "8"]);
    assert_eq!(world.admin.get("contact", id).text("jobtitle"), Some("before"));
}

#[test]
fn eight_levels_are_no_loop() {
    let world = World::new();
    let id = world.admin.create(contact());
    let script: Vec<String> = (1..8)
        .map(|depth| format!("at-depth {depth} update-self jobtitle level{depth}"))
        .collect();
    world.step(&probe(
        POST_OPERATION,
        "Update",
        "contact",
        &format!("dump\n{}", script.join("\n")),
    ));
    let run = world.update(&world.admin, Row::new("contact", id).with("jobtitle", "start"));
    assert!(run.result.is_ok(), "{:?}", run.result);
    assert_eq!(run.calls.len(), 8);
    assert_eq!(world.admin.get("contact", id).text("jobtitle"), Some("level7"));
}

#[test]
fn two_plugins_that_set_each_other_off_are_both_named() {
    let world = World::new();
    world.step(&probe(POST_OPERATION, "Create", "contact", "create account name x"));
    world.step(&probe(POST_OPERATION, "Create", "account", "create contact lastname y"));
    let before = world.counts(["account", "contact"]);
    let run = world.create(&world.admin, contact());
    let error = run.refused("0x80044182");
    for name in ["probe: Create of contact", "probe: Create of account"] {
        assert!(error.message().contains(name), "{error}");
    }
    assert_eq!(world.counts(["account", "contact"]), before);
}

#[test]
fn a_message_that_makes_others_counts_as_a_level() {
    let world = World::new();
    for (message, table) in [
        ("Create", "account"),
        ("Create", "contact"),
        ("Create", "opportunity"),
        ("Update", "lead"),
    ] {
        world.step(&probe(POST_OPERATION, message, table, "dump"));
    }
    let (_, request) = world.lead();
    let said = world.run(&world.seller, request).said();
    assert!(said.len() >= 4, "{said:?}");
    assert!(
        said.iter()
            .all(|line| part(line, "depth=") == "2" && line.ends_with("parent=QualifyLead")),
        "{said:?}"
    );
    let said = {
        world.step(&probe(POST_OPERATION, "Update", "account", "dump"));
        let id = world.admin.create(account());
        world
            .update(&world.admin, Row::new("account", id).with("name", "x"))
            .said()
    };
    assert_eq!(part(&said[0], "depth="), "1");
}

fn part(line: &str, name: &str) -> String {
    let rest = line.split_once(name).unwrap_or_else(|| panic!("{line}")).1;
    rest.split(' ').next().unwrap_or_default().to_owned()
}
