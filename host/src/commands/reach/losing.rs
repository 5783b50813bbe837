//! What is taken away by changes that are no deletes of rows: definitions with what is in them, rights, ways back.

use std::path::Path;

use sluice_model::{
    ColumnDef, ColumnType, Comparison, Filter, Query, Reference, Right, TableDef, Timestamp, Uuid, Value,
};
use sluice_platform::{ImageSpec, Pushed, prelude::*};

use super::{COUNTED, counted, list, said, told};
use crate::{
    context::Context,
    door::Door,
    names::{self, Labels},
    people::count,
    times,
};

/// `5 leads`, for which that holds; nothing, where there are none that the acting user may read.
fn those(session: &dyn Door, table: &TableDef, filter: Filter) -> anyhow::Result<Option<String>> {
    if session.check_privilege(&table.name, Right::Read).is_err() {
        return Ok(None);
    }
    let query = Query::new(table.name.clone()).columns(&[]).filter(filter).top(COUNTED);
    let rows = session.list(query)?.len();
    Ok((rows > 0).then(|| counted(rows, sluice_engine::noun(&table.name))))
}

/// Says what goes with a column. Whether there is such a column is told by what comes next.
pub(in crate::commands) fn of_column(context: &Context, (table, column): (&str, &str)) -> anyhow::Result<()> {
    said(context, |session| {
        let catalog = session.catalog()?;
        let Some(definition) = catalog.find(table) else {
            return Ok(Vec::new());
        };
        let Some(known) = definition.column(column) else {
            return Ok(Vec::new());
        };
        let holds = Filter::Compare {
            column: known.name.clone(),
            comparison: Comparison::Ne,
            value: Value::Null,
        };
        // Of a secured one, it is not counted who has what.
        let values = match known.secured {
            true => None,
            false => those(session, definition, holds)?,
        };
        let values = values.map_or_else(String::new, |rows| format!(": {rows} with a value there"));
        let told = format!("column {column} of {table} will be deleted with everything in it, for good{values}");
        Ok(vec![told])
    })
}

/// Says what goes with a table.
pub(in crate::commands) fn of_table(context: &Context, table: &str) -> anyhow::Result<()> {
    said(context, |session| {
        let catalog = session.catalog()?;
        let told = catalog.find(table).map(|table| {
            format!(
                "table {} will be deleted for good, with its columns, views and forms, and with what roles hold on it",
                table.name
            )
        });
        Ok(told.into_iter().collect())
    })
}

/// Says that a part of the configuration goes in which there are no rows.
pub(in crate::commands) fn of_definition(context: &Context, what: &str) -> anyhow::Result<()> {
    told(context, &format!("{what} will be deleted"))
}

/// Says which rows have an option that goes: those of a column, or of all columns that take a choice.
pub(in crate::commands) fn of_option(context: &Context, (name, option): (&str, Option<i32>)) -> anyhow::Result<()> {
    let takes = |table: &TableDef, column: &ColumnDef| match name.split_once('.') {
        Some((of, its)) => *table.name == *of && *column.name == *its,
        None => column.kind.global().is_some_and(|global| **global == *name),
    };
    said(context, |session| {
        let mut have = Vec::new();
        for table in session.catalog()?.iter() {
            let columns = table.columns.iter();
            for column in columns.filter(|column| takes(table, column) && !column.secured) {
                let Some(value) = option_value(column, option) else {
                    continue;
                };
                if let Some(rows) = those(session, table, Filter::eq(&column.name, value))? {
                    have.push(format!("{rows} in {}", column.name));
                }
            }
        }
        let what = match option {
            Some(option) => format!("the option {option} of {name}"),
            None => format!("the choice {name}"),
        };
        let have = match have.is_empty() {
            true => String::new(),
            false => format!("; these have it: {}", have.join(", ")),
        };
        Ok(vec![format!("{what} will be deleted{have}")])
    })
}

/// An option as the value of a column; of columns that hold several, none are counted.
fn option_value(column: &ColumnDef, option: Option<i32>) -> Option<Value> {
    let several = matches!(column.kind, ColumnType::Choices { .. });
    option.filter(|_| !several).map(Value::Choice)
}

