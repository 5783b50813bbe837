//! What a request leaves in the trace.

use sluice_engine::TraceNode;
use sluice_model::{Reference, Request, Row, Value};
use sluice_platform::StepSpec;

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, probe};

const OFF: i32 = 0;
const EXCEPTION: i32 = 1;

fn nodes<'a>(parent: &'a TraceNode, kind: &str) -> Vec<&'a TraceNode> {
    parent.children.iter().filter(|node| node.kind == kind).collect()
}

#[test]
fn the_setting_decides_which_calls_leave_a_row() {
    let world = Pipeline::new();
    world.step(&StepSpec {
        rank: 1,
        ..probe(PRE_OPERATION, "Create", "contact", "trace fine")
    });
    let refusing = world.step(&StepSpec {
        rank: 2,
        ..probe(PRE_OPERATION, "Create", "contact", "trace sorry\nrefuse no")
    });

    let run = world.create(&world.admin, contact());
    assert_eq!(run.said(), ["fine", "sorry"], "all: each call");
    world.trace_setting(EXCEPTION);
    let run = world.create(&world.admin, contact());
    assert_eq!(run.said(), ["sorry"], "exception: the ones that failed");
    let before = world.counts(["plugintracelog", "sl_messagetrace"]);
    world.trace_setting(OFF);
    world.record_setting(OFF);
    world.create(&world.admin, contact()).refused("0x80040265");
    world.set_enabled(refusing, false);
    world.create(&world.admin, contact()).created();
    world.trace_setting(EXCEPTION);
    world.create(&world.admin, contact()).created();
    assert_eq!(
        world.counts(["plugintracelog", "sl_messagetrace"]),
        before,
        "off, or exception without one: nothing"
    );
    world.trace_setting(OFF);
    world.record_setting(EXCEPTION);
    world.set_enabled(refusing, true);
    world.create(&world.admin, contact()).refused("0x80040265");
    assert_eq!(
        world.counts(["plugintracelog", "sl_messagetrace"]),
        [before[0], before[1] + 1],
        "the request is recorded, its calls are not"
    );
}

#[test]
fn a_row_says_what_ran_where_and_how() {
    let world = Pipeline::new();
    let script = "trace one\ntrace two\nrefuse no";
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", script));
    let request = sluice_model::Uuid::from_u128(0xC0FFEE);
    let options = sluice_engine::CallOptions {
        request_id: Some(request),
    };
    let error = world
        .seller
        .0
        .execute_with(Request::create(contact()), &options)
        .unwrap_err();
    let query = sluice_model::Query::new("plugintracelog").filter(sluice_model::Filter::eq("requestid", request));
    let rows = world.admin.list(query);
    let [row] = rows.as_slice() else { panic!("{rows:#?}") };
    assert_eq!(row.text("typename"), Some("probe/probe"));
    assert_eq!(row.id_of("pluginstepid"), Some(step));
    assert_eq!(
        (row.text("messagename"), row.text("primaryentity")),
        (Some("Create"), Some("contact"))
    );
    assert_eq!(
        (row.int("mode"), row.int("operationtype"), row.int("depth")),
        (Some(0), Some(1), Some(1))
    );
    assert_eq!(row.id_of("correlationid"), error.body().correlation);
    assert_eq!(row.text("messageblock"), Some("one\ntwo\n"));
    assert_eq!(row.text("exceptiondetails"), Some("0x80040265 no"));
    assert_eq!(row.text("configuration"), Some(script));
    assert!(
        row.get("performanceexecutionstarttime")
            .and_then(Value::as_time)
            .is_some()
    );
    assert!(
        row.int("performanceexecutionduration")
            .is_some_and(|duration| (0..5_000).contains(&duration))
    );
    assert!(row.get("createdon").is_some());
}

#[test]
fn the_secure_configuration_is_in_no_trace() {
    let world = Pipeline::new();
    let spec = probe(PRE_OPERATION, "Create", "contact", "trace x");
    world.step(&StepSpec {
        secure: Some("hunter2".to_owned()),
        ..spec
    });
    let run = world.create(&world.admin, contact());
    assert!(!format!("{:?}", run.calls).contains("hunter2"));
}

#[test]
fn the_trace_of_what_was_rolled_back_stays() {
    let world = Pipeline::new();
    world.step(&probe(POST_OPERATION, "Create", "account", "trace account"));
    world.step(&probe(
        POST_OPERATION,
        "Create",
        "opportunity",
        "trace opportunity\nrefuse no",
    ));
    let before = world.counts(["account", "contact", "opportunity"]);
    let (lead, request) = world.lead();
    let run = world.run(&world.seller, request);
    let error = run.refused("0x80040265");
    assert_eq!(run.said(), ["account", "opportunity"]);
    assert_eq!(world.counts(["account", "contact", "opportunity"]), before);
    assert_eq!(world.seller.get("lead", lead).int("statecode"), Some(0));
    let (row, _) = world.tree(error.body().correlation.unwrap());
    assert_eq!(row.bool("sl_succeeded"), Some(false));
}

