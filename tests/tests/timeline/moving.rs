//! Attachments on their way: blocks in any order, limits, and other people's tokens.

use std::sync::Arc;

use sluice_engine::{Engine, Env, OpenOptions, SystemEnv};
use sluice_model::{Depth, Reference, Request, Row, Timestamp, Uuid};
use sluice_sales::capabilities;
use sluice_tests::{Actor, Organisation, clock::Clock, people};

use crate::{attach, begin, commit, download, lead, noise, note, piece, put, text};

const MIB: usize = 1 << 20;

#[test]
fn an_attachment_comes_back_byte_for_byte() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let about = lead(&admin);
    let bytes = noise(10 * 1_000 + 7);
    let row = note(("lead", about), "Drawings")
        .with("filename", "pump.dwg")
        .with("mimetype", "image/vnd.dwg");
    let id = attach(&admin, row, &bytes, 1_000);
    assert_eq!(
        download(&admin, id, 333).unwrap(),
        ("pump.dwg".to_owned(), bytes.clone())
    );
    assert_eq!(download(&admin, id, 4 << 20).unwrap().1, bytes);
    let stored = admin.get("annotation", id);
    assert_eq!(stored.int("filesize"), Some(10_007));
    assert_eq!(stored.bool("isdocument"), Some(true));
    assert_eq!(stored.text("objecttypecode"), Some("lead"));
}

#[test]
fn the_list_of_blocks_says_which_and_in_which_order() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let row = note(("lead", lead(&admin)), "Letter");
    let token = begin(&admin, row.clone()).unwrap();
    put(&admin, &token, "two", b"World").unwrap();
    put(&admin, &token, "one", b"hello ").unwrap();
    put(&admin, &token, "one", b"Hello ").unwrap();
    put(&admin, &token, "lost", b"nobody asked").unwrap();
    for (list, part) in [
        (&["one", "three"][..], "no block `three`"),
        (&["one", "one"], "listed twice"),
    ] {
        let refused = commit(&admin, &token, row.clone(), list).unwrap_err();
        assert!(refused.message().contains(part), "{refused}");
    }
    let (id, size) = commit(&admin, &token, row.clone(), &["one", "two"]).unwrap();
    assert_eq!(
        (size, download(&admin, id, 4).unwrap().1),
        (11, b"Hello World".to_vec())
    );
    let over = commit(&admin, &token, row, &[]).unwrap_err();
    assert_eq!(over.code().to_string(), "0x80040217", "a token is good for one commit");
}

#[test]
fn an_empty_file_is_an_attachment() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let id = attach(
        &admin,
        note(("lead", lead(&admin)), "Nothing").with("filename", "empty"),
        b"",
        1,
    );
    assert_eq!(download(&admin, id, 10).unwrap(), ("empty".to_owned(), Vec::new()));
}

#[test]
fn a_note_may_get_another_attachment() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let id = attach(&admin, note(("lead", lead(&admin)), "Drawings"), &noise(50), 20);
    let existing = Row::new("annotation", id).with("filename", "second.txt");
    assert_eq!(attach(&admin, existing, b"second", 4), id);
    assert_eq!(
        download(&admin, id, 10).unwrap(),
        ("second.txt".to_owned(), b"second".to_vec())
    );
    assert_eq!(admin.get("annotation", id).text("subject"), Some("Drawings"));

    let mut rights = people::privileges(&["Read"], &["Note"], Depth::Organization);
    rights.extend(people::privileges(&["Create", "Write"], &["Note"], Depth::User));
    let writer = people::user(&organisation, "writer", &rights);
    let refused = begin(&writer, Row::new("annotation", id)).unwrap_err();
    assert_eq!(refused.code().to_string(), "0x80048306", "{refused}");
}

