//! Builds a cargo package to a plug-in file. Cargo's own messages go to standard error.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context as _;
use serde_json::Value as Json;
use sluice_model::{Code, Error};

use crate::{output::tell, reading, usage::Usage};

const TARGET: &str = "wasm32-unknown-unknown";

/// The file that the library of the package in `folder` becomes.
pub(crate) fn build(folder: &Path) -> anyhow::Result<PathBuf> {
    let manifest = folder.join("Cargo.toml");
    let manifest = std::fs::canonicalize(&manifest).map_err(|_| {
        Usage::because(format!(
            "{} holds no Cargo.toml: give a plug-in file or a cargo package",
            folder.display()
        ))
    })?;
    let (library, profile) = package(&manifest)?;
    tell(&format!("building {library} for {TARGET} (profile {profile}) …"));
    let output = cargo(&manifest)
        // As a cdylib only: beside an rlib, cargo leaves out link-time optimisation.
        .args([
            "rustc",
            "--lib",
            "--crate-type",
            "cdylib",
            "--profile",
            profile,
            "--target",
            TARGET,
        ])
        .args(["--message-format", "json-render-diagnostics", "--manifest-path"])
        .arg(&manifest)
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be run")?;
    if !output.status.success() {
        let message = format!(
            "{} could not be built; cargo said why. If {TARGET} is missing: rustup target add {TARGET}",
            folder.display()
        );
        return Err(Error::new(Code::NOT_A_PLUGIN, message).into());
    }
    artifact(&String::from_utf8_lossy(&output.stdout), &library).ok_or_else(|| {
        Error::new(
            Code::NOT_A_PLUGIN,
            format!("cargo made no {library}.wasm of {}", folder.display()),
        )
        .into()
    })
}

/// Cargo, in the folder of the manifest, whose settings it is to find.
fn cargo(manifest: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(manifest.parent().unwrap_or(Path::new(".")));
    command
}

/// The name of the package's library, and the profile to build it with: `plugin` where the
/// workspace has one.
fn package(manifest: &Path) -> anyhow::Result<(String, &'static str)> {
    let output = cargo(manifest)
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be run")?;
    let metadata: Json = serde_json::from_slice(&output.stdout)
        .map_err(|_| Usage::because(format!("{} is no cargo package; cargo said why", manifest.display())))?;
    let packages = metadata.get("packages").and_then(Json::as_array);
    let of_manifest =
        |package: &&Json| package.get("manifest_path").and_then(Json::as_str).map(Path::new) == Some(manifest);
    let package = packages.and_then(|packages| packages.iter().find(of_manifest));
    let library = package
        .and_then(|package| {
            package
                .get("targets")?
                .as_array()?
                .iter()
                .find(|target| is_library(target))
        })
        .and_then(|target| target.get("name")?.as_str())
        .ok_or_else(|| Usage::because(format!("{} is no package with a library", manifest.display())))?;
    let root = metadata.get("workspace_root").and_then(Json::as_str).unwrap_or(".");
    let workspace = reading::description(&Path::new(root).join("Cargo.toml")).unwrap_or_default();
    let workspace: toml::Table = workspace.parse().unwrap_or_default();
    let has_profile = workspace
        .get("profile")
        .is_some_and(|profiles| profiles.get("plugin").is_some());
    Ok((library.to_owned(), if has_profile { "plugin" } else { "release" }))
}

fn is_library(target: &Json) -> bool {
    let kinds = target.get("kind").and_then(Json::as_array);
    kinds.is_some_and(|kinds| {
        kinds
            .iter()
            .any(|kind| matches!(kind.as_str(), Some("lib" | "cdylib" | "rlib")))
    })
}

/// The wasm file among the messages of cargo.
fn artifact(messages: &str, library: &str) -> Option<PathBuf> {
    let artifacts = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let files = artifacts
        .filter(|message| message.get("reason").and_then(Json::as_str) == Some("compiler-artifact"))
        .filter(|message| message.pointer("/target/name").and_then(Json::as_str) == Some(library))
        .filter_map(|message| message.get("filenames")?.as_array().cloned());
    let is_wasm = |file: &&str| file.ends_with(".wasm");
    files
        .flatten()
        .filter_map(|file| file.as_str().filter(is_wasm).map(PathBuf::from))
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_found_among_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"dependency"},"filenames":["/t/dependency.rlib"]}
not json
{"reason":"compiler-artifact","target":{"name":"my_plugin"},"filenames":["/t/my_plugin.wasm"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(
            artifact(messages, "my_plugin"),
            Some(PathBuf::from("/t/my_plugin.wasm"))
        );
        assert_eq!(artifact(messages, "dependency"), None);
    }
}
