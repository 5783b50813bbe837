//! Which commands the lead form shows, and why: rules of the client, not of the platform, so a
//! command that is hidden can still be given by every other door.

use serde::Serialize;
use sluice_engine::Session;
use sluice_model::{Error, Reference, Remedy, Request, Result, Uuid, remedy::Resolution};
use sluice_platform::prelude::*;

/// The commands of the lead form.
pub const COMMANDS: [&str; 3] = ["Qualify", "Disqualify", "Reactivate"];

/// Whether a command is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Availability {
    /// The command.
    pub command: &'static str,
    /// Whether the form shows it.
    pub visible: bool,
    /// What that depends on.
    pub conditions: Vec<Condition>,
}

/// One of the conditions for a command to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// What must hold.
    pub condition: String,
    /// Whether it holds.
    pub holds: bool,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What helps, with what the words of its remedies stand for.
    #[serde(skip)]
    pub cure: Option<(Resolution, String)>,
}

const IN_MOBILE: Resolution = Resolution::new("clear it", &[Remedy::MakeEditableInMobile]);
const OFFLINE: Resolution = Resolution::new(
    "add it, and publish; where it is there as a draft, publish",
    &[Remedy::AddToOffline, Remedy::PublishAll],
);
const REACTIVATE: Resolution = Resolution::new("reactivate it", &[Remedy::ReactivateLead]);
const CLOSE: Resolution = Resolution::new("qualify or disqualify it", &[]);

impl Condition {
    /// Where it does not hold: why, what helps, and what the word of its remedies stands for.
    fn new(condition: String, holds: bool, reason: String, cure: Resolution, word: impl ToString) -> Self {
        Self {
            condition,
            holds,
            reason: (!holds).then_some(reason),
            cure: (!holds).then(|| (cure, word.to_string())),
        }
    }
}

/// Whether the lead form shows a command; of a lead, where one is given.
///
/// # Errors
/// There is no such command, or the lead cannot be read.
pub fn explain(session: &Session, command: &str, lead: Option<Uuid>) -> Result<Availability> {
    let command = COMMANDS
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(command))
        .ok_or_else(|| {
            Error::invalid(format!(
                "the lead form has no command `{command}`: {}",
                COMMANDS.join(", ")
            ))
        })?;
    let mut conditions = match command {
        "Qualify" => on_the_client(session)?,
        _ => Vec::new(),
    };
    if let Some(lead) = lead {
        conditions.push(state(session, command, lead)?);
    }
    Ok(Availability {
        command,
        visible: conditions.iter().all(|condition| condition.holds),
        conditions,
    })
}

/// The four tables are editable, and three of them available offline.
fn on_the_client(session: &Session) -> Result<Vec<Condition>> {
    let catalog = session.catalog()?;
    let mut conditions = Vec::new();
    for table in ["account", "contact", "lead", "opportunity"] {
        let editable = !catalog.table(table)?.read_only_in_mobile;
        conditions.push(Condition::new(
            format!("{table} is editable"),
            editable,
            format!("{table} is read-only in mobile"),
            IN_MOBILE,
            table,
        ));
    }
    let offline = session.published("mobileofflineprofileitem")?;
    for table in ["account", "contact", "opportunity"] {
        let there = offline
            .iter()
            .any(|item| item.text("selectedentitytypecode") == Some(table));
        conditions.push(Condition::new(
            format!("{table} is available in mobile offline"),
            there,
            format!("{table} is not in the published offline profile"),
            OFFLINE,
            table,
        ));
    }
    Ok(conditions)
}

/// Open leads are qualified or disqualified, closed ones reactivated.
fn state(session: &Session, command: &str, lead: Uuid) -> Result<Condition> {
    let request = Request::retrieve(Reference::new("lead", lead), &["statecode"]);
    let open = session.execute(request)?.row().and_then(|row| row.int("statecode")) == Some(0);
    Ok(if command == "Reactivate" {
        Condition::new(
            "the lead is closed".to_owned(),
            !open,
            "the lead is open".to_owned(),
            CLOSE,
            lead,
        )
    } else {
        Condition::new(
            "the lead is open".to_owned(),
            open,
            "the lead is closed".to_owned(),
            REACTIVATE,
            lead,
        )
    })
}
