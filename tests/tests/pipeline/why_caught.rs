//! Why a request was refused whose plug-in caught a refusal, and ended with words of its own: what it caught is
//! named and cured.

use std::sync::atomic::AtomicBool;

use sluice_engine::JobState;
use sluice_model::{Code, Query, Reference, Request, Row, Uuid};
use sluice_platform::{Isolation, Lacked, prelude::*};
use sluice_tests::Actor;

use crate::{
    why::{cure, kinds, steps, why},
    world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, job, probe},
};

/// The steps that what was caught comes from.
fn origins(found: &Isolation) -> Vec<Option<Uuid>> {
    let origin = |error: &sluice_model::Error| error.origin().body().step.as_ref().map(|step| step.id);
    found.culprits.iter().map(|culprit| origin(&culprit.error)).collect()
}

fn lacks(found: &Isolation) -> Vec<Vec<&str>> {
    let of = |lacks: &[Lacked]| -> Vec<String> { lacks.iter().map(|lacked| lacked.privilege.clone()).collect() };
    let all = found.culprits.iter().map(|culprit| of(&culprit.lacks));
    let leak = |names: Vec<String>| names.into_iter().map(|name| &*name.leak()).collect();
    all.map(leak).collect()
}

fn asked(world: &Pipeline) -> (Isolation, Request) {
    let request = Request::create(contact());
    let found = why(world, &world.admin, &world.seller, &request);
    let words = found.culprits[0].error.message().to_owned();
    assert_eq!(words, "Not like this", "{found:#?}");
    (found, request)
}

const READ: &str = "in-own-words read campaign";
const CREATE: &str = "in-own-words create task subject Call";

#[test]
fn a_refusal_that_was_caught_is_cured() {
    for stage in [PRE_VALIDATION, PRE_OPERATION, POST_OPERATION] {
        let world = Pipeline::new();
        let step = world.step(&probe(stage, "Create", "contact", READ));
        let (found, request) = asked(&world);
        assert_eq!((steps(&found), origins(&found)), (vec![Some(step)], vec![Some(step)]));
        assert_eq!(lacks(&found), [["prvReadCampaign"]]);
        let caught = found.culprits[0].error.origin().body();
        assert_eq!(caught.call.as_deref(), Some("RetrieveMultiple campaign"));
        assert_eq!(caught.principal.as_ref().unwrap().id, world.seller.id());
        assert_eq!(kinds(&found), ["grant"], "{found:#?}");
        cure(&world, &found, &world.seller, &request);
    }
}

/// The step inside the call that was caught is named, and nothing is disabled.
#[test]
fn the_step_in_the_call_that_was_caught_is_named() {
    let world = Pipeline::new();
    let outer = world.step(&probe(PRE_OPERATION, "Create", "contact", CREATE));
    let inner = world.step(&probe(PRE_OPERATION, "Create", "task", "read campaign"));
    let (found, request) = asked(&world);
    assert_eq!((steps(&found), origins(&found)), (vec![Some(outer)], vec![Some(inner)]));
    assert_eq!(lacks(&found), [["prvReadCampaign"]]);
    let caught = found.culprits[0].error.origin().body();
    assert_eq!(caught.reached[0].step.id, outer);
    assert_eq!(caught.reached[0].call, "Create task");
    let kinds_of: Vec<&str> = found.culprits[0].fixes().iter().map(|fix| fix.kind()).collect();
    assert_eq!(
        kinds_of.last(),
        Some(&"disable"),
        "behind what disables nothing: {kinds_of:?}"
    );
    assert_eq!(kinds(&found), ["grant"]);
    cure(&world, &found, &world.seller, &request);
}

/// The step inside refuses on purpose: without it, the one around it says nothing.
#[test]
fn a_step_that_refuses_inside_the_call_is_disabled() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Create", "contact", CREATE));
    let inner = world.step(&probe(PRE_OPERATION, "Create", "task", "refuse never"));
    let (found, request) = asked(&world);
    assert_eq!(origins(&found), [Some(inner)]);
    assert_eq!(kinds(&found), ["disable"]);
    let disabled = format!("{:?}", found.cure.as_ref().unwrap().fixes);
    assert!(disabled.contains(&inner.to_string()), "{disabled}");
    cure(&world, &found, &world.seller, &request);
}

