//! What a reader can take in at once: no file is over 500 lines, no function over 70.

use std::fs;

use sluice_tests::root;

use crate::sources;

/// The lines that a file may have.
const FILE: usize = 500;

/// The lines that a function may have, from its name to its last brace.
const FUNCTION: usize = 70;

/// Functions that are a table and nothing else: split, they would be no easier to read.
const TABLES: &[(&str, &str)] = &[
    ("host/src/remedies.rs", "command"),
    (
        "host/model/src/fetchxml/tests/refusals.rs",
        "refusals_say_what_is_wrong",
    ),
    ("tests/guests/hostile/src/dump.rs", "dump"),
    ("tests/guests/probe/src/lib.rs", "run"),
    ("tests/tests/pipeline/refusals.rs", "what_the_registration_refuses"),
    (
        "tests/tests/security/doors.rs",
        "the_messages_about_a_row_refuse_what_its_update_refuses",
    ),
    (
        "tests/tests/security/doors.rs",
        "whoever_may_only_read_changes_nothing_by_any_door",
    ),
    ("tests/tests/security/messages.rs", "table"),
    (
        "tests/tests/workflows/refusals.rs",
        "what_is_not_there_is_named_with_its_place",
    ),
];

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let rest = line.trim_start();
    if rest.starts_with("//") {
        return None;
    }
    let (before, after) = match rest.strip_prefix("fn ") {
        Some(after) => ("", after),
        None => rest.split_once(" fn ")?,
    };
    let is_prefix =
        |word: &str| word.starts_with("pub") || ["async", "const", "unsafe", "extern", "in", "\"C\""].contains(&word);
    let name = after.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (before.split_whitespace().all(is_prefix) && !name.is_empty()).then_some(name)
}

/// The functions of a formatted source with their lines: the last one is a brace that stands
/// below the first letter of the first one.
fn functions<'a>(text: &'a str) -> Vec<(&'a str, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let counted = |(first, line): (usize, &&'a str)| {
        let indent = line.len() - line.trim_start().len();
        let ends = |line: &&str| line.trim() == "}" && line.len() == indent + 1;
        // A function without a body, or on one line, ends where its header does.
        let header = lines[first..].iter().position(|line| line.ends_with(['{', ';', '}']))?;
        let last = match lines[first + header].ends_with('{') {
            true => lines[first..].iter().position(ends)?,
            false => header,
        };
        Some((function(line)?, last + 1))
    };
    lines.iter().enumerate().filter_map(counted).collect()
}

#[test]
fn functions_are_counted() {
    let source = "pub(crate) fn a(\n    b: u8,\n) -> u8 {\n    b\n}\n\ntrait T {\n    fn c();\n    const fn d() {}\n}\n// fn e() {\n";
    assert_eq!(functions(source), [("a", 5), ("c", 1), ("d", 1)]);
}

#[test]
fn files_and_functions_stay_small() {
    let mut files = Vec::new();
    for folder in ["host", "sdk", "plugins", "examples", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    files.sort();
    let (mut large, mut excepted) = (Vec::new(), Vec::new());
    for file in files {
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(&file).unwrap();
        if text.lines().count() > FILE {
            large.push(format!("{name}: {} lines", text.lines().count()));
        }
        for (function, lines) in functions(&text).into_iter().filter(|(_, lines)| *lines > FUNCTION) {
            match TABLES.iter().find(|(file, table)| *file == name && *table == function) {
                Some(table) => excepted.push(*table),
                None => large.push(format!("{name}: `{function}` has {lines} lines")),
            }
        }
    }
    assert!(large.is_empty(), "split by subject: {large:#?}");
    let needless: Vec<_> = TABLES.iter().filter(|table| !excepted.contains(table)).collect();
    assert!(needless.is_empty(), "these are small now: {needless:#?}");
}
