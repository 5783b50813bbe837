//! Plug-ins that misbehave, in the pipeline: each ends with its code, undone, and the next
//! request is served.

use sluice_model::{Row, Uuid};
use sluice_platform::StepSpec;
use sluice_platform::prelude::*;

use crate::world::{POST_OPERATION, PRE_OPERATION, Pipeline, account, contact, probe};

fn world() -> Pipeline {
    let world = Pipeline::new();
    let pushed = world.push("hostile", "hostile", false);
    world.admin.0.set_plugin_enabled(pushed.id, false).unwrap();
    world
}

fn hostile(kind: &str, argument: &str) -> StepSpec {
    StepSpec {
        plugin: format!("hostile/{kind}"),
        ..probe(PRE_OPERATION, "Create", "contact", argument)
    }
}

/// The type, its argument, the code, the limit that is named.
type Case = (&'static str, &'static str, &'static str, Option<&'static str>);

const CASES: &[Case] = &[
    // Time
    ("loops", "", "0x80044172", Some("cpu")),
    ("loops-in-getters", "", "0x80044172", Some("cpu")),
    // Memory and stack
    ("eats-memory", "", "0x8004418D", Some("memory")),
    ("recurses", "100000000", "0x8004418D", Some("stack")),
    ("recurses-shadow", "100000000", "0x8004418D", None),
    // Traps
    ("panics", "", "0x80040224", None),
    ("unreachable", "", "0x80040224", None),
    // Data
    ("big-string", "", "0x80040216", Some("bytes")),
    ("million-empty", "", "0x80040216", Some("bytes")),
    ("big-refusal", "", "0x80040216", Some("bytes")),
    ("big-output", "", "0x80040216", Some("output")),
    // Refusals
    ("refuse", "", "0x80040265", None),
    ("refuse-empty", "", "0x80040265", None),
    ("long-refusal", "1000000", "0x80040265", None),
    ("unexpected", "", "0x80040224", None),
    ("forges-handle", "", "0x80040224", None),
    // Values
    ("bad-value", "decimal", "0x80040224", None),
    ("change-parent", "", "0x80040224", None),
];

#[test]
fn each_ends_with_its_code_and_undoes_everything() {
    let world = world();
    // What came before it in the same transaction goes, too.
    let first = probe(PRE_OPERATION, "Create", "contact", "create account name Casualty");
    world.step(&first);
    for (kind, argument, code, limit) in CASES {
        let before = world.counts(["account", "contact"]);
        let step = world.step(&StepSpec {
            rank: 5,
            ..hostile(kind, argument)
        });
        let run = world.create(&world.admin, contact());
        let error = run.refused(code);
        assert_eq!(
            error.body().limit.as_ref().map(|limit| limit.name.as_str()),
            *limit,
            "{kind}: {error}"
        );
        if let Some(limit) = &error.body().limit {
            assert!(limit.used >= limit.allowed, "{kind}: {limit:?}");
        }
        let blamed = error.body().step.as_ref().unwrap();
        assert_eq!((blamed.id, blamed.plugin.clone()), (step, format!("hostile/{kind}")));
        assert_eq!(world.counts(["account", "contact"]), before, "{kind}");
        world.set_enabled(step, false);
        let served = world.create(&world.admin, contact());
        assert!(served.result.is_ok(), "after {kind}: {:?}", served.result);
    }
}

