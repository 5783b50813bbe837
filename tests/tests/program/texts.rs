//! Texts as people, files and attackers write them, and readers that stop reading.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use sluice_tests::world::{World, id, text};

#[test]
fn strange_texts_come_back_as_they_went_in() {
    let world = World::empty();
    let admin = world.admin();
    let file = "first line\r\nsecond \"line\", with a comma\n";
    world.write("notes.txt", file);
    for strange in [
        "😀 👩‍👩‍👧 e\u{301} é",
        "שלום \u{202e}evil\u{202c} مرحبا",
        "O'Neil \"and\" Sons; DROP TABLE account;--",
        "50% of _everything_ \\ and `ticks` $HOME $(id)",
        "null",
        "a\nb\tc\r\nd",
        "  not trimmed  ",
        "@not-a-file",
        "{\"a\": [1, 2]}",
        "\u{1b}[31mred\u{7}",
        "-17",
        "=",
    ] {
        let json = format!("name:={}", serde_json::to_string(strange).unwrap());
        let key = id(&admin.json(&["row", "create", "account", &json]));
        let row = admin.json(&["row", "get", "account", &key]);
        assert_eq!(text(&row, "name"), strange);
        let filter = format!("name eq '{}'", strange.replace('\'', "''"));
        let found = world.rows("account", "name", &filter);
        assert_eq!(found.len(), 1, "{filter}");
        assert_eq!(text(&found[0], "name"), strange);
        let people = admin.run(&["row", "get", "account", &key]);
        assert_eq!(people.code, 0);
        assert!(!people.stdout.contains(['\u{1b}', '\u{7}']), "{people:?}");
    }
    let key = id(&admin.json(&["row", "create", "account", "name=From a file", "description=@notes.txt"]));
    assert_eq!(text(&admin.json(&["row", "get", "account", &key]), "description"), file);
    admin.json(&["row", "update", "account", &key, "description=null"]);
    assert!(admin.json(&["row", "get", "account", &key])["description"].is_null());
}

#[test]
fn a_text_may_fill_its_column_and_no_more() {
    let world = World::empty();
    for filler in ["x", "ü", "漢"] {
        let full = filler.repeat(160);
        let key = id(&world
            .admin()
            .json(&["row", "create", "account", &format!("name={full}")]));
        assert_eq!(
            text(&world.admin().json(&["row", "get", "account", &key]), "name"),
            full
        );
        world
            .admin()
            .refused(&["row", "update", "account", &key, &format!("name={full}{filler}")]);
        assert_eq!(
            text(&world.admin().json(&["row", "get", "account", &key]), "name"),
            full
        );
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let world = World::sample();
    for arguments in [
        &["row", "list", "lead"][..],
        &["row", "list", "lead", "--json"],
        &["row", "list", "nothing", "--json"],
        &["--help"],
        &["man"],
        &["completions", "bash"],
    ] {
        let mut child = world
            .admin()
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(!first.is_empty(), "{arguments:?}");
        let expected = if arguments.contains(&"nothing") { 1 } else { 0 };
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {output:?}");
        assert!(
            output.stderr.is_empty(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn a_nul_in_a_text_is_refused() {
    let world = World::empty();
    let error = world
        .admin()
        .refused(&["row", "create", "account", r#"name:="a\u0000b""#]);
    assert!(text(&error, "message").contains("NUL"), "{error}");
}
