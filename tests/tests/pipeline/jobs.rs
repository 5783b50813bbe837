//! Asynchronous steps.

use std::sync::atomic::AtomicBool;

use sluice_engine::{Faults, JobOutcome, JobState};
use sluice_model::{Filter, Query, Request, Row, Uuid, Value};
use sluice_platform::StepSpec;
use sluice_tests::Organisation;

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, account, contact, job, probe};

fn jobs(world: &Pipeline) -> Vec<Row> {
    world.admin.list(Query::new("asyncoperation"))
}

fn state(row: &Row) -> (Option<i32>, Option<i32>) {
    (row.int("statecode"), row.int("statuscode"))
}

const SUCCEEDED: (Option<i32>, Option<i32>) = (Some(3), Some(30));
const FAILED: (Option<i32>, Option<i32>) = (Some(3), Some(31));

#[test]
fn a_job_runs_after_the_commit_as_a_unit_of_its_own() {
    let world = Pipeline::new();
    world.step(&job("Create", "contact", "dump\noutputs\ncreate account name ByJob"));
    world.step(&probe(POST_OPERATION, "Create", "contact", "trace 40"));
    let run = world.create(&world.seller, contact());
    run.created();
    assert_eq!(
        run.said(),
        [
            "40",
            "message=Create stage=PostOperation mode=Asynchronous depth=1 table=contact in-transaction=false \
             user-is-initiating=true id=true parent=",
            "outputs id",
            "created account",
        ]
    );
    let jobs = jobs(&world);
    let [row] = jobs.as_slice() else { panic!("{jobs:#?}") };
    assert_eq!(state(row), SUCCEEDED);
    assert_eq!(row.text("name"), Some("probe: Create of contact"));
    assert_eq!(
        (row.int("operationtype"), row.text("messagename")),
        (Some(1), Some("Create"))
    );
    assert_eq!(
        (row.text("primaryentitytype"), row.int("depth")),
        (Some("contact"), Some(1))
    );
    assert_eq!(row.id_of("ownerid"), Some(world.seller.id()));
    for column in [
        "correlationid",
        "requestid",
        "startedon",
        "completedon",
        "owningextensionid",
    ] {
        assert!(row.get(column).is_some(), "{column}");
    }
    assert_eq!(row.lookup("regardingobjectid").unwrap().id, run.created());
    assert_eq!((row.get("message"), row.get("errorcode")), (None, None));
    let made = world
        .admin
        .list(Query::new("account").filter(Filter::eq("name", "ByJob")));
    assert_eq!(made[0].id_of("createdby"), Some(world.seller.id()));
}

#[test]
fn a_job_that_fails_undoes_nothing_but_itself() {
    let world = Pipeline::new();
    world.step(&job("Create", "contact", "create account name Partly\nrefuse too late"));
    let before = world.counts(["contact", "account"]);
    let run = world.create(&world.admin, contact());
    run.created();
    // Each call of a job commits on its own: what it did before it failed stays.
    assert_eq!(world.counts(["contact", "account"]), [before[0] + 1, before[1] + 1]);
    let jobs = jobs(&world);
    assert_eq!(state(&jobs[0]), FAILED);
    assert_eq!(jobs[0].text("message"), Some("too late"));
    assert_eq!(jobs[0].int("errorcode"), Some(0x8004_0265_u32.cast_signed()));
    assert_eq!(run.calls.len(), 1);
    assert_eq!(run.calls[0].int("mode"), Some(1));
    assert!(run.calls[0].text("exceptiondetails").unwrap().contains("too late"));
}

#[test]
fn no_job_of_a_message_that_was_refused() {
    let world = Pipeline::new();
    world.step(&job("Create", "contact", "trace async"));
    world.step(&job("Create", "account", "trace async account"));
    let step = world.step(&probe(
        POST_OPERATION,
        "Create",
        "contact",
        "create account name x\nrefuse no",
    ));
    let run = world.create(&world.admin, contact());
    run.refused("0x80040265");
    assert_eq!(run.said(), ["created account"]);
    assert!(jobs(&world).is_empty());
    world.set_enabled(step, false);
    world.create(&world.admin, contact()).says(&["async"]);
}

#[test]
fn a_job_that_is_deleted_when_it_succeeds() {
    let world = Pipeline::new();
    let spec = job("Create", "contact", "trace gone");
    let step = world.step(&StepSpec {
        auto_delete: true,
        ..spec.clone()
    });
    world.create(&world.admin, contact()).says(&["gone"]);
    assert!(jobs(&world).is_empty());
    world.set_enabled(step, false);
    // A failed one stays to be looked at.
    world.step(&StepSpec {
        auto_delete: true,
        configuration: Some("refuse no".to_owned()),
        ..spec
    });
    world.create(&world.admin, contact()).created();
    assert_eq!(jobs(&world).iter().map(state).collect::<Vec<_>>(), [FAILED]);
}

