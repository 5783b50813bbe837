//! `sluice access-team`: the templates by which rows get access teams, and the members of the teams.

use serde_json::json;
use sluice_engine::Session;
use sluice_model::{Catalog, Code, Error, Parameter, Query, Reference, Request, Rights, Row, Value};

use super::{holders, reach, row_change::split_last, selection::Chosen, several};
use crate::{
    context::Context,
    door::Door,
    names,
    output::{Grid, Outcome},
    people::pairs,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the templates.
    List,
    /// Show a template.
    Show {
        /// The template.
        template: String,
    },
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
    /// Add a user to the access teams of rows. The first user makes the team.
    Add(Member),
    /// Take a user out of the access teams of rows. The last one takes the team along.
    Remove(Member),
}

/// A member of the access teams of rows.
#[derive(Debug, clap::Args)]
pub(crate) struct Member {
    /// The template.
    template: String,
    /// The table.
    table: String,
    /// Ids or names (- reads them from standard input, one a line), then the user.
    #[arg(value_name = "ID|USER", required = true)]
    words: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
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
        Command::Show { template } => show(&session, &template),
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
            let template = Reference::new(TEMPLATE, id);
            reach::of_one(context, &template)?;
            session.execute(Request::delete(template))?;
            Ok(Outcome::new(
                json!({ "id": id.to_string() }),
                format!("deleted access team template {id}"),
            ))
        }
        Command::Add(member) => change(context, &session, &member, true),
        Command::Remove(member) => change(context, &session, &member, false),
    }
}

fn change(context: &Context, session: &Session, member: &Member, add: bool) -> anyhow::Result<Outcome> {
    let (named, [name]) = split_last(&member.chosen, &member.words, "which user")?;
    let rows = member.chosen.pick(session, &member.table, named)?;
    let template = session.find_one(TEMPLATE, &member.template)?;
    let user = Reference::new("systemuser", session.find_one("systemuser", name)?);
    let message = match add {
        true => "AddUserToRecordTeam",
        false => "RemoveUserFromRecordTeam",
    };
    let what = (sluice_engine::noun(&member.table), "one whose access team was changed");
    let find = |row: &str| session.find_one(&member.table, row);
    let first = |found: &[&sluice_model::Uuid]| {
        let rows: Vec<Reference> = found.iter().map(|id| Reference::new(&*member.table, **id)).collect();
        match add {
            true => Ok(()),
            false => reach::of_unsharing(context, "being in the access team of", &rows, &user),
        }
    };
    let teams = holders::Members::of(context, &user, &["teammembership_association"]);
    several::picked(context, what, &rows, find, first, |id| {
        let request = Request::new(message)
            .with("Record", Reference::new(&*member.table, id))
            .with("SystemUserId", Value::Id(user.id))
            .with("TeamTemplateId", Value::Id(template));
        let response = session.execute(request)?;
        let Some(Parameter::Value(Value::Id(team))) = response.outputs.get("AccessTeamId") else {
            return Err(Error::new(Code::NOT_FOUND, "the answer names no team").into());
        };
        let mut item = several::item(id);
        item.insert("team".to_owned(), team.to_string().into());
        item.insert("user".to_owned(), user.id.to_string().into());
        let before = teams.change(&Reference::new("team", *team), add);
        let of = format!("the access team of {} {id}", member.table);
        Ok((item, holders::membership(name, &of, add, before)))
    })
}

/// A template's name, its table, and the rights that it gives.
fn parts(catalog: &Catalog, template: &Row) -> [String; 3] {
    let code = template.int("objecttypecode").unwrap_or_default();
    let table = catalog.iter().find(|table| table.otc == code);
    let table = table.map_or_else(|| code.to_string(), |table| table.name.to_string());
    let rights = template.int("defaultaccessrightsmask").unwrap_or_default();
    let rights = Rights(rights.cast_unsigned()).to_string();
    let name = template.text("teamtemplatename").unwrap_or_default().to_owned();
    [name, table, rights]
}

fn show(session: &dyn Door, template: &str) -> anyhow::Result<Outcome> {
    let row = names::row(session, TEMPLATE, template, &[])?;
    let [name, table, rights] = parts(&*session.catalog()?, &row);
    let lines = [
        ("template", name.clone()),
        ("id", row.id.to_string()),
        ("table", table.clone()),
        ("rights", rights.replace("Access", "")),
    ];
    let document = json!({ "id": row.id.to_string(), "name": name, "table": table, "rights": rights });
    Ok(Outcome::new(document, pairs(&lines)))
}

fn list(session: &dyn Door) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let mut grid = Grid::new(["template", "table", "rights", "id"]);
    let mut items = Vec::new();
    for row in session.list(Query::new(TEMPLATE).order_by("teamtemplatename"))? {
        let [name, table, rights] = parts(&catalog, &row);
        grid.row([&name, &table, &rights.replace("Access", ""), &row.id.to_string()]);
        items.push(json!({ "id": row.id.to_string(), "name": name, "table": table, "rights": rights }));
    }
    Ok(Outcome::list(items, grid.text("no templates")))
}
