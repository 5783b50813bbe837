//! A step that rests is passed over until its time has come, and nothing has to run for it to come
//! back.

use std::sync::Arc;

use sluice_engine::Env;
use sluice_model::{Depth, Query, Request, Row, Timestamp, Uuid, Value};
use sluice_platform::StepSpec;
use sluice_tests::{clock::Clock, people};

use crate::world::{POST_OPERATION, PRE_OPERATION, Pipeline, contact, job, probe};

const STEP: &str = "sdkmessageprocessingstep";

fn world() -> (Arc<Clock>, Pipeline) {
    let clock = Arc::new(Clock::at("2026-03-02T09:00:00Z"));
    let env: Arc<dyn Env> = clock.clone();
    let world = Pipeline::on(&env);
    (clock, world)
}

fn rest(step: Uuid, until: &str) -> Row {
    let until: Timestamp = until.parse().unwrap();
    Row::new(STEP, step)
        .with("sl_restsuntil", until)
        .with("sl_restreason", "it is in the way")
}

/// What the steps of a new contact say; the clock tells none before another.
fn said(world: &Pipeline) -> Vec<String> {
    let run = world.create(&world.seller, contact());
    run.created();
    let mut said = run.said();
    said.sort();
    said
}

#[test]
fn a_step_rests_for_its_time_in_every_process() {
    let (clock, world) = world();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "trace pre"));
    world.step(&probe(POST_OPERATION, "Create", "contact", "trace post"));
    world.admin.update(rest(step, "2026-03-02T11:00:00Z"));
    assert_eq!(said(&world), ["post"]);
    clock.pass_hours(1);
    assert_eq!(said(&world), ["post"]);
    let env: Arc<dyn Env> = clock.clone();
    let other = world.org.second_process_with(&env);
    let session = other.session_of("seller.west").unwrap();
    clock.pass_hours(1);
    assert_eq!(said(&world), ["post", "pre"]);
    // Who read the steps while it rested runs it now.
    let request = Request::create(contact());
    session.execute(request).unwrap();
    let rows = world.admin.list(Query::new("plugintracelog"));
    assert_eq!(
        rows.iter()
            .filter(|row| row.text("messageblock").map(str::trim) == Some("pre"))
            .count(),
        2
    );
    let row = world.admin.get(STEP, step);
    assert_eq!(row.int("statecode"), Some(0), "it was enabled all along");
}

#[test]
fn no_job_is_written_for_a_step_that_rests_and_none_of_it_runs() {
    let (clock, world) = world();
    let step = world.step(&job("Create", "contact", "trace later"));
    world.admin.update(rest(step, "2026-03-02T11:00:00Z"));
    assert_eq!(said(&world), Vec::<String>::new());
    assert_eq!(world.admin.count("asyncoperation"), 0);
    clock.pass_hours(3);
    assert_eq!(said(&world), ["later"]);
}

#[test]
fn to_enable_or_disable_it_ends_a_rest() {
    let (_, world) = world();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "trace pre"));
    for enabled in [true, false] {
        world.set_enabled(step, true);
        world.admin.update(rest(step, "2026-03-02T11:00:00Z"));
        assert_eq!(said(&world), Vec::<String>::new());
        world.set_enabled(step, enabled);
        let row = world.admin.get(STEP, step);
        assert_eq!((row.get("sl_restsuntil"), row.text("sl_restreason")), (None, None));
        assert_eq!(said(&world).len(), usize::from(enabled));
    }
    let error = world.admin.try_update(rest(step, "2026-03-02T11:00:00Z")).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80040203");
    assert!(error.message().contains("is disabled and stays so"), "{error}");
}

/// To let a step rest gives nobody anything; to end its rest does, as enabling it does.
#[test]
fn who_ends_a_rest_may_register_the_step() {
    let (_, world) = world();
    let integration = world.user("integration");
    let spec = StepSpec {
        run_as: Some(integration),
        ..probe(PRE_OPERATION, "Create", "contact", "trace pre")
    };
    let step = world.step(&spec);
    let rights = people::privileges(&["Read", "Write"], &["SdkMessageProcessingStep"], Depth::Organization);
    let keeper = people::user(&world.org, "keeper", &rights);
    keeper.update(rest(step, "2026-03-02T11:00:00Z"));
    keeper.update(rest(step, "2026-03-02T12:00:00Z"));
    for sooner in [
        rest(step, "2026-03-02T10:00:00Z"),
        Row::new(STEP, step).with("sl_restsuntil", Value::Null),
        Row::new(STEP, step).with("statecode", Value::Choice(0)),
    ] {
        let error = keeper.try_update(sooner).unwrap_err();
        assert_eq!(
            error.body().privilege.as_deref(),
            Some("prvActOnBehalfOfAnotherUser"),
            "{error}"
        );
    }
    keeper.update(Row::new(STEP, step).with("statecode", Value::Choice(1)));
}
