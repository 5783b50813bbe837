//! `sluice profile`: column security profiles, what they give on secured columns, and to whom.

use clap::ValueEnum;
use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Code, Error, Filter, Parameter, Query, Reference, Request, Row, Value, coerce};

use super::{
    holders, reach,
    row_change::{self, Changes},
    selection::{Picked, Selection},
    several, what_if,
};
use crate::{
    context::Context,
    door::Door,
    names::{self, Labels},
    output::{Grid, Outcome},
    people,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the profiles.
    List,
    /// Show a profile: what it gives on which columns, and its members.
    Show {
        /// The profile.
        profile: String,
    },
    /// Make a profile. It gives nothing yet.
    Create {
        /// The profile's name.
        name: String,
        /// What it is for.
        #[arg(long)]
        description: Option<String>,
    },
    /// Change columns of profiles: name, description.
    Update(Changes),
    /// Delete profiles. Their members lose what they gave.
    Delete(Selection),
    /// Let a profile give rights on a secured column. Nobody gives what they do not hold.
    Grant {
        /// The profile.
        profile: String,
        /// The table.
        table: String,
        /// The column, which is secured: `column update TABLE COLUMN --secured yes`.
        column: String,
        /// What its members may do: read it, write it into a new row, change it.
        #[arg(required = true, value_enum)]
        rights: Vec<Of>,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Let a profile give rights on a column no more; all of them where none is named.
    Revoke {
        /// The profile.
        profile: String,
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Which.
        #[arg(value_enum)]
        rights: Vec<Of>,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Add users and teams to a profile.
    MemberAdd {
        /// The profile.
        profile: String,
        /// Users, and team:NAME; - reads them from standard input, one a line.
        #[arg(value_name = "PRINCIPAL", required = true)]
        member: Vec<String>,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Take users and teams out of a profile.
    MemberRemove {
        /// The profile.
        profile: String,
        /// Users, and team:NAME; - reads them from standard input, one a line.
        #[arg(value_name = "PRINCIPAL", required = true)]
        member: Vec<String>,
        #[command(flatten)]
        what_if: what_if::Args,
    },
}

/// A right on a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Of {
    Read,
    Create,
    Update,
}

impl Of {
    const ALL: [Self; 3] = [Self::Read, Self::Create, Self::Update];

    const fn column(self) -> &'static str {
        match self {
            Self::Read => "canread",
            Self::Create => "cancreate",
            Self::Update => "canupdate",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
        }
    }
}

const PROFILE: &str = "fieldsecurityprofile";
const PERMISSION: &str = "fieldpermission";

/// What a permission says of a right that it gives.
const GIVES: i32 = 4;

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let profile =
        |name: &str| -> anyhow::Result<Reference> { Ok(Reference::new(PROFILE, session.find_one(PROFILE, name)?)) };
    match command {
        Command::List => people::list(
            context,
            &session,
            Query::new(PROFILE).columns(&["name", "description"]).order_by("name"),
        ),
        Command::Show { profile: name } => show(context, &session, &profile(&name)?),
        Command::Create { name, description } => {
            let mut row = Row::unsaved(PROFILE).with("name", name.as_str());
            if let Some(description) = description {
                row.set("description", description);
            }
            let id = session.execute(Request::create(row))?.created().unwrap_or_default();
            Ok(Outcome::new(
                json!({ "id": id.to_string() }),
                format!("created profile {name} {id}"),
            ))
        }
        Command::Update(changes) => row_change::update(context, &session, PROFILE, &changes),
        Command::Delete(profiles) => several::delete(context, &session, PROFILE, &profiles.pick(&session, PROFILE)?),
        Command::Grant {
            profile: name,
            table,
            column,
            rights,
            what_if,
        } => {
            let (profile, of) = (profile(&name)?, (&*table, &*column));
            change(context, &session, &profile, of, (&rights, true), what_if)
        }
        Command::Revoke {
            profile: name,
            table,
            column,
            rights,
            what_if,
        } => {
            let rights = if rights.is_empty() { Of::ALL.to_vec() } else { rights };
            let (profile, of) = (profile(&name)?, (&*table, &*column));
            change(context, &session, &profile, of, (&rights, false), what_if)
        }
        Command::MemberAdd {
            profile: name,
            member,
            what_if,
        } => link(context, &session, &profile(&name)?, (&member, true), what_if),
        Command::MemberRemove {
            profile: name,
            member,
            what_if,
        } => link(context, &session, &profile(&name)?, (&member, false), what_if),
    }
}

