//! `sluice team`: teams, their members and their roles.

use clap::ValueEnum;
use serde_json::json;
use sluice_engine::Session;
use sluice_model::{Parameter, Query, Reference, Request, Row, Value};

use super::{holders, reach, what_if};
use crate::{context::Context, door::Door, names, output::Outcome, people};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the teams.
    List,
    /// Show a team with its members and roles.
    Show {
        /// The team.
        team: String,
    },
    /// Make a team.
    Create(Create),
    /// Give a team a role.
    RoleAdd {
        /// The team.
        team: String,
        /// The role.
        role: String,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Take a role from a team.
    RoleRemove {
        /// The team.
        team: String,
        /// The role.
        role: String,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Add a user to a team.
    MemberAdd {
        /// The team.
        team: String,
        /// The user.
        user: String,
    },
    /// Take a user out of a team.
    MemberRemove {
        /// The team.
        team: String,
        /// The user.
        user: String,
    },
}

/// `team create`
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// The team's name.
    name: String,
    /// The business unit; by default your own.
    #[arg(long)]
    bu: Option<String>,
    /// An owner team owns rows and holds roles; an access team receives shares.
    #[arg(long = "type", value_enum, default_value_t = Kind::Owner)]
    kind: Kind,
    /// A role; as often as needed.
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
}

/// What a team is for.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Owner,
    Access,
}

const COLUMNS: [&str; 4] = ["name", "teamtype", "businessunitid", "isdefault"];

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let team =
        |name: &str| -> anyhow::Result<Reference> { Ok(Reference::new("team", session.find_one("team", name)?)) };
    match command {
        Command::List => people::list(context, &session, Query::new("team").columns(&COLUMNS).order_by("name")),
        Command::Show { team } => show(context, &session, &team),
        Command::Create(args) => create(&session, &args),
        Command::RoleAdd {
            team: name,
            role,
            what_if,
        } => what_if.or_do(context, &session, |door| {
            holders::change_role(door, &team(&name)?, &role, true)
        }),
        Command::RoleRemove {
            team: name,
            role,
            what_if,
        } => {
            let team = team(&name)?;
            if !what_if.is_trial() {
                reach::of_loss(context, &session, &team)?;
            }
            what_if.or_do(context, &session, |door| {
                holders::change_role(door, &team, &role, false)
            })
        }
        Command::MemberAdd { team: name, user } => member(&session, &team(&name)?, &user, true),
        Command::MemberRemove { team: name, user } => {
            let of = Reference::new("systemuser", session.find_one("systemuser", &user)?);
            reach::of_loss(context, &session, &of)?;
            member(&session, &team(&name)?, &user, false)
        }
    }
}

fn create(session: &Session, args: &Create) -> anyhow::Result<Outcome> {
    let kind = match args.kind {
        Kind::Owner => 0,
        Kind::Access => 1,
    };
    let mut row = Row::unsaved("team")
        .with("name", args.name.as_str())
        .with("teamtype", Value::Choice(kind));
    if let Some(unit) = &args.bu {
        row.set(
            "businessunitid",
            Reference::new("businessunit", session.find_one("businessunit", unit)?),
        );
    }
    let roles = holders::roles_for_new(session, &row, &args.roles)?;
    let id = holders::create(session, &row, &roles)?;
    Ok(Outcome::new(
        json!({ "id": id.to_string() }),
        format!("created team {} {id}", args.name),
    ))
}

fn member(session: &dyn Door, team: &Reference, user: &str, add: bool) -> anyhow::Result<Outcome> {
    let (id, user) = names::called(session, "systemuser", user)?;
    let team_name = names::called(session, "team", &team.id.to_string())?.1;
    let member = Reference::new("systemuser", id);
    let document = json!({ "id": team.id.to_string(), "member": member.id.to_string() });
    let request = Request::new(if add { "AddMembersTeam" } else { "RemoveMembersTeam" })
        .with("TeamId", Value::Id(team.id))
        .with("MemberIds", Parameter::References(vec![member]));
    session.execute(request)?;
    let done = if add { "added to" } else { "taken out of" };
    Ok(Outcome::new(document, format!("{user} {done} team {team_name}")))
}

fn show(context: &Context, session: &dyn Door, team: &str) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table("team")?.clone();
    let row = names::row(session, "team", team, &[])?;
    let roles = holders::roles(context, &row.reference())?;
    let members = holders::members(context, row.id)?;
    holders::sheet(context, &table, &row, &roles, ("members", &members))
}
