//! `kill -9` while a job runs and before one runs: the jobs are there, marked, and can be gone on
//! with.

use serde_json::Value;
use sluice_tests::world::{World, guest, id, list, text, wait_until};

fn jobs(world: &World) -> Vec<Value> {
    let mut jobs = list(&world.admin().json(&["jobs", "list"]));
    jobs.sort_by_key(|job| text(job, "createdon") + &text(job, "name"));
    jobs
}

/// Two asynchronous steps: the first one's plug-in never ends, the second one makes an account.
fn world() -> (World, String) {
    let world = World::empty();
    for name in ["hostile", "probe"] {
        world.admin().json(&["plugin", "push", &guest(name), "--name", name]);
    }
    let register = |plugin: &str, more: &[&str]| {
        let step = [
            "step",
            "register",
            "--plugin",
            plugin,
            "--message",
            "Create",
            "--table",
            "contact",
            "--stage",
            "post-operation",
            "--mode",
            "async",
        ];
        id(&world.admin().json(&[&step[..], more].concat()))
    };
    let loops = register(
        "hostile/loops",
        &["--rank", "1", "--name", "A loops", "--limits", r#"{"cpu": 30000}"#],
    );
    register(
        "probe/probe",
        &[
            "--rank",
            "2",
            "--name",
            "B makes",
            "--config",
            "create account name ByJob",
        ],
    );
    (world, loops)
}

/// The process that made a contact is killed in the middle of the first job.
fn killed(world: &World) -> Vec<Value> {
    let mut child = world.admin().start(&["row", "create", "contact", "lastname=Ng"]);
    wait_until(|| jobs(world).iter().any(|job| job["statuscode"] == 20));
    let running = jobs(world);
    let running = running.iter().find(|job| job["statuscode"] == 20).unwrap();
    assert_eq!(
        (&running["statecode"], &running["interrupted"]),
        (&2.into(), &false.into())
    );
    for column in ["startedon", "_regardingobjectid_value", "_owningextensionid_value"] {
        assert!(running[column].is_string(), "{column}: {running}");
    }
    let refused = world
        .admin()
        .run(&["jobs", "cancel", &text(running, "asyncoperationid"), "--json"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    let left: Vec<Value> = jobs(world)
        .into_iter()
        .filter(|job| job["interrupted"] == true)
        .collect();
    let states: Vec<_> = left.iter().map(|job| (&job["statecode"], &job["statuscode"])).collect();
    assert_eq!(states, [(&2.into(), &20.into()), (&0.into(), &0.into())]);
    left
}

#[test]
fn jobs_of_a_killed_process_are_gone_on_with() {
    let (world, loops) = world();
    killed(&world);
    assert_eq!(world.count("contact", ""), 1, "what set them off is committed");
    assert_eq!(world.count("account", ""), 0);
    // The step is run as it is registered by then: with less time, it ends.
    world
        .admin()
        .json(&["step", "update", &loops, "--limits", r#"{"cpu": 50}"#]);
    let resumed = world.admin().run(&["jobs", "resume", "--json"]);
    assert_eq!(resumed.code, 1, "one of them fails: {resumed:?}");
    let states: Vec<_> = jobs(&world).iter().map(|job| job["statuscode"].clone()).collect();
    assert_eq!(states, [31, 30]);
    assert_eq!(world.count("account", ""), 1);
    assert_eq!(world.admin().json(&["jobs", "resume"])["value"], serde_json::json!([]));
}

#[test]
fn jobs_of_a_killed_process_can_be_canceled() {
    let (world, _) = world();
    for job in killed(&world) {
        world.admin().json(&["jobs", "cancel", &text(&job, "asyncoperationid")]);
    }
    assert_eq!(world.admin().json(&["jobs", "resume"])["value"], serde_json::json!([]));
    assert!(jobs(&world).iter().all(|job| job["statuscode"] == 32));
    assert_eq!(world.count("account", ""), 0);
}