/// Says that a column is no longer secured: everybody who reads its rows reads it, and what profiles give on it goes.
pub(in crate::commands) fn of_opening(context: &Context, (table, column): (&str, &str)) -> anyhow::Result<()> {
    said(context, |session| {
        let catalog = session.catalog()?;
        let known = catalog.find(table).and_then(|table| table.column(column));
        if known.is_none_or(|column| !column.secured) {
            return Ok(Vec::new());
        }
        let mut told = format!("everybody who may read rows of {table} may read {column} then");
        let given = permissions(session, table, column)?;
        if !given.is_empty() {
            told.push_str(&format!(
                ", and what profiles give on it goes ({}); securing it again does not bring that back",
                given.join(", ")
            ));
        }
        Ok(vec![told])
    })
}

/// What profiles give of a column, as the commands that give it again have it: `F: read,update`.
fn permissions(session: &dyn Door, table: &str, column: &str) -> anyhow::Result<Vec<String>> {
    if session.check_privilege("fieldpermission", Right::Read).is_err() {
        return Ok(Vec::new());
    }
    let of = Filter::eq("entityname", table).and(Filter::eq("attributelogicalname", column));
    let rows = session.list(Query::new("fieldpermission").filter(of))?;
    let mut given = Vec::new();
    for row in rows {
        let Some(profile) = row.lookup("fieldsecurityprofileid") else {
            continue;
        };
        let rights: Vec<&str> = [("canread", "read"), ("cancreate", "create"), ("canupdate", "update")]
            .into_iter()
            .filter(|(right, _)| row.int(right).is_some_and(|gives| gives != 0))
            .map(|(_, word)| word)
            .collect();
        let name = names::called(session, "fieldsecurityprofile", &profile.id.to_string())?.1;
        given.push(format!("{name}: {}", rights.join(",")));
    }
    given.sort();
    Ok(given)
}

/// Says who loses what a profile gives on a column.
pub(in crate::commands) fn of_permission(
    context: &Context,
    (profile, members): (&str, usize),
    (column, lost): (&str, &[&str]),
) -> anyhow::Result<()> {
    match lost.is_empty() || members == 0 {
        true => Ok(()),
        false => told(
            context,
            &format!(
                "{} of {profile} may no longer {} {column} by it",
                count(members, "member"),
                lost.join(", ")
            ),
        ),
    }
}

/// Says that somebody loses what `way` gave: that rows are shared, or being in their access teams.
pub(in crate::commands) fn of_unsharing(
    context: &Context,
    way: &str,
    rows: &[Reference],
    with: &Reference,
) -> anyhow::Result<()> {
    said(context, |session| {
        let told = shared(context, session, rows, with)?;
        Ok(told
            .map(|(who, what)| format!("{who} loses what {way} {what} gives"))
            .into_iter()
            .collect())
    })
}

/// Says that of sharing nothing is left but what is given now.
pub(in crate::commands) fn of_resharing(
    context: &Context,
    rights: &str,
    rows: &[Reference],
    with: &Reference,
) -> anyhow::Result<()> {
    said(context, |session| {
        let told = shared(context, session, rows, with)?;
        let told = told.map(|(who, what)| format!("of sharing {what} nothing is left to {who} but {rights}"));
        Ok(told.into_iter().collect())
    })
}

/// What that person or team and those rows are called.
fn shared(
    context: &Context,
    session: &dyn Door,
    rows: &[Reference],
    with: &Reference,
) -> anyhow::Result<Option<(String, String)>> {
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let who = Labels::load(context, [with.clone()])?.name(with);
    let what = match rows {
        [only] => format!("{} {}", sluice_engine::noun(&only.table), super::name(session, only)?),
        _ => count(rows.len(), sluice_engine::noun(&first.table)),
    };
    Ok(Some((who, what)))
}

/// Says that two rows become one.
pub(in crate::commands) fn of_merge(context: &Context, (keep, other): (&Reference, &Reference)) -> anyhow::Result<()> {
    said(context, |session| {
        let (keep, closed) = (super::name(session, keep)?, super::name(session, other)?);
        Ok(vec![format!(
            "{closed} ({}) will be merged into {keep} and closed; there is no way back",
            other.id
        )])
    })
}

