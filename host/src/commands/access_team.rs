//! `sluice access-team`: the templates by which rows get access teams, and the members of the teams.

use serde_json::json;
use sluice_model::{Code, Error, Parameter, Query, Reference, Request, Rights, Row, Value};

use super::row;
use crate::{
    context::Context,
    door::Door,
    output::{Grid, Outcome},
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the templates.
    List,
    /// Make a template: what members of the access teams of a table's rows may do.
    Create {
        /// The template's name.
        name: String,
        /// The table: `table update TABLE --access-teams yes` enables it.
        table: String,
        /// Rights, such as read,write,append,appendto.
        rights: String,
    },
    /// Give a template other rights. They count for teams that are made from now on.
    Update {
        /// The template.
        template: String,
        /// Rights, such as read,write,append,appendto.
        rights: String,
    },
    /// Delete a template, and the teams that were made by it.
    Delete {
        /// The template.
        template: String,
    },
    /// Add a user to the access team of a row. The first user makes the team.
    Add(Member),
    /// Take a user out of the access team of a row. The last one takes the team along.
    Remove(Member),
}

/// A member of the access team of a row.
#[derive(Debug, clap::Args)]
pub(crate) struct Member {
    /// The template.
    template: String,
    /// The table.
    table: String,
    /// The row's id or name.
    id: String,
    /// The user.
    user: String,
}

const TEMPLATE: &str = "teamtemplate";

fn mask(rights: &str) -> anyhow::Result<i32> {
    let parsed = Rights::parse(rights);
    let parsed = parsed.ok_or_else(|| Usage::because(format!("`{rights}` are no rights, such as read,write")))?;
    Ok(parsed.0.cast_signed())
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List => list(&session),
        Command::Create { name, table, rights } => {
            let code = session.catalog()?.table(&table)?.otc;
            let row = Row::unsaved(TEMPLATE)
                .with("teamtemplatename", name.as_str())
                .with("objecttypecode", code)
                .with("defaultaccessrightsmask", mask(&rights)?);
            let id = session.execute(Request::create(row))?.created().unwrap_or_default();
            let document = json!({ "id": id.to_string(), "table": table });
            Ok(Outcome::new(
                document,
                format!("created access team template {name} {id}"),
            ))
        }
        Command::Update { template, rights } => {
            let id = session.find_one(TEMPLATE, &template)?;
            let row = Row::new(TEMPLATE, id).with("defaultaccessrightsmask", mask(&rights)?);
            session.execute(Request::update(row))?;
            let text = format!("changed access team template {id}; teams that are there stay as they are");
            Ok(Outcome::new(json!({ "id": id.to_string() }), text))
        }
        Command::Delete { template } => {
            let id = session.find_one(TEMPLATE, &template)?;
            session.execute(Request::delete(Reference::new(TEMPLATE, id)))?;
            Ok(Outcome::new(
                json!({ "id": id.to_string() }),
                format!("deleted access team template {id}"),
            ))
        }
        Command::Add(member) => change(&session, &member, true),
        Command::Remove(member) => change(&session, &member, false),
    }
}

fn change(session: &dyn Door, member: &Member, add: bool) -> anyhow::Result<Outcome> {
    let target = row::target(session, &member.table, &member.id)?;
    let template = session.find_one(TEMPLATE, &member.template)?;
    let user = session.find_one("systemuser", &member.user)?;
    let message = if add {
        "AddUserToRecordTeam"
    } else {
        "RemoveUserFromRecordTeam"
    };
    let request = Request::new(message)
        .with("Record", target.clone())
        .with("SystemUserId", Value::Id(user))
        .with("TeamTemplateId", Value::Id(template));
    let response = session.execute(request)?;
    let Some(Parameter::Value(Value::Id(team))) = response.outputs.get("AccessTeamId") else {
        return Err(Error::new(Code::NOT_FOUND, "the answer names no team").into());
    };
    let done = if add { "added to" } else { "taken out of" };
    let document = json!({ "id": target.id.to_string(), "team": team.to_string(), "user": user.to_string() });
    let text = format!(
        "{} {done} the access team of {} {}",
        member.user, target.table, target.id
    );
    Ok(Outcome::new(document, text))
}

fn list(session: &dyn Door) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let mut grid = Grid::new(["template", "table", "rights", "id"]);
    let mut items = Vec::new();
    for row in session.list(Query::new(TEMPLATE).order_by("teamtemplatename"))? {
        let code = row.int("objecttypecode").unwrap_or_default();
        let table = catalog.iter().find(|table| table.otc == code);
        let table = table.map_or_else(|| code.to_string(), |table| table.name.to_string());
        let rights = Rights(row.int("defaultaccessrightsmask").unwrap_or_default().cast_unsigned()).to_string();
        let name = row.text("teamtemplatename").unwrap_or_default();
        grid.row([name, &table, &rights.replace("Access", ""), &row.id.to_string()]);
        items.push(json!({ "id": row.id.to_string(), "name": name, "table": table, "rights": rights }));
    }
    Ok(Outcome::list(items, grid.text("no templates")))
}
