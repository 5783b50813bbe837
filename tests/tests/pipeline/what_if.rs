//! What a change would do to requests that cannot run again, and changes that are more than a message.

use std::sync::Arc;

use sluice_engine::{Env, What};
use sluice_model::{Code, Depth, Parameter, Query, Request, Row, Timestamp, Uuid, Value};
use sluice_platform::{
    Assembly, ColumnChange, Judged, PushOptions, WhatIf, changing_column, changing_step, prelude::*, publishing_rule,
    pushing,
};
use sluice_tests::{clock::Clock, wasm};

use crate::{
    why::{WATCHED, campaigns},
    world::{PRE_OPERATION, Pipeline, account, contact, probe},
};

fn judge(world: &Pipeline, change: What) -> WhatIf {
    let before = world.counts(WATCHED);
    let since = Timestamp::UNIX_EPOCH;
    let found = world.admin.0.what_if(&[change], since, &mut |_, _| true).unwrap();
    assert_eq!(world.counts(WATCHED), before, "nothing has changed");
    found
}

fn revoke(world: &Pipeline, privilege: &str) -> What {
    let privilege = world
        .admin
        .list(Query::new("privilege").filter(sluice_model::Filter::eq("name", privilege)));
    What::Message(
        Request::new("RemovePrivilegeRole")
            .with("RoleId", Value::Id(world.admin.find("role", "Salesperson")))
            .with("PrivilegeId", Value::Id(privilege[0].id)),
    )
}

fn turned(found: &WhatIf) -> Vec<(Uuid, Judged)> {
    found
        .turned
        .iter()
        .map(|turned| (turned.request.caller, turned.judged))
        .collect()
}

/// A lead that was qualified cannot be qualified again: what it asked is asked again.
#[test]
fn what_cannot_run_again_is_judged_by_its_checks() {
    let world = Pipeline::new();
    world.record_setting(2);
    let (_, request) = world.lead();
    world.seller.0.execute(request).unwrap();
    let found = judge(&world, revoke(&world, "prvCreateOpportunity"));
    assert_eq!(turned(&found), [(world.seller.id(), Judged::ByChecks)]);
    let [turned] = found.turned.as_slice() else { panic!() };
    assert_eq!(turned.request.message, "QualifyLead");
    assert!(turned.without.is_none());
    let with = turned.with.as_ref().unwrap().body();
    assert_eq!(with.privilege.as_deref(), Some("prvCreateOpportunity"));
    let unrelated = judge(&world, revoke(&world, "prvShareNote"));
    assert!(unrelated.turned.is_empty() && unrelated.asked >= 1, "{unrelated:#?}");
}

/// The row is gone: what counts is the depth that it needed.
#[test]
fn a_row_that_is_gone_is_judged_by_the_depth_that_it_needed() {
    let world = Pipeline::new();
    let depth = |depth: Depth| {
        let wanted = Row::unsaved("roleprivilege")
            .with("PrivilegeName", "prvWriteContact")
            .with("Depth", depth.number());
        let role = world.admin.find("role", "role of wendy");
        What::Message(
            Request::new("AddPrivilegesRole")
                .with("RoleId", Value::Id(role))
                .with("Privileges", Parameter::Rows(vec![wanted])),
        )
    };
    let all = ["prvReadContact", "prvWriteContact"].map(|name| (name.to_owned(), Depth::Organization));
    let wendy = sluice_tests::people::user(&world.org, "wendy", &all);
    let theirs = world.admin.create(contact());
    world.record_setting(2);
    wendy.update(Row::new("contact", theirs).with("lastname", "Changed"));
    world.record_setting(1);
    world.admin.try_delete("contact", theirs).unwrap();
    let found = judge(&world, depth(Depth::User));
    assert_eq!(turned(&found), [(wendy.id(), Judged::ByChecks)], "{found:#?}");
    let found = judge(&world, depth(Depth::BusinessUnit));
    assert_eq!(turned(&found), [], "the business unit was enough");
}

/// Values were left out: the request does not run, and its checks are there.
#[test]
fn what_was_not_recorded_whole_is_judged_by_its_checks() {
    let world = Pipeline::new();
    world.record_setting(2);
    let note = Row::unsaved("annotation")
        .with("subject", "Price list")
        .with("filename", "prices.txt")
        .with("documentbody", "c2VjcmV0");
    world.seller.create(note);
    let found = judge(&world, revoke(&world, "prvCreateNote"));
    assert_eq!(turned(&found), [(world.seller.id(), Judged::ByChecks)], "{found:#?}");
}

