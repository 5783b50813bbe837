//! Rows answer with nothing for a column that they do not have: a misspelt name reads as empty,
//! and grants, skips or passes. So every literal that names a column is one of some table.

use std::{collections::BTreeSet, fs};

use sluice_tests::{Organisation, root};

use crate::sources;

/// Where a literal names a column of a row, of a filter or of an order.
const PLACES: &[&str] = &[
    ".text(\"",
    ".int(\"",
    ".bool(\"",
    ".lookup(\"",
    ".id_of(\"",
    ".has(\"",
    ".with(\"",
    ".set(\"",
    "Filter::eq(\"",
    "Filter::any_of(\"",
    "Condition::new(\"",
    ".order_by(\"",
];

/// What the rows of answers hold beside columns of tables: each of them belongs to a message.
const OF_ANSWERS: &[&str] = &[
    // QualifyLead and RetrieveLeadMatches
    "count",
    "more",
    "fieldscopied",
    "rules",
    // RetrieveDuplicates
    "rule",
];

/// Texts of other things that have such a function.
const OTHER_TEXTS: &[(&str, &str)] = &[
    ("host/src/commands/command.rs", "always"),
    ("host/src/commands/timeline.rs", "nothing"),
];

#[test]
fn every_literal_that_names_a_column_is_a_column() {
    let organisation = Organisation::sample();
    let catalog = organisation.engine().session_of("admin").unwrap().catalog().unwrap();
    let known: BTreeSet<&str> = catalog
        .iter()
        .flat_map(|table| table.columns.iter().map(|column| &*column.name).chain([&*table.key]))
        .chain(OF_ANSWERS.iter().copied())
        .collect();
    let mut files = Vec::new();
    sources(&root().join("host"), &mut files);
    let (mut seen, mut unknown) = (0, Vec::new());
    for file in files {
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        // The store's own rows are not the organisation's, and tests have columns of their own.
        if name.contains("/tests") || name.starts_with("host/store/") || name.starts_with("host/access/") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let shipped: String = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        // However a call is broken into lines.
        let shipped = shipped.split_inclusive('(').map(|part| match part.find('"') {
            Some(place) if part[..place].trim().is_empty() => &part[place..],
            _ => part,
        });
        let shipped: String = shipped.collect();
        for literal in literals(&shipped) {
            let is_name = !literal.is_empty()
                && literal
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if !is_name || OTHER_TEXTS.contains(&(name.as_str(), literal)) {
                continue;
            }
            seen += 1;
            if !known.contains(literal) {
                unknown.push(format!("{name}: {literal}"));
            }
        }
    }
    assert!(seen > 1_000, "the search finds {seen} literals only");
    assert!(unknown.is_empty(), "no table has these columns: {unknown:#?}");
}

/// What stands at those places of a text, and in lists of columns.
fn literals(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for place in PLACES {
        for (at, _) in text.match_indices(place) {
            found.extend(text[at + place.len()..].split('"').next());
        }
    }
    for (at, list) in text.match_indices(".columns(&[") {
        let inside = text[at + list.len()..].split(']').next().unwrap_or_default();
        found.extend(inside.split('"').skip(1).step_by(2));
    }
    found
}
