//! What is taken away by changes that are no deletes of rows: definitions with what is in them, rights, ways back.

use std::path::Path;

use sluice_engine::Session;
use sluice_model::{
    ColumnDef, ColumnType, Comparison, Filter, Query, Reference, Right, TableDef, Timestamp, Uuid, Value,
};
use sluice_platform::{ImageSpec, Pushed, prelude::*};

use super::{NAMES, list, told};
use crate::{
    context::Context,
    door::Door,
    names::{self, Labels},
    people::count,
    times,
};

/// So many rows are counted.
const COUNTED: u32 = 10_000;

/// `5 leads`, for which that holds; nothing, where there are none that the acting user may read.
fn counted(session: &dyn Door, table: &TableDef, filter: Filter) -> anyhow::Result<Option<String>> {
    if session.check_privilege(&table.name, Right::Read).is_err() {
        return Ok(None);
    }
    let query = Query::new(table.name.clone()).columns(&[]).filter(filter).top(COUNTED);
    let rows = session.list(query)?.len();
    let most = usize::try_from(COUNTED).unwrap_or(usize::MAX);
    let least = if rows >= most { "at least " } else { "" };
    Ok((rows > 0).then(|| format!("{least}{}", count(rows, sluice_engine::noun(&table.name)))))
}

/// Says what goes with a column. Whether there is such a column is told by what comes next.
pub(in crate::commands) fn of_column(
    context: &Context,
    session: &dyn Door,
    (table, column): (&str, &str),
) -> anyhow::Result<()> {
    let catalog = session.catalog()?;
    let Some(definition) = catalog.find(table).filter(|_| !context.goes_on()) else {
        return Ok(());
    };
    let Some(known) = definition.column(column) else {
        return Ok(());
    };
    let holds = Filter::Compare {
        column: known.name.clone(),
        comparison: Comparison::Ne,
        value: Value::Null,
    };
    // Of a secured one, it is not counted who has what.
    let values = match known.secured {
        true => None,
        false => counted(session, definition, holds)?,
    };
    let values = values.map_or_else(String::new, |rows| format!(": {rows} with a value there"));
    told(
        context,
        &format!("column {column} of {table} will be deleted with everything in it, for good{values}"),
    )
}

/// Says what goes with a table.
pub(in crate::commands) fn of_table(context: &Context, session: &dyn Door, table: &str) -> anyhow::Result<()> {
    let catalog = session.catalog()?;
    let Some(table) = catalog.find(table) else {
        return Ok(());
    };
    told(
        context,
        &format!(
            "table {} will be deleted for good, with its columns, views and forms, and with what roles hold on it",
            table.name
        ),
    )
}

/// Says that a part of the configuration goes in which there are no rows.
pub(in crate::commands) fn of_definition(context: &Context, what: &str) -> anyhow::Result<()> {
    told(context, &format!("{what} will be deleted"))
}

