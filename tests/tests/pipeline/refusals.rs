//! Steps that there cannot be.

use sluice_platform::StepSpec;
use sluice_platform::prelude::*;

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, job, probe};

#[test]
fn what_the_registration_refuses() {
    let world = Pipeline::new();
    let filtered = |spec: StepSpec| StepSpec {
        filtering: vec!["lastname".to_owned()],
        ..spec
    };
    let cases = [
        (
            "an unknown message",
            probe(PRE_OPERATION, "Explode", "contact", ""),
            "0x80040806",
        ),
        (
            "an unknown table",
            probe(PRE_OPERATION, "Create", "nosuchtable", ""),
            "0x80041102",
        ),
        (
            "a message that the table does not take",
            probe(PRE_OPERATION, "QualifyLead", "account", ""),
            "0x80044187",
        ),
        (
            "a configuration table",
            probe(PRE_OPERATION, "Update", "sdkmessageprocessingstep", ""),
            "0x80044187",
        ),
        (
            "another one",
            probe(PRE_OPERATION, "Create", "plugintracelog", ""),
            "0x80044187",
        ),
        (
            "a message bound to no table",
            probe(PRE_OPERATION, "Associate", "contact", ""),
            "0x80044187",
        ),
        (
            "filtering columns on Delete",
            filtered(probe(PRE_OPERATION, "Delete", "contact", "")),
            "0x80044187",
        ),
        (
            "filtering columns for every table",
            filtered(probe(PRE_OPERATION, "Update", "", "")),
            "0x80044187",
        ),
        (
            "columns of another table",
            filtered(probe(PRE_OPERATION, "Update", "account", "")),
            "0x80041103",
        ),
        ("the main operation", probe(30, "Create", "contact", ""), "0x80044184"),
        (
            "a stage that there is not",
            probe(15, "Create", "contact", ""),
            "0x80044184",
        ),
        (
            "a job before the operation",
            StepSpec {
                stage: PRE_OPERATION,
                ..job("Create", "contact", "")
            },
            "0x80044184",
        ),
        (
            "a job in pre-validation",
            StepSpec {
                stage: PRE_VALIDATION,
                ..job("Create", "contact", "")
            },
            "0x80044184",
        ),
    ];
    for (what, spec, code) in cases {
        assert_eq!(world.refused_step(&spec), code, "{what}");
    }
}

#[test]
fn plugins_are_found_by_name_or_not_at_all() {
    let world = Pipeline::new();
    let spec = probe(PRE_OPERATION, "Create", "contact", "");
    for unknown in ["nosuch/probe", "probe/nosuch", "nosuch"] {
        assert_eq!(
            world.refused_step(&StepSpec {
                plugin: unknown.to_owned(),
                ..spec.clone()
            }),
            "0x80040217"
        );
    }
    world.step(&StepSpec {
        plugin: "probe".to_owned(),
        ..spec.clone()
    });
    world.push("second", "probe", false);
    assert_eq!(
        world.refused_step(&StepSpec {
            plugin: "probe".to_owned(),
            ..spec.clone()
        }),
        "0x800608A1"
    );
    world.step(&StepSpec {
        plugin: "second/probe".to_owned(),
        ..spec
    });
}

#[test]
fn limits_grants_and_users_are_checked() {
    let world = Pipeline::new();
    let spec = probe(PRE_OPERATION, "Create", "contact", "");
    for limits in [
        r#"{"memory": 1073741824}"#,
        r#"{"cpu": 30000}"#,
        r#"{"nosuch": 1}"#,
        "[]",
        "nonsense",
        r#"{"rows": 0}"#,
    ] {
        let spec = StepSpec {
            limits: Some(limits.to_owned()),
            ..spec.clone()
        };
        assert_eq!(world.refused_step(&spec), "0x80040203", "{limits}");
    }
    let longer = StepSpec {
        limits: Some(r#"{"cpu": 30000}"#.to_owned()),
        ..job("Create", "contact", "")
    };
    world.step(&longer);
    assert_eq!(
        world.refused_step(&StepSpec {
            grants: vec!["network".to_owned()],
            ..spec.clone()
        }),
        "0x80040203"
    );
    let nobody = Some(sluice_model::Uuid::from_u128(7));
    assert_eq!(
        world.refused_step(&StepSpec {
            run_as: nobody,
            ..spec.clone()
        }),
        "0x80040217"
    );
    // Only those who customize register steps.
    let error = world.seller.0.register_step(&spec).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80040220");
    assert!(error.body().privilege.is_some());
}

#[test]
fn every_stage_and_every_table_is_fine_otherwise() {
    let world = Pipeline::new();
    for stage in [PRE_VALIDATION, PRE_OPERATION, POST_OPERATION] {
        world.step(&probe(stage, "QualifyLead", "lead", ""));
        world.step(&probe(stage, "Update", "", ""));
        world.step(&probe(stage, "Associate", "", ""));
        world.step(&probe(stage, "Delete", "sl_commissionrule", ""));
    }
    let (_, request) = world.lead();
    world.run(&world.seller, request).result.unwrap();
}
