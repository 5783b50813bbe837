//! The file of a solution: a zip archive with `manifest.json` and a JSON file for each
//! component. It is read into memory within limits, and never unpacked to a disk.

use std::{
    collections::HashSet,
    io::{Cursor, Read, Write},
};

use serde_json::Value as Json;
use sluice_model::{Code, Error, Result};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{
    count,
    manifest::{self, Entry, FORMAT, Kind, Kinds, Manifest, broken},
};

const MANIFEST: &str = "manifest.json";

/// Everything in the file, unpacked, may be so large.
const LARGEST: u64 = 64 << 20;

/// A solution has at most so many components.
const MOST: usize = 10_000;

/// Its files have at most so many values, altogether: each costs far more memory than text.
const VALUES: u64 = 500_000;

/// What a file holds.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) manifest: Manifest,
    /// The components in the order of an import.
    pub(super) components: Vec<Component>,
}

/// A component with its content.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Component {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) content: Json,
}

/// Writes the file: the same components give the same bytes.
pub(super) fn write(mut manifest: Manifest, components: &[Component]) -> Result<Vec<u8>> {
    let mut files = Vec::new();
    for (number, component) in components.iter().enumerate() {
        let file = format!("{}/{}.json", component.kind.word(), number + 1);
        files.push((file.clone(), &component.content));
        manifest.components.push(Entry {
            kind: component.kind.word().to_owned(),
            name: component.name.clone(),
            file,
        });
    }
    let manifest = serde_json::to_value(&manifest).map_err(host)?;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    let first = (MANIFEST.to_owned(), &manifest);
    for (name, content) in std::iter::once(first).chain(files) {
        let text = serde_json::to_vec_pretty(content).map_err(host)?;
        writer.start_file(name, options).map_err(host)?;
        writer.write_all(&text).map_err(host)?;
    }
    Ok(writer.finish().map_err(host)?.into_inner())
}

fn host(error: impl std::fmt::Display) -> Error {
    Error::host(format!("the file of the solution cannot be written: {error}"))
}

/// Reads a file that somebody hands in, with components of these kinds.
pub(super) fn read(bytes: &[u8], kinds: &Kinds) -> Result<Package> {
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.len() > MOST {
        return Err(broken(format!("it has {} files, more than {MOST}", archive.len())));
    }
    let names = names(&archive)?;
    let mut budget = Budget {
        bytes: LARGEST,
        values: VALUES,
    };
    let manifest = file(&mut archive, MANIFEST, &mut budget)?;
    let manifest = manifest_of(manifest)?;
    let listed: HashSet<&str> = manifest.components.iter().map(|entry| entry.file.as_str()).collect();
    let extra = names
        .iter()
        .find(|name| *name != MANIFEST && !listed.contains(name.as_str()));
    if let Some(extra) = extra {
        return Err(broken(format!("the manifest does not name `{extra}`")));
    }
    if listed.len() != manifest.components.len() {
        return Err(broken("the manifest names a file twice"));
    }
    let mut components = Vec::new();
    let mut seen = HashSet::new();
    for entry in &manifest.components {
        let wrong = |error: Error| broken(format!("its manifest is wrong: {}", error.message()));
        let kind = kinds.parse(&entry.kind).map_err(wrong)?;
        if !seen.insert((kind, entry.name.to_lowercase())) {
            return Err(broken(format!("it has the {} `{}` twice", kind.word(), entry.name)));
        }
        components.push(Component {
            kind,
            name: entry.name.clone(),
            content: file(&mut archive, &entry.file, &mut budget)?,
        });
    }
    components.sort_by_key(|component| component.kind);
    Ok(Package { manifest, components })
}

