//! Asynchronous steps that are tried again, put off, and run once more after they failed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

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

/// Two runners have found the same jobs due: what one of them has run waits anew, and is not run by the
/// other one before its time.
#[test]
fn what_another_runner_has_run_since_waits_for_its_time() {
    let (world, clock) = world();
    world.step(&job("Create", "contact", "create account name ByJob\nagain later"));
    for _ in 0..4 {
        world.create(&world.seller, contact()).created();
    }
    clock.pass_minutes(1);
    let other = world.org.admin();
    let stop = AtomicBool::new(false);
    let (mut here, mut there) = (0, 0);
    let mut each = |_, outcome: sluice_model::Result<sluice_engine::JobOutcome>| {
        outcome?;
        here += 1;
        // The first is done, and the rest is still to be taken.
        let run = other.0.run_due_jobs(&stop, &mut |_, outcome| {
            there += 1;
            outcome.map(|_| ())
        });
        run.map(|_| ())
    };
    world.admin.0.run_due_jobs(&stop, &mut each).unwrap();
    assert_eq!((here, there), (1, 3));
    let jobs = world.admin.list(Query::new("asyncoperation"));
    let retries: Vec<_> = jobs.iter().map(|row| row.int("retrycount")).collect();
    assert_eq!(retries, [Some(2); 4]);
    assert_eq!(accounts(&world), 8);
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

/// Steps of which one succeeds in its second run, one fails in it, and one asks for a third one.
fn three_steps(world: &Pipeline) {
    for script in [
        "until-attempt 2 later\ncreate account name ByJob",
        "until-attempt 2 later\nfail no rates",
        "again never",
    ] {
        world.step(&job("Create", "contact", script));
    }
}

fn jobs(world: &Pipeline) -> BTreeMap<Uuid, Row> {
    let jobs = world.admin.list(Query::new("asyncoperation"));
    jobs.into_iter().map(|job| (job.id, job)).collect()
}

#[test]
fn of_jobs_that_are_taken_together_each_comes_to_what_is_its_own() {
    let (world, clock) = world();
    three_steps(&world);
    for _ in 0..30 {
        world.create(&world.seller, contact()).created();
    }
    clock.pass_minutes(1);
    let mut told = Vec::new();
    let stop = AtomicBool::new(false);
    world
        .admin
        .0
        .run_due_jobs(&stop, &mut |job, outcome| {
            let row = world.admin.get("asyncoperation", job);
            let (outcome, written) = (outcome?, (state(&row), row.text("message")));
            let told_of_failure = Some(&*outcome.message);
            match outcome.state {
                JobState::Succeeded => assert_eq!(written, ((3, 30), None)),
                JobState::Failed => assert_eq!(written, ((3, 31), told_of_failure)),
                JobState::Waiting => assert_eq!(written, ((1, 10), told_of_failure)),
                other => panic!("{other:?}"),
            }
            told.push(outcome.state);
            Ok(())
        })
        .unwrap();
    for state in [JobState::Succeeded, JobState::Failed, JobState::Waiting] {
        assert_eq!(told.iter().filter(|told| **told == state).count(), 30, "{state:?}");
    }
    assert_eq!(accounts(&world), 30);
    assert_eq!(jobs(&world).len(), 90);
}

/// A clock that asks a run of jobs to stop, once so many ids were made.
struct Stops {
    clock: Clock,
    stop: AtomicBool,
    after: AtomicU32,
}

impl Env for Stops {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn random(&self, bytes: &mut [u8]) {
        if self.after.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.stop.store(true, Ordering::Release);
        }
        self.clock.random(bytes);
    }
}

#[test]
fn a_job_that_was_taken_and_has_not_begun_is_given_back_as_it_was() {
    let stops = Arc::new(Stops {
        clock: Clock::at(BEGIN),
        stop: AtomicBool::new(false),
        after: AtomicU32::new(u32::MAX),
    });
    let env: Arc<dyn Env> = stops.clone();
    let world = Pipeline::on(&env);
    three_steps(&world);
    for _ in 0..10 {
        world.create(&world.seller, contact()).created();
    }
    stops.clock.pass_minutes(1);
    let mut runs = 0;
    loop {
        let before = jobs(&world);
        stops.stop.store(false, Ordering::Release);
        stops.after.store(12, Ordering::Release);
        let mut told = Vec::new();
        let told_of = &mut |job, outcome: Result<_, _>| {
            outcome?;
            told.push(job);
            Ok(())
        };
        world.admin.0.run_due_jobs(&stops.stop, told_of).unwrap();
        stops.after.store(u32::MAX, Ordering::Release);
        if told.is_empty() {
            break;
        }
        runs += 1;
        for (id, row) in jobs(&world) {
            let without_version = |row: &Row| {
                let mut row = row.clone();
                row.values.remove("versionnumber");
                row
            };
            let is_as_before = without_version(&row) == without_version(&before[&id]);
            assert_eq!(is_as_before, !told.contains(&id), "{row:#?} was {:#?}", before[&id]);
        }
    }
    assert!(runs > 5, "{runs}");
    assert_eq!(accounts(&world), 10);
}
