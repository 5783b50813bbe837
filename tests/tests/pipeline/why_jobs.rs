//! Why work in the background failed: its job says so, what is told first cures it, and nothing else has
//! changed meanwhile.

use std::sync::atomic::AtomicBool;

use sluice_engine::{GoesOn, JobState, Refused};
use sluice_model::{Code, Depth, Query, Request, Row, Uuid};
use sluice_platform::{Fix, Isolation, prelude::*};
use sluice_tests::{people, world::text};

use crate::{
    why::{WATCHED, campaigns, kinds, steps},
    world::{PRE_OPERATION, Pipeline, contact, job, probe},
};

fn failed(world: &Pipeline) -> Row {
    let jobs = world.admin.list(Query::new("asyncoperation"));
    let failed = jobs.into_iter().find(|job| job.int("statuscode") == Some(31));
    failed.expect("a job has failed")
}

fn why(world: &Pipeline, which: Uuid) -> (Refused, Isolation) {
    let before = world.counts(WATCHED);
    let found = world.admin.0.why(Some(which)).unwrap();
    assert_eq!(world.counts(WATCHED), before, "nothing has changed");
    found
}

/// Sends the cure, and has the job run once more.
fn cure(world: &Pipeline, job: Uuid, found: &Isolation) {
    for fix in &found.cure.as_ref().unwrap().fixes {
        world.admin.0.execute_all(&fix.requests()).unwrap();
    }
    world.seller.0.retry_job(job).unwrap();
    let outcome = world.seller.0.run_job(job, &AtomicBool::new(false), &|_| {}).unwrap();
    assert_eq!(outcome.state, JobState::Succeeded, "{outcome:?}");
}

#[test]
fn a_job_of_a_step_that_lacks_a_privilege_is_cured() {
    let world = Pipeline::new();
    let step = world.step(&job("Create", "contact", &campaigns("read")));
    world.create(&world.seller, contact()).created();
    let row = failed(&world);
    let correlation = row.id_of("correlationid").unwrap();
    for which in [row.id, correlation] {
        let (refused, found) = why(&world, which);
        let Refused::Job(job) = &refused else {
            panic!("{refused:?}")
        };
        assert_eq!((job.id, job.runs, job.goes_on), (row.id, step, GoesOn::Again));
        assert_eq!((job.acting.user, job.acting.caller), (world.seller.id(), None));
        assert_eq!(steps(&found), [Some(step)]);
        assert_eq!(
            found.culprits[0].error.body().privilege.as_deref(),
            Some("prvReadCampaign")
        );
        assert_eq!(kinds(&found), ["grant"]);
        let all: Vec<&str> = found.culprits[0].fixes().iter().map(Fix::kind).collect();
        assert!(
            !all.contains(&"disable"),
            "a job without its step does not run: {all:?}"
        );
    }
    let (_, found) = why(&world, row.id);
    cure(&world, row.id, &found);
    let error = world.admin.0.why(Some(row.id)).unwrap_err();
    assert!(error.message().contains("has not failed"), "{error}");
}

#[test]
fn what_a_job_sets_off_is_named_and_may_be_disabled() {
    let world = Pipeline::new();
    world.step(&job("Create", "contact", "create task subject Call"));
    let inner = world.step(&probe(PRE_OPERATION, "Create", "task", &campaigns("read")));
    world.create(&world.seller, contact()).created();
    let row = failed(&world);
    let (_, found) = why(&world, row.id);
    assert_eq!(steps(&found), [Some(inner)]);
    let all: Vec<&str> = found.culprits[0].fixes().iter().map(Fix::kind).collect();
    assert!(all.contains(&"disable"), "{all:?}");
    cure(&world, row.id, &found);
}

#[test]
fn whoever_set_a_job_off_looks_at_it_and_nobody_else() {
    let world = Pipeline::new();
    world.step(&job("Create", "contact", &campaigns("read")));
    world.create(&world.seller, contact()).created();
    let row = failed(&world);
    let (_, found) = world.seller.0.why(Some(row.id)).unwrap();
    assert!(found.is_own && found.culprits.len() == 1, "{found:#?}");
    // The newest of what was refused to them is the job.
    let (refused, _) = world.seller.0.why(None).unwrap();
    assert!(matches!(refused, Refused::Job(job) if job.id == row.id));
    world.create(&world.admin, contact()).created();
    world.step(&job("Create", "account", "refuse no"));
    world.admin.create(Row::unsaved("account").with("name", "Theirs"));
    let jobs = world.admin.list(Query::new("asyncoperation"));
    let theirs = jobs.iter().find(|job| job.text("message") == Some("no")).unwrap();
    let error = world.seller.0.why(Some(theirs.id)).unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvActOnBehalfOfAnotherUser"));
}

