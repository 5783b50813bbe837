//! The first gate: does the principal hold the privilege at any depth? It knows no rows.

use std::collections::HashMap;

use sluice_model::{Ownership, PrincipalKind, Result, Right, TableDef, Uuid};

use crate::{Principal, principal::ACCESS_TEAM, text};

/// The privileges that the organisation knows: their names, their ids, and how many there are.
#[derive(Debug, Clone, Default)]
pub struct PrivilegeIds(HashMap<String, (String, Uuid)>);

impl PrivilegeIds {
    /// These privileges, by name in any case.
    pub fn new(ids: impl IntoIterator<Item = (String, Uuid)>) -> Self {
        Self(
            ids.into_iter()
                .map(|(name, id)| (name.to_ascii_lowercase(), (name, id)))
                .collect(),
        )
    }

    /// The id of the privilege of that name, in any case; nil where there is none.
    pub fn id(&self, name: &str) -> Uuid {
        self.0
            .get(&name.to_ascii_lowercase())
            .map(|(_, id)| *id)
            .unwrap_or_default()
    }

    /// The name of a privilege as its row has it; `name` in any case.
    pub fn name<'a>(&'a self, name: &'a str) -> &'a str {
        self.0
            .get(&name.to_ascii_lowercase())
            .map_or(name, |(name, _)| name.as_str())
    }

    /// How many privileges the organisation knows.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Gate 1: the principal holds the privilege for `right` on `table`, directly or through a
/// team, at any depth. A share does not help here.
///
/// # Errors
/// With principal and table, and what is missing:
/// - `0x80040220` the privilege is missing, or the table is internal;
/// - `0x80042F09` the user has no roles at all;
/// - `0x80044502` the user's access mode lets it read only;
/// - `0x80040225` the user is disabled.
pub fn check_privilege(principal: &Principal, table: &TableDef, right: Right, privileges: &PrivilegeIds) -> Result<()> {
    held_privilege(principal, table, right, privileges)?;
    match principal.reader_of(right) {
        Some(reader) => reader
            .ask(|reader| own_privilege(reader, table, right, privileges))
            .map(|_| ()),
        None => Ok(()),
    }
}

/// Gate 1, with the privilege's name in lower case for the second gate. Who calls on behalf of the
/// principal needs the privilege as well.
pub(crate) fn held_privilege(
    principal: &Principal,
    table: &TableDef,
    right: Right,
    privileges: &PrivilegeIds,
) -> Result<String> {
    let name = own_privilege(principal, table, right, privileges)?;
    if let Some(limit) = principal.limit() {
        own_privilege(limit, table, right, privileges)?;
    }
    Ok(name)
}

pub(crate) fn own_privilege(
    principal: &Principal,
    table: &TableDef,
    right: Right,
    privileges: &PrivilegeIds,
) -> Result<String> {
    let mut name = table.privilege_name(right);
    name.make_ascii_lowercase();
    if principal.is_system() {
        return Ok(name);
    }
    if principal.is_disabled() {
        return Err(text::disabled(principal).with_table(&table.name));
    }
    if table.ownership == Ownership::None {
        return Err(text::internal_table(principal, table, right));
    }
    if principal.reads_only() && right != Right::Read {
        return Err(text::reads_only(principal).with_table(&table.name));
    }
    let route = principal.routes(&name).next();
    principal.note_held(table, right, route.as_ref());
    if route.is_some() {
        return Ok(name);
    }
    if lacks_roles(principal) {
        let mut error = text::no_roles(principal, &table.privilege_name(right)).with_table(&table.name);
        error.body_mut().depth = text::shallowest(table);
        return Err(error);
    }
    Err(text::missing_privilege(principal, table, right, privileges))
}

/// Whether the principal may do anything at all: a disabled user may not, nor one of a disabled
/// business unit.
///
/// # Errors
/// `0x80040225`.
pub fn check_enabled(principal: &Principal) -> Result<()> {
    let disabled = |principal: &&Principal| principal.is_disabled();
    match std::iter::once(principal)
        .chain(principal.limit().map(AsRef::as_ref))
        .find(disabled)
    {
        Some(disabled) => Err(text::disabled(disabled)),
        None => Ok(()),
    }
}

/// The gate for what belongs to no table's row: `prvReadEntity`, `prvReadCustomization`, … at
/// any depth.
///
/// # Errors
/// With principal and privilege: `0x80040220` it is missing, `0x80042F09` the user has no
/// roles at all, `0x80040225` the user is disabled, `0x80044502` the user may only read.
pub fn check_named(principal: &Principal, privilege: &str, privileges: &PrivilegeIds) -> Result<()> {
    check_own_named(principal, privilege, privileges)?;
    if let Some(limit) = principal.limit() {
        check_own_named(limit, privilege, privileges)?;
    }
    match principal.reader_named(privilege) {
        Some(reader) => reader.ask(|reader| check_own_named(reader, privilege, privileges)),
        None => Ok(()),
    }
}

fn check_own_named(principal: &Principal, privilege: &str, privileges: &PrivilegeIds) -> Result<()> {
    if principal.is_system() {
        return Ok(());
    }
    if principal.is_disabled() {
        return Err(text::disabled(principal));
    }
    if principal.reads_only() && !reads(privilege) {
        return Err(text::reads_only(principal));
    }
    let name = privilege.to_ascii_lowercase();
    let route = principal.routes(&name).next();
    principal.note_named(privilege, route.as_ref());
    if route.is_some() {
        return Ok(());
    }
    Err(if lacks_roles(principal) {
        text::no_roles(principal, privilege)
    } else {
        text::missing_named(principal, privilege, privileges)
    })
}

/// Whether a privilege of no table changes nothing: prvReadEntity, prvExportCustomization.
pub(crate) fn reads(privilege: &str) -> bool {
    let starts = |start: &str| {
        privilege
            .get(..start.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(start))
    };
    starts("prvRead") || starts("prvExport")
}

/// May `caller` make a row of `table` belong to `owner`? Asked by a Create for another owner
/// and by every Assign, beside [`decide_create`](crate::decide_create) or
/// [`decide`](crate::decide).
///
/// The caller needs Assign, at any depth: how far the new row may lie is a question to
/// Create, and of an existing row to the decision on Assign. The owner needs Read, at any
/// depth, whoever the caller is.
///
/// # Errors
/// Those of [`check_privilege`] for the caller's Assign; `0x80048340` the owner is an access
/// team; `0x80040299` the owner may not read rows of the table (with the owner as principal).
pub fn check_owner_to_be(
    caller: &Principal,
    table: &TableDef,
    owner: &Principal,
    privileges: &PrivilegeIds,
) -> Result<()> {
    check_privilege(caller, table, Right::Assign, privileges)?;
    if owner.kind() == PrincipalKind::Team && owner.team_type() == ACCESS_TEAM {
        return Err(text::access_team_owns(owner).with_table(&table.name));
    }
    if owner.is_system() {
        return Ok(());
    }
    let read = table.privilege_name(Right::Read).to_ascii_lowercase();
    let route = owner.routes(&read).next();
    caller.note_about(owner, table, Right::Read, route.as_ref());
    match route {
        Some(_) => Ok(()),
        None => Err(text::owner_lacks_read(caller, table, owner, privileges)),
    }
}

/// A team without roles merely lacks the privilege: it never calls by itself.
fn lacks_roles(principal: &Principal) -> bool {
    principal.kind() == PrincipalKind::User && principal.has_no_roles()
}
