//! Bulk detection: every duplicate of a list of rows, as a job.

use std::sync::atomic::AtomicBool;

use sluice_engine::JobState;
use sluice_model::{Depth, Error, Filter, Query, Reference, Request, Response, Row, Uuid, Value};
use sluice_tests::{Actor, people};

use crate::world::{Condition, Duplicates, account, code, contact, exact, grant, job, pairs};

fn request(query: Query) -> Request {
    Request::new("BulkDetectDuplicates")
        .with("Query", query)
        .with("JobName", "mess")
}

fn detect(world: &Duplicates, request: Request) -> Result<Response, Error> {
    world.admin.0.execute(request)
}

/// Runs a job over a query; the job.
fn found(world: &Duplicates, query: Query) -> Uuid {
    let job = job(&detect(world, request(query)).unwrap());
    assert_eq!(world.run(job).state, JobState::Succeeded);
    job
}

fn contacts() -> Query {
    Query::new("contact").filter(Filter::eq("lastname", "Bulk"))
}

fn bulk(world: &Duplicates, email: &str) -> Uuid {
    world.admin.create(contact("Bulk", email))
}

#[test]
fn each_pair_once_by_the_rule_that_found_it() {
    let world = Duplicates::new();
    let rule = world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let mut three = [(); 3].map(|()| bulk(&world, "a@bulk.example"));
    three.sort();
    let [one, two, three] = three;
    bulk(&world, "b@bulk.example");
    bulk(&world, "");
    let job = found(&world, contacts());
    let mut expected = [[one, two], [one, three], [two, three]];
    expected.sort();
    assert_eq!(pairs(&world, job), expected);
    let records = world
        .admin
        .list(Query::new("duplicaterecord").filter(Filter::eq("asyncoperationid", job)));
    assert!(records.iter().all(|row| row.id_of("duplicateruleid") == Some(rule)));
    assert!(records.iter().all(|row| row.id_of("ownerid") == Some(world.admin.id())));
    let row = world.admin.get("asyncoperation", job);
    assert_eq!(
        (row.text("message"), row.text("name")),
        (Some("3 duplicates found"), Some("mess"))
    );
}

#[test]
fn a_filter_narrows_the_rows_and_not_what_they_are_compared_with() {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let older = bulk(&world, "a@bulk.example");
    let newer = bulk(&world, "a@bulk.example");
    for only in [older, newer] {
        let job = found(&world, Query::new("contact").filter(Filter::eq("contactid", only)));
        let other = if only == older { newer } else { older };
        assert_eq!(pairs(&world, job), [[only, other]]);
    }
}

#[test]
fn several_rules_and_another_table() {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    world.rule(
        "phone",
        ["contact", "contact"],
        &[Condition("telephone1", "telephone2", 0, None, false)],
    );
    world.rule("company", ["contact", "account"], &[exact("fax")]);
    let row = |one: &str, two: &str| {
        contact("Bulk", "a@bulk.example")
            .with("telephone1", one)
            .with("telephone2", two)
    };
    let (one, two) = (
        world.admin.create(row("12", "34")),
        world.admin.create(row("34", "56").with("fax", "78")),
    );
    let company = world.admin.create(account("x").with("fax", "7-8"));
    let job = found(&world, contacts());
    // By the address once, in the order of the ids; by the phones only the second has what the
    // first one's other is.
    let mut by_address = [one, two];
    by_address.sort();
    let mut expected = [by_address, [two, one], [two, company]];
    expected.sort();
    assert_eq!(pairs(&world, job), expected);
}

