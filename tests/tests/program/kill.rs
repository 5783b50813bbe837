//! `kill -9` at any moment of any command: the organisation opens, nothing is half done, every
//! answered write is there, every step is in the state it had.

use std::{collections::BTreeMap, process::Child, time::Duration};

use serde_json::Value;
use sluice_tests::root;

use sluice_tests::world::{World, id, list, text};

/// When the processes are killed, in milliseconds: drawn once, from the start of a process to
/// about where its work ends on a machine at rest.
const SHORT: [u64; 8] = [7, 19, 26, 34, 41, 53, 72, 97];
const LONG: [u64; 8] = [11, 48, 93, 170, 260, 410, 590, 880];

fn kill(mut child: Child, moment: u64) {
    std::thread::sleep(Duration::from_millis(moment));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Leads whose numbers say which they are, and whose phones show whether the plug-in ran.
fn leads(world: &World, count: usize) {
    let mut csv = "Last,Company,Phone\n".to_owned();
    (0..count).for_each(|line| csv.push_str(&format!("K{line:05},Killed {line},(603) 491-{line:04}\n")));
    world.write("leads.csv", csv);
    let columns = "Last = \"lastname\"\nCompany = \"companyname\"\nPhone = \"telephone1\"\n";
    world.write(
        "map.toml",
        format!("[columns]\n{columns}[constants]\nsubject = \"Killed\"\n"),
    );
}

const IMPORT: [&str; 6] = ["import", "leads.csv", "--table", "lead", "--map", "map.toml"];
const KILLED: &str = "subject eq 'Killed'";

#[test]
fn a_killed_import_is_finished_by_running_it_again() {
    let world = World::sample();
    leads(&world, 2_000);
    let steps = world.steps();
    let mut there = 0;
    for moment in LONG {
        kill(world.admin().start(&IMPORT), moment);
        world.check();
        let now = world.count("lead", KILLED);
        assert!(now >= there, "{there} rows became {now}");
        there = now;
    }
    let report = world.admin().json(&IMPORT);
    assert_eq!(report["read"], 2_000);
    assert_eq!(report["created"], 2_000 - there);
    assert_eq!(report["refused"], serde_json::json!([]));
    let mut rows: Vec<(String, String)> = world
        .rows("lead", "lastname,telephone1", KILLED)
        .iter()
        .map(|row| (text(row, "lastname"), text(row, "telephone1")))
        .collect();
    rows.sort();
    let whole: Vec<_> = (0..2_000)
        .map(|line| (format!("K{line:05}"), format!("603-491-{line:04}")))
        .collect();
    assert_eq!(rows, whole, "every row once, and none without its plug-in's work");
    assert_eq!(world.steps(), steps);
}

#[test]
fn a_killed_founding_leaves_nothing_or_everything() {
    let complete = World::sample().counts();
    let world = World::bare();
    for moment in LONG.map(|moment| 2 * moment) {
        kill(world.admin().start(&["org", "create", "--sample"]), moment);
        if world.path("sluice.db").exists() {
            world.check();
            assert_eq!(world.counts(), complete);
            std::fs::remove_file(world.path("sluice.db")).unwrap();
        }
    }
    world.admin().json(&["org", "create", "--sample"]);
    assert_eq!(world.counts(), complete);
}

#[test]
fn a_killed_push_leaves_the_whole_plug_in_or_none() {
    let world = World::sample();
    let resting = world.step("phone_normalizer: Create of lead");
    world.admin().json(&["step", "disable", &resting]);
    let file = root()
        .join("target/plugins/phone-normalizer.wasm")
        .display()
        .to_string();
    let parts = |world: &World| {
        ["pluginassembly", "plugintype", "sdkmessageprocessingstep"].map(|table| world.count(table, ""))
    };
    let (steps, [assemblies, types, all]) = (world.steps(), parts(&world));
    for moment in SHORT.map(|moment| 2 * moment) {
        kill(
            world.admin().start(&["plugin", "push", &file, "--name", "copy"]),
            moment,
        );
        world.check();
        let found = parts(&world);
        if found != [assemblies, types, all] {
            assert_eq!(found, [assemblies + 1, types + 1, all + 4]);
            let copy = world.admin().json(&["plugin", "show", "copy"]);
            assert!(
                copy["steps"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|step| step["enabled"] == true),
                "{copy}"
            );
            // And once more over the one that is there: its resting steps go on resting.
            world.admin().json(&["plugin", "disable", "copy"]);
            let disabled = world.steps();
            kill(
                world.admin().start(&["plugin", "push", &file, "--name", "copy"]),
                moment,
            );
            assert_eq!(world.steps(), disabled);
            world.admin().json(&["plugin", "remove", "copy", "--steps"]);
        }
        assert_eq!(world.steps(), steps);
    }
}

#[test]
fn a_killed_diagnosis_has_changed_nothing() {
    let world = World::sample();
    let lead = world.lead("seller.west");
    let resting = world.step("audit_note: Create of opportunity");
    world.admin().json(&["step", "disable", &resting]);
    let state = |world: &World| {
        let traces = ["plugintracelog", "sl_messagetrace"].map(|table| world.count(table, ""));
        let role = world.admin().json(&["role", "show", "Salesperson"]);
        (world.counts(), world.steps(), traces, role)
    };
    let before = state(&world);
    for moment in SHORT {
        kill(
            world
                .admin()
                .start(&["diagnose", "isolate", "--user", "seller.west", "--lead", &lead]),
            moment,
        );
        kill(
            world
                .admin()
                .start(&["diagnose", "create-each", "--user", "seller.west"]),
            moment,
        );
        world.check();
        assert_eq!(state(&world), before, "killed after {moment} ms");
    }
    assert_eq!(world.admin().json(&["row", "get", "lead", &lead])["statecode"], 0);
}

/// How many rows of each table came from which lead.
fn offspring(world: &World) -> BTreeMap<String, [usize; 3]> {
    let mut found: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for (place, table) in ["account", "contact", "opportunity"].iter().enumerate() {
        for row in world.rows(table, "originatingleadid", "originatingleadid ne null") {
            found.entry(text(&row, "_originatingleadid_value")).or_default()[place] += 1;
        }
    }
    found
}

#[test]
fn a_killed_qualification_is_whole_or_none() {
    let world = World::sample();
    leads(&world, 240);
    world.admin().json(&IMPORT);
    let keys: Vec<String> = world
        .rows("lead", "leadid", KILLED)
        .iter()
        .map(|row| text(row, "leadid"))
        .collect();
    for (moment, keys) in SHORT.iter().zip(keys.chunks(30)) {
        let arguments: Vec<&str> = ["lead", "qualify"]
            .into_iter()
            .chain(keys.iter().map(String::as_str))
            .collect();
        kill(world.admin().start(&arguments), 3 * moment);
        world.check();
        let made = offspring(&world);
        for lead in world.rows("lead", "statecode", KILLED) {
            let made = made.get(&text(&lead, "leadid")).copied().unwrap_or_default();
            let whole = if lead["statecode"] == 1 { [1; 3] } else { [0; 3] };
            assert_eq!(made, whole, "{lead}");
        }
    }
    // What was left open can be qualified now.
    let open = world.rows("lead", "statecode", "subject eq 'Killed' and statecode eq 0");
    let open: Vec<String> = open.iter().map(|row| text(row, "leadid")).collect();
    let arguments: Vec<&str> = ["lead", "qualify"]
        .into_iter()
        .chain(open.iter().map(String::as_str))
        .collect();
    if !open.is_empty() {
        world.admin().json(&arguments);
    }
    assert_eq!(offspring(&world).values().filter(|made| **made == [1; 3]).count(), 240);
}

#[test]
fn a_killed_switch_has_switched_or_not() {
    let world = World::sample();
    let step = world.step("commission: Create of account");
    let all = world.steps();
    let is_on = |world: &World| {
        let steps = world.steps();
        let (ours, others): (Vec<_>, Vec<_>) = steps.into_iter().partition(|(id, _)| *id == step);
        assert!(
            others.iter().all(|other| all.contains(other)),
            "another step has changed"
        );
        ours[0].1
    };
    let mut on = true;
    for (turn, moment) in SHORT.into_iter().enumerate() {
        for _ in 0..turn % 3 {
            on = !on;
            world
                .admin()
                .json(&["step", if on { "enable" } else { "disable" }, &step]);
            assert_eq!(is_on(&world), on, "an answered switch counts");
        }
        kill(
            world
                .admin()
                .start(&["step", if on { "disable" } else { "enable" }, &step]),
            moment,
        );
        world.check();
        on = is_on(&world);
    }
}

#[test]
fn a_killed_switch_of_a_plug_in_is_whole_or_none() {
    let world = World::sample();
    let resting = world.step("phone_normalizer: Update of contact");
    world.admin().json(&["step", "disable", &resting]);
    let states = |world: &World| -> Vec<bool> {
        let plugin: Value = world.admin().json(&["plugin", "show", "phone-normalizer"]);
        plugin["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["enabled"] == true)
            .collect()
    };
    let before = states(&world);
    assert_eq!(before.iter().filter(|on| **on).count(), 3);
    for moment in SHORT {
        kill(world.admin().start(&["plugin", "disable", "phone-normalizer"]), moment);
        let now = states(&world);
        if now != before {
            assert_eq!(now, [false; 4]);
            kill(world.admin().start(&["plugin", "enable", "phone-normalizer"]), moment);
            let now = states(&world);
            assert!(now == before || now == [false; 4], "{now:?}");
            world.admin().json(&["plugin", "enable", "phone-normalizer"]);
        }
        assert_eq!(states(&world), before, "what was off before stays off");
    }
    world.check();
}

#[test]
fn what_was_answered_is_there() {
    let world = World::empty();
    leads(&world, 2_000);
    let mut answered = Vec::new();
    for (turn, moment) in SHORT.into_iter().enumerate() {
        let import = world.admin().start(&IMPORT);
        let name = |number: usize| format!("name=Answered {turn} {number}");
        for number in 0..3 {
            answered.push(id(&world.admin().json(&["row", "create", "account", &name(number)])));
        }
        kill(world.admin().start(&["row", "create", "account", &name(3)]), moment);
        kill(import, 0);
        world.check();
    }
    let rows = list(&world.admin().json(&["row", "list", "account", "--select", "name"]));
    for key in &answered {
        assert!(
            rows.iter().any(|row| row["accountid"] == **key),
            "{key} was answered, and is not there"
        );
    }
    let unanswered = rows.len() - answered.len();
    assert!(unanswered <= SHORT.len(), "a killed command made several rows");
}
