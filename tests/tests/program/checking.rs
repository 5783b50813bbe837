//! `org check` finds what is broken, each thing by its name.

use rusqlite::Connection;
use sluice_tests::world::World;

/// What is broken how, and what the check says of it.
const BROKEN: &[(&str, &str)] = &[
    (
        "UPDATE pluginassembly SET content = (SELECT content FROM pluginassembly WHERE name = 'commission') \
         WHERE name = 'name-guard'",
        "the content of the plug-in `name-guard` is not what was pushed",
    ),
    (
        "UPDATE pluginassembly SET content = 'no base64!' WHERE name = 'name-guard'",
        "the content of the plug-in `name-guard` is not what was pushed",
    ),
    (
        "UPDATE pluginassembly SET content = NULL WHERE name = 'name-guard'",
        "the content of the plug-in `name-guard` is not what was pushed",
    ),
    (
        "UPDATE audit SET changedata = substr(changedata, 1, 20) WHERE rowid = (SELECT min(rowid) FROM audit WHERE changedata \
         IS NOT NULL)",
        "the column `changedata`",
    ),
    (
        "UPDATE audit SET changedata = replace(changedata, 'logicalName', 'logicalNbme')",
        "the column `changedata`",
    ),
    (
        "UPDATE sl_pluginversion SET sl_content = '!' || substr(sl_content, 2)",
        "the column `sl_content`",
    ),
    (
        "UPDATE sl_pluginversion SET sl_digest = '0' || substr(sl_digest, 2)",
        "the column `sl_content`",
    ),
    (
        "UPDATE workflow SET clientdata = replace(clientdata, '\"actions\"', '\"actionz\"')",
        "the column `clientdata`",
    ),
    (
        "UPDATE savedquery SET fetchxml = replace(fetchxml, '</entity>', '</entitx>')",
        "the column `fetchxml`",
    ),
    (
        "UPDATE systemform SET formjson = '[' || formjson",
        "the column `formjson`",
    ),
    (
        "UPDATE sl_messagetrace SET sl_tree = replace(sl_tree, ':', ';')",
        "the column `sl_tree`",
    ),
    (
        "UPDATE sl_messagetrace SET sl_checks = '{\"chexks\":[]}'",
        "the column `sl_checks`",
    ),
    (
        "UPDATE sl_messagetrace SET sl_request = '{}'",
        "the column `sl_request`",
    ),
    (
        "UPDATE account SET name = CAST(x'ff41' AS TEXT) WHERE rowid = (SELECT min(rowid) FROM account)",
        "a row of `account` cannot be read",
    ),
    (
        "UPDATE account SET numberofemployees = 'many' WHERE rowid = (SELECT min(rowid) FROM account)",
        "a row of `account` cannot be read",
    ),
    (
        "UPDATE contact SET createdon = x'00' WHERE rowid = (SELECT min(rowid) FROM contact)",
        "a row of `contact` cannot be read",
    ),
    (
        "UPDATE annotation SET filesize = filesize + 1 WHERE filesize IS NOT NULL",
        "the attachment of the note",
    ),
    ("DELETE FROM _bytes", "has not the bytes that it should have"),
    (
        "UPDATE _bytes SET content = x'00'",
        "has not the bytes that it should have",
    ),
    ("DELETE FROM _block", "belong to no attachment"),
    (
        "UPDATE plugintype SET typename = 'no_type' WHERE typename = 'commission'",
        "the plug-in `commission` has no type `no_type`, which is registered",
    ),
    (
        "UPDATE sdkmessageprocessingstep SET stage = 33 WHERE name LIKE 'commission%'",
        "of `sdkmessageprocessingstep` is 33, which is no option of it",
    ),
    (
        "UPDATE sdkmessageprocessingstep SET mode = 5 WHERE name LIKE 'commission%'",
        "of `sdkmessageprocessingstep` is 5, which is no option of it",
    ),
    (
        "UPDATE roleprivileges SET privilegedepthmask = 77 WHERE rowid = (SELECT min(rowid) FROM roleprivileges)",
        "of `roleprivileges` is 77, which is the mask of no depth",
    ),
    (
        "UPDATE roleprivileges SET privilegedepthmask = NULL WHERE rowid = (SELECT min(rowid) FROM roleprivileges)",
        "of `roleprivileges` is empty: a privilege is held at a depth",
    ),
    (
        "PRAGMA foreign_keys = OFF; UPDATE systemuser SET parentsystemuserid = systemuserid WHERE rowid = (SELECT min(rowid) FROM systemuser)",
        "of `systemuser` is the row itself",
    ),
    (
        "UPDATE lead SET ownerid = NULL, ownerid_type = NULL",
        "the column `ownerid` of the row",
    ),
    (
        "UPDATE lead SET ownerid = randomblob(16) WHERE rowid = (SELECT min(rowid) FROM lead)",
        "of `lead` refers to a row of `systemuser` that is not there",
    ),
    (
        "UPDATE annotation SET objectid = randomblob(16)",
        "the column `objectid` of the row",
    ),
    (
        "UPDATE contact SET parentcustomerid = contactid, parentcustomerid_type = 'account'",
        "of `contact` refers to a row of `account` that is not there",
    ),
    (
        "UPDATE annotation SET objectid_type = 'no_table'",
        "the column `objectid` of `annotation` refers to the table `no_table`, which is not there",
    ),
    (
        "UPDATE lead SET statecode = 7",
        "of `lead` is 7, which is no option of it",
    ),
    ("UPDATE lead SET statecode = NULL", "the column `statecode` of the row"),
    (
        "UPDATE lead SET statecode = 0, statuscode = 3",
        "is 3, which is no reason for the state 0",
    ),
    ("DELETE FROM _matchcode", "lack their matchcode"),
    (
        "UPDATE _matchcode SET row = randomblob(16)",
        "matchcodes are of no row as it is",
    ),
    (
        "UPDATE duplicaterulecondition SET baseattributename = 'no_column'",
        "compares what cannot be compared",
    ),
    (
        "INSERT OR REPLACE INTO _definition VALUES ('account', '{\"added\": 7}')",
        "the definition of the table `account`",
    ),
    (
        "INSERT INTO _definition VALUES ('sl_odd', '{')",
        "the definition of the table `sl_odd`",
    ),
    (
        "CREATE TRIGGER odd AFTER INSERT ON lead BEGIN DELETE FROM lead; END",
        "the trigger `odd` is in no definition",
    ),
    (
        "CREATE VIEW odd AS SELECT * FROM lead",
        "the view `odd` is in no definition",
    ),
    (
        "ALTER TABLE lead RENAME TO lead_gone; CREATE VIEW lead AS SELECT * FROM lead_gone",
        "the view `lead` is in no definition",
    ),
    ("CREATE TABLE _odd (a)", "the table `_odd` is in no definition"),
    ("CREATE TABLE odd (a)", "the table `odd` is in no definition"),
    ("DROP TABLE _matchcode", "the table `_matchcode` is missing"),
    (
        "ALTER TABLE account ADD COLUMN \"odd\" text",
        "the column `odd` of `account` is in no definition",
    ),
    (
        "UPDATE _meta SET value = 'x' WHERE key = 'matchcode_set'",
        "the number matchcode_set is none",
    ),
];

