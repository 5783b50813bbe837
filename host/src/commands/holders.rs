//! What users and teams hold: roles, memberships; as far as the acting user may read both sides.

use std::cell::RefCell;

use serde_json::{Value as Json, json};
use sluice_model::{
    Depth, Filter, Parameter, Query, Reference, Request, Right, Row, TableDef, Uuid, Value, codes::Kind, json as rows,
};

use crate::{
    context::Context,
    door::Door,
    names::{self, Labels},
    output::{Grid, Outcome, takes_out},
    people,
};

/// A role that a user has, directly or through a team.
pub(crate) struct Held {
    /// The role.
    pub(crate) role: Reference,
    /// Its name.
    pub(crate) name: String,
    /// The team through which it comes.
    pub(crate) team: Option<String>,
}

impl Held {
    /// `Salesperson (via team West)`
    pub(crate) fn text(&self) -> String {
        match &self.team {
            Some(team) => format!("{} (via team {team})", self.name),
            None => self.name.clone(),
        }
    }

    pub(crate) fn json(&self) -> Json {
        json!({ "id": self.role.id.to_string(), "name": self.name, "via": self.team })
    }
}

/// What somebody holds, as far as the acting user may read it.
pub(crate) struct Seen<T> {
    pub(crate) all: Vec<T>,
    /// There may be more, which the acting user may not read.
    pub(crate) is_part: bool,
}

impl<T> Seen<T> {
    fn of(known: Option<Vec<T>>) -> Self {
        Self {
            is_part: known.is_none(),
            all: known.unwrap_or_default(),
        }
    }

    fn map<U>(self, each: impl FnMut(T) -> U) -> Seen<U> {
        Seen {
            all: self.all.into_iter().map(each).collect(),
            is_part: self.is_part,
        }
    }

    /// As a list for people: `none` is said only where that is known.
    fn shown(&self, names: Vec<String>) -> String {
        let mut lines = names;
        match (lines.is_empty(), self.is_part) {
            (true, false) => lines.push("none".to_owned()),
            (true, true) => lines.push(UNREAD.to_owned()),
            (false, true) => lines.push(format!("and {UNREAD}")),
            (false, false) => {}
        }
        lines.join("\n")
    }

    /// For machines: nothing, where nothing of it may be read.
    fn json(&self, each: impl Fn(&T) -> Json) -> Json {
        match self.all.is_empty() && self.is_part {
            true => Json::Null,
            false => self.all.iter().map(each).collect(),
        }
    }
}

/// What stands in the place of what the acting user may not read.
pub(crate) const UNREAD: &str = "what you may not read";

/// The roles of a user or team itself, as far as the acting user sees them.
pub(crate) fn roles(context: &Context, holder: &Reference) -> anyhow::Result<Seen<Held>> {
    let relationship = roles_of(holder);
    let held = Seen::of(linked(context, holder, relationship)?);
    Ok(held.map(|role| Held {
        name: role.text("name").unwrap_or_default().to_owned(),
        role: role.reference(),
        team: None,
    }))
}

/// What roles are called; those of one name with the business unit whose copies they are.
fn called(context: &Context, roles: &[Held]) -> anyhow::Result<Vec<String>> {
    let alike = |role: &Held| {
        let same = |other: &&Held| other.name == role.name && other.team == role.team;
        roles.iter().filter(same).count() > 1
    };
    let ids = roles.iter().filter(|role| alike(role)).map(|role| role.role.id);
    let rows = names::by_ids(&context.session()?, "role", ids, &["businessunitid"])?;
    let unit = |role: &Held| rows.get(&role.role.id)?.lookup("businessunitid").cloned();
    let labels = Labels::load(context, roles.iter().filter_map(unit))?;
    let text = |role: &Held| match unit(role) {
        Some(unit) => format!("{} of {}", role.text(), labels.name(&unit)),
        None => role.text(),
    };
    Ok(roles.iter().map(text).collect())
}

/// All roles that count for a user: its own, and those of its teams.
pub(crate) fn effective_roles(context: &Context, user: &Reference) -> anyhow::Result<Seen<Held>> {
    let mut held = roles(context, user)?;
    let teams = teams(context, user.id)?;
    held.is_part |= teams.is_part;
    let labels = Labels::load(context, teams.all.iter().cloned())?;
    for team in teams.all {
        let of_team = roles(context, &team)?;
        held.is_part |= of_team.is_part;
        held.all.extend(of_team.all.into_iter().map(|role| Held {
            team: Some(labels.name(&team)),
            ..role
        }));
    }
    Ok(held)
}

