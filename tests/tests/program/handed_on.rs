//! What whoever cannot cure a refusal hands on, and that whoever gets it comes to the cure with it.

use serde_json::Value;
use sluice_tests::{
    program::words,
    world::{World, guest, id, list, probe_step, text},
};

/// Words of a run as one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The lines of a text that are commands of that kind.
fn printed(told: &str, kind: &str) -> Vec<String> {
    let lines = told
        .lines()
        .filter_map(|line| line.find(kind).map(|place| &line[place..]));
    lines.map(|line| line.trim().to_owned()).collect()
}

/// Runs a printed command as it stands, as whoever the context in use says.
fn pasted(world: &World, command: &str) -> String {
    let words = words(command);
    let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    let run = world.admin().run(&words);
    assert_eq!(run.code, 0, "{command}: {run:?}");
    run.stdout
}

const CREATE: [&str; 4] = ["row", "create", "contact", "lastname=x"];

#[test]
fn what_is_handed_on_does_not_name_its_sender() {
    let world = World::sample();
    let admin = world.admin();
    let lead = world.lead("seller.west");
    admin.json(&["use", "admin@sluice.db"]);
    let refused = world.user("seller.west").run(&["lead", "qualify", &lead]);
    let told = format!("{}{}", refused.stdout, refused.stderr);
    let [handed_on] = &printed(&told, "sluice why")[..] else {
        panic!("{told}")
    };
    assert!(!handed_on.contains("--as"), "{told}");
    assert!(pasted(&world, handed_on).contains("This cures it"), "{handed_on}");
    // What is the sender's own to run says whose it is.
    let trace = &printed(&told, "sluice trace tree")[0];
    assert!(trace.ends_with("--as seller.west"), "{told}");

    // The same of what `why` says to its sender.
    let own = world.user("seller.west").run(&["why"]).stdout;
    let [handed_on] = &printed(&own, "sluice why")[..] else {
        panic!("{own}")
    };
    assert!(!handed_on.contains("--as"), "{own}");
    assert!(pasted(&world, handed_on).contains("This cures it"), "{handed_on}");
    admin.json(&["use", "--none"]);
}

/// What somebody who may look, and not change, is told that others may run.
#[test]
fn cures_of_others_do_not_name_whoever_reads_them() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "create", "Helper"]);
    let reads = "role,team,systemuser,businessunit,sdkmessageprocessingstep,plugintype,sl_messagetrace,contact:r:org";
    admin.json(&["role", "grant", "Helper", reads, "prvActOnBehalfOfAnotherUser:org"]);
    admin.json(&["user", "create", "help", "--role", "Helper"]);
    admin.json(&["role", "revoke", "Salesperson", "prvCreateContact"]);
    assert_eq!(world.user("seller.west").run(&CREATE).code, 1);
    let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
    let which = text(&requests[0], "sl_correlationid");
    admin.json(&["use", "admin@sluice.db"]);
    let told = world.user("help").run(&["why", &which]);
    let document = world.user("help").json(&["why", &which]);
    admin.json(&["use", "--none"]);
    let grants = printed(&told.stdout, "sluice role grant");
    assert!(!grants.is_empty(), "{told:?}");
    assert!(grants.iter().all(|grant| !grant.contains("--as")), "{told:?}");
    let cures = document["culprits"][0]["cures"].to_string();
    assert!(cures.contains("role grant") && !cures.contains("--as"), "{document:#}");
    assert!(flat(&told.stdout).contains("--as help"), "to look again: {told:?}");
}

fn define(world: &World, noun: &str, definition: &Value) {
    world.write("definition.json", definition.to_string());
    world.admin().json(&[noun, "create", "definition.json", "--activate"]);
}

/// Whom a business rule, or the words of a workflow or of a plug-in, stop: they may send something else, or have it
/// looked into.
#[test]
fn whoever_is_stopped_on_purpose_may_hand_it_on() {
    let world = World::sample();
    let rule = serde_json::json!({ "name": "VAT", "table": "contact", "actions": [{ "require": ["creditlimit"] }] });
    define(&world, "businessrule", &rule);
    let stop = serde_json::json!({ "name": "Stop", "table": "account", "mode": "real-time", "scope": "organization",
        "on": { "create": true }, "actions": [{ "stop": { "as": "canceled", "message": "not today" } }] });
    define(&world, "workflow", &stop);
    world.admin().json(&["plugin", "push", &guest("probe")]);
    let refuses = ["--stage", "pre-operation", "--config", "refuse not like this"];
    world.admin().json(&probe_step("Create", "task", &refuses));
    for (request, own) in [
        (&CREATE[..], "give the column a value"),
        (&["row", "create", "account", "name=x"], "follow its message"),
        (&["row", "create", "task", "subject=x"], "follow its message"),
    ] {
        let seller = world.user("seller.west");
        let refused = seller.run(request);
        assert_eq!(refused.code, 1, "{refused:?}");
        let told = flat(&refused.stderr);
        assert!(told.contains(own), "{told}");
        assert!(told.contains("or ask an administrator, and hand this on"), "{told}");
        assert!(told.contains("sluice why"), "{told}");
        let document = seller.run(&[request, &["--json"]].concat()).stdout;
        assert!(
            document.contains("hand this on") && document.contains(own),
            "{document}"
        );
        let told = flat(&seller.run(&["why"]).stdout);
        assert!(told.contains(own), "{told}");
        assert!(
            told.contains("ask an administrator, who sees more, and hand this on: sluice why"),
            "{told}"
        );
        // An administrator cures it, and hands nothing on.
        let refused = world.admin().run(request);
        assert!(refused.code == 1 && !refused.says("hand this on"), "{refused:?}");
    }
}

