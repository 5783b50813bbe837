//! Whose fault a failure is, and what its error says.

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, probe};

#[test]
fn a_swallowed_error_ends_the_message_with_what_was_missing() {
    let world = Pipeline::new();
    let step = world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "swallow-read sl_commissionrule\ntrace went on",
    ));
    let before = world.admin.count("contact");
    let run = world.create(&world.seller, contact());
    let error = run.refused("0x8009000C");
    assert!(
        error
            .message()
            .starts_with("ISV code reduced the open transaction count."),
        "{error}"
    );
    let body = error.body();
    assert_eq!(body.privilege.as_deref(), Some("prvReadsl_commissionrule"));
    assert_eq!(body.call.as_deref(), Some("RetrieveMultiple sl_commissionrule"));
    assert_eq!(body.principal.as_ref().unwrap().name, "seller.west");
    assert_eq!(body.step.as_ref().unwrap().id, step);
    assert_eq!(run.said(), ["swallowed true", "went on"]);
    assert_eq!(world.admin.count("contact"), before);
    world
        .create(&world.admin, contact())
        .says(&["swallowed false", "went on"]);
}

#[test]
fn a_swallowed_error_wins_over_calls_that_went_well_and_loses_to_a_refusal() {
    let world = Pipeline::new();
    let script = "swallow-read sl_commissionrule\ncreate account name x";
    let first = world.step(&probe(PRE_OPERATION, "Create", "contact", script));
    let before = world.admin.count("account");
    world.create(&world.seller, contact()).refused("0x8009000C");
    assert_eq!(world.admin.count("account"), before);
    world.set_enabled(first, false);
    // Who refuses in his own words has not gone on.
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "swallow-read sl_commissionrule\nrefuse no rules for you",
    ));
    assert_eq!(
        world.create(&world.seller, contact()).refused("0x80040265").message(),
        "no rules for you"
    );
}

#[test]
fn an_error_handed_on_keeps_its_code_and_gets_step_plugin_and_call() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", "read sl_commissionrule"));
    let run = world.create(&world.seller, contact());
    let error = run.refused("0x80040220");
    let body = error.body();
    let raised = body.step.as_ref().unwrap();
    assert_eq!((raised.id, raised.stage), (step, PRE_OPERATION));
    assert_eq!(
        (raised.message.as_str(), raised.table.as_deref()),
        ("Create", Some("contact"))
    );
    assert_eq!(raised.name, "probe: Create of contact");
    assert_eq!(body.plugin.as_deref(), Some("probe/probe"));
    assert_eq!(body.call.as_deref(), Some("RetrieveMultiple sl_commissionrule"));
    assert_eq!(body.privilege.as_deref(), Some("prvReadsl_commissionrule"));
    assert_eq!(body.table.as_deref(), Some("sl_commissionrule"));
    assert_eq!(body.principal.as_ref().unwrap().roles, ["Salesperson"]);
    assert!(body.correlation.is_some());
    let json = error.to_json();
    for member in [
        "code",
        "message",
        "cause",
        "resolution",
        "privilege",
        "table",
        "principal",
        "step",
        "plugin",
        "call",
        "correlation",
    ] {
        assert!(json.get(member).is_some(), "{member}: {json:#}");
    }
    // Any other error of a call, too.
    world.set_enabled(step, false);
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "create account nosuchcolumn x",
    ));
    let run = world.create(&world.seller, contact());
    assert_eq!(run.refused("0x80041103").body().call.as_deref(), Some("Create account"));
}

#[test]
fn a_refusal_is_passed_on_word_for_word() {
    let world = Pipeline::new();
    for stage in [PRE_VALIDATION, PRE_OPERATION, POST_OPERATION] {
        let step = world.step(&probe(
            stage,
            "Create",
            "contact",
            "refuse Bitte <b>nicht</b> am Sonntag; 100 %",
        ));
        let before = world.admin.count("contact");
        let run = world.create(&world.admin, contact());
        let error = run.refused("0x80040265");
        assert_eq!(error.message(), "Bitte <b>nicht</b> am Sonntag; 100 %");
        assert_eq!(error.body().subcode, Some(4711));
        assert_eq!(error.body().step.as_ref().unwrap().id, step);
        assert_eq!(error.body().call, None);
        assert_eq!(world.admin.count("contact"), before, "{stage}");
        world.set_enabled(step, false);
    }
}

#[test]
fn an_accident_of_the_plugin_is_not_a_refusal() {
    let world = Pipeline::new();
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "fail did not see this coming",
    ));
    let run = world.create(&world.admin, contact());
    let error = run.refused("0x80040224");
    assert!(error.message().contains("did not see this coming"), "{error}");
    assert_eq!(error.body().subcode, None);
}

#[test]
fn the_innermost_step_is_to_blame() {
    let world = Pipeline::new();
    world.step(&probe(POST_OPERATION, "Create", "contact", "create account name x"));
    world.step(&probe(POST_OPERATION, "Create", "account", "create opportunity name y"));
    let inner = world.step(&probe(PRE_OPERATION, "Create", "opportunity", "refuse not today"));
    let run = world.create(&world.seller, contact());
    let error = run.refused("0x80040265");
    assert_eq!(error.body().step.as_ref().unwrap().id, inner);
    assert_eq!(error.body().subcode, Some(4711));
}

#[test]
fn a_platforms_refusal_inside_is_the_calling_steps() {
    let world = Pipeline::new();
    world.step(&probe(POST_OPERATION, "Create", "contact", "create account name x"));
    let middle = world.step(&probe(POST_OPERATION, "Create", "account", "create campaign name y"));
    let run = world.create(&world.seller, contact());
    let error = run.refused("0x80040220");
    assert_eq!(error.body().privilege.as_deref(), Some("prvCreateCampaign"));
    assert_eq!(error.body().step.as_ref().unwrap().id, middle);
    assert_eq!(error.body().call.as_deref(), Some("Create campaign"));
}

#[test]
fn whose_error_was_swallowed_two_levels_down() {
    let world = Pipeline::new();
    world.step(&probe(
        POST_OPERATION,
        "Create",
        "contact",
        "swallow-create account name x",
    ));
    world.step(&probe(PRE_OPERATION, "Create", "account", "read sl_commissionrule"));
    let before = world.counts(["account", "contact"]);
    let run = world.create(&world.seller, contact());
    let error = run.refused("0x8009000C");
    assert_eq!(error.body().privilege.as_deref(), Some("prvReadsl_commissionrule"));
    assert_eq!(error.body().call.as_deref(), Some("RetrieveMultiple sl_commissionrule"));
    assert_eq!(world.counts(["account", "contact"]), before);
}