/// The teams of a user.
pub(crate) fn teams(context: &Context, user: Uuid) -> anyhow::Result<Seen<Reference>> {
    let rows = linked(
        context,
        &Reference::new("systemuser", user),
        "teammembership_association",
    )?;
    Ok(Seen::of(rows).map(|row| row.reference()))
}

/// Who is a member, or has which role, before members are added or taken out: asked once, and only for what is said. It leaves no marks of
/// use, and asks for nothing that would be refused.
pub(crate) struct Members<'a> {
    context: &'a Context,
    /// Nothing, where the acting user may not see it.
    known: RefCell<Option<Vec<Reference>>>,
}

impl<'a> Members<'a> {
    /// Of a team or profile; the teams of a user; the roles of both.
    pub(crate) fn of(context: &'a Context, row: &Reference, relationships: &[&str]) -> Self {
        let known = context.looking(|session| {
            if !sees(session, row) {
                return Ok(None);
            }
            let mut known = Vec::new();
            for relationship in relationships {
                let Some(rows) = linked(context, row, relationship)? else {
                    return Ok(None);
                };
                known.extend(rows.iter().map(Row::reference));
            }
            Ok(Some(known))
        });
        Self {
            context,
            known: RefCell::new(known.ok().flatten()),
        }
    }

    /// Whether that one is among them; nothing, where the acting user may not see one of both.
    pub(crate) fn was_member(&self, who: &Reference) -> Option<bool> {
        let known = self.known.borrow();
        let known = known.as_ref()?;
        let seen = self.context.looking(|session| Ok(sees(session, who)));
        seen.ok()?.then(|| known.contains(who))
    }

    /// The same of one that has become a member or is none any more: who is named again is what they are by now.
    pub(crate) fn change(&self, who: &Reference, add: bool) -> Option<bool> {
        let before = self.was_member(who);
        if let Some(known) = self.known.borrow_mut().as_mut() {
            known.retain(|one| one != who);
            known.extend(add.then(|| who.clone()));
        }
        before
    }
}

/// Whether the acting user sees a row, as far as that is known without a refusal.
pub(super) fn sees(session: &dyn Door, row: &Reference) -> bool {
    let may_read = session.check_privilege(&row.table, Right::Read).is_ok();
    may_read && names::by_ids(session, &row.table, [row.id], &[]).is_ok_and(|rows| rows.contains_key(&row.id))
}

/// What became of a membership, by whether it was there before, as far as that is known.
pub(crate) fn membership(name: &str, of: &str, add: bool, before: Option<bool>) -> String {
    match (add, before) {
        (true, Some(true)) => format!("{name} is in {of} already"),
        (false, Some(false)) => format!("{name} is not in {of}; nothing was changed"),
        (true, _) => format!("{name} added to {of}"),
        (false, _) => format!("{name} taken out of {of}"),
    }
}

/// The members of a team.
pub(crate) fn members(context: &Context, team: Uuid) -> anyhow::Result<Seen<Reference>> {
    let rows = linked(context, &Reference::new("team", team), "teammembership_association")?;
    Ok(Seen::of(rows).map(|row| row.reference()))
}

/// The tables on both sides of a relationship by which somebody holds something.
fn sides(relationship: &str) -> [&'static str; 2] {
    match relationship {
        "teamroles_association" => ["team", "role"],
        "systemuserroles_association" => ["systemuser", "role"],
        "teamprofiles_association" => ["team", "fieldsecurityprofile"],
        "systemuserprofiles_association" => ["systemuser", "fieldsecurityprofile"],
        _ => ["team", "systemuser"],
    }
}

