//! Publishing as a job: in steps, stopped and gone on with, beside writers.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use sluice_engine::{JobProgress, JobState};
use sluice_model::{Query, Row, Uuid, Value};

use crate::world::{Duplicates, about, account, code, exact, job};
use sluice_platform::prelude::*;

/// So many accounts that a job takes three steps.
const MANY: usize = 2_100;

fn many(world: &Duplicates, count: usize) -> Vec<Uuid> {
    let rows = world.admin.0.batch(|batch| {
        (0..count)
            .map(|number| batch.create(account(&format!("Company {number}")).with("fax", format!("{number}"))))
            .collect::<Result<Vec<_>, _>>()
    });
    rows.unwrap()
}

fn accounts(world: &Duplicates) -> u64 {
    world.admin.list(Query::new("account").columns(&[])).len() as u64
}

/// Stops a job after so many steps.
fn steps(world: &Duplicates, job: Uuid, count: usize) -> JobState {
    let (stop, done) = (AtomicBool::new(false), Mutex::new(0));
    let outcome = world.admin.0.run_job(job, &stop, &|_| {
        let mut done = done.lock().unwrap();
        *done += 1;
        if *done == count {
            stop.store(true, Ordering::Release);
        }
    });
    outcome.unwrap().state
}

fn found(world: &Duplicates, number: usize) -> usize {
    let asked = account("x").with("fax", format!("no. {number}"));
    let rule = world.duplicates(asked, "account");
    rule.len()
}

#[test]
fn a_job_tells_how_far_it_is_and_is_gone_on_with_where_it_stopped() {
    let world = Duplicates::new();
    many(&world, MANY);
    let total = accounts(&world);
    world
        .admin
        .0
        .create_column(
            "account",
            &sluice_model::ColumnDef::new("sl_code", sluice_model::ColumnType::Text { max_length: 20 }),
        )
        .unwrap();
    let rule = world.draft("fax", ["account", "account"], &[exact("fax")]);
    let job = world.begin_publishing(rule);
    assert_eq!(world.status(rule), 1);
    assert_eq!(steps(&world, job, 1), JobState::Stopped);
    assert_eq!(
        (world.status(rule), found(&world, 5)),
        (1, 0),
        "it is not asked before all have their codes"
    );
    assert_eq!(code(world.try_publish(rule)), "0x80048434");
    let row = world.admin.get("asyncoperation", job);
    assert_eq!((row.int("statecode"), row.int("statuscode")), (Some(2), Some(20)));

    let seen = Mutex::new(Vec::new());
    // Another process goes on with it.
    let other = world.org.second_process();
    let admin = other.session_of("admin").unwrap();
    assert_eq!(admin.due_jobs().unwrap(), [job]);
    let outcome = admin
        .run_job(job, &AtomicBool::new(false), &|progress| {
            seen.lock().unwrap().push(progress)
        })
        .unwrap();
    assert_eq!(outcome.state, JobState::Succeeded);
    let seen = seen.into_inner().unwrap();
    let progress = |done| JobProgress { done, total };
    assert_eq!(seen, [progress(2_000), progress(total)]);
    assert_eq!(
        (world.status(rule), found(&world, 5), found(&world, MANY - 1)),
        (2, 1, 1)
    );
    assert!(world.admin.get("duplicaterule", rule).id_of("sl_publishjob").is_none());
    let row = world.admin.get("asyncoperation", job);
    assert_eq!((row.int("statecode"), row.int("statuscode")), (Some(3), Some(30)));
    assert_eq!(world.run(job).state, JobState::Succeeded, "once more does nothing");
}

#[test]
fn rows_that_change_while_a_rule_is_published() {
    let world = Duplicates::new();
    let rows = many(&world, MANY);
    let rule = world.draft("fax", ["account", "account"], &[exact("fax")]);
    let job = world.begin_publishing(rule);
    assert_eq!(steps(&world, job, 1), JobState::Stopped);
    // One that has its code and one that has none yet; one that goes; one that is new.
    let (early, late) = (rows[3], rows[MANY - 2]);
    world.admin.update(Row::new("account", early).with("fax", "90001"));
    world.admin.update(Row::new("account", late).with("fax", "90002"));
    world.admin.try_delete("account", rows[4]).unwrap();
    world.admin.try_delete("account", rows[MANY - 3]).unwrap();
    // Its key lies before the place where the job is.
    let mut new = account("new").with("fax", "90003");
    new.id = Uuid::from_u128(1);
    world.admin.create(new);
    assert_eq!(world.run(job).state, JobState::Succeeded);
    let counts = [90_001, 90_002, 90_003, 3, MANY - 2, 4, MANY - 3, 5].map(|number| found(&world, number));
    assert_eq!(counts, [1, 1, 1, 0, 0, 0, 0, 1]);
}

