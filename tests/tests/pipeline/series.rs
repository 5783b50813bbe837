//! Requests that share a turn at the writer: to whoever sent it, each is a request like any other.

use std::collections::BTreeSet;

use sluice_model::{Code, Query, Row, Uuid};

use crate::world::{PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, job, probe};

/// Three contacts, of which the platform refuses the second once the steps before it have run.
fn three() -> [Row; 3] {
    let long = "x".repeat(51);
    ["One", long.as_str(), "Three"].map(|name| contact().with("lastname", name))
}

fn send(world: &Pipeline) -> Vec<Result<Uuid, Code>> {
    let rows = three();
    let mut answers = Vec::new();
    // A turn that takes long answers those that it came to.
    while answers.len() < rows.len() {
        let turn = world
            .admin
            .0
            .series(&rows[answers.len()..], |batch, row| batch.create(row.clone()))
            .unwrap();
        assert!(!turn.is_empty());
        answers.extend(turn.into_iter().map(|answer| answer.map_err(|error| error.code())));
    }
    answers
}

#[test]
fn each_is_kept_or_refused_for_itself() {
    let world = Pipeline::new();
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "create account name Part\ndump",
    ));
    let before = world.counts(["account", "contact"]);
    let answers = send(&world);
    assert_eq!(answers[1], Err(Code::TEXT_TOO_LONG));
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert_eq!(world.counts(["account", "contact"]), [before[0] + 2, before[1] + 2]);
    let ids = [0, 2].map(|place: usize| *answers[place].as_ref().unwrap());
    assert_eq!(world.admin.get("contact", ids[1]).text("lastname"), Some("Three"));
}

#[test]
fn what_pre_validation_does_stays_and_so_do_its_jobs() {
    let world = Pipeline::new();
    world.trace_setting(2);
    world.step(&probe(
        PRE_VALIDATION,
        "Create",
        "contact",
        "dump\ncreate account name Survivor",
    ));
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "dump\ncreate task subject Casualty",
    ));
    world.step(&job("Create", "account", "trace of account"));
    world.step(&job("Create", "task", "trace of task"));
    let before = world.counts(["account", "task", "asyncoperation"]);
    send(&world);
    let [accounts, tasks, jobs] = world.counts(["account", "task", "asyncoperation"]);
    assert_eq!((accounts - before[0], tasks - before[1]), (3, 2));
    assert_eq!(jobs - before[2], 5, "three for the accounts, two for the tasks");
    let said: Vec<String> = world
        .admin
        .list(Query::new("plugintracelog").order_by("performanceexecutionstarttime"))
        .iter()
        .filter_map(|row| row.text("messageblock").map(ToOwned::to_owned))
        .collect();
    let told = |stage: &str, inside: bool| {
        let words = [format!("stage={stage}"), format!("in-transaction={inside}")];
        said.iter()
            .filter(|text| words.iter().all(|word| text.contains(word)))
            .count()
    };
    assert_eq!(
        (told("PreValidation", false), told("PreOperation", true)),
        (3, 3),
        "{said:#?}"
    );
    assert_eq!((told("PreValidation", true), told("PreOperation", false)), (0, 0));
}

#[test]
fn a_failed_call_may_be_forgotten_in_pre_validation() {
    let world = Pipeline::new();
    world.step(&probe(
        PRE_VALIDATION,
        "Create",
        "contact",
        "swallow-read sl_nothing\nswallow-create account nothing x",
    ));
    let answers = send(&world);
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
}

#[test]
fn each_leaves_traces_of_its_own() {
    let world = Pipeline::new();
    world.trace_setting(2);
    send(&world);
    let rows = world.admin.list(Query::new("sl_messagetrace"));
    let of_contacts: Vec<&Row> = rows
        .iter()
        .filter(|row| row.text("sl_table") == Some("contact"))
        .collect();
    let correlations: BTreeSet<_> = of_contacts
        .iter()
        .filter_map(|row| row.id_of("sl_correlationid"))
        .collect();
    let succeeded = of_contacts
        .iter()
        .filter(|row| row.bool("sl_succeeded") == Some(true))
        .count();
    assert_eq!(
        (of_contacts.len(), correlations.len(), succeeded),
        (3, 3, 2),
        "{rows:#?}"
    );
}
