//! The program is one client of several to come: nothing below it speaks of its commands.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

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

/// What commands do with nouns.
const DONE: [&str; 14] = [
    "activate",
    "add",
    "create",
    "deactivate",
    "delete",
    "disable",
    "enable",
    "grant",
    "list",
    "publish",
    "reactivate",
    "remove",
    "show",
    "update",
];

/// A command in a line of code: `` `lead qualify …` ``, `` `--flag` ``, `sluice org …`, `it: lead qualify …`.
fn command<'a>(line: &'a str, verbs: &[String]) -> Option<&'a str> {
    let begins = |text: &str, verb: &str| {
        let rest = text.strip_prefix(verb).and_then(|rest| rest.strip_prefix(' '));
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    let quoted = line.split('`').skip(1).find(|text| {
        let flag = text.strip_prefix("--").and_then(|rest| rest.chars().next());
        flag.is_some_and(|c| c.is_ascii_lowercase()) || verbs.iter().any(|verb| begins(text, verb))
    });
    let after = |word: &'static str| {
        let named = line
            .match_indices(word)
            .map(move |(place, _)| &line[place + word.len()..]);
        named.filter(|text| verbs.iter().any(|verb| begins(text, verb)))
    };
    // Without a mark of its own, a noun and what is done with it; other commands are words as well.
    let unmarked = |text: &&str| {
        let does = text.split(' ').nth(1).unwrap_or_default();
        DONE.contains(&does.trim_end_matches(|c: char| !c.is_alphanumeric()))
    };
    let mut named = after("sluice ")
        .chain(after(": ").filter(unmarked))
        .chain(after("; ").filter(unmarked));
    quoted.or_else(|| named.next())
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
        "reactivate it: lead reactivate {lead}",
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

/// What of the engine the commands use beside the door, and why: sorted lines, edited by hand.
const EXCEPTIONS: &str = include_str!("client-exceptions.txt");

/// The methods of the trait `Door`.
fn door() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("host/src/door.rs")).unwrap();
    let declared = text[text.find("trait Door").unwrap()..].split("\n}\n").next().unwrap();
    let names = declared
        .split("    fn ")
        .skip(1)
        .map(|rest| rest.split('(').next().unwrap().to_owned());
    names.collect()
}

