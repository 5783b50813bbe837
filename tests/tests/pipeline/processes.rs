//! Two processes that have one organisation open. Invariant 7.

use sluice_model::{ColumnDef, ColumnType, Ownership, Request, Row, TableDef};

use crate::world::{PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, probe};
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

#[test]
fn nothing_is_answered_by_a_configuration_that_is_no_more() {
    let world = Pipeline::new();
    let other = world.second_admin();
    let who = || world.seller.0.execute(Request::new("WhoAmI"));
    who().unwrap();
    // A table that the other process has made, at the first request for it.
    let mut table = TableDef::new("sl_boat", Ownership::User);
    let name = ColumnDef::new("sl_name", ColumnType::Text { max_length: 100 });
    table.columns.push(name);
    table.primary_name = Some("sl_name".into());
    other.0.create_table(&table).unwrap();
    let boat = world.admin.create(Row::unsaved("sl_boat").with("sl_name", "Nutshell"));
    assert_eq!(other.get("sl_boat", boat).text("sl_name"), Some("Nutshell"));
    // A step before the transaction, where none was.
    let step = probe(PRE_VALIDATION, "Create", "contact", "refuse no");
    let step = other.0.register_step(&step).unwrap();
    world.create(&world.seller, contact()).refused("0x80040265");
    other.0.set_step_enabled(step, false).unwrap();
    world.create(&world.seller, contact()).created();
    // Somebody who was disabled is told nothing, also where no row is asked for.
    other.update(Row::new("systemuser", world.seller.id()).with("isdisabled", true));
    assert!(who().is_err(), "the seller is disabled");
    other.update(Row::new("systemuser", world.seller.id()).with("isdisabled", false));
    who().unwrap();
}