/// Caught twice, one in the other; and behind the first thing that is lacking there is another.
#[test]
fn caught_again_and_again() {
    let world = Pipeline::new();
    let script = "in-own-words create campaign name x\nin-own-words read sl_commissionrule";
    world.step(&probe(PRE_OPERATION, "Create", "contact", CREATE));
    let inner = world.step(&probe(PRE_OPERATION, "Create", "task", script));
    let innermost = world.step(&probe(PRE_OPERATION, "Create", "campaign", "read position"));
    let (found, request) = asked(&world);
    let all = [["prvCreateCampaign"], ["prvReadPosition"], ["prvReadsl_commissionrule"]];
    assert_eq!(lacks(&found), all, "{found:#?}");
    assert_eq!(origins(&found), [Some(inner), Some(innermost), Some(inner)]);
    assert!(kinds(&found).iter().all(|kind| *kind == "grant"), "{found:#?}");
    cure(&world, &found, &world.seller, &request);
}

#[test]
fn caught_in_the_name_of_another_user() {
    let world = Pipeline::new();
    let step = world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "in-own-words create campaign name x",
    ));
    let integration = Reference::new("systemuser", world.user("integration"));
    world
        .admin
        .update(Row::new("sdkmessageprocessingstep", step).with("impersonatinguserid", integration.clone()));
    let (found, request) = asked(&world);
    let caught = found.culprits[0].error.origin().body();
    assert_eq!(caught.principal.as_ref().unwrap().id, integration.id);
    assert_eq!(kinds(&found), ["grant"]);
    cure(&world, &found, &world.seller, &request);
}

#[test]
fn caught_in_front_of_another_culprit() {
    let world = Pipeline::new();
    let first = world.step(&probe(PRE_OPERATION, "Create", "contact", READ));
    let second = world.step(&probe(POST_OPERATION, "Create", "contact", "read position"));
    let (found, request) = asked(&world);
    assert_eq!(origins(&found), [Some(first), Some(second)]);
    assert_eq!(kinds(&found), ["grant", "grant"]);
    cure(&world, &found, &world.seller, &request);
}

/// A plug-in that gives up with a panic has caught it as well.
#[test]
fn caught_by_a_panic() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Create", "contact", "unwrap read campaign"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(found.culprits[0].error.code(), Code::ISV_UNEXPECTED);
    assert_eq!(lacks(&found), [["prvReadCampaign"]]);
    assert_eq!(kinds(&found), ["grant"]);
    cure(&world, &found, &world.seller, &request);
}

#[test]
fn caught_in_a_job() {
    let world = Pipeline::new();
    world.step(&job("Create", "contact", READ));
    world.create(&world.seller, contact()).created();
    let jobs = world.admin.list(Query::new("asyncoperation"));
    let failed = jobs.into_iter().find(|job| job.int("statuscode") == Some(31)).unwrap();
    let (_, found) = world.admin.0.why(Some(failed.id)).unwrap();
    assert_eq!(lacks(&found), [["prvReadCampaign"]], "{found:#?}");
    assert_eq!(kinds(&found), ["grant"]);
    for fix in &found.cure.as_ref().unwrap().fixes {
        world.admin.0.execute_all(&fix.requests()).unwrap();
    }
    world.seller.0.retry_job(failed.id).unwrap();
    let outcome = world
        .seller
        .0
        .run_job(failed.id, &AtomicBool::new(false), &|_| {})
        .unwrap();
    assert_eq!(outcome.state, JobState::Succeeded, "{outcome:?}");
}

/// What makes no difference is not told, and not cured: it refuses for reasons of its own.
#[test]
fn what_was_caught_and_makes_no_difference_is_not_claimed() {
    for script in ["refuse Not like this", "swallow-read campaign\nrefuse Not like this"] {
        let world = Pipeline::new();
        let step = world.step(&probe(PRE_VALIDATION, "Create", "contact", script));
        let (found, request) = asked(&world);
        assert_eq!(steps(&found), [Some(step)]);
        assert!(found.culprits[0].error.body().caught.is_none(), "{found:#?}");
        assert_eq!(lacks(&found), [[""; 0]]);
        assert_eq!(kinds(&found), ["disable"]);
        let fixes = found.culprits[0].fixes();
        assert_eq!(fixes.len(), 1, "{fixes:?}");
        cure(&world, &found, &world.seller, &request);
    }
}

/// Who sent it, and may not look any further, is told what was caught.
#[test]
fn the_sender_is_told_what_was_caught() {
    let world = Pipeline::new();
    world.step(&probe(PRE_OPERATION, "Create", "contact", READ));
    let request = Request::create(contact());
    let own: &Actor = &world.seller;
    let found = why(&world, own, own, &request);
    assert_eq!(lacks(&found), [["prvReadCampaign"]]);
    assert!(found.is_own && found.culprits[0].cures.is_empty(), "{found:#?}");
}
