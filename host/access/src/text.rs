//! The refusals with their exact texts, and all that a machine needs beside them. It decides nothing.

use serde_json::json;
use sluice_model::{
    Code, Depth, Error, Ownership, PrincipalKind, Remedy, Right, Rights, TableDef, Uuid,
    remedy::{Case, Resolution},
};

use crate::{Holding, Principal, PrincipalId, PrivilegeIds, RowFacts};

/// A refusal of `principal`.
fn refusal(code: Code, message: String, principal: &Principal) -> Error {
    tracing::debug!(%code, principal = principal.name(), %message, "refused");
    let mut error = Error::new(code, message);
    error.body_mut().principal = Some(principal.info());
    error
}

/// A refusal for want of a table's privilege, and the depth that would do.
fn denial(code: Code, message: String, principal: &Principal, table: &TableDef, right: Right) -> Error {
    let mut error = refusal(code, message, principal).with_table(&table.name);
    let body = error.body_mut();
    body.privilege = Some(table.privilege_name(right));
    body.right = Some(right);
    body.depth = shallowest(table);
    error
}

/// The shallowest depth that a privilege of the table can have.
pub(crate) fn shallowest(table: &TableDef) -> Option<Depth> {
    match table.ownership {
        Ownership::User | Ownership::Business => Some(Depth::User),
        Ownership::Organization => Some(Depth::Organization),
        Ownership::None => None,
    }
}

/// The privilege check, in its current form.
pub(crate) fn missing_privilege(
    principal: &Principal,
    table: &TableDef,
    right: Right,
    privileges: &PrivilegeIds,
) -> Error {
    let message = format!(
        "{}. Consider adding missed privilege to one of the principal (user/team) roles.",
        is_missing(principal, table, right, privileges, principal.id())
    );
    denial(Code::PRIVILEGE_DENIED, message, principal, table, right)
}

/// The assignee cannot read.
pub(crate) fn owner_lacks_read(
    caller: &Principal,
    table: &TableDef,
    owner: &Principal,
    privileges: &PrivilegeIds,
) -> Error {
    let message = format!(
        "Read Privilege Check For Owner failed with exception: {}",
        is_missing(owner, table, Right::Read, privileges, caller.id())
    );
    denial(Code::OWNER_LACKS_READ, message, owner, table, Right::Read)
}

fn is_missing(
    principal: &Principal,
    table: &TableDef,
    right: Right,
    privileges: &PrivilegeIds,
    caller: Uuid,
) -> String {
    let name = table.privilege_name(right);
    let TableDef {
        otc,
        name: entity,
        display,
        ..
    } = table;
    format!(
        "{}, is missing {name} privilege (Id={}) on OTC={otc} for entity '{entity}' (LocalizedName='{display}'). \
         context.Caller={caller}",
        who(principal, privileges),
        privileges.id(&name),
    )
}

fn who(principal: &Principal, privileges: &PrivilegeIds) -> String {
    let (id, unit) = (principal.id(), principal.business_unit());
    let (held, all) = (principal.privilege_count(), privileges.count());
    match principal.kind() {
        PrincipalKind::User => format!(
            "Principal user (Id={id}, type=8, roleCount={}, privilegeCount={held}, accessMode='{}', AADObjectId='{}', \
             MetadataCachePrivilegesCount={all}, businessUnitId={unit})",
            principal.role_count(),
            access_mode(principal.facts().access_mode),
            principal
                .facts()
                .directory_id
                .map(|id| id.to_string())
                .unwrap_or_default(),
        ),
        PrincipalKind::Team => format!(
            "Principal team (Id={id}, type=9, teamType={}, privilegeCount={held}, MetadataCachePrivilegesCount={all}, \
             businessUnitId={unit})",
            principal.team_type(),
        ),
    }
}

/// `systemuser.accessmode` as the texts have it.
fn access_mode(mode: i32) -> String {
    let label = match mode {
        0 => "Read-Write",
        1 => "Administrative",
        2 => "Read",
        3 => "Support User",
        4 => "Non-interactive",
        5 => "Delegated Admin",
        _ => return mode.to_string(),
    };
    format!("{mode} {label}")
}

/// Privileges of no table. They know no depth but Organization, whatever the text says.
pub(crate) fn missing_named(principal: &Principal, privilege: &str, privileges: &PrivilegeIds) -> Error {
    let message = format!(
        "SecLib::CheckPrivilege failed. User: {}, PrivilegeName: {privilege}, PrivilegeId: {}, Required Depth: Basic, \
         BusinessUnitId: {}, MetadataCache Privileges Count: {}, User Privileges Count: {}",
        principal.id(),
        privileges.id(privilege),
        principal.business_unit(),
        privileges.count(),
        principal.privilege_count(),
    );
    let mut error = refusal(Code::PRIVILEGE_DENIED, message, principal);
    let body = error.body_mut();
    body.privilege = Some(privilege.to_owned());
    body.depth = Some(Depth::Organization);
    error
}

