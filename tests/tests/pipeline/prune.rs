//! A new version of a plug-in that declares less than the one before.

use sluice_model::{Filter, Query, Remedy, Request, Row, Value};

use crate::world::{PRE_OPERATION, Pipeline, account, probe};
use sluice_platform::{PushOptions, prelude::*};

fn types(world: &Pipeline, assembly: sluice_model::Uuid) -> usize {
    let filter = Filter::eq("pluginassemblyid", assembly);
    world
        .admin
        .list(Query::new("plugintype").columns(&[]).filter(filter))
        .len()
}

/// The state of a step, where it is there.
fn state(world: &Pipeline, step: sluice_model::Uuid) -> Option<i32> {
    world
        .admin
        .try_get("sdkmessageprocessingstep", step)
        .ok()?
        .int("statecode")
}

#[test]
fn a_file_that_lacks_a_registered_type_is_refused_and_nothing_changes() {
    let world = Pipeline::new();
    let first = world.push("shrinking", "hostile", false);
    let (step, name) = first.added[0].clone();
    let state_of_all = || {
        let history = world.admin.0.plugin_history(first.id).unwrap();
        (world.counts(["plugintype", "sdkmessageprocessingstep"]), history)
    };
    let before = state_of_all();
    for prune in [false, true] {
        let options = PushOptions {
            prune,
            ..PushOptions::default()
        };
        let error = world.push_with("shrinking", "probe", &options).unwrap_err();
        assert_eq!(error.code().to_string(), "0x8004418B");
        for words in [
            "not found in PluginAssembly [shrinking, Version=",
            "Culture=neutral, PublicKeyToken=null] which has a total of [1] plugin/workflow activity types.",
            &format!("\"{name}\""),
        ] {
            assert!(error.message().contains(words), "{words}: {error}");
        }
    }
    // The same by another door: the row itself.
    let content = sluice_engine::base64::to_base64(&sluice_tests::wasm("guests", "probe"));
    let row = Row::new("pluginassembly", first.id).with("content", content);
    world.update(&world.admin, row).refused("0x8004418B");
    assert_eq!(state_of_all(), before);
    assert_eq!(state(&world, step), Some(0));
}

#[test]
fn whoever_forces_it_disables_the_steps_of_what_is_missing_and_gives_the_types_up() {
    let world = Pipeline::new();
    let first = world.push("shrinking", "hostile", false);
    let (step, _) = first.added[0].clone();
    let by_hand = world.step(&sluice_platform::StepSpec {
        plugin: "shrinking/ok".to_owned(),
        ..probe(PRE_OPERATION, "Create", "contact", "")
    });
    let force = PushOptions {
        force: true,
        prune: true,
        ..PushOptions::default()
    };
    let rehearsed = PushOptions {
        dry_run: true,
        ..force.clone()
    };
    let trial = world.push_with("shrinking", "probe", &rehearsed).unwrap();
    assert_eq!((state(&world, step), state(&world, by_hand)), (Some(0), Some(0)));

    let second = world.push_with("shrinking", "probe", &force).unwrap();
    assert_eq!((&second.given_up, &second.disabled), (&trial.given_up, &trial.disabled));
    assert_eq!(second.types, ["probe"]);
    assert!(second.given_up.contains(&"ok".to_owned()), "{second:?}");
    let disabled: Vec<_> = second.disabled.iter().map(|(id, _)| *id).collect();
    assert!(disabled.contains(&step) && disabled.contains(&by_hand), "{second:?}");
    assert!(second.removed.is_empty(), "what is given up is disabled, not removed");
    assert_eq!((state(&world, step), state(&world, by_hand)), (Some(1), Some(1)));
    // Only the types that steps still name stay as rows.
    assert_eq!(types(&world, first.id), 2);
    let id = world.admin.create(account());
    let run = world.update(&world.admin, Row::new("account", id).with("name", "x"));
    assert!(run.result.is_ok());

    // Its steps cannot be put to work, and no new one is registered on it.
    let enabled = Row::new("sdkmessageprocessingstep", step).with("statecode", Value::Choice(0));
    world.update(&world.admin, enabled).refused("0x8004418B");
    assert!(world.admin.0.find_plugin_type("shrinking/ok").is_err());
    // The next version that lacks it is taken; one that has it again is no news.
    world.push("shrinking", "probe", false);
    let back = world.push_with("shrinking", "hostile", &force).unwrap();
    assert_eq!(back.given_up, ["probe"]);
    // What the forced push took out of work stays so, and is told.
    let resting: Vec<_> = back.resting.iter().map(|(id, _)| *id).collect();
    assert!(resting.contains(&step) && resting.contains(&by_hand), "{back:?}");
    world.admin.0.find_plugin_type("shrinking/ok").unwrap();
    world.admin.0.set_step_enabled(step, true).unwrap();
    assert_eq!(state(&world, step), Some(0));
    // Also where the content comes by its row: a type that is there again is missed again.
    let id = back.id;
    let with_type = world.admin.0.plugin_content(id, None).unwrap().1;
    world.push_with("shrinking", "probe", &force).unwrap();
    let without = world.admin.0.plugin_content(id, None).unwrap().1;
    let write = |bytes: &[u8]| {
        use base64::{Engine as _, prelude::BASE64_STANDARD};
        world.update(
            &world.admin,
            Row::new("pluginassembly", id).with("content", BASE64_STANDARD.encode(bytes)),
        )
    };
    let other = world.admin.0.find_plugin_type("shrinking/probe").unwrap();
    world.admin.try_delete("plugintype", other).unwrap();
    write(&with_type).result.unwrap();
    world.admin.0.set_step_enabled(step, true).unwrap();
    write(&without).refused("0x8004418B");
}

