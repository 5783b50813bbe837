//! Access teams of rows: the platform makes one with its first user, by a template that says what
//! its members may do to the row, and takes it away with its last one, with the row, or with the
//! template. Nobody else changes such a team, and nothing else is shared with it.

use sluice_model::{
    Code, Comparison, Error, Filter, Ownership, Query, Reference, Request, Result, Right, Rights, Row, TableDef, Uuid,
    Value,
    remedy::{Case, Resolution},
};

use crate::{
    Operation, Unit, cascade,
    change::Why,
    message::{
        existing_share,
        membership::{self, TEAM_MEMBERSHIP},
        share,
    },
    tables,
    watch::{Link, LinkSort},
};

/// `team.teamtype` of access teams.
const ACCESS: i32 = 1;

/// The rights of a share that came down from rows above.
const INHERITED: &str = "inheritedaccessrightsmask";

const OWN: &str = "the platform keeps the access team of a row";

/// What a template lets the members of its teams do.
pub(crate) fn rights(template: &Row) -> Rights {
    Rights(
        template
            .int("defaultaccessrightsmask")
            .unwrap_or_default()
            .cast_unsigned(),
    )
}

/// Refuses to change an access team that the platform keeps, or to share something with it.
///
/// # Errors
/// [`Code::SYSTEM_MANAGED_TEAM`].
pub(crate) fn refuse_kept(team: &Row) -> Result<()> {
    match team.bool("systemmanaged") {
        Some(true) => {
            let name = team.text("name").unwrap_or_default();
            let message = format!("{name} is the access team of a row, which the platform keeps itself");
            Err(Error::new(Code::SYSTEM_MANAGED_TEAM, message).with_table(tables::TEAM))
        }
        _ => Ok(()),
    }
}

/// The team of the operation's row by a template; the caller has looked whether it may be asked for.
fn find(unit: &mut Unit, row: &Reference, template: Uuid) -> Result<Option<Uuid>> {
    let of = Filter::eq("regardingobjectid", row.clone()).and(Filter::eq("teamtemplateid", template));
    let found = unit.select_as_platform(OWN, &Query::new(tables::TEAM).columns(&[]).filter(of))?;
    Ok(found.first().map(|team| team.id))
}

/// What is told of rows that nobody owns.
static OWNED_BY_NOBODY: Case = Case {
    cause: "an access team shares a row with its members, and rows of that table are not shared: nobody owns them",
    resolution: Resolution::new("choose a table whose rows are owned", &[]),
};

/// The refusal of a table that is not enabled for access teams; where it cannot be, that is said.
pub(crate) fn without_teams(table: &TableDef) -> Error {
    let error = Error::said(Code::TABLE_WITHOUT_TEAMS).with_table(&table.name);
    match table.ownership {
        Ownership::User => error.with_word("TABLE", &*table.name),
        _ => error.in_case(&OWNED_BY_NOBODY),
    }
}

/// The caller may share the row and knows the template and the user: the template.
fn check(unit: &mut Unit, operation: &Operation, template: Uuid, user: Uuid) -> Result<Row> {
    let table = operation.table()?;
    let target = operation.target_reference()?;
    if !table.access_teams {
        return Err(without_teams(&table));
    }
    unit.decide(operation, &table, Right::Share, target.id)?;
    let template = unit.row_with_rights(operation, tables::TEAM_TEMPLATE, template, &[Right::Read])?;
    let users = unit.snapshot()?.table(tables::USER)?.clone();
    unit.decide(operation, &users, Right::Read, user)?;
    if template.int("objecttypecode") != Some(table.otc) {
        let name = template.text("teamtemplatename").unwrap_or_default();
        let message = format!("the template {name} is for another table than `{}`", table.name);
        return Err(Error::invalid(message).with_table(tables::TEAM_TEMPLATE));
    }
    Ok(template)
}

/// Adds a user to the team of the operation's row; the team.
///
/// # Errors
/// The caller may not give what the template gives; the user lacks a privilege that it takes.
pub(crate) fn add(unit: &mut Unit, operation: &Operation, template: Uuid, user: Uuid) -> Result<Uuid> {
    let (table, target) = (operation.table()?, operation.target_reference()?);
    let template = check(unit, operation, template, user)?;
    let there = find(unit, &target, template.id)?;
    let rights = match there {
        // It gives what the template gave when it was made.
        Some(team) => shared_with(unit, &target, team)?,
        None => rights(&template),
    };
    for right in rights.iter() {
        unit.decide(operation, &table, right, target.id)?;
    }
    check_member(unit, &table, rights, user)?;
    let team = match there {
        Some(team) => {
            check_below(unit, operation, team)?;
            unit.check_gives_membership(operation, team)?;
            team
        }
        None => make(unit, operation, &template, rights)?,
    };
    if membership::link(unit, &TEAM_MEMBERSHIP, [team, user])? {
        tell(unit, operation, team, user, LinkSort::Associated)?;
    }
    Ok(team)
}

/// What is told of a team that has more than whoever adds a member.
static MORE_BELOW: Case = Case {
    cause: "the access team has rights on rows below its row, and whoever adds a member lacks some of them there: nobody \
            gives what they do not hold",
    resolution: Resolution::new(
        "let somebody add the member who has these rights on the rows below, too",
        &[],
    ),
};

