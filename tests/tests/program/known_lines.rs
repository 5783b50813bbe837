//! What an import tells of rows that are there: to whoever made them, and to those who read what the lines fill.

use sha2::{Digest as _, Sha256};
use sluice_model::Uuid;
use sluice_tests::world::{World, list, text};

const MAP: &str = "[columns]\nname = \"name\"\ncreditlimit = \"creditlimit\"\n";

/// An organisation with an importer beside the administrator.
fn world(rights: &str) -> World {
    let world = World::sample();
    world.write("m.toml", MAP);
    let admin = world.admin();
    admin.json(&["role", "create", "Low"]);
    admin.json(&["role", "grant", "Low", rights]);
    admin.json(&["user", "create", "mallory", "--bu", "West", "--role", "Low"]);
    world
}

/// How many lines of a file were created and known.
fn import(world: &World, user: &str, lines: &str) -> (u64, u64) {
    world.write("f.csv", format!("name,creditlimit\n{lines}\n"));
    let run = world
        .user(user)
        .run(&["import", "f.csv", "--table", "account", "--map", "m.toml", "--json"]);
    let report = run.json();
    let number = |name: &str| report[name].as_u64().unwrap_or_else(|| panic!("{report}"));
    (number("created"), number("skipped"))
}

#[test]
fn rows_that_one_may_not_read_are_not_asked_about() {
    let world = world("account:cr:user");
    assert_eq!(import(&world, "admin", "Novak Ltd,73150"), (1, 0));
    assert_eq!(import(&world, "admin", "Novak Ltd,73150"), (0, 1));
    for line in ["Novak Ltd,73150", "Novak Ltd,73151"] {
        assert_eq!(import(&world, "mallory", line), (1, 0), "{line}");
        // Who made a row knows of it.
        assert_eq!(import(&world, "mallory", line), (0, 1), "{line}");
    }
    // Who reads the row of another knows of it.
    assert_eq!(import(&world, "admin", "Novak Ltd,73151"), (0, 1));
    assert_eq!(world.count("account", "name eq 'Novak Ltd'"), 3);
}

/// Two who help each other cannot tell by an id whether a row is there.
#[test]
fn an_id_does_not_hang_on_rows_that_one_may_not_read() {
    let world = world("account:crd:user");
    let imported = |user: &str, line: &str| {
        assert_eq!(import(&world, user, line), (1, 0));
        let user = world.user(user);
        let id = text(
            &list(&user.json(&["row", "list", "account", "--filter", "name eq 'Novak Ltd'"]))[0],
            "accountid",
        );
        user.json(&["row", "delete", "account", &id]);
        id
    };
    let before = imported("mallory", "Novak Ltd,73150");
    assert_eq!(import(&world, "admin", "Novak Ltd,73150"), (1, 0));
    assert_eq!(imported("mallory", "Novak Ltd,73150"), before);
}

/// An id that became free is known to whoever read the row: another row of that id takes no line away in silence.
#[test]
fn a_row_of_the_id_of_one_that_is_gone_takes_no_line_away() {
    let world = world("account:crd:org");
    assert_eq!(import(&world, "admin", "Novak Ltd,73150"), (1, 0));
    let mallory = world.user("mallory");
    let id = text(
        &list(&mallory.json(&["row", "list", "account", "--filter", "name eq 'Novak Ltd'"]))[0],
        "accountid",
    );
    mallory.json(&["row", "delete", "account", &id]);
    mallory.json(&["row", "create", "account", &format!("accountid={id}"), "name=Rubbish"]);
    assert_eq!(import(&world, "admin", "Novak Ltd,73150"), (0, 0), "it is refused");
    world.admin().json(&["row", "delete", "account", &id]);
    assert_eq!(import(&world, "admin", "Novak Ltd,73150"), (1, 0));
}

/// Whoever imports a line first may change its row: that a row is another's is told.
#[test]
fn rows_from_imports_of_others_are_told() {
    let world = world("account:crw:user");
    assert_eq!(import(&world, "mallory", "Novak Ltd,73150"), (1, 0));
    assert_eq!(import(&world, "admin", "Berg,5"), (1, 0));
    world.write("f.csv", "name,creditlimit\nNovak Ltd,73150\nBerg,5\n");
    let again = ["import", "f.csv", "--table", "account", "--map", "m.toml"];
    let told = world.admin().run(&again).stdout;
    assert!(told.contains("2 there already (1 from imports of others)"), "{told}");
    let report = world.admin().json(&again);
    assert_eq!(
        (&report["skipped"], &report["skipped_of_others"]),
        (&2.into(), &1.into())
    );
}

