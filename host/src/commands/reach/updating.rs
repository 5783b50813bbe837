//! What it takes away that columns of rows change.

use sluice_model::{Filter, Query, Related, Right, Row, Uuid, Value};

use super::{COUNTED, holders_of, list, name, named, run_as, said};
use crate::{context::Context, door::Door};

/// Says whom it reaches that columns of a row change.
pub(in crate::commands) fn of_update(context: &Context, row: &Row) -> anyhow::Result<()> {
    of_updates(context, std::slice::from_ref(row))
}

/// The same of several rows: once, before any of them changes.
pub(in crate::commands) fn of_updates(context: &Context, rows: &[Row]) -> anyhow::Result<()> {
    said(context, |session| {
        let mut all = Vec::new();
        for row in rows {
            all.extend(by_update(context, session, row)?);
        }
        Ok(all)
    })
}

/// The columns by which a change reaches others.
const REACHING: [&str; 5] = [
    "businessunitid",
    "isdisabled",
    "isduplicatedetectionenabled",
    "isauditenabled",
    "isinherited",
];

/// The settings that say how much is kept of what, in days or MiB; 0 is all.
const KEEPING: [(&str, &str, &str); 5] = [
    ("sl_tracekeep", "traces", "d"),
    ("sl_tracekeepsize", "traces", " MiB"),
    ("sl_usekeep", "marks of which privileges were used", "d"),
    ("sl_jobkeep", "jobs that have ended", "d"),
    ("sl_auditkeep", "audit rows", "d"),
];

/// What of a change reaches others: the columns in which the row is not so already, as far as the acting user may
/// read it.
fn reaching(session: &dyn Door, change: &Row) -> anyhow::Result<Row> {
    let mut reaching = Row::new(change.table.clone(), change.id);
    let keeping = KEEPING.iter().map(|(column, ..)| *column);
    let columns = REACHING.into_iter().chain(keeping);
    let columns: Vec<&str> = columns.filter(|column| change.get(column).is_some()).collect();
    let may_read = !columns.is_empty() && session.check_privilege(&change.table, Right::Read).is_ok();
    let before = match may_read {
        true => {
            let key = session.catalog()?.table(&change.table)?.key.clone();
            let is = Filter::eq(&key, change.id);
            session.list(Query::new(change.table.clone()).columns(&columns).filter(is))?
        }
        false => Vec::new(),
    };
    for column in columns {
        let (now, then) = (before.first().map(|row| row.get(column)), change.get(column));
        let less = |value: &Value| {
            let then = value.as_int().unwrap_or_default();
            let now = now.flatten().and_then(Value::as_int).unwrap_or_default();
            then > 0 && (now == 0 || then < now)
        };
        let is_kept = KEEPING.iter().any(|(kept, ..)| *kept == column);
        if let Some(value) = then.filter(|value| now != Some(then) && (!is_kept || less(value))) {
            reaching.set(column, value.clone());
        }
    }
    Ok(reaching)
}

/// Whom it reaches that columns of a row change.
fn by_update(context: &Context, session: &dyn Door, change: &Row) -> anyhow::Result<Vec<String>> {
    let row = &reaching(session, change)?;
    let called = || name(session, &row.reference());
    let is = |column: &str, value: bool| row.bool(column) == Some(value);
    let moves = match loses_roles(session, row)? {
        true => Some(format!(
            "{} loses all roles by moving to another business unit",
            called()?
        )),
        false => None,
    };
    let stops = match &*row.table {
        "systemuser" if is("isdisabled", true) => {
            let runs = run_as(session, |column| Filter::eq(column, row.reference()))?;
            let along = runs.map(|runs| format!(", and neither can what runs in this name: {runs}"));
            Some(format!(
                "{} can do nothing any more{}",
                called()?,
                along.unwrap_or_default()
            ))
        }
        "businessunit" if is("isdisabled", true) => of_unit(session, row.id, &called()?)?,
        "role" if row.int("isinherited") == Some(0) => {
            let told = |holders| {
                anyhow::Ok(format!(
                    "{holders} have the role {}; whoever has it through a team holds it for what is the team's alone",
                    called()?
                ))
            };
            holders_of(context, row.id)?.map(told).transpose()?
        }
        "organization" if is("isduplicatedetectionenabled", false) => {
            let rules = Query::new("duplicaterule").filter(Filter::eq("statecode", Value::Choice(1)));
            named(session, rules, "name", "rule")?
                .map(|rules| format!("no longer published, until somebody publishes them again: {rules}"))
        }
        "organization" if is("isauditenabled", false) => Some("no change will be on record from now on".to_owned()),
        _ => None,
    };
    let kept = KEEPING.iter().filter_map(|(column, what, unit)| {
        let keeps = row.int(column).filter(|_| &*row.table == "organization")?;
        Some(format!("{what} beyond {keeps}{unit} go, for good"))
    });
    Ok([moves, stops].into_iter().flatten().chain(kept).collect())
}

/// Whom it stops that a business unit is disabled: those in it and in the units below it, and what runs as they.
fn of_unit(session: &dyn Door, unit: Uuid, called: &str) -> anyhow::Result<Option<String>> {
    let among = |column: &str, ids: &[Uuid]| Filter::In {
        column: column.into(),
        values: ids.iter().map(|id| Value::Id(*id)).collect(),
    };
    let mut units = vec![unit];
    let (mut above, mut below) = (vec![unit], Vec::new());
    while !above.is_empty() && session.check_privilege("businessunit", Right::Read).is_ok() {
        let next = Query::new("businessunit").columns(&["name"]).order_by("name");
        let next = session.list(next.filter(among("parentbusinessunitid", &above)).top(COUNTED))?;
        below.extend(next.iter().filter_map(|row| row.text("name").map(ToOwned::to_owned)));
        above = next.iter().map(|row| row.id).filter(|id| !units.contains(id)).collect();
        units.extend(&above);
    }
    let of_units = Query::new("systemuser").filter(among("businessunitid", &units));
    let Some(users) = named(session, of_units, "fullname", "user")? else {
        return Ok(None);
    };
    let with_those = match below.as_slice() {
        [] => String::new(),
        names => format!(" and the units below it ({})", list(names, names.len())),
    };
    let runs = run_as(session, |column| {
        Filter::Related(Box::new(Related {
            column: column.into(),
            table: "systemuser".into(),
            other: "systemuserid".into(),
            filter: among("businessunitid", &units),
        }))
    })?;
    let runs = runs.map_or_else(String::new, |runs| {
        format!(", and neither can what runs in their names: {runs}")
    });
    Ok(Some(format!(
        "nobody in {called}{with_those} can do anything any more: {users}{runs}"
    )))
}

/// Whether a change moves a user or team to another business unit, and its roles do not come along.
fn loses_roles(session: &dyn Door, row: &Row) -> anyhow::Result<bool> {
    let is_holder = matches!(&*row.table, "systemuser" | "team");
    let Some(to) = row.id_of("businessunitid").filter(|_| is_holder) else {
        return Ok(false);
    };
    let is_there = Filter::eq(&session.catalog()?.table(&row.table)?.key, row.id).and(Filter::eq("businessunitid", to));
    let there = Query::new(row.table.clone()).columns(&[]).filter(is_there);
    let keeps = Filter::eq("sl_ownershipacross", true).and(Filter::eq("sl_keeprolesonmove", true));
    let keeps = Query::new("organization").columns(&[]).filter(keeps);
    for query in [there, keeps] {
        let may_read = session.check_privilege(&query.table, Right::Read).is_ok();
        if may_read && !session.list(query)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}