/// The names of the files. They are plain: no way out of a folder, no folders of their own.
fn names(archive: &ZipArchive<Cursor<&[u8]>>) -> Result<Vec<String>> {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    let mut names = Vec::new();
    for name in archive.file_names() {
        let name = name.map_err(broken)?;
        // Some programs write entries for folders, which hold nothing.
        let folder = name.strip_suffix('/');
        let entry = folder.unwrap_or(&name);
        if !entry.split('/').all(plain) {
            return Err(broken(format!("`{}` is no name for a file in it", name.escape_debug())));
        }
        if folder.is_none() {
            names.push(name.into_owned());
        }
    }
    Ok(names)
}

/// What of a file may still be read.
struct Budget {
    bytes: u64,
    values: u64,
}

/// A file of the archive as JSON, as far as the budget reaches: what the archive says of sizes
/// is not believed, and no tree is made before its values are counted.
fn file(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str, budget: &mut Budget) -> Result<Json> {
    let file = archive
        .by_name(name)
        .map_err(|error| broken(format!("`{name}`: {error}")))?;
    let mut text = Vec::new();
    file.take(budget.bytes + 1)
        .read_to_end(&mut text)
        .map_err(|error| broken(format!("`{name}`: {error}")))?;
    budget.bytes = budget.bytes.checked_sub(text.len() as u64).ok_or_else(too_large)?;
    let no_json = |error| broken(format!("`{name}` is no JSON: {error}"));
    let values = count::values(&text, budget.values).map_err(no_json)?;
    budget.values = budget.values.checked_sub(values).ok_or_else(too_many)?;
    serde_json::from_slice(&text).map_err(no_json)
}

fn too_many() -> Error {
    Error::new(
        Code::IMPORT_TOO_LARGE,
        format!("the solution is too large: its files may have {VALUES} values altogether; nothing was changed"),
    )
}

fn too_large() -> Error {
    Error::new(
        Code::IMPORT_TOO_LARGE,
        format!(
            "the solution is too large: unpacked, it may have {} MB; nothing was changed",
            LARGEST >> 20
        ),
    )
}

