//! `sluice plugin new`: a package for plug-ins in Rust that builds, tests and pushes anywhere.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::json;

use crate::{output::Outcome, usage::Usage};

/// `plugin new`
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// Its name, which is also that of its folder: `tidy-names`.
    name: String,
    /// Where the folder is made; by default here.
    #[arg(long, value_name = "FOLDER", default_value = ".", hide_default_value = true)]
    into: PathBuf,
    /// Take the SDK from a repository, and not the program's own copy.
    #[arg(long, value_name = "URL")]
    git: Option<String>,
    /// The version of the SDK there: a tag.
    #[arg(long, value_name = "TAG", requires = "git")]
    tag: Option<String>,
}

/// The program's own copy of the SDK: paths and texts.
const SDK: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// The folder of the package that holds it.
const COPY: &str = "sluice";

const MANIFEST: &str = include_str!("../../templates/plugin/Cargo.toml");
const LIBRARY: &str = include_str!("../../templates/plugin/src/lib.rs");
const IGNORED: &str = include_str!("../../templates/plugin/gitignore");

/// Words that no function, and names that no package, can be called by.
const TAKEN: [&str; 57] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "sluice",
];

/// Runs the command.
pub(super) fn run(args: &New) -> anyhow::Result<Outcome> {
    let function = function(&args.name)?;
    let folder = args.into.join(&args.name);
    let made = |folder: &Path| fs::create_dir(folder).with_context(|| format!("{} cannot be made", folder.display()));
    made(&folder)?;
    let manifest = MANIFEST
        .replace("= SDK", &format!("= {}", source(args, "sdk/rust")))
        .replace("= TESTING", &format!("= {}", source(args, "sdk/testing")))
        .replace("\"NAME\"", &format!("\"{}\"", args.name));
    let library = LIBRARY.replace("FUNCTION", &function);
    let mut files = vec![
        (PathBuf::from("Cargo.toml"), manifest.as_str()),
        (PathBuf::from("src/lib.rs"), library.as_str()),
        (PathBuf::from(".gitignore"), IGNORED),
    ];
    if args.git.is_none() {
        let copy = Path::new(COPY);
        files.extend(SDK.iter().map(|(path, text)| (copy.join(path), *text)));
    }
    for (path, text) in files {
        write(&folder.join(path), text)?;
    }
    let text = format!(
        "made {}\n  test it   cargo test --manifest-path {}\n  push it   sluice plugin push {}",
        folder.display(),
        folder.join("Cargo.toml").display(),
        folder.display()
    );
    let document = json!({ "name": args.name, "folder": folder.display().to_string(), "type": function });
    Ok(Outcome::new(document, text))
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, text));
    written.with_context(|| format!("{} cannot be written", path.display()))
}

/// Where a crate of the SDK comes from, as a manifest says it.
fn source(args: &New, path: &str) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    match (&args.git, &args.tag) {
        (Some(url), Some(tag)) => format!("{{ git = {}, tag = {} }}", quoted(url), quoted(tag)),
        (Some(url), None) => format!("{{ git = {} }}", quoted(url)),
        (None, _) => format!("{{ path = {} }}", quoted(&format!("{COPY}/{path}"))),
    }
}

/// The name of the package as a function of Rust is called.
fn function(name: &str) -> anyhow::Result<String> {
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
    let function = name.replace('-', "_");
    if !is_name || TAKEN.contains(&function.as_str()) || function.starts_with("sluice_sdk") {
        return Err(Usage::because(format!(
            "`{name}` cannot be the name of a package: small letters, digits and -, a letter first, and no word of Rust"
        )));
    }
    Ok(function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_called_as_rust_allows() {
        assert_eq!(function("tidy-names").unwrap(), "tidy_names");
        for wrong in ["", "2nd", "Tidy", "a b", "../x", "match", "test", "é", "-x"] {
            assert!(function(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_copy_has_everything_that_is_built_with() {
        let has = |path: &str| SDK.iter().any(|(known, _)| *known == path);
        for path in [
            "Cargo.toml",
            "sdk/rust/src/lib.rs",
            "sdk/testing/Cargo.toml",
            "sdk/wit/1.1/sluice-plugin.wit",
            "LICENSE-MIT",
        ] {
            assert!(has(path), "{path}");
        }
        assert!(SDK.iter().all(|(path, _)| !path.starts_with('/')));
    }
}
