//! SYSTEM is a user who may do everything that a caller may do, and is not the platform: what a
//! plug-in asks for in its name is held to what holds for every caller.

use sluice_model::{Error, Filter, Parameter, Query, Reference, Request, Row, Value};
use sluice_platform::StepSpec;
use sluice_platform::prelude::*;
use sluice_tests::Actor;

use crate::world::{POST_OPERATION, PRE_OPERATION, Pipeline, contact, probe};

/// SYSTEM itself: what a plug-in that was granted it can send at most.
fn system(world: &Pipeline) -> Actor {
    let engine = world.org.engine();
    Actor(engine.session(engine.system_id().unwrap()))
}

fn code(result: Result<impl Sized, Error>) -> String {
    result.map_or_else(|error| error.code().to_string(), |_| "done".to_owned())
}

const KEPT: &str = "0x80040800";
const FILLED: &str = "0x80040235";

/// A contact is made while a plug-in with `system` does this; the code of the refusal.
fn refused(world: &Pipeline, script: &str) -> String {
    let spec = StepSpec {
        grants: vec!["system".to_owned()],
        ..probe(PRE_OPERATION, "Create", "contact", script)
    };
    let step = world.step(&spec);
    let before = world.admin.count("contact");
    let run = world.create(&world.seller, contact());
    world.set_enabled(step, false);
    assert_eq!(world.admin.count("contact"), before, "{script}");
    run.result.unwrap_err().code().to_string()
}

#[test]
fn a_plug_in_as_system_makes_no_rows_that_the_platform_keeps() {
    let world = Pipeline::new();
    for table in [
        "privilege name prvMine",
        "sdkmessage name Mine",
        "systemuserroles roleid x",
    ] {
        let code = refused(&world, &format!("system create {table}"));
        assert_ne!(code, "done", "{table}");
    }
    assert_eq!(refused(&world, "system create privilege name prvMine"), KEPT);
    assert_eq!(refused(&world, "system create sdkmessage name Mine"), KEPT);
}

#[test]
fn a_plug_in_as_system_writes_no_filled_columns() {
    let world = Pipeline::new();
    assert_eq!(refused(&world, "system create contact fullname Forged"), FILLED);
    assert_eq!(refused(&world, "system create asyncoperation name Forged"), FILLED);
}

#[test]
fn system_gives_nobody_a_role_past_the_messages_that_check_it() {
    let world = Pipeline::new();
    let role = world.admin.list(Query::new("role").top(1))[0].reference();
    let given = Row::unsaved("systemuserroles")
        .with("systemuserid", Reference::new("systemuser", world.seller.id()))
        .with("roleid", role);
    assert_eq!(code(system(&world).try_create(given)), KEPT);
}

#[test]
fn system_does_not_touch_the_audit_trail() {
    let world = Pipeline::new();
    let system = system(&world);
    let entry = system.list(Query::new("audit").top(1))[0].clone();
    assert_eq!(code(system.try_delete("audit", entry.id)), KEPT);
    let forged = Row::new("audit", entry.id).with("changedata", "{}");
    assert_eq!(code(system.try_update(forged.clone())), FILLED);
    let empty = Row::unsaved("audit");
    assert_eq!(code(system.try_create(empty)), KEPT);
    let forged = forged
        .values
        .into_iter()
        .fold(Row::unsaved("audit"), |row, (name, value)| row.with(name, value));
    assert_eq!(code(system.try_create(forged)), FILLED);
}

#[test]
fn system_changes_no_closed_row() {
    let world = Pipeline::new();
    let row = Row::unsaved("lead").with("subject", "Old").with("lastname", "Ng");
    let lead = world.admin.create(row);
    world
        .admin
        .update(Row::new("lead", lead).with("statecode", Value::Choice(2)));
    let changed = Row::new("lead", lead).with("subject", "New");
    assert_eq!(code(system(&world).try_update(changed)), "0x80040230");
}

#[test]
fn system_does_not_skip_required_steps() {
    let world = Pipeline::new();
    let (lead, qualify) = world.lead();
    world.run(&world.seller, qualify).result.unwrap();
    let lead = Reference::new("lead", lead);
    let process = world.admin.0.processes_of(&lead).unwrap().remove(0);
    let stage = process.stage().unwrap();
    let step = stage.steps.iter().find(|step| &*step.column == "customerneed").unwrap();
    world
        .admin
        .update(Row::new("sl_processstep", step.id).with("sl_required", true));
    let next = process.to(process.next().unwrap());
    assert_eq!(code(system(&world).try_update(next)), "0x8006041A");
    // Nor does it put another row into the process, or move the row by the columns beside it.
    let beside = Row::new("lead", lead.id).with("stageid", process.flow.stages[1].id);
    assert_eq!(code(system(&world).try_update(beside)), FILLED);
}

#[test]
fn system_changes_no_role_copy_and_no_system_mapping() {
    let world = Pipeline::new();
    let copy = Filter::Compare {
        column: "parentroleid".into(),
        comparison: sluice_model::Comparison::Ne,
        value: Value::Null,
    };
    let copies = Query::new("role").filter(copy.and(Filter::eq("name", "Salesperson")));
    let copy = system(&world).list(copies)[0].id;
    assert_eq!(code(system(&world).try_delete("role", copy)), "0x80044152");
    let maps = Query::new("attributemap").filter(Filter::eq("issystem", true));
    if let Some(map) = system(&world).list(maps).first() {
        assert_ne!(code(system(&world).try_delete("attributemap", map.id)), "done");
    }
}

#[test]
fn who_began_stays_on_record_of_what_a_plug_in_does_as_system() {
    let world = Pipeline::new();
    let spec = probe(POST_OPERATION, "Create", "contact", "system create account name Shadow");
    world.step(&StepSpec {
        grants: vec!["system".to_owned()],
        ..spec
    });
    world.create(&world.seller, contact()).created();
    let made = world
        .admin
        .list(Query::new("account").filter(Filter::eq("name", "Shadow")))[0]
        .id;
    let entry = world
        .admin
        .list(Query::new("audit").filter(Filter::eq("objectid", made)))[0]
        .clone();
    let system = world.org.engine().system_id().unwrap();
    assert_eq!(
        (entry.id_of("userid"), entry.id_of("callinguserid")),
        (Some(system), Some(world.seller.id()))
    );
}

#[test]
fn what_the_platform_does_itself_works_as_ever() {
    let world = Pipeline::new();
    let (lead, qualify) = world.lead();
    world.run(&world.seller, qualify).result.unwrap();
    let row = world.admin.get("lead", lead);
    assert!(row.has("stageid") && row.int("statecode") == Some(1), "{row:?}");
    let (one, other) = (world.seller.create(contact()), world.seller.create(contact()));
    let merge = Request::new("Merge")
        .with("Target", Reference::new("contact", one))
        .with("SubordinateId", Reference::new("contact", other))
        .with("PerformParentingChecks", Parameter::Value(Value::Bool(false)));
    world.admin.0.execute(merge).unwrap();
    assert_eq!(world.admin.get("contact", other).bool("merged"), Some(true));
}
