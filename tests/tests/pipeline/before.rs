//! What is told before anybody does anything: what a request needs, what a change would do to the
//! requests that people made; and what of these is recorded.

use sluice_engine::What;
use sluice_model::{Depth, Query, Request, Row, Value};
use sluice_platform::{Fix, Gate, prelude::*};

use crate::{
    why::{WATCHED, campaigns, cure},
    world::{PRE_OPERATION, Pipeline, account, contact, probe},
};

/// What qualifying needs is told before anybody tries.
#[test]
fn what_a_request_needs_is_told_before_it_is_sent() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let (lead, request) = world.lead();
    let told = world.admin.0.explain(world.seller.id(), &request).unwrap();
    assert_eq!(told.steps.iter().map(|step| step.id).collect::<Vec<_>>(), [step]);
    let of = |privilege: &str, gate: Gate| {
        let mut found = told
            .needs
            .iter()
            .filter(|need| need.privilege == privilege && need.gate == gate);
        found.next().unwrap_or_else(|| panic!("{privilege}: {:#?}", told.needs))
    };
    let missing = of("prvReadCampaign", Gate::Privilege);
    assert!(missing.is_missing && missing.step == Some(step), "{missing:?}");
    for privilege in [
        "prvReadLead",
        "prvCreateAccount",
        "prvCreateContact",
        "prvCreateOpportunity",
    ] {
        let need = of(privilege, Gate::Privilege);
        assert!(!need.is_missing && need.step.is_none(), "{need:?}");
    }
    let own = of("prvReadLead", Gate::Access);
    assert_eq!((own.row, own.because.as_deref()), (Some(lead), Some("own row")));
    cure(&world, &told.found, &world.seller, &request);
}

/// Requests that people made run again with a change and without it.
#[test]
fn what_a_change_would_do_to_the_requests_of_others() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let refused = world.seller.0.execute(Request::create(contact())).unwrap_err();
    world.record_setting(2);
    let passed = world.run(&world.seller, Request::create(account()));
    passed.created();
    let since = sluice_model::Timestamp::UNIX_EPOCH;
    let judge = |changes: &[Request]| {
        let changes: Vec<What> = changes.iter().cloned().map(What::Message).collect();
        world.admin.0.what_if(&changes, since, &mut |_, _| true).unwrap()
    };
    let before = world.counts(WATCHED);

    // A grant lets the one pass that was refused.
    let role = world.admin.find("role", "Salesperson");
    let grant = Fix::Grant {
        id: role,
        role: "Salesperson".to_owned(),
        privilege: "prvReadCampaign".to_owned(),
        depth: Depth::User,
    };
    let found = judge(&grant.requests());
    let [turned] = found.turned.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(Some(turned.request.correlation), refused.body().correlation);
    assert!(turned.without.is_some() && turned.with.is_none());

    // Taking a privilege away breaks the one that passed.
    let privilege = world
        .admin
        .list(Query::new("privilege").filter(sluice_model::Filter::eq("name", "prvCreateAccount")));
    let take = Request::new("RemovePrivilegeRole")
        .with("RoleId", Value::Id(role))
        .with("PrivilegeId", Value::Id(privilege[0].id));
    let found = judge(&[take]);
    let [turned] = found.turned.as_slice() else {
        panic!("{found:#?}")
    };
    assert!(turned.without.is_none() && turned.with.is_some(), "{turned:?}");

    // What turns nothing is not listed; what is refused is refused here as well.
    let nothing = Request::update(Row::new("sdkmessageprocessingstep", step).with("rank", 7));
    let found = judge(std::slice::from_ref(&nothing));
    assert!(found.turned.is_empty() && found.ran >= 2, "{found:#?}");
    let error = world
        .seller
        .0
        .what_if(&[What::Message(nothing)], since, &mut |_, _| true)
        .unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvActOnBehalfOfAnotherUser"));
    assert_eq!(world.counts(WATCHED), before, "nothing has changed");
}

/// A change that is refused is refused although nobody has made a request yet.
#[test]
fn what_may_not_be_changed_is_refused_whoever_asked_for_what() {
    let world = Pipeline::new();
    world.record_setting(0);
    let wanted = Row::unsaved("roleprivilege")
        .with("PrivilegeName", "prvNoSuch")
        .with("Depth", 3);
    let grant = Request::new("AddPrivilegesRole")
        .with("RoleId", Value::Id(world.admin.find("role", "Salesperson")))
        .with("Privileges", sluice_model::Parameter::Rows(vec![wanted]));
    let since = world.admin.0.now();
    world
        .admin
        .0
        .what_if(&[What::Message(grant)], since, &mut |_, _| true)
        .unwrap_err();
}

/// Only what was recorded is said to be.
#[test]
fn what_left_no_trace_is_not_called_recorded() {
    let world = Pipeline::new();
    let unknown = world.admin.0.execute(Request::new("NoSuchMessage")).unwrap_err();
    assert!(!unknown.body().recorded);
    let refused = world
        .seller
        .0
        .execute(Request::create(Row::unsaved("campaign").with("name", "x")));
    assert!(refused.unwrap_err().body().recorded);
}

/// What is never recorded is not shown, and a request that had it does not run again.
#[test]
fn secrets_and_long_requests_are_not_recorded() {
    let world = Pipeline::new();
    let annotation = |body: String| {
        let row = Row::unsaved("annotation")
            .with("subject", "x".repeat(600))
            .with("documentbody", body);
        let error = world.seller.0.execute(Request::create(row)).unwrap_err();
        world
            .seller
            .0
            .why(error.body().correlation)
            .unwrap_err()
            .message()
            .to_owned()
    };
    let told = annotation("c2VjcmV0".to_owned());
    assert!(told.contains("documentbody of annotation"), "{told}");
    let long = Row::unsaved("contact").with("lastname", "x".repeat(70_000));
    let error = world.seller.0.execute(Request::create(long)).unwrap_err();
    let told = world.seller.0.why(error.body().correlation).unwrap_err();
    assert!(told.message().contains("longer than 65536 bytes"), "{told}");
    for row in world.admin.list(Query::new("sl_messagetrace")) {
        let kept = row.text("sl_request").unwrap_or_default();
        assert!(!kept.contains("c2VjcmV0") && kept.len() < 66_000, "{kept}");
    }
}
