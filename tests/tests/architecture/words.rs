//! One word for one thing, and nothing that takes a word of the language.

use std::fs;

use sluice_tests::root;

use crate::sources;

/// What each of these names stands for, there is one of: in these folders, one type has the name.
const ONE: &[(&str, &str)] = &[
    ("Step", "host"),
    ("Work", "host"),
    ("Choice", "host"),
    ("Given", "host"),
    ("Found", "host"),
    ("World", "tests"),
    ("World", "sdk"),
];

/// Names of the language and of its library that every file has.
const TAKEN: &[&str] = &[
    "Option", "Some", "None", "Ok", "Err", "From", "Into", "Box", "String", "Vec",
];

/// The types that a text defines, and the names that it gives to what it uses.
fn defined(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut types, mut aliases) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim_start) {
        let rest = line.strip_prefix("pub ").unwrap_or(line);
        let rest = match rest.strip_prefix("pub(") {
            Some(inside) => inside.split_once(") ").map_or(rest, |(_, rest)| rest),
            None => rest,
        };
        for word in ["struct ", "enum ", "trait ", "union ", "type "] {
            let name = rest.strip_prefix(word).map(|rest| {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                &rest[..end.unwrap_or(rest.len())]
            });
            types.extend(name);
        }
    }
    for used in text.split("use ").skip(1) {
        let used = used.split(';').next().unwrap_or_default();
        for alias in used.split(" as ").skip(1) {
            let end = alias.find(|c: char| !c.is_alphanumeric() && c != '_');
            aliases.push(&alias[..end.unwrap_or(alias.len())]);
        }
    }
    (types, aliases)
}

#[test]
fn a_word_means_one_thing_and_none_is_taken_from_the_language() {
    let mut files = Vec::new();
    for folder in ["host", "sdk", "plugins", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    let mut wrong = Vec::new();
    let mut places: Vec<Vec<String>> = vec![Vec::new(); ONE.len()];
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        let (types, aliases) = defined(&text);
        // Types that hang on another one are its own words: `type Error = …` in an implementation.
        let hangs = |word: &str| text.contains(&format!("    type {word}"));
        for word in types.iter().chain(&aliases).filter(|word| TAKEN.contains(word)) {
            if !hangs(word) {
                wrong.push(format!("{name}: {word}"));
            }
        }
        for ((word, folder), places) in ONE.iter().zip(&mut places) {
            let shipped = !name.contains("/tests/") || *folder == "tests";
            if shipped && name.starts_with(folder) && types.contains(word) {
                places.push(name.clone());
            }
        }
    }
    for ((word, _), places) in ONE.iter().zip(places).filter(|(_, places)| places.len() > 1) {
        wrong.push(format!("{word}: {places:?}"));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