#[test]
fn a_refusal_and_a_panic_speak_for_themselves() {
    let world = world();
    let step = world.step(&hostile("refuse", ""));
    let run = world.create(&world.admin, contact());
    let error = run.refused("0x80040265");
    assert_eq!(
        (error.message(), error.body().subcode),
        ("no business on a Sunday", Some(-42))
    );
    world.set_enabled(step, false);
    let step = world.step(&hostile("refuse-empty", ""));
    assert_eq!(
        world.create(&world.admin, contact()).refused("0x80040265").message(),
        "ISV code aborted the operation."
    );
    world.set_enabled(step, false);
    world.step(&hostile("panics", ""));
    let run = world.create(&world.admin, contact());
    let message = run.refused("0x80040224").message();
    for part in ["the moon is full", "hostile::panics", "lib.rs:"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn some_are_only_odd_and_do_no_harm() {
    let world = world();
    for (kind, argument) in [
        ("ok", ""),
        ("asks-for-memory", ""),
        ("huge-trace", ""),
        ("configuration", "x"),
        ("trace", "\u{1b}[31mred"),
    ] {
        let step = world.step(&hostile(kind, argument));
        let run = world.create(&world.admin, contact());
        assert!(run.result.is_ok(), "{kind}: {:?}", run.result);
        let block = run.calls[0].text("messageblock").unwrap_or_default();
        assert!(block.len() <= 10 << 10 && !block.contains('\u{1b}'), "{kind}");
        world.set_enabled(step, false);
    }
}

#[test]
fn no_call_sees_what_another_left_behind() {
    let world = world();
    let mark = world.step(&StepSpec {
        rank: 1,
        ..hostile("mark-memory", "")
    });
    world.step(&StepSpec {
        rank: 2,
        ..hostile("look-for-mark", "")
    });
    for _ in 0..5 {
        world.create(&world.admin, contact()).created();
    }
    world.set_enabled(mark, false);
    world.create(&world.seller, contact()).created();
}

/// A step on Update of account in post-operation, where the guest's own update is well-formed.
fn on_update(world: &Pipeline, kind: &str, argument: &str, limits: Option<&str>) -> Uuid {
    world.step(&StepSpec {
        plugin: format!("hostile/{kind}"),
        limits: limits.map(ToOwned::to_owned),
        ..probe(POST_OPERATION, "Update", "account", argument)
    })
}

#[test]
fn floods_of_calls_and_errors_swallowed_in_a_loop_come_to_an_end() {
    let world = world();
    let id = world.admin.create(account());
    // At depth 8 each further update fails; those at depth 1 to 7 run into it first.
    let cases = [
        ("flood-calls", "0x80044182", Some("depth")),
        ("self-update", "0x80044182", Some("depth")),
    ];
    for (kind, code, limit) in cases {
        let step = on_update(&world, kind, "", None);
        let run = world.update(&world.admin, Row::new("account", id).with("name", "after"));
        let error = run.refused(code);
        assert_eq!(
            error.body().limit.as_ref().map(|limit| limit.name.as_str()),
            limit,
            "{kind}"
        );
        assert_eq!(world.admin.get("account", id).text("name"), Some("Litware"));
        world.set_enabled(step, false);
    }
    world.admin.update(Row::new("account", id).with("name", "served"));
}

#[test]
fn full_stacks_on_every_level_do_not_end_the_process() {
    let world = world();
    let id = world.admin.create(account());
    let update = || world.update(&world.admin, Row::new("account", id).with("name", "after"));
    // How deep a guest can dive before its stack is full: found with one level only.
    let (mut fits, mut overflows) = (0_u32, 100_000_u32);
    while overflows - fits > 64 {
        let middle = (fits + overflows) / 2;
        let step = world.step(&hostile("recurses", &middle.to_string()));
        match world.create(&world.admin, contact()).result {
            Ok(_) => fits = middle,
            Err(_) => overflows = middle,
        }
        world.admin.try_delete("sdkmessageprocessingstep", step).unwrap();
    }
    assert!(fits > 1_000, "{fits}");
    for depth in [fits / 100 * 90, fits / 100 * 97] {
        let step = on_update(&world, "dives-and-updates", &depth.to_string(), None);
        let run = update();
        let code = run.result.as_ref().unwrap_err().code().to_string();
        assert!(code == "0x80044182" || code == "0x8004418D", "{code}");
        assert_eq!(world.admin.get("account", id).text("name"), Some("Litware"));
        world.admin.try_delete("sdkmessageprocessingstep", step).unwrap();
    }
    let step = on_update(&world, "dives-and-updates", &(fits / 100 * 90).to_string(), None);
    let run = update();
    run.refused("0x80044182");
    assert_eq!(run.calls.len(), 8, "eight levels, each with its stack nearly full");
    world.admin.try_delete("sdkmessageprocessingstep", step).unwrap();
    on_update(&world, "dives-and-updates", &(overflows + 1_000).to_string(), None);
    assert_eq!(
        update().refused("0x8004418D").body().limit.as_ref().unwrap().name,
        "stack"
    );
}

#[test]
fn limits_of_a_step_are_obeyed_and_shown() {
    let world = world();
    let cases = [
        ("hostile/loops", "", r#"{"cpu": 30}"#, "0x80044172", "cpu", 30),
        (
            "hostile/eats-memory",
            "",
            r#"{"memory": 8388608}"#,
            "0x8004418D",
            "memory",
            8 << 20,
        ),
        (
            "probe/probe",
            "create account name x\ncreate account name y",
            r#"{"host-calls": 1}"#,
            "0x80040224",
            "host-calls",
            1,
        ),
        ("probe/probe", "read account", r#"{"rows": 3}"#, "0x80040216", "rows", 3),
        (
            "probe/probe",
            "create account name Some-long-name",
            r#"{"bytes": 20}"#,
            "0x80040216",
            "bytes",
            20,
        ),
        (
            "probe/probe",
            "set description Something-longer",
            r#"{"output": 10}"#,
            "0x80040216",
            "output",
            10,
        ),
    ];
    for (plugin, script, limits, code, name, allowed) in cases {
        let spec = StepSpec {
            plugin: plugin.to_owned(),
            limits: Some(limits.to_owned()),
            ..hostile("", script)
        };
        let step = world.step(&spec);
        assert_eq!(
            world.admin.get("sdkmessageprocessingstep", step).text("sl_limits"),
            Some(limits)
        );
        let before = world.counts(["account", "contact"]);
        let run = world.create(&world.admin, contact());
        let error = run.refused(code);
        let limit = error.body().limit.as_ref().unwrap();
        assert_eq!((limit.name.as_str(), limit.allowed), (name, allowed), "{error}");
        assert!(
            error.message().contains(&allowed.to_string()),
            "it says the limit: {error}"
        );
        assert_eq!(world.counts(["account", "contact"]), before);
        world.set_enabled(step, false);
    }
}

#[test]
fn a_step_may_have_more_than_the_default_up_to_the_maximum() {
    let world = world();
    let step = world.step(&StepSpec {
        limits: Some(r#"{"cpu": 400}"#.to_owned()),
        ..hostile("loops", "")
    });
    let run = world.create(&world.admin, contact());
    assert_eq!(run.refused("0x80044172").body().limit.as_ref().unwrap().allowed, 400);
    world.set_enabled(step, false);
    world.create(&world.admin, contact()).created();
}

#[test]
fn a_job_is_stopped_as_well() {
    let world = world();
    let limits = Some(r#"{"cpu": 30}"#.to_owned());
    world.step(&StepSpec {
        stage: POST_OPERATION,
        mode: 1,
        limits,
        ..hostile("loops", "")
    });
    world.create(&world.admin, contact()).created();
    let jobs = world.admin.list(sluice_model::Query::new("asyncoperation"));
    assert_eq!(
        (jobs[0].int("statecode"), jobs[0].int("statuscode")),
        (Some(3), Some(31))
    );
    assert_eq!(jobs[0].int("errorcode"), Some(0x8004_4172_u32.cast_signed()));
}
