//! The program is one client of several to come: nothing below it speaks of its commands.

use std::path::{Path, PathBuf};

use sluice_tests::root;

/// The source files of a folder, without those of tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files.retain(|path| !path.components().any(|part| part.as_os_str() == "tests") && !path.ends_with("tests.rs"));
    files
}

/// The verbs of the command line, as its grammar names them.
fn verbs() -> Vec<String> {
    let grammar = std::fs::read_to_string(root().join("host/src/cli.rs")).unwrap();
    let from = grammar.find("pub(crate) enum Command {").unwrap();
    let nouns = &grammar[from..];
    let nouns = &nouns[..nouns.find("\n}\n").unwrap()];
    let names = nouns
        .lines()
        .filter_map(|line| line.trim().strip_suffix("),")?.split_once('('));
    let verbs: Vec<String> = names.map(|(name, _)| kebab(name)).collect();
    assert!(
        verbs.contains(&"option-set".to_owned()) && verbs.len() > 30,
        "{verbs:?}"
    );
    verbs
}

fn kebab(name: &str) -> String {
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

/// A command in a line of code: `` `lead qualify …` ``, `` `--flag` ``, `sluice org …`.
fn command<'a>(line: &'a str, verbs: &[String]) -> Option<&'a str> {
    let begins = |text: &str, verb: &str| {
        let rest = text.strip_prefix(verb).and_then(|rest| rest.strip_prefix(' '));
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    let quoted = line.split('`').skip(1).find(|text| {
        let flag = text.strip_prefix("--").and_then(|rest| rest.chars().next());
        flag.is_some_and(|c| c.is_ascii_lowercase()) || verbs.iter().any(|verb| begins(text, verb))
    });
    let named = line.match_indices("sluice ").map(|(place, _)| &line[place..]);
    quoted.or_else(|| {
        named
            .into_iter()
            .find(|text| verbs.iter().any(|verb| text["sluice ".len()..].starts_with(verb)))
    })
}

#[test]
fn no_sentence_below_the_command_line_names_a_command_of_it() {
    let verbs = verbs();
    let mut found = Vec::new();
    for name in ["model", "access", "store", "sandbox", "engine", "platform", "sales"] {
        let folder = root().join("host").join(name).join("src");
        let files = if folder.is_dir() { sources(&folder) } else { Vec::new() };
        for path in files {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
            for (number, line) in code.lines().enumerate() {
                let comment = line.trim_start().starts_with("//");
                if let Some(command) = command(line, &verbs).filter(|_| !comment) {
                    found.push(format!("{}:{}: {command}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "make it a `Remedy`, which host/src/remedies.rs words:\n{}",
        found.join("\n")
    );
}

#[test]
fn commands_in_sentences_are_found() {
    let verbs = verbs();
    for line in [
        "go on with `jobs resume {job}`",
        "make one with sluice org create",
        "do not take it (`--take`)",
    ] {
        assert!(command(line, &verbs).is_some(), "{line}");
    }
    for line in [
        "there is no table `lead`",
        "column `x` of `lead`, `account` or `team`",
        "the `lead`s of Sluice",
    ] {
        assert_eq!(command(line, &verbs), None, "{line}");
    }
}
