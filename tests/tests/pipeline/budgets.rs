//! What one request may use in all, and leave behind.

use sluice_model::{Code, Filter, Query, Request, Row};
use sluice_platform::StepSpec;
use sluice_platform::prelude::*;

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, account, contact, job, probe};

fn size(world: &Pipeline) -> u64 {
    let wal = world.org.path().with_file_name("sluice.db-wal");
    let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len());
    size(world.org.path()) + size(&wal)
}

/// A plug-in that sets itself off twenty times and ignores what becomes of it.
#[test]
fn a_runaway_that_swallows_its_errors_ends_with_its_first_one() {
    let world = Pipeline::new();
    world.trace_setting(1);
    let many = "swallow-create account name x\n".repeat(20);
    world.step(&probe(POST_OPERATION, "Create", "account", &many));
    let (accounts, before) = (world.admin.count("account"), size(&world));
    let run = world.create(&world.admin, account());
    let error = run.refused("0x8009000C");
    assert_eq!(error.body().limit.as_ref().unwrap().name, "depth");
    assert_eq!(error.message().matches("ISV code reduced").count(), 1, "{error}");
    assert_eq!(run.calls.len(), 8, "each level has made one call and begun another");
    assert_eq!(world.admin.count("account"), accounts);
    let grown = size(&world) - before;
    assert!(grown < 2 << 20, "{grown}");
    let (row, tree) = world.tree(error.body().correlation.unwrap());
    // Where it began, where it was swallowed, and for the whole.
    let chain = row.text("sl_tree").unwrap().matches("infinite loop").count();
    assert!(chain <= 3, "{chain}");
    assert_eq!(tree.cut, 0);
}

#[test]
fn a_batch_leaves_no_more_behind_than_a_request_may() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Update", "contact", "trace x"));
    let id = world.admin.create(contact());
    let before = world.counts(["plugintracelog", "sl_messagetrace"]);
    world.trace_setting(2);
    let updates = 900;
    let batch = world.admin.0.batch(|batch| {
        for number in 0..updates {
            let row = Row::new("contact", id).with("jobtitle", format!("{number}"));
            batch.execute(Request::update(row))?;
        }
        Ok(())
    });
    batch.unwrap();
    let after = world.counts(["plugintracelog", "sl_messagetrace"]);
    let (calls, trees) = (after[0] - before[0], after[1] - before[1]);
    assert!(calls < 700 && trees < 700, "{calls} {trees}");
    let rest = Query::new("sl_messagetrace").filter(Filter::Compare {
        column: "sl_name".into(),
        comparison: sluice_model::Comparison::Contains,
        value: "messages more".into(),
    });
    let rest = world.admin.list(rest);
    let [row] = rest.as_slice() else { panic!("{rest:#?}") };
    let tree: sluice_engine::TraceNode = serde_json::from_str(row.text("sl_tree").unwrap()).unwrap();
    // One of the trees is that of the setting, and one this row.
    assert_eq!(usize::try_from(tree.cut).unwrap() + trees - 2, updates);
}

