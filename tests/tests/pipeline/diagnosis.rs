//! The platform's procedure for a refused salesperson.

use sluice_model::{Depth, Query, Request, Row, Uuid};
use sluice_platform::prelude::*;
use sluice_platform::{Fix, Isolation};
use sluice_sales::trial;

use crate::world::{PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, job, probe};

const WATCHED: [&str; 11] = [
    "account",
    "contact",
    "opportunity",
    "lead",
    "annotation",
    "plugintracelog",
    "sl_messagetrace",
    "asyncoperation",
    "sdkmessageprocessingstep",
    "role",
    "systemuser",
];

/// Diagnoses, and sees that nothing has changed.
fn isolate(world: &Pipeline, user: Uuid, request: &Request) -> Isolation {
    let steps = || world.admin.list(Query::new("sdkmessageprocessingstep"));
    let before = (world.counts(WATCHED), steps(), world.admin.list(Query::new("lead")));
    let isolation = world.admin.0.isolate(user, request).unwrap();
    assert_eq!(
        (world.counts(WATCHED), steps(), world.admin.list(Query::new("lead"))),
        before
    );
    isolation
}

fn kinds(fixes: &[Fix]) -> Vec<&'static str> {
    fixes.iter().map(Fix::kind).collect()
}

/// The fix of a kind for a culprit.
fn of_kind(isolation: &Isolation, culprit: usize, kind: &str) -> Option<Fix> {
    let fixes = isolation.culprits[culprit].fixes();
    fixes.into_iter().find(|fix| fix.kind() == kind)
}

/// Sends what is told to cure all of it.
fn apply(world: &Pipeline, isolation: &Isolation) {
    for fix in &isolation.cure.as_ref().unwrap().fixes {
        world.admin.0.execute_all(&fix.requests()).unwrap();
    }
}

/// The name of the table whose creation a culprit's step is registered on.
fn tables(isolation: &Isolation) -> Vec<Option<String>> {
    let steps = isolation
        .culprits
        .iter()
        .map(|culprit| culprit.error.body().step.as_ref());
    steps.map(|step| step.and_then(|step| step.table.clone())).collect()
}

#[test]
fn two_culprits_on_two_tables_and_the_grants_that_cure_them() {
    let world = Pipeline::shipped();
    let probe_step = world.step(&probe(PRE_OPERATION, "Create", "contact", "read campaign"));
    world.step(&job("Create", "account", "trace no job of a trial"));
    let (lead, request) = world.lead();
    world.run(&world.seller, request.clone()).refused("0x80040220");

    let isolation = isolate(&world, world.seller.id(), &request);
    assert!(isolation.passes && isolation.trials > 0);
    assert_eq!(
        tables(&isolation),
        [Some("account".to_owned()), Some("contact".to_owned())]
    );
    let privileges: Vec<_> = isolation
        .culprits
        .iter()
        .map(|culprit| culprit.error.body().privilege.clone().unwrap())
        .collect();
    assert_eq!(privileges, ["prvReadsl_commissionrule", "prvReadCampaign"]);
    let kinds = |culprit: usize| kinds(&isolation.culprits[culprit].fixes());
    assert_eq!(kinds(0), ["grant", "give-role", "run-as", "disable"], "{isolation:#?}");
    assert_eq!(
        kinds(1),
        ["grant", "disable"],
        "nobody but an administrator could run it"
    );
    assert!(isolation.culprits[1].fixes().contains(&Fix::Disable {
        step: probe_step,
        is_own: true
    }));
    let Some(Fix::Grant {
        role, privilege, depth, ..
    }) = of_kind(&isolation, 0, "grant")
    else {
        panic!("{isolation:#?}")
    };
    assert_eq!(
        (role.as_str(), privilege.as_str()),
        ("Salesperson", "prvReadsl_commissionrule")
    );
    assert_eq!(depth, Depth::Organization);

    apply(&world, &isolation);
    world.run(&world.seller, request).result.unwrap();
    assert_eq!(world.seller.get("lead", lead).int("statecode"), Some(1));
}

#[test]
fn disabling_what_was_named_cures_it_as_well() {
    let world = Pipeline::shipped();
    world.step(&probe(PRE_OPERATION, "Create", "contact", "read campaign"));
    let (_, request) = world.lead();
    let isolation = isolate(&world, world.seller.id(), &request);
    for fix in isolation.culprits.iter().flat_map(|culprit| culprit.fixes()) {
        if let Fix::Disable { step, .. } = fix {
            world.set_enabled(step, false);
        }
    }
    world.run(&world.seller, request).result.unwrap();
}

#[test]
fn running_as_who_was_named_cures_it_as_well() {
    let world = Pipeline::shipped();
    let (_, request) = world.lead();
    let isolation = isolate(&world, world.seller.id(), &request);
    let run_as = of_kind(&isolation, 0, "run-as").unwrap();
    let Fix::RunAs { is_service, .. } = &run_as else {
        panic!()
    };
    assert!(is_service, "nobody signs in as who is named first: {run_as:?}");
    world.admin.0.execute_all(&run_as.requests()).unwrap();
    world.run(&world.seller, request).result.unwrap();
}

