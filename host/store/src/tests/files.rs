//! The file: made whole or not at all, opened only if it is ours, shared by processes.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    time::{Duration, Instant},
};

use rusqlite::Connection;
use sluice_model::{Code, Error, Filter, Row};

use super::{Org, id, open, system, write};
use crate::{Collation, Options, Shipped, Store};

fn listed(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_organisation_is_made_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("org.db");
    let error = Store::create(&path, &Shipped::default(), Collation::usual(), |_| {
        Err(Error::invalid("no"))
    })
    .unwrap_err();
    assert_eq!(error.message(), "no");
    assert_eq!(listed(folder.path()), Vec::<String>::new(), "nothing is left behind");

    let panicked = std::panic::catch_unwind(|| {
        Store::create(&path, &Shipped::default(), Collation::usual(), |_| {
            panic!("in the middle")
        })
    });
    assert!(panicked.is_err());
    assert_eq!(listed(folder.path()), Vec::<String>::new(), "nor after a panic");

    Store::create(&path, &Shipped::default(), Collation::usual(), |_| Ok(())).unwrap();
    assert_eq!(listed(folder.path()), ["org.db"]);
    let before = fs::read(&path).unwrap();
    assert!(
        Store::create(&path, &Shipped::default(), Collation::usual(), |_| Ok(()))
            .unwrap_err()
            .message()
            .contains("already")
    );
    assert_eq!(fs::read(&path).unwrap(), before, "a file that is there stays");
    drop(open(&path));
    assert_eq!(listed(folder.path()), ["org.db"], "closing leaves one file");
}

#[test]
fn only_an_organisation_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("org.db");
    let refused = |part: &str| {
        let error = Store::open(&path, Options::default()).unwrap_err();
        assert!(error.message().contains(part), "{error}");
        assert_eq!(error.kind(), sluice_model::codes::Kind::Host);
    };
    refused("there is no organisation at");
    assert!(!path.exists(), "opening makes nothing");
    fs::write(&path, "").unwrap();
    refused("another program");
    fs::write(
        &path,
        "a text of somebody's, long enough to be taken for a header".repeat(20),
    )
    .unwrap();
    refused("not a database");
    fs::remove_file(&path).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    refused("another program");
    fs::remove_file(&path).unwrap();
    Store::create(&path, &Shipped::default(), Collation::usual(), |_| Ok(())).unwrap();
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    refused("newer version");
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 1)
        .unwrap();
    refused("earlier version");
}

#[test]
fn two_processes_write_alternately() {
    let org = Org::new();
    let other = open(&org.path);
    for number in 0..20 {
        let store = if number % 2 == 0 { &org.store } else { &other };
        let row = org.account(number + 1);
        write(store, &mut |tx| tx.insert(&system(), &org.tables.account, &row)).unwrap();
        assert!(org.has(number + 1), "seen by the other at once");
    }
    let version = write(&other, &mut crate::Tx::next_version).unwrap();
    assert!(org.write(crate::Tx::next_version).unwrap() > version);
}

#[test]
fn two_processes_under_load_both_get_in() {
    let org = Org::new();
    let other = open(&org.path);
    std::thread::scope(|scope| {
        for thread in 0..8_u128 {
            let store = if thread % 2 == 0 { &org.store } else { &other };
            let org = &org;
            scope.spawn(move || {
                for number in 0..50 {
                    let row = org.account(thread * 1000 + number + 1);
                    write(store, &mut |tx| tx.insert(&system(), &org.tables.account, &row)).unwrap();
                }
            });
        }
    });
    assert_eq!(
        org.read(|tx| tx.count(&system(), &org.tables.account, &Filter::All))
            .unwrap(),
        400
    );
}

