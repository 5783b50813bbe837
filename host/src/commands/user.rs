//! `sluice user`: users and their roles.

use serde_json::json;
use sluice_model::{Depth, Error, Query, Reference, Request, Row, Uuid, Value};

use super::{
    compare::Compared,
    holder_roles, holders,
    row_change::{self, Changes},
    selection::Selection,
    several, ways,
};
use crate::{
    assign,
    context::Context,
    door::Door,
    names::{self, Labels},
    output::{Grid, Outcome},
    people,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the users.
    List,
    /// Show a user with its roles, also those that come through teams.
    Show {
        /// The user.
        user: String,
    },
    /// Make a user.
    Create(Create),
    /// Give users a role.
    RoleAdd(holder_roles::HolderRoles),
    /// Take a role from users.
    RoleRemove(holder_roles::HolderRoles),
    /// Change columns of users.
    Update(Changes),
    /// Let users work again.
    Enable(Selection),
    /// Let users do nothing any more; what is theirs stays theirs.
    Disable(Selection),
    /// Move users to another business unit.
    Move {
        #[command(flatten)]
        users: Selection,
        /// The business unit.
        #[arg(long = "to", value_name = "BU")]
        unit: String,
    },
    /// Show in which roles, teams and privileges two users differ.
    Diff {
        /// A user.
        first: String,
        /// Another one.
        second: String,
    },
    /// List what a user holds in all: each privilege, how deep, and through which roles and teams.
    Privileges {
        /// The user.
        user: String,
    },
}

/// `user create`
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// The name that the user signs in with.
    name: String,
    /// The business unit; by default your own.
    #[arg(long)]
    bu: Option<String>,
    /// A role; as often as needed.
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Further columns.
    #[arg(value_name = "NAME=VALUE")]
    columns: Vec<String>,
}

const TABLE: &str = "systemuser";
const COLUMNS: [&str; 5] = ["fullname", "domainname", "businessunitid", "accessmode", "isdisabled"];

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List => people::list(
            context,
            &session,
            Query::new("systemuser").columns(&COLUMNS).order_by("fullname"),
        ),
        Command::Show { user } => show(context, &user),
        Command::Create(args) => {
            let table = session.catalog()?.table("systemuser")?.clone();
            let mut row = assign::row(&session, &table, &args.columns)?;
            if let Some(unit) = &args.bu {
                row.set(
                    "businessunitid",
                    Reference::new("businessunit", session.find_one("businessunit", unit)?),
                );
            }
            row.set("domainname", args.name.as_str());
            if !row.has("lastname") && !row.has("firstname") {
                row.set("lastname", args.name.as_str());
            }
            let roles = holders::roles_for_new(&session, &row, &args.roles)?;
            let id = holders::create(&session, &row, &roles)?;
            Ok(Outcome::new(
                json!({ "id": id.to_string() }),
                format!("created user {} {id}", args.name),
            ))
        }
        Command::RoleAdd(args) => holder_roles::change(context, &session, TABLE, &args, true),
        Command::RoleRemove(args) => holder_roles::change(context, &session, TABLE, &args, false),
        Command::Enable(users) => {
            let change = Row::unsaved("systemuser").with("isdisabled", false);
            several::update(
                context,
                &session,
                &users.pick(&session, TABLE)?.listed(),
                &change,
                "enabled",
            )
        }
        Command::Disable(users) => {
            let change = Row::unsaved("systemuser").with("isdisabled", true);
            several::update(
                context,
                &session,
                &users.pick(&session, TABLE)?.listed(),
                &change,
                "disabled",
            )
        }
        Command::Move { users, unit } => {
            let unit = Reference::new("businessunit", session.find_one("businessunit", &unit)?);
            let change = Row::unsaved("systemuser").with("businessunitid", unit);
            several::update(
                context,
                &session,
                &users.pick(&session, TABLE)?.listed(),
                &change,
                "moved",
            )
        }
        Command::Update(changes) => row_change::update(context, &session, TABLE, &changes),
        Command::Diff { first, second } => diff(context, &session, [&first, &second]),
        Command::Privileges { user } => privileges(&session, session.find_one("systemuser", &user)?),
    }
}

/// What a user holds, a line for each role that has it.
fn held(session: &dyn Door, user: Uuid) -> anyhow::Result<Vec<Row>> {
    let request = Request::new("RetrieveUserPrivileges").with("UserId", Value::Id(user));
    ways::ask(session, request, "RolePrivileges")
}

fn privileges(session: &dyn Door, user: Uuid) -> anyhow::Result<Outcome> {
    let lines = held(session, user)?;
    let mut grid = Grid::new(["privilege", "depth", "through what"]).uncut();
    let mut items = Vec::new();
    for (name, lines) in ways::grouped(&lines, |line| line.text("PrivilegeName")) {
        // The deepest comes first.
        let depth = lines.first().and_then(|line| ways::depth(line)).map(Depth::label);
        let name = name.unwrap_or_default();
        grid.row([name, depth.unwrap_or_default(), &ways::joined(&lines, ways::role)]);
        let each: Vec<_> = lines.iter().map(|line| ways::role_json(line)).collect();
        items.push(json!({ "name": name, "depth": depth, "ways": each }));
    }
    Ok(Outcome::items(items, grid.text("no privileges")))
}

fn diff(context: &Context, session: &dyn Door, users: [&str; 2]) -> anyhow::Result<Outcome> {
    let (mut roles, mut teams) = (Compared::default(), Compared::default());
    let mut privileges = Vec::new();
    for (name, second) in [(users[0], false), (users[1], true)] {
        let user = Reference::new("systemuser", session.find_one("systemuser", name)?);
        let held = holders::effective_roles(context, &user)?;
        roles.is_part |= held.is_part;
        for role in held.all {
            roles.add(second, &role.text(), "yes");
        }
        let its = holders::teams(context, user.id)?;
        teams.is_part |= its.is_part;
        let labels = Labels::load(context, its.all.iter().cloned())?;
        for team in its.all {
            teams.add(second, &labels.name(&team), "yes");
        }
        let lines = self::held(session, user.id)?;
        let each = lines.iter().filter_map(|line| {
            let name = line.text("PrivilegeName")?;
            Some((name.to_owned(), ways::depth(line)?))
        });
        privileges.push(each.collect::<Vec<_>>());
    }
    let [first, second] = privileges.as_slice() else {
        return Err(Error::host("two users were compared").into());
    };
    let privileges = Compared::of_privileges(first, second);
    let parts = [("role", roles), ("team", teams), ("privilege", privileges)];
    let text: Vec<String> = parts.iter().map(|(what, part)| part.told(what, users)).collect();
    let mut document: serde_json::Map<String, serde_json::Value> = parts
        .iter()
        .map(|(what, part)| (format!("{what}s"), part.document(what)))
        .collect();
    let [roles, teams, _] = &parts;
    document.extend(holders::unread([
        ("roles", roles.1.is_part),
        ("teams", teams.1.is_part),
    ]));
    Ok(Outcome::new(document.into(), text.join("\n")))
}

fn show(context: &Context, user: &str) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let table = session.catalog()?.table("systemuser")?.clone();
    let row = names::row(&session, "systemuser", user, &[])?;
    let roles = holders::effective_roles(context, &row.reference())?;
    let teams = holders::teams(context, row.id)?;
    holders::sheet(context, &table, &row, &roles, ("teams", &teams))
}
