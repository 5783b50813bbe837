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

#[test]
fn every_example_comes_out_as_its_page_says() {
    let world = World::bare();
    let run = world.admin().run(&["example", "run"]);
    assert_eq!(run.code, 0, "{}", run.stdout);
}

#[test]
fn an_example_that_is_not_there_is_refused() {
    let world = World::bare();
    let error = world.admin().refused(&["example", "run", "e10"]);
    assert_eq!(error["code"], "0x80040217");
}
