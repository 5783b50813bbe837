//! Files that are no solutions: a clear answer, and nothing is changed.

use std::io::{Cursor, Read, Write};

use sluice_model::Code;

use crate::world::{Site, says};
use sluice_platform::prelude::*;

#[test]
fn what_is_no_file_of_a_solution_is_refused() {
    let world = Site::new();
    let before = world.everything();
    std::fs::write(world.path("empty.zip"), b"").unwrap();
    std::fs::write(world.path("text.zip"), b"hello").unwrap();
    std::fs::create_dir(world.path("folder.zip")).unwrap();
    for file in ["empty.zip", "text.zip"] {
        let error = world.refused(&format!("solution import {file}"));
        assert_eq!(error["code"], "0x80048060", "{file}: {error}");
        assert!(
            error["message"].as_str().unwrap().contains("nothing was changed"),
            "{error}"
        );
    }
    for file in ["missing.zip", "folder.zip"] {
        let run = world.program().run(&["solution", "import", file, "--json"]);
        assert_eq!(run.code, 3, "{run:?}");
        assert!(
            run.json()["error"]["message"]
                .as_str()
                .unwrap()
                .contains("cannot be read")
        );
    }
    assert_eq!(world.everything(), before);
}

/// The files of an archive, changed by `change`, as an archive again.
pub fn rewritten(file: &[u8], change: impl Fn(&str, String) -> String) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        writer
            .start_file(&*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(change(&name, text).as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The file of a managed solution with something of most kinds.
fn file() -> Vec<u8> {
    let from = Site::sample();
    from.all(&[
        "option-set add contact.statuscode 100000001 Hot --state 0",
        "mapping add lead contact jobtitle department",
    ]);
    from.duplicate_rule("Same mail");
    from.export(
        "Vendor",
        "1.0",
        &[
            "option-set contact.statuscode",
            "table sl_commissionrule",
            "mapping lead:contact",
            "role Integration",
            "plugin commission",
            "duplicate-rule Same mail",
        ],
        true,
    )
}

/// What is changed in which kind of file, and what comes of it.
const BENT: &[(&str, &str, &str, Code, &str)] = &[
    (
        "option-set",
        "\"Hot\"",
        "7",
        Code::IMPORT_BROKEN,
        "the option-set `contact.statuscode` is wrong",
    ),
    (
        "option-set",
        "\"state\": 0",
        "\"state\": 9",
        Code::INVALID_STATE,
        "needs a state",
    ),
    (
        "table",
        "\"sl_commissionrule\"",
        "\"lead\"",
        Code::IMPORT_FAILED,
        "holds `lead`",
    ),
    (
        "table",
        "\"schema\": \"sl_commissionrule\"",
        "\"schema\": \"Lead\"",
        Code::IMPORT_FAILED,
        "what only tables of the platform have",
    ),
    (
        "table",
        "\"decimal\"",
        "\"key\"",
        Code::INVALID_ARGUMENT,
        "the platform itself adds",
    ),
    (
        "mapping",
        "\"contact\"",
        "\"account\"",
        Code::IMPORT_FAILED,
        "holds `lead:account`",
    ),
    (
        "mapping",
        "\"department\"",
        "\"lastname\"",
        Code::INVALID_MAP,
        "the target only",
    ),
    ("role", "\"depth\": 3", "\"depth\": 30", Code::INVALID_ARGUMENT, "Depth"),
    (
        "plugin",
        "\"content\": \"AGFzb",
        "\"content\": \"AAAAA",
        Code::NOT_A_PLUGIN,
        "the plug-in `commission`",
    ),
    (
        "plugin",
        "\"stage\": 20",
        "\"stage\": 33",
        Code::STAGE_NOT_ALLOWED,
        "the plugin `commission`",
    ),
    (
        "duplicate-rule",
        "\"operatorcode\": 0",
        "\"operatorcode\": 99",
        Code::OUT_OF_RANGE,
        "the duplicate-rule",
    ),
];

#[test]
fn contents_that_are_wrong_are_refused_before_anything_changes() {
    let file = file();
    let to = Site::new();
    let before = to.everything();
    for (kind, old, new, code, words) in BENT {
        let changed = std::cell::Cell::new(false);
        let bent = rewritten(&file, |name, text| {
            if !name.starts_with(&format!("{kind}/")) {
                return text;
            }
            changed.set(changed.get() || text.contains(*old));
            text.replacen(old, new, 1)
        });
        assert!(changed.get(), "{kind}: there is no {old}");
        says(to.admin.0.import_solution(&bent, false), *code, words);
        assert_eq!(to.everything(), before, "{kind}: {old} → {new}");
    }
    // A name in the manifest that the content does not bear.
    let renamed = rewritten(&file, |name, text| match name {
        "manifest.json" => text.replace("Same mail", "Other"),
        _ => text,
    });
    says(
        to.admin.0.import_solution(&renamed, false),
        Code::IMPORT_FAILED,
        "holds another one",
    );
    let renamed = rewritten(&file, |name, text| match name {
        "manifest.json" => text.replace("Integration", "System Administrator"),
        _ => text,
    });
    says(
        to.admin.0.import_solution(&renamed, false),
        Code::IMPORT_FAILED,
        "cannot be imported",
    );
    assert_eq!(to.everything(), before);
    // The file as it was written is good.
    to.import(&rewritten(&file, |_, text| text));
}

#[test]
fn a_bomb_is_no_danger() {
    let world = Site::new();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file("manifest.json", zip::write::SimpleFileOptions::default())
        .unwrap();
    for _ in 0..70 {
        writer.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    std::fs::write(world.path("bomb.zip"), writer.finish().unwrap().into_inner()).unwrap();
    let error = world.refused("solution import bomb.zip");
    assert_eq!(error["code"], "0x80048499", "{error}");
}

/// As many programs write them.
#[test]
fn entries_for_folders_are_passed_over() {
    let zip = file();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&zip)).unwrap();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    writer.add_directory("option-set", options).unwrap();
    for position in 0..archive.len() {
        writer.raw_copy_file(archive.by_index_raw(position).unwrap()).unwrap();
    }
    let to = Site::new();
    to.import(&writer.finish().unwrap().into_inner());
    assert_eq!(to.options("contact.statuscode")[2], (100_000_001, true));
}

/// The file of a table with so many columns of its own.
fn wide(columns: usize) -> Vec<u8> {
    let from = Site::new();
    from.all(&["table create rsh_wide", "column create rsh_wide rsh_c text"]);
    let file = from.export("Wide", "1.0", &["table rsh_wide"], false);
    rewritten(&file, |name, text| {
        if !name.starts_with("table/") {
            return text;
        }
        let mut table: serde_json::Value = serde_json::from_str(&text).unwrap();
        let list = table["column"].as_array_mut().unwrap();
        let one = list.iter().find(|column| column["name"] == "rsh_c").unwrap().clone();
        list.extend((1..columns).map(|n| {
            let mut column = one.clone();
            column["name"] = format!("rsh_c{n}").into();
            column
        }));
        table.to_string()
    })
}

/// Others wait while a solution is installed: what cannot end well does not begin, and what takes too
/// long ends.
#[test]
fn a_file_of_many_columns_keeps_nobody_waiting() {
    let to = Site::new();
    to.all(&["table create rsh_wide", "settings set limits.transaction 1s"]);
    for (columns, limit) in [(3_000, "columns"), (600, "limits.transaction")] {
        let error = to.admin.0.import_solution(&wide(columns), false).unwrap_err();
        let ended = error.body().limit.as_ref().map(|limit| limit.name.as_str());
        assert_eq!(ended, Some(limit), "{columns}: {error}");
        assert!(error.message().contains("nothing was changed"), "{error}");
    }
    let error = to.admin.0.import_solution(&wide(600), false).unwrap_err();
    assert!(
        error.remedies().contains(&sluice_model::Remedy::RaiseTransactionLimit),
        "{error}"
    );
    assert!(
        to.admin
            .0
            .catalog()
            .unwrap()
            .table("rsh_wide")
            .unwrap()
            .column("rsh_c")
            .is_none()
    );
}