#[test]
fn a_type_is_one_that_the_file_has() {
    let world = Pipeline::new();
    let pushed = world.push("probe", "probe", false);
    let row = Row::unsaved("plugintype").with("typename", "nobody").with(
        "pluginassemblyid",
        sluice_model::Reference::new("pluginassembly", pushed.id),
    );
    let error = world.admin.0.execute(Request::create(row)).unwrap_err();
    assert_eq!(error.code().to_string(), "0x8004418B");
    assert!(
        error
            .message()
            .starts_with("PluginType [nobody] not found in PluginAssembly [probe,")
    );
}

#[test]
fn what_a_plug_in_was_is_kept_and_comes_back() {
    let world = Pipeline::new();
    let version = |version: &str| PushOptions {
        version: Some(version.to_owned()),
        force: true,
        ..PushOptions::default()
    };
    let first = world.push_with("changing", "hostile", &version("1.1")).unwrap();
    world.push_with("changing", "probe", &version("1.2")).unwrap();
    let history = || -> Vec<(String, bool)> {
        let all = world.admin.0.plugin_history(first.id).unwrap();
        all.iter().map(|one| (one.version.clone(), one.current)).collect()
    };
    assert_eq!(history(), [("1.2".to_owned(), true), ("1.1".to_owned(), false)]);
    // What lacks a type is refused here as well.
    let refused = world
        .admin
        .0
        .roll_back(first.id, None, &PushOptions::default())
        .unwrap_err();
    assert_eq!(refused.code().to_string(), "0x8004418B");
    assert!(refused.remedies().contains(&Remedy::RollbackForced), "{refused:?}");
    let (back, pushed) = world.admin.0.roll_back(first.id, None, &version("9")).unwrap();
    assert_eq!((back.version.as_str(), pushed.version.as_str()), ("1.1", "1.1"));
    assert_eq!(history(), [("1.1".to_owned(), true), ("1.2".to_owned(), false)]);
    // A content that is pushed once more as another version is that version.
    world.push_with("changing", "hostile", &version("1.3")).unwrap();
    assert_eq!(history(), [("1.3".to_owned(), true), ("1.2".to_owned(), false)]);
    // What was given up is not what was at work before.
    world.push_with("changing", "bench", &version("1.4")).unwrap();
    world.admin.0.roll_back(first.id, Some("1.2"), &version("9")).unwrap();
    world.push_with("changing", "hostile", &version("1.5")).unwrap();
    let (back, _) = world.admin.0.roll_back(first.id, None, &version("9")).unwrap();
    assert_eq!(back.version, "1.2");
    let (_, bytes) = world.admin.0.plugin_content(first.id, Some("1.2")).unwrap();
    assert!(!bytes.is_empty());
    assert!(world.seller.0.plugin_content(first.id, None).is_err());
}

#[test]
fn a_configuration_of_an_administrators_own_stays() {
    let world = Pipeline::new();
    let pushed = world.push("hostile", "hostile", false);
    let step = pushed.added[0].0;
    let configuration = || {
        world
            .admin
            .get("sdkmessageprocessingstep", step)
            .text("configuration")
            .map(ToOwned::to_owned)
    };
    let declared = configuration();
    world
        .admin
        .update(Row::new("sdkmessageprocessingstep", step).with("configuration", "mine"));
    let again = world.push("hostile", "hostile", false);
    assert_eq!(again.kept.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [step]);
    assert_eq!(configuration().as_deref(), Some("mine"));
    let options = PushOptions {
        configuration: true,
        ..PushOptions::default()
    };
    assert!(world.push_with("hostile", "hostile", &options).unwrap().kept.is_empty());
    assert_eq!(configuration(), declared);
}

#[test]
fn pruning_keeps_steps_that_were_registered_by_hand() {
    let world = Pipeline::new();
    let by_hand = world.step(&probe(PRE_OPERATION, "Create", "account", "trace mine"));
    let pushed = world.push("probe", "probe", true);
    assert!(pushed.removed.is_empty() && pushed.undeclared.is_empty(), "{pushed:?}");
    world.create(&world.admin, account()).says(&["mine"]);
    world.admin.get("sdkmessageprocessingstep", by_hand);
}

#[test]
fn a_push_does_not_take_over_a_step_registered_by_hand() {
    let world = Pipeline::new();
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
    let world = Pipeline::new();
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
            world
                .admin
                .0
                .push(&assembly, &sluice_platform::PushOptions::default())
                .unwrap_err()
                .code()
                .to_string(),
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
        world
            .seller
            .0
            .push(&assembly, &sluice_platform::PushOptions::default())
            .unwrap_err()
            .code()
            .to_string(),
        "0x80040220"
    );
    assert_eq!(
        world.counts(["pluginassembly", "plugintype", "sdkmessageprocessingstep"]),
        before
    );
}