#[test]
fn what_is_too_large_is_refused_with_the_platforms_code() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let row = note(("lead", lead(&admin)), "Film");
    let token = begin(&admin, row.clone()).unwrap();
    let block = noise(4 * MIB);
    let over = noise(4 * MIB + 1);
    let refused = put(&admin, &token, "1", &over).unwrap_err();
    assert!(refused.message().contains("a block has 1 to 4194304"), "{refused}");
    put(&admin, &token, "1", &block).unwrap();
    put(&admin, &token, "1", &block).unwrap();
    put(&admin, &token, "2", &block[..MIB]).unwrap();
    let refused = put(&admin, &token, "3", b"x").unwrap_err();
    assert_eq!(refused.code().to_string(), "0x80044A02", "{refused}");
    assert_eq!(commit(&admin, &token, row.clone(), &["1", "2"]).unwrap().1, 5 << 20);

    let organization = admin.find("organization", "Contoso");
    let token = begin(&admin, row.clone()).unwrap();
    put(&admin, &token, "1", &block[..2_000]).unwrap();
    admin.update(Row::new("organization", organization).with("maxuploadfilesize", 1));
    let refused = commit(&admin, &token, row.clone(), &["1"]).unwrap_err();
    assert_eq!(refused.code().to_string(), "0x80044A02", "the limit of the day");
    let whole = row.with("documentbody", crate::base64(&block[..1_025]).as_str());
    assert_eq!(
        admin.try_create(whole.clone()).unwrap_err().code().to_string(),
        "0x80044A02"
    );
    admin.create(whole.with("documentbody", crate::base64(&block[..1_024]).as_str()));
}

#[test]
fn a_token_is_its_owners() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let about = lead(&admin);
    let rights = people::privileges(
        &["Create", "Read", "Write", "Append", "AppendTo"],
        &["Note", "Lead"],
        Depth::Organization,
    );
    let [anna, eve] = ["anna", "eve"].map(|name| people::user(&organisation, name, &rights));
    let row = note(("lead", about), "Secret plans");
    let token = begin(&anna, row.clone()).unwrap();
    put(&anna, &token, "1", b"plans").unwrap();
    let codes = [
        put(&eve, &token, "1", b"other plans").unwrap_err(),
        commit(&eve, &token, row.clone(), &["1"]).unwrap_err(),
        put(&anna, "upload:nonsense", "1", b"x").unwrap_err(),
        put(&anna, &format!("upload:{}", Uuid::from_u128(7)), "1", b"x").unwrap_err(),
        piece(&eve, "download:nonsense", 0, 1).unwrap_err(),
    ]
    .map(|error| error.code().to_string());
    assert!(codes.iter().all(|code| code == "0x80040217"), "{codes:?}");
    let (id, _) = commit(&anna, &token, row, &["1"]).unwrap();
    assert_eq!(download(&anna, id, 10).unwrap().1, b"plans");
}

#[test]
fn who_begins_a_seventeenth_upload_loses_the_oldest() {
    let clock = Arc::new(Clock::at("2026-03-01T09:00:00Z"));
    let env: Arc<dyn Env> = clock.clone();
    let organisation = Organisation::empty_with(&env);
    let admin = organisation.admin();
    let row = note(("lead", lead(&admin)), "Plans");
    let rights = people::privileges(
        &["Create", "Read", "Write", "Append", "AppendTo"],
        &["Note", "Lead"],
        Depth::Organization,
    );
    let other = people::user(&organisation, "other", &rights);
    let others = begin(&other, row.clone()).unwrap();
    let next = || {
        clock.pass_hours(1);
        begin(&admin, row.clone()).unwrap()
    };
    let tokens: Vec<_> = (0..17).map(|_| next()).collect();
    let gone = put(&admin, &tokens[0], "1", b"x").unwrap_err();
    assert_eq!(gone.code().to_string(), "0x80040217", "{gone}");
    for token in &tokens[1..] {
        put(&admin, token, "1", b"x").unwrap();
    }
    put(&other, &others, "1", b"x").unwrap();
}

#[test]
fn what_could_not_become_a_note_is_not_uploaded() {
    let organisation = Organisation::empty();
    let about = lead(&organisation.admin());
    let rights = [
        people::privileges(&["Create", "Read", "Append"], &["Note"], Depth::Organization),
        people::privileges(&["Read"], &["Lead"], Depth::Organization),
    ];
    let writer = people::user(&organisation, "writer", &rights.concat());
    let refused = begin(&writer, note(("lead", about), "Plans")).unwrap_err();
    assert_eq!(
        refused.body().privilege.as_deref(),
        Some("prvAppendToLead"),
        "{refused}"
    );
}

