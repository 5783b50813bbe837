//! A step that is only watched runs, its trace says what it did, and what it did is discarded.

use sluice_model::{Depth, Request, Row, Uuid, Value};
use sluice_platform::StepSpec;
use sluice_tests::people;

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, job, probe};

const STEP: &str = "sdkmessageprocessingstep";

fn watched(world: &Pipeline, spec: &StepSpec) -> Uuid {
    let step = world.step(spec);
    world.admin.update(Row::new(STEP, step).with("sl_monitored", true));
    step
}

const SCRIPT: &str = "trace ran\nset firstname Changed\ncreate task subject Call\nshare mark yes";

#[test]
fn what_a_watched_step_does_is_discarded_at_every_stage() {
    for stage in [PRE_VALIDATION, PRE_OPERATION, POST_OPERATION] {
        let world = Pipeline::new();
        world.trace_setting(2);
        let step = watched(&world, &probe(stage, "Create", "contact", SCRIPT));
        world.step(&probe(POST_OPERATION, "Create", "contact", "trace after\nshared mark"));
        let run = world.create(&world.seller, contact());
        let id = run.created();
        let said = run.said();
        assert_eq!(said.first().map(String::as_str), Some("ran"), "{stage}: {said:?}");
        assert!(said.contains(&"after".to_owned()), "{stage}: {said:?}");
        assert!(!said.iter().any(|line| line.contains("yes")), "{stage}: {said:?}");
        assert_eq!(world.admin.get("contact", id).text("firstname"), None, "{stage}");
        assert_eq!(world.admin.count("task"), 0, "{stage}");
        let correlation = run.calls[0].id_of("correlationid").unwrap();
        let (_, tree) = world.tree(correlation);
        let node = tree.children.iter().find(|node| node.step == Some(step)).unwrap();
        let columns = &node.discarded.as_ref().unwrap().columns;
        assert_eq!(
            columns.iter().map(|name| &**name).collect::<Vec<_>>(),
            ["firstname"],
            "{stage}"
        );
        assert_eq!(node.children.len(), 1, "its call is there: {node:#?}");
    }
}

#[test]
fn the_failure_of_a_watched_step_stops_nobody() {
    for stage in [PRE_VALIDATION, PRE_OPERATION, POST_OPERATION] {
        for script in ["create task subject Call\nrefuse no", "read campaign"] {
            let world = Pipeline::new();
            world.trace_setting(2);
            watched(&world, &probe(stage, "Create", "contact", script));
            let run = world.create(&world.seller, contact());
            run.created();
            assert_eq!(world.admin.count("task"), 0);
            let correlation = run.calls[0].id_of("correlationid").unwrap();
            let (row, tree) = world.tree(correlation);
            assert!(tree.error.is_none() && row.get("sl_exceptiondetails").is_none());
            assert!(tree.children[0].refusal().is_some(), "{stage} {script}: {tree:#?}");
        }
    }
}

#[test]
fn the_job_of_a_watched_step_leaves_nothing() {
    let world = Pipeline::new();
    watched(
        &world,
        &job("Create", "contact", "trace later\ncreate task subject Call"),
    );
    let run = world.create(&world.admin, contact());
    run.created();
    assert_eq!(run.said(), ["later", "created task"]);
    assert_eq!(world.counts(["task", "asyncoperation"]), [0, 1]);
    let failing = watched(&world, &job("Create", "contact", "refuse no"));
    world.create(&world.admin, contact()).created();
    let jobs = world.admin.list(sluice_model::Query::new("asyncoperation"));
    let own = jobs
        .iter()
        .find(|job| job.id_of("owningextensionid") == Some(failing))
        .unwrap();
    assert_eq!(own.int("statuscode"), Some(30), "{own:#?}");
}

#[test]
fn to_enable_or_disable_it_ends_watching() {
    let world = Pipeline::new();
    let step = watched(&world, &probe(PRE_OPERATION, "Create", "contact", "refuse no"));
    world.create(&world.seller, contact()).created();
    world.set_enabled(step, true);
    assert_eq!(world.admin.get(STEP, step).bool("sl_monitored"), Some(false));
    world.create(&world.seller, contact()).refused("0x80040265");
    world.set_enabled(step, false);
    let error = world
        .admin
        .try_update(Row::new(STEP, step).with("sl_monitored", true))
        .unwrap_err();
    assert!(error.message().contains("there is nothing to watch"), "{error}");
}

