//! Relationships travel with their columns, and what came with a managed solution stays.

use sluice_model::{Behaviours, Code, Follow, Ownership, Row};
use sluice_platform::BehaviourChange;
use sluice_platform::prelude::*;

use crate::world::{Related, refused};

const NAME: &str = "sl_account_sl_part_sl_account";

fn export(from: &Related, kind: &str, component: &str, managed: bool) -> Vec<u8> {
    let admin = &from.admin;
    let solution = Row::unsaved("solution")
        .with("uniquename", "Parts")
        .with("friendlyname", "Parts")
        .with("version", "1.0");
    admin.create(solution);
    admin.0.add_to_solution("Parts", kind, &[component.to_owned()]).unwrap();
    admin.0.export_solution("Parts", managed).unwrap()
}

fn maker(behaviours: Behaviours) -> Related {
    let world = Related::new();
    world.table("sl_part", Ownership::User);
    world.lookup("sl_part", "sl_account", &["account"], behaviours);
    world
}

fn all(behaviours: Behaviours) -> BehaviourChange {
    BehaviourChange {
        all: Some(behaviours),
        ..BehaviourChange::default()
    }
}

#[test]
fn with_a_table() {
    let custom = Behaviours {
        assign: Follow::Active,
        ..Behaviours::PARENTAL
    };
    let file = export(&maker(custom), "table", "sl_part", false);
    let to = Related::new();
    to.admin.0.import_solution(&file, false).unwrap();
    assert_eq!(to.behaviours(NAME), custom);
    // What is there already becomes what was sent.
    let to = maker(Behaviours::RESTRICT);
    to.admin.0.import_solution(&file, false).unwrap();
    assert_eq!(to.behaviours(NAME), custom);
    // Also back to what is usual.
    let file = export(&maker(Behaviours::REFERENTIAL), "table", "sl_part", false);
    to.admin.0.import_solution(&file, false).unwrap();
    assert_eq!(to.behaviours(NAME), Behaviours::REFERENTIAL);
}

#[test]
fn with_a_column_of_a_table_that_ships() {
    let from = Related::new();
    from.lookup("contact", "sl_lead", &["lead"], Behaviours::RESTRICT);
    let file = export(&from, "column", "contact.sl_lead", false);
    let to = Related::new();
    to.admin.0.import_solution(&file, false).unwrap();
    assert_eq!(to.behaviours("sl_lead_contact_sl_lead"), Behaviours::RESTRICT);
}

#[test]
fn with_a_column_whose_table_comes_later() {
    let from = Related::new();
    from.table("sl_whole", Ownership::User);
    from.table("sl_part", Ownership::User);
    from.lookup("sl_part", "sl_below", &["sl_whole"], Behaviours::PARENTAL);
    let admin = &from.admin;
    let solution = Row::unsaved("solution")
        .with("uniquename", "Parts")
        .with("friendlyname", "Parts")
        .with("version", "1.0");
    admin.create(solution);
    admin
        .0
        .add_to_solution("Parts", "table", &["sl_part".to_owned(), "sl_whole".to_owned()])
        .unwrap();
    let file = admin.0.export_solution("Parts", false).unwrap();
    let to = Related::new();
    to.admin.0.import_solution(&file, false).unwrap();
    assert_eq!(
        to.behaviours("sl_sl_whole_sl_part_sl_below"),
        from.behaviours("sl_sl_whole_sl_part_sl_below")
    );
    assert!(to.behaviours("sl_sl_whole_sl_part_sl_below").is_parental());
}

#[test]
fn what_came_managed_is_changed_by_the_next_version_alone() {
    let file = export(&maker(Behaviours::PARENTAL), "table", "sl_part", true);
    let to = Related::new();
    to.admin.0.import_solution(&file, false).unwrap();
    refused(
        to.admin.0.update_relationship(NAME, &all(Behaviours::RESTRICT)),
        Code::MANAGED,
        "is managed",
    );
    assert_eq!(to.behaviours(NAME), Behaviours::PARENTAL);
    let next = export(&maker(Behaviours::RESTRICT), "table", "sl_part", true);
    to.admin.0.import_solution(&next, false).unwrap();
    assert_eq!(to.behaviours(NAME), Behaviours::RESTRICT);
    to.admin.0.delete_solution("Parts").unwrap();
    assert!(to.admin.0.catalog().unwrap().find("sl_part").is_none());
}

#[test]
fn an_import_is_held_to_the_same_as_a_customizer() {
    // Two parental relationships of the same two tables: one is made here, the other arrives.
    let from = Related::new();
    from.lookup("contact", "sl_other", &["lead"], Behaviours::PARENTAL);
    let file = export(&from, "column", "contact.sl_other", false);
    let to = Related::new();
    to.lookup("contact", "sl_lead", &["lead"], Behaviours::PARENTAL);
    refused(
        to.admin.0.import_solution(&file, false),
        Code::PARENTAL_EXISTS,
        "already exists",
    );
    assert!(
        to.admin
            .0
            .catalog()
            .unwrap()
            .table("contact")
            .unwrap()
            .column("sl_other")
            .is_none()
    );
}
