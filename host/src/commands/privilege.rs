//! `sluice privilege`: which roles have a privilege, and who holds it.

use serde_json::json;
use sluice_model::{Depth, Request, Row, Value};

use super::ways;
use crate::{
    context::Context,
    door::Door,
    output::{Grid, Outcome},
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the roles that have a privilege, and the users and teams that hold it through them.
    Who {
        /// The privilege, such as prvReadAccount.
        privilege: String,
    },
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let Command::Who { privilege } = command;
    let session = context.door()?;
    let id = session.find_one("privilege", &privilege)?;
    let request = Request::new("RetrievePrivilegeHolders").with("PrivilegeId", Value::Id(id));
    let mut answer = session.execute(request)?;
    let roles = ways::taken(answer.outputs.remove("Roles"));
    let holders = ways::taken(answer.outputs.remove("Holders"));
    let mut has = Grid::new(["role", "depth"]);
    for role in &roles {
        has.row([
            role.text("RoleName").unwrap_or_default(),
            ways::depth(role).map_or("", Depth::label),
        ]);
    }
    let mut holds = Grid::new(["who", "through what"]).uncut();
    let mut items = Vec::new();
    for (_, lines) in ways::grouped(&holders, |line| line.id_of("PrincipalId")) {
        let Some(first) = lines.first() else { continue };
        holds.row([ways::party(first, "Principal"), ways::joined(&lines, ways::role)]);
        let each = lines.iter().map(|line| ways::role_json(line)).collect();
        items.push(ways::party_with(first, "Principal", [("ways", each)]));
    }
    let document = json!({
        "roles": roles.iter().map(role_json).collect::<Vec<_>>(),
        "holders": items,
    });
    let text = format!(
        "{}\n{}",
        has.text("no role that you may read has it"),
        holds.text("nobody whom you may read holds it")
    );
    Ok(Outcome::new(document, text).with_rows())
}

fn role_json(role: &Row) -> serde_json::Value {
    let depth = ways::depth(role).map(Depth::label);
    ways::party_with(role, "Role", [("depth", depth.into())])
}
