//! What goes when rows are deleted: they themselves, what goes with them, and what they gave to others.

use std::collections::{BTreeMap, BTreeSet};

use sluice_model::{Filter, Name, OnDelete, Query, Reference, Right, TableDef, Uuid, Value};

use super::{COUNTED, NAMES, holders_of, list, name, named, said};
use crate::{
    commands::{holders, step_show::STEP},
    context::Context,
    door::Door,
    names,
    people::count,
};

/// Says what goes with rows that are deleted, of one table or of several, and whom it reaches: once, before any of
/// them does.
pub(in crate::commands) fn of_deletes(context: &Context, rows: &[Reference]) -> anyhow::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    said(context, |session| {
        let mut by_table: Vec<(&str, Vec<&Reference>)> = Vec::new();
        for row in rows {
            match by_table.iter_mut().find(|(table, _)| *table == &*row.table) {
                Some((_, rows)) => rows.push(row),
                None => by_table.push((&*row.table, vec![row])),
            }
        }
        let those = by_table.iter().map(|(table, rows)| these(session, table, rows));
        let those = those.collect::<anyhow::Result<Vec<String>>>()?;
        let mut deleted = format!("{} will be deleted", those.join(" and "));
        let (along, all) = along(session, rows)?;
        if !along.is_empty() {
            let with = if rows.len() == 1 { "it" } else { "them" };
            let least = if all { "" } else { ", at least" };
            deleted.push_str(&format!(", and with {with}{least}: {}", along.join(", ")));
        }
        let mut told = vec![deleted];
        for row in rows {
            told.extend(by_delete(session, context, row)?);
        }
        Ok(told)
    })
}

/// `lead Kid`, or `2 leads (Kid, Sid)`.
fn these(session: &dyn Door, table: &str, rows: &[&Reference]) -> anyhow::Result<String> {
    let what = sluice_engine::noun(table);
    let called = rows.iter().take(NAMES).map(|row| name(session, row));
    let called = called.collect::<anyhow::Result<Vec<String>>>()?;
    Ok(match called.as_slice() {
        [only] => format!("{what} {only}"),
        _ => format!("{} ({})", count(rows.len(), what), list(&called, rows.len())),
    })
}

/// The same of one row.
pub(in crate::commands) fn of_one(context: &Context, row: &Reference) -> anyhow::Result<()> {
    of_deletes(context, std::slice::from_ref(row))
}

/// What a row gave to others, which they lose.
fn by_delete(session: &dyn Door, context: &Context, row: &Reference) -> anyhow::Result<Option<String>> {
    let called = || name(session, row);
    match &*row.table {
        "role" => {
            let told = |holders| anyhow::Ok(format!("{holders} have the role {} and lose what it gives", called()?));
            holders_of(context, row.id)?.map(told).transpose()
        }
        "team" => {
            let members = holders::members(context, row.id)?.all.len();
            let lose = if members == 1 { "loses" } else { "lose" };
            let told = || {
                anyhow::Ok(format!(
                    "{} {lose} what the team {} gives",
                    count(members, "member"),
                    called()?
                ))
            };
            (members > 0).then(told).transpose()
        }
        "fieldsecurityprofile" => Ok(Some(format!("the members of {} lose what it gives", called()?))),
        STEP => Ok(Some(format!(
            "{} runs for nobody any more; `step disable` leaves it there",
            called()?
        ))),
        "plugintype" => {
            let steps = Query::new(STEP).filter(Filter::eq("plugintypeid", row.id));
            let told = |steps| anyhow::Ok(format!("with {} go its steps: {steps}", called()?));
            named(session, steps, "name", "step")?.map(told).transpose()
        }
        _ => Ok(None),
    }
}

/// How many ids one question asks for.
const CHUNK: usize = 500;

/// The rows that go with others, by their tables, as far as the acting user may read them: `1 contact (Kid)`. And
/// whether these are all: no more than so many are looked for.
fn along(session: &dyn Door, rows: &[Reference]) -> anyhow::Result<(Vec<String>, bool)> {
    let catalog = session.catalog()?;
    let mut found: BTreeSet<Reference> = rows.iter().cloned().collect();
    let mut gone: BTreeMap<Name, Vec<Uuid>> = BTreeMap::new();
    let mut level: Vec<Reference> = rows.to_vec();
    let mut left = COUNTED;
    while !level.is_empty() && left > 0 {
        let mut by_table: BTreeMap<Name, Vec<Value>> = BTreeMap::new();
        for row in std::mem::take(&mut level) {
            by_table.entry(row.table.clone()).or_default().push(row.into());
        }
        for (table, above) in &by_table {
            let follows = catalog.relationships_to(table).iter();
            for one in follows.filter(|one| one.behaviours.delete == OnDelete::Cascade && speaks(&one.table)) {
                for row in below(session, (&one.table, &one.column), above, &mut left)? {
                    if found.insert(row.clone()) {
                        gone.entry(row.table.clone()).or_default().push(row.id);
                        level.push(row);
                    }
                }
            }
        }
    }
    let mut told = Vec::new();
    for (table, ids) in gone {
        let number = count(ids.len(), sluice_engine::noun(&table));
        let called = called(session, catalog.table(&table)?, &ids)?;
        told.push(match called.is_empty() {
            true => number,
            false => format!("{number} ({})", list(&called, ids.len())),
        });
    }
    Ok((told, left > 0))
}

/// Whether the rows of a table are something to people by themselves: neither parts of other rows, nor what the
/// platform keeps of them.
fn speaks(table: &TableDef) -> bool {
    table.part_of.is_none() && table.copy_of.is_none() && table.primary_name.is_some()
}

/// The rows whose lookup refers to one of these, and no more of them than are left to look for.
fn below(
    session: &dyn Door,
    (table, column_name): (&TableDef, &Name),
    above: &[Value],
    left: &mut u32,
) -> anyhow::Result<Vec<Reference>> {
    if session.check_privilege(&table.name, Right::Read).is_err() {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for values in above.chunks(CHUNK) {
        if *left == 0 {
            break;
        }
        let values = values.to_vec();
        let column = column_name.clone();
        let query = Query::new(table.name.clone()).columns(&[]).top(*left);
        let own = match (&*table.name, &**column_name) {
            // Of a business unit goes its default team alone: what else is in it stays, and keeps it there.
            ("team", "businessunitid") => Filter::eq("isdefault", true),
            _ => Filter::All,
        };
        let found = session.list(query.filter(own.and(Filter::In { column, values })))?;
        *left = left.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        rows.extend(found.iter().map(sluice_model::Row::reference));
    }
    Ok(rows)
}

/// What the first few of rows are called.
fn called(session: &dyn Door, table: &TableDef, ids: &[Uuid]) -> anyhow::Result<Vec<String>> {
    let Some(column) = &table.primary_name else {
        return Ok(Vec::new());
    };
    let first: Vec<Uuid> = ids.iter().copied().take(NAMES).collect();
    let rows = names::by_ids(session, &table.name, first.iter().copied(), &[column])?;
    let names = first.iter().filter_map(|id| rows.get(id)?.text(column));
    Ok(names.map(ToOwned::to_owned).collect())
}
