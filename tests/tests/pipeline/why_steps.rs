//! Why a request was refused: what stands in the way again once a step has rested, and two steps of
//! which one refuses what the other wrote.

use sluice_model::{Request, Uuid};
use sluice_platform::prelude::*;

use crate::{
    why::{campaigns, steps, why},
    world::{PRE_OPERATION, PRE_VALIDATION, Pipeline, contact, probe},
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
    let with: Vec<Uuid> = found.culprits[0].with.iter().map(|step| step.id).collect();
    assert_eq!(with, [writer]);
}