/// What is only wrongly written is the sender's alone.
#[test]
fn what_is_wrongly_written_is_not_handed_on() {
    let world = World::sample();
    let seller = world.user("seller.west");
    let lead = world.lead("seller.west");
    for request in [
        &["row", "update", "lead", &lead, "statuscode=77"][..],
        &["row", "get", "account", "nobody"],
    ] {
        let refused = seller.run(request);
        assert!(refused.code == 1 && !refused.says("hand this on"), "{refused:?}");
    }
}

/// Where nothing looks into a refusal, there is nothing to hand on.
#[test]
fn what_was_not_recorded_is_not_handed_on() {
    let world = World::sample();
    let refused = world.user("seller.west").run(&["org", "backup", "copy.db"]);
    assert!(refused.code == 1 && refused.says("ask an administrator"), "{refused:?}");
    assert!(!refused.says("hand this on"), "{refused:?}");
    let refused = world.user("seller.west").run(&["org", "backup", "copy.db", "--json"]);
    assert_eq!(
        refused.json()["error"]["resolution"],
        "ask an administrator",
        "{refused:?}"
    );
}

/// Whoever may not import is told that, whatever stands in the place of the files: nothing is waited for.
#[cfg(unix)]
#[test]
fn a_pipe_is_not_read_for_whoever_may_not_import() {
    let world = World::sample();
    world.write("m.toml", "[columns]\nName = \"name\"\n");
    let pipe = world.path("p");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for files in [["p", "m.toml"], ["m.toml", "p"]] {
        let import = ["import", files[0], "--table", "role", "--map", files[1]];
        let refused = world.user("seller.west").run(&import);
        assert!(refused.code == 1 && refused.says("0x80040220"), "{refused:?}");
    }
}

/// What an import and a note are refused leads on as what a row is refused does.
#[test]
fn what_is_refused_before_a_file_is_read_can_be_looked_into() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "revoke", "Salesperson", "prvCreateContact"]);
    admin.json(&["user", "create", "bare", "--bu", "West"]);
    world.write("i.csv", "Name\nA\n");
    world.write("i.toml", "[columns]\nName = \"lastname\"\n");
    let import = ["import", "i.csv", "--table", "contact", "--map", "i.toml"];
    let refused = world.user("seller.west").run(&import);
    assert!(refused.code == 1 && refused.says("0x80040220"), "{refused:?}");
    let [why] = &printed(&refused.stderr, "sluice why")[..] else {
        panic!("{refused:?}")
    };
    let told = pasted(&world, why);
    let grant = printed(&told, "sluice role grant Salesperson prvCreateContact");
    pasted(&world, &grant[0]);
    assert_eq!(world.user("seller.west").run(&import).code, 0, "{told}");

    let account = id(&admin.json(&["row", "create", "account", "name=q"]));
    for more in [&["--text", "hello"][..], &["--file", "i.csv"]] {
        let add = [&["note", "add", "account", &account][..], more].concat();
        let refused = world.user("bare").run(&add);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert_eq!(printed(&refused.stderr, "sluice why").len(), 1, "{refused:?}");
        let told = pasted(&world, &printed(&refused.stderr, "sluice why")[0]);
        assert!(told.contains("user role-add bare"), "{told}");
    }

    admin.json(&["user", "create", "late", "--role", "Salesperson"]);
    admin.json(&["user", "disable", "late"]);
    let refused = world.user("late").run(&import);
    assert!(refused.code == 1 && refused.says("sluice why"), "{refused:?}");
    let told = pasted(&world, &printed(&refused.stderr, "sluice why")[0]);
    assert!(told.contains("sluice user enable"), "{told}");
}

/// A line of an import that a step refuses says in which, and what looks into it.
#[test]
fn a_refused_line_leads_on() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe")]);
    for (table, config) in [("contact", "read campaign"), ("task", "refuse not like this")] {
        let more = ["--stage", "pre-operation", "--name", "checker", "--config", config];
        admin.json(&probe_step("Create", table, &more));
    }
    world.write("i.csv", "Name\nA\nB\n");
    for (table, column) in [("contact", "lastname"), ("task", "subject")] {
        world.write("i.toml", format!("[columns]\nName = \"{column}\"\n"));
        let import = ["import", "i.csv", "--table", table, "--map", "i.toml"];
        let refused = world.user("seller.west").run(&import);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(
            refused.stdout.contains("line 2: ") && refused.stdout.contains("in the step \"checker\""),
            "{refused:?}"
        );
        let whys = printed(&refused.stdout, "sluice why");
        assert_eq!(whys.len(), 1, "once for each kind: {refused:?}");
        assert!(
            pasted(&world, &whys[0]).contains("The step \"checker\" stops it"),
            "{refused:?}"
        );
    }
}
