//! A failure at every step of a qualification: each time everything is as it was before.

use sluice_model::{Query, Row};

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, probe};

const TABLES: [&str; 8] = [
    "account",
    "contact",
    "opportunity",
    "lead",
    "annotation",
    "asyncoperation",
    "leadtoopportunitysalesprocess",
    "sl_stagevisit",
];

/// Everything in these tables.
fn everything(world: &Pipeline) -> Vec<Vec<Row>> {
    TABLES.map(|table| world.admin.list(Query::new(table))).to_vec()
}

#[test]
fn qualifying_fails_at_every_step_without_a_trace_in_the_data() {
    let world = Pipeline::new();
    let (lead, request) = world.lead();
    let before = everything(&world);
    let mut places = vec![];
    for (message, table) in [
        ("QualifyLead", "lead"),
        ("Create", "account"),
        ("Create", "contact"),
        ("Update", "account"),
        ("Create", "opportunity"),
        ("Update", "lead"),
        ("Update", "leadtoopportunitysalesprocess"),
    ] {
        for stage in [PRE_VALIDATION, PRE_OPERATION, POST_OPERATION] {
            places.push(probe(
                stage,
                message,
                table,
                &format!("refuse {message} {table} {stage}"),
            ));
        }
    }
    for spec in &places {
        let step = world.step(spec);
        let run = world.run(&world.seller, request.clone());
        let error = run.refused("0x80040265");
        assert_eq!(Some(format!("refuse {}", error.message())), spec.configuration);
        assert_eq!(error.body().step.as_ref().unwrap().id, step);
        assert_eq!(everything(&world), before, "{}", error.message());
        world.set_enabled(step, false);
    }
    world.run(&world.seller, request).result.unwrap();
    assert_eq!(world.seller.get("lead", lead).int("statecode"), Some(1));
    let [accounts, contacts, opportunities, ..] = world.counts(TABLES);
    let sizes: Vec<usize> = before.iter().map(Vec::len).collect();
    assert_eq!(
        [accounts, contacts, opportunities],
        [sizes[0] + 1, sizes[1] + 1, sizes[2] + 1]
    );
}

#[test]
fn the_nth_call_of_a_message_fails() {
    let world = Pipeline::new();
    // The lead is updated twice: with what became of it, and closed.
    let (_, request) = world.lead();
    let before = everything(&world);
    for filtering in ["parentaccountid", "statecode"] {
        let spec = probe(POST_OPERATION, "Update", "lead", "refuse no");
        let step = world.step(&sluice_platform::StepSpec {
            filtering: vec![filtering.to_owned()],
            ..spec
        });
        world.run(&world.seller, request.clone()).refused("0x80040265");
        assert_eq!(everything(&world), before, "{filtering}");
        world.set_enabled(step, false);
    }
    world.run(&world.seller, request).result.unwrap();
}
