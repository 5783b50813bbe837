//! `sluice access`: what a user or team may do to a row.

use serde_json::json;
use sluice_model::{Parameter, Request};

use super::{access_explain, row};
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
    /// Show what runs when a user does something, what each message and step needs, and what is missing.
    Explain(access_explain::Args),
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let (table, id, user) = match command {
        Command::Show { table, id, user } => (table, id, user),
        Command::Explain(args) => return access_explain::run(context, &args),
    };
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
    // How each right comes about: rights that come about in one way stand together.
    let reasons: Vec<(String, String)> = match response.outputs.get("Reasons") {
        Some(Parameter::Names(reasons)) => {
            let parts = reasons.iter().filter_map(|reason| reason.split_once(": "));
            parts.map(|(right, why)| (right.to_owned(), why.to_owned())).collect()
        }
        _ => Vec::new(),
    };
    let labels = Labels::load(context, [principal.clone(), target.clone()])?;
    let kind = if &*principal.table == "team" { "Team" } else { "User" };
    let document = json!({
        "table": table,
        "id": target.id.to_string(),
        "principal": { "id": principal.id.to_string(), "name": labels.name(&principal), "type": kind },
        "AccessRights": rights,
        "reasons": reasons.iter().map(|(right, why)| json!({ "right": right, "because": why })).collect::<Vec<_>>(),
    });
    let text = match rights.as_str() {
        "None" => format!(
            "{} may do nothing to {table} {}",
            labels.name(&principal),
            labels.name(&target)
        ),
        _ => format!(
            "{} may, on {table} {}: {}",
            labels.name(&principal),
            labels.name(&target),
            by_reason(&reasons)
        ),
    };
    Ok(Outcome::new(document, text))
}

/// `Read, Write (own row); Share (shared)`.
fn by_reason(reasons: &[(String, String)]) -> String {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for (right, why) in reasons {
        let right = right.replace("Access", "");
        match groups.iter_mut().find(|(other, _)| other == why) {
            Some((_, rights)) => rights.push(right),
            None => groups.push((why, vec![right])),
        }
    }
    let groups: Vec<String> = groups
        .iter()
        .map(|(why, rights)| format!("{} ({why})", rights.join(", ")))
        .collect();
    groups.join("; ")
}
