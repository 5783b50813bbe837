//! `sluice role`: security roles and their privileges. A role's name means its root copy;
//! what is changed there reaches the copies.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{
    Catalog, Code, Depth, Error, Filter, Parameter, Query, Reference, Request, Right, Row, Uuid, Value, json as rows,
};
use sluice_sales::starters;

use super::{
    compare::Compared,
    holders, reach, role_pattern, role_suggest,
    row_change::{self, Changes},
    selection::Selection,
    several, what_if,
};
use crate::{
    context::Context,
    door::Door,
    names,
    output::{Grid, Outcome},
    people,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the roles.
    List {
        /// Also the copies in the business units below.
        #[arg(long)]
        all: bool,
    },
    /// Show a role with its privileges.
    Show {
        /// The role.
        role: String,
    },
    /// Make a role: without privileges, or like another one.
    Create {
        /// The name.
        name: String,
        /// With the business unit, the inheritance and the privileges of this role.
        #[arg(long, value_name = "ROLE", conflicts_with_all = ["bu", "inherit"])]
        like: Option<String>,
        /// The business unit; by default the root.
        #[arg(long)]
        bu: Option<String>,
        /// What a team's members inherit.
        #[arg(long, value_enum, default_value_t = Inherit::User)]
        inherit: Inherit,
    },
    /// Change columns of roles, such as name.
    Update(Changes),
    /// Remove roles: who has one loses what it gives.
    Delete(Selection),
    /// Grant privileges to a role: one with its depth, or by patterns.
    #[command(after_help = role_pattern::LETTERS)]
    Grant {
        /// The role.
        role: String,
        /// PRIVILEGE DEPTH, such as prvReadAccount org; or patterns, such as lead:crwaA:user.
        #[arg(value_name = "PRIVILEGE DEPTH|PATTERN", required = true)]
        what: Vec<String>,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Take privileges from a role: all of them or none.
    Revoke {
        /// The role.
        role: String,
        /// Privileges, such as prvReadAccount; or patterns without a depth, such as lead,contact:crw.
        #[arg(value_name = "PRIVILEGE|PATTERN", required = true)]
        what: Vec<String>,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// List the users and teams that have a role, and the users who have it through teams.
    Users {
        /// The role.
        role: String,
    },
    /// Show in which privileges two roles differ.
    Diff {
        /// A role.
        first: String,
        /// Another one.
        second: String,
    },
    /// The roles that a new organisation begins with.
    #[command(subcommand)]
    Starter(Starter),
    /// The smallest role that what was used needs; what of today's roles nothing used; and what is not known.
    Suggest(role_suggest::Args),
    /// Make a role with the privileges of another one.
    Copy {
        /// The role that is there.
        role: String,
        /// The name of the new one.
        name: String,
    },
}

/// `role starter`
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Starter {
    /// List them.
    List,
    /// Make those that an organisation lacks; a role whose name is taken, in whichever business unit, stays as it is.
    Add {
        /// Only these.
        #[arg(value_name = "ROLE")]
        roles: Vec<String>,
    },
}

/// What the members of a team inherit from a role of the team.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Inherit {
    /// Its privileges for themselves as well.
    User,
    /// What the team may do, and no more.
    Team,
}

const COLUMNS: [&str; 4] = ["name", "businessunitid", "isinherited", "ismanaged"];

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List { all } => {
            let roots = if all {
                Filter::All
            } else {
                Filter::eq("parentroleid", Value::Null)
            };
            people::list(
                context,
                &session,
                Query::new("role").columns(&COLUMNS).filter(roots).order_by("name"),
            )
        }
        Command::Show { role } => show(context, &session, &role),
        Command::Create {
            name, like: Some(role), ..
        } => copy(context, &role, &name),
        Command::Create { name, bu, inherit, .. } => create(&session, &name, bu.as_deref(), inherit),
        Command::Update(changes) => row_change::update(context, &session, "role", &changes),
        Command::Delete(roles) => {
            let roles = roles.pick(&session, "role")?.listed();
            several::delete(context, &session, "role", &roles)
        }
        Command::Starter(command) => starter(&session, &command),
        Command::Grant { role, what, what_if } => {
            let wanted = wanted(&session, &what)?;
            if !what_if.is_trial() {
                let then: Vec<_> = wanted
                    .iter()
                    .map(|(name, depth)| (name.clone(), Some(*depth)))
                    .collect();
                let (id, name) = names::called(&session, "role", &role)?;
                reach::of_lowering(context, (&name, id), &then)?;
            }
            what_if.or_do(context, &session, |door| match wanted.as_slice() {
                [(privilege, depth)] => grant(context, door, &role, (privilege, *depth)),
                all => grant_all(door, &role, all),
            })
        }
        Command::Revoke { role, what, what_if } => {
            let mut privileges = Vec::new();
            for pattern in &what {
                privileges.extend(role_pattern::privileges(&*session.catalog()?, pattern)?);
            }
            if !what_if.is_trial() {
                let (id, name) = names::called(&session, "role", &role)?;
                let then: Vec<_> = privileges.iter().map(|privilege| (privilege.clone(), None)).collect();
                reach::of_lowering(context, (&name, id), &then)?;
            }
            what_if.or_do(context, &session, |door| revoke(context, door, &role, &privileges))
        }
        Command::Users { role } => holders::of_role(context, &role),
        Command::Diff { first, second } => diff(context, &session, [&first, &second]),
        Command::Suggest(args) => role_suggest::run(context, &args),
        Command::Copy { role, name } => copy(context, &role, &name),
    }
}

