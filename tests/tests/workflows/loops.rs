//! Workflows in the background that set themselves, or each other, off.

use serde_json::json;
use sluice_model::Row;

use crate::{
    background::{background, jobs, on_create, status},
    world::{Workplace, account},
};

/// What a run fails with that is one too many.
fn is_too_deep(job: &Row) -> bool {
    status(job) == (3, 31) && job.int("errorcode") == Some(0x8004_4182_u32.cast_signed())
}

#[test]
fn one_that_sets_itself_off_is_stopped_after_sixteen_runs() {
    let world = Workplace::new();
    let again = json!([{ "update": { "set": { "description": { "append": "x" } } } }]);
    world.active(&background(
        "again",
        &json!({ "on": { "update": ["description"] } }),
        again,
    ));
    let row = world.admin.create(account("Novak"));
    world.admin.update(Row::new("account", row).with("description", "-"));
    let described = world.admin.get("account", row).text("description").unwrap().to_owned();
    assert_eq!(described, format!("-{}", "x".repeat(16)));
    let jobs = jobs(&world);
    assert_eq!(
        (jobs.len(), jobs.iter().filter(|job| is_too_deep(job)).count()),
        (17, 1)
    );
    let told = jobs
        .iter()
        .find(|job| is_too_deep(job))
        .and_then(|job| job.text("message"));
    let told = told.unwrap();
    assert_eq!(told.matches("Update account → again").count(), 16, "{told}");
}

/// Nothing that counts the rows of jobs stops it: those of its runs that succeeded are gone.
#[test]
fn a_chain_over_new_rows_is_stopped_although_its_runs_are_removed() {
    let world = Workplace::new();
    let again = json!([{ "create": { "table": "account", "set": { "name": { "column": "name" } } } }]);
    let more = json!({ "on": { "create": true }, "auto-delete": true });
    world.active(&background("again", &more, again));
    world.admin.create(account("Novak"));
    assert_eq!(world.admin.count("account"), 17);
    let jobs = jobs(&world);
    assert_eq!((jobs.len(), jobs.iter().filter(|job| is_too_deep(job)).count()), (1, 1));
    assert_eq!(jobs[0].int("depth"), Some(17));
    let told = jobs[0].text("message").unwrap();
    assert_eq!(told.matches("Create account → again").count(), 17, "{told}");
}

/// A workflow and an asynchronous step, or two workflows: each of them is named.
#[test]
fn a_chain_of_several_names_them_all() {
    let world = Workplace::new();
    let makes = |table: &str, column: &str| json!([{ "create": { "table": table, "set": { column: "x" } } }]);
    let on_contact = json!({ "table": "contact", "on": { "create": true } });
    world.active(&background("ping", &on_create(), makes("contact", "lastname")));
    world.active(&background("pong", &on_contact, makes("account", "name")));
    world.admin.create(account("Novak"));
    let told = jobs(&world)
        .iter()
        .find(|job| is_too_deep(job))
        .and_then(|job| job.text("message").map(ToOwned::to_owned));
    let told = told.unwrap();
    let chain = "(The chain: Create account → ping → Create contact → pong → Create account → ping → ";
    assert!(told.contains(chain), "{told}");
}

#[test]
fn runs_that_are_removed_count_among_the_jobs_of_a_request() {
    let world = Workplace::new();
    let program = world.org.program();
    program.json(&["settings", "set", "jobs.max-per-request", "20"]);
    let again = json!({ "create": { "table": "account", "set": { "name": { "column": "name" } } } });
    let more = json!({ "on": { "create": true }, "auto-delete": true });
    world.active(&background("again", &more, json!([again, again])));
    world.admin.create(account("Novak"));
    let accounts = world.admin.count("account");
    assert!((15..=20).contains(&accounts), "{accounts}");
}

#[test]
fn one_that_sets_itself_off_twice_runs_sixteen_times_for_one_row() {
    let world = Workplace::new();
    let again = json!({ "update": { "set": { "description": { "append": "x" } } } });
    world.active(&background(
        "again",
        &json!({ "on": { "update": ["description"] } }),
        json!([again, again]),
    ));
    let row = world.admin.create(account("Novak"));
    world.admin.update(Row::new("account", row).with("description", "-"));
    let described = world.admin.get("account", row).text("description").unwrap().to_owned();
    assert_eq!(described, format!("-{}", "x".repeat(32)));
    let jobs = jobs(&world);
    assert_eq!(
        (jobs.len(), jobs.iter().filter(|job| is_too_deep(job)).count()),
        (33, 17)
    );
}
