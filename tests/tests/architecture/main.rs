//! The shape of the house: dependency edges, the one `unsafe`, who may act as the system.

mod capabilities;
mod columns;
mod sizes;
mod words;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use sluice_tests::{golden, root};

/// What each crate may depend on, and nothing else of the workspace. A new edge is a decision:
/// write its reason into ARCHITECTURE.md.
const EDGES: &[(&str, &[&str])] = &[
    ("sluice-model", &[]),
    ("sluice-access", &["sluice-model"]),
    ("sluice-sandbox", &["sluice-model"]),
    ("sluice-store", &["sluice-access", "sluice-model"]),
    (
        "sluice-engine",
        &["sluice-access", "sluice-model", "sluice-sandbox", "sluice-store"],
    ),
    (
        "sluice-platform",
        &["sluice-access", "sluice-engine", "sluice-model", "sluice-sandbox"],
    ),
    ("sluice-sales", &["sluice-engine", "sluice-model", "sluice-platform"]),
    (
        "sluice",
        &["sluice-engine", "sluice-model", "sluice-platform", "sluice-sales"],
    ),
    ("sluice-sdk-macros", &[]),
    ("sluice-sdk", &["sluice-sdk-macros"]),
    ("sluice-sdk-testing", &["sluice-access", "sluice-model", "sluice-sdk"]),
];

/// Crates that only one crate of the host may know.
const KEPT_TO: &[(&str, &str)] = &[
    ("wasmtime", "sluice-sandbox"),
    ("rusqlite", "sluice-store"),
    ("sea-query", "sluice-store"),
];

fn metadata() -> serde_json::Value {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The dependencies of each package that ship with it.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let dependencies = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|one| one["kind"].is_null());
            let mut names: Vec<String> = dependencies
                .map(|one| one["name"].as_str().unwrap().to_owned())
                .collect();
            names.sort();
            (package["name"].as_str().unwrap().to_owned(), names)
        })
        .collect()
}

#[test]
fn crates_depend_on_each_other_as_drawn() {
    let all = dependencies();
    for (name, allowed) in EDGES {
        let own: Vec<&str> = all[*name]
            .iter()
            .map(String::as_str)
            .filter(|other| other.starts_with("sluice"))
            .collect();
        assert_eq!(own, *allowed, "the edges of {name}");
    }
    for (name, names) in &all {
        let known = EDGES.iter().any(|(known, _)| known == name) || name == "sluice-tests";
        let author = names
            .iter()
            .filter(|other| other.starts_with("sluice"))
            .all(|other| other.starts_with("sluice-sdk"));
        assert!(known || author, "{name} depends on more than the SDK: {names:?}");
    }
}

#[test]
fn wasm_and_sql_have_one_home_each() {
    for (name, names) in dependencies() {
        for (kept, home) in KEPT_TO {
            let allowed = name == *home || name == "sluice-tests";
            assert!(
                allowed || !names.iter().any(|other| other == kept),
                "{name} knows {kept}"
            );
        }
    }
}

pub(crate) fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The lines of shipped code that contain `part`, as `file: line`.
fn lines_with(part: &str) -> Vec<String> {
    let mut files = Vec::new();
    for folder in ["host", "sdk", "plugins"] {
        sources(&root().join(folder), &mut files);
    }
    files.sort();
    let mut found = Vec::new();
    for file in files
        .iter()
        .filter(|file| !file.components().any(|part| part.as_os_str() == "tests"))
    {
        let text = fs::read_to_string(file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| line.contains(part) && !line.starts_with("//"))
        {
            found.push(format!("{name}: {line}"));
        }
    }
    found
}

#[test]
fn there_is_one_unsafe_expression_in_the_host() {
    let found: Vec<String> = lines_with("unsafe {")
        .into_iter()
        .filter(|line| line.starts_with("host/"))
        .collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("host/sandbox/"), "{found:#?}");
}

/// What acts as the platform: each takes a reason.
const AS_PLATFORM: &[&str] = &[
    "Permit::system(",
    "as_platform(",
    "beside_rows(",
    "run_as_system(",
    "execute_as_system(",
    "run_for_host(",
    "Platform(",
    ".select(",
];

/// The text between quotes that comes first among the arguments which `text` begins with, before
/// the first that is a value of another kind than a name.
fn reason_among(text: &str) -> Option<String> {
    let (mut depth, mut at) = (0, 0);
    for (place, character) in text.char_indices() {
        match character {
            '(' | '[' | '{' | '|' => depth += 1,
            ')' if depth == 0 => return None,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => at += 1,
            '"' if depth == 0 && at <= 2 => {
                let rest = text.get(place + 1..)?;
                return rest.split_once('"').map(|(reason, _)| reason.to_owned());
            }
            _ => {}
        }
        if depth > 0 && at > 2 {
            return None;
        }
    }
    None
}