/// A name that is taken is no row that is there.
#[test]
fn a_line_whose_name_is_taken_is_refused() {
    let world = World::sample();
    world.write("u.toml", "[columns]\ndomain = \"domainname\"\nlast = \"lastname\"\n");
    world.write("u.csv", "domain,last\nnew.one,One\nnew.one,Two\n");
    let import = ["import", "u.csv", "--table", "systemuser", "--map", "u.toml", "--json"];
    for (created, skipped) in [(1, 0), (0, 1)] {
        let run = world.admin().run(&import);
        let report = run.json();
        assert_eq!(
            (run.code, &report["created"], &report["skipped"]),
            (1, &created.into(), &skipped.into()),
            "{report}"
        );
        assert_eq!(report["refused"][0]["line"], 3, "{report}");
    }
}

#[test]
fn secured_columns_are_not_asked_about() {
    let world = world("account:cr:org");
    world
        .admin()
        .json(&["column", "update", "account", "creditlimit", "--secured", "yes"]);
    assert_eq!(import(&world, "admin", "Novak Ltd,73150"), (1, 0));
    // Right or wrong, it is the same refusal.
    assert_eq!(import(&world, "mallory", "Novak Ltd,73150"), (0, 0));
    assert_eq!(import(&world, "mallory", "Novak Ltd,73151"), (0, 0));
    // Who reads all of them is told.
    world
        .admin()
        .json(&["column", "update", "account", "creditlimit", "--secured", "no", "--yes"]);
    assert_eq!(import(&world, "mallory", "Novak Ltd,73150"), (0, 1));
}

/// What an earlier version imported is known when it comes again.
#[test]
fn lines_of_before_the_secret_stay_known() {
    let world = world("account:cr:user");
    let mut hash = Sha256::new()
        .chain_update(b"line of an import\0")
        .chain_update("account");
    for part in ["creditlimit", "5", "name", "Old\r\nLtd"] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes: [u8; 16] = hash.finalize()[..16].try_into().unwrap();
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let id = Uuid::from_bytes(bytes);
    let id = format!("accountid={id}");
    world
        .admin()
        .json(&["row", "create", "account", &id, "name=Old Ltd", "creditlimit=5"]);
    let age = |by: &str| {
        let file = rusqlite::Connection::open(world.path("sluice.db")).unwrap();
        let sql = format!("UPDATE _meta SET value = value {by} 10000000 WHERE key = 'secret since'");
        assert_eq!(file.execute(&sql, []).unwrap(), 1);
    };
    age("+");
    assert_eq!(import(&world, "admin", "\"Old\r\nLtd\",5"), (0, 1));
    age("-");
    assert_eq!(import(&world, "admin", "\"Old\r\nLtd\",5"), (1, 0));
}

/// A copy has the secret, and so has a file that was vacuumed; no door leads to it.
#[test]
fn the_secret_stays_with_the_file() {
    let world = world("account:cr:user");
    assert_eq!(import(&world, "admin", "Novak Ltd,73150"), (1, 0));
    world.admin().json(&["org", "backup", "b.db"]);
    world.admin().json(&["org", "restore", "b.db"]);
    assert_eq!(import(&world, "admin", "Novak Ltd,73150"), (0, 1));
    world.admin().json(&["org", "vacuum"]);
    assert_eq!(import(&world, "admin", "Novak Ltd,73150"), (0, 1));
    world.check();
    let admin = world.admin();
    let tables = list(&admin.json(&["table", "list"]));
    assert!(tables.iter().all(|table| text(table, "name") != "_meta"), "{tables:?}");
    for read in [
        &["row", "list", "_meta"][..],
        &["table", "show", "_meta"],
        &["view", "run", "--fetch", "<fetch><entity name=\"_meta\"/></fetch>"],
    ] {
        let run = admin.run(read);
        assert!(run.code != 0, "{read:?}: {run:?}");
    }
}
