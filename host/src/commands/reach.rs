//! Whom a change reaches that takes something from others: it is said before. In a terminal it is asked
//! whether to go on, which `--yes` answers; without one it is said on standard error.

use std::io::{BufRead, IsTerminal, stderr, stdin};

use sluice_model::{Depth, Filter, Query, Reference, Right, Row, Uuid, Value};

use super::{holders, step_show::STEP};
use crate::{context::Context, door::Door, names, output::tell, people::count, usage::Usage};

/// Says what follows, and asks where somebody can answer.
///
/// # Errors
/// The answer is no.
pub(super) fn told(context: &Context, what: &str) -> anyhow::Result<()> {
    if context.goes_on() {
        return Ok(());
    }
    if !(stdin().is_terminal() && stderr().is_terminal()) {
        tell(what);
        return Ok(());
    }
    tell(&format!("{what}\nGo on? [y/N]"));
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Usage::because("nothing was changed")),
    }
}

/// `2 users and teams`, who have a role themselves or through a team; nothing, where there are none
/// whom the acting user may read.
fn holders_of(context: &Context, role: Uuid) -> anyhow::Result<Option<String>> {
    let holders = holders::of_role(context, &role.to_string())?;
    let holders = holders
        .document
        .get("value")
        .and_then(serde_json::Value::as_array)
        .map_or(0, Vec::len);
    Ok((holders > 0).then(|| count(holders, "user or team").replace("user or teams", "users and teams")))
}

/// Says whom it reaches that a role no longer holds a privilege, or not as deep as before.
pub(super) fn of_lowering(
    context: &Context,
    (name, role): (&str, Uuid),
    wanted: &[(String, Option<Depth>)],
) -> anyhow::Result<()> {
    let held = holders::privileges(context, role)?;
    let lowered: Vec<String> = wanted
        .iter()
        .filter_map(|(privilege, then)| {
            let (_, now) = held.iter().find(|(known, _)| known.eq_ignore_ascii_case(privilege))?;
            (then.is_none_or(|then| then < *now)).then(|| match then {
                Some(then) => format!("{privilege} from {} to {}", now.label(), then.label()),
                None => format!("{privilege} ({})", now.label()),
            })
        })
        .collect();
    match (lowered.is_empty(), holders_of(context, role)?) {
        (false, Some(holders)) => told(
            context,
            &format!("role {name}, which {holders} have, loses {}", lowered.join(", ")),
        ),
        _ => Ok(()),
    }
}

/// Says whom it reaches that columns of a row change.
pub(super) fn of_update(context: &Context, session: &dyn Door, row: &Row) -> anyhow::Result<()> {
    of_updates(context, session, std::slice::from_ref(row))
}

/// The same of several rows: once, before any of them changes.
pub(super) fn of_updates(context: &Context, session: &dyn Door, rows: &[Row]) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for row in rows {
        all.extend(by_update(session, row)?);
    }
    told_once(context, all)
}

/// Says it once, what there is to say.
fn told_once(context: &Context, mut all: Vec<String>) -> anyhow::Result<()> {
    all.dedup();
    match all.is_empty() {
        true => Ok(()),
        false => told(context, &all.join("; ")),
    }
}

/// The columns by which a change reaches others.
const REACHING: [&str; 3] = ["businessunitid", "isdisabled", "isduplicatedetectionenabled"];

/// What of a change reaches others: the columns in which the row is not so already, as far as the acting user may
/// read it.
fn reaching(session: &dyn Door, change: &Row) -> anyhow::Result<Row> {
    let mut reaching = Row::new(change.table.clone(), change.id);
    let columns: Vec<&str> = REACHING.into_iter().filter(|column| change.has(column)).collect();
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
        if let Some(value) = then.filter(|_| now != Some(then)) {
            reaching.set(column, value.clone());
        }
    }
    Ok(reaching)
}

/// Whom it reaches that columns of a row change.
fn by_update(session: &dyn Door, change: &Row) -> anyhow::Result<Vec<String>> {
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
            let runs = run_as(session, row.id)?;
            let along = runs.map(|runs| format!(", and neither can what runs in this name: {runs}"));
            Some(format!(
                "{} can do nothing any more{}",
                called()?,
                along.unwrap_or_default()
            ))
        }
        "businessunit" if is("isdisabled", true) => {
            let users = Query::new("systemuser").filter(Filter::eq("businessunitid", row.id));
            let users = named(session, users, "fullname", "user")?;
            let told = |users| anyhow::Ok(format!("nobody in {} can do anything any more: {users}", called()?));
            users.map(told).transpose()?
        }
        "organization" if is("isduplicatedetectionenabled", false) => {
            let rules = Query::new("duplicaterule").filter(Filter::eq("statecode", Value::Choice(1)));
            named(session, rules, "name", "rule")?
                .map(|rules| format!("no longer published, until somebody publishes them again: {rules}"))
        }
        _ => None,
    };
    Ok([moves, stops].into_iter().flatten().collect())
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

