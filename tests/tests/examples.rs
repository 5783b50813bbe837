//! The examples that ship: every page is run, and every page is known to the program.

use sluice_tests::{
    root,
    world::{World, list, text},
};

/// The folders under `examples` whose page has commands in it.
fn folders() -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let page = std::fs::read_to_string(path.join("README.md")).unwrap_or_default();
        if page.contains("```console\n") {
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    names.sort();
    names
}

#[test]
fn the_program_knows_every_example() {
    let world = World::bare();
    let known: Vec<String> = list(&world.admin().json(&["example", "list"]))
        .iter()
        .map(|example| text(example, "name"))
        .collect();
    assert_eq!(known, folders());
}

/// Runs examples, in one run of the program.
#[track_caller]
fn run(wanted: impl Fn(&str) -> bool) {
    let names: Vec<String> = folders().into_iter().filter(|name| wanted(name)).collect();
    let words: Vec<&str> = ["example", "run"]
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .collect();
    let world = World::bare();
    let run = world.admin().run(&words);
    assert_eq!(run.code, 0, "{}", run.stdout);
}

/// The pages of `docs/troubleshooting-scenarios.md`.
fn is_scenario(name: &str) -> bool {
    name.starts_with("why-")
}

#[test]
fn every_scenario_comes_out_as_its_page_says() {
    run(is_scenario);
}

#[test]
fn every_other_example_comes_out_as_its_page_says() {
    run(|name| !is_scenario(name));
}

#[test]
fn every_scenario_is_listed() {
    let page = std::fs::read_to_string(root().join("docs/troubleshooting-scenarios.md")).unwrap();
    for name in folders().into_iter().filter(|name| is_scenario(name)) {
        assert!(page.contains(&format!("(../examples/{name}/README.md)")), "{name}");
    }
}

#[test]
fn an_example_that_is_not_there_is_refused() {
    let world = World::bare();
    let error = world.admin().refused(&["example", "run", "e10"]);
    assert_eq!(error["code"], "0x80040217");
}
