//! Checks the dependencies' licences and sources against `deny.toml`, from what cargo knows.

use std::{collections::BTreeSet, io::Write, process::ExitCode};

use anyhow::{Context, Result};
use serde_json::Value;

fn main() -> ExitCode {
    match findings() {
        Ok(findings) if findings.is_empty() => ExitCode::SUCCESS,
        Ok(findings) => {
            let _ = writeln!(std::io::stderr(), "{}", findings.join("\n"));
            ExitCode::FAILURE
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn findings() -> Result<Vec<String>> {
    let rules: toml::Table = std::fs::read_to_string(sluice_tests::root().join("deny.toml"))?.parse()?;
    let allowed: BTreeSet<&str> = rules["licenses"]["allow"]
        .as_array()
        .context("deny.toml has no list of licences")?
        .iter()
        .filter_map(toml::Value::as_str)
        .collect();
    let output = std::process::Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(sluice_tests::root())
        .output()?;
    anyhow::ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let mut findings = Vec::new();
    for package in packages {
        let name = format!("{} {}", package["name"], package["version"]);
        match package["source"].as_str() {
            None => {}
            Some(source) if source.starts_with("registry+") || source.starts_with("sparse+") => {}
            Some(source) => findings.push(format!("{name} comes from {source}")),
        }
        let licence = package["license"].as_str().unwrap_or_default();
        if !permits(licence, &allowed) {
            findings.push(format!("{name}: the licence `{licence}` is not allowed"));
        }
    }
    Ok(findings)
}

/// Whether one of the alternatives of a licence expression has only allowed parts.
fn permits(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    plain.split(" OR ").any(|alternative| {
        let mut parts = alternative.split(" AND ").map(str::trim);
        parts.clone().next().is_some_and(|part| !part.is_empty()) && parts.all(|part| allowed.contains(part))
    })
}
