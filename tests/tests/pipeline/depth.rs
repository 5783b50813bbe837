//! Loops.

use sluice_model::{Query, Row};

use crate::world::{POST_OPERATION, Pipeline, account, contact, job, probe};

#[test]
fn a_plugin_that_updates_its_own_row_is_stopped_and_undone() {
    let world = Pipeline::new();
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
    let world = Pipeline::new();
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
    let world = Pipeline::new();
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

/// What set a job off goes on in it.
#[test]
fn a_loop_across_jobs_names_all_of_its_chain() {
    let world = Pipeline::new();
    world.step(&job("Create", "contact", "create account name x"));
    world.step(&probe(POST_OPERATION, "Create", "account", "create contact lastname y"));
    world.admin.create(contact());
    let jobs = world.admin.list(Query::new("asyncoperation").order_by("createdon"));
    let told = jobs.iter().rev().find_map(|job| job.text("message")).unwrap();
    let chain =
        "Create contact → probe: Create of contact → Create account → probe: Create of account → Create contact";
    assert!(told.contains(&format!("(The chain: {chain} → ")), "{told}");
    assert_eq!(told.matches("Create account →").count(), 4, "{told}");
    assert_eq!(told.matches("probe: Create of contact").count(), 4, "{told}");
}

#[test]
fn a_message_inside_a_message_is_one_deeper() {
    let world = Pipeline::new();
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

/// What the platform does within a message that a plug-in sent is no loop.
#[test]
fn at_the_last_level_the_platform_still_works() {
    let world = Pipeline::new();
    let owner = world.user("integration");
    let levels = |last: &str| {
        let lines = (1..7).map(|depth| format!("at-depth {depth} update-self jobtitle level{depth}"));
        lines.chain([last.to_owned()]).collect::<Vec<_>>().join("\n")
    };
    // The seventh plug-in sends the eighth message, which sends an Update of its own.
    let step = world.step(&probe(
        POST_OPERATION,
        "Update",
        "contact",
        &levels(&format!("at-depth 7 assign-self systemuser {owner}")),
    ));
    let id = world.admin.create(contact());
    let run = world.update(&world.admin, Row::new("contact", id).with("jobtitle", "start"));
    assert!(run.result.is_ok(), "{:?}", run.result);
    assert_eq!(world.admin.get("contact", id).id_of("ownerid"), Some(owner));
    let depths: Vec<_> = run.calls.iter().map(|row| row.int("depth").unwrap()).collect();
    assert_eq!(
        depths,
        [1, 2, 3, 4, 5, 6, 7, 9],
        "the Update in the Assign is the ninth message"
    );
    world.set_enabled(step, false);

    world.step(&probe(
        POST_OPERATION,
        "Update",
        "contact",
        &levels("at-depth 7 delete-self"),
    ));
    let note = Row::unsaved("annotation")
        .with("subject", "goes along")
        .with("objectid", sluice_model::Reference::new("contact", id));
    let note = world.admin.create(note);
    let run = world.update(&world.admin, Row::new("contact", id).with("jobtitle", "start"));
    assert!(run.result.is_ok(), "{:?}", run.result);
    assert!(world.admin.try_get("contact", id).is_err() && world.admin.try_get("annotation", note).is_err());
}

/// Eight messages of plug-ins, and one of the platform's in each: the stack is deep enough.
#[test]
fn a_loop_through_messages_that_send_others_ends_as_well() {
    let world = Pipeline::new();
    let owner = world.user("integration");
    world.step(&probe(
        POST_OPERATION,
        "Update",
        "contact",
        &format!("assign-self systemuser {owner}"),
    ));
    let id = world.admin.create(contact());
    let run = world.update(&world.admin, Row::new("contact", id).with("jobtitle", "start"));
    let error = run.refused("0x80044182");
    let limit = error.body().limit.as_ref().unwrap();
    assert_eq!((limit.name.as_str(), limit.allowed, limit.used), ("depth", 8, 9));
    assert_eq!(error.message().matches("Assign contact").count(), 7, "{error}");
    assert_eq!(error.message().matches("Update contact").count(), 8, "{error}");
}

fn part(line: &str, name: &str) -> String {
    let rest = line.split_once(name).unwrap_or_else(|| panic!("{line}")).1;
    rest.split(' ').next().unwrap_or_default().to_owned()
}