/// What is linked with a row; nothing, where the acting user may not see such rows. Who may read none is not refused
/// anything: they have not asked for it.
fn linked(context: &Context, row: &Reference, relationship: &str) -> anyhow::Result<Option<Vec<Row>>> {
    let session = context.session()?;
    let reads = |table: &&str| session.check_privilege(table, Right::Read).is_ok();
    if !sides(relationship).iter().all(reads) {
        return Ok(None);
    }
    let request = Request::new("RetrieveRelated")
        .with("Target", row.clone())
        .with("Relationship", relationship);
    match session.execute(request) {
        Ok(mut answer) => Ok(Some(match answer.outputs.remove("RelatedEntities") {
            Some(Parameter::Rows(rows)) => rows,
            _ => Vec::new(),
        })),
        Err(error) if error.kind() == Kind::Denied => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Everybody who has a role, in whichever business unit its copy lies: users and teams, and users
/// through teams.
pub(crate) fn of_role(context: &Context, role: &str) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let row = names::row(&session, "role", role, &["parentrootroleid"])?;
    let root = row.id_of("parentrootroleid").unwrap_or(row.id);
    let copies = Query::new("role")
        .columns(&["businessunitid"])
        .filter(Filter::eq("parentrootroleid", root));
    let copies = session.list(copies)?;
    let labels = Labels::of(context, &copies)?;
    let mut grid = Grid::new(["who", "business unit", "via"]);
    let mut items = Vec::new();
    let mut is_part = false;
    let mut seen = |row: &Reference, relationship: &str| {
        let known = linked(context, row, relationship)?;
        is_part |= known.is_none();
        anyhow::Ok(known.unwrap_or_default())
    };
    let mut add = |who: &Row, unit: &str, team: Option<&Row>| {
        let named = |row: &Row| row.text("fullname").or(row.text("name")).unwrap_or_default().to_owned();
        let kind = if *who.table == *"team" { "team " } else { "" };
        let via = team.map(named);
        let through = via.as_ref().map(|team| format!("team {team}"));
        grid.row([
            format!("{kind}{}", named(who)),
            unit.to_owned(),
            through.unwrap_or_default(),
        ]);
        items.push(json!({
            "id": who.id.to_string(),
            "name": named(who),
            "type": if kind.is_empty() { "User" } else { "Team" },
            "businessunit": unit,
            "via": via,
        }));
    };
    for copy in &copies {
        let unit = copy
            .lookup("businessunitid")
            .map(|unit| labels.name(unit))
            .unwrap_or_default();
        for user in seen(&copy.reference(), "systemuserroles_association")? {
            add(&user, &unit, None);
        }
        for team in seen(&copy.reference(), "teamroles_association")? {
            add(&team, &unit, None);
            for member in seen(&team.reference(), "teammembership_association")? {
                add(&member, &unit, Some(&team));
            }
        }
    }
    let mut outcome = Outcome::list(items, grid.text("nobody whom you may read"));
    if is_part {
        outcome.say(&format!("and {UNREAD}"));
    }
    Ok(outcome)
}

/// A new role with the business unit, the inheritance and the privileges of another one: all of
/// them, or no role.
pub(crate) fn copy_role(context: &Context, role: &str, name: &str) -> anyhow::Result<Uuid> {
    let session = context.session()?;
    let known = names::row(&session, "role", role, &["businessunitid", "isinherited"])?;
    let held = privileges(context, known.id)?;
    let mut row = Row::unsaved("role").with("name", name);
    for column in ["businessunitid", "isinherited"] {
        row.set(column, known.get(column).cloned().unwrap_or(Value::Null));
    }
    make_role(&session, row, &held)
}

/// Makes a role with these privileges, or none.
pub(crate) fn make_role(session: &dyn Door, mut row: Row, held: &[(String, Depth)]) -> anyhow::Result<Uuid> {
    let wanted = held.iter().map(|(privilege, depth)| {
        Row::unsaved("roleprivilege")
            .with("PrivilegeName", privilege.as_str())
            .with("Depth", depth.number())
    });
    row.id = session.new_id();
    let id = row.id;
    let request = Request::new("AddPrivilegesRole").with("RoleId", Value::Id(id));
    let request = request.with("Privileges", Parameter::Rows(wanted.collect()));
    session.execute_all(&[Request::create(row), request])?;
    Ok(id)
}

/// The privileges of a role, each with its depth, by name.
pub(crate) fn privileges(context: &Context, role: Uuid) -> anyhow::Result<Vec<(String, Depth)>> {
    let request = Request::new("RetrieveRolePrivilegesRole").with("RoleId", Value::Id(role));
    let answer = context.session()?.execute(request)?;
    let rows = match answer.outputs.get("RolePrivileges") {
        Some(Parameter::Rows(rows)) => rows.as_slice(),
        _ => &[],
    };
    let each = rows.iter().filter_map(|row| {
        let depth = row.int("Depth").and_then(Depth::from_number)?;
        Some((row.text("PrivilegeName")?.to_owned(), depth))
    });
    Ok(each.collect())
}

/// The copy of a role in a holder's business unit.
pub(crate) fn copy_for(session: &dyn Door, holder: &Reference, role: &str) -> anyhow::Result<Uuid> {
    let row = names::get(session, &holder.table, holder.id, &["businessunitid"])?;
    names::role_for(session, &row, role)
}

/// Gives a role to a user or team, or takes it away: the copy in the holder's business unit.
pub(crate) fn change_role(
    context: &Context,
    session: &dyn Door,
    holder: &Reference,
    (role, give): (&str, bool),
) -> anyhow::Result<Outcome> {
    let copy = copy_for(session, holder, role)?;
    let before = Members::of(context, holder, &[roles_of(holder)]).was_member(&Reference::new("role", copy));
    let role = names::called(session, "role", &copy.to_string())?.1;
    let called = names::called(session, &holder.table, &holder.id.to_string())?.1;
    session.execute(role_request(holder, copy, give))?;
    let document = json!({ "id": holder.id.to_string(), "role": copy.to_string() });
    let text = match (give, before) {
        (true, Some(true)) => format!("{called} has the role {role} already"),
        (false, Some(false)) => format!("{called} does not have the role {role}; nothing was changed"),
        (true, _) => format!("role {role} given to {} {called}", holder.table),
        (false, _) => format!("role {role} taken from {} {called}", holder.table),
    };
    Ok(Outcome::new(document, text))
}

/// The relationship by which users, or teams, have roles.
fn roles_of(holder: &Reference) -> &'static str {
    match &*holder.table {
        "team" => "teamroles_association",
        _ => "systemuserroles_association",
    }
}