#[test]
fn jobs_of_every_message_of_a_request_run() {
    let world = Pipeline::new();
    for (message, table) in [("QualifyLead", "lead"), ("Create", "account"), ("Create", "contact")] {
        world.step(&job(message, table, &format!("trace {message} {table}")));
    }
    let (_, request) = world.lead();
    let run = world.run(&world.seller, request);
    run.result.as_ref().unwrap();
    assert_eq!(run.said(), ["Create account", "Create contact", "QualifyLead lead"]);
    assert!(jobs(&world).iter().all(|row| state(row) == SUCCEEDED));
}

#[test]
fn filtering_columns_and_images_count_for_jobs_too() {
    let world = Pipeline::new();
    let spec = job("Update", "contact", "pre i jobtitle\npost i jobtitle");
    let image = sluice_platform::ImageSpec {
        kind: 2,
        alias: "i".to_owned(),
        columns: vec!["jobtitle".to_owned()],
    };
    world.step(&StepSpec {
        filtering: vec!["jobtitle".to_owned()],
        images: vec![image],
        ..spec
    });
    let id = world.admin.create(contact().with("jobtitle", "Buyer"));
    world
        .update(&world.admin, Row::new("contact", id).with("firstname", "Ada"))
        .says(&[]);
    let lines = ["pre jobtitle=Text(\"Buyer\")", "post jobtitle=Text(\"Boss\")"];
    world
        .update(&world.admin, Row::new("contact", id).with("jobtitle", "Boss"))
        .says(&lines);
}

#[test]
fn a_job_that_sets_off_jobs_ends_at_depth_eight() {
    let world = Pipeline::new();
    world.step(&job("Update", "contact", "dump\nupdate-self jobtitle again"));
    let id = world.admin.create(contact());
    let run = world.update(&world.admin, Row::new("contact", id).with("jobtitle", "first"));
    run.result.as_ref().unwrap();
    assert_eq!(run.calls.len(), 8);
    let mut states: Vec<_> = jobs(&world)
        .iter()
        .map(|row| (row.int("depth").unwrap(), state(row)))
        .collect();
    states.sort_unstable();
    let expected: Vec<_> = (1..=8)
        .map(|depth| (depth, if depth < 8 { SUCCEEDED } else { FAILED }))
        .collect();
    assert_eq!(states, expected);
    assert_eq!(world.admin.get("contact", id).text("jobtitle"), Some("again"));
}

#[test]
fn the_job_of_what_pre_validation_committed_runs_although_the_message_is_refused() {
    let world = Pipeline::new();
    world.step(&probe(
        PRE_VALIDATION,
        "Create",
        "contact",
        "create account name Survivor",
    ));
    world.step(&probe(PRE_OPERATION, "Create", "contact", "refuse no"));
    world.step(&job("Create", "account", "trace async account"));
    let run = world.create(&world.admin, contact());
    run.refused("0x80040265");
    assert_eq!(run.said(), ["created account", "async account"]);
    assert_eq!(jobs(&world).iter().map(state).collect::<Vec<_>>(), [SUCCEEDED]);
}

#[test]
fn no_job_of_what_was_rolled_back_in_pre_validation() {
    let world = Pipeline::new();
    world.step(&probe(
        PRE_VALIDATION,
        "Create",
        "contact",
        "swallow-create account name Casualty",
    ));
    world.step(&probe(
        POST_OPERATION,
        "Create",
        "account",
        "create opportunity name x\nrefuse no",
    ));
    world.step(&job("Create", "opportunity", "trace async opportunity"));
    let run = world.create(&world.admin, contact());
    run.created();
    assert_eq!(run.said(), ["swallowed true", "created opportunity"]);
    assert!(jobs(&world).is_empty());
}

#[test]
fn a_job_runs_as_the_steps_user() {
    let world = Pipeline::new();
    let integration = world.user("integration");
    let script = "users\nread sl_commissionrule";
    world.step(&StepSpec {
        run_as: Some(integration),
        ..job("Create", "contact", script)
    });
    let said = world.create(&world.seller, contact()).said();
    assert_eq!(said[0], format!("users {integration} {}", world.seller.id()));
    assert!(said[1].starts_with("read "), "{said:?}");
}

#[test]
fn the_jobs_of_a_read_and_of_a_delete() {
    let world = Pipeline::new();
    world.step(&job("Retrieve", "account", "dump"));
    world.step(&job("Delete", "account", "pre-columns i\ndump"));
    let id = world.admin.create(account());
    let target = sluice_model::Reference::new("account", id);
    assert_eq!(
        world
            .run(&world.admin, Request::retrieve(target.clone(), &["name"]))
            .said()
            .len(),
        1
    );
    assert_eq!(world.run(&world.admin, Request::delete(target)).said().len(), 2);
    assert!(jobs(&world).iter().all(|row| state(row) == SUCCEEDED));
}

#[test]
fn a_job_sees_the_row_as_it_was_when_its_message_ended() {
    let world = Pipeline::new();
    let image = sluice_platform::ImageSpec {
        kind: 1,
        alias: "i".to_owned(),
        columns: vec!["name".to_owned(), "primarycontactid".to_owned()],
    };
    let spec = job("Create", "account", "post-columns i");
    world.step(&StepSpec {
        images: vec![image],
        ..spec
    });
    // Qualifying gives the new account its primary contact later in the same transaction.
    let (_, request) = world.lead();
    let run = world.run(&world.seller, request);
    assert!(run.result.is_ok(), "{:?}", run.result);
    assert_eq!(run.said(), ["post i: name"]);
}

