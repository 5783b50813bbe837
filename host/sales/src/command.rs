//! Which commands the lead form shows, and why: rules of the client, not of the platform, so a
//! command that is hidden can still be given by every other door.

use serde::Serialize;
use sluice_engine::Session;
use sluice_model::{Error, Reference, Request, Result, Uuid};
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
    /// What an administrator does about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

impl Condition {
    fn new(condition: String, holds: bool, otherwise: (String, String)) -> Self {
        let (reason, cure) = otherwise;
        Self {
            condition,
            holds,
            reason: (!holds).then_some(reason),
            cure: (!holds).then_some(cure),
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
        let otherwise = (
            format!("{table} is read-only in mobile"),
            format!("clear it: table update {table} --read-only-in-mobile no"),
        );
        conditions.push(Condition::new(format!("{table} is editable"), editable, otherwise));
    }
    let offline = session.published("mobileofflineprofileitem")?;
    for table in ["account", "contact", "opportunity"] {
        let there = offline
            .iter()
            .any(|item| item.text("selectedentitytypecode") == Some(table));
        let otherwise = (
            format!("{table} is not in the published offline profile"),
            format!("add it and publish: offline add {table}; if it is there as a draft: publish"),
        );
        let condition = format!("{table} is available in mobile offline");
        conditions.push(Condition::new(condition, there, otherwise));
    }
    Ok(conditions)
}

/// Open leads are qualified or disqualified, closed ones reactivated.
fn state(session: &Session, command: &str, lead: Uuid) -> Result<Condition> {
    let request = Request::retrieve(Reference::new("lead", lead), &["statecode"]);
    let open = session.execute(request)?.row().and_then(|row| row.int("statecode")) == Some(0);
    Ok(if command == "Reactivate" {
        let otherwise = ("the lead is open".to_owned(), "qualify or disqualify it".to_owned());
        Condition::new("the lead is closed".to_owned(), !open, otherwise)
    } else {
        let cure = format!("reactivate it: lead reactivate {lead}");
        Condition::new(
            "the lead is open".to_owned(),
            open,
            ("the lead is closed".to_owned(), cure),
        )
    })
}
