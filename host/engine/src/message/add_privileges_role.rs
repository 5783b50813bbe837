//! AddPrivilegesRole: grants privileges to a role, at a depth. The copies of the role in the
//! business units below follow.

use sluice_model::{
    Code, Depth, Error, Filter, Ownership, ParameterType, Query, Reference, Result, Right, Row, Uuid, Value,
    names::did_you_mean,
};

use std::{collections::HashMap, sync::Arc};

use super::{Message, ParameterDef, Shape, input, required};
use crate::{
    Operation, Unit,
    giving::Given,
    principals, rules, tables,
    watch::{Link, LinkSort},
};

/// `AddPrivilegesRole`.
pub(crate) struct AddPrivilegesRole;

impl Message for AddPrivilegesRole {
    fn name(&self) -> &'static str {
        "AddPrivilegesRole"
    }

    fn doc(&self) -> &'static str {
        "Grants privileges to a role; each of `Privileges` has PrivilegeName or PrivilegeId, and Depth (0 to 3)."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("RoleId", ParameterType::Id),
            required("Privileges", ParameterType::Structures),
        ];
        Shape::changing(tables::ROLE, "RoleId", INPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Write)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let role = operation.id()?;
        unit.decide(operation, &table, Right::Write, role)?;
        let root = check_root(unit, role)?;
        rules::role::refuse_administrator(&root, Code::ADMINISTRATOR_ROLE_FIXED)?;
        let wanted = wanted(unit, operation)?;
        let copies = with_copies(unit, &root)?;
        check_gives(unit, operation, &wanted, &copies)?;
        for (privilege, name, depth) in wanted {
            for copy in &copies {
                let before = set(unit, copy.id, privilege, Some(depth))?;
                if copy.id == role {
                    record(unit, operation, &name, before, Some(depth))?;
                }
            }
        }
        Ok(())
    }
}

/// The privileges that are to be granted: the id, the name, how deep.
fn wanted(unit: &mut Unit, operation: &Operation) -> Result<Vec<(Uuid, String, Depth)>> {
    let mut all = Vec::new();
    for wanted in input::rows(operation, "Privileges")? {
        let (privilege, name) = privilege(unit, &wanted)?;
        let depth = match wanted.text("Depth") {
            Some(word) => Depth::parse(word),
            None => wanted.int("Depth").and_then(Depth::from_number),
        };
        let depth = depth
            .ok_or_else(|| Error::invalid("a privilege is granted at a Depth from 0 (User) to 3 (Organization)"))?;
        check_depth(unit, &name, depth)?;
        all.push((privilege, name, depth));
    }
    Ok(all)
}

/// The caller holds what it grants, in the business unit of the role and of each of its copies.
fn check_gives(unit: &mut Unit, operation: &Operation, wanted: &[(Uuid, String, Depth)], copies: &[Row]) -> Result<()> {
    let mut privileges: HashMap<String, Depth> = HashMap::new();
    for (_, name, depth) in wanted {
        let deepest = privileges.entry(name.to_ascii_lowercase()).or_insert(*depth);
        *deepest = (*deepest).max(*depth);
    }
    let privileges = Arc::new(privileges);
    let given: Vec<Given> = copies
        .iter()
        .filter_map(|copy| Some(Given::new(privileges.clone(), copy.id_of("businessunitid")?)))
        .collect();
    unit.check_gives(operation, &given)
}

/// Who changed which privilege of a role is recorded once, at its root; nothing, where it was so before.
pub(super) fn record(
    unit: &mut Unit,
    operation: &Operation,
    privilege: &str,
    before: Option<Depth>,
    after: Option<Depth>,
) -> Result<()> {
    if before == after {
        return Ok(());
    }
    let shown = |depth: Option<Depth>| depth.map_or(Value::Null, |depth| Value::from(depth.label()));
    let link = Link {
        row: operation.target_reference()?,
        sort: LinkSort::Privilege,
        name: privilege.to_owned(),
        old: shown(before),
        new: shown(after),
    };
    unit.tell_link(operation, &link)
}

/// A copy of a role is changed at its root only.
pub(super) fn check_root(unit: &mut Unit, role: Uuid) -> Result<Row> {
    let role = Reference::new(tables::ROLE, role);
    let row = unit.need_as_platform("see whether a role that the caller may change is a copy", &role)?;
    match row.lookup("parentroleid") {
        Some(_) => Err(Error::new(
            Code::INHERITED_ROLE,
            format!(
                "role {} is inherited from the parent business unit and cannot be modified",
                row.text("name").unwrap_or_default()
            ),
        )),
        None => Ok(row),
    }
}

