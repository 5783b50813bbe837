//! Activities: when one was closed, and that those who take part belong to it: their rows are
//! owned by whoever owns the activity, and go with it.

use crate::email::{self, PENDING_SEND, Part};
use sluice_model::{Code, Error, Filter, Query, Result, Row, Value};

use sluice_engine::{Operation, Unit, rules::Rules};

/// The columns that say whose a row is.
const OWNING: [&str; 4] = ["ownerid", "owninguser", "owningteam", "owningbusinessunit"];

/// The states in which an activity is over: completed and cancelled.
const OVER: [i32; 2] = [1, 2];

/// The rules of `task`, `phonecall`, `email` and `appointment`.
pub(super) struct Activity;

impl Rules for Activity {
    fn before_create(&self, _: &mut Unit, operation: &mut Operation) -> Result<()> {
        let row = operation.target()?;
        if is_to_be_sent(row) {
            email::check_parties(&[])?;
        }
        check_times(row)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let now = operation.created_on();
        let Some(target) = operation.target_mut() else {
            return Ok(());
        };
        let over = |row: &Row| row.int("statecode").is_some_and(|state| OVER.contains(&state));
        match (over(before), over(target)) {
            (true, true) => return Err(closed_already(before)),
            (false, true) if !target.has("actualend") && !has_ended(unit, before)? => target.set("actualend", now),
            // What is taken up again has not ended.
            (true, false) if target.has("statecode") => target.set("actualend", Value::Null),
            _ => {}
        }
        let mut row = before.clone();
        row.values.extend(target.values.clone());
        // Whoever sees one of them alone may have set it beside the other: that stops nobody who sends neither.
        if ["scheduledstart", "scheduledend"].iter().any(|time| target.has(time)) {
            check_times(&row)?;
        }
        match is_to_be_sent(&row) && !is_to_be_sent(before) {
            true => {
                let parties = of_activity(&row).columns(&["participationtypemask"]);
                let parties = unit.select_as_platform("an e-mail is sent by somebody, to somebody", &parties)?;
                email::check_parties(&parties)
            }
            false => Ok(()),
        }
    }

    fn after_update(&self, unit: &mut Unit, _: &Operation, _: &Row, changed: &Row) -> Result<()> {
        if !changed.has("ownerid") {
            return Ok(());
        }
        let parties = of_activity(changed).columns(&[]);
        for party in unit.select_as_platform("those who take part in an activity belong to it", &parties)? {
            follow(unit, &party, changed)?;
        }
        Ok(())
    }
}

/// Whether an activity has an end already, also one that is kept from whoever closes it: it stays.
fn has_ended(unit: &mut Unit, activity: &Row) -> Result<bool> {
    if activity.has("actualend") {
        return Ok(true);
    }
    let reason = "an activity that is closed keeps the end that it has";
    Ok(unit.need_as_platform(reason, &activity.reference())?.has("actualend"))
}

/// Those who take part in an activity.
fn of_activity(activity: &Row) -> Query {
    Query::new(email::PARTY).filter(Filter::eq("activityid", activity.reference()))
}

fn is_to_be_sent(row: &Row) -> bool {
    &*row.table == email::TABLE && row.int("statuscode") == Some(PENDING_SEND)
}

fn closed_already(row: &Row) -> Error {
    let message = format!(
        "{row} \"{}\" is completed or cancelled already; open it again first (statecode 0)",
        row.text("subject").unwrap_or_default(),
        row = row.reference(),
    );
    Error::new(Code::INACTIVE, message).with_table(&row.table)
}

/// An appointment does not end before it begins.
fn check_times(row: &Row) -> Result<()> {
    let time = |column: &str| row.get(column).and_then(Value::as_time);
    match (time("scheduledstart"), time("scheduledend")) {
        (Some(start), Some(end)) if &*row.table == "appointment" && end < start => {
            let message = "the appointment ends (`scheduledend`) before it begins (`scheduledstart`)";
            Err(Error::invalid(message).with_table(&row.table))
        }
        _ => Ok(()),
    }
}

/// As what somebody takes part in an activity of each table, in numbers of `participationtypemask`:
/// e-mails have a sender and recipients, calls a caller and who is called, appointments an organizer
/// and attendees, tasks nobody. Whom it is about, who owns it and the like are the same for all.
const ROLES: [(&str, &[i32]); 4] = [
    ("appointment", &[5, 6, 7]),
    ("email", &[1, 2, 3, 4]),
    ("phonecall", &[1, 2]),
    ("task", &[]),
];

/// The last of the numbers that differ by table.
const ORGANIZER: i32 = 7;

/// The rules of `activityparty`.
pub(super) struct Party;

impl Rules for Party {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        check_party(unit, operation.target()?)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        let decides = ["activityid", "participationtypemask"];
        if decides
            .iter()
            .all(|name| !target.has(name) || target.get(name) == before.get(name))
        {
            return Ok(());
        }
        let mut whole = before.clone();
        whole.values.extend(target.values.clone());
        check_party(unit, &whole)
    }

    fn after_create(&self, unit: &mut Unit, _: &Operation, row: &Row) -> Result<()> {
        let Some(activity) = row.lookup("activityid").cloned() else {
            return Ok(());
        };
        let activity = unit.need_as_platform("those who take part in an activity belong to it", &activity)?;
        follow(unit, row, &activity)
    }
}

/// Somebody takes part as the activity lets them; an e-mail has one sender.
fn check_party(unit: &mut Unit, party: &Row) -> Result<()> {
    // Create itself refuses a row without them.
    let (Some(activity), Some(role)) = (party.lookup("activityid"), party.int("participationtypemask")) else {
        return Ok(());
    };
    let refuse = |what: &str| Err(Error::invalid(what.to_owned()).with_table(email::PARTY));
    let known = ROLES.iter().find(|(table, _)| **table == *activity.table);
    if role <= ORGANIZER && known.is_some_and(|(_, roles)| !roles.contains(&role)) {
        let label = party_label(unit, role)?;
        return refuse(&format!("`{}` has nobody who takes part as {label}", activity.table));
    }
    let senders = Query::new(email::PARTY).columns(&[]).filter(
        Filter::eq("activityid", activity.clone()).and(Filter::eq("participationtypemask", Part::Sender.value())),
    );
    if role == Part::Sender as i32
        && &*activity.table == email::TABLE
        && unit
            .select_as_platform("those who take part in an activity belong to it", &senders)?
            .iter()
            .any(|other| other.id != party.id)
    {
        return refuse("The email must have one and only one sender.");
    }
    Ok(())
}

/// Gives the row of somebody who takes part to the owner of the activity.
fn follow(unit: &mut Unit, party: &Row, activity: &Row) -> Result<()> {
    let mut row = Row::new(email::PARTY, party.id);
    for column in OWNING {
        row.set(column, activity.get(column).cloned().unwrap_or(Value::Null));
    }
    unit.update_as_platform("those who take part in an activity belong to whoever owns it", row)
}

fn party_label(unit: &mut Unit, role: i32) -> Result<String> {
    let table = unit.configuration().table(email::PARTY)?;
    let options = table
        .column("participationtypemask")
        .and_then(|column| column.kind.options());
    let option = options.unwrap_or_default().iter().find(|option| option.value == role);
    Ok(option.map_or_else(|| role.to_string(), |option| option.label.clone()))
}
