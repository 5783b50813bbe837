//! Questions that the database could work on without end: they end with the time of their transaction.

use sluice_engine::JobState;
use sluice_model::{Code, Filter, Query, Related, Request, Row, Uuid};

use crate::world::{Duplicates, contact, exact, job};

/// Which contacts have the same owner as one that has the same owner as one …: who has none of that name looks at all
/// ways through them.
fn endless() -> Filter {
    (0..8).fold(Filter::eq("lastname", "nonesuch"), |filter, _| {
        Filter::Related(Box::new(Related {
            column: "ownerid".into(),
            table: "contact".into(),
            other: "ownerid".into(),
            filter,
        }))
    })
}

fn bulk(query: Query) -> Request {
    Request::new("BulkDetectDuplicates")
        .with("Query", query)
        .with("JobName", "mess")
}

/// Rules for contacts, forty of these, and a transaction that takes a second.
fn world() -> Duplicates {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    for number in 0..40 {
        world.admin.create(contact("Bulk", &format!("{number}@bulk.example")));
    }
    let row = world.admin.list(Query::new("organization").columns(&[])).remove(0);
    world
        .admin
        .update(Row::new("organization", row.id).with("sl_transactionlimit", 1));
    world
}

fn is_over(error: &sluice_model::Error) {
    assert_eq!(error.code(), Code::MESSAGE_TIMEOUT, "{error}");
    let limit = error.body().limit.as_ref().unwrap();
    assert_eq!((&*limit.name, limit.allowed), ("limits.transaction", 1_000));
}

#[test]
fn a_question_in_a_transaction_ends_with_it() {
    let world = world();
    let list = Query::new("contact").filter(endless());
    let before = world.counts();
    let asked = world.admin.0.batch(|batch| {
        batch.execute(Request::create(contact("Bulk", "new@bulk.example")))?;
        batch.execute(Request::retrieve_multiple(list.clone()))
    });
    is_over(&asked.unwrap_err());
    assert_eq!(world.counts(), before, "what was done before it is undone");
    // It stood in nobody's way for longer, and the next ones have their own time.
    world.admin.create(contact("Bulk", "next@bulk.example"));
}

#[test]
fn a_job_that_takes_too_long_fails_once_and_for_all() {
    let world = world();
    let contacts = Query::new("contact").filter(Filter::eq("lastname", "Bulk"));
    let job = job(&world.admin.0.execute(bulk(contacts)).unwrap());
    asks(&world, job, endless());
    let outcome = world.run(job);
    assert_eq!(outcome.state, JobState::Failed, "{}", outcome.message);
    let row = world.admin.get("asyncoperation", job);
    assert_eq!(row.int("errorcode"), Some(Code::MESSAGE_TIMEOUT.signed()));
    assert!(row.text("message").unwrap().contains("used up its time"), "{row:?}");
    assert!(world.run(job).ended_before, "nobody begins it again");
    world.admin.create(contact("Bulk", "next@bulk.example"));
}

/// Puts a filter into a job that is there: nobody may ask for one with links now.
fn asks(world: &Duplicates, job: Uuid, filter: Filter) {
    let file = rusqlite::Connection::open(world.org.path()).unwrap();
    let key = job.as_bytes().as_slice();
    let of_job = "WHERE asyncoperationid = ?1";
    let data: String = file
        .query_row(&format!("SELECT data FROM asyncoperation {of_job}"), [key], |row| {
            row.get(0)
        })
        .unwrap();
    let mut data: serde_json::Value = serde_json::from_str(&data).unwrap();
    data["query"]["filter"] = serde_json::to_value(filter).unwrap();
    let sql = format!("UPDATE asyncoperation SET data = ?2 {of_job}");
    let changed = file.execute(&sql, rusqlite::params![key, data.to_string()]).unwrap();
    assert_eq!(changed, 1);
}

#[test]
fn duplicates_are_not_looked_for_along_links_to_several_rows() {
    let world = world();
    let ask = |filter: Filter| world.admin.0.execute(bulk(Query::new("contact").filter(filter)));
    let of = |column: &str, table: &str, other: &str, filter: Filter| {
        Filter::Related(Box::new(Related {
            column: column.into(),
            table: table.into(),
            other: other.into(),
            filter,
        }))
    };
    let named = || {
        of(
            "owninguser",
            "systemuser",
            "systemuserid",
            Filter::eq("domainname", "admin"),
        )
    };
    ask(named()).unwrap();
    let several = of("contactid", "lead", "parentcontactid", Filter::All);
    for refused in [
        several.clone(),
        several.clone().negated(),
        named().and(several),
        of("owninguser", "systemuser", "systemuserid", of_users()),
    ] {
        let error = ask(refused).unwrap_err();
        assert_eq!(error.code(), Code::INVALID_ARGUMENT, "{error}");
        assert!(error.message().contains("rows of one table"), "{error}");
    }
}

/// A condition on a user that leads to the contacts of that user.
fn of_users() -> Filter {
    Filter::Related(Box::new(Related {
        column: "systemuserid".into(),
        table: "contact".into(),
        other: "owninguser".into(),
        filter: Filter::All,
    }))
}