#[test]
fn steps_that_are_disabled_or_changed_for_trial() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let refused = world.seller.0.execute(Request::create(contact())).unwrap_err();
    let change = Row::new("sdkmessageprocessingstep", step).with("configuration", "trace fine");
    let found = judge(&world, What::Rehearsal(changing_step(change, None, None)));
    let [turned] = found.turned.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(Some(turned.request.correlation), refused.body().correlation);
    assert!(turned.with.is_none() && turned.judged == Judged::RanAgain);
    let program = world.org.program();
    let step = step.to_string();
    let told = program.json(&["step", "disable", &step, "--what-if"]);
    assert_eq!(told["turned"].as_array().unwrap().len(), 1, "{told}");
    let told = program.json(&["step", "disable", &step, "--for", "1h", "--what-if=2"]);
    assert_eq!(told["turned"][0]["judged"], "ran again", "{told}");
    let told = program.json(&["step", "update", &step, "--rank", "7", "--what-if"]);
    assert_eq!(told["turned"].as_array().unwrap().len(), 0, "{told}");
    world.seller.0.execute(Request::create(contact())).unwrap_err();
    program.run(&["step", "disable", &step]);
    world.seller.0.execute(Request::create(contact())).unwrap();
    let told = program.json(&["step", "enable", &step, "--what-if"]);
    assert_eq!(told["turned"].as_array().unwrap().len(), 2, "{told}");
    assert_eq!(told["turned"][0]["today"], serde_json::Value::Null);
    world.seller.0.execute(Request::create(contact())).unwrap();
}

/// The rows that the judged requests made themselves are no duplicates of theirs.
#[test]
fn a_duplicate_rule_for_trial() {
    let clock = Arc::new(Clock::at("2026-03-02T09:00:00Z"));
    let env: Arc<dyn Env> = clock.clone();
    let world = Pipeline::on(&env);
    let program = world.org.program();
    let name = "Same job title";
    let rule = [
        "duprule",
        "create",
        name,
        "--base",
        "contact",
        "--condition",
        "jobtitle",
        "--draft",
    ];
    assert_eq!(program.run(&rule).code, 0);
    world.admin.create(contact().with("jobtitle", "Wizard"));
    clock.pass_hours(30);
    let made_before = clock.now();
    world.record_setting(2);
    for (title, last_name) in [("Wizard", "Potts"), ("Witch", "Bell"), ("Witch", "Brown")] {
        let row = contact().with("jobtitle", title).with("lastname", last_name);
        let request = Request::create(row).with("SuppressDuplicateDetection", false);
        world.seller.0.execute(request).unwrap();
    }
    let rule = world.admin.find("duplicaterule", name);
    let rules = || {
        world
            .admin
            .list(Query::new("duplicaterule").order_by("duplicateruleid"))
    };
    let before = rules();
    let found = judge(&world, What::Rehearsal(publishing_rule(rule, made_before)));
    assert_eq!(turned(&found), [(world.seller.id(), Judged::RanAgain)], "{found:#?}");
    let with = found.turned[0].with.as_ref().unwrap();
    assert_eq!(with.code(), Code::DUPLICATES_FOUND);
    assert_eq!(program.run(&["duprule", "publish", name, "--what-if"]).code, 0);
    assert_eq!(rules(), before, "the rule is as it was");
}

#[test]
fn a_push_and_a_column_for_trial() {
    let world = Pipeline::new();
    world.record_setting(2);
    world.step(&probe(PRE_OPERATION, "Create", "account", "trace fine"));
    world.create(&world.seller, account()).created();
    let assembly = Assembly {
        name: "probe".to_owned(),
        bytes: wasm("guests", "hostile"),
        description: None,
    };
    let refused = pushing(&world.admin.0, assembly.clone(), PushOptions::default()).unwrap();
    let since = Timestamp::UNIX_EPOCH;
    world
        .admin
        .0
        .what_if(&[What::Rehearsal(refused)], since, &mut |_, _| true)
        .expect_err("a push that lacks registered types is refused in a trial as well");
    let same = Assembly {
        bytes: wasm("guests", "probe"),
        ..assembly.clone()
    };
    let found = judge(
        &world,
        What::Rehearsal(pushing(&world.admin.0, same, PushOptions::default()).unwrap()),
    );
    assert!(found.turned.is_empty() && found.ran >= 1, "{found:#?}");
    let options = PushOptions {
        force: true,
        ..PushOptions::default()
    };
    let found = judge(
        &world,
        What::Rehearsal(pushing(&world.admin.0, assembly, options).unwrap()),
    );
    assert!(
        found.turned.is_empty(),
        "the step no longer runs, and refused nothing: {found:#?}"
    );
    let change = ColumnChange {
        max_length: Some(3_000),
        ..ColumnChange::default()
    };
    world.admin.0.execute(Request::new("WhoAmI")).unwrap();
    let long = Row::unsaved("contact").with("jobtitle", "x".repeat(150));
    let refused = world.seller.0.execute(Request::create(long)).unwrap_err();
    let found = judge(&world, What::Rehearsal(changing_column("contact", "jobtitle", &change)));
    let ids: Vec<Uuid> = found.turned.iter().map(|turned| turned.request.correlation).collect();
    assert_eq!(ids, [refused.body().correlation.unwrap()], "{found:#?}");
}