/// Says whom it reaches that rows go: once, before any of them does. Of several it is said how many they are.
pub(super) fn of_deletes(context: &Context, session: &dyn Door, rows: &[Reference]) -> anyhow::Result<()> {
    let mut all = Vec::new();
    if let [first, _, ..] = rows {
        let names = rows.iter().take(NAMES).map(|row| name(session, row));
        let names = names.collect::<anyhow::Result<Vec<String>>>()?.join(", ");
        let more = if rows.len() > NAMES { " …" } else { "" };
        let what = sluice_engine::noun(&first.table);
        all.push(format!("{} will be deleted ({names}{more})", count(rows.len(), what)));
    }
    for row in rows {
        all.extend(by_delete(session, context, row)?);
    }
    told_once(context, all)
}

/// Whom it reaches that a row goes.
fn by_delete(session: &dyn Door, context: &Context, row: &Reference) -> anyhow::Result<Option<String>> {
    let called = || name(session, row);
    match &*row.table {
        "role" => {
            let told = |holders| anyhow::Ok(format!("{holders} have the role {} and lose what it gives", called()?));
            holders_of(context, row.id)?.map(told).transpose()
        }
        "team" => {
            let members = holders::members(context, row.id)?.len();
            let told = || {
                anyhow::Ok(format!(
                    "{} loses what the team {} gives",
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

/// Says whom it reaches that users or teams lose a role, those who have it: once, before any of them loses it.
pub(super) fn of_role<'a>(
    context: &Context,
    session: &dyn Door,
    of: impl IntoIterator<Item = &'a Reference>,
    role: &str,
) -> anyhow::Result<()> {
    let mut lose = Vec::new();
    for holder in of {
        let row = names::get(session, &holder.table, holder.id, &["businessunitid"])?;
        // A role that is not there is refused by what comes next.
        let Ok(copy) = names::role_for(session, &row, role) else {
            continue;
        };
        let held = holders::roles(context, holder)?;
        if held.iter().any(|held| held.role.id == copy) {
            lose.push(holder);
        }
    }
    of_losses(context, session, lose)
}

/// Says whom it reaches that users or teams lose what a role, or being in a team, gives: once, before any of them
/// loses it.
pub(super) fn of_losses<'a>(
    context: &Context,
    session: &dyn Door,
    holders: impl IntoIterator<Item = &'a Reference>,
) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for holder in holders {
        all.push(by_loss(context, session, holder)?);
    }
    told_once(context, all)
}

/// Whom it reaches that a user or team loses what a role, or being in a team, gives.
fn by_loss(context: &Context, session: &dyn Door, holder: &Reference) -> anyhow::Result<String> {
    let (members, runs) = match &*holder.table {
        "team" => (holders::members(context, holder.id)?.len(), None),
        _ => (0, run_as(session, holder.id)?),
    };
    let along = match (members, runs) {
        (0, None) => String::new(),
        (_, Some(runs)) => format!(", and so does what runs in this name: {runs}"),
        (members, None) => format!(", and so do those who are in it ({})", count(members, "member")),
    };
    Ok(format!("{} loses what that gives{along}", name(session, holder)?))
}

/// What a row is called, which people may have given as an id, the end of one, or `@last`.
fn name(session: &dyn Door, row: &Reference) -> anyhow::Result<String> {
    Ok(names::called(session, &row.table, &row.id.to_string())?.1)
}

/// The steps and workflows that run in somebody's name.
fn run_as(session: &dyn Door, user: Uuid) -> anyhow::Result<Option<String>> {
    let steps = Filter::eq("impersonatinguserid", Reference::new("systemuser", user));
    let steps = Query::new(STEP).filter(steps.and(Filter::eq("statecode", Value::Choice(0))));
    let workflows = Filter::eq("ownerid", Reference::new("systemuser", user));
    let workflows = workflows.and(Filter::eq("type", Value::Choice(1)).and(Filter::eq("category", Value::Choice(0))));
    let workflows = Query::new("workflow").filter(workflows.and(Filter::eq("statecode", Value::Choice(1))));
    let runs = [
        named(session, steps, "name", "step")?,
        named(session, workflows, "name", "workflow")?,
    ];
    let runs: Vec<String> = runs.into_iter().flatten().collect();
    Ok((!runs.is_empty()).then(|| runs.join(" and ")))
}

/// So many names are told.
const NAMES: usize = 3;

/// `2 steps (one, another)`; nothing, where there are none that the acting user may read.
fn named(session: &dyn Door, query: Query, column: &str, one: &str) -> anyhow::Result<Option<String>> {
    if session.check_privilege(&query.table, Right::Read).is_err() {
        return Ok(None);
    }
    let rows = session.list(query.columns(&[column]).order_by(column))?;
    let names: Vec<&str> = rows.iter().filter_map(|row| row.text(column)).collect();
    let told = names.get(..NAMES).unwrap_or(&names).join(", ");
    let more = if names.len() > NAMES { " …" } else { "" };
    Ok((!rows.is_empty()).then(|| format!("{} ({told}{more})", count(rows.len(), one))))
}
