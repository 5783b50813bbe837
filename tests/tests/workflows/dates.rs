//! Points in time that are so much later or earlier than what a row has, and waits until them.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use sluice_engine::JobState;
use sluice_model::{Query, Reference, Row, Uuid, Value};
use sluice_tests::clock::Clock;

use crate::{
    background::{SUCCEEDED, WAITING, at_nine, background, jobs, resume, status},
    world::{Workplace, account, spec, switch, task},
};

fn day(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

fn time(text: &str) -> Value {
    Value::DateTime(text.parse().unwrap())
}

fn opportunity(closes: &str) -> Row {
    Row::unsaved("opportunity")
        .with("name", "Deal")
        .with("estimatedclosedate", day(closes))
}

/// A workflow for opportunities, which begins when one is made.
fn of_opportunities(mode: &str, actions: Json) -> String {
    let more = json!({ "table": "opportunity", "mode": mode, "on": { "create": true } });
    spec("dates", &more, actions)
}

fn closes(days: i32) -> Json {
    json!({ "column": "estimatedclosedate", "plus": { "days": days } })
}

#[test]
fn a_value_is_so_much_later_or_earlier_than_a_column() {
    let (world, _) = at_nine();
    world.active(&of_opportunities(
        "real-time",
        json!([
            { "create": { "table": "task", "as": "t", "set": {
                "subject": { "text": ["due ", closes(-3)] },
                "scheduledend": closes(-3),
                "scheduledstart": { "now": { "months": 1, "weeks": -1 } },
                "description": { "text": [{ "first": [{ "column": "actualclosedate" }, { "column": "createdon" }],
                                            "plus": { "years": 1, "hours": 1 } }] },
            } } },
            { "update": { "set": { "actualclosedate": { "column": "estimatedclosedate", "plus": { "months": 1 } } } } },
        ]),
    ));
    let row = world.admin.create(opportunity("2026-03-31"));
    let columns = ["subject", "scheduledstart", "scheduledend", "description"];
    let made = world.admin.list(Query::new("task").columns(&columns)).remove(0);
    assert_eq!(made.text("subject"), Some("due 2026-03-28"));
    assert_eq!(made.get("scheduledend"), Some(&time("2026-03-28T00:00:00Z")));
    assert_eq!(made.get("scheduledstart"), Some(&time("2026-03-26T09:00:00Z")));
    assert_eq!(made.text("description"), Some("2027-03-02T10:00:00Z"));
    let row = world.admin.get("opportunity", row);
    assert_eq!(row.get("actualclosedate"), Some(&day("2026-04-30")));
}

#[test]
fn a_condition_compares_with_a_time_that_is_moved() {
    let (world, _) = at_nine();
    let compare =
        |column: &str, is: &str, value: Json| json!({ "compare": { "column": column, "is": is, "value": value } });
    let within_a_week = compare("estimatedclosedate", "le", json!({ "now": { "weeks": 1 } }));
    let made_late = compare("createdon", "gt", closes(-2));
    let check = |condition: &Json, told: &str| json!({ "check": { "if": condition, "then": [task(json!(told))] } });
    world.active(&of_opportunities(
        "real-time",
        json!([check(&within_a_week, "soon"), check(&made_late, "late")]),
    ));
    for (closes, told) in [
        ("2026-03-20", &[][..]),
        ("2026-03-05", &["soon"]),
        ("2026-03-03", &["soon", "late"]),
    ] {
        let before = world.told().len();
        world.admin.create(opportunity(closes));
        assert_eq!(world.told()[before..], *told, "{closes}");
    }
}

#[test]
fn only_what_is_a_time_is_moved() {
    let world = Workplace::new();
    for (value, told) in [
        (
            json!({ "column": "name", "plus": { "days": 1 } }),
            "what is moved by `plus` is no point in time",
        ),
        (
            json!({ "row": {}, "plus": { "days": 1 } }),
            "`plus` goes with the point in time",
        ),
        (
            json!({ "now": {}, "plus": { "days": 1 } }),
            "`plus` goes with the point in time",
        ),
        (
            json!({ "column": "createdon", "plus": { "fortnights": 1 } }),
            "unknown field `fortnights`, expected one of",
        ),
        (json!({ "now": { "years": 30_000 } }), "is beyond the calendar"),
    ] {
        let made = json!([{ "create": { "table": "task", "set": { "subject": "x", "scheduledend": value } } }]);
        let text = spec("w", &json!({ "on": { "create": true } }), made);
        let row = sluice_platform::WorkflowSpec::parse(&text).map(|spec| spec.row());
        let error = row.and_then(|row| world.admin.try_create(row)).unwrap_err();
        assert!(error.message().contains(told), "{error}");
    }
    let number = json!([{ "update": { "set": { "numberofemployees": { "column": "createdon", "plus": {} } } } }]);
    let text = spec("w", &json!({ "on": { "create": true } }), number);
    let row = sluice_platform::WorkflowSpec::parse(&text).unwrap().row();
    let error = world.admin.try_create(row).unwrap_err();
    assert!(error.message().contains("does not take a point in time"), "{error}");
}

/// One opportunity, and the run that waits until three days before it closes.
fn waits_for_closing(more: Json, closing: &str) -> (Workplace, Arc<Clock>, Uuid, Uuid) {
    let (world, clock) = at_nine();
    let mut wait = json!({ "until": closes(-3) });
    for (key, value) in more.as_object().unwrap() {
        wait[key] = value.clone();
    }
    let actions = json!([{ "wait": wait }, task(json!("remind"))]);
    world.active(&of_opportunities("background", actions));
    let row = match closing {
        "" => Row::unsaved("opportunity").with("name", "Deal"),
        closing => opportunity(closing),
    };
    let row = world.admin.create(row);
    let job = jobs(&world).remove(0);
    assert_eq!(status(&job), WAITING);
    (world, clock, row, job.id)
}

fn waits_until(world: &Workplace) -> Option<Value> {
    jobs(world)[0]
        .get("postponeuntil")
        .cloned()
        .filter(|until| !until.is_null())
}

#[test]
fn a_run_waits_until_so_long_before_a_date_of_its_row_also_where_that_is_moved() {
    let (world, clock, row, job) = waits_for_closing(json!({}), "2026-04-30");
    assert_eq!(waits_until(&world), Some(time("2026-04-27T00:00:00Z")));
    let moved = |to: &str| {
        world
            .admin
            .update(Row::new("opportunity", row).with("estimatedclosedate", day(to)));
    };
    moved("2026-05-30");
    assert_eq!(waits_until(&world), Some(time("2026-05-27T00:00:00Z")));
    clock.set("2026-04-28T09:00:00Z");
    assert!(world.admin.0.due_jobs().unwrap().is_empty(), "it is due a month later");
    assert_eq!(resume(&world, job), JobState::Waiting);
    // Of other columns nothing comes.
    world.admin.update(Row::new("opportunity", row).with("name", "Other"));
    assert!(world.told().is_empty());
    moved("2026-04-30");
    assert_eq!(world.told(), ["remind"], "the time is past");
    assert_eq!(status(&jobs(&world)[0]), SUCCEEDED);
}

#[test]
fn a_run_waits_until_a_date_is_filled_in() {
    let (world, clock, row, job) = waits_for_closing(json!({}), "");
    let waits = jobs(&world).remove(0);
    assert_eq!(
        (waits_until(&world), waits.bool("iswaitingforevent")),
        (None, Some(true))
    );
    clock.pass_days(400);
    assert!(world.admin.0.due_jobs().unwrap().is_empty());
    assert_eq!(resume(&world, job), JobState::Waiting);
    let filled = Row::new("opportunity", row).with("estimatedclosedate", day("2027-08-30"));
    world.admin.update(filled);
    assert_eq!(waits_until(&world), Some(time("2027-08-27T00:00:00Z")));
    let emptied = Row::new("opportunity", row).with("estimatedclosedate", Value::Null);
    world.admin.update(emptied);
    assert_eq!(waits_until(&world), None);
}

/// What is so much later than now is reckoned from the beginning of the wait, however often the run looks.
#[test]
fn the_end_of_a_wait_is_counted_from_its_beginning() {
    let until = json!({ "first": [{ "column": "actualclosedate" }, { "now": { "days": 2 } }] });
    let condition = json!({ "compare": { "column": "createdon", "is": "lt", "value": { "now": { "days": -3 } } } });
    let (world, clock, row, job) = waits_for_closing(json!({ "until": until }), "2026-04-30");
    assert_eq!(waits_until(&world), Some(time("2026-03-04T09:00:00Z")));
    clock.pass_days(1);
    assert_eq!(resume(&world, job), JobState::Waiting);
    assert_eq!(waits_until(&world), Some(time("2026-03-04T09:00:00Z")));
    let closed = |to: Value| {
        world
            .admin
            .update(Row::new("opportunity", row).with("actualclosedate", to))
    };
    closed(day("2026-03-08"));
    assert_eq!(waits_until(&world), Some(time("2026-03-08T00:00:00Z")));
    closed(Value::Null);
    assert_eq!(waits_until(&world), Some(time("2026-03-04T09:00:00Z")));
    clock.pass_days(1);
    assert_eq!(resume(&world, job), JobState::Succeeded);

    // A condition is about the time at which it is looked at.
    let until = json!({ "now": { "years": 1 } });
    let (world, clock, _, job) = waits_for_closing(json!({ "until": until, "for": condition }), "2026-04-30");
    clock.pass_days(2);
    assert_eq!(resume(&world, job), JobState::Waiting);
    clock.pass_days(2);
    assert_eq!(resume(&world, job), JobState::Succeeded);
}

/// Whoever puts a run off is obeyed: nothing wakes it before, and then it looks again.
#[test]
fn a_run_that_was_postponed_is_not_woken() {
    let (world, clock, row, job) = waits_for_closing(json!({}), "2026-04-30");
    let put_off = Row::new("asyncoperation", job).with("postponeuntil", time("2026-03-02T11:00:00Z"));
    world.admin.update(put_off);
    let past = Row::new("opportunity", row).with("estimatedclosedate", day("2026-01-01"));
    world.admin.update(past);
    assert!(world.told().is_empty());
    assert_eq!(waits_until(&world), Some(time("2026-03-02T11:00:00Z")));
    clock.pass_hours(3);
    assert_eq!(world.admin.0.due_jobs().unwrap(), [job]);
    assert_eq!(resume(&world, job), JobState::Succeeded);
}

/// A run is woken by what its own version waits for, whatever the workflow waits for by now.
#[test]
fn a_run_of_an_earlier_version_is_woken() {
    let world = Workplace::new();
    let waits = |column: &str| {
        let wait = json!({ "compare": { "column": column, "is": "has-data" } });
        json!([{ "wait": { "for": wait } }, task(json!(column))])
    };
    let id = world.active(&background("later", &json!({ "on": { "create": true } }), waits("fax")));
    let rows: Vec<Uuid> = (0..3)
        .map(|number| world.admin.create(account(&format!("A{number}"))))
        .collect();
    for change in [
        json!({ "actions": waits("telephone1") }),
        json!({ "actions": [task(json!("at once"))] }),
    ] {
        switch(&world.admin, id, false).unwrap();
        let change = Row::new("workflow", id).with("clientdata", change.to_string());
        world.admin.update(change.clone());
        switch(&world.admin, id, true).unwrap();
        let told = world.told().len();
        world.admin.update(Row::new("account", rows[told]).with("fax", "1"));
        assert_eq!(world.told()[told..], ["fax"]);
    }
    switch(&world.admin, id, false).unwrap();
    world
        .admin
        .update(Row::new("workflow", id).with("mode", Value::Choice(1)));
    switch(&world.admin, id, true).unwrap();
    world.admin.update(Row::new("account", rows[2]).with("fax", "1"));
    assert_eq!(world.told(), ["fax", "fax", "fax"]);
    let change = json!({ "actions": [task(json!("x"))], "awaited": ["fax"] }).to_string();
    switch(&world.admin, id, false).unwrap();
    let error = world
        .admin
        .try_update(Row::new("workflow", id).with("clientdata", change))
        .unwrap_err();
    assert!(error.message().contains("what is `awaited`"), "{error}");
}

/// Nothing that happens to another row wakes a run: it looks again.
#[test]
fn a_date_of_another_row_is_looked_at_again() {
    let (world, clock) = at_nine();
    let until = json!({ "column": "birthdate", "row": { "related": "primarycontactid" }, "plus": { "years": 60 } });
    let actions = json!([{ "wait": { "until": until } }, task(json!("greet"))]);
    world.active(&background("greet", &json!({ "on": { "create": true } }), actions));
    let person = Row::unsaved("contact")
        .with("lastname", "Berg")
        .with("birthdate", day("1970-03-02"));
    let person = world.admin.create(person);
    let row = account("Novak").with("primarycontactid", Reference::new("contact", person));
    world.admin.create(row);
    assert_eq!(waits_until(&world), Some(time("2026-03-02T09:10:00Z")));
    world
        .admin
        .update(Row::new("contact", person).with("birthdate", day("1960-03-02")));
    clock.pass_minutes(11);
    let due = world.admin.0.due_jobs().unwrap();
    assert_eq!(resume(&world, due[0]), JobState::Succeeded);
    assert_eq!(world.told(), ["greet"]);
}

/// As one of a list does: what is shown is what is compared.
#[test]
fn a_condition_on_a_time_speaks_of_the_whole_second() {
    let (world, clock) = at_nine();
    clock.set("2026-03-02T09:00:00.4Z");
    let compare = |column: &str, is: &str, value: Json| json!({ "column": column, "is": is, "value": value });
    let made = |is: &str| compare("createdon", is, json!("2026-03-02T09:00:00Z"));
    let conditions = [
        (
            "kept eq made",
            compare("scheduledend", "eq", json!({ "column": "createdon" })),
        ),
        (
            "kept ge made",
            compare("scheduledend", "ge", json!({ "column": "createdon" })),
        ),
        (
            "kept lt made",
            compare("scheduledend", "lt", json!({ "column": "createdon" })),
        ),
        ("made eq", made("eq")),
        ("made ne", made("ne")),
        ("made le", made("le")),
        ("made gt", made("gt")),
        (
            "kept eq .9",
            compare("scheduledend", "eq", json!("2026-03-02T09:00:00.9Z")),
        ),
        (
            "made lt .9",
            compare("createdon", "lt", json!("2026-03-02T09:00:00.9Z")),
        ),
        (
            "kept eq first",
            compare(
                "scheduledend",
                "eq",
                json!({ "first": ["2026-03-02T09:00:00.9Z"], "plus": {} }),
            ),
        ),
    ];
    let told = |name: &str| {
        let text = json!({ "append": { "text": [name, "; "] } });
        json!([{ "update": { "set": { "description": text } } }])
    };
    let checks = conditions
        .iter()
        .map(|(name, compare)| json!({ "check": { "if": { "compare": compare }, "then": told(name) } }));
    let keeps = json!({ "update": { "set": { "scheduledend": { "column": "createdon" } } } });
    let actions: Vec<Json> = std::iter::once(keeps).chain(checks).collect();
    let more = json!({ "table": "task", "on": { "create": true } });
    world.active(&spec("times", &more, json!(actions)));
    let id = world.admin.create(Row::unsaved("task").with("subject", "t"));
    assert_eq!(
        world.admin.get("task", id).text("description"),
        Some("kept eq made; kept ge made; made eq; made le; kept eq .9; kept eq first; ")
    );
}
