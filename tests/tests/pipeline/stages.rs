//! What a step can do in each stage, and what of it stays.

use sluice_model::{Query, Request, Row, Value};

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, probe};

#[test]
fn what_pre_operation_changes_is_stored() {
    let world = Pipeline::new();
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "upper lastname\nset jobtitle Buyer\nremove description",
    ));
    let row = contact().with("lastname", "García").with("description", "gone");
    let id = world.create(&world.seller, row).created();
    let row = world.seller.get("contact", id);
    assert_eq!(row.text("lastname"), Some("GARCÍA"));
    assert_eq!(
        row.text("fullname"),
        Some("GARCÍA"),
        "made of the columns as the steps left them"
    );
    assert_eq!(row.text("jobtitle"), Some("Buyer"));
    assert_eq!(row.get("description"), None);
}

#[test]
fn a_column_taken_out_of_an_update_keeps_its_value() {
    let world = Pipeline::new();
    world.step(&probe(PRE_VALIDATION, "Update", "contact", "remove jobtitle"));
    let id = world.admin.create(contact().with("jobtitle", "Buyer"));
    world.admin.update(
        Row::new("contact", id)
            .with("jobtitle", "Seller")
            .with("firstname", "Ada"),
    );
    let row = world.admin.get("contact", id);
    assert_eq!(
        (row.text("jobtitle"), row.text("firstname")),
        (Some("Buyer"), Some("Ada"))
    );
}

#[test]
fn what_a_plugin_sets_is_checked_like_any_value() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "set nosuchcolumn x"));
    world.create(&world.admin, contact()).refused("0x80041103");
    world.set_enabled(step, false);
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        &format!("set jobtitle {}", "x".repeat(5_000)),
    ));
    let before = world.admin.count("contact");
    world.create(&world.admin, contact()).refused("0x80044331");
    assert_eq!(world.admin.count("contact"), before);
}

#[test]
fn the_access_check_sees_the_target_as_pre_operation_left_it() {
    let world = Pipeline::new();
    let other = world.user("seller.east");
    let id = world.seller.create(contact());
    // A seller may write contacts of their own here, but not give them away.
    world.grant("Salesperson", "prvWriteContact", 0);
    world.seller.update(Row::new("contact", id).with("jobtitle", "x"));
    let run = world.update(
        &world.seller,
        Row::new("contact", id).with("ownerid", sluice_model::Reference::new("systemuser", other)),
    );
    assert_eq!(
        run.refused("0x80040220").body().privilege.as_deref(),
        Some("prvAssignContact")
    );
    // A pre-operation step that takes the owner out makes an ordinary update of it.
    world.step(&probe(
        PRE_OPERATION,
        "Update",
        "contact",
        "remove ownerid\nset jobtitle y",
    ));
    let run = world.update(
        &world.seller,
        Row::new("contact", id).with("ownerid", sluice_model::Reference::new("systemuser", other)),
    );
    assert!(run.result.is_ok(), "{:?}", run.result);
    assert_eq!(world.seller.get("contact", id).text("jobtitle"), Some("y"));
}

#[test]
fn post_operation_comes_too_late_to_change_the_row() {
    let world = Pipeline::new();
    world.step(&probe(
        POST_OPERATION,
        "Create",
        "contact",
        "set jobtitle Late\ntarget jobtitle",
    ));
    world.step(&probe(POST_OPERATION, "Update", "contact", "set jobtitle Late"));
    let id = world.create(&world.admin, contact()).created();
    assert_eq!(world.admin.get("contact", id).get("jobtitle"), None);
    world.admin.update(Row::new("contact", id).with("jobtitle", "Early"));
    assert_eq!(world.admin.get("contact", id).text("jobtitle"), Some("Early"));
}

