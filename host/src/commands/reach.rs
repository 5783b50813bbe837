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
pub(super) fn of_role(context: &Context, role: Uuid) -> anyhow::Result<Option<String>> {
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
    match (lowered.is_empty(), of_role(context, role)?) {
        (false, Some(holders)) => told(
            context,
            &format!("role {name}, which {holders} have, loses {}", lowered.join(", ")),
        ),
        _ => Ok(()),
    }
}

/// Says whom it reaches that columns of a row change.
pub(super) fn of_update(context: &Context, session: &dyn Door, row: &Row) -> anyhow::Result<()> {
    let called = || name(session, &row.reference());
    let is = |column: &str, value: bool| row.bool(column) == Some(value);
    let is_holder = matches!(&*row.table, "systemuser" | "team");
    let moves = match is_holder && row.has("businessunitid") {
        true => Some(format!(
            "{} loses all roles by moving to another business unit",
            called()?
        )),
        false => None,
    };
    let stops = match &*row.table {
        "systemuser" if is("isdisabled", true) => {
            let told = |runs| {
                anyhow::Ok(format!(
                    "{} can do nothing any more, and neither can what runs in this name: {runs}",
                    called()?
                ))
            };
            run_as(session, row.id)?.map(told).transpose()?
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
    let all: Vec<String> = [moves, stops].into_iter().flatten().collect();
    if all.is_empty() {
        Ok(())
    } else {
        told(context, &all.join("; "))
    }
}

/// Says whom it reaches that a row goes.
pub(super) fn of_delete(context: &Context, session: &dyn Door, row: &Reference) -> anyhow::Result<()> {
    let called = || name(session, row);
    let what = match &*row.table {
        "role" => {
            let told = |holders| anyhow::Ok(format!("{holders} have the role {} and lose what it gives", called()?));
            of_role(context, row.id)?.map(told).transpose()?
        }
        "plugintype" => {
            let steps = Query::new(STEP).filter(Filter::eq("plugintypeid", row.id));
            let told = |steps| anyhow::Ok(format!("with {} go its steps: {steps}", called()?));
            named(session, steps, "name", "step")?.map(told).transpose()?
        }
        _ => None,
    };
    what.map_or(Ok(()), |what| told(context, &what))
}

/// Says whom it reaches that a user or team loses what a role, or being in a team, gives.
pub(super) fn of_loss(context: &Context, session: &dyn Door, holder: &Reference) -> anyhow::Result<()> {
    let (members, runs) = match &*holder.table {
        "team" => (holders::members(context, holder.id)?.len(), None),
        _ => (0, run_as(session, holder.id)?),
    };
    let what = match (members, runs) {
        (0, None) => return Ok(()),
        (_, Some(runs)) => format!("and so does what runs in this name: {runs}"),
        (members, None) => format!("and so do those who are in it ({})", count(members, "member")),
    };
    told(
        context,
        &format!("{} loses what that gives, {what}", name(session, holder)?),
    )
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
