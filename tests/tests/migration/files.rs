//! The file itself: copied before, alone with the program, whole at any moment, and left as it is
//! where it cannot be migrated.

use std::{
    fs,
    process::{Child, Stdio},
    time::Duration,
};

use rusqlite::Connection;
use sluice_engine::{Engine, Faults, OpenOptions, Synchronous, SystemEnv};
use sluice_tests::world::{World, refused};

use crate::{
    FORMS,
    content::{cells, schema},
};

fn copy_name() -> String {
    format!("sluice.db.before-{}", Engine::FORM)
}

fn form(world: &World, name: &str) -> i32 {
    let file = Connection::open(world.path(name)).unwrap();
    file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// What lies in the folder.
fn listed(world: &World) -> Vec<String> {
    let files = fs::read_dir(world.path(".")).unwrap();
    let mut names: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn any_command_migrates_says_so_once_and_keeps_a_copy() {
    for earlier in FORMS {
        let world = World::old(earlier, "customised");
        let path = world.path("sluice.db");
        let (before, tables) = (cells(&path, &[]), schema(&path));
        let run = world.admin().run(&["row", "list", "fa_ship", "--json"]);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(run.json()["value"].as_array().unwrap().len(), 2);
        assert!(run.says(&copy_name()) && run.says("form"), "{run:?}");
        assert_eq!(listed(&world), ["sluice.db".to_owned(), copy_name()]);
        assert_eq!(cells(&world.path(&copy_name()), &[]), before);
        assert_eq!(schema(&world.path(&copy_name())), tables);
        let again = world.admin().run(&["row", "list", "fa_ship", "--json"]);
        assert_eq!((again.code, &*again.stderr), (0, ""));
        // The copy serves as well as the file did.
        let org = world.path(&copy_name()).display().to_string();
        world.admin().json(&["row", "list", "fa_ship", "--org", &org]);
    }
}

#[test]
fn the_verb_migrates_without_a_copy_where_it_is_told_to() {
    let world = World::old(FORMS[0], "empty");
    let answer = world.admin().json(&["org", "migrate", "--no-copy"]);
    assert_eq!((&answer["migrated"], &answer["from"]), (&true.into(), &2.into()));
    assert_eq!(answer["form"], Engine::FORM);
    assert!(answer["copy"].is_null());
    assert_eq!(listed(&world), ["sluice.db"]);
    let again = world.admin().json(&["org", "migrate"]);
    assert_eq!(again["migrated"], false);
    assert_eq!(listed(&world), ["sluice.db"]);
    assert_eq!(world.admin().json(&["org", "show"])["form"], Engine::FORM);
    refused(
        &World::bare().admin(),
        3,
        &["org", "migrate"],
        &["there is no organisation at"],
    );
}

#[test]
fn another_copy_stands_in_the_way_until_it_is_moved() {
    let world = World::old(FORMS[0], "empty");
    world.write(&copy_name(), "precious");
    let words = [&*copy_name(), "another copy"];
    refused(&world.admin(), 3, &["org", "show"], &words);
    assert_eq!(fs::read(world.path(&copy_name())).unwrap(), b"precious");
    assert_eq!(form(&world, "sluice.db"), 2);
    fs::rename(world.path(&copy_name()), world.path("moved")).unwrap();
    world.admin().json(&["org", "show"]);
}

#[test]
fn a_file_that_another_process_has_open_waits_for_it() {
    let world = World::old(FORMS[0], "empty");
    let other = Connection::open(world.path("sluice.db")).unwrap();
    other.pragma_query_value(None, "user_version", |_| Ok(())).unwrap();
    let words = ["sluice.db", "another process has"];
    refused(&world.admin(), 3, &["row", "list", "lead"], &words);
    refused(&world.admin(), 3, &["org", "migrate", "--no-copy"], &words);
    drop(other);
    assert_eq!(form(&world, "sluice.db"), 2);
    assert_eq!(listed(&world), ["sluice.db"]);
    world.admin().json(&["row", "list", "lead"]);
}

fn start(world: &World, arguments: &[&str]) -> Child {
    let mut command = world.admin().command(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn of_several_processes_at_once_one_migrates() {
    let world = World::old(FORMS[0], "empty");
    let all: Vec<Child> = (0..4).map(|_| start(&world, &["row", "list", "account"])).collect();
    let mut told = 0;
    for child in all {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("0x80044151") {
            // On a busy machine the migration takes longer than the others wait; who tries again is served.
            let again = world.admin().run(&["row", "list", "account"]);
            assert_eq!(again.code, 0, "{again:?}");
            told += usize::from(again.says("from form 2"));
            continue;
        }
        assert!(output.status.success(), "{said}");
        told += usize::from(said.contains("from form 2"));
    }
    assert_eq!(told, 1);
    // Of two that end at the same time neither may be the last one, who clears up.
    world.admin().json(&["row", "list", "account"]);
    assert_eq!(listed(&world), ["sluice.db".to_owned(), copy_name()]);
}

/// What a killed process of the earlier version left in its log counts.
#[test]
fn what_is_still_in_the_log_comes_along() {
    let world = World::old(FORMS[0], "empty");
    let crashed = World::bare();
    let file = Connection::open(world.path("sluice.db")).unwrap();
    file.execute_batch("PRAGMA wal_autocheckpoint = 0; UPDATE organization SET maxuploadfilesize = 77")
        .unwrap();
    for name in ["sluice.db", "sluice.db-wal"] {
        fs::copy(world.path(name), crashed.path(name)).unwrap();
    }
    drop(file);
    let size = |world: &World, org: &str| {
        let row = &world.admin().json(&[
            "row",
            "list",
            "organization",
            "--select",
            "maxuploadfilesize",
            "--org",
            org,
        ]);
        row["value"][0]["maxuploadfilesize"].clone()
    };
    assert_eq!(size(&crashed, "sluice.db"), 77);
    assert_eq!(listed(&crashed), ["sluice.db".to_owned(), copy_name()]);
    fs::rename(crashed.path(&copy_name()), crashed.path("copy.db")).unwrap();
    assert_eq!(size(&crashed, "copy.db"), 77, "and the copy has it");
}

/// Moments of a process's life: before it does anything, in the middle, at its end.
const MOMENTS: [u64; 10] = [9, 25, 40, 60, 90, 140, 220, 350, 600, 1_000];

#[test]
fn a_killed_migration_is_as_if_it_had_not_been() {
    let world = World::old(FORMS[0], "customised");
    let before = cells(&world.path("sluice.db"), &[]);
    for moment in MOMENTS {
        let mut child = start(&world, &["org", "migrate"]);
        std::thread::sleep(Duration::from_millis(moment));
        child.kill().unwrap();
        child.wait().unwrap();
        if form(&world, "sluice.db") == 2 {
            assert_eq!(cells(&world.path("sluice.db"), &[]), before, "killed after {moment} ms");
        }
    }
    world.admin().json(&["org", "show"]);
    world.check();
    assert_eq!(cells(&world.path(&copy_name()), &[]), before, "one copy, of what was");
}

#[test]
fn a_failure_at_any_statement_changes_nothing() {
    let world = World::old(FORMS[0], "customised");
    let path = world.path("sluice.db");
    let before = cells(&path, &[]);
    let env: std::sync::Arc<dyn sluice_engine::Env> = std::sync::Arc::new(SystemEnv);
    let faults = Faults::default();
    let options = OpenOptions {
        synchronous: Synchronous::Off,
        faults: Some(faults.clone()),
        ..OpenOptions::default()
    };
    let mut statement = 1;
    loop {
        faults.at(statement);
        let migrated = Engine::migrate(&path, &sluice_sales::capabilities(), &env, &options, true);
        if !faults.struck() {
            assert!(migrated.unwrap().is_some());
            break;
        }
        migrated.unwrap_err();
        assert_eq!(form(&world, "sluice.db"), 2, "statement {statement}");
        assert_eq!(cells(&path, &[]), before, "statement {statement}");
        assert_eq!(listed(&world), ["sluice.db"], "statement {statement}");
        // Each of the first, then ever fewer: rows are written by the same few over and over.
        statement += 1 + statement / 4;
    }
    assert!(statement > 100, "the steps run statements: {statement}");
}

#[test]
fn a_damaged_file_is_left_as_it_is() {
    let world = World::old(FORMS[0], "empty");
    let mut bytes = fs::read(world.path("sluice.db")).unwrap();
    let half = bytes.len() / 2;
    bytes.truncate(half);
    world.write("cut.db", &bytes);
    refused(&world.admin(), 3, &["org", "show", "--org", "cut.db"], &["damaged"]);
    assert_eq!(fs::read(world.path("cut.db")).unwrap(), bytes);
    assert_eq!(listed(&world), ["cut.db", "sluice.db"]);
}
