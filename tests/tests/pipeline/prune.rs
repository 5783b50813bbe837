//! A new version of a plug-in that declares less than the one before.

use sluice_model::{Filter, Query, Row};

use crate::world::{PRE_OPERATION, World, account, probe};
use sluice_platform::prelude::*;

fn types(world: &World, assembly: sluice_model::Uuid) -> usize {
    let filter = Filter::eq("pluginassemblyid", assembly);
    world
        .admin
        .list(Query::new("plugintype").columns(&[]).filter(filter))
        .len()
}

#[test]
fn what_is_no_longer_declared_stays_until_it_is_pruned() {
    let world = World::new();
    let first = world.push("shrinking", "hostile", false);
    let (step, _) = first.added[0].clone();
    let by_hand = world.step(&sluice_platform::StepSpec {
        plugin: "shrinking/ok".to_owned(),
        ..probe(PRE_OPERATION, "Create", "contact", "")
    });
    let all = types(&world, first.id);

    let second = world.push("shrinking", "probe", false);
    assert_eq!(second.types, ["probe"]);
    assert_eq!(second.undeclared.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [step]);
    assert!(second.removed.is_empty());
    assert_eq!(types(&world, first.id), all + 1);
    assert_eq!(
        world.admin.get("sdkmessageprocessingstep", step).int("statecode"),
        Some(0)
    );
    // It is still called, and the new file does not know it.
    let id = world.admin.create(account());
    let run = world.update(&world.admin, Row::new("account", id).with("name", "x"));
    run.refused("0x80040224");

    let third = world.push("shrinking", "probe", true);
    assert_eq!(third.removed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [step]);
    assert_eq!(types(&world, first.id), 1);
    assert!(world.admin.try_get("sdkmessageprocessingstep", step).is_err());
    assert!(
        world.admin.try_get("sdkmessageprocessingstep", by_hand).is_err(),
        "it went with its type"
    );
    assert!(
        world
            .update(&world.admin, Row::new("account", id).with("name", "x"))
            .result
            .is_ok()
    );
}

#[test]
fn pruning_keeps_steps_that_were_registered_by_hand() {
    let world = World::new();
    let by_hand = world.step(&probe(PRE_OPERATION, "Create", "account", "trace mine"));
    let pushed = world.push("probe", "probe", true);
    assert!(pushed.removed.is_empty() && pushed.undeclared.is_empty(), "{pushed:?}");
    world.create(&world.admin, account()).says(&["mine"]);
    world.admin.get("sdkmessageprocessingstep", by_hand);
}

#[test]
fn a_push_does_not_take_over_a_step_registered_by_hand() {
    let world = World::new();
    world.push("hostile", "hostile", false);
    // Like the declared one, but an administrator's own.
    let spec = sluice_platform::StepSpec {
        plugin: "hostile/ok".to_owned(),
        rank: 9,
        ..probe(PRE_OPERATION, "Update", "account", "mine")
    };
    let by_hand = world.step(&spec);
    world.push("hostile", "hostile", true);
    let row = world.admin.get("sdkmessageprocessingstep", by_hand);
    assert_eq!((row.int("rank"), row.text("configuration")), (Some(9), Some("mine")));
}

#[test]
fn a_push_that_fails_changes_nothing() {
    let world = World::new();
    let before = world.counts(["pluginassembly", "plugintype", "sdkmessageprocessingstep"]);
    for (bytes, code) in [
        (b"not wasm at all".to_vec(), "0x8004418B"),
        (b"\0asm\x01\0\0\0".to_vec(), "0x80044191"),
        (vec![], "0x8004418B"),
    ] {
        let assembly = sluice_platform::Assembly {
            name: "broken".to_owned(),
            bytes,
            description: None,
        };
        assert_eq!(
            world.admin.0.push(&assembly, false).unwrap_err().code().to_string(),
            code
        );
    }
    let bytes = sluice_tests::wasm("guests", "hostile");
    let assembly = sluice_platform::Assembly {
        name: "forbidden".to_owned(),
        bytes,
        description: None,
    };
    assert_eq!(
        world.seller.0.push(&assembly, false).unwrap_err().code().to_string(),
        "0x80040220"
    );
    assert_eq!(
        world.counts(["pluginassembly", "plugintype", "sdkmessageprocessingstep"]),
        before
    );
}
