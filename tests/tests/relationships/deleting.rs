//! Delete: what goes along, what loses its link, what stands in the way, and in which order.

use sluice_model::{Behaviours, Code, Depth, OnDelete, Reference, Request, Row};
use sluice_platform::BehaviourChange;

use crate::world::{Related, refused};

const NAME: &str = "sl_sl_part_sl_part_sl_whole";

fn all(behaviours: Behaviours) -> BehaviourChange {
    BehaviourChange {
        all: Some(behaviours),
        ..BehaviourChange::default()
    }
}

/// The words after these of each line.
fn words(lines: &[String], names: &[&str]) -> Vec<String> {
    let word = |line: &str, name: &str| {
        line.split(' ')
            .find_map(|word| word.strip_prefix(name))
            .unwrap_or("")
            .to_owned()
    };
    lines
        .iter()
        .map(|line| names.iter().map(|name| word(line, name)).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn rows_go_furthest_first_and_are_gone_before_the_steps_of_pre_operation() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    world.probe();
    for stage in [10, 20] {
        world.step(stage, "Delete", "sl_part", "dump\nread sl_part");
    }
    let whole = world.part("whole", None);
    let middle = world.part("middle", Some(whole));
    world.part("end", Some(middle));
    let said = world.said(Request::delete(Reference::new("sl_part", whole)));
    let stages: Vec<String> = said
        .chunks(2)
        .map(|pair| format!("{} {}", words(pair, &["stage=", "depth="])[0], pair[1]))
        .collect();
    assert_eq!(
        stages,
        [
            "PreValidation 1 read 3 sl_part",
            "PreValidation 2 read 3 sl_part",
            "PreOperation 2 read 3 sl_part",
            "PreValidation 2 read 2 sl_part",
            "PreOperation 2 read 2 sl_part",
            "PreOperation 1 read 1 sl_part",
        ]
    );
}

#[test]
fn a_link_is_removed_by_an_update_between_pre_validation_and_pre_operation() {
    let world = Related::with_parts(Behaviours::REFERENTIAL);
    world.probe();
    for stage in [10, 20] {
        world.step(stage, "Delete", "sl_part", "dump");
    }
    world.step(20, "Update", "sl_part", "dump\ntarget sl_whole");
    let whole = world.part("whole", None);
    let part = world.part("part", Some(whole));
    let said = world.said(Request::delete(Reference::new("sl_part", whole)));
    assert_eq!(said[2], "target sl_whole=Empty", "{said:?}");
    let dumps: Vec<String> = said.iter().filter(|line| line.contains("message=")).cloned().collect();
    assert_eq!(
        words(&dumps, &["message=", "stage=", "depth="]),
        [
            "Delete PreValidation 1",
            "Update PreOperation 2",
            "Delete PreOperation 1"
        ]
    );
    assert!(world.there("sl_part", part));
}

#[test]
fn whoever_may_delete_a_row_may_take_it_from_those_that_refer_to_it() {
    let world = Related::with_parts(Behaviours::REFERENTIAL);
    let clerk = world.user("clerk", &["Create", "Read", "Delete"], Depth::User);
    let whole = clerk.create(Row::unsaved("sl_part").with("sl_name", "whole"));
    let part = world.part("another's, closed", Some(whole));
    world
        .admin
        .update(Row::new("sl_part", part).with("statecode", sluice_model::Value::Choice(1)));
    clerk.try_delete("sl_part", whole).unwrap();
    assert_eq!(world.admin.get("sl_part", part).lookup("sl_whole"), None);
    // What goes along is deleted in the name of the caller.
    world.change(NAME, all(Behaviours::PARENTAL));
    let whole = clerk.create(Row::unsaved("sl_part").with("sl_name", "whole"));
    let part = world.part("another's", Some(whole));
    refused(clerk.try_delete("sl_part", whole), Code::ACCESS_DENIED, "DeleteAccess");
    assert!(world.there("sl_part", whole) && world.there("sl_part", part));
}

#[test]
fn what_stands_in_the_way_is_found_before_anything_happens() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    world.probe();
    world.lookup("sl_part", "sl_guard", &["sl_part"], Behaviours::RESTRICT);
    world.step(20, "Delete", "sl_part", "refuse too late");
    world.step(10, "Delete", "sl_part", "at-depth 2 refuse too late as well");
    let whole = world.part("whole", None);
    let middle = world.part("middle", Some(whole));
    let guard = Row::unsaved("sl_part")
        .with("sl_name", "guard")
        .with("sl_guard", Reference::new("sl_part", middle));
    let guard = world.admin.create(guard);
    refused(
        world.admin.try_delete("sl_part", whole),
        Code::REFERENCED,
        "1 row of `sl_part`",
    );
    // One that goes itself stands in nobody's way.
    let below = Row::new("sl_part", guard).with("sl_whole", Reference::new("sl_part", whole));
    world.admin.update(below);
    let error = world.admin.try_delete("sl_part", whole).unwrap_err();
    assert_ne!(error.code(), Code::REFERENCED, "{error}");
}

#[test]
fn who_may_not_delete_a_row_is_not_told_what_refers_to_it() {
    let world = Related::with_parts(Behaviours::RESTRICT);
    let reader = world.user("reader", &["Read", "Delete"], Depth::User);
    let whole = world.part("whole", None);
    world.part("part", Some(whole));
    refused(reader.try_delete("sl_part", whole), Code::ACCESS_DENIED, "DeleteAccess");
}

#[test]
fn what_a_step_makes_to_refer_to_the_row_meanwhile_is_dealt_with() {
    let world = Related::with_parts(Behaviours::PARENTAL);
    world.probe();
    // The step cannot name the row, so one is made that refers to an account which goes.
    world.step(20, "Delete", "account", "create contact lastname Late");
    let account = world.account("Litware");
    world.contact(Some(Reference::new("account", account)));
    world.admin.try_delete("account", account).unwrap();
    assert!(!world.there("account", account));
}

#[test]
fn rows_that_refer_to_each_other_go_together() {
    let world = Related::with_parts(Behaviours::REFERENTIAL);
    let first = world.part("first", None);
    let second = world.part("second", Some(first));
    let third = world.part("third", Some(second));
    world
        .admin
        .update(Row::new("sl_part", first).with("sl_whole", Reference::new("sl_part", third)));
    // A cycle of an earlier time: what was referential becomes parental.
    world.change(NAME, all(Behaviours::PARENTAL));
    world.admin.try_delete("sl_part", second).unwrap();
    for id in [first, second, third] {
        assert!(!world.there("sl_part", id));
    }
    let alone = world.part("itself", None);
    world.change(NAME, all(Behaviours::REFERENTIAL));
    world
        .admin
        .update(Row::new("sl_part", alone).with("sl_whole", Reference::new("sl_part", alone)));
    let restrict = BehaviourChange {
        delete: Some(OnDelete::Restrict),
        ..BehaviourChange::default()
    };
    world.change(NAME, restrict);
    world.admin.try_delete("sl_part", alone).unwrap();
}
