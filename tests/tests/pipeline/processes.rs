//! Two processes that have one organisation open. Invariant 7.

use sluice_model::{Request, Row};

use crate::world::{PRE_OPERATION, Pipeline, contact, probe};
use sluice_platform::prelude::*;

#[test]
fn what_another_process_changes_counts_from_the_next_request() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "trace one"));
    world.create(&world.admin, contact()).says(&["one"]);
    let other = world.second_admin();

    other.0.set_step_enabled(step, false).unwrap();
    world.create(&world.admin, contact()).says(&[]);
    other.0.set_step_enabled(step, true).unwrap();
    other.update(Row::new("sdkmessageprocessingstep", step).with("configuration", "trace two"));
    world.create(&world.admin, contact()).says(&["two"]);
    let second = other
        .0
        .register_step(&probe(PRE_OPERATION, "Create", "contact", "refuse no"))
        .unwrap();
    world.create(&world.admin, contact()).refused("0x80040265");
    other
        .0
        .execute(Request::delete(sluice_model::Reference::new(
            "sdkmessageprocessingstep",
            second,
        )))
        .unwrap();
    world.create(&world.admin, contact()).says(&["two"]);
    // And the other way round.
    world.create(&other, contact()).says(&["two"]);
    world.set_enabled(step, false);
    world.create(&other, contact()).says(&[]);
}

#[test]
fn roles_count_at_once_too() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Create", "contact", "read sl_commissionrule"));
    world.create(&world.seller, contact()).refused("0x80040220");
    let other = world.second_admin();
    let role = other.find("role", "Salesperson");
    let row = Row::unsaved("roleprivilege")
        .with("PrivilegeName", "prvReadsl_commissionrule")
        .with("Depth", 3);
    let request = Request::new("AddPrivilegesRole").with("RoleId", sluice_model::Value::Id(role));
    other
        .0
        .execute(request.with("Privileges", sluice_model::Parameter::Rows(vec![row])))
        .unwrap();
    world.create(&world.seller, contact()).created();
}

#[test]
fn a_new_version_of_a_plugin_counts_at_once() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Create", "contact", "trace one"));
    world.create(&world.admin, contact()).says(&["one"]);
    let other = world.second_admin();
    let bytes = sluice_tests::wasm("guests", "hostile");
    let assembly = sluice_platform::Assembly {
        name: "probe".to_owned(),
        bytes,
        description: None,
    };
    let forced = sluice_platform::PushOptions {
        force: true,
        ..sluice_platform::PushOptions::default()
    };
    assert_eq!(other.0.push(&assembly, &forced).unwrap().given_up, ["probe"]);
    // The new version has no such type: its step is disabled.
    world.create(&world.admin, contact()).says(&[]);
}
