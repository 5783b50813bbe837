//! What accumulates is removed by age and size, after whatever a process commits.

use std::sync::Arc;

use sluice_engine::{CallOptions, Env};
use sluice_model::{Query, Row, Timestamp, Uuid, Value};
use sluice_tests::clock::Clock;

use crate::world::{PRE_OPERATION, Pipeline, contact, job, probe};

const START: &str = "2026-01-01T09:00:00Z";

fn world() -> (Arc<Clock>, Pipeline) {
    let clock = Arc::new(Clock::at(START));
    let env: Arc<dyn Env> = clock.clone();
    (clock, Pipeline::on(&env))
}

/// The oldest row of a table.
fn oldest(world: &Pipeline, table: &str) -> Option<Timestamp> {
    let rows = world.admin.list(Query::new(table).columns(&["createdon"]));
    rows.iter().filter_map(|row| row.get("createdon")?.as_time()).min()
}

/// The bytes of pages that hold neither rows of users nor the audit trail.
fn beside_rows(world: &Pipeline, tables: &[&str]) -> i64 {
    let file = rusqlite::Connection::open(world.org.path()).unwrap();
    let free: i64 = file
        .query_row(
            "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let of = |table: &&str| -> i64 {
        let sql = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = ?";
        file.query_row(sql, [table], |row| row.get(0)).unwrap()
    };
    free + tables.iter().map(of).sum::<i64>()
}

/// A day of it: requests that go well, with traces, one that fails, one with a job, one with an id.
fn day(world: &Pipeline, number: u128) {
    world.create(&world.admin, contact()).created();
    world.create(&world.admin, contact()).created();
    let refused = Row::unsaved("task").with("subject", "never");
    world.create(&world.admin, refused).refused("0x80040265");
    if number.is_multiple_of(5) {
        let (_, request) = world.lead();
        let options = CallOptions {
            request_id: Some(Uuid::from_u128(0xCAFE_0000 + number)),
        };
        world.seller.0.execute_with(request, &options).unwrap();
    }
}

#[test]
fn a_year_of_use_leaves_no_more_than_a_month() {
    let (clock, world) = world();
    world.trace_setting(2);
    let long = format!("trace {}", "x".repeat(9_000));
    world.step(&probe(PRE_OPERATION, "Create", "contact", &long));
    world.step(&job("Create", "contact", "trace done"));
    world.step(&probe(PRE_OPERATION, "Create", "task", "refuse never"));
    let tables = [
        "plugintracelog",
        "sl_messagetrace",
        "asyncoperation",
        "sl_jobcontext",
        "sl_requestanswer",
    ];
    let mut after_two_months = 0;
    for number in 0..365 {
        day(&world, number);
        clock.pass_days(1);
        if number == 60 {
            after_two_months = beside_rows(&world, &tables);
        }
    }
    let now = clock.now();
    let kept = |days: i64| now.checked_sub(jiff(days)).unwrap();
    for table in ["plugintracelog", "sl_messagetrace"] {
        assert!(oldest(&world, table).unwrap() >= kept(7 + 2), "{table}");
    }
    assert!(oldest(&world, "asyncoperation").unwrap() >= kept(30 + 2));
    let after_a_year = beside_rows(&world, &tables);
    assert!(
        after_a_year < after_two_months * 3 / 2,
        "{after_two_months} bytes after two months, {after_a_year} after a year"
    );
    let audits = world.admin.count("audit");
    assert!(audits > 365, "the trail is kept for ever: {audits}");
    world.setting("sl_auditkeep", 30);
    for _ in 0..50 {
        clock.pass_hours(2);
        world.admin.create(contact());
    }
    assert!(oldest(&world, "audit").unwrap() >= clock.now().checked_sub(jiff(31)).unwrap());
}

fn jiff(days: i64) -> std::time::Duration {
    std::time::Duration::from_secs(u64::try_from(days * 86_400).unwrap())
}

/// Single commands are enough: a process that writes once does a step of it.
#[test]
fn a_process_that_commits_once_removes_what_is_old() {
    let (clock, world) = world();
    world.trace_setting(2);
    for _ in 0..5 {
        world.admin.create(contact());
    }
    assert!(world.admin.count("sl_messagetrace") >= 5);
    clock.pass_days(8);
    let env: Arc<dyn Env> = clock.clone();
    let other = world.org.second_process_with(&env);
    let admin = sluice_tests::Actor(other.session_of("admin").unwrap());
    assert!(
        world.admin.count("sl_messagetrace") >= 5,
        "whoever only reads removes nothing"
    );
    // A step of it, and another one, until nothing old is left.
    let before = world.admin.count("sl_messagetrace");
    admin.create(contact());
    assert!(world.admin.count("sl_messagetrace") < before);
    for _ in 0..50 {
        admin.create(contact());
    }
    let now = clock.now();
    assert!(
        oldest(&world, "sl_messagetrace").unwrap() >= now,
        "those of the last requests"
    );
    // For ever, if the organisation says so.
    world.setting("sl_tracekeep", 0);
    clock.pass_days(3_000);
    world.admin.create(contact());
    assert!(world.admin.count("sl_messagetrace") >= 2);
}