/// The request that gives or takes a role.
pub(crate) fn role_request(holder: &Reference, role: Uuid, give: bool) -> Request {
    let relationship = roles_of(holder);
    Request::new(if give { "Associate" } else { "Disassociate" })
        .with("Target", holder.clone())
        .with("Relationship", relationship)
        .with(
            "RelatedEntities",
            Parameter::References(vec![Reference::new("role", role)]),
        )
}

/// A new user or team with its roles: all of it, or nothing.
pub(crate) fn create(session: &dyn Door, row: &Row, roles: &[Uuid]) -> anyhow::Result<Uuid> {
    let mut row = row.clone();
    row.id = session.new_id();
    let holder = row.reference();
    let given = roles.iter().map(|role| role_request(&holder, *role, true));
    let requests: Vec<Request> = [Request::create(row)].into_iter().chain(given).collect();
    session.execute_all(&requests)?;
    Ok(holder.id)
}

/// The roles to give to a holder that is about to be made, out of its business unit: the one
/// in its row, else the caller's.
pub(crate) fn roles_for_new(session: &dyn Door, row: &Row, roles: &[String]) -> anyhow::Result<Vec<Uuid>> {
    if roles.is_empty() {
        return Ok(Vec::new());
    }
    let mut holder = row.clone();
    if holder.id_of("businessunitid").is_none() {
        let caller = names::get(session, "systemuser", session.user(), &["businessunitid"])?;
        holder.set(
            "businessunitid",
            caller.get("businessunitid").cloned().unwrap_or(Value::Null),
        );
    }
    roles
        .iter()
        .map(|role| names::role_for(session, &holder, role))
        .collect()
}

/// A user or a team with its roles and with what it is linked to (`teams` or `members`).
pub(crate) fn sheet(
    context: &Context,
    table: &TableDef,
    row: &Row,
    roles: &Seen<Held>,
    (what, linked): (&str, &Seen<Reference>),
) -> anyhow::Result<Outcome> {
    let labels = Labels::load(context, linked.all.iter().cloned())?;
    let mut document = rows::from_row(table, row, None);
    if let Json::Object(map) = &mut document {
        map.insert("roles".to_owned(), roles.json(Held::json));
        let one = |one: &Reference| json!({ "id": one.id.to_string(), "name": labels.name(one) });
        map.insert(what.to_owned(), linked.json(one));
        let parts = [("roles", roles.is_part), (what, linked.is_part)];
        map.extend(unread(parts));
    }
    if context.json() {
        return Ok(Outcome::new(document, String::new()));
    }
    if takes_out() {
        // As cells, one row is a list of one.
        let all: Vec<_> = table.columns.iter().map(|column| column.name.clone()).collect();
        return people::rows_of(context, table, std::slice::from_ref(row), Some(&all));
    }
    let names = linked.all.iter().map(|one| labels.name(one)).collect();
    let text = people::pairs(&[
        ("roles", roles.shown(called(context, &roles.all)?)),
        (what, linked.shown(names)),
    ]);
    let sheet = people::sheet(context, table, row)?;
    Ok(Outcome::new(document, format!("{sheet}\n\n{text}")))
}

/// Which parts of a document are not whole, because the acting user may not read all of it: a member of it, where
/// there are any.
pub(crate) fn unread<const N: usize>(parts: [(&str, bool); N]) -> Option<(String, Json)> {
    let names = parts.into_iter().filter(|(_, is_part)| *is_part).map(|(name, _)| name);
    let names: Vec<&str> = names.collect();
    (!names.is_empty()).then(|| ("unread".to_owned(), names.into()))
}