fn manifest_of(json: Json) -> Result<Manifest> {
    // A newer form may have more members: its number is looked at first.
    let format = json.get("format").and_then(Json::as_u64).unwrap_or_default();
    if format > FORMAT.into() {
        return Err(Error::new(
            Code::IMPORT_NEWER,
            format!("the file has the form {format}, and this version reads forms up to {FORMAT}; nothing was changed"),
        ));
    }
    if format == 0 {
        return Err(broken("its manifest has no format"));
    }
    let manifest: Manifest =
        serde_json::from_value(json).map_err(|error| broken(format!("its manifest is wrong: {error}")))?;
    manifest::check_name(&manifest.unique_name).map_err(|error| broken(error.message()))?;
    manifest::version(&manifest.version).map_err(|error| broken(error.message()))?;
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Package> {
        super::read(bytes, &Kinds::with(&[]))
    }

    fn manifest() -> Manifest {
        Manifest {
            format: FORMAT,
            unique_name: "Options".to_owned(),
            friendly_name: "Options".to_owned(),
            version: "1.0.0.0".to_owned(),
            description: None,
            managed: true,
            components: Vec::new(),
        }
    }

    fn component(kind: Kind, name: &str) -> Component {
        Component {
            kind,
            name: name.to_owned(),
            content: json!({ "a": 1 }),
        }
    }

    /// An archive with these files as they are.
    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[track_caller]
    fn refused(bytes: &[u8], code: Code, words: &str) {
        let error = read(bytes).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(words), "no `{words}` in: {error}");
    }

    fn with(component: &Json) -> Vec<u8> {
        let mut json = serde_json::to_value(manifest()).unwrap();
        json["components"] = component.clone();
        json.to_string().into_bytes()
    }

    #[test]
    fn what_is_written_is_read_in_the_order_of_an_import() {
        let components = [
            component(Kind::Role, "Seller"),
            component(Kind::OptionSet, "lead.statuscode"),
        ];
        let bytes = write(manifest(), &components).unwrap();
        assert_eq!(
            bytes,
            write(manifest(), &components).unwrap(),
            "the same bytes each time"
        );
        let package = read(&bytes).unwrap();
        assert_eq!(package.components, [components[1].clone(), components[0].clone()]);
        assert_eq!(package.manifest.unique_name, "Options");
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        refused(b"", Code::IMPORT_BROKEN, "nothing was changed");
        refused(b"PK\x03\x04 nonsense", Code::IMPORT_BROKEN, "nothing was changed");
        let bytes = write(manifest(), &[component(Kind::Role, "Seller")]).unwrap();
        for end in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
            assert_eq!(
                read(&bytes[..end]).unwrap_err().code(),
                Code::IMPORT_BROKEN,
                "cut at {end}"
            );
        }
        for at in (0..bytes.len()).step_by(7) {
            let mut bent = bytes.clone();
            bent[at] ^= 0x55;
            // Whatever comes of it, it is an answer.
            let _ = read(&bent);
        }
    }

    #[test]
    fn a_manifest_that_is_wrong_is_refused() {
        refused(&zip(&[("a.json", b"{}")]), Code::IMPORT_BROKEN, "manifest.json");
        refused(&zip(&[(MANIFEST, b"{")]), Code::IMPORT_BROKEN, "is no JSON");
        refused(&zip(&[(MANIFEST, b"[]")]), Code::IMPORT_BROKEN, "no format");
        refused(
            &zip(&[(MANIFEST, br#"{"format":2,"new":1}"#)]),
            Code::IMPORT_NEWER,
            "the form 2",
        );
        refused(
            &zip(&[(MANIFEST, br#"{"format":1}"#)]),
            Code::IMPORT_BROKEN,
            "its manifest is wrong",
        );
        let unknown = with(&json!([{ "kind": "dashboard", "name": "x", "file": "a.json" }]));
        refused(&zip(&[(MANIFEST, &unknown)]), Code::IMPORT_BROKEN, "dashboard");
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        refused(&zip(&[(MANIFEST, deep.as_bytes())]), Code::IMPORT_BROKEN, "recursion");
    }

    #[test]
    fn files_and_manifest_have_to_agree() {
        let role = json!([{ "kind": "role", "name": "Seller", "file": "role/1.json" }]);
        refused(&zip(&[(MANIFEST, &with(&role))]), Code::IMPORT_BROKEN, "role/1.json");
        let extra: &[(&str, &[u8])] = &[(MANIFEST, &with(&role)), ("role/1.json", b"{}"), ("x.json", b"{}")];
        refused(&zip(extra), Code::IMPORT_BROKEN, "does not name `x.json`");
        let twice = json!([
            { "kind": "role", "name": "Seller", "file": "role/1.json" },
            { "kind": "role", "name": "SELLER", "file": "role/2.json" },
        ]);
        let files: &[(&str, &[u8])] = &[
            (MANIFEST, &with(&twice)),
            ("role/1.json", b"{}"),
            ("role/2.json", b"{}"),
        ];
        refused(&zip(files), Code::IMPORT_BROKEN, "twice");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [
            "../evil.json",
            "/etc/passwd",
            "a/../../b.json",
            "..\\evil.json",
            "a//b.json",
            "a\n.json",
            "../",
        ] {
            refused(&zip(&[(name, b"{}")]), Code::IMPORT_BROKEN, "is no name for a file");
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file(MANIFEST, SimpleFileOptions::default()).unwrap();
        writer.write_all(b"\"").unwrap();
        let block = vec![b' '; 1 << 20];
        for _ in 0..65 {
            writer.write_all(&block).unwrap();
        }
        let bomb = writer.finish().unwrap().into_inner();
        assert!(bomb.len() < 1 << 20, "{} bytes", bomb.len());
        refused(&bomb, Code::IMPORT_TOO_LARGE, "64 MB");
        let values = format!("[{}[0]]", "[0],".repeat(300_000));
        refused(
            &zip(&[(MANIFEST, values.as_bytes())]),
            Code::IMPORT_TOO_LARGE,
            "500000 values",
        );
    }
}
