//! `kill -9` at any moment of what only looks (`why`, `--what-if`) and of a step that is to rest: every row
//! of the organisation is as it was before, or, of the step, wholly as it was to become.

use std::{collections::BTreeMap, path::Path, time::Duration};

use rusqlite::{Connection, types::ValueRef};
use sluice_tests::world::{World, text};

/// When the processes are killed, in milliseconds: drawn once, from the start of a process to about where its
/// work ends on a machine at rest.
const MOMENTS: [u64; 10] = [4, 17, 31, 46, 62, 85, 118, 160, 230, 390];

/// What a look or a command leaves of itself.
const OWN: [&str; 4] = ["sl_privilegeuse", "sl_messagetrace", "plugintracelog", "audit"];

/// Every row of every table, as the file has them.
fn rows(path: &Path) -> BTreeMap<String, Vec<Vec<String>>> {
    let file = Connection::open(path).unwrap();
    let mut names = file
        .prepare("select name from sqlite_master where type = 'table' and sql not like 'create virtual%'")
        .unwrap();
    let names: Vec<String> = names
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .filter(|name: &String| !OWN.contains(&name.as_str()))
        .collect();
    let mut all = BTreeMap::new();
    for name in names {
        let mut statement = file.prepare(&format!("select * from \"{name}\"")).unwrap();
        let columns = statement.column_count();
        let mut of_table: Vec<Vec<String>> = statement
            .query_map([], |row| {
                (0..columns)
                    .map(|column| {
                        Ok(match row.get_ref(column)? {
                            ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                            ValueRef::Blob(bytes) => format!("{bytes:?}"),
                            value => format!("{value:?}"),
                        })
                    })
                    .collect()
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        of_table.sort();
        all.insert(name, of_table);
    }
    all
}

fn kill(world: &World, arguments: &[&str], moment: u64) {
    let mut child = world.admin().start(arguments);
    std::thread::sleep(Duration::from_millis(moment));
    child.kill().unwrap();
    child.wait().unwrap();
    world.check();
}

/// Names of tables in which two files differ, as far as the other has them.
fn differing(one: &BTreeMap<String, Vec<Vec<String>>>, other: &BTreeMap<String, Vec<Vec<String>>>) -> Vec<String> {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let tables = one.keys().filter(|name| one[*name] != other[*name]);
    tables.cloned().collect()
}

/// A sample organisation in which a request was refused.
fn broken() -> World {
    let world = World::sample();
    let lead = world.lead("seller.west");
    assert_eq!(world.user("seller.west").run(&["lead", "qualify", &lead]).code, 1);
    world
}

fn looks_leave_nothing(world: &World, arguments: &[&str]) {
    // What compiles, compiles now.
    world.admin().run(arguments);
    let path = world.path("sluice.db");
    let before = rows(&path);
    assert!(
        before.values().map(Vec::len).sum::<usize>() > 500,
        "there is something to lose"
    );
    for moment in MOMENTS {
        kill(world, arguments, moment);
        let changed = differing(&before, &rows(&path));
        assert!(changed.is_empty(), "killed after {moment} ms: {changed:?} changed");
    }
}

#[test]
fn a_killed_why_leaves_every_row_as_it_was() {
    let world = broken();
    let requests = world.admin().json(&["trace", "list", "--requests", "--failed"]);
    let correlation = text(&requests["value"][0], "sl_correlationid");
    looks_leave_nothing(&world, &["why", &correlation]);
}

#[test]
fn a_killed_what_if_leaves_every_row_as_it_was() {
    let grant = [
        "role",
        "grant",
        "Salesperson",
        "prvReadsl_commissionrule",
        "org",
        "--what-if",
    ];
    looks_leave_nothing(&broken(), &grant);
}

#[test]
fn a_step_that_was_to_rest_rests_or_does_not() {
    let world = broken();
    let step = world.step("commission: Create of account");
    let path = world.path("sluice.db");
    let state = || {
        let shown = world.admin().json(&["step", "show", &step]);
        (shown["enabled"] == true, shown["restsuntil"].clone())
    };
    let awake = state();
    for moment in MOMENTS {
        let before = rows(&path);
        kill(
            &world,
            &["step", "disable", &step, "--for", "2h", "--reason", "month end"],
            moment,
        );
        let after = rows(&path);
        let changed = differing(&before, &after);
        if changed.is_empty() {
            continue;
        }
        let of_step = |row: &&Vec<String>| !before["sdkmessageprocessingstep"].contains(row);
        let steps: Vec<_> = after["sdkmessageprocessingstep"].iter().filter(of_step).collect();
        let [resting] = steps.as_slice() else {
            panic!("killed after {moment} ms: {steps:?}")
        };
        assert!(resting.iter().any(|cell| cell.contains("month end")), "{resting:?}");
        for table in &changed {
            // What says that the configuration has changed goes with it.
            let is_known = table == "sdkmessageprocessingstep" || !table_is_of_rows(table);
            assert!(is_known, "killed after {moment} ms: {table} changed");
        }
        world.admin().json(&["step", "enable", &step]);
        assert_eq!(state(), awake);
    }
}

/// Whether a table holds rows that messages read: the store's own tables do not.
fn table_is_of_rows(name: &str) -> bool {
    !name.starts_with('_')
}
