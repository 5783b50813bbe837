//! Builds the plug-ins that ship, so that the program carries them along. Their folder is
//! handed on as `SLUICE_PLUGINS`.

use std::{
    env,
    error::Error,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

const PLUGINS: [&str; 5] = ["commission", "phone-normalizer", "name-guard", "audit-note", "vip-flag"];

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
    for source in [
        "plugins",
        "sdk",
        "scripts/build-plugins.sh",
        "scripts/wasm-target.sh",
        ".cargo/config.toml",
        "Cargo.toml",
    ] {
        say(&format!("cargo::rerun-if-changed={}", workspace.join(source).display()))?;
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