/// The caller was to give `wanted`, which it does not hold, and so many privileges in all.
pub(crate) fn gives_too_much(
    principal: &Principal,
    wanted: &Holding<'_>,
    missing: usize,
    privileges: &PrivilegeIds,
) -> Error {
    let name = privileges.name(wanted.privilege);
    let message = format!(
        "RoleService::VerifyCallerPrivileges failed. User: {}, UserBU: {}, PrivilegeName: {name}, PrivilegeId: {}, \
         Depth: {}, BusinessUnitId: {}, MissingPrivilegeCount: {missing}",
        principal.id(),
        principal.business_unit(),
        privileges.id(name),
        wanted.depth.internal_name(),
        wanted.unit,
    );
    let mut error = refusal(Code::PRIVILEGE_DENIED, message, principal);
    let body = error.body_mut();
    body.privilege = Some(name.to_owned());
    body.depth = Some(wanted.depth);
    error.with_word("MISSING", missing)
}

/// The user holds no role at all.
pub(crate) fn no_roles(principal: &Principal, privilege: &str) -> Error {
    let mut error = refusal(
        Code::NO_ROLES,
        "The user has not been assigned any roles.".to_owned(),
        principal,
    );
    error.body_mut().privilege = Some(privilege.to_owned());
    error
}

/// The user's access mode lets it read only.
pub(crate) fn reads_only(principal: &Principal) -> Error {
    let message = "User does not have read-write access to the Dynamics 365 organization.";
    refusal(Code::READ_ONLY_ACCESS_MODE, message.to_owned(), principal)
}

/// What is told of a user who is stopped with a business unit.
static STOPPED: Case = Case {
    cause: "the business unit of the user is disabled, or one above it",
    resolution: Resolution::new(
        "enable the business unit that is disabled, or move the user to another one; or act as another user",
        &[],
    ),
};

pub(crate) fn disabled(principal: &Principal) -> Error {
    if principal.is_stopped() {
        let message = "The specified user is either disabled or is not a member of any business unit.";
        return refusal(Code::USER_DISABLED, message.to_owned(), principal).in_case(&STOPPED);
    }
    let message = format!(
        "The specified user(Id = {}) is disabled. Consider enabling this user.",
        principal.id()
    );
    refusal(Code::USER_DISABLED, message, principal)
}

/// The platform's own words are not known.
pub(crate) fn access_team_owns(team: &Principal) -> Error {
    let message = format!("the access team `{}` ({}) cannot own rows", team.name(), team.id());
    refusal(Code::TEAM_CANNOT_OWN, message, team)
}

/// No profile lets the principal do that with a secured column.
pub(crate) fn column_denied(
    principal: &Principal,
    table: &TableDef,
    code: Code,
    word: &str,
    column: &str,
    id: Uuid,
) -> Error {
    let message = format!(
        "User with ID {} does not have {word} permissions for the {column} attribute in the {} entity. The {} of the \
         record is {id}",
        principal.id(),
        table.name,
        table.key,
    );
    let secured = table.secured_as(column).map_or(column, |name| &**name);
    let mut error = refusal(code, message, principal)
        .with_table(&table.name)
        .with_word("TABLE", &*table.name)
        .with_word("COLUMN", secured)
        .with_word("RIGHT", word.to_ascii_lowercase());
    error.body_mut().row = Some(id).filter(|id| !id.is_nil());
    error
}

/// A query looks for rows by a column that it would not show.
pub(crate) fn column_asked(table: &str, column: &str) -> Error {
    let message = format!("{} (`{column}` of `{table}`)", Code::COLUMN_ASKED.text());
    Error::new(Code::COLUMN_ASKED, message)
        .with_table(table)
        .with_word("TABLE", table)
        .with_word("COLUMN", column)
        .with_word("RIGHT", "read")
}

/// What is told of somebody who does not hold a right on a secured column.
static LACKS_COLUMN: Case = Case {
    cause: "a right on a secured column was to be given, or what the column holds let loose or taken away, and no column \
            security profile lets the user do that with the column",
    resolution: Resolution::new(
        "let a profile of the user give that right on the column, or add the user to one that does",
        &[Remedy::GrantColumn, Remedy::AddToProfile],
    ),
};

/// Somebody was to give a right on a secured column that they do not hold. The platform's own words are not known.
pub(crate) fn gives_column(principal: &Principal, table: &str, column: &str, word: &str) -> Error {
    let message = format!(
        "nobody gives what they do not hold: {} ({}) has no {word} permission for the column `{column}` of `{table}`",
        principal.name(),
        principal.id()
    );
    refusal(Code::PRIVILEGE_DENIED, message, principal)
        .in_case(&LACKS_COLUMN)
        .with_table(table)
        .with_word("TABLE", table)
        .with_word("COLUMN", column)
        .with_word("RIGHT", word.to_ascii_lowercase())
}

