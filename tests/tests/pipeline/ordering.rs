//! Which steps run, and in which order.

use sluice_model::{Request, Row, Value};
use sluice_platform::StepSpec;

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, probe};

fn ranked(rank: i32, spec: StepSpec) -> StepSpec {
    StepSpec { rank, ..spec }
}

#[test]
fn stages_come_in_their_order_whatever_the_ranks_say() {
    let world = Pipeline::new();
    world.step(&ranked(1, probe(POST_OPERATION, "Create", "contact", "trace 40")));
    world.step(&ranked(5, probe(PRE_OPERATION, "Create", "contact", "trace 20")));
    world.step(&ranked(9, probe(PRE_VALIDATION, "Create", "contact", "trace 10")));
    // Neither of these has anything to do with it.
    world.step(&probe(PRE_OPERATION, "Update", "contact", "trace update"));
    world.step(&probe(PRE_OPERATION, "Create", "account", "trace account"));
    let run = world.create(&world.admin, contact()).says(&["10", "20", "40"]);
    assert_eq!(run.calls.len(), 3);
}

#[test]
fn within_a_stage_the_rank_decides() {
    let world = Pipeline::new();
    for rank in [3, 1, 2] {
        world.step(&ranked(
            rank,
            probe(PRE_OPERATION, "Create", "contact", &format!("trace {rank}")),
        ));
    }
    world.create(&world.admin, contact()).says(&["1", "2", "3"]);
}

#[test]
fn equal_ranks_run_in_the_same_order_every_time() {
    let world = Pipeline::new();
    for name in ["a", "b", "c", "d", "e"] {
        world.step(&ranked(
            7,
            probe(PRE_OPERATION, "Create", "contact", &format!("trace {name}")),
        ));
    }
    let first = world.create(&world.admin, contact()).said();
    assert_eq!(first.len(), 5);
    // Also in another process.
    let other = world.second_admin();
    for _ in 0..3 {
        assert_eq!(world.create(&world.admin, contact()).said(), first);
        assert_eq!(world.create(&other, contact()).said(), first);
    }
}

#[test]
fn steps_for_every_table_and_for_one_are_interleaved_by_rank() {
    let world = Pipeline::new();
    world.step(&ranked(4, probe(PRE_OPERATION, "Create", "contact", "trace contact 4")));
    world.step(&ranked(3, probe(PRE_OPERATION, "Create", "", "trace every 3")));
    world.step(&ranked(2, probe(PRE_OPERATION, "Create", "contact", "trace contact 2")));
    world.step(&ranked(1, probe(PRE_OPERATION, "Create", "", "trace every 1")));
    world
        .create(&world.admin, contact())
        .says(&["every 1", "contact 2", "every 3", "contact 4"]);
    let team = Row::unsaved("transactioncurrency")
        .with("isocurrencycode", "EUR")
        .with("currencyname", "Euro")
        .with("currencysymbol", "€")
        .with("exchangerate", Value::Decimal(2.into()));
    world.create(&world.admin, team).says(&["every 1", "every 3"]);
}

#[test]
fn a_step_for_every_table_leaves_the_platforms_own_tables_alone() {
    let world = Pipeline::new();
    let create = world.step(&probe(PRE_VALIDATION, "Create", "", "refuse no"));
    let update = world.step(&probe(PRE_VALIDATION, "Update", "", "refuse no"));
    world.create(&world.admin, contact()).refused("0x80040265");
    // Else nobody could ever take it back.
    world.step(&probe(PRE_OPERATION, "Create", "account", "trace x"));
    world.set_enabled(update, false);
    world.set_enabled(create, false);
    world.create(&world.admin, contact()).says(&[]);
}

#[test]
fn filtering_columns_ask_whether_a_column_is_sent_not_whether_it_changes() {
    let world = Pipeline::new();
    let filtering = vec!["jobtitle".to_owned(), "firstname".to_owned()];
    for stage in [PRE_VALIDATION, PRE_OPERATION, POST_OPERATION] {
        let spec = probe(stage, "Update", "contact", &format!("trace {stage}"));
        world.step(&StepSpec {
            filtering: filtering.clone(),
            ..spec
        });
    }
    world.step(&probe(PRE_OPERATION, "Update", "contact", "trace any"));
    let id = world.admin.create(contact().with("jobtitle", "Buyer"));
    let row = || Row::new("contact", id);
    let all = ["10", "20", "any", "40"];
    world.update(&world.admin, row().with("jobtitle", "Buyer")).says(&all);
    world
        .update(&world.admin, row().with("jobtitle", Value::Null).with("lastname", "Wu"))
        .says(&all);
    world.update(&world.admin, row().with("firstname", "Lê")).says(&all);
    world
        .update(&world.admin, row().with("lastname", "Li").with("description", "x"))
        .says(&["any"]);
}

#[test]
fn a_filter_looks_at_the_columns_as_earlier_stages_left_them() {
    let world = Pipeline::new();
    world.step(&ranked(
        1,
        probe(
            PRE_OPERATION,
            "Update",
            "contact",
            "set jobtitle Boss\nremove firstname",
        ),
    ));
    let spec = probe(PRE_OPERATION, "Update", "contact", "trace jobtitle");
    world.step(&StepSpec {
        rank: 2,
        filtering: vec!["jobtitle".to_owned()],
        ..spec
    });
    let id = world.admin.create(contact());
    world
        .update(&world.admin, Row::new("contact", id).with("lastname", "Wu"))
        .says(&["jobtitle"]);
}

#[test]
fn every_message_has_its_steps() {
    let world = Pipeline::new();
    let id = world.admin.create(contact());
    for message in ["Retrieve", "RetrieveMultiple", "Assign", "Delete"] {
        for stage in [PRE_VALIDATION, PRE_OPERATION, POST_OPERATION] {
            world.step(&probe(stage, message, "contact", &format!("trace {message} {stage}")));
        }
    }
    let target = sluice_model::Reference::new("contact", id);
    let assignee = sluice_model::Reference::new("systemuser", world.seller.id());
    let requests = [
        Request::retrieve(target.clone(), &[]),
        Request::retrieve_multiple(sluice_model::Query::new("contact").top(1)),
        Request::new("Assign")
            .with("Target", target.clone())
            .with("Assignee", assignee),
        Request::delete(target),
    ];
    for request in requests {
        let lines = [10, 20, 40].map(|stage| format!("{} {stage}", request.message));
        world
            .run(&world.admin, request)
            .says(&lines.each_ref().map(String::as_str));
    }
}