/// Whoever adds a member gives what has come down to the team on the rows below as well.
fn check_below(unit: &mut Unit, operation: &Operation, team: Uuid) -> Result<()> {
    let of_team = Filter::eq("principalid", Reference::new(tables::TEAM, team));
    let came_down = Filter::Compare {
        column: INHERITED.into(),
        comparison: Comparison::Gt,
        value: Value::Int(0),
    };
    let shares = Query::new(tables::SHARE).columns(&["objectid", "objecttypecode", INHERITED]);
    let shares = shares.filter(of_team.and(came_down));
    for share in unit.select_as_platform(OWN, &shares)? {
        let (Some(id), Some(table)) = (share.id_of("objectid"), share.text("objecttypecode")) else {
            continue;
        };
        let table = unit.snapshot()?.table(table)?.clone();
        let inherited = Rights(share.int(INHERITED).unwrap_or_default().cast_unsigned());
        for right in inherited.iter() {
            let asked = unit.decide(operation, &table, right, id);
            asked.map_err(|error| error.in_case(&MORE_BELOW))?;
        }
    }
    Ok(())
}

/// A member holds each right of the template on the table, at whatever depth.
fn check_member(unit: &mut Unit, table: &TableDef, rights: Rights, user: Uuid) -> Result<()> {
    let principal = unit.principal(user)?;
    let lacks = |right: &Right| principal.depth_of(&table.privilege_name(*right)).is_none();
    let Some(right) = rights.iter().find(lacks) else {
        return Ok(());
    };
    let privilege = table.privilege_name(right);
    let message =
        format!("The user can't be added to the team because the user doesn't have the \"{privilege}\" privilege.");
    let mut error = Error::new(Code::MEMBER_LACKS_RIGHT, message).with_table(&table.name);
    let body = error.body_mut();
    body.privilege = Some(privilege);
    body.right = Some(right);
    body.depth = Some(sluice_model::Depth::User);
    body.principal = Some(principal.info());
    Err(error)
}

/// What of the row is shared with its team.
fn shared_with(unit: &mut Unit, row: &Reference, team: Uuid) -> Result<Rights> {
    let share = existing_share(unit, row, &Reference::new(tables::TEAM, team))?;
    let mask = share
        .and_then(|share| share.int("accessrightsmask"))
        .unwrap_or_default();
    Ok(Rights(mask.cast_unsigned()))
}

fn make(unit: &mut Unit, operation: &Operation, template: &Row, rights: Rights) -> Result<Uuid> {
    let target = operation.target_reference()?;
    let unit_of_row = unit.ownership(&target)?.and_then(|(_, home)| home);
    let home = unit_of_row.unwrap_or(unit.snapshot()?.root_unit);
    let name = template.text("teamtemplatename").unwrap_or_default();
    let row = Row::unsaved(tables::TEAM)
        .with("name", format!("{name}: {} {}", target.table, target.id))
        .with("teamtype", Value::Choice(ACCESS))
        .with("systemmanaged", true)
        .with("businessunitid", Reference::new(tables::BUSINESS_UNIT, home))
        .with("teamtemplateid", template.reference())
        .with("regardingobjectid", Value::Id(target.id))
        .with("sl_regardingtype", &*target.table);
    let team = unit
        .run_as_system(operation, OWN, Request::create(row))?
        .created()
        .unwrap_or_default();
    let principal = Reference::new(tables::TEAM, team);
    share(unit, &target, &principal, rights)?;
    cascade::share_below(unit, operation, &target, &principal, rights)?;
    Ok(team)
}

/// Takes a user out of the team of the operation's row; the team, which goes with its last member.
///
/// # Errors
/// The row has no team by the template, or the caller may not share the row.
pub(crate) fn remove(unit: &mut Unit, operation: &Operation, template: Uuid, user: Uuid) -> Result<Uuid> {
    let target = operation.target_reference()?;
    let template = check(unit, operation, template, user)?;
    let Some(team) = find(unit, &target, template.id)? else {
        let message = format!("the row {target} has no access team by that template");
        return Err(Error::new(Code::NOT_FOUND, message).with_table(tables::TEAM));
    };
    if membership::unlink(unit, &TEAM_MEMBERSHIP, [team, user])? {
        tell(unit, operation, team, user, LinkSort::Disassociated)?;
    }
    let members = Query::new(tables::TEAM_MEMBERSHIP)
        .columns(&[])
        .filter(Filter::eq("teamid", team))
        .top(1);
    if unit.select_as_platform(OWN, &members)?.is_empty() {
        let principal = Reference::new(tables::TEAM, team);
        let own = shared_with(unit, &target, team)?;
        cascade::unshare_below(unit, &target, &principal, own)?;
        unit.run_as_system(operation, OWN, Request::delete(principal))?;
    }
    Ok(team)
}

fn tell(unit: &mut Unit, operation: &Operation, team: Uuid, user: Uuid, sort: LinkSort) -> Result<()> {
    let user = Value::Lookup(Reference::new(tables::USER, user));
    let (old, new) = match sort {
        LinkSort::Associated => (Value::Null, user),
        _ => (user, Value::Null),
    };
    let link = Link {
        row: Reference::new(tables::TEAM, team),
        sort,
        name: TEAM_MEMBERSHIP.name.to_owned(),
        old,
        new,
    };
    unit.tell_link(operation, &link)
}

/// A row is deleted: its access teams lose their members, and go.
///
/// # Errors
/// The database cannot be written.
pub(crate) fn dissolve(unit: &mut Unit, team: Uuid) -> Result<()> {
    let members = Query::new(tables::TEAM_MEMBERSHIP)
        .columns(&[])
        .filter(Filter::eq("teamid", team));
    for member in unit.select_as_platform(OWN, &members)? {
        unit.delete_as_platform(OWN, &member.reference())?;
    }
    Ok(())
}

/// What may be done to a kept team: by the platform, and along with what it belongs to.
pub(crate) fn check_change(operation: &Operation, team: &Row) -> Result<()> {
    match operation.why {
        Why::Asked => refuse_kept(team),
        Why::Along | Why::Platform(_) => Ok(()),
    }
}
