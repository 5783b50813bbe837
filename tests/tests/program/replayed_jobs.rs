//! `kill -9` in the middle of the plug-in of a job: its calls that were answered are not made again.

use serde_json::Value;
use sluice_tests::world::{World, guest, id, list, probe_step, text, wait_until};

/// The words that register a step of the probe behind each new contact.
fn in_background<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let more = [&["--stage", "post-operation", "--mode", "async"], more].concat();
    probe_step("Create", "contact", &more)
}

fn job(world: &World) -> Value {
    let jobs = list(&world.admin().json(&["jobs", "list"]));
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs[0].clone()
}

/// A process that was killed in a job that had made two accounts, the second one named after the time,
/// and then did not end.
fn killed() -> (World, String) {
    let world = World::empty();
    world
        .admin()
        .json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    let script = "create account name One\nread account\ncreate-now account name\nspin";
    let step = id(&world.admin().json(&in_background(&[
        "--grant",
        "clock",
        "--config",
        script,
        "--limits",
        r#"{"cpu": 30000, "wall": 60000}"#,
    ])));
    let mut child = world.admin().start(&["row", "create", "contact", "lastname=Ng"]);
    wait_until(|| world.count("account", "") == 2);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(job(&world)["interrupted"], true);
    (world, step)
}

fn script(world: &World, step: &str, script: &str) {
    world.admin().json(&["step", "update", step, "--config", script]);
}

#[test]
fn calls_that_were_answered_are_not_made_again() {
    let (world, step) = killed();
    let goes_on = "create account name One\nread account\ncreate-now account name\ncreate account name Three";
    script(&world, &step, goes_on);
    let ran = world.admin().json(&["jobs", "run"]);
    assert_eq!(ran["value"][0]["state"], "succeeded", "{ran}");
    assert_eq!(world.count("account", ""), 3, "the time was told as before, too");
    assert_eq!(world.count("account", "name eq 'One'"), 1);
    assert_eq!(job(&world)["statuscode"], 30);
    assert_eq!(world.admin().json(&["jobs", "run"])["value"], serde_json::json!([]));
}

#[test]
fn a_run_that_asks_something_else_is_not_repeatable() {
    let (world, step) = killed();
    script(
        &world,
        &step,
        "create account name One\nread contact\ncreate account name Three",
    );
    let ran = world.admin().run(&["jobs", "run", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let failed = job(&world);
    assert_eq!(failed["statuscode"], 31);
    let told = text(&failed, "message");
    assert!(
        told.contains("RetrieveMultiple account") && told.contains("RetrieveMultiple contact"),
        "both calls: {told}"
    );
    assert_eq!(world.count("account", ""), 2);

    // It can be run from its beginning.
    let job = text(&failed, "asyncoperationid");
    let again = world.admin().json(&["jobs", "retry", &job]);
    assert_eq!(again["state"], "succeeded", "{again}");
    assert_eq!(world.count("account", ""), 4);
}

#[test]
fn a_run_that_ends_before_it_came_as_far_is_not_repeatable() {
    let (world, step) = killed();
    script(&world, &step, "create account name One");
    assert_eq!(world.admin().run(&["jobs", "resume", "--json"]).code, 1);
    let told = text(&job(&world), "message");
    assert!(told.contains("ends without asking for it"), "{told}");
    assert_eq!(world.count("account", ""), 2);
}

#[test]
fn two_processes_run_each_job_once() {
    let world = World::empty();
    world
        .admin()
        .json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    let config = ["--config", "until-attempt 2 later\ncreate account name ByJob"];
    let step = id(&world.admin().json(&in_background(&config)));
    let rows: Vec<String> = (0..20).map(|n| format!("Ng {n}")).collect();
    for name in &rows {
        world
            .admin()
            .json(&["row", "create", "contact", &format!("lastname={name}")]);
    }
    let jobs = list(&world.admin().json(&["jobs", "list"]));
    assert_eq!(jobs.len(), 20);
    for job in &jobs {
        let id = text(job, "asyncoperationid");
        world
            .admin()
            .json(&["row", "update", "asyncoperation", &id, "statecode=0"]);
    }
    let mut both = [
        world.admin().start(&["jobs", "run"]),
        world.admin().start(&["jobs", "run"]),
    ];
    for process in &mut both {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(world.count("account", ""), 20);
    assert!(
        list(&world.admin().json(&["jobs", "list"]))
            .iter()
            .all(|job| job["statuscode"] == 30)
    );
    assert!(!step.is_empty());
}

/// How many rows of a table have a name in a column.
fn named(world: &World, table: &str, column: &str, name: &str) -> usize {
    world.count(table, &format!("{column} eq '{name}'"))
}

/// A chain of a plug-in that is tried again and a workflow of two actions is killed wherever it is: in the end,
/// everything was done as often as it should have been.
#[test]
fn whatever_is_killed_is_done_once() {
    let world = World::empty();
    let admin = world.admin();
    admin.json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    let script =
        "create account name A\nread account\ncreate account name B\nuntil-attempt 2 later\ncreate account name C";
    admin.json(&in_background(&["--config", script]));
    world.write(
        "chain.json",
        r#"{"name": "Chain", "table": "account", "mode": "background", "scope": "organization", "on": {"create": true},
            "actions": [{"check": {"if": {"compare": {"column": "name", "is": "eq", "value": "C"}}, "then": [
                {"create": {"table": "task", "set": {"subject": "one"}}},
                {"create": {"table": "task", "set": {"subject": "two"}}}]}}]}"#,
    );
    admin.json(&["workflow", "create", "chain.json", "--activate"]);
    let kill_after = |arguments: &[&str], milliseconds: u64| {
        let mut child = admin.start(arguments);
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
    };
    admin.json(&["row", "create", "contact", "lastname=First"]);
    for moment in [120, 240, 360] {
        kill_after(&["row", "create", "contact", "lastname=Killed"], moment);
    }
    for moment in (40..520).step_by(40) {
        for job in list(&admin.json(&["jobs", "list", "--open"])) {
            if job["statuscode"] == 10 {
                admin.json(&[
                    "row",
                    "update",
                    "asyncoperation",
                    &text(&job, "asyncoperationid"),
                    "statecode=0",
                ]);
            }
        }
        kill_after(&["jobs", "run"], moment);
    }
    for _ in 0..4 {
        for job in list(&admin.json(&["jobs", "list", "--open"])) {
            // One that asks to be tried again is told as one that waits.
            admin.run(&["jobs", "resume", &text(&job, "asyncoperationid")]);
        }
    }
    let contacts = world.count("contact", "");
    for (name, times) in [("A", 2), ("B", 2), ("C", 1)] {
        assert_eq!(named(&world, "account", "name", name), times * contacts, "{name}");
    }
    for subject in ["one", "two"] {
        assert_eq!(named(&world, "task", "subject", subject), contacts, "{subject}");
    }
    let jobs = list(&admin.json(&["jobs", "list"]));
    assert!(jobs.iter().all(|job| job["statuscode"] == 30), "{jobs:?}");
}
