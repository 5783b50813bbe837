//! Column security, access teams, positions, calls on behalf of others.

use super::{Code, CodeInfo, Kind};

codes! {
    COLUMNS;

    COLUMN_CREATE_DENIED = 0x8004_F502, "AttributePrivilegeCreateIsMissing", Denied,
        "a new row was to hold something in a secured column, and no column security profile lets the user do that",
        "let a profile of the user give Create on the column, or add the user to one that does",
        [GrantColumn, AddToProfile];
    COLUMN_READ_DENIED = 0x8004_F504, "AttributePermissionReadIsMissing", Denied,
        "a secured column was to be read, and no column security profile lets the user do that",
        "let a profile of the user give Read on the column, or add the user to one that does",
        [GrantColumn, AddToProfile];
    COLUMN_ASKED = 0x8004_F506, "QueryContainedSecuredAttributeWithoutAccess", Denied,
        says "The Query contained a secured attribute to which the caller does not have access",
        "rows were to be looked for, ordered, grouped or counted by a secured column that the user may not read",
        "leave the column out, or let a column security profile of the user give Read on it",
        [GrantColumn, AddToProfile];
    COLUMN_UPDATE_DENIED = 0x8004_F507, "AttributePermissionUpdateIsMissingDuringUpdate", Denied,
        "a secured column was to be changed, and no column security profile lets the user do that",
        "let a profile of the user give Update on the column, or add the user to one that does",
        [GrantColumn, AddToProfile];
    PROFILE_FIXED = 0x8004_F50C, "AdminProfileCannotBeEditedOrDeleted", Refused,
        "the profile System Administrator gives every right on every secured column, in every organisation",
        "make another profile, and give it what it needs";
    CANNOT_ACT_ON_BEHALF = 0x8004_A110, "CannotActOnBehalfOfAnotherUser", Denied,
        says "User does not have the privilege to act on behalf another user.",
        "the user who calls on behalf of another one lacks prvActOnBehalfOfAnotherUser",
        "grant the privilege, or call in one's own name", [Grant];
    TEMPLATES_OF_TABLES = 0x8004_8332, "MaxTablesForTeamTemplates", Refused,
        "a hundred tables are enabled for access teams already",
        "disable another table first";
    TEMPLATES_OF_TABLE = 0x8004_8333, "MaxTeamTemplatesForTable", Refused,
        "the table has two access team templates already",
        "change or delete one of them";
    TABLE_WITHOUT_TEAMS = 0x8004_8334, "EntityNotEnabledForAutoCreatedAccessTeams", Refused,
        says "This entity is not enabled for auto created access teams.",
        "the table is not enabled for access teams",
        "enable the table first", [EnableAccessTeams];
    TEMPLATE_RIGHTS = 0x8004_8335, "InvalidAccessMaskForTeamTemplate", Refused,
        "the rights of an access team template are some of Read, Write, Append, AppendTo, Delete, Share and Assign",
        "give it these";
    SYSTEM_MANAGED_TEAM = 0x8004_8339, "SystemManagedTeamFixed", Refused,
        "the platform keeps the access team of a row itself: its members, its share, its being there",
        "add users to the row's team, or take them out of it";
    MEMBER_LACKS_RIGHT = 0x8004_8342, "UserLacksPrivilegeOfTeamTemplate", Refused,
        "whoever is added to the access team of a row needs each right of its template on the table, at any depth",
        "give the user a role that has the privilege, or take the right out of the template";
    POSITION_IN_USE = 0x8004_8343, "CannotDisableOrDeletePositionDueToAssociatedUsers", Refused,
        says "This position can't be deleted until all associated users are removed from this position.",
        "users have the position that was to be deleted",
        "give them another position, or none";
}
