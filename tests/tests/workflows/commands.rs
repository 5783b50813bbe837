//! The commands, from a file to a run.

use sluice_tests::world::{World, list, text, wait_until};

#[test]
fn from_a_file_to_a_run_and_away() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["workflow", "new", "look.json", "--table", "contact"]);
    let made = admin.json(&["workflow", "create", "look.json"]);
    assert_eq!(
        (text(&made, "table"), made["active"].clone()),
        ("contact".to_owned(), false.into())
    );
    admin.json(&["workflow", "activate", "Look at each new contact"]);
    admin.json(&["row", "create", "contact", "lastname=Wu"]);
    assert_eq!(world.count("task", ""), 1);

    let listed = list(&admin.json(&["workflow", "list", "--table", "contact"]));
    assert_eq!(listed.len(), 1, "its copy is not listed");
    assert_eq!(listed[0]["active"], true);
    assert_eq!(list(&admin.json(&["workflow", "list", "--table", "account"])).len(), 0);
    let shown = admin.json(&["workflow", "show", &text(&made, "id")]);
    assert_eq!(shown["actions"][0]["check"]["then"][0]["create"]["table"], "task");

    assert_eq!(
        admin.refused(&["workflow", "delete", "Look at each new contact"])["code"],
        "0x8004500F"
    );
    admin.json(&["workflow", "deactivate", "Look at each new contact"]);
    admin.json(&["row", "create", "contact", "lastname=Berg"]);
    assert_eq!(world.count("task", ""), 1);
    admin.json(&["workflow", "delete", "Look at each new contact"]);
    assert_eq!(list(&admin.json(&["workflow", "list"])).len(), 0);
}

