//! Shared variables.

use sluice_model::{Reference, Request, Row};

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, probe};

/// What steps see of a variable that pre-validation shared as 10 and pre-operation as 20.
fn register(world: &Pipeline, message: &str, table: &str) {
    world.step(&probe(PRE_VALIDATION, message, table, "share early ten\nshared early"));
    world.step(&probe(PRE_OPERATION, message, table, "shared early\nshare late twenty"));
    world.step(&probe(POST_OPERATION, message, table, "shared early\nshared late"));
}

const TEN: &str = "Text(\"ten\")";
const TWENTY: &str = "Text(\"twenty\")";

#[test]
fn of_create_update_and_delete_pre_validations_are_the_parents() {
    let world = Pipeline::new();
    let lines = [
        format!("shared early: own={TEN} parent=absent"),
        format!("shared early: own=absent parent={TEN}"),
        format!("shared early: own=absent parent={TEN}"),
        format!("shared late: own={TWENTY} parent=absent"),
    ];
    let lines = lines.each_ref().map(String::as_str);
    for message in ["Create", "Update", "Delete"] {
        register(&world, message, "contact");
    }
    let run = world.create(&world.admin, contact()).says(&lines);
    let id = run.created();
    world
        .update(&world.admin, Row::new("contact", id).with("jobtitle", "x"))
        .says(&lines);
    world
        .run(&world.admin, Request::delete(Reference::new("contact", id)))
        .says(&lines);
}

#[test]
fn of_other_messages_they_are_in_the_same_collection() {
    let world = Pipeline::new();
    register(&world, "QualifyLead", "lead");
    let (_, request) = world.lead();
    world.run(&world.seller, request).says(&[
        &format!("shared early: own={TEN} parent=absent"),
        &format!("shared early: own={TEN} parent=absent"),
        &format!("shared early: own={TEN} parent=absent"),
        &format!("shared late: own={TWENTY} parent=absent"),
    ]);
}

#[test]
fn a_nested_message_finds_those_of_the_message_above_as_its_parents() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "QualifyLead", "lead", "share why qualified"));
    world.step(&probe(PRE_OPERATION, "Create", "account", "shared why\ndump"));
    let (_, request) = world.lead();
    let said = world.run(&world.seller, request).said();
    assert_eq!(said[0], "shared why: own=absent parent=Text(\"qualified\")");
    assert!(
        said[1].contains("depth=2") && said[1].ends_with("parent=QualifyLead"),
        "{said:?}"
    );
}

#[test]
fn nothing_is_shared_between_requests() {
    let world = Pipeline::new();
    world.step(&probe(PRE_VALIDATION, "Create", "contact", "shared x\nshare x y"));
    for _ in 0..2 {
        world
            .create(&world.admin, contact())
            .says(&["shared x: own=absent parent=absent"]);
    }
}

#[test]
fn the_tag_of_a_request_is_a_shared_variable() {
    let world = Pipeline::new();
    world.step(&probe(PRE_VALIDATION, "Create", "contact", "shared tag"));
    world.step(&probe(PRE_OPERATION, "Create", "contact", "shared tag"));
    world.step(&probe(POST_OPERATION, "QualifyLead", "lead", "shared tag"));
    let tag = "Text(\"import\")";
    let own = format!("shared tag: own={tag} parent=absent");
    let request = Request::create(contact()).with("tag", "import");
    world
        .run(&world.admin, request)
        .says(&[&own, &format!("shared tag: own=absent parent={tag}")]);
    let (_, request) = world.lead();
    let said = world.run(&world.admin, request.with("tag", "import")).said();
    assert_eq!(said.last(), Some(&own));
}