/// Says which rows have an option that goes: those of a column, or of all columns that take a choice.
pub(in crate::commands) fn of_option(
    context: &Context,
    session: &dyn Door,
    (name, option): (&str, Option<i32>),
) -> anyhow::Result<()> {
    if context.goes_on() {
        return Ok(());
    }
    let catalog = session.catalog()?;
    let takes = |table: &TableDef, column: &ColumnDef| match name.split_once('.') {
        Some((of, its)) => *table.name == *of && *column.name == *its,
        None => column.kind.global().is_some_and(|global| **global == *name),
    };
    let mut have = Vec::new();
    for table in catalog.iter() {
        let columns = table.columns.iter();
        for column in columns.filter(|column| takes(table, column) && !column.secured) {
            let Some(value) = option_value(column, option) else {
                continue;
            };
            if let Some(rows) = counted(session, table, Filter::eq(&column.name, value))? {
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
    told(context, &format!("{what} will be deleted{have}"))
}

/// An option as the value of a column; of columns that hold several, none are counted.
fn option_value(column: &ColumnDef, option: Option<i32>) -> Option<Value> {
    let several = matches!(column.kind, ColumnType::Choices { .. });
    option.filter(|_| !several).map(Value::Choice)
}

/// Says that a column is no longer secured: everybody who reads its rows reads it, and what profiles give on it goes.
pub(in crate::commands) fn of_opening(
    context: &Context,
    session: &dyn Door,
    (table, column): (&str, &str),
) -> anyhow::Result<()> {
    let catalog = session.catalog()?;
    let known = catalog.find(table).and_then(|table| table.column(column));
    if context.goes_on() || known.is_none_or(|column| !column.secured) {
        return Ok(());
    }
    let mut said = format!("everybody who may read rows of {table} may read {column} then");
    let given = permissions(session, table, column)?;
    if !given.is_empty() {
        said.push_str(&format!(
            ", and what profiles give on it goes ({}); securing it again does not bring that back",
            given.join(", ")
        ));
    }
    told(context, &said)
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

/// Says that somebody loses what sharing gave.
pub(in crate::commands) fn of_unsharing(
    context: &Context,
    session: &dyn Door,
    rows: &[Reference],
    with: &Reference,
) -> anyhow::Result<()> {
    let Some(first) = rows.first().filter(|_| !context.goes_on()) else {
        return Ok(());
    };
    let who = Labels::load(context, [with.clone()])?.name(with);
    let what = match rows {
        [only] => format!("{} {}", sluice_engine::noun(&only.table), super::name(session, only)?),
        _ => count(rows.len(), sluice_engine::noun(&first.table)),
    };
    told(context, &format!("{who} loses what sharing {what} gives"))
}

/// Says that two rows become one.
pub(in crate::commands) fn of_merge(
    context: &Context,
    session: &dyn Door,
    (keep, other): (&Reference, &Reference),
) -> anyhow::Result<()> {
    if context.goes_on() {
        return Ok(());
    }
    let (keep, closed) = (super::name(session, keep)?, super::name(session, other)?);
    told(
        context,
        &format!(
            "{closed} ({}) will be merged into {keep} and closed; there is no way back",
            other.id
        ),
    )
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
pub(in crate::commands) fn of_images(
    context: &Context,
    session: &dyn Door,
    step: Uuid,
    images: &[ImageSpec],
) -> anyhow::Result<()> {
    const IMAGE: &str = "sdkmessageprocessingstepimage";
    if context.goes_on() || session.check_privilege(IMAGE, Right::Read).is_err() {
        return Ok(());
    }
    let query = Query::new(IMAGE).columns(&["entityalias"]).order_by("entityalias");
    let there = session.list(query.filter(Filter::eq("sdkmessageprocessingstepid", step)))?;
    let goes = |alias: &&str| images.iter().all(|image| image.alias != **alias);
    let gone: Vec<&str> = there
        .iter()
        .filter_map(|row| row.text("entityalias"))
        .filter(goes)
        .collect();
    match gone.is_empty() {
        true => Ok(()),
        false => told(
            context,
            &format!(
                "the step no longer has {} ({}): what is given takes the place of all",
                count(gone.len(), "image"),
                list(&gone, gone.len())
            ),
        ),
    }
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

/// Says what goes with a solution: of a managed one all that it brought.
pub(in crate::commands) fn of_solution(context: &Context, session: &Session, name: &str) -> anyhow::Result<()> {
    if context.goes_on() {
        return Ok(());
    }
    let query = Query::new("solution").columns(&["ismanaged"]);
    let id = session.find_one("solution", name)?;
    let rows = session.list(query.filter(Filter::eq("solutionid", id)))?;
    if rows.first().and_then(|row| row.bool("ismanaged")) != Some(true) {
        return told(
            context,
            &format!("solution {name} will be deleted; what is in it stays"),
        );
    }
    let components = session.solution_components(name)?;
    let each: Vec<String> = components.iter().map(|(kind, name)| format!("{kind} {name}")).collect();
    let shown: Vec<String> = each.iter().take(NAMES).cloned().collect();
    told(
        context,
        &format!(
            "solution {name} will be deleted with what it brought: {} ({})",
            count(each.len(), "component"),
            list(&shown, each.len())
        ),
    )
}

/// Says that changes of a table's rows are no longer on record.
pub(in crate::commands) fn of_unwatching(context: &Context, session: &dyn Door, table: &str) -> anyhow::Result<()> {
    let catalog = session.catalog()?;
    match catalog.find(table).is_some_and(|table| table.audited) {
        true => told(
            context,
            &format!("no change of a row of {table} will be on record from now on"),
        ),
        false => Ok(()),
    }
}
