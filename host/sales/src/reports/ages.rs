//! How old open leads are: those that pile up in a status, and those that are open for
//! months. A lead's age counts from its creation.

use sluice_engine::Session;
use sluice_model::{Error, Reference, Result, Timestamp, Uuid, choices};

use super::{days, definition, label, leads, time};

/// An open lead and its age.
#[derive(Debug, Clone, PartialEq)]
pub struct Aged {
    /// The lead.
    pub lead: Uuid,
    /// Its name; its topic, where it has none.
    pub name: String,
    /// Its owner.
    pub owner: Option<Reference>,
    /// Its status.
    pub status: String,
    /// When it was made.
    pub created: Timestamp,
    /// Its age.
    pub days: f64,
}

/// How old the leads of a status are.
#[derive(Debug, Clone, PartialEq)]
pub struct Aging {
    /// The status.
    pub status: String,
    /// The leads, the oldest first.
    pub leads: Vec<Aged>,
    /// How many are how old.
    pub groups: Vec<(&'static str, usize)>,
}

/// The groups of ages, each with the days up to which it goes.
const GROUPS: [(&str, f64); 5] = [
    ("up to 1 day", 1.0),
    ("up to 1 week", 7.0),
    ("up to 30 days", 30.0),
    ("up to 90 days", 90.0),
    ("older", f64::INFINITY),
];

/// How old the open leads of a status are.
///
/// # Errors
/// Open leads have no such status, or the user may not read leads.
pub fn aging(session: &Session, status: &str) -> Result<Aging> {
    let (number, status) = find_status(session, status)?;
    let mut leads = open(session)?;
    leads.retain(|(of, _)| *of == number);
    let leads: Vec<Aged> = leads.into_iter().map(|(_, lead)| lead).collect();
    let mut groups = GROUPS.map(|(name, _)| (name, 0)).to_vec();
    for lead in &leads {
        let group = GROUPS.iter().position(|(_, before)| lead.days <= *before);
        if let Some((_, count)) = group.and_then(|group| groups.get_mut(group)) {
            *count += 1;
        }
    }
    Ok(Aging { status, leads, groups })
}

/// The leads that have been open for longer than so many days, the oldest first.
///
/// # Errors
/// The user may not read leads.
pub fn stale(session: &Session, than: f64) -> Result<Vec<Aged>> {
    let leads = open(session)?.into_iter().map(|(_, lead)| lead);
    Ok(leads.filter(|lead| lead.days > than).collect())
}

/// The open leads, each with the number of its status, the oldest first.
fn open(session: &Session) -> Result<Vec<(i32, Aged)>> {
    let columns = ["fullname", "subject", "ownerid", "statuscode", "createdon"];
    let (table, now) = (definition(session)?, session.now());
    let mut open = Vec::new();
    for lead in leads(session, &[0], &columns)? {
        let status = lead.int("statuscode").unwrap_or_default();
        let created = time(&lead, "createdon").unwrap_or(now);
        let name = lead.text("fullname").or(lead.text("subject")).unwrap_or_default();
        open.push((
            status,
            Aged {
                lead: lead.id,
                name: name.to_owned(),
                owner: lead.lookup("ownerid").cloned(),
                status: label(&table, "statuscode", status),
                created,
                days: days(created, now),
            },
        ));
    }
    open.sort_by_key(|(_, lead)| (lead.created, lead.lead));
    Ok(open)
}

/// A status of open leads by its label or number.
fn find_status(session: &Session, status: &str) -> Result<(i32, String)> {
    let table = definition(session)?;
    let (_, statuses) = table.states().unwrap_or_default();
    let open = statuses.iter().filter(|option| option.state == Some(0));
    let names: Vec<String> = open.clone().map(choices::shown).collect();
    choices::named(open, status)
        .map(|option| (option.value, option.label.clone()))
        .ok_or_else(|| {
            let message = format!("open leads have no status \"{status}\"; they have {}", names.join(", "));
            Error::invalid(message).with_table("lead")
        })
}