#[test]
fn outputs_and_the_id_are_there_after_the_main_operation_only() {
    let world = Pipeline::new();
    for stage in [PRE_VALIDATION, PRE_OPERATION, POST_OPERATION] {
        world.step(&probe(stage, "Create", "contact", "dump\noutputs\ncolumns"));
    }
    let said = world.create(&world.seller, contact()).said();
    let dump = |stage: &str, in_transaction: bool, id: bool| {
        format!(
            "message=Create stage={stage} mode=Synchronous depth=1 table=contact in-transaction={in_transaction} \
             user-is-initiating=true id={id} parent="
        )
    };
    let expected = [
        dump("PreValidation", false, false),
        "outputs ".to_owned(),
        "columns lastname".to_owned(),
        dump("PreOperation", true, false),
        "outputs ".to_owned(),
        "columns lastname".to_owned(),
        dump("PostOperation", true, true),
        "outputs id".to_owned(),
    ];
    assert_eq!(said.get(..8).unwrap(), expected);
}

#[test]
fn pre_validation_is_outside_the_transaction_of_the_outermost_message() {
    let world = Pipeline::new();
    world.step(&probe(
        PRE_VALIDATION,
        "Create",
        "contact",
        "create account name Survivor\ndump",
    ));
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "create account name Casualty\ndump\nrefuse no",
    ));
    let before = world.counts(["account", "contact"]);
    let run = world.create(&world.admin, contact());
    run.refused("0x80040265");
    assert_eq!(world.counts(["account", "contact"]), [before[0] + 1, before[1]]);
    assert_eq!(world.admin.list(named("account", "Survivor")).len(), 1);
    assert_eq!(world.admin.list(named("account", "Casualty")).len(), 0);
    let said = run.said();
    assert!(said.get(1).unwrap().contains("in-transaction=false"), "{said:?}");
    assert!(said.get(3).unwrap().contains("in-transaction=true"), "{said:?}");
}

#[test]
fn pre_validation_of_a_nested_message_is_inside_the_transaction() {
    let world = Pipeline::new();
    world.step(&probe(
        PRE_VALIDATION,
        "Create",
        "account",
        "create annotation subject Nested\ndump",
    ));
    world.step(&probe(
        POST_OPERATION,
        "Create",
        "contact",
        "create account name Inner\nrefuse no",
    ));
    let before = world.counts(["account", "contact", "annotation"]);
    let run = world.create(&world.admin, contact());
    run.refused("0x80040265");
    assert_eq!(world.counts(["account", "contact", "annotation"]), before);
    let said = run.said();
    assert!(
        said.iter()
            .any(|line| line.contains("in-transaction=true") && line.contains("depth=2")),
        "{said:?}"
    );
}

#[test]
fn pre_validation_runs_before_the_privilege_gate() {
    let world = Pipeline::new();
    world.step(&probe(PRE_VALIDATION, "Create", "campaign", "trace 10"));
    world.step(&probe(PRE_OPERATION, "Create", "campaign", "trace 20"));
    let campaign = || Row::unsaved("campaign").with("name", "x");
    let run = world.create(&world.seller, campaign());
    let error = run.refused("0x80040220");
    assert_eq!(error.body().privilege.as_deref(), Some("prvCreateCampaign"));
    assert_eq!(error.body().step, None, "the platform's refusal is no step's fault");
    assert_eq!(run.said(), ["10"]);
    // Who is refused by a step does not learn of the privilege.
    world.step(&probe(PRE_VALIDATION, "Create", "campaign", "refuse closed today"));
    assert_eq!(
        world.create(&world.seller, campaign()).refused("0x80040265").message(),
        "closed today"
    );
}

#[test]
fn a_failed_call_may_be_forgotten_outside_a_transaction() {
    let world = Pipeline::new();
    world.step(&probe(
        PRE_VALIDATION,
        "Create",
        "contact",
        "swallow-read sl_commissionrule",
    ));
    world.create(&world.seller, contact()).says(&["swallowed true"]);
}

#[test]
fn a_read_with_steps_may_write() {
    let world = Pipeline::new();
    world.step(&probe(
        POST_OPERATION,
        "Retrieve",
        "contact",
        "create account name Seen",
    ));
    let id = world.admin.create(contact());
    let before = world.admin.count("account");
    let request = Request::retrieve(sluice_model::Reference::new("contact", id), &["lastname"]);
    world.run(&world.admin, request).says(&["created account"]);
    assert_eq!(world.admin.count("account"), before + 1);
}

fn named(table: &str, name: &str) -> Query {
    Query::new(table).filter(sluice_model::Filter::eq("name", Value::from(name)))
}
