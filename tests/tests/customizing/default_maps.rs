//! What a new organisation maps.

use std::fs;

use sluice_model::Row;
use sluice_platform::prelude::*;
use sluice_tests::{golden, root};

use crate::world::Customizing;

/// `lead.subject → opportunity.name`, a line for each mapping that counts.
fn lines(world: &Customizing) -> Vec<String> {
    let maps = world.admin.0.published("entitymap").unwrap();
    let text = |row: &Row, column| row.text(column).unwrap().to_owned();
    let mut lines: Vec<String> = world
        .admin
        .0
        .published("attributemap")
        .unwrap()
        .iter()
        .map(|row| {
            assert_eq!(row.bool("issystem"), Some(true), "{row:?}");
            assert_eq!(row.bool("ismanaged"), Some(false), "{row:?}");
            let map = maps
                .iter()
                .find(|map| Some(map.id) == row.id_of("entitymapid"))
                .unwrap();
            format!(
                "{}.{} → {}.{}",
                text(map, "sourceentityname"),
                text(row, "sourceattributename"),
                text(map, "targetentityname"),
                text(row, "targetattributename")
            )
        })
        .collect();
    lines.sort();
    lines
}

/// Whoever changes a default mapping reviews this file; `UPDATE_GOLDEN=1` writes it.
#[test]
fn a_new_organisation_has_the_default_mappings() {
    let world = Customizing::new();
    let text = lines(&world).join("\n") + "\n";
    golden("tests/tests/customizing/default-maps.txt", &text);
}

#[test]
fn the_page_for_users_names_every_default_mapping() {
    let page = fs::read_to_string(root().join("docs/mappings.md")).unwrap();
    for line in lines(&Customizing::new()) {
        let (source, target) = line.split_once(" → ").unwrap();
        let (source, target) = (source.strip_prefix("lead.").unwrap(), target.split_once('.').unwrap());
        let row = page
            .lines()
            .find(|row| row.starts_with(&format!("| {} |", target.0)))
            .unwrap_or_else(|| panic!("docs/mappings.md has no table of {}", target.0));
        let pair = if source == target.1 {
            format!("`{source}`")
        } else {
            format!("`{source}` → `{}`", target.1)
        };
        let listed = row.trim_end_matches('|').split('|').next_back().unwrap();
        assert!(
            listed.split(',').any(|one| one.trim() == pair),
            "docs/mappings.md lacks {pair} for {}",
            target.0
        );
    }
}

#[test]
fn every_default_mapping_carries_its_value() {
    let world = Customizing::new();
    let catalog = world.admin.0.catalog().unwrap();
    let lead = catalog.table("lead").unwrap();
    let mut row = Row::unsaved("lead");
    for (number, line) in lines(&world).iter().enumerate() {
        let (source, _) = line.split_once(" → ").unwrap();
        let column = lead.column(source.strip_prefix("lead.").unwrap()).unwrap();
        row.set(column.name.clone(), value(column, number));
    }
    let currency = world.admin.find("transactioncurrency", "US Dollar");
    row.set(
        "transactioncurrencyid",
        sluice_model::Reference::new("transactioncurrency", currency),
    );
    let lead = world.admin.create(row);
    let stored = world.admin.get("lead", lead);
    let made = world.qualify(lead);
    for line in lines(&world) {
        let (source, target) = line.split_once(" → ").unwrap();
        let (table, column) = target.split_once('.').unwrap();
        let source = source.strip_prefix("lead.").unwrap();
        let made = made.iter().find(|row| &*row.table == table).unwrap();
        assert!(stored.get(source).is_some(), "{line}");
        assert_eq!(made.get(column), stored.get(source), "{line}");
    }
}

/// A value of its own for each column.
fn value(column: &sluice_model::ColumnDef, number: usize) -> sluice_model::Value {
    use sluice_model::{ColumnType as C, Value};
    match &column.kind {
        C::Bool => Value::Bool(number.is_multiple_of(2)),
        C::Choice { options, .. } => Value::Choice(options[number % options.len()].value),
        C::Int { .. } => Value::Int(i32::try_from(number).unwrap()),
        C::Money { .. } => Value::Money(number.into()),
        C::Text { max_length } => {
            Value::Text(format!("{number:>width$}", width = (*max_length as usize).min(12)).replace(' ', "x"))
        }
        C::Memo { .. } => Value::Text(format!("text {number}")),
        C::Lookup { .. } => Value::Null,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_program_lists_them() {
    let world = Customizing::new();
    let maps = world.sluice("mapping list lead opportunity");
    let maps = maps["value"].as_array().unwrap();
    assert!(
        maps.iter()
            .any(|map| map["source"] == "subject" && map["target"] == "name" && map["system"] == true)
    );
    let people = world.run("mapping list lead opportunity");
    assert!(people.stdout.contains("qualificationcomments"), "{people:?}");
    world.sluice("user create nobody");
    let refused = world
        .program()
        .as_user("nobody")
        .refused(&["mapping", "list", "lead", "opportunity"]);
    assert_eq!(refused["code"], "0x80042F09", "{refused}");
}