#[test]
fn by_hand() {
    let world = World::empty();
    let admin = world.admin();
    world.write(
        "note.json",
        r#"{"name": "Note", "table": "account", "on-demand": true,
            "actions": [{"update": {"set": {"description": "noted"}}}]}"#,
    );
    admin.json(&["workflow", "create", "note.json", "--activate"]);
    admin.json(&["row", "create", "account", "name=Novak"]);
    admin.json(&["workflow", "run", "Note", "Novak"]);
    // The same by another file: what is active stays as it is.
    world.write(
        "other.json",
        r#"{"name": "Noted", "table": "account", "on": {"create": true},
            "actions": [{"update": {"set": {"description": "noted"}}}]}"#,
    );
    assert_eq!(
        admin.refused(&["workflow", "update", "Note", "other.json"])["code"],
        "0x80045002"
    );
    admin.json(&["workflow", "deactivate", "Note"]);
    let changed = admin.json(&["workflow", "update", "Note", "other.json"]);
    assert_eq!(
        (text(&changed, "name"), changed["ondemand"].clone()),
        ("Noted".to_owned(), false.into())
    );
    assert_eq!(world.rows("account", "description", "")[0]["description"], "noted");
    // What a file does not say is as in a new one, the scope as well.
    let scope = |file: &str, scope: &str| {
        world.write(
            file,
            format!(r#"{{"name": "Noted", "table": "account"{scope}, "actions": []}}"#),
        );
        admin.json(&["workflow", "update", "Noted", file])["scope"].clone()
    };
    assert_eq!(scope("wide.json", r#", "scope": "organization""#), 4);
    assert_eq!(scope("narrow.json", ""), 1);
}

#[test]
fn only_workflows_are_found_by_their_names() {
    let world = World::empty();
    let admin = world.admin();
    let flow = ["workflow", "delete", "Lead to Opportunity Sales Process"];
    assert_eq!(admin.refused(&flow)["code"], "0x80040217");
    for table in ["account", "contact"] {
        world.write(
            "w.json",
            format!(r#"{{"name": "W", "table": "{table}", "actions": []}}"#),
        );
        admin.json(&["workflow", "create", "w.json"]);
    }
    let run = admin.run(&["workflow", "show", "W"]);
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn a_file_that_is_wrong_says_where() {
    let world = World::empty();
    let admin = world.admin();
    world.write(
        "wrong.json",
        "{\"name\": \"w\",\n \"tabel\": \"account\", \"actions\": []}",
    );
    let error = admin.refused(&["workflow", "create", "wrong.json"]);
    let message = text(&error, "message");
    assert!(
        message.contains("unknown field `tabel`") && message.contains("line 2"),
        "{message}"
    );
}

/// Where a run stands is written with what its action did: killed at any moment, it goes on there.
#[test]
fn a_run_that_is_killed_goes_on_and_does_nothing_twice() {
    const ACTIONS: usize = 300;
    let world = World::empty();
    let admin = world.admin();
    let action = r#"{"create": {"table": "task", "set": {"subject": "t"}}}"#;
    let actions = vec![action; ACTIONS].join(",");
    world.write(
        "many.json",
        format!(
            r#"{{"name": "Many", "table": "account", "mode": "background", "scope": "organization",
                "on": {{"create": true}}, "actions": [{actions}]}}"#
        ),
    );
    admin.json(&["workflow", "create", "many.json", "--activate"]);
    let mut child = admin.start(&["row", "create", "account", "name=Novak"]);
    wait_until(|| world.count("task", "") > 5);
    child.kill().unwrap();
    child.wait().unwrap();
    let done = world.count("task", "");
    assert!(done < ACTIONS, "it was killed before its end: {done}");
    assert_eq!(world.count("account", ""), 1);
    admin.json(&["jobs", "resume"]);
    assert_eq!(world.count("task", ""), ACTIONS);
    let log = list(&admin.json(&["workflow", "log"]));
    assert_eq!(log[0]["status"], "Succeeded");
}

/// A parent arrives active although it comes before its child by name; deactivating a managed one is up to whoever runs
/// it, changing it is not.
#[test]
fn they_travel_in_solutions() {
    let from = World::empty();
    let admin = from.admin();
    for (name, more, action) in [
        (
            "A parent",
            r#""on": {"create": true}"#,
            r#"{"start-child": {"workflow": "B child"}}"#,
        ),
        (
            "B child",
            r#""child": true"#,
            r#"{"create": {"table": "task", "set": {"subject": "made"}}}"#,
        ),
    ] {
        let text = format!(
            r#"{{"name": "{name}", "table": "account", "scope": "organization", {more}, "actions": [{action}]}}"#
        );
        from.write("workflow.json", text);
        admin.json(&["workflow", "create", "workflow.json"]);
    }
    admin.json(&["workflow", "activate", "B child"]);
    admin.json(&["workflow", "activate", "A parent"]);
    admin.json(&["solution", "create", "Tasks"]);
    admin.json(&["solution", "add", "Tasks", "workflow", "A parent", "B child"]);
    admin.json(&["solution", "export", "Tasks", "tasks.zip", "--managed"]);
    assert!(
        admin.run(&["solution", "add", "Tasks", "flow", "A parent"]).code == 1,
        "it is no flow"
    );

    let to = World::empty();
    let other = to.admin();
    std::fs::copy(from.path("tasks.zip"), to.path("tasks.zip")).unwrap();
    other.json(&["solution", "import", "tasks.zip"]);
    other.json(&["row", "create", "account", "name=Novak"]);
    assert_eq!(to.count("task", ""), 1);
    // Again: what is the same stays at work.
    other.json(&["solution", "import", "tasks.zip"]);
    other.json(&["row", "create", "account", "name=Berg"]);
    assert_eq!(to.count("task", ""), 2);
    other.json(&["workflow", "deactivate", "A parent"]);
    let id = text(&other.json(&["workflow", "show", "A parent"]), "id");
    assert_eq!(
        other.run(&["row", "update", "workflow", &id, "name=Other"]).code,
        1,
        "it is managed"
    );
    other.json(&["workflow", "activate", "A parent"]);
    other.json(&["solution", "delete", "Tasks"]);
    assert_eq!(list(&other.json(&["workflow", "list"])).len(), 0);
}

/// What runs of an active workflow is a copy with its name, which nobody means.
#[test]
fn a_name_is_that_of_the_definition() {
    let world = World::empty();
    let admin = world.admin();
    let name = "Look at each new account";
    admin.json(&["workflow", "new", "look.json"]);
    let made = admin.json(&["workflow", "create", "look.json", "--activate"]);
    let definition = text(&made, "id");
    assert_eq!(world.count("workflow", &format!("name eq '{name}'")), 2);
    for given in [name, "@last"] {
        let found = admin.json(&["row", "get", "workflow", given, "--select", "name"]);
        assert_eq!(text(&found, "workflowid"), definition, "{given}");
    }
    admin.json(&["workflow", "deactivate", name]);
    let undone = admin.json(&["undo"]);
    assert_eq!(undone["changes"].as_array().unwrap().len(), 1, "{undone:#}");
    assert_eq!(text(&undone["changes"][0], "name"), name);
    assert_eq!(world.count("workflow", &format!("name eq '{name}'")), 2);
}

/// What cannot be activated leaves no draft behind, which a second attempt would make once more.
#[test]
fn made_and_activated_is_all_or_nothing() {
    let world = World::empty();
    let admin = world.admin();
    let file = |waits: bool| {
        let wait = if waits {
            r#"{"wait": {"until": {"now": {"days": 1}}}}"#
        } else {
            r#"{"stop": {"as": "succeeded"}}"#
        };
        format!(
            r#"{{"name": "D1", "table": "account", "on": {{"update": ["statecode"], "state": true}}, "actions": [{wait}]}}"#
        )
    };
    world.write("d1.json", file(true));
    for _ in 0..2 {
        assert_eq!(
            admin.refused(&["workflow", "create", "d1.json", "--activate"])["code"],
            "0x80045018"
        );
        assert_eq!(list(&admin.json(&["workflow", "list"])).len(), 0);
    }
    // An editor's mark before the text is none of it.
    world.write("d1.json", format!("\u{feff}{}", file(false)));
    let made = admin.json(&["workflow", "create", "d1.json", "--activate"]);
    assert_eq!(made["active"], true);
    let columns: Vec<&str> = made["update"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    assert_eq!(columns, ["statecode", "statuscode"], "named twice, each is there once");
    admin.json(&["workflow", "create", "d1.json"]);
    let run = admin.run(&["workflow", "deactivate", "D1"]);
    assert!(run.says("account, owned by admin, created "), "{run:?}");
    world.write("rule.json", r#"{"name": "Empty", "table": "account", "actions": []}"#);
    admin.refused(&["businessrule", "create", "rule.json", "--activate"]);
    assert_eq!(list(&admin.json(&["businessrule", "list"])).len(), 0);
}

#[test]
fn a_file_that_is_too_long_is_refused_by_what_is_documented() {
    let world = World::empty();
    let long = |bytes: usize| {
        let text = "x".repeat(bytes);
        format!(
            r#"{{"name": "w", "table": "account", "actions": [{{"update": {{"set": {{"description": "{text}"}}}}}}]}}"#
        )
    };
    for (bytes, told) in [
        (270_000, "262144 is the most"),
        (600_000, "larger than the 524,288 bytes"),
    ] {
        world.write("w.json", long(bytes));
        let run = world.admin().run(&["workflow", "create", "w.json"]);
        assert!(run.says(told), "{run:?}");
    }
}

/// As whom a workflow runs is said as it is: in the background that is its owner, whatever its column says.
#[test]
fn as_whom_it_runs_is_said_as_it_is() {
    let world = World::empty();
    let admin = world.admin();
    for (mode, by_hand, told) in [
        ("real-time", false, "caller"),
        ("background", false, "owner"),
        ("background", true, "owner; by hand or as a child: whoever starts it"),
    ] {
        world.write(
            "w.json",
            format!(
                r#"{{"name": "w", "table": "account", "mode": "{mode}", "on-demand": {by_hand}, "on": {{"create": true}},
                     "actions": [{{"stop": {{"as": "succeeded"}}}}]}}"#
            ),
        );
        let id = text(&admin.json(&["workflow", "create", "w.json"]), "id");
        let shown = admin.run(&["workflow", "show", &id]);
        assert!(
            shown.stdout.contains(&format!("runs as        {told}\n")) || shown.stdout.contains(told),
            "{shown:?}"
        );
        assert!(!shown.stdout.contains("Calling User"), "{shown:?}");
        let caller = admin.json(&["workflow", "show", &id])["runas"].clone();
        assert_eq!(caller, if mode == "real-time" { "caller" } else { "owner" });
    }
}

#[test]
fn what_if_tells_whom_a_workflow_would_stop() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["settings", "set", "trace.requests", "all"]);
    world.write(
        "stop.json",
        r#"{"name": "Stop", "table": "account", "on": {"create": true}, "scope": "organization",
            "actions": [{"stop": {"as": "canceled", "message": "not today"}}]}"#,
    );
    admin.json(&["workflow", "create", "stop.json"]);
    admin.json(&["row", "create", "account", "name=Novak"]);
    let would = admin.run(&["workflow", "activate", "Stop", "--what-if"]);
    assert!(would.stdout.contains("refused: 0x80040265, in \"Stop\""), "{would:?}");
    assert_eq!(
        admin.json(&["workflow", "show", "Stop"])["active"],
        false,
        "nothing was changed"
    );
    admin.json(&["workflow", "activate", "Stop"]);
    admin.refused(&["row", "create", "account", "name=Berg"]);
    let would = admin.run(&["workflow", "deactivate", "Stop", "--what-if"]);
    assert!(would.stdout.contains("refused: 0x80040265, in \"Stop\""), "{would:?}");
    assert_eq!(admin.json(&["workflow", "show", "Stop"])["active"], true);
}