#[test]
fn service_calls_of_a_request_are_counted_together() {
    let world = Pipeline::new();
    world.trace_setting(0);
    let many = "swallow-read sl_commissionrule\n".repeat(500);
    let limits = Some(r#"{"wall": 120000, "cpu": 2000}"#.to_owned());
    let steps: Vec<_> = (0..21)
        .map(|rank| {
            world.step(&StepSpec {
                rank,
                limits: limits.clone(),
                ..probe(PRE_VALIDATION, "Create", "contact", &many)
            })
        })
        .collect();
    let run = world.create(&world.seller, contact());
    let error = run.refused("0x80040224");
    let limit = error.body().limit.as_ref().unwrap();
    assert_eq!(
        (&*limit.name, limit.allowed, limit.used),
        ("request-calls", 10_000, 10_001)
    );
    assert_eq!(error.body().step.as_ref().unwrap().id, steps[20]);
}

fn spin(rank: i32, stage: i32) -> StepSpec {
    StepSpec {
        plugin: "hostile/loops".to_owned(),
        rank,
        limits: Some(r#"{"cpu": 2000, "wall": 120000}"#.to_owned()),
        ..probe(stage, "Create", "contact", "")
    }
}

#[test]
fn a_transaction_ends_when_its_time_is_over() {
    let world = Pipeline::new();
    let pushed = world.push("hostile", "hostile", false);
    world.admin.0.set_plugin_enabled(pushed.id, false).unwrap();
    world.setting("sl_transactionlimit", 1);
    let step = world.step(&spin(1, POST_OPERATION));
    let before = world.admin.count("contact");
    let run = world.create(&world.admin, contact());
    let error = run.refused("0x80081111");
    assert_eq!(error.body().step.as_ref().unwrap().id, step, "{error}");
    let limit = error.body().limit.as_ref().unwrap();
    assert_eq!((&*limit.name, limit.allowed), ("limits.transaction", 1_000));
    assert!(limit.used >= limit.allowed);
    assert!(
        error.to_json()["remedies"]
            .to_string()
            .contains("RaiseTransactionLimit")
    );
    assert_eq!(world.admin.count("contact"), before);
    world.set_enabled(step, false);
    world.create(&world.admin, contact()).created();
    // Before the transaction the step has its own limits.
    let step = world.step(&spin(1, PRE_VALIDATION));
    let run = world.create(&world.admin, contact());
    assert_eq!(run.refused("0x80044172").body().limit.as_ref().unwrap().name, "cpu");
    world.set_enabled(step, false);
}

#[test]
fn a_trial_has_the_same_time() {
    let world = Pipeline::new();
    let pushed = world.push("hostile", "hostile", false);
    world.admin.0.set_plugin_enabled(pushed.id, false).unwrap();
    world.setting("sl_transactionlimit", 1);
    let step = world.step(&spin(1, POST_OPERATION));
    let request = Request::create(contact());
    let found = world.admin.0.isolate(world.admin.id(), &request).unwrap();
    let culprit = found.culprits.first().unwrap();
    assert_eq!(culprit.error.code(), Code::MESSAGE_TIMEOUT);
    assert_eq!(culprit.error.body().step.as_ref().unwrap().id, step);
    assert!(found.passes);
}

#[test]
fn jobs_are_bounded_in_breadth() {
    let world = Pipeline::new();
    let three = "create contact lastname a\n".repeat(3);
    world.step(&job("Create", "contact", &three.replace("create", "at-depth 1 create")));
    // Asynchronous runs count on: depth 1, then 2.
    world.create(&world.admin, contact()).created();
    let jobs = |status: i32| {
        let of = Filter::eq("statuscode", sluice_model::Value::Choice(status));
        world.admin.list(Query::new("asyncoperation").filter(of))
    };
    assert_eq!(
        (jobs(30).len(), jobs(31).len()),
        (4, 0),
        "what is within the limit is done"
    );
    world.setting("sl_joblimit", 20);
    world.step(&job("Create", "account", &"create account name a\n".repeat(5)));
    world.create(&world.admin, account()).created();
    let failed = jobs(31);
    assert!(!failed.is_empty());
    for row in &failed {
        let told = row.text("message").unwrap();
        assert!(told.contains("`jobs.max-per-request` of 20"), "{told}");
        assert_eq!(row.int("errorcode"), Some(Code::DEPTH.signed()));
    }
    let ended = jobs(30).len() + failed.len();
    assert_eq!(world.admin.count("asyncoperation"), ended, "none waits for ever");
    assert!(ended <= 4 + 20, "{ended}");
}

/// Everybody in flight may set off plug-ins eight levels deep: there is room for each.
#[test]
fn nobody_waits_for_an_instance() {
    let world = Pipeline::new();
    let tables = [
        "lead",
        "account",
        "contact",
        "opportunity",
        "task",
        "phonecall",
        "email",
        "appointment",
    ];
    for pair in tables.windows(2) {
        let message = if pair[0] == "lead" {
            "Create"
        } else {
            "RetrieveMultiple"
        };
        // It is about who waits, and not about how long a call takes where a hundred threads share the machine.
        world.step(&StepSpec {
            limits: Some(r#"{"cpu": 2000, "wall": 120000}"#.to_owned()),
            ..probe(PRE_VALIDATION, message, pair[0], &format!("read {}", pair[1]))
        });
    }
    std::thread::scope(|scope| {
        for number in 0..100 {
            let world = &world;
            scope.spawn(move || {
                let lead = Row::unsaved("lead")
                    .with("subject", "Pumps")
                    .with("lastname", format!("L{number}"));
                world.create(&world.admin, lead).created();
            });
        }
    });
}