/// The reasons that the host's code gives to act as the platform, as `file: reason`, each once
/// for a file. A reason that is given a name is found by its name.
fn reasons() -> Vec<String> {
    let mut files = Vec::new();
    sources(&root().join("host"), &mut files);
    let mut found = std::collections::BTreeSet::new();
    for file in files {
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        if name.starts_with("host/access/") || name.starts_with("host/store/") || name.contains("/tests/") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
        for door in AS_PLATFORM {
            for (place, _) in shipped.match_indices(door) {
                let rest = &shipped[place + door.len()..];
                if let Some(reason) = reason_among(rest) {
                    found.insert(format!("{name}: {reason}"));
                }
            }
        }
        for named in ["let reason = \"", "const OWN: &str = \""] {
            for (place, _) in shipped.match_indices(named) {
                let reason = shipped[place + named.len()..].split('"').next().unwrap();
                found.insert(format!("{name}: {reason}"));
            }
        }
    }
    found.into_iter().collect()
}

/// Whoever reads this because it failed: what the platform does as itself passes by every
/// decision. Each reason is on the list; a new one is a decision about security, so the list is
/// edited by hand, and no variable writes it.
#[test]
fn whoever_acts_as_the_platform_says_why_on_the_list() {
    let golden = fs::read_to_string(root().join("tests/tests/system-permits.txt")).unwrap();
    let listed: Vec<&str> = golden.lines().collect();
    let found = reasons();
    let new: Vec<&String> = found.iter().filter(|line| !listed.contains(&line.as_str())).collect();
    let gone: Vec<&&str> = listed
        .iter()
        .filter(|line| !found.iter().any(|found| found == *line))
        .collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "not on the list:\n{new:#?}\non the list, and gone:\n{gone:#?}"
    );
}

/// Permits of the platform are made in few lines: one for all writes, one for each of the reads,
/// one for the configuration, and the rows that are there before there is a unit of work.
#[test]
fn few_lines_make_permits_of_the_platform() {
    let mut files: Vec<String> = lines_with("Permit::system(")
        .into_iter()
        .filter(|line| line.starts_with("host/") && !line.starts_with("host/access/") && !line.contains("/testing"))
        .map(|line| line.split(": ").next().unwrap().to_owned())
        .collect();
    files.dedup();
    assert_eq!(
        files,
        [
            "host/engine/src/change.rs",
            "host/engine/src/organization.rs",
            "host/engine/src/snapshot.rs"
        ]
    );
}

/// Rows are written through one door. The exceptions: founding, before there is a unit of work.
#[test]
fn rows_are_written_in_one_file() {
    let mut files = Vec::new();
    sources(&root().join("host"), &mut files);
    files.sort();
    let mut writing = Vec::new();
    for file in files {
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        let text: String = fs::read_to_string(&file).unwrap().split_whitespace().collect();
        let writes = ["tx.insert(", "tx.update(", "tx.delete("];
        if !name.starts_with("host/store/") && writes.iter().any(|write| text.contains(write)) {
            writing.push(name);
        }
    }
    assert_eq!(
        writing,
        ["host/engine/src/change.rs", "host/engine/src/organization.rs"]
    );
}

/// What each folder of `host/platform/src` may know of the others, and nothing else. All
/// of them may know the core.
const FOLDERS: &[(&str, &[&str])] = &[
    ("audit", &[]),
    ("business_rules", &["workflows"]),
    ("customizing", &["managed"]),
    ("diagnosis", &["audit", "plugins"]),
    ("duplicates", &["email"]),
    ("email", &[]),
    ("flow", &["customizing"]),
    ("import", &[]),
    ("keys", &["customizing", "managed"]),
    ("managed", &[]),
    ("mapping", &["managed"]),
    ("merge", &[]),
    ("notes", &["email"]),
    ("plugins", &[]),
    ("solutions", &["customizing", "keys", "managed", "plugins"]),
    ("workflows", &["email"]),
];

/// The paths that a `use` names: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(tree: &str, before: &str, found: &mut Vec<String>) {
    let (mut depth, mut start) = (0, 0);
    let ends = tree.char_indices().chain([(tree.len(), ',')]);
    for (place, character) in ends {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = tree[start..place].trim();
                start = place + 1;
                match part.split_once("{") {
                    Some((outer, inner)) => paths(inner.trim_end_matches('}'), &format!("{before}{outer}"), found),
                    None if part.is_empty() => {}
                    None => found.push(format!("{before}{part}")),
                }
            }
            _ => {}
        }
    }
}

/// What stands between the braces, where all of it does: those of `a::{b, c}` are its own.
fn without_braces(tree: &str) -> &str {
    let inner = tree
        .strip_prefix('{')
        .and_then(|rest| rest.trim_end().strip_suffix('}'));
    inner.unwrap_or(tree)
}

