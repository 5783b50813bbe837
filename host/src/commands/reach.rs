//! What a change takes away, and from whom: it is said before. In a terminal it is asked whether to go on, which
//! `--yes` answers; without one it is said on standard error. Every command that takes something away for good comes
//! through here.

mod deleting;
mod losing;
mod updating;

use std::io::{BufRead, IsTerminal, stderr, stdin};

use sluice_engine::Session;
use sluice_model::{Depth, Filter, Query, Reference, Right, Uuid, Value, state};

pub(super) use deleting::{of_deletes, of_one};
pub(super) use losing::{
    of_column, of_definition, of_images, of_merge, of_opening, of_option, of_permission, of_push, of_resharing,
    of_restore, of_solution, of_table, of_unsharing, of_unwatching,
};
pub(super) use updating::{of_update, of_updates};

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

/// Says it once, what there is to say by what the acting user may read. That is asked without marks of use: a change
/// uses no more than what it needs itself.
fn said(context: &Context, what: impl FnOnce(&Session) -> anyhow::Result<Vec<String>>) -> anyhow::Result<()> {
    if context.goes_on() {
        return Ok(());
    }
    let mut all = context.looking(what)?;
    all.dedup();
    match all.is_empty() {
        true => Ok(()),
        false => told(context, &all.join("; ")),
    }
}

/// `2 users and teams`, who have a role themselves or through a team; nothing, where there are none
/// whom the acting user may read.
fn holders_of(context: &Context, role: Uuid) -> anyhow::Result<Option<String>> {
    if context.session()?.check_privilege("role", Right::Read).is_err() {
        return Ok(None);
    }
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
    said(context, |session| {
        if session.check_privilege("role", Right::Read).is_err() {
            return Ok(Vec::new());
        }
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
        if lowered.is_empty() {
            return Ok(Vec::new());
        }
        let lowered = list(&lowered, lowered.len());
        let told = holders_of(context, role)?;
        let told = told.map(|holders| format!("role {name}, which {holders} have, loses {lowered}"));
        Ok(told.into_iter().collect())
    })
}

/// Says whom it reaches that users or teams lose a role, those who have it: once, before any of them loses it.
pub(super) fn of_role<'a>(
    context: &Context,
    of: impl IntoIterator<Item = &'a Reference>,
    role: &str,
) -> anyhow::Result<()> {
    said(context, |session| {
        let mut lose = Vec::new();
        for holder in of {
            let row = names::get(session, &holder.table, holder.id, &["businessunitid"])?;
            // A role that is not there is refused by what comes next.
            let Ok(copy) = names::role_for(session, &row, role) else {
                continue;
            };
            let held = holders::roles(context, holder)?;
            if held.all.iter().any(|held| held.role.id == copy) {
                lose.push(by_loss(context, session, holder)?);
            }
        }
        Ok(lose)
    })
}

/// Says whom it reaches that users or teams lose what a role, or being in a team, gives: once, before any of them
/// loses it.
pub(super) fn of_losses<'a>(context: &Context, holders: impl IntoIterator<Item = &'a Reference>) -> anyhow::Result<()> {
    said(context, |session| {
        let each = holders.into_iter().map(|holder| by_loss(context, session, holder));
        each.collect()
    })
}

/// Whom it reaches that a user or team loses what a role, or being in a team, gives.
fn by_loss(context: &Context, session: &dyn Door, holder: &Reference) -> anyhow::Result<String> {
    let (members, runs) = match &*holder.table {
        "team" => (holders::members(context, holder.id)?.all.len(), None),
        _ => (0, run_as(session, |column| Filter::eq(column, holder.clone()))?),
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

/// The steps and workflows that run in the name of users: those to whom a lookup refers, as `whose` says.
fn run_as(session: &dyn Door, whose: impl Fn(&str) -> Filter) -> anyhow::Result<Option<String>> {
    let steps = whose("impersonatinguserid");
    let steps = Query::new(STEP).filter(steps.and(state::step::ENABLED.rows()));
    let workflows = whose("ownerid");
    let workflows = workflows.and(Filter::eq("type", Value::Choice(1)).and(Filter::eq("category", Value::Choice(0))));
    let workflows = Query::new("workflow").filter(workflows.and(state::process::ACTIVATED.rows()));
    let runs = [
        named(session, steps, "name", "step")?,
        named(session, workflows, "name", "workflow")?,
    ];
    let runs: Vec<String> = runs.into_iter().flatten().collect();
    Ok((!runs.is_empty()).then(|| runs.join(" and ")))
}

/// So many names are told.
const NAMES: usize = 3;

/// So many rows are looked for; where there are more, it is told that they are at least so many.
const COUNTED: u32 = 10_000;

/// `2 leads`, or `at least 10000 leads` where no more were looked for.
fn counted(rows: usize, one: &str) -> String {
    let all = u32::try_from(rows).is_ok_and(|rows| rows < COUNTED);
    let least = if all { "" } else { "at least " };
    format!("{least}{}", count(rows, one))
}

/// `2 steps (one, another)`; nothing, where there are none that the acting user may read.
fn named(session: &dyn Door, query: Query, column: &str, one: &str) -> anyhow::Result<Option<String>> {
    if session.check_privilege(&query.table, Right::Read).is_err() {
        return Ok(None);
    }
    let rows = session.list(query.columns(&[column]).order_by(column).top(COUNTED))?;
    let names: Vec<&str> = rows.iter().filter_map(|row| row.text(column)).collect();
    Ok((!rows.is_empty()).then(|| format!("{} ({})", counted(rows.len(), one), list(&names, names.len()))))
}

/// The first of so many names.
fn list<T: AsRef<str>>(names: &[T], of: usize) -> String {
    let told: Vec<&str> = names.iter().take(NAMES).map(AsRef::as_ref).collect();
    let more = if of > NAMES { " …" } else { "" };
    format!("{}{more}", told.join(", "))
}