#[test]
fn what_is_broken_is_found_by_its_name() {
    let world = World::sample();
    world.write("note.txt", "an attachment");
    let account = world.rows("account", "name", "")[0]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    world
        .admin()
        .json(&["note", "add", "account", &account, "--title", "T", "--file", "note.txt"]);
    world
        .admin()
        .json(&["row", "update", "account", &account, "telephone1=1"]);
    world.admin().json(&["workflow", "new", "workflow.json"]);
    world.admin().json(&["workflow", "create", "workflow.json"]);
    world.admin().json(&["businessrule", "new", "rule.json"]);
    world.admin().json(&["businessrule", "create", "rule.json"]);
    world.admin().json(&["settings", "set", "trace", "all"]);
    world
        .admin()
        .json(&["row", "create", "account", "name=Traced", "revenue=7"]);
    world.check();
    world.admin().json(&["org", "backup", "whole.db"]);
    for (sql, says) in BROKEN {
        let file = world.path("broken.db");
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(world.path(&format!("broken.db{ending}")));
        }
        std::fs::copy(world.path("whole.db"), &file).unwrap();
        let broken = Connection::open(&file).unwrap();
        broken
            .create_collation("UNICODE_CI", |one, other| one.cmp(other))
            .unwrap();
        broken
            .execute_batch(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        drop(broken);
        let run = world.admin().run(&["org", "check", "--org", "broken.db"]);
        assert_eq!(run.code, 3, "{sql}: {run:?}");
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(told.contains(says), "{sql}: {told}");
    }
}

#[test]
fn many_broken_rows_are_counted() {
    let world = World::sample();
    let file = Connection::open(world.path("sluice.db")).unwrap();
    file.create_collation("UNICODE_CI", |one, other| one.cmp(other))
        .unwrap();
    file.execute_batch("UPDATE lead SET createdon = x'00'; UPDATE contact SET createdon = x'00'")
        .unwrap();
    drop(file);
    let run = world.admin().run(&["org", "check", "--json"]);
    assert_eq!(run.code, 3, "{run:?}");
    let problems = run.json()["problems"].as_array().unwrap().len();
    assert!(problems > 2 && problems <= 2 * 21, "{problems}");
    // Not to be damaged by the check of this test itself.
    std::fs::remove_file(world.path("sluice.db")).unwrap();
}

#[test]
fn a_business_unit_lacks_its_default_team() {
    let world = World::sample();
    let file = Connection::open(world.path("sluice.db")).unwrap();
    file.create_collation("UNICODE_CI", |one, other| one.cmp(other))
        .unwrap();
    file.execute_batch("UPDATE team SET isdefault = 0 WHERE name = 'West'")
        .unwrap();
    drop(file);
    let run = world.admin().run(&["org", "check", "--json"]);
    let rows = run.json()["rows"].clone();
    let told: Vec<&str> = rows
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["rule"].as_str())
        .collect();
    assert_eq!(told, ["the business unit West lacks its default team"], "{run:?}");
}
