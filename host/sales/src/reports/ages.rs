//! How old open leads are: those that pile up in a status, and those that are open for
//! months. A lead's age counts from its creation.

use sluice_engine::Session;
use sluice_model::{
    Comparison, Error, Filter, Query, Reference, Result, Row, TableDef, Timestamp, Uuid, Value, choices,
};

use super::{days, definition, each, label, leads_in, time};

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

/// Open leads: of a status, or of all; all, or those that are older than so many days.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Open {
    /// The number of the status.
    pub status: Option<i32>,
    /// The days.
    pub than: Option<f64>,
}

/// How old the leads of a status are.
#[derive(Debug, Clone, PartialEq)]
pub struct Aging {
    /// The status.
    pub status: String,
    /// Its leads.
    pub open: Open,
    /// How many there are.
    pub leads: usize,
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

/// How old the open leads of a status are, and how many are older than so many days.
///
/// # Errors
/// Open leads have no such status, or the user may not read leads.
pub fn aging(session: &Session, status: &str, than: f64) -> Result<(Aging, usize)> {
    let (mut aging, mut older) = (Aging::of(session, status)?, 0);
    let (open, now) = (aging.open, session.now());
    let query = Query::new("lead").columns(&["createdon"]).filter(open.filter(session));
    each(session, query, &mut |lead| {
        let age = days(time(lead, "createdon").unwrap_or(now), now);
        aging.add(age);
        older += usize::from(age > than);
    })?;
    Ok((aging, older))
}

impl Aging {
    /// The leads of a status, none of which is counted yet.
    ///
    /// # Errors
    /// Open leads have no such status.
    pub fn of(session: &Session, status: &str) -> Result<Self> {
        let (number, status) = find_status(session, status)?;
        Ok(Self {
            status,
            open: Open {
                status: Some(number),
                than: None,
            },
            leads: 0,
            groups: GROUPS.map(|(name, _)| (name, 0)).to_vec(),
        })
    }

    /// Counts one of the leads, of that age.
    pub fn add(&mut self, days: f64) {
        self.leads += 1;
        let group = GROUPS.iter().position(|(_, before)| days <= *before);
        if let Some((_, count)) = group.and_then(|group| self.groups.get_mut(group)) {
            *count += 1;
        }
    }
}

impl Open {
    fn filter(self, session: &Session) -> Filter {
        let mut filter = leads_in(&[0]);
        if let Some(status) = self.status {
            filter = filter.and(Filter::eq("statuscode", Value::Choice(status)));
        }
        match self.than {
            None => filter,
            Some(than) => filter.and(Filter::Compare {
                column: "createdon".into(),
                comparison: Comparison::Lt,
                value: Value::DateTime(before(session.now(), than)),
            }),
        }
    }

    /// Shows them, the oldest first, some at a time: there may be more than fit the memory.
    ///
    /// # Errors
    /// The user may not read leads, and what `visit` gives.
    pub fn each(self, session: &Session, visit: &mut dyn FnMut(Vec<Aged>) -> Result<()>) -> Result<()> {
        let columns = ["fullname", "subject", "ownerid", "statuscode", "createdon"];
        let (table, now) = (definition(session)?, session.now());
        let query = Query::new("lead")
            .columns(&columns)
            .filter(self.filter(session))
            .order_by("createdon");
        session.each(query, &mut |rows| {
            visit(rows.iter().map(|lead| aged(&table, now, lead)).collect())
        })
    }
}

fn aged(table: &TableDef, now: Timestamp, lead: &Row) -> Aged {
    let created = time(lead, "createdon").unwrap_or(now);
    let name = lead.text("fullname").or(lead.text("subject")).unwrap_or_default();
    Aged {
        lead: lead.id,
        name: name.to_owned(),
        owner: lead.lookup("ownerid").cloned(),
        status: label(table, "statuscode", lead.int("statuscode").unwrap_or_default()),
        created,
        days: days(created, now),
    }
}

/// The time that lies so many days before another one; the earliest that there is, where that is
/// longer ago.
fn before(now: Timestamp, days: f64) -> Timestamp {
    let ago = std::time::Duration::try_from_secs_f64(days * 86_400.0);
    ago.ok()
        .and_then(|ago| now.checked_sub(ago).ok())
        .unwrap_or(Timestamp::MIN)
}

/// A status of open leads by its label or number.
fn find_status(session: &Session, status: &str) -> Result<(i32, String)> {
    let table = definition(session)?;
    let (_, statuses) = table.states().unwrap_or_default();
    let open = statuses.iter().filter(|option| option.state == Some(0));
    let names: Vec<String> = open.clone().map(choices::shown).collect();
    choices::named(table.collation(), open, status)
        .map(|option| (option.value, option.label.clone()))
        .ok_or_else(|| {
            let message = format!("open leads have no status \"{status}\"; they have {}", names.join(", "));
            Error::invalid(message).with_table("lead")
        })
}