/// Says that an organisation makes room for a backup: what was done since is not in it.
pub(in crate::commands) fn of_restore(
    context: &Context,
    (backup, to): (&Path, &Path),
    now: Timestamp,
) -> anyhow::Result<()> {
    let written = |path: &Path| {
        let time = path.metadata().ok()?.modified().ok()?;
        Some(times::ago(now, Timestamp::try_from(time).ok()?))
    };
    if !to.exists() {
        return Ok(());
    }
    let age = written(backup).map_or_else(String::new, |age| format!(", which was written {age}"));
    told(
        context,
        &format!(
            "{} gives its place to {}{age}: what was done since is not in it",
            to.display(),
            backup.display()
        ),
    )
}

/// Says which images of a step go that others take the place of.
pub(in crate::commands) fn of_images(context: &Context, step: Uuid, images: &[ImageSpec]) -> anyhow::Result<()> {
    const IMAGE: &str = "sdkmessageprocessingstepimage";
    said(context, |session| {
        if session.check_privilege(IMAGE, Right::Read).is_err() {
            return Ok(Vec::new());
        }
        let query = Query::new(IMAGE).columns(&["entityalias"]).order_by("entityalias");
        let there = session.list(query.filter(Filter::eq("sdkmessageprocessingstepid", step)))?;
        let goes = |alias: &&str| images.iter().all(|image| image.alias != **alias);
        let gone = there.iter().filter_map(|row| row.text("entityalias"));
        let gone: Vec<&str> = gone.filter(goes).collect();
        let told = format!(
            "the step no longer has {} ({}): what is given takes the place of all",
            count(gone.len(), "image"),
            list(&gone, gone.len())
        );
        Ok((!gone.is_empty()).then_some(told).into_iter().collect())
    })
}

/// Says which steps a push removes or takes out of work.
pub(in crate::commands) fn of_push(context: &Context, pushed: &Pushed) -> anyhow::Result<()> {
    let lists = [
        (&pushed.removed, "step", "will be removed"),
        (&pushed.disabled, "step", "will be disabled"),
        (&pushed.deactivated, "workflow", "will be deactivated"),
    ];
    let all = lists.iter().filter(|(things, ..)| !things.is_empty());
    let all: Vec<String> = all
        .map(|(things, one, what)| {
            let names: Vec<&str> = things.iter().map(|(_, name)| name.as_str()).collect();
            format!("{} {what} ({})", count(names.len(), one), list(&names, names.len()))
        })
        .collect();
    match all.is_empty() {
        true => Ok(()),
        false => told(context, &all.join("; ")),
    }
}

/// Says what goes with a solution: of a managed one all that it brought. Who may delete none is told that, whether or
/// not there is such a solution.
pub(in crate::commands) fn of_solution(context: &Context, name: &str) -> anyhow::Result<()> {
    const SOLUTION: &str = "solution";
    said(context, |session| {
        session.check_privilege(SOLUTION, Right::Delete)?;
        if session.check_privilege(SOLUTION, Right::Read).is_err() {
            return Ok(Vec::new());
        }
        let query = Query::new(SOLUTION).columns(&["ismanaged"]);
        let id = session.find_one(SOLUTION, name)?;
        let rows = session.list(query.filter(Filter::eq("solutionid", id)))?;
        if rows.first().and_then(|row| row.bool("ismanaged")) != Some(true) {
            return Ok(vec![format!("solution {name} will be deleted; what is in it stays")]);
        }
        let components = session.solution_components(name)?;
        let each: Vec<String> = components.iter().map(|(kind, name)| format!("{kind} {name}")).collect();
        Ok(vec![format!(
            "solution {name} will be deleted with what it brought: {} ({})",
            count(each.len(), "component"),
            list(&each, each.len())
        )])
    })
}

/// Says that changes of a table's rows are no longer on record.
pub(in crate::commands) fn of_unwatching(context: &Context, table: &str) -> anyhow::Result<()> {
    said(context, |session| {
        let is_watched = session.catalog()?.find(table).is_some_and(|table| table.audited);
        let told = || format!("no change of a row of {table} will be on record from now on");
        Ok(is_watched.then(told).into_iter().collect())
    })
}
