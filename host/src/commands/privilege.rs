//! `sluice privilege`: which roles have a privilege, and who holds it.

use serde_json::json;
use sluice_model::{Depth, Filter, Query, Request, Right, Row, Value};

use super::ways;
use crate::{
    context::Context,
    door::Door,
    output::{Grid, Outcome, takes_out},
    people,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the privileges.
    List {
        /// Only those of this table.
        #[arg(long)]
        table: Option<String>,
    },
    /// List the roles that have a privilege, and the users and teams that hold it through them.
    #[command(visible_alias = "show")]
    Who {
        /// The privilege, such as prvReadAccount.
        privilege: String,
    },
}

/// The columns that say what a privilege is, and at which depths it can be held.
const COLUMNS: [&str; 5] = ["name", "canbebasic", "canbelocal", "canbedeep", "canbeglobal"];

fn list(context: &Context, session: &dyn Door, table: Option<&str>) -> anyhow::Result<Outcome> {
    let mut query = Query::new("privilege").columns(&COLUMNS).order_by("name");
    if let Some(table) = table {
        let catalog = session.catalog()?;
        let table = catalog.table(table)?;
        query.filter = Filter::In {
            column: "name".into(),
            values: Right::ALL.map(|right| table.privilege_name(right).into()).to_vec(),
        };
    }
    people::list(context, session, query)
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.door()?;
    let privilege = match command {
        Command::List { table } => return list(context, &session, table.as_deref()),
        Command::Who { privilege } => privilege,
    };
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
    let holders = holds.text("nobody whom you may read holds it");
    let text = match takes_out() {
        // Cells are of one table: through which roles somebody holds it stands in each line.
        true => crate::output::Text::from(holders),
        false => format!("{}\n{holders}", has.text("no role that you may read has it")).into(),
    };
    Ok(Outcome::new(document, text).with_rows().listing("holders"))
}

fn role_json(role: &Row) -> serde_json::Value {
    let depth = ways::depth(role).map(Depth::label);
    ways::party_with(role, "Role", [("depth", depth.into())])
}