/// The folders of the platform that a file of it names, but for its own.
fn folders_named(text: &str, own: &str, direct: bool) -> Vec<String> {
    let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut named = Vec::new();
    for (place, _) in shipped.match_indices("crate::") {
        let rest = &shipped[place + "crate::".len()..];
        let tree = match rest.starts_with('{') || shipped[..place].ends_with("use ") {
            true => rest.split(';').next().unwrap(),
            false => rest
                .split(|c: char| !(c.is_alphanumeric() || "_:".contains(c)))
                .next()
                .unwrap(),
        };
        paths(without_braces(tree), "", &mut named);
    }
    for (place, _) in shipped.match_indices("use super::").filter(|_| direct) {
        let tree = shipped[place + "use super::".len()..].split(';').next().unwrap();
        paths(without_braces(tree), "", &mut named);
    }
    let mut folders: Vec<String> = named
        .iter()
        .filter_map(|path| path.split("::").next())
        .filter(|folder| *folder != own && FOLDERS.iter().any(|(known, _)| known == folder))
        .map(ToOwned::to_owned)
        .collect();
    folders.sort();
    folders.dedup();
    folders
}

/// Capabilities know each other as drawn; only the list of them names all.
#[test]
fn the_folders_of_the_platform_know_each_other_as_drawn() {
    let platform = root().join("host/platform/src");
    let mut files = Vec::new();
    sources(&platform, &mut files);
    files.sort();
    let mut edges: BTreeMap<String, std::collections::BTreeSet<String>> = BTreeMap::new();
    for file in &files {
        let inside = file.strip_prefix(&platform).unwrap().display().to_string();
        if inside == "lib.rs" {
            continue;
        }
        let text = fs::read_to_string(file).unwrap();
        let own = inside.split('/').next().unwrap().trim_end_matches(".rs");
        let direct = inside.matches('/').count() == 0;
        edges
            .entry(own.to_owned())
            .or_default()
            .extend(folders_named(&text, own, direct));
    }
    let drawn: BTreeMap<String, std::collections::BTreeSet<String>> = FOLDERS
        .iter()
        .map(|(folder, known)| {
            (
                (*folder).to_owned(),
                known.iter().map(|name| (*name).to_owned()).collect(),
            )
        })
        .collect();
    assert_eq!(edges, drawn);
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut files = Vec::new();
    for folder in ["host", "sdk", "plugins", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    let silent: Vec<&PathBuf> = files
        .iter()
        .filter(|file| {
            let text = fs::read_to_string(file).unwrap();
            !text.trim_start().starts_with("//!")
        })
        .collect();
    assert!(silent.is_empty(), "without a first comment: {silent:#?}");
}

/// Readers have what is in this repository: a section or a number of another document tells them nothing.
#[test]
fn no_source_refers_to_a_document_that_is_not_here() {
    let mut files = Vec::new();
    for folder in ["host", "sdk", "plugins", "examples", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    let is_number = |word: &str| {
        word.strip_prefix('R')
            .is_some_and(|digits| (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let refers =
        |line: &str| line.contains('\u{a7}') || line.split(|c: char| !c.is_alphanumeric() && c != '_').any(is_number);
    let mut found = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| refers(line)) {
            found.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_message_has_a_doc() {
    let organisation = sluice_tests::Organisation::empty();
    let messages = organisation.engine().messages();
    assert!(messages.iter().all(|message| message.doc().ends_with('.')));
}

/// `docs/compatibility.md` lists the messages and tables; `UPDATE_GOLDEN=1` writes it anew.
#[test]
fn the_compatibility_page_is_fresh() {
    let organisation = sluice_tests::Organisation::empty();
    golden(
        "docs/compatibility.md",
        &sluice_tests::pages::compatibility(organisation.engine()),
    );
}

/// `docs/errors.md` lists every code with cause and resolution; `UPDATE_GOLDEN=1` writes it.
#[test]
fn the_page_of_errors_is_fresh() {
    golden("docs/errors.md", &sluice_tests::pages::errors());
}

/// The released contract is frozen: a change makes a new folder.
#[test]
fn the_contract_is_frozen() {
    for version in ["1.0", "1.1"] {
        let text = fs::read_to_string(root().join(format!("sdk/wit/{version}/sluice-plugin.wit"))).unwrap();
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in text.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let frozen = fs::read_to_string(root().join(format!("tests/tests/contract-{version}.txt"))).unwrap();
        assert_eq!(
            format!("{hash:016x}"),
            frozen.trim(),
            "sdk/wit/{version} was edited; put the change into a new folder"
        );
    }
}

/// Who looks for something in the engine finds it on the map.
#[test]
fn every_file_of_the_engine_is_on_the_map() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let names = fs::read_dir(root().join("host/engine/src")).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    // A folder beside a file of its name is a part of it.
    let files = names.clone();
    names.retain(|name| *name != "lib.rs" && !files.contains(&format!("{name}.rs")));
    let missing: Vec<&String> = names.iter().filter(|name| !map.contains(&format!("`{name}"))).collect();
    assert!(missing.is_empty(), "not on the map of ARCHITECTURE.md: {missing:?}");
}
