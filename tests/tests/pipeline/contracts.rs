//! Files of earlier versions of the contract, kept as bytes, and what a newer one tells.

use std::io::Read as _;

use sluice_model::{Filter, Query, Row};
use sluice_platform::{Assembly, PushOptions, StepSpec, prelude::*};

use crate::world::{POST_OPERATION, PRE_OPERATION, Pipeline, account, contact, probe};

/// The probe as it was built against version 1.0.
fn of_1_0() -> Vec<u8> {
    let packed = std::fs::read(sluice_tests::root().join("tests/contracts/probe-1.0.wasm.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice())
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

#[test]
fn a_file_of_version_1_0_runs_as_it_did() {
    let world = Pipeline::new();
    let assembly = Assembly {
        name: "old".to_owned(),
        bytes: of_1_0(),
        description: None,
    };
    let pushed = world.admin.0.push(&assembly, &PushOptions::default()).unwrap();
    assert_eq!(
        (pushed.types, pushed.privileges),
        (vec!["probe".to_owned()], Vec::new())
    );
    let script = "dump\nupper lastname\nshare a b\nshared a\ncreate account name ByOld\nread account\nusers\noutputs";
    world.step(&StepSpec {
        plugin: "old/probe".to_owned(),
        ..probe(PRE_OPERATION, "Create", "contact", script)
    });
    let run = world.create(&world.admin, contact());
    let made = world.admin.get("contact", run.created());
    assert_eq!(made.text("lastname"), Some("NG"));
    assert_eq!(run.said().len(), 6, "{:?}", run.said());
    let refusing = StepSpec {
        plugin: "old/probe".to_owned(),
        ..probe(PRE_OPERATION, "Create", "account", "refuse no")
    };
    world.step(&refusing);
    let error = world.create(&world.admin, account());
    assert_eq!(error.refused("0x80040265").body().subcode, Some(4711));
}

#[test]
fn what_a_file_tells_of_a_type_is_kept_with_it() {
    let world = Pipeline::new();
    let pushed = world.push("probe", "probe", false);
    assert_eq!(
        pushed.privileges,
        [("probe".to_owned(), vec!["prvReadAccount".to_owned()])]
    );
    let named = Filter::eq("typename", "probe");
    let row: Row = world.admin.list(Query::new("plugintype").filter(named)).remove(0);
    assert_eq!(row.text("sl_privileges"), Some("prvReadAccount"));
    assert_eq!(row.bool("isworkflowactivity"), Some(true));
    let told = row.text("customworkflowactivityinfo").unwrap();
    assert!(told.contains("Rate") && told.contains("Answer"), "{told}");
}

#[test]
fn a_step_on_retrieve_multiple_sees_the_question() {
    let world = Pipeline::new();
    world.step(&probe(POST_OPERATION, "RetrieveMultiple", "contact", "question"));
    world.step(&probe(PRE_OPERATION, "Create", "contact", "question"));
    let query = Query::new("contact")
        .columns(&["lastname"])
        .filter(Filter::eq("lastname", "Ng"))
        .order_by("lastname")
        .top(5);
    let run = world.run(&world.admin, sluice_model::Request::retrieve_multiple(query));
    run.says(&["asks contact columns=lastname filter=lastname eq 'Ng' order=1 top=Some(5) related="]);
    world.create(&world.admin, contact()).says(&["asks nothing"]);
}