#[test]
fn the_tree_of_a_refused_qualify_leads_to_the_failing_leaf() {
    let world = Pipeline::shipped();
    let (lead, request) = world.lead();
    let run = world.run(&world.seller, request);
    let error = run.refused("0x80040220");
    let (row, tree) = world.tree(error.body().correlation.unwrap());
    assert_eq!(
        (row.text("sl_message"), row.text("sl_table")),
        (Some("QualifyLead"), Some("lead"))
    );
    assert_eq!(
        (row.id_of("sl_userid"), row.bool("sl_succeeded")),
        (Some(world.seller.id()), Some(false))
    );

    assert_eq!(
        (tree.kind.as_str(), tree.name.as_str(), tree.level),
        ("message", "QualifyLead lead", Some(1))
    );
    assert_eq!(tree.user.as_deref(), Some("seller.west"));
    let messages = nodes(&tree, "message");
    let [create] = messages.as_slice() else {
        panic!("{tree:#?}")
    };
    assert_eq!((create.name.as_str(), create.level), ("Create account", Some(2)));
    let steps = nodes(create, "step");
    let [step] = steps.as_slice() else {
        panic!("{create:#?}")
    };
    assert_eq!(
        (step.name.as_str(), step.level),
        ("commission: Create of account", Some(20))
    );
    assert!(
        step.usage
            .as_deref()
            .is_some_and(|usage| usage.contains("cpu") && usage.contains("1 calls")),
        "{step:?}"
    );
    let calls = nodes(step, "call");
    let [call] = calls.as_slice() else { panic!("{step:#?}") };
    assert_eq!(call.name, "RetrieveMultiple sl_commissionrule");
    for node in [&tree, create, step, call] {
        assert!(
            node.refusal().is_some_and(|error| error.starts_with("0x80040220")),
            "{node:#?}"
        );
    }
    // Where it failed and for the whole request, everything that the refusal said.
    let leaf = call.children.first().unwrap();
    for node in [&tree, leaf] {
        let told = node.error.as_ref().unwrap();
        assert_eq!(told["privilege"], "prvReadsl_commissionrule", "{told:#}");
        assert!(told["resolution"].is_string(), "{told:#}");
    }
    assert!(tree.microseconds >= create.microseconds && create.microseconds >= step.microseconds);
    assert_eq!(world.seller.get("lead", lead).int("statecode"), Some(0));
}

#[test]
fn the_tree_of_a_success_has_every_message() {
    let world = Pipeline::new();
    let step = world.step(&probe(
        PRE_OPERATION,
        "Create",
        "account",
        "create annotation subject x",
    ));
    let (_, request) = world.lead();
    let run = world.run(&world.admin, request);
    run.result.as_ref().unwrap();
    let correlation = run.calls[0].id_of("correlationid").unwrap();
    let (row, tree) = world.tree(correlation);
    assert_eq!(row.bool("sl_succeeded"), Some(true));
    let names: Vec<&str> = tree.children.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names.first(), Some(&"Create account"));
    assert_eq!(names.last(), Some(&"Update leadtoopportunitysalesprocess"));
    for name in ["Create contact", "Create opportunity", "Update lead"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let inner = &tree.children[0].children[0].children[0].children[0];
    assert_eq!((inner.name.as_str(), inner.level), ("Create annotation", Some(3)));
    assert!(!row.text("sl_tree").unwrap().contains("error"));
    world.set_enabled(step, false);
}

#[test]
fn a_refused_read_leaves_its_trace() {
    let world = Pipeline::new();
    world.trace_setting(EXCEPTION);
    let rule = world
        .admin
        .list(sluice_model::Query::new("sl_commissionrule").columns(&[]))
        .remove(0);
    let request = Request::retrieve(Reference::new("sl_commissionrule", rule.id), &[]);
    let error = world.seller.0.execute(request).unwrap_err();
    let (row, tree) = world.tree(error.body().correlation.unwrap());
    assert_eq!(row.text("sl_name"), Some("Retrieve sl_commissionrule"));
    assert!(tree.refusal().unwrap().starts_with("0x80040220"));
    // Refused by the row, not at the gate.
    let contact = world.admin.create(contact());
    let error = world.seller.try_get("contact", contact).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80048306");
    world.tree(error.body().correlation.unwrap());
}

#[test]
fn what_is_refused_in_pre_validation_leaves_its_trace() {
    let world = Pipeline::new();
    world.step(&probe(PRE_VALIDATION, "Update", "contact", "trace early\nrefuse no"));
    let id = world.admin.create(contact());
    let run = world.update(&world.admin, Row::new("contact", id).with("firstname", "x"));
    let correlation = run.refused("0x80040265").body().correlation.unwrap();
    assert_eq!(run.said(), ["early"]);
    let (_, tree) = world.tree(correlation);
    assert_eq!(tree.children.len(), 1);
    assert_eq!(tree.children[0].name, "probe: Update of contact");
}