#[test]
fn a_commit_that_is_refused_can_be_made_again() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let token = begin(&admin, note(("lead", lead(&admin)), "Plans")).unwrap();
    put(&admin, &token, "1", b"plans").unwrap();
    let nowhere = commit(&admin, &token, note(("lead", Uuid::from_u128(7)), "Plans"), &["1"]).unwrap_err();
    assert_eq!(nowhere.code().to_string(), "0x80040217", "{nowhere}");
    let both = note(("lead", lead(&admin)), "Plans").with("documentbody", "AAAA");
    assert!(
        commit(&admin, &token, both, &["1"])
            .unwrap_err()
            .message()
            .contains("not both")
    );
    assert_eq!(admin.count("annotation"), 0);
    let (id, _) = commit(&admin, &token, note(("lead", lead(&admin)), "Plans"), &["1"]).unwrap();
    assert_eq!(download(&admin, id, 10).unwrap().1, b"plans");
    let other = begin(&admin, Row::new("annotation", id)).unwrap();
    let elsewhere = commit(&admin, &other, note(("lead", lead(&admin)), "Other"), &[]).unwrap_err();
    assert!(elsewhere.message().contains("for another note"), "{elsewhere}");
}

#[test]
fn reading_the_note_is_what_a_download_needs() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let id = attach(&admin, note(("lead", lead(&admin)), "Plans"), &noise(100), 100);
    let own = people::privileges(&["Read"], &["Note"], Depth::User);
    let reader = people::user(&organisation, "reader", &own);
    assert_eq!(download(&reader, id, 10).unwrap_err().code().to_string(), "0x80048306");
    let target = || Reference::new("annotation", id);
    let begun = admin
        .0
        .execute(Request::new("InitializeAnnotationBlocksDownload").with("Target", target()));
    let token = text(&begun.unwrap(), "FileContinuationToken");
    let stolen = piece(&reader, &token, 0, 10).unwrap_err();
    assert_eq!(stolen.code().to_string(), "0x80048306", "a token proves nothing");
    let share = Request::new("GrantAccess")
        .with("Target", target())
        .with("Principal", Reference::new("systemuser", reader.id()))
        .with("AccessMask", "ReadAccess");
    admin.0.execute(share).unwrap();
    assert_eq!(download(&reader, id, 10).unwrap().1, noise(100));
}

#[test]
fn a_download_ends_where_the_note_changes() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let id = attach(&admin, note(("lead", lead(&admin)), "Plans"), &noise(100), 100);
    let target = Reference::new("annotation", id);
    let begun = admin
        .0
        .execute(Request::new("InitializeAnnotationBlocksDownload").with("Target", target))
        .unwrap();
    let token = text(&begun, "FileContinuationToken");
    assert_eq!(piece(&admin, &token, 90, 50).unwrap(), noise(100)[90..]);
    assert_eq!(
        piece(&admin, &token, 500, 50).unwrap(),
        b"",
        "behind the end there is nothing"
    );
    for wrong in [(-1, 10), (0, 0), (0, (4 << 20) + 1)] {
        let refused = piece(&admin, &token, wrong.0, wrong.1).unwrap_err();
        assert_eq!(refused.code().to_string(), "0x80040203", "{wrong:?}");
    }
    attach(&admin, Row::new("annotation", id), &noise(80), 80);
    let refused = piece(&admin, &token, 0, 10).unwrap_err();
    assert!(refused.message().contains("begin again"), "{refused}");
}

/// A clock that is some days ahead.
struct Later(i64);

impl Env for Later {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(SystemEnv.now().as_second() + self.0 * 86_400).unwrap()
    }

    fn random(&self, bytes: &mut [u8]) {
        SystemEnv.random(bytes);
    }
}

#[test]
fn what_nobody_commits_is_thrown_away_after_a_day() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let row = || note(("lead", lead(&admin)), "Plans");
    let token = begin(&admin, row()).unwrap();
    put(&admin, &token, "1", b"plans").unwrap();
    begin(&admin, row()).unwrap();
    put(&admin, &token, "2", b"still there").unwrap();
    let env: Arc<dyn Env> = Arc::new(Later(2));
    let later = Engine::open(organisation.path(), &capabilities(), &env, &OpenOptions::default()).unwrap();
    let tomorrow = Actor(later.session(admin.id()));
    begin(&tomorrow, row()).unwrap();
    let gone = put(&admin, &token, "3", b"too late").unwrap_err();
    assert_eq!(gone.code().to_string(), "0x80040217", "{gone}");
}
