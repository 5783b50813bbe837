//! Workflows in the background: as whom they run, that they go on where they stood, what they wait
//! for, and what stops one that goes round in circles.

use std::sync::{Arc, atomic::AtomicBool};

use serde_json::json;
use sluice_engine::{Env, JobState};
use sluice_model::{Depth, Filter, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_tests::{Organisation, clock::Clock, people};

use crate::world::{Workplace, account, is, run, seller, spec, switch, task};

/// A definition of a workflow in the background.
pub fn background(name: &str, more: &serde_json::Value, actions: serde_json::Value) -> String {
    let mut whole = more.clone();
    whole["mode"] = json!("background");
    spec(name, &whole, actions)
}

pub fn on_create() -> serde_json::Value {
    json!({ "on": { "create": true } })
}

/// The runs, in the order in which they began.
pub fn jobs(world: &Workplace) -> Vec<Row> {
    let runs = Query::new("asyncoperation").filter(Filter::eq("operationtype", Value::Choice(10)));
    world.admin.list(runs.order_by("createdon"))
}

pub fn status(job: &Row) -> (i32, i32) {
    (job.int("statecode").unwrap(), job.int("statuscode").unwrap())
}

pub fn resume(world: &Workplace, job: Uuid) -> JobState {
    world
        .admin
        .0
        .run_job(job, &AtomicBool::new(false), &|_| {})
        .unwrap()
        .state
}

pub const SUCCEEDED: (i32, i32) = (3, 30);
pub const WAITING: (i32, i32) = (1, 10);

/// An organisation whose time is the test's.
pub fn at_nine() -> (Workplace, Arc<Clock>) {
    let clock = Arc::new(Clock::at("2026-03-02T09:00:00Z"));
    let env: Arc<dyn Env> = clock.clone();
    let org = Organisation::empty_with(&env);
    let admin = org.admin();
    (Workplace { org, admin }, clock)
}

#[test]
fn it_runs_as_its_owner_once_the_request_is_committed() {
    let world = Workplace::new();
    let text = background(
        "later",
        &on_create(),
        json!([task(json!({ "column": "name" })), task(json!("second"))]),
    );
    let id = world.active(&text);
    let clerk = people::user(
        &world.org,
        "clerk",
        &people::privileges(&["Create", "Read"], &["Account"], Depth::User),
    );
    let row = clerk.create(account("Novak"));
    assert_eq!(world.told(), ["Novak", "second"]);
    let job = jobs(&world).remove(0);
    assert_eq!(status(&job), SUCCEEDED);
    assert_eq!(job.id_of("ownerid"), Some(world.admin.id()));
    assert_eq!(job.id_of("workflowactivationid"), Some(id));
    assert_eq!(job.lookup("regardingobjectid"), Some(&Reference::new("account", row)));
}

/// What a run in the background would be refused is told before anybody sends the request, and no run
/// is left of it.
#[test]
fn a_trial_runs_what_would_run_in_the_background() {
    let world = Workplace::new();
    let verbs = ["Create", "Read", "Write", "Append", "AppendTo"];
    let mut rights = people::privileges(&verbs, &["Account"], Depth::Organization);
    rights.extend(people::privileges(
        &["Create", "Read", "Write"],
        &["Workflow"],
        Depth::Organization,
    ));
    let owner = people::user(&world.org, "owner", &rights);
    let text = background("later", &on_create(), json!([task(json!("made"))]));
    let id = owner.create(sluice_platform::WorkflowSpec::parse(&text).unwrap().row());
    switch(&owner, id, true).unwrap();
    let request = Request::create(account("Novak"));
    let found = world.admin.0.isolate(world.admin.id(), &request).unwrap();
    assert!(found.passes && found.culprits.is_empty(), "{found:#?}");
    let [failure] = found.background.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(failure.error.body().privilege.as_deref(), Some("prvCreateActivity"));
    assert_eq!(failure.error.body().step.as_ref().map(|step| step.id), Some(id));
    assert!(jobs(&world).is_empty() && world.told().is_empty());
    let role = world.admin.find("role", "role of owner");
    people::grant(
        &world.org,
        role,
        &people::privileges(&["Create"], &["Activity"], Depth::User),
    );
    let found = world.admin.0.isolate(world.admin.id(), &request).unwrap();
    assert!(found.passes && found.background.is_empty(), "{found:#?}");
    assert!(jobs(&world).is_empty() && world.told().is_empty());
}

#[test]
fn a_request_that_fails_starts_nothing() {
    let world = Workplace::new();
    world.active(&background("later", &on_create(), json!([task(json!("later"))])));
    let refuse = json!([{ "stop": { "as": "canceled", "message": "no" } }]);
    world.active(&spec("guard", &on_create(), refuse));
    world.admin.try_create(account("Novak")).unwrap_err();
    assert!(jobs(&world).is_empty() && world.told().is_empty());
}

#[test]
fn by_hand_it_runs_as_whoever_asks() {
    let world = Workplace::new();
    let id = world.active(&background(
        "by hand",
        &json!({ "on-demand": true }),
        json!([task(json!("ran"))]),
    ));
    let mut rights = people::privileges(&["Create", "Read", "Write"], &["Account", "Activity"], Depth::User);
    rights.extend(people::privileges(&["Read"], &["Workflow"], Depth::Organization));
    rights.push(("prvWorkflowExecution".to_owned(), Depth::Organization));
    let clerk = people::user(&world.org, "clerk", &rights);
    let row = clerk.create(account("Novak"));
    run(&clerk, id, row).unwrap();
    let tasks = world.admin.list(Query::new("task").columns(&["ownerid"]));
    assert_eq!(tasks[0].id_of("ownerid"), Some(clerk.id()));
    assert_eq!(jobs(&world)[0].id_of("ownerid"), Some(clerk.id()));
}

#[test]
fn what_it_is_refused_suspends_it_and_it_goes_on_there() {
    let world = Workplace::new();
    let verbs = ["Create", "Read", "Write", "Append", "AppendTo"];
    let mut rights = people::privileges(&verbs, &["Account"], Depth::Organization);
    rights.extend(people::privileges(
        &["Create", "Read", "Write"],
        &["Workflow"],
        Depth::Organization,
    ));
    let owner = people::user(&world.org, "owner", &rights);
    let actions = json!([
        { "update": { "set": { "description": { "text": [{ "column": "description" }, "x"] } } } },
        task(json!("made")),
    ]);
    let text = background("later", &on_create(), actions);
    let id = owner.create(sluice_platform::WorkflowSpec::parse(&text).unwrap().row());
    switch(&owner, id, true).unwrap();
    let row = world.admin.create(account("Novak"));
    let job = jobs(&world).remove(0);
    assert_eq!(status(&job), WAITING);
    assert!(job.text("message").unwrap().contains("prvCreateActivity"), "{job:?}");
    assert_eq!(job.text("friendlymessage"), Some("2: create a row of task"));
    assert!(world.told().is_empty());
    let correlation = job.id_of("correlationid").unwrap().to_string();
    let tree = world.org.program().run(&["trace", "tree", &correlation]).stdout;
    assert!(
        tree.contains("✗ workflow \"later\"") && tree.contains("call Create task"),
        "{tree}"
    );
    // What was mended lets it go on where it stood: what it had done is not done twice.
    let role = world.admin.find("role", "role of owner");
    people::grant(
        &world.org,
        role,
        &people::privileges(&verbs, &["Activity"], Depth::Organization),
    );
    assert_eq!(resume(&world, job.id), JobState::Succeeded);
    assert_eq!(world.told(), ["made"]);
    assert_eq!(world.admin.get("account", row).text("description"), Some("x"));
    assert_eq!(world.admin.get("asyncoperation", job.id).text("message"), None);
}

#[test]
fn one_that_is_suspended_can_be_cancelled_and_a_disabled_owner_suspends() {
    let world = Workplace::new();
    let owner = seller(&world.org, "owner", Depth::Organization);
    let id = world.draft(&background("later", &on_create(), json!([task(json!("made"))])));
    let to = Reference::new("systemuser", owner.id());
    world.admin.update(Row::new("workflow", id).with("ownerid", to));
    switch(&world.admin, id, true).unwrap();
    world
        .admin
        .update(Row::new("systemuser", owner.id()).with("isdisabled", true));
    world.admin.create(account("Novak"));
    let job = jobs(&world).remove(0);
    assert_eq!(status(&job), WAITING);
    let cancel = Row::new("asyncoperation", job.id)
        .with("statecode", Value::Choice(3))
        .with("statuscode", Value::Choice(32));
    world.admin.update(cancel);
    assert_eq!(resume(&world, job.id), JobState::Canceled);
    assert!(world.told().is_empty());
}

#[test]
fn it_stops_as_succeeded_or_canceled_with_its_words() {
    let world = Workplace::new();
    let stop = |ending: &str| json!([{ "stop": { "as": ending, "message": { "column": "name" } } }, task(json!("no"))]);
    for ending in ["succeeded", "canceled"] {
        world.active(&background(ending, &on_create(), stop(ending)));
    }
    world.admin.create(account("Novak"));
    let ended: Vec<_> = jobs(&world)
        .iter()
        .map(|job| {
            (
                job.text("name").unwrap().to_owned(),
                status(job),
                job.text("message").map(str::to_owned),
            )
        })
        .collect();
    let told = Some("Novak".to_owned());
    for expected in [
        ("succeeded".to_owned(), SUCCEEDED, told.clone()),
        ("canceled".to_owned(), (3, 32), told),
    ] {
        assert!(ended.contains(&expected), "{ended:?}");
    }
    assert!(world.told().is_empty());
}

#[test]
fn it_waits_for_a_point_in_time() {
    let (world, clock) = at_nine();
    let actions = json!([{ "wait": { "until": { "now": { "days": 2 } } } }, task(json!("later"))]);
    world.active(&background("later", &on_create(), actions));
    world.admin.create(account("Novak"));
    let job = jobs(&world).remove(0);
    assert_eq!(status(&job), WAITING);
    let until = job.get("postponeuntil").and_then(Value::as_time).unwrap();
    assert!(until.to_string().starts_with("2026-03-04T09:00"), "{until}");
    assert_eq!(world.admin.0.due_jobs().unwrap(), Vec::<Uuid>::new());
    assert_eq!(resume(&world, job.id), JobState::Waiting, "its time has not come");
    clock.set("2026-03-04T09:05:00Z");
    assert_eq!(world.admin.0.due_jobs().unwrap(), [job.id]);
    assert_eq!(resume(&world, job.id), JobState::Succeeded);
    assert_eq!(world.told(), ["later"]);
}

#[test]
fn it_waits_for_a_condition_and_ends_on_the_version_on_which_it_began() {
    let world = Workplace::new();
    let actions = |told: &str| json!([{ "wait": { "for": is("fax", json!("1")) } }, task(json!(told))]);
    let id = world.active(&background("later", &on_create(), actions("first")));
    let row = world.admin.create(account("Novak"));
    assert_eq!(status(&jobs(&world)[0]), WAITING);
    world.admin.update(Row::new("account", row).with("telephone1", "1"));
    world.admin.update(Row::new("account", row).with("fax", "2"));
    assert!(world.told().is_empty());
    switch(&world.admin, id, false).unwrap();
    let change = json!({ "actions": actions("second") }).to_string();
    world.admin.update(Row::new("workflow", id).with("clientdata", change));
    switch(&world.admin, id, true).unwrap();
    world.admin.update(Row::new("account", row).with("fax", "1"));
    assert_eq!(world.told(), ["first"]);
    assert_eq!(status(&jobs(&world)[0]), SUCCEEDED);
}

/// A run that waits for a row which its owner may not see is suspended; once he may, it waits as if
/// nothing had been.
#[test]
fn what_was_mended_is_not_told_of_a_run_that_waits_again() {
    let world = Workplace::new();
    let mut rights = people::privileges(
        &["Create", "Read", "Write"],
        &["Account", "Workflow"],
        Depth::Organization,
    );
    rights.extend(people::privileges(
        &["Append", "AppendTo"],
        &["Account"],
        Depth::Organization,
    ));
    let owner = people::user(&world.org, "owner", &rights);
    let name = json!({ "compare": { "column": "lastname", "row": { "related": "primarycontactid" },
                                    "is": "eq", "value": "Berg" } });
    let text = background("later", &on_create(), json!([{ "wait": { "for": name } }]));
    let id = owner.create(sluice_platform::WorkflowSpec::parse(&text).unwrap().row());
    switch(&owner, id, true).unwrap();
    let person = world.admin.create(Row::unsaved("contact").with("lastname", "Wu"));
    let person = Reference::new("contact", person);
    world.admin.create(account("Novak").with("primarycontactid", person));
    let job = jobs(&world).remove(0);
    assert_eq!((status(&job), job.bool("iswaitingforevent")), (WAITING, Some(false)));
    assert!(
        job.text("friendlymessage").is_some() && job.int("errorcode").is_some(),
        "{job:?}"
    );
    let role = world.admin.find("role", "role of owner");
    people::grant(
        &world.org,
        role,
        &people::privileges(&["Read"], &["Contact"], Depth::Organization),
    );
    assert_eq!(resume(&world, job.id), JobState::Waiting);
    let job = jobs(&world).remove(0);
    assert_eq!((status(&job), job.bool("iswaitingforevent")), (WAITING, Some(true)));
    for column in ["message", "errorcode", "friendlymessage"] {
        assert!(job.get(column).is_none_or(Value::is_null), "{column}: {job:?}");
    }
}

/// Two changes in one transaction wake a run once: what it is refused, it is refused once.
#[test]
fn a_run_that_is_woken_twice_at_once_goes_on_once() {
    let world = Workplace::new();
    let missing = json!({ "update": { "row": { "related": "primarycontactid" }, "set": { "fax": "1" } } });
    let wait = json!({ "wait": { "for": is("fax", json!("1")) } });
    world.active(&background("later", &on_create(), json!([wait, missing])));
    let change = |column: &str| json!({ "update": { "set": { column: "1" } } });
    let more = json!({ "on": { "update": ["telephone1"] } });
    world.active(&spec("twice", &more, json!([change("fax"), change("fax")])));
    let row = world.admin.create(account("Novak"));
    world.org.program().json(&["settings", "set", "trace", "all"]);
    world.admin.update(Row::new("account", row).with("telephone1", "1"));
    let job = jobs(&world).remove(0);
    assert_eq!((status(&job), job.bool("iswaitingforevent")), (WAITING, Some(false)));
    let of_run = Filter::eq("sl_correlationid", job.id_of("correlationid").unwrap());
    let refused = of_run.and(Filter::eq("sl_succeeded", false));
    let refusals = world.admin.list(Query::new("sl_messagetrace").filter(refused));
    assert_eq!(refusals.len(), 1, "{refusals:?}");
}

#[test]
fn a_run_that_was_left_is_gone_on_with_by_another_process() {
    let world = Workplace::new();
    let actions = json!([task(json!("one")), { "wait": { "for": is("fax", json!("1")) } }, task(json!("two"))]);
    world.active(&background("later", &on_create(), actions));
    let row = world.admin.create(account("Novak"));
    let other = world.org.second_process().session_of("admin").unwrap();
    let change = Row::new("account", row).with("fax", "1");
    other.execute(Request::update(change)).unwrap();
    assert_eq!(world.told(), ["one", "two"]);
}

#[test]
fn a_deleted_row_suspends_what_works_on_it() {
    let world = Workplace::new();
    let more = json!({ "on": { "delete": true }, "scope": "user" });
    let actions = json!([{ "update": { "set": { "fax": "1" } } }]);
    world.active(&background("gone", &more, actions));
    let id = world.admin.create(account("Novak"));
    world.admin.try_delete("account", id).unwrap();
    let job = jobs(&world).remove(0);
    assert_eq!(status(&job), WAITING);
    assert!(job.text("message").unwrap().contains("Does Not Exist"), "{job:?}");
}

#[test]
fn a_run_that_succeeded_is_removed_where_that_is_asked_for() {
    let world = Workplace::new();
    let more = json!({ "on": { "create": true }, "auto-delete": true });
    world.active(&background("quiet", &more, json!([task(json!("done"))])));
    world.admin.create(account("Novak"));
    assert_eq!(world.told(), ["done"]);
    assert!(jobs(&world).is_empty());
}

#[test]
fn what_waits_does_not_run_in_real_time() {
    let world = Workplace::new();
    let waits = json!([{ "wait": { "until": { "now": { "days": 1 } } } }]);
    let id = world.draft(&spec("w", &on_create(), waits));
    let error = switch(&world.admin, id, true).unwrap_err();
    assert!(error.message().contains("in the background only"), "{error}");
    for (wait, told) in [
        (json!({}), "a wait has a point in time"),
        (json!({ "until": "soon" }), "no point in time"),
    ] {
        let text = background("w", &on_create(), json!([{ "wait": wait }]));
        let row = sluice_platform::WorkflowSpec::parse(&text).unwrap().row();
        let error = world.admin.try_create(row).unwrap_err();
        assert!(error.message().contains(told), "{error}");
    }
}

#[test]
fn the_log_shows_the_runs() {
    let world = Workplace::new();
    world.active(&background("later", &on_create(), json!([task(json!("done"))])));
    world.admin.create(account("Novak"));
    let program = world.org.program();
    let log = program.json(&["workflow", "log", "later"]);
    assert_eq!(log["value"][0]["status"], "Succeeded", "{log}");
    assert_eq!(log["value"][0]["primaryentitytype"], "account");
    // A run stays on record when its workflow is gone.
    program.json(&["workflow", "deactivate", "later"]);
    program.json(&["workflow", "delete", "later"]);
    assert_eq!(jobs(&world).len(), 1);
}

/// A definition may hold the configuration of a plug-in: a run shows where it stands, not by what.
#[test]
fn a_run_does_not_show_its_definition() {
    let world = Workplace::new();
    let actions = json!([{ "wait": { "for": { "compare": { "column": "fax", "is": "eq", "value": "secret" } } } }]);
    world.active(&background("later", &on_create(), actions));
    world.admin.create(account("Novak"));
    let job = jobs(&world).remove(0);
    let data = job.text("data").unwrap();
    assert!(data.contains("\"at\"") && !data.contains("secret"), "{data}");
    let asked = Query::new("asyncoperation").filter(Filter::Compare {
        column: "data".into(),
        comparison: sluice_model::Comparison::Contains,
        value: Value::from("secret"),
    });
    assert!(world.admin.0.list(asked).is_err(), "what is not shown is not searched");
}
