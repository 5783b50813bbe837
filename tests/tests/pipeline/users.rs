//! In whose name a plug-in calls.

use sluice_model::{Filter, Query, Row, Uuid};
use sluice_platform::StepSpec;

use crate::world::{POST_OPERATION, PRE_OPERATION, Pipeline, contact, probe};

/// The only account of that name: who made it, and on whose behalf.
fn made_by(world: &Pipeline, name: &str) -> (Option<Uuid>, Option<Uuid>) {
    let rows = world.admin.list(Query::new("account").filter(Filter::eq("name", name)));
    assert_eq!(rows.len(), 1, "{name}");
    (rows[0].id_of("createdby"), rows[0].id_of("createdonbehalfby"))
}

#[test]
fn by_default_a_step_runs_as_who_calls() {
    let world = Pipeline::new();
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "users\ncreate account name Plain",
    ));
    let seller = world.seller.id();
    world
        .create(&world.seller, contact())
        .says(&[&format!("users {seller} {seller}"), "created account"]);
    assert_eq!(made_by(&world, "Plain"), (Some(seller), None));
}

#[test]
fn a_step_that_runs_as_somebody_keeps_who_began() {
    let world = Pipeline::new();
    let (seller, integration) = (world.seller.id(), world.user("integration"));
    let script = "users\ncreate account name Run-As\ninitiating create account name Initiating";
    let spec = probe(POST_OPERATION, "Create", "contact", script);
    world.step(&StepSpec {
        run_as: Some(integration),
        ..spec
    });
    let id = world
        .create(&world.seller, contact())
        .says(&[
            &format!("users {integration} {seller}"),
            "created account",
            "created account",
        ])
        .created();
    assert_eq!(made_by(&world, "Run-As"), (Some(integration), Some(seller)));
    assert_eq!(made_by(&world, "Initiating"), (Some(seller), None));
    let row = world.admin.get("contact", id);
    assert_eq!(
        (row.id_of("createdby"), row.id_of("createdonbehalfby")),
        (Some(seller), None),
        "the row itself is the seller's"
    );
}

#[test]
fn what_a_step_calls_is_checked_against_the_steps_user() {
    let world = Pipeline::new();
    let read = probe(PRE_OPERATION, "Create", "contact", "read sl_commissionrule");
    let plain = world.step(&read);
    world.create(&world.admin, contact()).created();
    let run = world.create(&world.seller, contact());
    let error = run.refused("0x80040220");
    assert_eq!(error.body().principal.as_ref().unwrap().name, "seller.west");
    world.set_enabled(plain, false);

    let integration = Some(world.user("integration"));
    let as_integration = world.step(&StepSpec {
        run_as: integration,
        ..read.clone()
    });
    world.create(&world.seller, contact()).created();
    world.create(&world.admin, contact()).created();
    world.set_enabled(as_integration, false);

    // In the name of who began, the run-as user's privileges are of no help.
    let script = "initiating read sl_commissionrule";
    world.step(&StepSpec {
        run_as: integration,
        configuration: Some(script.to_owned()),
        ..read
    });
    world.create(&world.admin, contact()).created();
    world.create(&world.seller, contact()).refused("0x80040220");
}

#[test]
fn the_run_as_user_may_be_who_lacks_the_privilege() {
    let world = Pipeline::new();
    let spec = probe(PRE_OPERATION, "Create", "contact", "read sl_commissionrule");
    world.step(&StepSpec {
        run_as: Some(world.seller.id()),
        ..spec
    });
    let run = world.create(&world.admin, contact());
    assert_eq!(
        run.refused("0x80040220").body().principal.as_ref().unwrap().id,
        world.seller.id()
    );
}

#[test]
fn nested_steps_run_as_who_made_the_nested_call() {
    let world = Pipeline::new();
    let (seller, integration) = (world.seller.id(), world.user("integration"));
    let spec = probe(PRE_OPERATION, "Create", "contact", "create account name Nested");
    world.step(&StepSpec {
        run_as: Some(integration),
        ..spec
    });
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "account",
        "users\nread sl_commissionrule",
    ));
    let said = world.create(&world.seller, contact()).said();
    assert!(said.contains(&format!("users {integration} {seller}")), "{said:?}");
}

#[test]
fn the_system_speaks_only_through_steps_that_were_granted_it() {
    let world = Pipeline::new();
    let script = "system create account name System\nsystem read sl_commissionrule";
    let spec = probe(PRE_OPERATION, "Create", "contact", script);
    let without = world.step(&spec);
    let before = world.counts(["account", "contact"]);
    let run = world.create(&world.admin, contact());
    let error = run.refused("0x80040220");
    assert!(error.message().contains("granted"), "{error}");
    assert_eq!(world.counts(["account", "contact"]), before);
    world.set_enabled(without, false);

    world.step(&StepSpec {
        grants: vec!["system".to_owned()],
        ..spec
    });
    world.create(&world.seller, contact()).created();
    let system = world.org.engine().system_id().unwrap();
    assert_eq!(made_by(&world, "System"), (Some(system), Some(world.seller.id())));
}

#[test]
fn the_clock_is_granted_too() {
    let world = Pipeline::new();
    let spec = probe(PRE_OPERATION, "Create", "contact", "now");
    let without = world.step(&spec);
    let before = world.admin.count("contact");
    let run = world.create(&world.admin, contact());
    assert!(run.result.is_err(), "{:?}", run.said());
    assert_eq!(world.admin.count("contact"), before);
    world.set_enabled(without, false);
    world.step(&StepSpec {
        grants: vec!["clock".to_owned()],
        ..spec
    });
    let said = world.create(&world.admin, contact()).said();
    assert!(said[0].starts_with("now 20"), "{said:?}");
}

#[test]
fn what_is_changed_on_behalf_says_so() {
    let world = Pipeline::new();
    let integration = world.user("integration");
    let id = world.seller.create(contact());
    let spec = probe(POST_OPERATION, "Create", "account", "dump");
    world.step(&spec);
    let step = probe(POST_OPERATION, "Update", "contact", "at-depth 1 update-self jobtitle x");
    world.step(&StepSpec {
        run_as: Some(integration),
        ..step
    });
    world
        .update(&world.admin, Row::new("contact", id).with("firstname", "Ada"))
        .says(&[]);
    let row = world.admin.get("contact", id);
    assert_eq!(row.id_of("modifiedby"), Some(integration));
    assert_eq!(row.id_of("modifiedonbehalfby"), Some(world.admin.id()));
}

#[test]
fn the_business_unit_is_the_calling_users() {
    let world = Pipeline::new();
    let spec = probe(PRE_OPERATION, "Create", "contact", "unit");
    world.step(&StepSpec {
        run_as: Some(world.user("integration")),
        ..spec
    });
    let west = world.admin.find("businessunit", "West");
    world.create(&world.seller, contact()).says(&[&format!("unit {west}")]);
}