#[test]
fn a_busy_process_lets_others_in() {
    let org = Org::new();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 1..5_u128 {
            let (org, done) = (&org, &done);
            scope.spawn(move || {
                for number in 0.. {
                    if done.load(SeqCst) {
                        break;
                    }
                    org.insert(&org.account(thread * 1_000_000 + number)).unwrap();
                }
            });
        }
        let mut other = Connection::open(&org.path).unwrap();
        let patient = other.busy_handler(Some(|_| {
            std::thread::sleep(Duration::from_millis(1));
            true
        }));
        patient.unwrap();
        let waits = (0..5).map(|_| {
            let asked = Instant::now();
            other.execute_batch("BEGIN IMMEDIATE; COMMIT").unwrap();
            asked.elapsed()
        });
        let waits: Vec<Duration> = waits.collect();
        done.store(true, SeqCst);
        // A tenth of a second and a gap, with room for a machine that does other things.
        assert!(waits.iter().all(|wait| *wait < Duration::from_secs(3)), "{waits:?}");
    });
}

#[test]
fn a_lock_that_is_held_too_long_makes_the_organisation_busy() {
    let org = Org::new();
    org.store.writer.set_patience(Duration::from_millis(60));
    let other = Connection::open(&org.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = org.insert(&org.account(1)).unwrap_err();
    assert_eq!(error.code(), Code::BUSY);
    assert!(error.message().starts_with("the organisation is busy"), "{error}");
    assert!(!org.has(1), "readers read on");
    other.execute_batch("COMMIT").unwrap();
    org.insert(&org.account(1)).unwrap();
}

#[test]
fn a_backup_is_a_whole_organisation() {
    let org = Org::new();
    org.insert(&org.account(1)).unwrap();
    let to = org.path.with_file_name("backup.db");
    org.store.backup(&to).unwrap();
    org.insert(&org.account(2)).unwrap();
    assert!(org.store.backup(&to).unwrap_err().message().contains("already"));
    let copy = open(&to);
    assert_eq!(copy.check().unwrap(), Vec::<String>::new());
    let count = copy
        .read(|mut tx| {
            let count = tx.count(&system(), &org.tables.account, &Filter::All);
            (tx, count)
        })
        .unwrap();
    assert_eq!(count.unwrap(), 1);
}

#[test]
fn what_was_answered_survives_and_what_was_not_does_not() {
    let org = Org::new();
    org.insert(&org.account(1)).unwrap();
    // The files as a crash in the middle of a unit would leave them.
    let crashed = org.path.with_file_name("crashed.db");
    org.write(|tx| {
        tx.insert(&system(), &org.tables.account, &org.account(2))?;
        fs::copy(&org.path, &crashed).unwrap();
        fs::copy(
            org.path.with_file_name("org.db-wal"),
            org.path.with_file_name("crashed.db-wal"),
        )
        .unwrap();
        Ok(())
    })
    .unwrap();
    let store = open(&crashed);
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
    let exists = |number| {
        let table = &org.tables.account;
        store
            .read(|mut tx| {
                let exists = tx.facts().exists(table, id(number));
                (tx, exists.unwrap())
            })
            .unwrap()
    };
    assert!(exists(1) && !exists(2));
}

#[test]
fn check_finds_a_broken_reference() {
    let org = Org::new();
    org.insert(&Row::new("contact", id(1))).unwrap();
    let raw = Connection::open(&org.path).unwrap();
    let broken = r#"UPDATE "contact" SET "accountid" = x'00112233445566778899aabbccddeeff'"#;
    raw.execute_batch(&format!(
        "PRAGMA foreign_keys = OFF; DROP INDEX \"contact.accountid\"; {broken}"
    ))
    .unwrap();
    let wrong = org.store.check().unwrap();
    assert!(
        wrong
            .iter()
            .any(|line| line.contains("`contact`") && line.contains("`account`")),
        "{wrong:?}"
    );
    raw.execute_batch(
        r#"UPDATE "contact" SET "accountid" = NULL; CREATE INDEX "contact.accountid" ON "contact" ("accountid")"#,
    )
    .unwrap();
}
