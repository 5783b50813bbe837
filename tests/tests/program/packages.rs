//! Packages for plug-ins that the program makes.

use std::{path::Path, process::Command};

use serde_json::Value;
use sluice_tests::world::World;

/// The names of the packages in the workspace of a manifest, as cargo sees it.
fn packages(manifest: &Path) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .arg("--manifest-path")
        .arg(manifest)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let mut names: Vec<String> = packages
        .map(|package| package["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_package_is_a_workspace_of_its_own_and_brings_the_sdk_along() {
    let world = World::bare();
    let made = world.admin().json(&["plugin", "new", "tidy-names"]);
    assert_eq!(made["type"], "tidy_names");
    assert_eq!(packages(&world.path("tidy-names/Cargo.toml")), ["tidy-names"]);
    assert_eq!(
        packages(&world.path("tidy-names/sluice/Cargo.toml")),
        [
            "sluice-access",
            "sluice-model",
            "sluice-sdk",
            "sluice-sdk-macros",
            "sluice-sdk-testing"
        ]
    );
    let source = std::fs::read_to_string(world.path("tidy-names/src/lib.rs")).unwrap();
    assert!(source.contains("sluice_sdk::export!(tidy_names);"), "{source}");
    // What is there already stays as it is.
    assert_ne!(world.admin().run(&["plugin", "new", "tidy-names"]).code, 0);
    for wrong in ["match", "2nd", "../x", "Tidy"] {
        assert_eq!(world.admin().run(&["plugin", "new", wrong]).code, 2, "{wrong}");
    }

    let from = ["--git", "https://example.org/sluice.git", "--tag", "v1"];
    world
        .admin()
        .json(&[&["plugin", "new", "from-git"], &from[..]].concat());
    let manifest = std::fs::read_to_string(world.path("from-git/Cargo.toml")).unwrap();
    let line = r#"sluice-sdk = { git = "https://example.org/sluice.git", tag = "v1" }"#;
    assert!(manifest.contains(line), "{manifest}");
    assert!(!world.path("from-git/sluice").exists());
}