fn copy(context: &Context, role: &str, name: &str) -> anyhow::Result<Outcome> {
    let id = holders::copy_role(context, role, name)?;
    let document = json!({ "id": id.to_string() });
    Ok(Outcome::new(
        document,
        format!("created role {name} {id}, as {role} is"),
    ))
}

fn starter(session: &Session, command: &Starter) -> anyhow::Result<Outcome> {
    let Starter::Add { roles } = command else {
        let mut grid = Grid::new(["role", "for whom"]).uncut();
        let mut documents = Vec::new();
        for starter in starters::STARTERS {
            grid.row([starter.name, starter.doc]);
            documents.push(json!({ "name": starter.name, "doc": starter.doc }));
        }
        return Ok(Outcome::items(documents, grid.text("")));
    };
    let made = starters::add(session, roles)?;
    let text = match made.is_empty() {
        true => "the roles are there already; they stay as they are".to_owned(),
        false => format!("made {}", made.join(", ")),
    };
    Ok(Outcome::new(json!({ "made": made }), text))
}

/// What is to be granted: a privilege with its depth, or what patterns mean.
fn wanted(session: &dyn Door, what: &[String]) -> anyhow::Result<Vec<(String, Depth)>> {
    if let [privilege, depth] = what
        && !privilege.contains(':')
        && !depth.contains(':')
    {
        let known = Depth::parse(depth);
        let known = known
            .ok_or_else(|| Usage::because(format!("`{depth}` is no depth: it is user, bu, parent-child or org")))?;
        return Ok(vec![(privilege.clone(), known)]);
    }
    let catalog = session.catalog()?;
    let mut wanted = Vec::new();
    for pattern in what {
        wanted.extend(role_pattern::parse(&catalog, pattern)?);
    }
    Ok(wanted)
}

/// Grants several privileges, all of them or none.
fn grant_all(session: &dyn Door, role: &str, granted: &[(String, Depth)]) -> anyhow::Result<Outcome> {
    let (id, role) = names::called(session, "role", role)?;
    let wanted = granted.iter().map(|(privilege, depth)| {
        Row::unsaved("roleprivilege")
            .with("PrivilegeName", privilege.as_str())
            .with("Depth", depth.number())
    });
    let request = Request::new("AddPrivilegesRole")
        .with("RoleId", Value::Id(id))
        .with("Privileges", Parameter::Rows(wanted.collect()));
    session.execute(request)?;
    let mut grid = Grid::new(["privilege", "depth"]);
    for (privilege, depth) in granted {
        grid.row([privilege, depth.label()]);
    }
    let each = granted
        .iter()
        .map(|(name, depth)| json!({ "name": name, "depth": depth.label() }));
    let document = json!({ "id": id.to_string(), "privileges": each.collect::<Vec<_>>() });
    Ok(Outcome::table(
        document,
        &format!("role {role} has now"),
        grid.text(""),
        "",
    ))
}

fn create(session: &dyn Door, name: &str, unit: Option<&str>, inherit: Inherit) -> anyhow::Result<Outcome> {
    let row = new_role(session, name, unit, inherit)?;
    let id = session.execute(Request::create(row))?.created().unwrap_or_default();
    Ok(Outcome::new(
        json!({ "id": id.to_string() }),
        format!("created role {name} {id}"),
    ))
}

/// A role without privileges, in a business unit or the root.
pub(super) fn new_role(session: &dyn Door, name: &str, unit: Option<&str>, inherit: Inherit) -> anyhow::Result<Row> {
    let unit = match unit {
        Some(unit) => session.find_one("businessunit", unit)?,
        None => {
            let root = Query::new("businessunit")
                .columns(&[])
                .filter(Filter::eq("parentbusinessunitid", Value::Null));
            let root = session.list(root)?.into_iter().next();
            root.map(|row| row.id).ok_or_else(|| {
                Error::new(
                    Code::NOT_FOUND,
                    "you may not read the root business unit; give one with --bu",
                )
            })?
        }
    };
    let inherited = match inherit {
        Inherit::Team => 0,
        Inherit::User => 1,
    };
    Ok(Row::unsaved("role")
        .with("name", name)
        .with("businessunitid", Reference::new("businessunit", unit))
        .with("isinherited", Value::Choice(inherited)))
}

/// What a role holds before it is changed; nothing, where the acting user may not read that. It leaves no marks of use.
fn known(context: &Context, role: Uuid) -> Option<Vec<(String, Depth)>> {
    let known = context.looking(|session| match session.check_privilege("role", Right::Read) {
        Ok(()) => holders::privileges(context, role).map(Some),
        Err(_) => Ok(None),
    });
    known.ok().flatten()
}

