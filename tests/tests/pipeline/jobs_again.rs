//! Asynchronous steps that are tried again, put off, and run once more after they failed.

use std::sync::{Arc, atomic::AtomicBool};

use sluice_engine::{Env, JobState};
use sluice_model::{Query, Row, Timestamp, Uuid, Value};
use sluice_platform::StepSpec;
use sluice_tests::clock::Clock;

use crate::world::{POST_OPERATION, Pipeline, contact, job, probe};

const BEGIN: &str = "2026-03-01T09:00:00Z";

/// A world on a clock of its own.
fn world() -> (Pipeline, Arc<Clock>) {
    let clock = Arc::new(Clock::at(BEGIN));
    let env: Arc<dyn Env> = clock.clone();
    (Pipeline::on(&env), clock)
}

fn the_job(world: &Pipeline) -> Row {
    let mut jobs = world.admin.list(Query::new("asyncoperation"));
    assert_eq!(jobs.len(), 1, "{jobs:#?}");
    jobs.remove(0)
}

fn state(row: &Row) -> (i32, i32) {
    (row.int("statecode").unwrap(), row.int("statuscode").unwrap())
}

/// For how many minutes a job waits.
fn waits(row: &Row, clock: &Clock) -> i64 {
    let until = row.get("postponeuntil").and_then(Value::as_time).unwrap();
    until.duration_since(clock.now()).as_mins()
}

/// Runs what is due: the jobs, with what they came to.
fn run_due(world: &Pipeline) -> Vec<(Uuid, JobState)> {
    let mut ran = Vec::new();
    let stop = AtomicBool::new(false);
    world
        .admin
        .0
        .run_due_jobs(&stop, &mut |job, outcome| {
            ran.push((job, outcome?.state));
            Ok(())
        })
        .unwrap();
    ran
}

fn accounts(world: &Pipeline) -> usize {
    let named = sluice_model::Filter::eq("name", "ByJob");
    world.admin.list(Query::new("account").filter(named)).len()
}

#[test]
fn a_job_that_asks_for_it_runs_again_after_pauses_that_grow() {
    let (world, clock) = world();
    world.step(&job(
        "Create",
        "contact",
        "create account name ByJob\nuntil-attempt 3 no rates yet\nattempt",
    ));
    let run = world.create(&world.seller, contact());
    run.created();
    let row = the_job(&world);
    assert_eq!((state(&row), row.int("retrycount")), ((1, 10), Some(1)));
    assert_eq!(row.text("message"), Some("no rates yet"));
    assert_eq!(row.int("errorcode"), Some(0x8004_0265_u32.cast_signed()));
    assert_eq!(waits(&row, &clock), 1);
    assert_eq!(run_due(&world), [], "its time has not come");
    clock.pass_minutes(1);
    assert_eq!(run_due(&world), [(row.id, JobState::Waiting)]);
    let row = the_job(&world);
    assert_eq!((waits(&row, &clock), row.int("retrycount")), (5, Some(2)));
    clock.pass_minutes(5);
    assert_eq!(run_due(&world), [(row.id, JobState::Succeeded)]);
    let row = the_job(&world);
    assert_eq!(
        (state(&row), row.get("message"), row.get("postponeuntil")),
        ((3, 30), None, None)
    );
    // What each run did stays, and a later one begins a new list of calls.
    assert_eq!(accounts(&world), 3);
    assert_eq!(run_due(&world), []);
}

#[test]
fn after_the_fourth_run_it_has_failed_and_can_be_run_once_more() {
    let (world, clock) = world();
    let step = world.step(&job("Create", "contact", "create account name ByJob\nagain never"));
    world.create(&world.seller, contact()).created();
    for minutes in [1, 5, 25] {
        clock.pass_minutes(minutes);
        assert_eq!(run_due(&world).len(), 1);
    }
    let row = the_job(&world);
    assert_eq!((state(&row), row.int("retrycount")), ((3, 31), Some(3)));
    assert!(row.get("completedon").is_some());
    assert_eq!(accounts(&world), 4);
    clock.pass_minutes(1_000);
    assert_eq!(run_due(&world), []);

    // It is run with what it was given then, as the step is registered now.
    world
        .admin
        .update(Row::new("sdkmessageprocessingstep", step).with("configuration", "dump\nattempt"));
    assert!(world.seller.0.retry_job(row.id).is_ok(), "who set it off may");
    let row = the_job(&world);
    assert_eq!((state(&row), row.get("completedon")), ((0, 0), None));
    assert_eq!(run_due(&world), [(row.id, JobState::Succeeded)]);
    assert_eq!(state(&the_job(&world)), (3, 30));
    let again = world.admin.0.retry_job(row.id).unwrap_err();
    assert_eq!(again.code().to_string(), "0x80044162", "{again}");
}

#[test]
fn a_synchronous_step_that_asks_for_it_is_a_refusal() {
    let (world, _) = world();
    world.step(&probe(POST_OPERATION, "Create", "account", "again busy"));
    let run = world.create(&world.admin, Row::unsaved("account").with("name", "x"));
    assert_eq!(run.refused("0x80040265").message(), "busy");
    // Nor does one count that a job sets off: its own step is what is tried again.
    world.step(&job("Create", "contact", "create account name ByJob"));
    world.create(&world.admin, contact()).created();
    assert_eq!(state(&the_job(&world)), (3, 31));
}

#[test]
fn a_job_is_put_off_and_resumed_by_hand() {
    let (world, clock) = world();
    let spec = job("Create", "contact", "until-attempt 2 later");
    world.step(&StepSpec {
        auto_delete: true,
        ..spec
    });
    world.create(&world.admin, contact()).created();
    let job = the_job(&world);
    let until: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
    world
        .admin
        .update(Row::new("asyncoperation", job.id).with("postponeuntil", until));
    let row = the_job(&world);
    assert_eq!(
        (state(&row), row.get("postponeuntil").and_then(Value::as_time)),
        ((1, 10), Some(until))
    );
    clock.pass_minutes(10);
    assert_eq!(run_due(&world), []);
    // 1 to 0: it is due, whoever comes.
    let ready = Row::new("asyncoperation", job.id).with("statecode", Value::Choice(0));
    world.admin.update(ready);
    assert_eq!(state(&the_job(&world)), (0, 0));
    assert_eq!(run_due(&world), [(job.id, JobState::Succeeded)]);
    assert_eq!(world.admin.count("asyncoperation"), 0, "its step has it deleted");
}