#[test]
fn traces_are_kept_up_to_a_size() {
    let (clock, world) = world();
    world.setting("sl_tracekeepsize", 1);
    world.trace_setting(2);
    let long = format!("trace {}", "x".repeat(9_000));
    world.step(&probe(PRE_OPERATION, "Create", "contact", &long));
    for _ in 0..150 {
        world.admin.create(contact());
        clock.pass_hours(1);
    }
    let rows = world.admin.list(Query::new("plugintracelog").order_by("createdon"));
    let bytes: usize = rows
        .iter()
        .flat_map(|row| [row.text("messageblock"), row.text("configuration")])
        .flatten()
        .map(str::len)
        .sum();
    assert!(
        rows.len() > 20 && bytes < (1 << 20) + (128 << 10),
        "{} rows, {bytes} bytes",
        rows.len()
    );
    let newest = rows.last().unwrap().get("createdon").and_then(Value::as_time).unwrap();
    assert!(newest >= clock.now().checked_sub(jiff(1)).unwrap(), "the oldest go");
    // What somebody removes by hand is not counted any more.
    for row in rows {
        world.admin.try_delete("plugintracelog", row.id).unwrap();
    }
    for _ in 0..20 {
        world.admin.create(contact());
        clock.pass_hours(1);
    }
    assert!(world.admin.count("plugintracelog") >= 20);
}

/// A job that has not ended stays, however old it is.
#[test]
fn jobs_are_kept_until_they_have_ended() {
    let (clock, world) = world();
    world.step(&job("Create", "contact", "trace done"));
    world.create(&world.admin, contact()).created();
    let query = || Query::new("asyncoperation").columns(&["statecode"]);
    let [ended] = world.admin.list(query()).try_into().unwrap();
    assert_eq!(ended.int("statecode"), Some(3));
    clock.pass_days(29);
    world.admin.create(Row::unsaved("account").with("name", "x"));
    assert_eq!(world.admin.count("asyncoperation"), 1);
    clock.pass_days(2);
    for _ in 0..5 {
        world.admin.create(Row::unsaved("account").with("name", "x"));
    }
    assert_eq!(world.admin.count("asyncoperation"), 0);
}

/// `SLUICE_YEAR=1000` does it with as many requests a day, which takes long.
#[test]
fn a_year_of_requests_leaves_little_beside_rows_and_audit() {
    let daily: u64 = std::env::var("SLUICE_YEAR").map_or(4, |text| text.parse().unwrap());
    let (clock, world) = world();
    world.step(&job("Create", "contact", "trace done"));
    world.step(&probe(PRE_OPERATION, "Create", "task", "refuse never"));
    let before = beyond_rows(&world);
    let (mut number, mut failed) = (0_u64, 0_u64);
    for _ in 0..365 {
        for _ in 0..daily {
            number += 1;
            match number % 100 {
                0 => {
                    failed += 1;
                    let refused = Row::unsaved("task").with("subject", "never");
                    world.create(&world.admin, refused).refused("0x80040265");
                }
                rest if rest % 10 == 5 => drop(world.admin.list(Query::new("contact").top(50))),
                _ => drop(world.admin.create(contact())),
            }
        }
        clock.pass_days(1);
    }
    assert_eq!(failed, daily * 365 / 100);
    let grown = beyond_rows(&world) - before;
    println!("{number} requests have left {grown} bytes beyond rows and audit");
    // 300 MB for a thousand a day, and a megabyte for what does not go by their number.
    let most = 300_000_000 / 1_000 * i64::try_from(daily).unwrap() + 1_000_000;
    assert!(
        grown < most,
        "{grown} bytes beyond rows and audit, of {most} for {daily} requests a day"
    );
}

/// The bytes of the file that neither rows of users nor the audit trail take.
fn beyond_rows(world: &Pipeline) -> i64 {
    let file = rusqlite::Connection::open(world.org.path()).unwrap();
    let one = |sql: &str| -> i64 { file.query_row(sql, [], |row| row.get(0)).unwrap() };
    one("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        - one("SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN \
               (SELECT name FROM sqlite_schema WHERE tbl_name IN ('contact', 'audit'))")
}
