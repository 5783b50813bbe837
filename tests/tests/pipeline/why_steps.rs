//! Why a request was refused: what stands in the way again once a step has rested, and two steps of
//! which one refuses what the other wrote.

use sluice_model::{Request, Uuid};
use sluice_platform::{Cure, Fix, prelude::*};

use crate::{
    why::{campaigns, cure, kinds, steps, why},
    world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, account, contact, probe},
};

/// While a step rests, the request passes; what comes then is told with the time.
#[test]
fn what_a_resting_step_will_refuse_again_is_told() {
    let world = Pipeline::new();
    let step = world.step(&probe(PRE_OPERATION, "Create", "contact", &campaigns("read")));
    let refused = world.seller.0.execute(Request::create(contact())).unwrap_err();
    let program = world.org.program();
    let rested = program.json(&["step", "disable", &step.to_string(), "--for", "2h"]);
    let (_, found) = world.admin.0.why(refused.body().correlation).unwrap();
    assert!(found.culprits.is_empty() && found.passes, "{found:#?}");
    let [resting] = found.resting.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(resting.step.id, step);
    assert_eq!(resting.error.body().privilege.as_deref(), Some("prvReadCampaign"));
    let correlation = refused.body().correlation.unwrap().to_string();
    let end = &correlation[correlation.len() - 6..];
    let told = program.run(&["why", end]).stdout;
    assert!(
        told.contains("rests until") && told.contains("prvReadCampaign"),
        "{told} {rested}"
    );
    program.run(&["step", "enable", &step.to_string()]);
    let again = program.json(&["why", end]);
    assert_eq!(again["resting"].as_array().unwrap().len(), 0);
    assert_eq!(again["request"]["correlation"], correlation.as_str());
    assert_eq!(program.run(&["why", "fffff"]).code, 1, "there is none");
    assert_eq!(program.run(&["why", "abc"]).code, 2, "too short");
    let east = world.org.program().as_user("seller.east");
    assert_eq!(east.run(&["why", end]).code, 1, "it is not hers");
}

/// A step writes a value that another one refuses: the one that refuses is named with the one that
/// wrote it.
#[test]
fn a_value_of_one_step_that_another_refuses_names_both() {
    let world = Pipeline::new();
    let writer = world.step(&probe(PRE_VALIDATION, "Create", "contact", "set jobtitle Wizard"));
    let checker = world.step(&probe(PRE_OPERATION, "Create", "contact", "fail-if jobtitle Wizard"));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(checker)]);
    let with: Vec<Uuid> = found.culprits[0].sets[0].iter().map(|step| step.id).collect();
    assert_eq!(with, [writer]);
}

/// Where either of two steps is enough, both sets are named; where there is one, to disable any of it helps.
#[test]
fn each_smallest_set_is_named() {
    let world = Pipeline::new();
    let step = |stage: i32, script: &str| world.step(&probe(stage, "Create", "contact", script));
    let one = step(PRE_VALIDATION, "set jobtitle Wizard");
    let request = Request::create(contact());
    step(PRE_OPERATION, "fail-if jobtitle Wizard");
    let found = why(&world, &world.admin, &world.seller, &request);
    let disables = |cure: &Cure| matches!(cure.fixes.as_slice(), [Fix::Break { step, is_own: true }] if step.id == one);
    assert!(found.culprits[0].cures.iter().any(disables), "{found:#?}");
    let other = step(PRE_VALIDATION, "set jobtitle Wizard");
    let found = why(&world, &world.admin, &world.seller, &request);
    let mut sets: Vec<Vec<Uuid>> = Vec::new();
    for set in &found.culprits[0].sets {
        sets.push(set.iter().map(|step| step.id).collect());
    }
    sets.sort();
    assert_eq!(sets, [[one], [other]]);
    assert!(
        !found.culprits[0].cures.iter().any(disables),
        "the other one does it, too"
    );
}

/// What a step refuses once it holds what it lacked is a reason of its own, also where that is no privilege.
#[test]
fn the_second_reason_of_a_step_is_told_with_the_cure_of_the_first() {
    let world = Pipeline::new();
    let step = world.step(&probe(
        PRE_OPERATION,
        "Create",
        "contact",
        "read campaign\nfail call Anna",
    ));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    assert_eq!(steps(&found), [Some(step), Some(step)]);
    let told = |number: usize| found.culprits[number].cures.iter().flat_map(|cure| &cure.fixes);
    assert!(told(0).clone().any(|fix| fix.kind() == "grant"), "{found:#?}");
    assert!(found.culprits[1].error.message().contains("call Anna"), "{found:#?}");
    // What cures all of it is the least that does.
    assert_eq!(kinds(&found), ["disable"]);
    cure(&world, &found, &world.seller, &request);
}

/// A grant for own rows and one row that is shared give less than a grant for everybody's.
#[test]
fn in_a_step_a_row_is_shared_behind_the_smallest_grant() {
    let world = Pipeline::new();
    let theirs = world.admin.create(account());
    let script = format!("delete account {theirs}");
    world.step(&probe(POST_OPERATION, "Create", "contact", &script));
    let request = Request::create(contact());
    let found = why(&world, &world.admin, &world.seller, &request);
    let of = |cure: &Cure| cure.fixes.iter().map(Fix::kind).collect::<Vec<_>>();
    let kinds: Vec<_> = found.culprits[0].cures.iter().map(of).collect();
    let place = |wanted: &[&str]| kinds.iter().position(|kinds| kinds == wanted);
    let (shared, granted) = (place(&["grant", "share"]), place(&["grant"]));
    assert!(
        shared.is_some() && (granted.is_none() || shared < granted),
        "{found:#?}"
    );
    cure(&world, &found, &world.seller, &request);
}

/// A refusal that a step below raised itself is of no call of its.
#[test]
fn who_refuses_by_itself_made_no_call() {
    let world = Pipeline::new();
    world.step(&probe(POST_OPERATION, "Create", "contact", "create account name Q"));
    let inner = world.step(&probe(PRE_OPERATION, "Create", "account", "fail not today"));
    let run = world.create(&world.seller, contact());
    let error = run.refused("0x80040224");
    assert_eq!(error.body().step.as_ref().unwrap().id, inner);
    assert_eq!(error.body().call, None);
}
