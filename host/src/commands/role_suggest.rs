//! `sluice role suggest`: the smallest role that what was used needs.

use serde_json::json;
use sluice_engine::{Found, Session};
use sluice_model::{Code, Depth, Error, Reference};
use sluice_platform::{Suggested, UnusedPrivilege, UsedBy, UsedPrivilege, prelude::*};

use super::{
    holders,
    role::{Inherit, new_role},
};
use crate::{
    context::Context,
    names::Labels,
    output::{Grid, Outcome},
    people::count,
};

/// See the module.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose use: a user, or a role by which anybody used it; `user:NAME` or `role:NAME` where both are there.
    #[arg(long, value_name = "USER|ROLE")]
    from: String,
    /// Of how many days, today included.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// Make a role of that name with it.
    #[arg(long, value_name = "NAME")]
    create: Option<String>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let used_by = used_by(&session, &args.from)?;
    let found = session.suggest_role(&used_by, args.days)?;
    let needs: Vec<(String, Depth)> = found
        .needs
        .iter()
        .map(|need| (need.privilege.clone(), need.depth))
        .collect();
    let made = match &args.create {
        Some(name) if needs.is_empty() => {
            let message = format!("nothing was used in these days, so there is no role \"{name}\" to make of it");
            return Err(Error::invalid(message).into());
        }
        Some(name) => {
            let row = new_role(&session, name, None, Inherit::User)?;
            Some((name, holders::make_role(&session, row, &needs)?))
        }
        None => None,
    };
    let steps = found.needs.iter().flat_map(|need| &need.steps);
    let labels = Labels::load(
        context,
        steps.map(|step| Reference::new("sdkmessageprocessingstep", *step)),
    )?;
    let unseen = unseen(&found, args.days);
    let document = json!({
        "id": made.as_ref().map(|(_, id)| id.to_string()),
        "needs": found.needs.iter().map(need_json).collect::<Vec<_>>(),
        "unused": found.unused.iter().map(unused_json).collect::<Vec<_>>(),
        "since": found.since.to_string(),
        "knownsince": found.known_since.map(|day| day.to_string()),
        "dayswithuse": found.days_with_use,
        "unseen": unseen,
    });
    let mut text = text(&found, &labels, args);
    for line in &unseen {
        text.push_str(&format!("\n- {line}"));
    }
    if let Some((name, id)) = made {
        text.push_str(&format!("\n\ncreated role {name} {id}"));
    }
    Ok(Outcome::new(document, text).with_cells("needs"))
}

/// The user or the role that a name stands for.
fn used_by(session: &Session, from: &str) -> anyhow::Result<UsedBy> {
    let user = |name: &str| {
        let id = session.find_one("systemuser", name)?;
        Ok(UsedBy::Principal(Reference::new("systemuser", id)))
    };
    if let Some(name) = from.strip_prefix("user:") {
        return user(name);
    }
    if let Some(name) = from.strip_prefix("role:") {
        return Ok(UsedBy::Role(session.find_one("role", name)?));
    }
    let is_there = |table: &str| -> anyhow::Result<bool> {
        Ok(match session.find(table, from)? {
            Found::None => false,
            // An id is one of whatever table: it is looked whether the row is there.
            Found::One(id) => session
                .execute(sluice_model::Request::retrieve(Reference::new(table, id), &[]))
                .is_ok(),
            Found::Many(_) => true,
        })
    };
    match (is_there("systemuser")?, is_there("role")?) {
        (true, true) => {
            let message = format!("\"{from}\" is a user and a role; say user:{from} or role:{from}");
            Err(Error::new(Code::AMBIGUOUS, message).into())
        }
        (false, true) => Ok(UsedBy::Role(session.find_one("role", from)?)),
        _ => user(from),
    }
}

fn need_json(need: &UsedPrivilege) -> serde_json::Value {
    json!({
        "privilege": need.privilege,
        "depth": need.depth.label(),
        "bylists": need.by_lists,
        "byshares": need.by_shares,
        "last": need.last.to_string(),
        "steps": need.steps.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn unused_json(unused: &UnusedPrivilege) -> serde_json::Value {
    json!({
        "privilege": unused.privilege,
        "held": unused.held.label(),
        "used": unused.used.map(Depth::label),
    })
}

fn text(found: &Suggested, labels: &Labels, args: &Args) -> String {
    let mut needs = Grid::new(["privilege", "depth", "last used", "because of", "steps"]);
    for need in &found.needs {
        let because = match (need.by_lists, need.by_shares) {
            (true, _) => "lists",
            (false, true) => "shares, too",
            _ => "",
        };
        let steps = need.steps.iter();
        let steps = steps.map(|step| labels.name(&Reference::new("sdkmessageprocessingstep", *step)));
        needs.row([
            need.privilege.clone(),
            need.depth.label().to_owned(),
            need.last.to_string(),
            because.to_owned(),
            steps.collect::<Vec<_>>().join(", "),
        ]);
    }
    let mut unused = Grid::new(["privilege", "held", "used"]);
    for one in &found.unused {
        unused.row([
            one.privilege.as_str(),
            one.held.label(),
            one.used.map_or("nothing", Depth::label),
        ]);
    }
    format!(
        "What {} used since {} needs:\n\n{}\n\nHeld today, and not used, or not so deep:\n\n{}\n\nWhat these {} do not show:",
        args.from,
        found.since,
        needs.text("nothing was used"),
        unused.text("all of it was used"),
        count(args.days as usize, "day"),
    )
}

/// What the days that were looked at do not show.
fn unseen(found: &Suggested, days: u32) -> Vec<String> {
    let mut lines = Vec::new();
    if !found.is_noted {
        lines.push("use is not noted now: `settings set use yes`".to_owned());
    }
    match found.known_since {
        None => lines.push("no use was noted at all yet".to_owned()),
        Some(known) if known > found.since => {
            lines.push(format!("what was used before {known}: nothing of it is known"));
        }
        Some(_) => {}
    }
    let idle = (days as usize).saturating_sub(found.days_with_use);
    if idle > 0 {
        lines.push(format!("anything of {} on which nothing was used", count(idle, "day")));
    }
    lines
        .push("what is done once a quarter or once a year: look at more days before you take anything away".to_owned());
    lines.push("requests that were refused, and privileges that are held to be given to others".to_owned());
    if found.needs.iter().any(|need| need.by_lists) {
        lines.push("how deep a list needed to look: it counts with the depth that was held".to_owned());
    }
    lines
}