/// A job whose process could not begin with it, as if it had been killed right after the commit.
fn waiting(world: &Pipeline, faults: &Faults) -> Uuid {
    for n in 1.. {
        faults.at(n);
        let made = world.admin.try_create(contact());
        faults.at(0);
        let open = Filter::eq("statuscode", Value::Choice(0));
        let open = world.admin.list(Query::new("asyncoperation").filter(open));
        if let ([job], true) = (open.as_slice(), made.is_ok()) {
            return job.id;
        }
    }
    unreachable!("there is always another number")
}

/// An organisation whose store fails on demand.
fn failing() -> (Pipeline, Faults) {
    let faults = Faults::default();
    let org = Organisation::failing(&faults);
    let admin = org.admin();
    let world = Pipeline {
        seller: admin.clone(),
        org,
        admin,
    };
    world.push("probe", "probe", false);
    (world, faults)
}

fn resume(world: &Pipeline, job: Uuid) -> JobOutcome {
    world.admin.0.run_job(job, &AtomicBool::new(false), &|_| {}).unwrap()
}

fn accounts(world: &Pipeline) -> usize {
    world.admin.count("account")
}

#[test]
fn a_job_that_waits_is_run_once_by_whoever_comes_first() {
    let (world, faults) = failing();
    world.step(&job("Create", "contact", "create account name ByJob"));
    let job = waiting(&world, &faults);
    let before = accounts(&world);
    let second = world.second_admin();
    let outcome = second.0.run_job(job, &AtomicBool::new(false), &|_| {}).unwrap();
    assert_eq!((outcome.state, outcome.ended_before), (JobState::Succeeded, false));
    let outcome = resume(&world, job);
    assert_eq!((outcome.state, outcome.ended_before), (JobState::Succeeded, true));
    assert_eq!(accounts(&world), before + 1);
    assert_eq!(state(&world.admin.get("asyncoperation", job)), SUCCEEDED);
}

#[test]
fn a_job_that_waits_and_is_canceled_never_runs() {
    let (world, faults) = failing();
    world.step(&job("Create", "contact", "create account name ByJob"));
    let job = waiting(&world, &faults);
    let before = accounts(&world);
    let change = |state: i32, status: i32| {
        let row = Row::new("asyncoperation", job).with("statecode", Value::Choice(state));
        world.admin.try_update(row.with("statuscode", Value::Choice(status)))
    };
    for (state, status) in [(2, 20), (3, 30)] {
        let error = change(state, status).unwrap_err();
        assert_eq!(error.code().to_string(), "0x80044162", "{error}");
    }
    change(3, 32).unwrap();
    let outcome = resume(&world, job);
    assert_eq!((outcome.state, outcome.ended_before), (JobState::Canceled, true));
    assert_eq!(accounts(&world), before);
    assert_eq!(change(0, 0).unwrap_err().code().to_string(), "0x80044162");
}

#[test]
fn a_job_whose_step_is_gone_fails_and_says_so() {
    let (world, faults) = failing();
    let spec = job("Create", "contact", "create account name ByJob");
    let disabled = world.step(&spec);
    let first = waiting(&world, &faults);
    world.set_enabled(disabled, false);
    let removed = world.step(&spec);
    let second = waiting_beside(&world, &faults, first);
    world.admin.try_delete("sdkmessageprocessingstep", removed).unwrap();
    let before = accounts(&world);
    for (job, why) in [(first, "is disabled"), (second, "is not registered any more")] {
        let outcome = resume(&world, job);
        assert_eq!(outcome.state, JobState::Failed);
        assert!(outcome.message.contains("\"probe: Create of contact\"") && outcome.message.contains(why));
        let row = world.admin.get("asyncoperation", job);
        assert_eq!(
            (state(&row), row.text("message")),
            (FAILED, Some(outcome.message.as_str()))
        );
    }
    assert_eq!(accounts(&world), before);
}

/// A second job that waits.
fn waiting_beside(world: &Pipeline, faults: &Faults, first: Uuid) -> Uuid {
    let row = Row::new("asyncoperation", first).with("postponeuntil", world.admin.0.now());
    world.admin.update(row.with("statecode", Value::Choice(1)));
    let second = waiting(world, faults);
    world
        .admin
        .update(Row::new("asyncoperation", first).with("statecode", Value::Choice(0)));
    second
}

#[test]
fn nobody_reads_what_a_job_will_be_given() {
    let (world, faults) = failing();
    world.step(&job("Create", "contact", "trace x"));
    let job = waiting(&world, &faults);
    assert!(world.admin.try_get("sl_jobcontext", job).is_err());
    assert!(world.admin.0.list(Query::new("sl_jobcontext")).is_err());
    let row = world.admin.get("asyncoperation", job);
    assert!(!format!("{row:?}").contains("Ng"), "the contact's name: {row:?}");
}