/// How deep something is held among these.
fn depth_of(held: &[(String, Depth)], privilege: &str) -> Option<Depth> {
    let mut held = held.iter();
    held.find(|(name, _)| name.eq_ignore_ascii_case(privilege))
        .map(|(_, depth)| *depth)
}

fn grant(
    context: &Context,
    session: &dyn Door,
    role: &str,
    (privilege, depth): (&str, Depth),
) -> anyhow::Result<Outcome> {
    let (id, role) = names::called(session, "role", role)?;
    let before = known(context, id);
    let wanted = Row::unsaved("roleprivilege")
        .with("PrivilegeName", privilege)
        .with("Depth", depth.number());
    let request = Request::new("AddPrivilegesRole")
        .with("RoleId", Value::Id(id))
        .with("Privileges", Parameter::Rows(vec![wanted]));
    session.execute(request)?;
    let document = json!({ "id": id.to_string(), "privilege": privilege, "depth": depth.label() });
    let when = match before.is_some_and(|held| depth_of(&held, privilege) == Some(depth)) {
        true => "already",
        false => "now",
    };
    Ok(Outcome::new(
        document,
        format!("role {role} has {privilege} at depth {} {when}", depth.label()),
    ))
}

fn revoke(context: &Context, session: &dyn Door, role: &str, privileges: &[String]) -> anyhow::Result<Outcome> {
    let (id, role) = names::called(session, "role", role)?;
    let before = known(context, id);
    let request = Request::new("RemovePrivilegeRole").with("RoleId", Value::Id(id));
    let mut removals = Vec::new();
    for privilege in privileges {
        let wanted = session.find_one("privilege", privilege)?;
        removals.push(request.clone().with("PrivilegeId", Value::Id(wanted)));
    }
    match removals.as_slice() {
        [one] => drop(session.execute(one.clone())?),
        all => drop(session.execute_all(all)?),
    }
    let document = match privileges {
        [privilege] => json!({ "id": id.to_string(), "privilege": privilege }),
        all => json!({ "id": id.to_string(), "privileges": all }),
    };
    let had = |privilege: &&String| before.as_ref().is_none_or(|held| depth_of(held, privilege).is_some());
    let (lost, never): (Vec<&String>, Vec<&String>) = privileges.iter().partition(had);
    let list = |all: &[&String]| all.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
    let text = match (lost.as_slice(), never.as_slice()) {
        (lost, []) => format!("role {role} no longer has {}", list(lost)),
        ([], never) => format!("role {role} does not have {}; nothing was changed", list(never)),
        (lost, never) => format!("role {role} no longer has {}; it had no {}", list(lost), list(never)),
    };
    Ok(Outcome::new(document, text))
}

fn show(context: &Context, session: &dyn Door, role: &str) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let table = catalog.table("role")?;
    let row = names::row(session, "role", role, &[])?;
    let privileges = holders::privileges(context, row.id)?;
    let mut document = rows::from_row(table, &row, None);
    if let Json::Object(map) = &mut document {
        let entry = |(name, depth): &(String, Depth)| json!({ "name": name, "depth": depth.label() });
        map.insert("privileges".to_owned(), privileges.iter().map(entry).collect());
    }
    if context.json() {
        return Ok(Outcome::new(document, String::new()));
    }
    let sheet = people::sheet(context, table, &row)?;
    let (table, others) = matrix(&catalog, &privileges);
    Ok(Outcome::table(document, &format!("{sheet}\n"), table, &others))
}

fn diff(context: &Context, session: &dyn Door, roles: [&str; 2]) -> anyhow::Result<Outcome> {
    let held = |role: &str| holders::privileges(context, session.find_one("role", role)?);
    let compared = Compared::of_privileges(&held(roles[0])?, &held(roles[1])?);
    Ok(Outcome::items(
        compared.json("privilege"),
        compared.shown("privilege", roles),
    ))
}

/// The privileges as the role editor shows them: a table a line, a right a column.
/// Those of no table are told behind it.
fn matrix(catalog: &Catalog, privileges: &[(String, Depth)]) -> (crate::output::Written, String) {
    let mut tables: BTreeMap<&str, BTreeMap<Right, Depth>> = BTreeMap::new();
    let mut others = Vec::new();
    for (name, depth) in privileges {
        match catalog.privilege(name) {
            Some((table, right)) => {
                tables.entry(table).or_default().insert(right, *depth);
            }
            None => others.push(format!("  {name} ({})", depth.label())),
        }
    }
    let mut grid = Grid::new(["table"].into_iter().chain(Right::ALL.iter().map(|right| right.verb())));
    for (table, rights) in tables {
        let depth = |right| rights.get(right).map_or("·", |depth| depth.word());
        grid.row([table].into_iter().chain(Right::ALL.iter().map(depth)));
    }
    let text = grid.text("no privileges on tables");
    match others.is_empty() {
        true => (text, String::new()),
        false => (text, format!("\nand, of no table:\n{}", others.join("\n"))),
    }
}