#[test]
fn a_job_sees_what_its_owner_sees() {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let ask = || world.seller.0.execute(request(contacts()));
    assert_eq!(
        ask().unwrap_err().body().privilege.as_deref(),
        Some("prvCreateAsyncOperation")
    );
    grant(&world.admin, [("prvCreateAsyncOperation", 0)]);
    let of = |owner: Uuid| {
        let row = contact("Bulk", "a@bulk.example").with("ownerid", Reference::new("systemuser", owner));
        world.admin.create(row)
    };
    let mut own = [of(world.seller.id()), of(world.seller.id())];
    own.sort();
    of(world.org.actor("manager").id());
    let job = job(&ask().unwrap());
    let outcome = world.seller.0.run_job(job, &AtomicBool::new(false), &|_| {}).unwrap();
    assert_eq!(outcome.state, JobState::Succeeded);
    assert_eq!(pairs(&world, job), [own]);
    // Also where the administrator runs it.
    let again = crate::world::job(&ask().unwrap());
    world.run(again);
    assert_eq!(pairs(&world, again), [own]);
    // Whoever it is given to: it is done for whoever asked for it.
    let given = crate::world::job(&ask().unwrap());
    let give = Request::new("Assign")
        .with("Target", Reference::new("asyncoperation", given))
        .with("Assignee", Reference::new("systemuser", world.admin.id()));
    world.admin.0.execute(give).unwrap();
    world.run(given);
    assert_eq!(pairs(&world, given), [own]);
}

/// A world with so many contacts that are alike that there are more pairs than a job reports.
fn alike() -> Duplicates {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    world
        .admin
        .0
        .batch(|batch| (0..102).try_for_each(|_| batch.create(contact("Bulk", "a@bulk.example")).map(|_| ())))
        .unwrap();
    world
}

/// A message gives a page; who lists gets all that they ask for.
#[test]
fn a_list_goes_on_behind_a_page() {
    let world = alike();
    found(&world, contacts());
    found(&world, contacts());
    let all = || Query::new("duplicaterecord").columns(&[]);
    assert_eq!(world.admin.list(all()).len(), 10_000);
    assert_eq!(world.admin.list(all().top(7_000)).len(), 7_000);
    assert_eq!(world.admin.list(all().top(5_000)).len(), 5_000);
}

#[test]
fn a_job_reports_five_thousand_at_most() {
    let world = alike();
    let job = found(&world, contacts());
    let found = world.admin.list(
        Query::new("duplicaterecord")
            .columns(&[])
            .filter(Filter::eq("asyncoperationid", job)),
    );
    assert_eq!(found.len(), 5_000, "of 5,151");
    let told = world.admin.get("asyncoperation", job);
    assert!(told.text("message").unwrap().contains("reports no more"), "{told:?}");
}

#[test]
fn it_needs_published_rules_and_a_recurrence_in_days() {
    let world = Duplicates::new();
    assert_eq!(code(detect(&world, request(contacts()))), "0x80048436");
    let rule = world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let with = |name: &str, value: &str| detect(&world, request(contacts()).with(name, value));
    assert_eq!(code(with("RecurrencePattern", "FREQ=WEEKLY;INTERVAL=1;")), "0x8004D2A0");
    assert_eq!(code(with("RecurrenceStartTime", "soon")), "0x80040203");
    assert_eq!(
        code(detect(&world, request(contacts()).with("JobName", " "))),
        "0x80040203"
    );
    // Rules that go before the job runs.
    let job = job(&detect(&world, request(contacts())).unwrap());
    world.unpublish(rule);
    let outcome = world.run(job);
    assert_eq!(outcome.state, JobState::Succeeded);
    assert!(outcome.message.contains("no rule is published"), "{outcome:?}");
}

#[test]
fn a_job_recurs_and_waits() {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let daily = request(contacts()).with("RecurrencePattern", "FREQ=DAILY;INTERVAL=2;");
    let first = job(&detect(&world, daily.clone()).unwrap());
    let start = world
        .admin
        .get("asyncoperation", first)
        .get("createdon")
        .unwrap()
        .as_time()
        .unwrap();
    assert_eq!(world.admin.0.due_jobs().unwrap(), [first]);
    world.run(first);
    let waiting = Filter::eq("statuscode", Value::Choice(10));
    let next = world.admin.list(Query::new("asyncoperation").filter(waiting)).remove(0);
    assert_eq!(next.text("recurrencepattern"), Some("FREQ=DAILY;INTERVAL=2;"));
    let when = next.get("postponeuntil").unwrap().as_time().unwrap();
    assert_eq!(
        when.duration_since(start).as_secs() % (2 * 86_400),
        0,
        "at the same time of the day"
    );
    assert!(when > next.get("createdon").unwrap().as_time().unwrap());
    assert!(world.admin.0.due_jobs().unwrap().is_empty(), "it waits");
    let pattern = |pattern: &str| Row::new("asyncoperation", next.id).with("recurrencepattern", pattern);
    let refused = world.admin.try_update(pattern("FREQ=DAILY;INTERVAL=7;")).unwrap_err();
    assert!(
        refused
            .message()
            .contains("the platform fills column `recurrencepattern`"),
        "{refused}"
    );

    // One that would have run again since does not begin in the past; a moment ago is now.
    let at = |start: sluice_model::Timestamp| daily.clone().with("RecurrenceStartTime", Value::DateTime(start));
    let error = detect(&world, at("2020-01-01T06:00:00Z".parse().unwrap())).unwrap_err();
    assert!(error.message().contains("begin in the past"), "{error}");
    let later = job(&detect(&world, at(start)).unwrap());
    assert_eq!(world.admin.0.due_jobs().unwrap(), [later]);
}