/// The names that stand before `(` after each of these beginnings, such as `session.`.
fn called(code: &str, beginnings: &[&str]) -> Vec<String> {
    let mut names = Vec::new();
    for beginning in beginnings {
        for (place, _) in code.match_indices(beginning) {
            let inside = code[..place].chars().next_back();
            let rest = code[place + beginning.len()..].trim_start();
            let rest = rest.strip_prefix('.').unwrap_or(rest);
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            let calls = rest[name.len()..].starts_with(['(', ':']);
            if calls && !name.is_empty() && !inside.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                names.push(name);
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

#[test]
fn commands_reach_the_engine_through_the_door_alone() {
    let door = door();
    assert!(door.contains(&"execute".to_owned()) && door.len() <= 21, "{door:?}");
    let mut found = Vec::new();
    for path in sources(&root().join("host/src/commands")) {
        let name = path
            .strip_prefix(root().join("host/src/commands"))
            .unwrap()
            .display()
            .to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        // The verbs on files make, open and copy organisations.
        if name == "org.rs" {
            continue;
        }
        let beginnings = [
            "session.",
            "session\n",
            "session()?.",
            "session()?\n",
            "engine()?.",
            "batch.",
        ];
        let beside = called(&text, &beginnings)
            .into_iter()
            .filter(|name| !door.contains(name));
        found.extend(beside.map(|method| format!("{name}: {method}")));
        for module in ["qualify", "reports", "timeline", "form", "command", "import"] {
            let named = format!("{module}::");
            let calls = text.match_indices(&named).filter_map(|(place, _)| {
                let rest = &text[place..];
                let (path, rest) = rest.split_once('(')?;
                let handed = rest.trim_start().trim_start_matches('&').starts_with("session");
                let plain = path
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'));
                (handed && plain).then(|| format!("{name}: {path}"))
            });
            found.extend(calls);
        }
    }
    found.sort();
    found.dedup();
    let listed: Vec<(&str, &str)> = EXCEPTIONS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(" — ").unwrap_or((line, "")))
        .collect();
    let silent: Vec<&(&str, &str)> = listed.iter().filter(|(_, reason)| reason.len() < 10).collect();
    assert!(silent.is_empty(), "without a reason: {silent:?}");
    let listed: Vec<&str> = listed.into_iter().map(|(use_of, _)| use_of).collect();
    assert_eq!(
        listed, found,
        "commands use of the engine what stands on the right; tests/tests/client-exceptions.txt lists what stands on \
         the left. Better than a new line there: a message"
    );
}

#[test]
fn the_command_line_never_acts_as_the_system() {
    for path in sources(&root().join("host/src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for word in [
            ".session(engine",
            "system()",
            "sluice_store",
            "sluice_access",
            "as_platform",
        ] {
            assert!(!text.contains(word), "{}: `{word}`", path.display());
        }
        let ids = text.matches("system_id").count();
        // Where it is refused to be acted as.
        let allowed = usize::from(path.ends_with("host/src/context.rs"));
        assert!(ids <= allowed, "{}: asks who SYSTEM is", path.display());
    }
}

/// The modules of the program that one uses, by their first names; `commands` is one of them.
fn used(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut names = BTreeSet::new();
    for (place, _) in code.match_indices("crate::") {
        let rest = &code[place + "crate::".len()..];
        let group = rest.strip_prefix('{').and_then(|rest| Some(rest.split_once("};")?.0));
        let mut depth = 0;
        let mut parts = vec![String::new()];
        for c in group
            .unwrap_or(
                rest.split([';', ' ', '(', ',', ')', '<', '>'])
                    .next()
                    .unwrap_or_default(),
            )
            .chars()
        {
            depth += i32::from(c == '{') - i32::from(c == '}');
            match c {
                ',' if depth == 0 => parts.push(String::new()),
                c => parts.last_mut().unwrap().push(c),
            }
        }
        let first = |part: &String| part.trim().split("::").next().unwrap_or_default().to_owned();
        names.extend(parts.iter().map(first).filter(|name| !name.is_empty()));
    }
    names
}

#[test]
fn the_modules_of_the_program_form_no_cycle() {
    let folder = root().join("host/src");
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources(&folder) {
        let name = path.strip_prefix(&folder).unwrap().components().next().unwrap();
        let name = name.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let own = edges.entry(name.clone()).or_default();
        own.extend(used(&text).into_iter().filter(|other| *other != name));
    }
    assert!(
        edges["context"].contains("global") && edges["commands"].contains("context"),
        "{edges:#?}"
    );
    // What uses nothing that is left can be taken away; a cycle stays.
    while let Some(free) = edges
        .iter()
        .find(|(_, uses)| uses.iter().all(|name| !edges.contains_key(name)))
    {
        let free = free.0.clone();
        edges.remove(&free);
    }
    assert!(edges.is_empty(), "a cycle among these: {edges:#?}");
}

/// What takes something away for good, as the sources of commands write it.
const TAKES_AWAY: [&str; 14] = [
    "Request::delete(",
    "\"Disassociate\"",
    "\"RevokeAccess\"",
    "\"ModifyAccess\"",
    "\"RemovePrivilegeRole\"",
    "\"RemoveMembersTeam\"",
    "\"RemoveUserFromRecordTeam\"",
    "\"DeleteOptionValue\"",
    "\"DeleteEntityKey\"",
    "\"Merge\"",
    "Engine::restore(",
    ".delete_table(",
    ".delete_column(",
    ".delete_solution(",
];

/// `holders.rs` makes the request alone; `requested.rs` puts requests of the past into words.
const SAYS_ELSEWHERE: [&str; 2] = ["holders.rs", "requested.rs"];

#[test]
fn what_takes_something_away_says_so_before() {
    let folder = root().join("host/src/commands");
    let mut silent = Vec::new();
    for path in sources(&folder) {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        let takes = TAKES_AWAY.iter().find(|code| text.contains(**code));
        if let Some(code) = takes.filter(|_| !text.contains("reach::") && !SAYS_ELSEWHERE.contains(&&*name)) {
            silent.push(format!("{name}: {code}"));
        }
    }
    assert!(silent.is_empty(), "host/src/commands/reach.rs says it: {silent:#?}");
}