#[test]
fn lists_that_end_by_themselves_say_so() {
    let world = World::empty();
    let admin = world.admin();
    world.write(
        "w.json",
        r#"{"name": "w", "table": "account", "mode": "background", "on": {"create": true},
            "actions": [{"create": {"table": "task", "set": {"subject": "a"}}}, {"create": {"table": "task", "set": {"subject": "b"}}}]}"#,
    );
    admin.json(&["settings", "set", "trace.requests", "all"]);
    admin.json(&["workflow", "create", "w.json", "--activate"]);
    for name in ["a", "b", "c"] {
        admin.json(&["row", "create", "account", &format!("name={name}")]);
    }
    let job = text(&list(&admin.json(&["jobs", "list"]))[0], "asyncoperationid");
    for arguments in [
        &["jobs", "list"][..],
        &["workflow", "log"],
        &["workflow", "log", "--job", &job],
        &["trace", "list", "--requests"],
        &["trace", "search", "account"],
        &["audit", "list"],
        &["activity", "list"],
    ] {
        let with = |more: &[&str]| admin.run(&[arguments, more].concat());
        let run = with(&["--top", "1", "--json"]);
        assert_eq!(
            (list(&run.json()).len(), &run.json()["more"]),
            (1, &true.into()),
            "{arguments:?}: {run:?}"
        );
        assert!(
            with(&["--top", "1", "-o", "id"]).says("there are more than these 1"),
            "{arguments:?}"
        );
        assert!(
            with(&["--top", "1", "-o", "table"])
                .stdout
                .contains("there are more than these 1"),
            "{arguments:?}"
        );
        let all = with(&["--json", "--top", "5000"]).json();
        assert!(
            list(&all).len() > 1 && all.get("more").is_none(),
            "{arguments:?}: {all}"
        );
    }
}