#[test]
fn whoever_wants_to_is_told() {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let tell = || request(contacts()).with("SendEmailNotification", true);
    assert_eq!(code(detect(&world, tell())), "0x80048422", "admin has no address");
    let seller = Reference::new("systemuser", world.seller.id());
    let job = job(&detect(&world, tell().with("ToRecipients", seller)).unwrap());
    world.run(job);
    let email = world.admin.list(Query::new("email")).remove(0);
    assert_eq!(email.text("torecipients"), Some("seller.west@contoso.example"));
    assert!(
        email.text("description").unwrap().contains("0 duplicates found"),
        "{email:?}"
    );
    assert_eq!(email.int("statuscode"), Some(6), "pending send");
}

#[test]
fn results_are_worked_on_and_go_with_their_rows_and_jobs() {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let mut three = [(); 3].map(|()| bulk(&world, "a@bulk.example"));
    three.sort();
    let job = found(&world, contacts());
    // Deleted, by somebody who cannot even see the results.
    let seller = Reference::new("systemuser", world.seller.id());
    world
        .admin
        .update(Row::new("contact", three[0]).with("ownerid", seller));
    grant(&world.admin, [("prvDeleteContact", 0)]);
    world.seller.try_delete("contact", three[0]).unwrap();
    assert_eq!(pairs(&world, job), [[three[1], three[2]]]);
    // Deactivated and edited, the pair stays on record.
    world
        .admin
        .update(Row::new("contact", three[1]).with("statecode", Value::Choice(1)));
    world
        .admin
        .update(Row::new("contact", three[2]).with("emailaddress1", "other@bulk.example"));
    assert_eq!(pairs(&world, job).len(), 1);
    world.admin.try_delete("asyncoperation", job).unwrap();
    assert_eq!(pairs(&world, job), [] as [[Uuid; 2]; 0]);
}

#[test]
fn two_at_the_same_instant_may_both_pass_and_the_job_finds_them() {
    let world = Duplicates::new();
    world.rule("name", ["account", "account"], &[exact("name")]);
    let names: Vec<String> = (0..20).map(|number| format!("Twins {number}")).collect();
    let made = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    names
                        .iter()
                        .filter_map(|name| crate::world::create(&world.admin, account(name)).ok())
                        .count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    assert!((20..=40).contains(&made), "{made}");
    let twins = Filter::Compare {
        column: "name".into(),
        comparison: sluice_model::Comparison::StartsWith,
        value: Value::from("Twins"),
    };
    let job = found(&world, Query::new("account").filter(twins));
    assert_eq!(pairs(&world, job).len(), made - 20);
}

#[test]
fn a_filter_may_look_at_related_rows() {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let (one, two) = (bulk(&world, "a@bulk.example"), bulk(&world, "a@bulk.example"));
    let surroundings = world.admin.0.surroundings().unwrap();
    let contact = surroundings.catalog.table("contact").unwrap();
    let filter = sluice_model::odata::filter(&surroundings, contact, "createdby/fullname ne 'nobody'").unwrap();
    let job = found(&world, Query::new("contact").filter(filter));
    let mut pair = [one, two];
    pair.sort();
    assert_eq!(pairs(&world, job), [pair]);
}

