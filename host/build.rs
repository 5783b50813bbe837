//! Builds the plug-ins that ship, so that the program carries them along. Their folder is
//! handed on as `SLUICE_PLUGINS`. The SDK goes with the program as well, as the list `sdk.rs`
//! beside them.

use std::{
    env,
    error::Error,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

const PLUGINS: [&str; 7] = [
    "commission",
    "phone-normalizer",
    "name-guard",
    "audit-note",
    "vip-flag",
    "scripted",
    "silent-qualify",
];

fn main() -> Result<(), Box<dyn Error>> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let workspace = manifest.parent().ok_or("the package lies in no workspace")?;
    build(workspace)?;
    // A copy of our own: it stays as it is until this script runs again.
    let out = PathBuf::from(env::var("OUT_DIR")?);
    for name in PLUGINS {
        let built = workspace.join("target/plugins").join(name).with_extension("wasm");
        fs::copy(&built, out.join(name).with_extension("wasm"))
            .map_err(|error| format!("{}: {error}", built.display()))?;
    }
    say(&format!("cargo::rustc-env=SLUICE_PLUGINS={}", out.display()))?;
    fs::write(out.join("sdk.rs"), sdk(workspace)?)?;
    for source in [
        "plugins",
        "sdk",
        "host/model",
        "host/access",
        "scripts/build-plugins.sh",
        "scripts/wasm-target.sh",
        ".cargo/config.toml",
        "Cargo.toml",
    ] {
        say(&format!("cargo::rerun-if-changed={}", workspace.join(source).display()))?;
    }
    Ok(())
}

/// What a package of plug-ins is built with, beside the workspace's own `Cargo.toml`.
const SDK: [&str; 11] = [
    "sdk/wit",
    "sdk/rust/Cargo.toml",
    "sdk/rust/src",
    "sdk/macros/Cargo.toml",
    "sdk/macros/src",
    "sdk/testing/Cargo.toml",
    "sdk/testing/src",
    "host/model/Cargo.toml",
    "host/model/src",
    "host/access/Cargo.toml",
    "host/access/src",
];

/// The files of the SDK as an expression: a list of their paths and texts.
fn sdk(workspace: &Path) -> Result<String, Box<dyn Error>> {
    let mut files = Vec::new();
    for path in SDK {
        collect(&workspace.join(path), &mut files)?;
    }
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        files.push(workspace.join(licence));
    }
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let name = file
            .strip_prefix(workspace)?
            .to_str()
            .ok_or("a file's name is no text")?;
        list.push_str(&format!(
            "    ({name:?}, include_str!({:?})),\n",
            file.display().to_string()
        ));
    }
    let manifest = fs::read_to_string(workspace.join("Cargo.toml"))?;
    let trimmed: Vec<&str> = manifest
        .lines()
        .map(|line| match line.starts_with("members = ") {
            true => r#"members = ["host/access", "host/model", "sdk/macros", "sdk/rust", "sdk/testing"]"#,
            false => line,
        })
        .collect();
    list.push_str(&format!("    (\"Cargo.toml\", {:?}),\n]\n", trimmed.join("\n") + "\n"));
    Ok(list)
}

/// The files in a folder, or the file itself.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

/// Runs the script in a folder of its own: a build inside a build would wait for the lock of
/// the outer one. It gets none of the outer build's settings, which are for another target.
fn build(workspace: &Path) -> Result<(), Box<dyn Error>> {
    let mut command = Command::new(workspace.join("scripts/build-plugins.sh"));
    command
        .current_dir(workspace)
        .env("SLUICE_GUEST_TARGET", workspace.join("target/guests"));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let ours = text.starts_with("CARGO") && !matches!(&*text, "CARGO_HOME" | "CARGO_NET_OFFLINE");
        let is_setting = ours || text.starts_with("RUSTC") || text.starts_with("RUSTDOC") || text.starts_with("CLIPPY");
        let of_the_script = [
            "RUSTFLAGS",
            "TARGET",
            "HOST",
            "OUT_DIR",
            "PROFILE",
            "OPT_LEVEL",
            "DEBUG",
            "NUM_JOBS",
            "MAKEFLAGS",
        ];
        if is_setting || of_the_script.contains(&&*text) {
            command.env_remove(&name);
        }
    }
    // What the script says is seen where it fails.
    let output = command.output()?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        return Err(format!("the plug-ins cannot be built:\n{}", String::from_utf8_lossy(&said)).into());
    }
    Ok(())
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