/// What a profile says of a column, where it says something.
fn permission(session: &dyn Door, profile: &Reference, (table, column): (&str, &str)) -> anyhow::Result<Option<Row>> {
    let filter = Filter::eq("fieldsecurityprofileid", profile.clone())
        .and(Filter::eq("entityname", table))
        .and(Filter::eq("attributelogicalname", column));
    Ok(session.list(Query::new(PERMISSION).filter(filter))?.pop())
}

fn change(
    context: &Context,
    session: &Session,
    profile: &Reference,
    of: (&str, &str),
    what: (&[Of], bool),
    what_if: what_if::Args,
) -> anyhow::Result<Outcome> {
    what_if.or_do(context, session, |door| {
        permit(context, door, profile, of, what, what_if.is_trial())
    })
}

fn permit(
    context: &Context,
    session: &dyn Door,
    profile: &Reference,
    (table, column): (&str, &str),
    (rights, gives): (&[Of], bool),
    is_trial: bool,
) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    coerce::column(catalog.table(table)?, column)?;
    let there = permission(session, profile, (table, column))?;
    let held = |right: &Of| there.as_ref().and_then(|row| row.int(right.column())) == Some(GIVES);
    let of = |right: Of| if rights.contains(&right) { gives } else { held(&right) };
    let lost = Of::ALL.into_iter().filter(|right| held(right) && !of(*right));
    let lost: Vec<&str> = lost.map(Of::word).collect();
    if !lost.is_empty() && !is_trial && !context.goes_on() {
        let name = names::called(session, PROFILE, &profile.id.to_string())?.1;
        let members = members(session, profile)?.len();
        reach::of_permission(context, (&name, members), (&format!("{table}.{column}"), &lost))?;
    }
    let given: Vec<&str> = Of::ALL.into_iter().filter(|right| of(*right)).map(Of::word).collect();
    let has_changed = Of::ALL.into_iter().any(|right| held(&right) != of(right));
    let mut row = match &there {
        Some(row) => Row::new(PERMISSION, row.id),
        None => Row::unsaved(PERMISSION)
            .with("fieldsecurityprofileid", profile.clone())
            .with("entityname", table)
            .with("attributelogicalname", column),
    };
    for right in Of::ALL {
        row.set(right.column(), Value::Choice(if of(right) { GIVES } else { 0 }));
    }
    match &there {
        Some(there) if given.is_empty() => session.execute(Request::delete(there.reference()))?,
        Some(_) => session.execute(Request::update(row))?,
        None if given.is_empty() => {
            let message = format!("the profile gives nothing on `{column}` of `{table}`");
            return Err(Error::new(Code::NOT_FOUND, message).with_table(PERMISSION).into());
        }
        None => session.execute(Request::create(row))?,
    };
    let document = json!({ "id": profile.id.to_string(), "table": table, "column": column, "gives": given });
    let given = if given.is_empty() {
        "nothing".to_owned()
    } else {
        given.join(", ")
    };
    let text = match has_changed {
        true => format!("the profile gives on {table}.{column}: {given}"),
        false => format!("the profile gives {given} on {table}.{column} already"),
    };
    Ok(Outcome::new(document, text))
}

/// By what users and teams are members of a profile.
const MEMBERS: [&str; 2] = ["systemuserprofiles_association", "teamprofiles_association"];

fn relationship(holder: &Reference) -> &'static str {
    let [of_users, of_teams] = MEMBERS;
    match &*holder.table {
        "team" => of_teams,
        _ => of_users,
    }
}