#[test]
fn a_row_that_was_merged_before_the_rule_was_published_is_no_duplicate() {
    let world = Duplicates::new();
    let (keep, other) = (bulk(&world, "a@bulk.example"), bulk(&world, "a@bulk.example"));
    let merge = Request::new("Merge")
        .with("Target", Reference::new("contact", keep))
        .with("SubordinateId", Reference::new("contact", other));
    world.admin.0.execute(merge).unwrap();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let job = found(&world, contacts());
    assert!(pairs(&world, job).is_empty());
    // Taken up again it is a row as any other.
    let again = Row::new("contact", other)
        .with("statecode", Value::Choice(0))
        .with("statuscode", Value::Choice(1));
    world.admin.update(again);
    let row = world.admin.get("contact", other);
    assert_eq!((row.bool("merged"), row.lookup("masterid")), (Some(false), None));
    let job = found(&world, contacts());
    assert_eq!(pairs(&world, job).len(), 1);
}

/// Who asks on behalf of somebody learns what both may read, also by a job.
#[test]
fn a_job_on_behalf_of_somebody_finds_what_both_may_read() {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    bulk(&world, "a@bulk.example");
    bulk(&world, "a@bulk.example");
    let rights = [
        ("prvActOnBehalfOfAnotherUser", Depth::Organization),
        ("prvReadUser", Depth::Organization),
        ("prvReadDuplicateRule", Depth::Organization),
        ("prvReadContact", Depth::User),
        ("prvReadAsyncOperation", Depth::User),
        ("prvWriteAsyncOperation", Depth::User),
        ("prvCreateAsyncOperation", Depth::User),
    ];
    let rights = rights.map(|(privilege, depth)| (privilege.to_owned(), depth));
    let helper = people::user(&world.org, "helper", &rights);
    let both = Actor(helper.0.on_behalf_of(world.admin.id()));
    let job = job(&both.0.execute(request(contacts())).unwrap());
    let resumed = both.0.run_job(job, &AtomicBool::new(false), &|_| {});
    assert_eq!(code(resumed), "0x80048306");
    assert_eq!(world.run(job).state, JobState::Succeeded);
    assert!(pairs(&world, job).is_empty());
}

/// What a job was refused that is about a table, and no row of it, is told to those who read all of the table's rows.
#[test]
fn what_a_job_over_a_table_was_refused_is_told_to_who_reads_the_table() {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let user = |name: &str, depth: Depth| {
        let tables = ["AsyncOperation", "DuplicateRule"];
        let mut rights = people::privileges(&["Read", "Create", "Write"], &tables, Depth::Organization);
        rights.extend(people::privileges(&["Read"], &["Contact"], depth));
        people::user(&world.org, name, &rights)
    };
    let asker = user("asker", Depth::Organization);
    let job = job(&asker.0.execute(request(contacts())).unwrap());
    world
        .admin
        .update(Row::new("systemuser", asker.id()).with("isdisabled", true));
    assert_eq!(world.run(job).state, JobState::Failed);
    let told = |reader: &Actor| reader.get("asyncoperation", job).text("message").unwrap().to_owned();
    let known = told(&world.admin);
    assert!(known.contains("disabled"), "{known}");
    assert_eq!(told(&user("all", Depth::Organization)), known);
    let some = told(&user("some", Depth::BusinessUnit));
    assert!(some.starts_with("(not shown"), "{some}");
}

/// Of a job people write its state, when it goes on, and whose it is; of one that has ended nothing.
#[test]
fn what_people_write_of_a_job_is_a_list() {
    let world = Duplicates::new();
    world.rule("address", ["contact", "contact"], &[exact("emailaddress1")]);
    let waiting = job(&detect(&world, request(contacts())).unwrap());
    let ended = found(&world, contacts());
    let row = |id: Uuid| Row::new("asyncoperation", id);
    for change in [
        row(waiting).with(
            "recurrencestarttime",
            Value::DateTime("2020-01-01T00:00:00Z".parse().unwrap()),
        ),
        row(waiting).with("retainjobhistory", true),
        row(ended).with("retainjobhistory", true),
    ] {
        assert_eq!(code(world.admin.try_update(change)), "0x80040235");
    }
    grant(&world.admin, [("prvReadAsyncOperation", 0)]);
    let owner = |user: Uuid| Value::Lookup(Reference::new("systemuser", user));
    let to_seller = row(ended).with("ownerid", owner(world.seller.id()));
    assert_eq!(code(world.admin.try_update(to_seller)), "0x80044162");
    world
        .admin
        .update(row(waiting).with("ownerid", owner(world.seller.id())));
}
