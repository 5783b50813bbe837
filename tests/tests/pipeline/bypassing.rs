//! One request passes over custom logic, by the platform's parameters; everybody else's requests run it.

use sluice_model::{Depth, Request, Row, Uuid};
use sluice_platform::prelude::*;
use sluice_tests::{Actor, people};

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, job, probe};

const PLUGINS: &str = "BypassCustomPluginExecution";
const LOGIC: &str = "BypassBusinessLogicExecution";
const STEPS: &str = "BypassBusinessLogicExecutionStepIds";

/// What the steps of a new contact say when the request carries a parameter.
fn said(world: &Pipeline, name: &str, value: impl Into<sluice_model::Parameter>) -> Vec<String> {
    let run = world.run(&world.admin, Request::create(contact()).with(name, value));
    run.created();
    let mut said = run.said();
    said.sort();
    said
}

fn four_steps(world: &Pipeline) -> [Uuid; 4] {
    [
        world.step(&probe(PRE_VALIDATION, "Create", "contact", "trace validation")),
        world.step(&probe(PRE_OPERATION, "Create", "contact", "trace pre")),
        world.step(&probe(POST_OPERATION, "Create", "contact", "trace post")),
        world.step(&job("Create", "contact", "trace later")),
    ]
}

#[test]
fn a_request_passes_over_logic_by_its_kind() {
    let world = Pipeline::new();
    four_steps(&world);
    assert_eq!(said(&world, PLUGINS, false), ["later", "post", "pre", "validation"]);
    assert_eq!(said(&world, PLUGINS, true), ["later"]);
    assert_eq!(said(&world, LOGIC, "CustomSync"), ["later"]);
    assert_eq!(said(&world, LOGIC, "CustomAsync"), ["post", "pre", "validation"]);
    assert_eq!(said(&world, LOGIC, "CustomSync, CustomAsync"), Vec::<String>::new());
}

#[test]
fn a_request_passes_over_steps_by_id_and_unknown_ids_are_ignored() {
    let world = Pipeline::new();
    let [validation, pre, post, later] = four_steps(&world);
    let ids = format!("{pre},{later},{}", Uuid::from_u128(7));
    assert_eq!(said(&world, STEPS, &*ids), ["post", "validation"]);
    let many = format!("{validation},{pre},{post},{later}");
    let request = Request::create(contact()).with(STEPS, &*many);
    let error = world.admin.0.execute(request.clone()).unwrap_err();
    assert!(error.message().contains("names 4 steps"), "{error}");
    world.setting("sl_bypasslimit", 4);
    let run = world.run(&world.admin, request);
    run.created();
    assert_eq!(run.said(), Vec::<String>::new());
    // The next request runs them all.
    assert_eq!(said(&world, PLUGINS, false).len(), 4);
}

#[test]
fn what_cannot_be_bypassed_runs() {
    let world = Pipeline::new();
    let [_, pre, ..] = four_steps(&world);
    world
        .admin
        .update(Row::new("sdkmessageprocessingstep", pre).with("canbebypassed", false));
    assert_eq!(said(&world, LOGIC, "CustomSync,CustomAsync"), ["pre"]);
    assert_eq!(
        said(&world, STEPS, &*pre.to_string()),
        ["later", "post", "pre", "validation"]
    );
}

#[test]
fn each_parameter_has_its_privilege_and_words() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "trace pre"));
    let contacts = people::privileges(&["Create", "Read"], &["Contact"], Depth::Organization);
    let holder = |name: &str, privilege: &str| {
        let mut rights = contacts.clone();
        rights.push((privilege.to_owned(), Depth::Organization));
        people::user(&world.org, name, &rights)
    };
    let plugins = holder("plugins", "prvBypassCustomPlugins");
    let logic = holder("logic", "prvBypassCustomBusinessLogic");
    let sent = |who: &Actor, name: &str, value: sluice_model::Parameter| {
        let run = world.run(who, Request::create(contact()).with(name, value));
        run.result.map(|_| ()).map_err(|error| error.body().privilege.clone())
    };
    let ids = step.to_string();
    let lacks = |privilege: &str| Err(Some(privilege.to_owned()));
    assert_eq!(sent(&plugins, PLUGINS, true.into()), Ok(()));
    assert_eq!(sent(&logic, PLUGINS, true.into()), lacks("prvBypassCustomPlugins"));
    for (name, value) in [(LOGIC, "CustomSync"), (LOGIC, "CustomAsync"), (STEPS, &*ids)] {
        assert_eq!(sent(&logic, name, value.into()), Ok(()), "{name}");
        assert_eq!(
            sent(&plugins, name, value.into()),
            lacks("prvBypassCustomBusinessLogic"),
            "{name}"
        );
    }
    assert_eq!(
        sent(&world.seller, PLUGINS, false.into()),
        Ok(()),
        "nothing is passed over"
    );
    for (name, wrong) in [(LOGIC, "CustomSnyc"), (STEPS, "pre")] {
        let error = world.run(&world.admin, Request::create(contact()).with(name, wrong));
        assert!(error.refused("0x80040203").message().contains(wrong));
    }
}

/// What a message does itself is a part of the request; what a step sends is a request of its own.
#[test]
fn a_bypass_reaches_what_the_message_sends_and_not_what_steps_send() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "account", "refuse no"));
    let (_, request) = world.lead();
    let request = request.with(STEPS, &*step.to_string());
    world.run(&world.seller, request.clone()).refused("0x80040220");
    world.grant("Salesperson", "prvBypassCustomBusinessLogic", 3);
    world.run(&world.seller, request).result.unwrap();

    world.step(&probe(
        POST_OPERATION,
        "Create",
        "contact",
        "create account name Litware",
    ));
    let request = Request::create(contact()).with(STEPS, &*step.to_string());
    world.run(&world.admin, request).refused("0x80040265");
}

#[test]
fn a_diagnosis_tries_a_bypass_where_the_caller_may() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "refuse no"));
    let request = Request::create(contact());
    let kinds = |found: &sluice_platform::Isolation| -> Vec<&str> {
        let cures = &found.culprits[0].cures;
        cures
            .iter()
            .flat_map(|cure| &cure.fixes)
            .map(sluice_platform::Fix::kind)
            .collect()
    };
    let found = world.admin.0.isolate(world.seller.id(), &request).unwrap();
    assert_eq!(kinds(&found), ["disable"]);
    world.grant("Salesperson", "prvBypassCustomBusinessLogic", 3);
    let found = world.admin.0.isolate(world.seller.id(), &request).unwrap();
    assert_eq!(kinds(&found), ["bypass", "disable"]);
    let cure = found.cure.unwrap();
    assert_eq!(cure.reach, sluice_platform::Reach::Request);
    let again = cure.fixes[0].applied_to(&request);
    assert_eq!(*again.inputs.get(STEPS).unwrap(), (&*step.to_string()).into());
    world.run(&world.seller, again).result.unwrap();
}
