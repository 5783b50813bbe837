//! An Update of state and other columns at once.

use sluice_model::{Row, Value};
use sluice_platform::StepSpec;

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, probe};

#[test]
fn state_and_other_columns_go_through_the_inner_stages_apart() {
    let world = Pipeline::new();
    for stage in [PRE_VALIDATION, PRE_OPERATION, POST_OPERATION] {
        world.step(&probe(stage, "Update", "contact", &format!("trace {stage}\ncolumns")));
    }
    let id = world.admin.create(contact());
    let row = Row::new("contact", id)
        .with("jobtitle", "Boss")
        .with("statecode", Value::Choice(1))
        .with("statuscode", Value::Choice(2));
    let run = world.update(&world.admin, row).says(&[
        "10",
        "columns jobtitle statecode statuscode",
        "20",
        "columns jobtitle",
        "40",
        "columns jobtitle",
        "20",
        "columns statecode statuscode",
        "40",
        "columns statecode statuscode",
    ]);
    assert_eq!(run.calls.len(), 5);
    let row = world.admin.get("contact", id);
    assert_eq!(
        (row.text("jobtitle"), row.int("statecode"), row.int("statuscode")),
        (Some("Boss"), Some(1), Some(2))
    );
}

#[test]
fn state_alone_is_one_operation() {
    let world = Pipeline::new();
    for stage in [PRE_VALIDATION, PRE_OPERATION, POST_OPERATION] {
        world.step(&probe(stage, "Update", "contact", &format!("trace {stage}")));
    }
    let id = world.admin.create(contact());
    world
        .update(
            &world.admin,
            Row::new("contact", id).with("statecode", Value::Choice(1)),
        )
        .says(&["10", "20", "40"]);
}

#[test]
fn a_filtered_step_runs_for_its_part_only() {
    let world = Pipeline::new();
    let spec = probe(PRE_OPERATION, "Update", "contact", "trace state");
    world.step(&StepSpec {
        filtering: vec!["statecode".to_owned()],
        ..spec
    });
    let spec = probe(PRE_OPERATION, "Update", "contact", "trace title");
    world.step(&StepSpec {
        filtering: vec!["jobtitle".to_owned()],
        ..spec
    });
    let id = world.admin.create(contact());
    let row = Row::new("contact", id)
        .with("jobtitle", "Boss")
        .with("statecode", Value::Choice(1));
    world.update(&world.admin, row).says(&["title", "state"]);
}

#[test]
fn a_refusal_of_the_second_part_undoes_the_first() {
    let world = Pipeline::new();
    let spec = probe(POST_OPERATION, "Update", "contact", "refuse stays open");
    world.step(&StepSpec {
        filtering: vec!["statecode".to_owned()],
        ..spec
    });
    let id = world.admin.create(contact().with("jobtitle", "before"));
    let row = Row::new("contact", id)
        .with("jobtitle", "after")
        .with("statecode", Value::Choice(1));
    world.update(&world.admin, row).refused("0x80040265");
    let row = world.admin.get("contact", id);
    assert_eq!((row.text("jobtitle"), row.int("statecode")), (Some("before"), Some(0)));
}