/// A role and its copies in the business units below, each with its business unit.
pub(super) fn with_copies(unit: &mut Unit, role: &Row) -> Result<Vec<Row>> {
    let query = Query::new(tables::ROLE)
        .columns(&["businessunitid"])
        .filter(Filter::eq("parentrootroleid", role.id));
    let mut all = unit.select_as_platform("change all copies of a role at once", &query)?;
    if !all.iter().any(|row| row.id == role.id) {
        all.push(role.clone());
    }
    // The role itself first, whatever the ids: what is recorded at it comes at the same place each time.
    all.sort_by_key(|row| row.id != role.id);
    Ok(all)
}

/// The privilege that a row of `Privileges` names.
pub(super) fn privilege(unit: &mut Unit, wanted: &Row) -> Result<(Uuid, String)> {
    let filter = match (wanted.id_of("PrivilegeId"), wanted.text("PrivilegeName")) {
        (Some(id), _) => Filter::eq("privilegeid", id),
        (None, Some(name)) => Filter::eq("name", name),
        (None, None) => return Err(Error::invalid("a privilege needs a PrivilegeId or a PrivilegeName")),
    };
    let query = Query::new(tables::PRIVILEGE).columns(&["name"]).filter(filter);
    let reason = "find a privilege by its name";
    let Some(row) = unit.select_as_platform(reason, &query)?.pop() else {
        let wanted = wanted.text("PrivilegeName").unwrap_or("with that id");
        let all = unit.select_as_platform(reason, &Query::new(tables::PRIVILEGE).columns(&["name"]))?;
        let hint = did_you_mean(wanted, all.iter().filter_map(|row| row.text("name")));
        return Err(Error::new(
            Code::NOT_FOUND,
            format!("there is no privilege {wanted}{hint}"),
        ));
    };
    Ok((row.id, row.text("name").unwrap_or_default().to_owned()))
}

/// An organization-owned table takes Organization or nothing.
fn check_depth(unit: &Unit, privilege: &str, depth: Depth) -> Result<()> {
    let Some((table, _)) = unit.snapshot.catalog.privilege(privilege) else {
        return Ok(());
    };
    let organization_owned = unit.snapshot.table(table)?.ownership == Ownership::Organization;
    if organization_owned && depth != Depth::Organization {
        return Err(Error::new(
            Code::INVALID_DEPTH,
            format!("{privilege} cannot be granted at depth {}: table `{table}` belongs to the organisation and takes Organization only", depth.label()),
        )
        .with_table(table));
    }
    Ok(())
}

/// Sets what one role holds of one privilege; `None` takes it away. What it held before.
pub(crate) fn set(unit: &mut Unit, role: Uuid, privilege: Uuid, depth: Option<Depth>) -> Result<Option<Depth>> {
    let filter = Filter::eq("roleid", role).and(Filter::eq("privilegeid", privilege));
    let query = Query::new(tables::ROLE_PRIVILEGES)
        .columns(&["privilegedepthmask"])
        .filter(filter);
    let found = unit.select_as_platform("see which privileges a role has", &query)?;
    let before = found
        .first()
        .and_then(|row| row.int("privilegedepthmask"))
        .and_then(Depth::from_mask);
    match (found.first(), depth) {
        (Some(_), Some(_)) if before == depth => {}
        (Some(row), Some(depth)) => {
            let row = Row::new(tables::ROLE_PRIVILEGES, row.id).with("privilegedepthmask", Value::Int(depth.mask()));
            unit.update_as_platform("write the privileges of a role that the message has checked", row)?;
        }
        (Some(row), None) => {
            unit.delete_as_platform(
                "write the privileges of a role that the message has checked",
                &row.reference(),
            )?;
        }
        (None, Some(depth)) => {
            let row = Row::new(tables::ROLE_PRIVILEGES, unit.core.env.new_id())
                .with("roleid", Reference::new(tables::ROLE, role))
                .with("privilegeid", Reference::new(tables::PRIVILEGE, privilege))
                .with("privilegedepthmask", Value::Int(depth.mask()));
            unit.insert_as_platform("write the privileges of a role that the message has checked", row)?;
        }
        (None, None) => {}
    }
    Ok(before)
}
