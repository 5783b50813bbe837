//! The smallest role that what was used needs: read off the marks that use left.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use sluice_access::Principal;
use sluice_engine::{Session, tables};
use sluice_model::{
    Catalog, Comparison, Depth, Error, Filter, Parameter, Query, Reference, Request, Result, Row, Uuid, Value,
};

/// Whose use is looked at.
#[derive(Debug, Clone)]
pub enum UsedBy {
    /// A user, or a team, whatever role it held the privilege by.
    Principal(Reference),
    /// Whoever used a privilege by this role, or one of its copies.
    Role(Uuid),
}

/// A privilege that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedPrivilege {
    /// Its name.
    pub privilege: String,
    /// The shallowest depth that was enough for all of it.
    pub depth: Depth,
    /// The depth is so deep because rows were listed with it: which of them were wanted, nobody knows.
    pub by_lists: bool,
    /// Some of it was used on rows that were shared, or that inherit their rights.
    pub by_shares: bool,
    /// The last day.
    pub last: Date,
    /// For steps that ran: their ids.
    pub steps: BTreeSet<Uuid>,
}

/// A privilege of today that nothing used, or that nothing used so deep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedPrivilege {
    /// Its name.
    pub privilege: String,
    /// The depth of today.
    pub held: Depth,
    /// What was used of it; `None` is nothing.
    pub used: Option<Depth>,
}

/// A role that what was used needs.
#[derive(Debug, Clone)]
pub struct Suggested {
    /// What it has to hold, by name.
    pub needs: Vec<UsedPrivilege>,
    /// What is held today and was not used, or not so deep, by name.
    pub unused: Vec<UnusedPrivilege>,
    /// The first day that was looked at.
    pub since: Date,
    /// The first day of which the organisation has marks at all; none before were kept.
    pub known_since: Option<Date>,
    /// On how many days something was used.
    pub days_with_use: usize,
    /// Whether use is noted today.
    pub is_noted: bool,
}

/// More marks are not looked at.
const MOST: u32 = 200_000;

/// See [`super::Diagnosis::suggest_role`].
pub(super) fn suggest(session: &Session, used_by: &UsedBy, days: u32) -> Result<Suggested> {
    // What somebody used says what they did.
    let own = matches!(used_by, UsedBy::Principal(who) if who.id == session.user());
    if !own {
        session.check_named_privilege("prvActOnBehalfOfAnotherUser")?;
    }
    let today = session.now().to_zoned(TimeZone::UTC).date();
    let since = today
        .checked_sub(SignedDuration::from_hours(24 * i64::from(days.saturating_sub(1))))
        .map_err(|_| Error::invalid(format!("{days} days ago is before all time")))?;
    let (filter, held) = match used_by {
        UsedBy::Principal(who) => (
            Filter::eq("sl_principalid", who.id).and(Filter::eq("sl_principaltype", &*who.table)),
            held_by(session, who)?,
        ),
        UsedBy::Role(role) => {
            let roles = copies(session, *role)?;
            let values = roles.iter().map(|role| Value::Id(*role)).collect();
            let filter = Filter::In {
                column: "sl_roleid".into(),
                values,
            };
            (filter, held_in(session, *role)?)
        }
    };
    let query = Query::new(tables::PRIVILEGE_USE)
        .filter(filter.and(Filter::Compare {
            column: "sl_day".into(),
            comparison: Comparison::Ge,
            value: Value::Date(since),
        }))
        .top(MOST);
    let marks = session.list(query)?;
    let days: HashSet<Date> = marks.iter().filter_map(day).collect();
    let catalog = session.catalog()?;
    let needs = needs(&catalog, &marks);
    let first = session.list(
        Query::new(tables::PRIVILEGE_USE)
            .columns(&["sl_day"])
            .order_by("sl_day")
            .top(1),
    )?;
    let (mut unit, _) = session.unit()?;
    unit.snapshot()?;
    Ok(Suggested {
        unused: unused(&held, &needs),
        needs: needs.into_values().collect(),
        since,
        known_since: first.first().and_then(day),
        days_with_use: days.len(),
        is_noted: unit.setting("sl_notesuse").and_then(Value::as_bool).unwrap_or(true),
    })
}

fn day(mark: &Row) -> Option<Date> {
    match mark.get("sl_day") {
        Some(Value::Date(day)) => Some(*day),
        _ => None,
    }
}

