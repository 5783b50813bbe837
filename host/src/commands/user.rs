//! `sluice user`: users and their roles.

use serde_json::json;
use sluice_model::{Query, Reference};

use super::{holders, what_if};
use crate::{assign, context::Context, names, output::Outcome, people};

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
    /// Give a user a role.
    RoleAdd {
        /// The user.
        user: String,
        /// The role.
        role: String,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Take a role from a user.
    RoleRemove {
        /// The user.
        user: String,
        /// The role.
        role: String,
        #[command(flatten)]
        what_if: what_if::Args,
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
        Command::RoleAdd { user, role, what_if } => what_if.or_do(context, &session, |door| {
            holders::change_role(
                door,
                &Reference::new("systemuser", door.find_one("systemuser", &user)?),
                &role,
                true,
            )
        }),
        Command::RoleRemove { user, role, what_if } => what_if.or_do(context, &session, |door| {
            holders::change_role(
                door,
                &Reference::new("systemuser", door.find_one("systemuser", &user)?),
                &role,
                false,
            )
        }),
    }
}

fn show(context: &Context, user: &str) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let table = session.catalog()?.table("systemuser")?.clone();
    let row = names::row(&session, "systemuser", user, &[])?;
    let roles = holders::effective_roles(context, &row.reference())?;
    let teams = holders::teams(context, row.id)?;
    holders::sheet(context, &table, &row, &roles, ("teams", &teams))
}
