//! Activities and those who take part in them (R16).

use sluice_model::{Depth, Filter, Query, Reference, Request, Row, Uuid, Value};
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
    assert_eq!(row(done).get("actualend"), row(done).get("modifiedon"));
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