#[test]
fn a_step_that_needs_two_privileges_lists_both() {
    let world = Pipeline::new();
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "read campaign\nread sl_commissionrule\ncreate campaign name x",
    ));
    let request = Request::create(contact());
    let isolation = isolate(&world, world.seller.id(), &request);
    assert_eq!(isolation.culprits.len(), 1);
    let grants: Vec<String> = isolation.culprits[0]
        .fixes()
        .into_iter()
        .filter_map(|fix| match fix {
            Fix::Grant { privilege, .. } => Some(privilege),
            _ => None,
        })
        .collect();
    assert_eq!(
        grants,
        ["prvReadCampaign", "prvReadsl_commissionrule", "prvCreateCampaign"]
    );
    apply(&world, &isolation);
    world.create(&world.seller, contact()).created();
}

#[test]
fn a_refusal_of_the_platform_is_a_culprit_without_a_step() {
    let world = Pipeline::new();
    let request = Request::create(Row::unsaved("campaign").with("name", "x"));
    let isolation = isolate(&world, world.seller.id(), &request);
    assert!(isolation.passes);
    let [culprit] = isolation.culprits.as_slice() else {
        panic!("{isolation:#?}")
    };
    assert_eq!(culprit.error.body().step, None);
    assert_eq!(culprit.error.body().privilege.as_deref(), Some("prvCreateCampaign"));
    assert_eq!(kinds(&culprit.fixes()), ["grant"]);
    apply(&world, &isolation);
    world.run(&world.seller, request).result.unwrap();
}

#[test]
fn behind_a_refusal_of_the_platform_there_may_be_a_step() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "campaign", "refuse no campaigns"));
    let request = Request::create(Row::unsaved("campaign").with("name", "x"));
    let isolation = isolate(&world, world.seller.id(), &request);
    assert!(isolation.passes);
    assert_eq!(isolation.culprits.len(), 2, "{isolation:#?}");
    assert_eq!(isolation.culprits[1].error.body().step.as_ref().unwrap().id, step);
}

#[test]
fn who_refuses_on_purpose_can_only_be_disabled() {
    let world = Pipeline::new();
    let purpose = world.step(&probe(PRE_VALIDATION, "Create", "contact", "refuse no"));
    let accident = world.step(&probe(PRE_OPERATION, "Create", "contact", "fail oops"));
    let isolation = isolate(&world, world.seller.id(), &Request::create(contact()));
    assert!(isolation.passes);
    let found: Vec<_> = isolation.culprits.iter().map(|culprit| culprit.fixes()).collect();
    assert_eq!(
        found,
        [
            vec![Fix::Disable {
                step: purpose,
                is_own: true
            }],
            vec![Fix::Disable {
                step: accident,
                is_own: true
            }]
        ]
    );
}

#[test]
fn a_swallowed_error_is_found_like_any_other() {
    let world = Pipeline::new();
    world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "swallow-read sl_commissionrule",
    ));
    let isolation = isolate(&world, world.seller.id(), &Request::create(contact()));
    assert!(isolation.passes);
    assert_eq!(
        kinds(&isolation.culprits[0].fixes()),
        ["grant", "give-role", "run-as", "disable"]
    );
    apply(&world, &isolation);
    world.create(&world.seller, contact()).created();
}

#[test]
fn where_nothing_stands_in_the_way_nothing_is_found() {
    let world = Pipeline::new();
    let (_, request) = world.lead();
    let isolation = isolate(&world, world.seller.id(), &request);
    assert!(isolation.passes && isolation.culprits.is_empty());
    assert_eq!(isolation.trials, 1);
}

#[test]
fn the_first_step_says_which_tables_fail() {
    let world = Pipeline::shipped();
    world.step(&probe(PRE_OPERATION, "Create", "opportunity", "read campaign"));
    let (lead, _) = world.lead();
    let rows = trial::rows(&world.admin.0, Some(lead)).unwrap();
    let requests: Vec<Request> = rows.into_iter().map(Request::create).collect();
    let before = world.counts(WATCHED);
    let outcomes = world.admin.0.try_each(world.seller.id(), &requests).unwrap();
    assert_eq!(world.counts(WATCHED), before);
    let failed: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().map(|error| error.code().to_string()))
        .collect();
    assert_eq!(
        failed,
        [Some("0x80040220".to_owned()), None, Some("0x80040220".to_owned())]
    );
}

#[test]
fn only_who_may_act_for_others_may_ask() {
    let world = Pipeline::new();
    let request = Request::create(contact());
    let error = world.seller.0.isolate(world.admin.id(), &request).unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvActOnBehalfOfAnotherUser"));
    assert!(world.seller.0.isolate(world.seller.id(), &request).unwrap().passes);
}

/// Before the transaction a plug-in may pass over a failed call: no diagnosis blames it.
#[test]
fn what_pre_validation_may_swallow_is_no_culprit() {
    let world = Pipeline::new();
    let script = "swallow-read sl_commissionrule\ndump";
    world.step(&probe(PRE_VALIDATION, "Create", "contact", script));
    let request = Request::create(contact());
    let run = world.run(&world.seller, request.clone());
    assert!(run.result.is_ok(), "{:?}", run.result);
    let isolation = isolate(&world, world.seller.id(), &request);
    assert!(isolation.passes && isolation.culprits.is_empty(), "{isolation:?}");
}
