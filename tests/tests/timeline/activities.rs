//! Activities and those who take part in them.

use sluice_model::{Code, Depth, Error, Filter, Query, Reference, Request, Row, Uuid, Value};
use sluice_tests::{Actor, Organisation, people};

use crate::lead;

fn task(actor: &Actor, about: Uuid) -> Uuid {
    actor.create(
        Row::unsaved("task")
            .with("subject", "Send the offer")
            .with("regardingobjectid", Reference::new("lead", about)),
    )
}

fn party(activity: Uuid, who: &Reference) -> Row {
    Row::unsaved("activityparty")
        .with("activityid", Reference::new("task", activity))
        .with("partyid", who.clone())
        .with("participationtypemask", Value::Choice(9))
}

fn parties(actor: &Actor, activity: Uuid) -> Vec<Row> {
    actor.list(Query::new("activityparty").filter(Filter::eq("activityid", activity)))
}

#[test]
fn closing_an_activity_says_when() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let [done, dropped, open] = [(); 3].map(|()| task(&admin, lead(&admin)));
    admin.update(Row::new("task", done).with("statecode", Value::Choice(1)));
    let then = "2026-01-31T09:00:00Z".parse::<sluice_model::Timestamp>().unwrap();
    admin.update(
        Row::new("task", dropped)
            .with("statecode", Value::Choice(2))
            .with("actualend", then),
    );
    admin.update(Row::new("task", open).with("statuscode", Value::Choice(3)));
    let row = |id| admin.get("task", id);
    assert_eq!(row(done).int("statuscode"), Some(5));
    // A column holds seconds; when a row was changed is kept to the fraction.
    let seconds = |column| {
        row(done)
            .get(column)
            .and_then(Value::as_time)
            .map(sluice_model::json::whole_seconds)
    };
    assert_eq!(seconds("actualend"), seconds("modifiedon"));
    assert_eq!(row(dropped).get("actualend"), Some(&Value::DateTime(then)));
    assert_eq!(row(open).get("actualend"), None);
}

#[test]
fn those_who_take_part_belong_to_the_activity() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let rights = people::privileges(
        &["Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign"],
        &["Activity", "Lead"],
        Depth::User,
    );
    let [anna, ben] = ["anna", "ben"].map(|name| people::user(&organisation, name, &rights));
    let about = lead(&anna);
    let activity = task(&anna, about);
    let who = Reference::new("lead", about);
    anna.create(party(activity, &who));
    // Whoever else adds somebody: the row is the activity's.
    admin.create(party(activity, &who));
    let owners = |actor: &Actor| -> Vec<Option<Uuid>> {
        parties(actor, activity)
            .iter()
            .map(|row| row.id_of("ownerid"))
            .collect()
    };
    assert_eq!(owners(&anna), [Some(anna.id()); 2]);
    let assign = Request::new("Assign")
        .with("Target", Reference::new("task", activity))
        .with("Assignee", Reference::new("systemuser", ben.id()));
    anna.0.execute(assign).unwrap();
    assert_eq!(owners(&ben), [Some(ben.id()); 2]);
    assert!(owners(&anna).is_empty());
    ben.try_delete("task", activity).unwrap();
    assert!(parties(&admin, activity).is_empty());
}

#[test]
fn an_activity_goes_with_the_row_that_it_is_about() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let about = lead(&admin);
    let activity = task(&admin, about);
    admin.create(party(activity, &Reference::new("systemuser", admin.id())));
    admin.try_delete("lead", about).unwrap();
    assert_eq!((admin.count("task"), admin.count("activityparty")), (0, 0));
}

#[test]
fn what_is_closed_stays_as_it_is_until_it_is_opened_again() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let id = task(&admin, lead(&admin));
    let change = |column: &str, value: Value| {
        let row = Row::new("task", id).with(column, value);
        admin.0.execute(Request::update(row)).map(|_| ())
    };
    let state = |state| change("statecode", Value::Choice(state));
    state(1).unwrap();
    for refused in [state(1), state(2), change("subject", "Another".into())] {
        assert_eq!(refused.unwrap_err().code(), Code::INACTIVE);
    }
    state(0).unwrap();
    assert_eq!(admin.get("task", id).get("actualend"), None);
    change("subject", "Another".into()).unwrap();
}

#[test]
fn who_takes_part_and_when_fits_the_kind() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let lead = Reference::new("lead", lead(&admin));
    let takes = |table: &str, roles: &[i32]| -> Result<(), Error> {
        let id = admin.create(Row::unsaved(table).with("subject", "x"));
        for role in roles {
            let party = Row::unsaved("activityparty")
                .with("activityid", Reference::new(table, id))
                .with("partyid", lead.clone())
                .with("participationtypemask", Value::Choice(*role));
            admin.0.execute(Request::create(party))?;
        }
        Ok(())
    };
    takes("email", &[1, 2, 2, 3, 4]).unwrap();
    takes("phonecall", &[1, 2]).unwrap();
    takes("appointment", &[5, 6, 7]).unwrap();
    assert!(takes("email", &[1, 1]).unwrap_err().message().contains("one sender"));
    assert!(takes("task", &[2]).unwrap_err().message().contains("To Recipient"));
    let at = |time: &str| Value::DateTime(time.parse().unwrap());
    let backwards = Row::unsaved("appointment")
        .with("subject", "x")
        .with("scheduledstart", at("2026-01-31T10:00:00Z"))
        .with("scheduledend", at("2026-01-31T09:00:00Z"));
    let refused = admin.0.execute(Request::create(backwards)).unwrap_err();
    assert!(refused.message().contains("before it begins"), "{refused}");
}