/// A word for what is done to a step, and the change that does it.
type Way = (&'static str, fn(Row) -> Row);

/// A step is disabled, rests, is watched, or works: what was said last counts, whatever was said before.
#[test]
fn what_was_said_last_counts() {
    let until: sluice_model::Timestamp = "2999-01-01T00:00:00Z".parse().unwrap();
    let ways: [Way; 4] = [
        ("enable", |row| row.with("statecode", Value::Choice(0))),
        ("disable", |row| row.with("statecode", Value::Choice(1))),
        ("rest", |row| {
            row.with(
                "sl_restsuntil",
                "2999-01-01T00:00:00Z".parse::<sluice_model::Timestamp>().unwrap(),
            )
        }),
        ("watch", |row| row.with("sl_monitored", true)),
    ];
    let world = Pipeline::new();
    world.trace_setting(2);
    let step = world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "trace ran\nset jobtitle Changed",
    ));
    for (first, before) in ways {
        for (last, after) in ways {
            world.set_enabled(step, true);
            world.admin.update(before(Row::new(STEP, step)));
            let done = world.admin.try_update(after(Row::new(STEP, step)));
            // What does not run can neither rest nor be watched.
            let is_refused = first == "disable" && matches!(last, "rest" | "watch");
            assert_eq!(done.is_err(), is_refused, "{first}, {last}: {done:?}");
            let now = if is_refused { first } else { last };
            let row = world.admin.get(STEP, step);
            let state = (
                row.int("statecode"),
                row.get("sl_restsuntil").and_then(Value::as_time),
                row.bool("sl_monitored"),
            );
            let expected = (
                Some(i32::from(now == "disable")),
                (now == "rest").then_some(until),
                Some(now == "watch"),
            );
            assert_eq!(state, expected, "{first}, {last}");
            let run = world.create(&world.seller, contact());
            let contact = world.admin.get("contact", run.created());
            let changed = contact.text("jobtitle") == Some("Changed");
            let ran = run.said() == ["ran"];
            assert_eq!(
                (ran, changed),
                (matches!(now, "enable" | "watch"), now == "enable"),
                "{first}, {last}"
            );
        }
    }
    world.set_enabled(step, true);
    let both = Row::new(STEP, step)
        .with("sl_restsuntil", until)
        .with("sl_monitored", true);
    let error = world.admin.try_update(both).unwrap_err();
    assert!(error.message().contains("not both at once"), "{error}");
}

/// To watch a step gives nobody anything; to let it work again takes what enabling takes.
#[test]
fn who_ends_watching_may_register_the_step() {
    let world = Pipeline::new();
    let spec = StepSpec {
        run_as: Some(world.user("integration")),
        ..probe(PRE_OPERATION, "Create", "contact", "trace pre")
    };
    let step = world.step(&spec);
    let rights = people::privileges(&["Read", "Write"], &["SdkMessageProcessingStep"], Depth::Organization);
    let keeper = people::user(&world.org, "keeper", &rights);
    let until: sluice_model::Timestamp = "2999-01-01T00:00:00Z".parse().unwrap();
    keeper.update(Row::new(STEP, step).with("sl_restsuntil", until));
    // Its rest ends, and what it does is discarded.
    keeper.update(Row::new(STEP, step).with("sl_monitored", true));
    for ending in [
        Row::new(STEP, step).with("sl_monitored", false),
        // It would work again after its time.
        Row::new(STEP, step).with("sl_restsuntil", until),
        Row::new(STEP, step).with("statecode", Value::Choice(0)),
    ] {
        let error = keeper.try_update(ending).unwrap_err();
        assert_eq!(
            error.body().privilege.as_deref(),
            Some("prvActOnBehalfOfAnotherUser"),
            "{error}"
        );
    }
    world.run(&world.seller, Request::create(contact())).created();
}
