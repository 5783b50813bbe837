//! `sluice team`: teams, their members and their roles.

use clap::ValueEnum;
use serde_json::json;
use sluice_engine::Session;
use sluice_model::{Parameter, Query, Reference, Request, Row, Value};

use super::{
    holder_roles, holders, reach,
    row_change::{self, Changes},
    selection::{Chosen, Selection},
    several::{self, Known},
    what_if,
};
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
    /// Change columns of teams, such as name, or businessunitid: into another business unit.
    Update(Changes),
    /// Remove teams: who is in one loses what it gives.
    Delete(Selection),
    /// Give teams a role.
    RoleAdd(holder_roles::HolderRoles),
    /// Take a role from teams.
    RoleRemove(holder_roles::HolderRoles),
    /// Add users to a team.
    MemberAdd(Members),
    /// Take users out of a team.
    MemberRemove(Members),
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

/// Users who come into a team, or leave it.
#[derive(Debug, clap::Args)]
pub(crate) struct Members {
    /// The team.
    team: String,
    /// The users, by id or name; - reads them from standard input, one a line.
    #[arg(
        value_name = "USER",
        required_unless_present_any = ["view", "filter"],
        conflicts_with_all = ["view", "filter", "top"]
    )]
    users: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    what_if: what_if::Args,
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
        Command::RoleAdd(args) => holder_roles::change(context, &session, "team", &args, true),
        Command::RoleRemove(args) => holder_roles::change(context, &session, "team", &args, false),
        Command::Update(changes) => row_change::update(context, &session, "team", &changes),
        Command::Delete(teams) => several::delete(context, &session, "team", &teams.pick(&session, "team")?),
        Command::MemberAdd(args) => members(context, &session, &team(&args.team)?, &args, true),
        Command::MemberRemove(args) => members(context, &session, &team(&args.team)?, &args, false),
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

fn members(
    context: &Context,
    session: &Session,
    team: &Reference,
    args: &Members,
    add: bool,
) -> anyhow::Result<Outcome> {
    let users = args.chosen.pick(session, "systemuser", &args.users)?;
    let team_name = names::called(session, "team", &team.id.to_string())?.1;
    let (message, done) = match add {
        true => ("AddMembersTeam", "added to"),
        false => ("RemoveMembersTeam", "taken out of"),
    };
    let find = |name: &str| {
        Ok(Known(Reference::new(
            "systemuser",
            session.find_one("systemuser", name)?,
        )))
    };
    let members = holders::Members::of(context, team, &["teammembership_association"]);
    let first = |found: &[&Known]| {
        let leave = found.iter().map(|Known(user)| user);
        reach::of_losses(
            context,
            leave.filter(|user| !add && !args.what_if.is_trial() && members.was_member(user) != Some(false)),
        )
    };
    let told = format!("{done} team {team_name}");
    args.what_if.or_do(context, session, |door: &dyn Door| {
        several::picked(context, ("user", &told), &users, find, first, |Known(user)| {
            let name = names::called(door, "systemuser", &user.id.to_string())?.1;
            let mut item = several::item(team.id);
            item.insert("member".to_owned(), user.id.to_string().into());
            let request = Request::new(message)
                .with("TeamId", Value::Id(team.id))
                .with("MemberIds", Parameter::References(vec![user.clone()]));
            door.execute(request)?;
            let of = format!("team {team_name}");
            Ok((item, holders::membership(&name, &of, add, members.change(&user, add))))
        })
    })
}

fn show(context: &Context, session: &dyn Door, team: &str) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table("team")?.clone();
    let row = names::row(session, "team", team, &[])?;
    let roles = holders::roles(context, &row.reference())?;
    let members = holders::members(context, row.id)?;
    holders::sheet(context, &table, &row, &roles, ("members", &members))
}