#[test]
fn the_program_leads_from_a_job_to_its_cure() {
    let world = Pipeline::new();
    world.step(&job("Create", "contact", &campaigns("read")));
    world.create(&world.seller, contact()).created();
    let row = failed(&world);
    let program = world.org.program();
    let id = row.id.to_string();
    let shown = program.json(&["jobs", "show", &id]);
    assert_eq!(shown["code"], "0x80040220", "{shown:#}");
    assert!(!shown["correlationid"].is_null());
    let shown = program.run(&["jobs", "show", &id]).stdout;
    assert!(
        shown.contains("0x80040220") && shown.contains(&format!("sluice why {id}")),
        "{shown}"
    );
    // What is handed on tells the job, or the request that set it off where that was recorded, and what helps.
    let correlation = row.id_of("correlationid").unwrap().to_string();
    let bundle = program.json(&["support", "bundle", "--correlation", &correlation]);
    let request = &bundle["request"];
    assert!(
        request["unknown"].is_null() && request["message"] == "Create",
        "{request:#}"
    );
    assert_eq!(bundle["access"]["culprits"][0]["error"]["code"], "0x80040220");
    let told = program.run(&["why", &id]).stdout;
    assert!(
        told.contains("prvReadCampaign") && told.contains("sluice role grant"),
        "{told}"
    );
    let retry = told.find(&format!("sluice jobs retry {id}")).unwrap();
    assert!(told.find("sluice role grant").unwrap() < retry, "{told}");
    let document = program.json(&["why", &id]);
    assert_eq!(text(&document["job"], "id"), id);
    // A case of its call runs again, too.
    let case = program.json(&["trace", "export", &id]);
    assert!(!case["context"].is_null(), "{case:#}");
}

#[test]
fn a_job_that_cannot_be_tried_says_so() {
    let world = Pipeline::new();
    let error = world.admin.0.why(Some(Uuid::from_u128(9))).unwrap_err();
    assert_eq!(error.code(), Code::NOT_FOUND);
    world.step(&job("Create", "contact", "trace fine"));
    world.create(&world.seller, contact()).created();
    let jobs = world.admin.list(Query::new("asyncoperation"));
    let error = world.admin.0.why(Some(jobs[0].id)).unwrap_err();
    assert!(error.message().contains("has not failed"), "{error}");
    world.admin.0.execute(Request::delete(jobs[0].reference())).unwrap();
}

/// A refusal of who is disabled leaves a trace, and is looked into like any other.
#[test]
fn who_is_disabled_is_enabled_again() {
    let world = Pipeline::new();
    let disable = Row::new("systemuser", world.seller.id()).with("isdisabled", true);
    world.admin.update(disable);
    let request = Request::create(contact());
    let found = crate::why::why(&world, &world.admin, &world.seller, &request);
    assert_eq!(found.culprits[0].error.code(), Code::USER_DISABLED);
    assert_eq!(kinds(&found), ["enable"]);
    crate::why::cure(&world, &found, &world.seller, &request);
}

/// Behind somebody who is disabled a privilege is missing, and their one role came managed: a role is made.
#[test]
fn a_job_of_who_is_disabled_and_has_a_managed_role_is_cured() {
    let world = Pipeline::new();
    let wanted = people::privileges(&["Read", "Create"], &["contact"], Depth::User);
    let vic = people::user(&world.org, "vic", &wanted);
    crate::why_others::manage(&world, world.admin.find("role", "role of vic"));
    world.step(&job("Create", "contact", &campaigns("read")));
    world.create(&vic, contact()).created();
    let disable = |is: bool| Row::new("systemuser", vic.id()).with("isdisabled", is);
    world.admin.update(disable(true));
    let job = failed(&world);
    let (_, found) = why(&world, job.id);
    assert_eq!(kinds(&found), ["enable", "new-role"], "{found:#?}");
    for fix in &found.cure.as_ref().unwrap().fixes {
        world.admin.0.execute_all(&fix.requests()).unwrap();
    }
    world.admin.0.retry_job(job.id).unwrap();
    let outcome = world.admin.0.run_job(job.id, &AtomicBool::new(false), &|_| {}).unwrap();
    assert_eq!(outcome.state, JobState::Succeeded, "{outcome:?}");
}

/// A job fails because its row is gone: that it is run again is not what helps.
#[test]
fn a_job_whose_row_is_gone_is_not_run_again() {
    let world = Pipeline::new();
    world.step(&job("Create", "contact", "delete-self"));
    world.step(&job("Create", "contact", "update-self description x"));
    world.create(&world.admin, contact()).created();
    let id = failed(&world).id.to_string();
    let told = world.org.program().run(&["why", &id]).stdout;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("is about is gone") && !told.contains("jobs retry"),
        "{told}"
    );
    let document = world.org.program().json(&["why", &id]);
    assert!(document["then"].is_null(), "{document:#}");
}

/// A job that was refused something and has passed since: nothing was refused to whoever asks.
#[test]
fn a_job_that_has_passed_since_is_no_refusal() {
    let world = Pipeline::new();
    world.step(&job("Create", "contact", &campaigns("read")));
    world.create(&world.seller, contact()).created();
    let job = failed(&world).id;
    let (refused, found) = {
        let found = world.seller.0.why(None).unwrap();
        (found.0, why(&world, job).1)
    };
    assert!(
        matches!(&refused, Refused::Job(failed) if failed.id == job),
        "{refused:?}"
    );
    cure(&world, job, &found);
    let error = world.seller.0.why(None).unwrap_err();
    assert_eq!(error.code(), Code::NOT_FOUND, "{error}");
}