/// What was used, by the privileges' names in lower case.
fn needs(catalog: &Catalog, marks: &[Row]) -> BTreeMap<String, UsedPrivilege> {
    let mut needs: BTreeMap<String, UsedPrivilege> = BTreeMap::new();
    for mark in marks {
        let (Some(privilege), Some(day)) = (mark.text("sl_privilege"), day(mark)) else {
            continue;
        };
        let depth = mark.int("sl_depth").and_then(Depth::from_number).unwrap_or(Depth::User);
        let depth = at_least(catalog, mark.text("sl_table"), depth);
        let way = mark.text("sl_way").unwrap_or_default();
        let need = needs
            .entry(privilege.to_ascii_lowercase())
            .or_insert_with(|| UsedPrivilege {
                privilege: privilege.to_owned(),
                depth,
                by_lists: way == "list",
                by_shares: false,
                last: day,
                steps: BTreeSet::new(),
            });
        if depth > need.depth {
            (need.depth, need.by_lists) = (depth, way == "list");
        } else if depth == need.depth && way != "list" && depth > Depth::User {
            need.by_lists = false;
        }
        need.by_shares |= matches!(way, "share" | "inherited");
        need.last = need.last.max(day);
        need.steps.extend(mark.id_of("sl_stepid"));
    }
    for need in needs.values_mut() {
        need.by_lists &= need.depth > Depth::User;
    }
    needs
}

/// The depth, where the table takes one so shallow: what belongs to the organisation is held for all
/// of it, and so is what belongs to no table.
fn at_least(catalog: &Catalog, table: Option<&str>, depth: Depth) -> Depth {
    let Some(table) = table.and_then(|name| catalog.find(name)) else {
        return Depth::Organization;
    };
    match table.ownership {
        sluice_model::Ownership::User | sluice_model::Ownership::Business => depth,
        _ => Depth::Organization,
    }
}

/// What is held today and not used so deep.
fn unused(held: &BTreeMap<String, (String, Depth)>, needs: &BTreeMap<String, UsedPrivilege>) -> Vec<UnusedPrivilege> {
    let unused = held.iter().filter_map(|(key, (privilege, depth))| {
        let used = needs.get(key).map(|need| need.depth);
        (used.is_none_or(|used| used < *depth)).then(|| UnusedPrivilege {
            privilege: privilege.clone(),
            held: *depth,
            used,
        })
    });
    unused.collect()
}

/// What a user or team holds today, by the privileges' names in lower case.
fn held_by(session: &Session, who: &Reference) -> Result<BTreeMap<String, (String, Depth)>> {
    session.execute(Request::retrieve(who.clone(), &[]))?;
    let (mut unit, _) = session.unit()?;
    let snapshot = unit.snapshot()?;
    let principal: std::sync::Arc<Principal> = unit.principal_of(who)?;
    let held = principal.privileges().into_iter().filter_map(|name| {
        let depth = principal.depth_of(name)?;
        Some((name.to_owned(), (snapshot.privileges().name(name).to_owned(), depth)))
    });
    Ok(held.collect())
}

/// What a role holds today.
fn held_in(session: &Session, role: Uuid) -> Result<BTreeMap<String, (String, Depth)>> {
    let answer = session.execute(Request::new("RetrieveRolePrivilegesRole").with("RoleId", Value::Id(role)))?;
    let rows = match answer.outputs.get("RolePrivileges") {
        Some(Parameter::Rows(rows)) => rows.as_slice(),
        _ => &[],
    };
    let held = rows.iter().filter_map(|row| {
        let depth = row.int("Depth").and_then(Depth::from_number)?;
        let name = row.text("PrivilegeName")?;
        Some((name.to_ascii_lowercase(), (name.to_owned(), depth)))
    });
    Ok(held.collect())
}

/// A role with its copies in other business units.
fn copies(session: &Session, role: Uuid) -> Result<Vec<Uuid>> {
    let of_root = Filter::eq("parentrootroleid", Reference::new(tables::ROLE, role));
    let query = Query::new(tables::ROLE)
        .columns(&[])
        .filter(Filter::Or(vec![Filter::eq("roleid", role), of_root]));
    Ok(session.list(query)?.iter().map(|row| row.id).collect())
}