#[test]
fn a_quiet_read_leaves_nothing() {
    let world = Pipeline::new();
    let before = world.counts(["plugintracelog", "sl_messagetrace"]);
    assert!(world.seller.count("lead") > 0);
    assert_eq!(world.counts(["plugintracelog", "sl_messagetrace"]), before);
}

#[test]
fn a_long_trace_keeps_its_last_ten_kilobytes() {
    let world = Pipeline::new();
    let lines: Vec<String> = (0..400).map(|n| format!("trace line {n} {}", "x".repeat(50))).collect();
    world.step(&probe(PRE_OPERATION, "Create", "contact", &lines.join("\n")));
    let run = world.create(&world.admin, contact());
    let block = run.calls[0].text("messageblock").unwrap();
    assert!(block.len() <= 10 << 10, "{}", block.len());
    assert!(block.trim_end().ends_with(&format!("line 399 {}", "x".repeat(50))));
}

#[test]
fn the_calls_of_a_request_have_an_order() {
    let world = Pipeline::new();
    for rank in 1..=5 {
        let spec = probe(PRE_OPERATION, "Create", "contact", &format!("trace call {rank}"));
        world.step(&StepSpec { rank, ..spec });
    }
    world.trace_setting(2);
    world.create(&world.admin, contact()).created();
    let query = sluice_model::Query::new("plugintracelog").order_by("createdon");
    let said: Vec<String> = world
        .admin
        .list(query)
        .iter()
        .filter_map(|row| row.text("messageblock").map(|text| text.trim().to_owned()))
        .collect();
    assert_eq!(said, ["call 1", "call 2", "call 3", "call 4", "call 5"]);

    let list = world.org.program().json(&["trace", "list", "--top", "2"]);
    let calls = list["value"].as_array().unwrap();
    let seen: Vec<_> = calls
        .iter()
        .map(|call| {
            (
                call["step"].as_str().unwrap(),
                call["messageblock"].as_str().unwrap().trim(),
            )
        })
        .collect();
    let step = "probe: Create of contact";
    assert_eq!(seen, [(step, "call 5"), (step, "call 4")]);
    let people = world.org.program().run(&["trace", "list"]).stdout;
    assert!(people.contains(step) && people.contains("call 5"), "{people}");
}

#[test]
fn a_trace_of_an_earlier_version_is_read() {
    let text = r#"{"kind": "message", "name": "Create account", "microseconds": 1, "error": "0x80040265 no: never"}"#;
    let node: TraceNode = serde_json::from_str(text).unwrap();
    assert_eq!(node.refusal().as_deref(), Some("0x80040265 no: never"));
    assert_eq!(node.error.unwrap()["message"], "no: never");
}

/// What a refusal says may name values: to whom it is shown.
#[test]
fn what_a_refusal_says_is_shown_to_those_who_may_read_the_row() {
    let world = Pipeline::new();
    world.grant("Salesperson", "prvWriteContact", 0);
    let id = world.seller.create(contact());
    world.step(&probe(PRE_OPERATION, "Update", "contact", "refuse the secret is 4711"));
    let run = world.update(&world.seller, Row::new("contact", id).with("jobtitle", "Boss"));
    let correlation = run.refused("0x80040265").body().correlation.unwrap();
    let other = world.org.actor("seller.east");
    let tree = |actor: &sluice_tests::Actor| {
        let query = sluice_model::Query::new("sl_messagetrace");
        let of = sluice_model::Filter::eq("sl_correlationid", correlation);
        let rows = actor.list(query.columns(&["sl_tree"]).filter(of));
        rows[0].text("sl_tree").unwrap().to_owned()
    };
    for privilege in ["prvReadsl_messagetrace", "prvReadPluginTraceLog"] {
        world.grant("Salesperson", privilege, 3);
    }
    assert!(tree(&world.admin).contains("4711"), "the administrator reads the row");
    assert!(tree(&world.seller).contains("4711"), "it was their own request");
    let seen = tree(&other);
    assert!(!seen.contains("4711") && seen.contains("0x80040265"), "{seen}");
    // Nor is it searched for.
    let search = sluice_model::Filter::Compare {
        column: "sl_tree".into(),
        comparison: sluice_model::Comparison::Contains,
        value: Value::from("4711"),
    };
    let error = other
        .0
        .list(sluice_model::Query::new("sl_messagetrace").filter(search))
        .unwrap_err();
    assert_eq!(error.code().to_string(), "0x80040203");
    // Of a row that is gone: whoever reads the table in the whole organisation.
    world.admin.try_delete("contact", id).unwrap();
    assert!(!tree(&other).contains("4711") && tree(&world.admin).contains("4711"));
}
