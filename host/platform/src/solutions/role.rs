//! Roles in solutions: a role at its root, with its privileges by name. It arrives in the
//! organisation's root business unit; who holds it is each organisation's own affair.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sluice_model::{
    Catalog, Code, Depth, Error, Filter, Ownership, Parameter, Query, Reference, Remedy, Request, Result, Row, Uuid,
    Value,
};

use super::{Applied, Gone, Installation, document, holders, misfit};
use sluice_engine::{Batch, Session, organization::ADMINISTRATOR_ROLE, tables, tables::MANAGED as MARK};

/// A role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    /// What a team's members inherit.
    isinherited: i32,
    privileges: Vec<Held>,
}

/// A privilege and how deep it reaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    name: String,
    /// 0 user to 3 organization.
    depth: i32,
}

/// The roles of that name, each where it was made.
fn originals(name: &str) -> Query {
    let original = Filter::eq("name", name).and(Filter::eq("parentroleid", Value::Null));
    Query::new(tables::ROLE).filter(original)
}

pub(super) fn export(session: &Session, name: &str) -> Result<Json> {
    let mut roles = session.list(originals(name))?;
    let (Some(role), true) = (roles.pop(), roles.is_empty()) else {
        return Err(Error::new(
            Code::NOT_FOUND,
            format!("there is no role \"{name}\", or there are several"),
        )
        .with_remedy(Remedy::ListRoles));
    };
    if name == ADMINISTRATOR_ROLE {
        return Err(Error::invalid(format!(
            "the role {ADMINISTRATOR_ROLE} is in every organisation and has every privilege; it does not travel"
        )));
    }
    session.batch(|batch| {
        document(&Role {
            isinherited: role.int("isinherited").unwrap_or(1),
            privileges: held(batch, role.id)?,
        })
    })
}

/// What a role holds, by name.
fn held(batch: &mut Batch<'_>, role: Uuid) -> Result<Vec<Held>> {
    let names = batch.select_as_platform(
        "see what a role of a solution holds already",
        tables::PRIVILEGE,
        Filter::All,
    )?;
    let mut all = Vec::new();
    for row in batch.select_as_platform(
        "see what a role of a solution holds already",
        tables::ROLE_PRIVILEGES,
        Filter::eq("roleid", role),
    )? {
        let privilege = row.id_of("privilegeid");
        let name = names.iter().find(|name| Some(name.id) == privilege);
        let depth = row.int("privilegedepthmask").and_then(Depth::from_mask);
        if let (Some(name), Some(depth)) = (name.and_then(|row| row.text("name")), depth) {
            all.push(Held {
                name: name.to_owned(),
                depth: depth.number(),
            });
        }
    }
    all.sort();
    Ok(all)
}

pub(super) fn apply(work: &mut Installation<'_, '_>, name: &str, sent: &Role) -> Result<Applied> {
    if name == ADMINISTRATOR_ROLE {
        return Err(misfit(format!("the role {ADMINISTRATOR_ROLE} cannot be imported")));
    }
    let role = match there(work, name)? {
        Some(row) => {
            check_holders(work, name, &row, sent)?;
            row
        }
        None => {
            let unit = Reference::new(tables::BUSINESS_UNIT, work.batch.unit().snapshot()?.root_unit());
            let mut row = Row::unsaved(tables::ROLE)
                .with("name", name)
                .with("businessunitid", unit)
                .with("isinherited", Value::Choice(sent.isinherited));
            if work.managed {
                row.set(MARK, true);
            }
            row.id = work.batch.create(row.clone())?;
            row
        }
    };
    let mut change = Row::new(tables::ROLE, role.id);
    if role.int("isinherited") != Some(sent.isinherited) {
        change.set("isinherited", Value::Choice(sent.isinherited));
    }
    if work.managed && role.bool(MARK) != Some(true) {
        change.set(MARK, true);
        work.taken.push(String::new());
    }
    if !change.values.is_empty() {
        work.batch.execute(Request::update(change))?;
    }
    set_privileges(work, name, role.id, &sent.privileges)?;
    Ok(Applied {
        row: Some(role.id),
        parts: Vec::new(),
    })
}