fn link(
    context: &Context,
    session: &Session,
    profile: &Reference,
    (members, add): (&[String], bool),
    what_if: what_if::Args,
) -> anyhow::Result<Outcome> {
    let (message, done) = match add {
        true => ("Associate", "added to"),
        false => ("Disassociate", "taken out of"),
    };
    let picked = Picked::named(members)?;
    let profile_name = names::called(session, PROFILE, &profile.id.to_string())?.1;
    let told = format!("{done} profile {profile_name}");
    // Who is there is asked of each by itself: a name says whether it is a user's or a team's.
    let find = |name: &str| Ok(name.to_owned());
    let before = holders::Members::of(context, profile, &MEMBERS);
    let was_none = |member: &str| {
        let holder = context.looking(|session| names::principal(session, member));
        holder.is_ok_and(|holder| before.was_member(&holder) == Some(false))
    };
    let first = |found: &[&String]| {
        let name = &profile_name;
        let who = found.iter().map(|member| member.as_str());
        let who: Vec<&str> = who.filter(|member| !add && !was_none(member)).collect();
        match add || who.is_empty() || what_if.is_trial() {
            true => Ok(()),
            false => reach::told(context, &format!("what {name} gives is lost by {}", who.join(", "))),
        }
    };
    what_if.or_do(context, session, |door| {
        several::picked(context, ("member", &told), &picked, find, first, |member| {
            let holder = names::principal(door, &member)?;
            let request = Request::new(message)
                .with("Target", profile.clone())
                .with("Relationship", relationship(&holder))
                .with("RelatedEntities", Parameter::References(vec![holder.clone()]));
            door.execute(request)?;
            let mut item = several::item(profile.id);
            item.insert("member".to_owned(), holder.id.to_string().into());
            let of = format!("profile {profile_name}");
            Ok((
                item,
                holders::membership(&member, &of, add, before.change(&holder, add)),
            ))
        })
    })
}

/// The members of a profile, as far as the acting user sees them.
fn members(session: &dyn Door, profile: &Reference) -> anyhow::Result<Vec<Reference>> {
    let mut members = Vec::new();
    for relationship in MEMBERS {
        let request = Request::new("RetrieveRelated")
            .with("Target", profile.clone())
            .with("Relationship", relationship);
        if let Some(Parameter::Rows(rows)) = session.execute(request)?.outputs.get("RelatedEntities") {
            members.extend(rows.iter().map(Row::reference));
        }
    }
    Ok(members)
}

fn show(context: &Context, session: &dyn Door, profile: &Reference) -> anyhow::Result<Outcome> {
    let row = names::get(session, PROFILE, profile.id, &["name", "description"])?;
    let filter = Filter::eq("fieldsecurityprofileid", profile.clone());
    let permissions = Query::new(PERMISSION)
        .filter(filter)
        .order_by("entityname")
        .order_by("attributelogicalname");
    let mut grid = Grid::new(["table", "column", "read", "create", "update"]);
    let mut given: Vec<Json> = Vec::new();
    for permission in session.list(permissions)? {
        let text = |column: &str| permission.text(column).unwrap_or_default().to_owned();
        let of = |right: Of| permission.int(right.column()) == Some(GIVES);
        let yes = |right| if of(right) { "yes" } else { "no" };
        let (table, column) = (text("entityname"), text("attributelogicalname"));
        grid.row([&table, &column, yes(Of::Read), yes(Of::Create), yes(Of::Update)]);
        given.push(json!({
            "table": table, "column": column,
            "read": of(Of::Read), "create": of(Of::Create), "update": of(Of::Update),
        }));
    }
    let members = members(session, profile)?;
    let labels = Labels::load(context, members.iter().cloned())?;
    let named: Vec<String> = members
        .iter()
        .map(|member| {
            format!(
                "{} {}",
                if &*member.table == "team" { "team" } else { "user" },
                labels.name(member)
            )
        })
        .collect();
    let name = row.text("name").unwrap_or_default();
    let head = people::pairs(&[
        ("profile", name),
        ("description", row.text("description").unwrap_or_default()),
        ("members", &named.join(", ")),
    ]);
    let document = json!({
        "id": profile.id.to_string(),
        "name": name,
        "permissions": given,
        "members": members.iter().zip(&named).map(|(member, name)| json!({ "id": member.id.to_string(), "name": name })).collect::<Vec<_>>(),
    });
    Ok(Outcome::table(
        document,
        &format!("{head}\n"),
        grid.text("gives nothing by name"),
        "",
    ))
}