/// Somebody was to give the profile System Administrator without having it.
pub(crate) fn gives_all_columns(principal: &Principal) -> Error {
    let message = format!(
        "nobody gives what they do not hold: {} ({}) does not read and write every secured column",
        principal.name(),
        principal.id()
    );
    refusal(Code::PRIVILEGE_DENIED, message, principal)
}

/// The table has no privileges that a role could hold.
pub(crate) fn internal_table(principal: &Principal, table: &TableDef, right: Right) -> Error {
    let message = format!(
        "the table `{}` is internal to the platform: `{}` has no {} there, and no role can grant it",
        table.name,
        principal.name(),
        right.access_name(),
    );
    refusal(Code::PRIVILEGE_DENIED, message, principal).with_table(&table.name)
}

/// What [`access_denied`] tells of the decision.
pub(crate) struct Denied {
    pub(crate) right: Right,
    /// The shallowest depth that would do in a direct role.
    pub(crate) depth: Depth,
    /// The rights that the roles give on the row.
    pub(crate) by_roles: Rights,
    /// The rights that shares give.
    pub(crate) by_shares: Rights,
    /// The rights that the place of a manager gives.
    pub(crate) by_reports: Rights,
    /// The rights that all of these together give.
    pub(crate) granted: Rights,
}

/// The access check, in its current form.
pub(crate) fn access_denied(principal: &Principal, table: &TableDef, row: &RowFacts, denied: &Denied) -> Error {
    let Denied {
        right,
        depth,
        by_roles,
        by_shares,
        by_reports,
        granted,
    } = denied;
    let details = json!({
        "CallerPrincipal": party(principal.id(), principal.kind()),
        "OwnerPrincipal": row.owner.map(|owner| party(owner.id, owner.kind)),
        "ObjectId": row.id,
        "ObjectTypeCode": table.otc,
        "EntityName": &*table.name,
        "ObjectBusinessUnitId": row.business_unit,
        "RightsToCheck": right.access_name(),
        "RoleAccessRights": by_roles.to_string(),
        "PoaAccessRights": by_shares.to_string(),
        "HsmAccessRights": by_reports.to_string(),
        "GrantedAccessRights": granted.to_string(),
        "Messages": [
            "PrincipalHasOwnerPrincipalWithAtLeastBasicPrivilegeDepth = False",
            "EntityUserGroupRights = None",
            format!("MinimumPrivilegeDepthRequired = {}", depth.internal_name()),
            format!(
                "SecLib::AccessCheckEx2 failed. Owner Data: {}; Principal Data: {}",
                owner_data(principal, row.owner),
                principal_data(principal)
            ),
        ],
        "EntityOwnershipTypeMask": ownership_mask(table.ownership),
        "CallerInfo": {
            "IsSystemUser": principal.is_system(),
            "IsSupportUser": principal.facts().access_mode == 3,
            "IsAdministrator": has_role(principal, "System Administrator"),
            "IsCustomizer": has_role(principal, "System Customizer"),
            "IsDisabled": principal.is_disabled(),
            "IsIntegrationUser": false,
            "Teams": null,
            "Roles": null,
        },
        "ReadOnlyState": "UserAndOrgFullAccess",
        "IsHsmEnabled": !principal.reports().is_empty(),
        "HsmInfo": null,
    });
    let message = format!(
        "Principal with id {} does not have {} right(s) for record with id {} of entity {}. Details: {details}",
        principal.id(),
        right.access_name(),
        row.id,
        table.name,
    );
    let mut error = denial(Code::ACCESS_DENIED, message, principal, table, *right);
    let body = error.body_mut();
    body.depth = Some(*depth);
    body.row = Some(row.id).filter(|id| !id.is_nil());
    error
}

fn party(id: Uuid, kind: PrincipalKind) -> serde_json::Value {
    json!({ "PrincipalId": id, "Type": kind.type_code(), "IsUserPrincipal": kind == PrincipalKind::User })
}

fn principal_data(principal: &Principal) -> String {
    format!(
        "roleCount={}, privilegeCount={}, accessMode={}",
        principal.role_count(),
        principal.privilege_count(),
        principal.facts().access_mode
    )
}

fn owner_data(principal: &Principal, owner: Option<PrincipalId>) -> String {
    match owner {
        Some(owner) if owner == principal.identity() => principal_data(principal),
        Some(PrincipalId {
            id,
            kind: PrincipalKind::User,
        }) => {
            format!("User principal {id} is not loaded in UserDataCache yet")
        }
        Some(PrincipalId {
            id,
            kind: PrincipalKind::Team,
        }) => {
            format!("Team principal {id} is not loaded in UserDataCache yet")
        }
        None => "None".to_owned(),
    }
}

/// The bits of ownership.
fn ownership_mask(ownership: Ownership) -> u32 {
    match ownership {
        Ownership::None => 0,
        Ownership::User => 1,
        Ownership::Business => 4,
        Ownership::Organization => 8,
    }
}

fn has_role(principal: &Principal, name: &str) -> bool {
    principal.facts().roles.iter().any(|role| role.name == name)
}