/// The role of that name in the root business unit, where a role of a solution lies. One of that name in another unit is
/// another role, beside which none can be made at the root.
fn there(work: &mut Installation<'_, '_>, name: &str) -> Result<Option<Row>> {
    let root = work.batch.unit().snapshot()?.root_unit();
    let mut roles = work.batch.list(originals(name))?;
    if let Some(at_root) = roles.iter().position(|role| role.id_of("businessunitid") == Some(root)) {
        return Ok(Some(roles.swap_remove(at_root)));
    }
    match roles.is_empty() {
        true => Ok(None),
        false => Err(misfit(format!(
            "there is a role \"{name}\" in a business unit below the root, which is another one; rename or delete that"
        ))),
    }
}

/// Whoever holds the role gets no more by it unseen.
fn check_holders(work: &mut Installation<'_, '_>, name: &str, role: &Row, sent: &Role) -> Result<()> {
    let now = held(work.batch, role.id)?;
    let is_held = |wanted: &Held| {
        let same = |held: &&Held| held.name.eq_ignore_ascii_case(&wanted.name);
        now.iter().find(same).is_some_and(|held| held.depth >= wanted.depth)
    };
    let widens = sent.isinherited != 0 && role.int("isinherited") == Some(0);
    let catalog = work.batch.unit().catalog();
    let mut given = sent
        .privileges
        .iter()
        .filter(|held| !is_of_no_table(&catalog, &held.name));
    if !widens && given.all(is_held) {
        return Ok(());
    }
    let holders = holders(work, role.id)?;
    holders::check(work, ("role", name), role, &holders)
}

/// The users and teams that hold a role or one of its copies.
fn holders(work: &mut Installation<'_, '_>, role: Uuid) -> Result<Vec<Reference>> {
    let family = work.batch.select_as_platform(
        "see what a role of a solution holds already",
        tables::ROLE,
        Filter::eq("parentrootroleid", role),
    )?;
    let family: Vec<Uuid> = family.iter().map(|role| role.id).collect();
    let links = [tables::USER_ROLES, tables::TEAM_ROLES];
    work.batch.unit().holders(links, "roleid", &family)
}

/// Whether a privilege is one that its table has not: files of earlier versions carry Assign and Share of tables that
/// belong to the organisation.
fn is_of_no_table(catalog: &Catalog, privilege: &str) -> bool {
    let named = catalog.privilege(privilege);
    let named = named.and_then(|(table, right)| Some((catalog.find(table)?, right)));
    named.is_some_and(|(table, right)| table.ownership == Ownership::Organization && !right.is_of_organization())
}

/// Gives the role what was sent, and nothing else.
fn set_privileges(work: &mut Installation<'_, '_>, name: &str, role: Uuid, sent: &[Held]) -> Result<()> {
    let now = held(work.batch, role)?;
    let known = work.batch.select_as_platform(
        "see what a role of a solution holds already",
        tables::PRIVILEGE,
        Filter::All,
    )?;
    let find = |name: &str| {
        known
            .iter()
            .find(|row| row.text("name").is_some_and(|known| known.eq_ignore_ascii_case(name)))
    };
    let catalog = work.batch.unit().catalog();
    let missing: Vec<Row> = sent
        .iter()
        .filter(|held| !now.contains(held) && !is_of_no_table(&catalog, &held.name))
        .map(|held| match find(&held.name) {
            Some(_) => Ok(Row::unsaved("roleprivilege")
                .with("PrivilegeName", held.name.as_str())
                .with("Depth", held.depth)),
            None => Err(misfit(format!(
                "the role \"{name}\" has the privilege {}, which this organisation does not know; bring its table along",
                held.name
            ))),
        })
        .collect::<Result<_>>()?;
    if !missing.is_empty() {
        let request = Request::new("AddPrivilegesRole")
            .with("RoleId", Value::Id(role))
            .with("Privileges", Parameter::Rows(missing));
        work.batch.execute(request)?;
    }
    for extra in now
        .iter()
        .filter(|held| !sent.iter().any(|other| other.name.eq_ignore_ascii_case(&held.name)))
    {
        if let Some(privilege) = find(&extra.name) {
            let request = Request::new("RemovePrivilegeRole")
                .with("RoleId", Value::Id(role))
                .with("PrivilegeId", Value::Id(privilege.id));
            work.batch.execute(request)?;
        }
    }
    Ok(())
}

/// A role that somebody holds is not taken from them.
pub(super) fn in_use(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<Option<String>> {
    let Some(role) = gone.row else { return Ok(None) };
    Ok(match holders(work, role)?.len() {
        0 => None,
        1 => Some("1 user or team holds it".to_owned()),
        holders => Some(format!("{holders} users or teams hold it")),
    })
}