#[test]
fn two_runners_share_the_work() {
    let world = Duplicates::new();
    many(&world, MANY);
    let rule = world.draft("fax", ["account", "account"], &[exact("fax")]);
    let job = world.begin_publishing(rule);
    let other = world.org.second_process();
    let second = other.session_of("admin").unwrap();
    let never = AtomicBool::new(false);
    let states = std::thread::scope(|scope| {
        let runners = [&world.admin.0, &second]
            .map(|session| scope.spawn(|| session.run_job(job, &never, &|_| {}).unwrap().state));
        runners.map(|runner| runner.join().unwrap())
    });
    assert_eq!(states, [JobState::Succeeded; 2]);
    assert_eq!(
        (world.status(rule), found(&world, 0), found(&world, MANY - 1)),
        (2, 1, 1)
    );
}

#[test]
fn writers_get_their_turn_between_the_steps() {
    let world = Duplicates::new();
    many(&world, MANY);
    let rule = world.draft("fax", ["account", "account"], &[exact("fax")]);
    let job = world.begin_publishing(rule);
    let (never, done) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(
                world.admin.0.run_job(job, &never, &|_| {}).unwrap().state,
                JobState::Succeeded
            );
            done.store(true, Ordering::Release);
        });
        let mut number = 50_000;
        while !done.load(Ordering::Acquire) {
            world.admin.create(account("beside").with("fax", format!("{number}")));
            number += 1;
        }
        for number in 50_000..number {
            assert_eq!(found(&world, number), 1, "{number}");
        }
    });
}

#[test]
fn a_rule_that_is_unpublished_on_the_way() {
    let world = Duplicates::new();
    many(&world, MANY);
    let rule = world.draft("fax", ["account", "account"], &[exact("fax")]);
    let job = world.begin_publishing(rule);
    assert_eq!(steps(&world, job, 1), JobState::Stopped);
    world.unpublish(rule);
    assert_eq!(world.run(job).state, JobState::Canceled);
    assert_eq!((world.status(rule), found(&world, 5)), (0, 0));
    world.publish(rule);
    assert_eq!(found(&world, 5), 1);
}

#[test]
fn a_job_that_is_canceled_leaves_the_rule_unpublished() {
    let world = Duplicates::new();
    many(&world, MANY);
    let rule = world.draft("fax", ["account", "account"], &[exact("fax")]);
    let job = world.begin_publishing(rule);
    assert_eq!(steps(&world, job, 1), JobState::Stopped);
    assert_eq!(code(world.admin.try_delete("asyncoperation", job)), "0x8004416A");
    let state = |state: i32, status: i32| {
        Row::new("asyncoperation", job)
            .with("statecode", Value::Choice(state))
            .with("statuscode", Value::Choice(status))
    };
    assert_eq!(
        code(world.admin.try_update(state(3, 30))),
        "0x80044162",
        "success is not said by hand"
    );
    world.admin.update(state(3, 32));
    assert_eq!((world.status(rule), found(&world, 5)), (0, 0));
    assert_eq!(world.run(job).state, JobState::Canceled);
    assert_eq!(
        code(world.admin.try_update(state(0, 0))),
        "0x80044162",
        "what has ended stays so"
    );
    world.admin.try_delete("asyncoperation", job).unwrap();
    world.publish(rule);
}

#[test]
fn of_a_large_rule_a_job_removes_the_codes() {
    let world = Duplicates::new();
    many(&world, 5_200);
    let rule = world.rule("fax", ["account", "account"], &[exact("fax")]);
    let response = world.admin.0.execute(about("UnpublishDuplicateRule", rule)).unwrap();
    assert_eq!((world.status(rule), found(&world, 5)), (0, 0), "out of work at once");
    assert_eq!(*response.outputs.get("MatchcodesRemoved").unwrap(), 5_000.into());
    assert_eq!(world.admin.0.due_removals().unwrap(), [job(&response)]);
    // Canceled, it would leave the rest for ever.
    let cancel = Row::new("asyncoperation", job(&response))
        .with("statecode", Value::Choice(3))
        .with("statuscode", Value::Choice(32));
    assert_eq!(code(world.admin.try_update(cancel)), "0x8004416A");
    let outcome = world.run(job(&response));
    assert_eq!(
        (
            outcome.state,
            outcome.message.as_str(),
            outcome.progress.done,
            outcome.progress.total
        ),
        (JobState::Succeeded, "5200 matchcodes removed", 5_200, 5_200)
    );
    let again = world.run(job(&response));
    assert!(again.ended_before && !outcome.ended_before, "{again:?}");
    world.publish(rule);
    assert_eq!(found(&world, 5_199), 1);
}

#[test]
fn a_job_belongs_to_who_asked_for_it() {
    let world = Duplicates::new();
    let rule = world.draft("name", ["account", "account"], &[exact("name")]);
    let job = world.begin_publishing(rule);
    let never = AtomicBool::new(false);
    let error = world.seller.0.run_job(job, &never, &|_| {}).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80040220");
    assert_eq!(error.body().privilege.as_deref(), Some("prvWriteAsyncOperation"));
    let missing = world.admin.0.run_job(Uuid::from_u128(7), &never, &|_| {});
    assert_eq!(missing.unwrap_err().code().to_string(), "0x80040217");
    assert_eq!(world.status(rule), 1);
}

#[test]
fn jobs_are_made_by_the_platform() {
    let world = Duplicates::new();
    let made = Row::unsaved("asyncoperation").with("recurrencepattern", "FREQ=DAILY");
    assert_eq!(code(world.admin.try_create(made)), "0x80040800");
}
