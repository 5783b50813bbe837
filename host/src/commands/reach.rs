//! Whom a change reaches that takes something from others: it is said before. In a terminal it is asked
//! whether to go on, which `--yes` answers; without one it is said on standard error.

use std::io::{BufRead, IsTerminal, stderr, stdin};

use sluice_model::{Depth, Uuid};

use super::holders;
use crate::{context::Context, output::tell, people::count, usage::Usage};

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
