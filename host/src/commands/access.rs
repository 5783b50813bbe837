//! `sluice access`: what a user or team may do to a row.

use serde_json::json;
use sluice_model::{Parameter, Request};

use super::row;
use crate::{
    context::Context,
    names::{self, Labels},
    output::Outcome,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show what somebody may do to a row, by ownership, roles, teams and shares.
    Show {
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
        /// A user, or team:NAME.
        #[arg(long)]
        user: String,
    },
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let Command::Show { table, id, user } = command;
    let session = context.session()?;
    let (target, principal) = (row::target(&session, &table, &id)?, names::principal(&session, &user)?);
    let request = Request::new("RetrievePrincipalAccess")
        .with("Target", target.clone())
        .with("Principal", principal.clone());
    let response = session.execute(request)?;
    let rights = match response.outputs.get("AccessRights") {
        Some(Parameter::Value(value)) => value.as_text().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    let labels = Labels::load(context, [principal.clone(), target.clone()])?;
    let kind = if &*principal.table == "team" { "Team" } else { "User" };
    let document = json!({
        "table": table,
        "id": target.id.to_string(),
        "principal": { "id": principal.id.to_string(), "name": labels.name(&principal), "type": kind },
        "AccessRights": rights,
    });
    let text = match rights.as_str() {
        "None" => format!(
            "{} may do nothing to {table} {}",
            labels.name(&principal),
            labels.name(&target)
        ),
        rights => format!(
            "{} may, on {table} {}: {}",
            labels.name(&principal),
            labels.name(&target),
            rights.replace("Access", "")
        ),
    };
    Ok(Outcome::new(document, text))
}
