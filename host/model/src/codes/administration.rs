//! The codes of administration: who keeps the organisation, its business units and its managers.

use super::{Code, CodeInfo, Kind};

codes! {
    ADMINISTRATION;

    ADMINISTRATOR_ROLE_FIXED = 0x8004_1D31, "CannotModifySysAdmin", Refused,
        says "The System Administrator Role cannot be modified.",
        "the role System Administrator holds every privilege at Organization, in every organisation",
        "make another role, and give it what it needs";
    ADMINISTRATOR_ROLE_STAYS = 0x8004_1D2E, "CannotDeleteSysAdmin", Refused,
        says "The System Administrator Role cannot be deleted.",
        "the role System Administrator is in every organisation",
        "take it from those who should not have it";
    SYSTEM_USER_FIXED = 0x8004_1D33, "CannotModifySpecialUser", Refused,
        says "No modifications to the 'SYSTEM' or 'INTEGRATION' user are permitted.",
        "SYSTEM is the platform itself",
        "leave it as it is";
    LAST_ADMINISTRATOR_DISABLED = 0x8004_1D2F, "CannotDisableSysAdmin", Refused,
        says "A user cannot be disabled if they are the only user that has the System Administrator Role.",
        "nobody else is enabled, reads and writes, and has the role System Administrator",
        "give another user the role first";
    LAST_ADMINISTRATOR = 0x8004_1D30, "CannotRemoveFromSysAdmin", Refused,
        says "A user cannot be removed from the System Administrator Role if they are the only user that has the role.",
        "nobody else is enabled, reads and writes, and has the role System Administrator, directly or through a team",
        "give another user the role first";
    LAST_ADMINISTRATOR_READS = 0x8004_1D38, "CannotMakeReadOnlyUser", Refused,
        says "A user cannot be made a read only user if they are the last non read only user that has the System Administrator Role.",
        "nobody else is enabled, reads and writes, and has the role System Administrator",
        "give another user the role first";
    ONE_ROOT = 0x8004_1D35, "OnlyOneRootBusinessUnit", Refused,
        says "Only one organization and one root business are allowed.",
        "every business unit but the root has one above it",
        "name the business unit that is to be above it";
    UNIT_LOOP = 0x8004_1D21, "BusinessManagementLoopBeingCreated", Refused,
        says "Creating this parental association would create a loop in business hierarchy.",
        "the business unit would lie below itself",
        "choose a business unit that is not below this one";
    UNIT_LOOP_EXISTS = 0x8004_1D20, "BusinessManagementLoopExists", Refused,
        says "Loop exists in the business hierarchy.",
        "business units would lie below each other",
        "move one of them below the root first";
    UNIT_NAME_TAKEN = 0x8004_022A, "BusinessManagementObjectAlreadyExists", Refused,
        says "An object with the specified name already exists.",
        "there is a business unit of that name below the same one already",
        "choose another name";
    UNIT_DISABLED = 0x8004_032C, "BusinessNotEnabled", Refused,
        says "The specified business unit is disabled.",
        "the business unit, or one above it, is disabled",
        "enable it, or choose another one";
    ASSIGN_TO_DISABLED_UNIT = 0x8004_032D, "CannotAssignToDisabledBusiness", Refused,
        says "The specified business unit cannot be assigned to because it is disabled.",
        "the business unit, or one above it, is disabled",
        "enable it, or choose somebody of another one";
    ROOT_STAYS_ENABLED = 0x8004_1D63, "RootBusinessUnitCannotBeDisabled", Refused,
        says "Root Business unit cannot be disabled.",
        "with the root, everybody would be stopped",
        "disable units below it";
    LAST_ADMINISTRATOR_IN_UNIT = 0x8004_1D59, "BusinessUnitCannotBeDisabled", Refused,
        says "Business unit cannot be disabled: no active user with system admin role exists outside of business unit subtree.",
        "disabling it would stop every administrator",
        "give a user of another business unit the role System Administrator first";
    UNIT_ENABLED = 0x8004_1D60, "BusinessUnitIsNotDisabledAndCannotBeDeleted", Refused,
        says "Not disabled business unit cannot be deleted.",
        "a business unit is disabled before it is deleted",
        "disable it first";
    UNIT_HAS_CHILDREN = 0x8004_1D61, "BusinessUnitHasChildAndCannotBeDeleted", Refused,
        says "Business unit has a child business unit and cannot be deleted.",
        "there are business units below it",
        "delete them first, or move them";
    UNIT_OWNS_ROWS = 0x8004_1D62, "BusinessUnitDefaultTeamOwnsRecords", Refused,
        "rows belong to the business unit's default team, and would be nobody's",
        "assign them to somebody else first";
    MANAGER_LOOP = 0x8004_1D25, "UserLoopBeingCreated", Refused,
        says "You cannot set the selected user as the manager for this user because the selected user is either already the manager or is in the user's immediate management hierarchy.  Either select another user to be the manager or do not update the record.",
        "the user would manage somebody whom they report to",
        "choose another manager";
    MANAGER_OTHER_UNIT = 0x8004_1D07, "UserNotInParentHierarchy", Refused,
        says "The user is not in parent user's business hierarchy.",
        "a manager's business unit is that of the user, or one above it",
        "choose a manager of the user's business unit, or of one above it";
    DEFAULT_TEAM_MEMBERS = 0x8004_830B, "DefaultTeamMembership", Refused,
        "the members of a business unit's default team are kept by the platform",
        "move the user to the business unit, or use another team";
    DEFAULT_TEAM_REMOVE = 0x8004_830C, "DefaultTeamMembershipRemove", Refused,
        "the members of a business unit's default team are kept by the platform",
        "move the user to another business unit, or use another team";
    DEFAULT_TEAM_RENAME = 0x8004_830A, "DefaultTeamCannotBeRenamed", Refused,
        "a business unit's default team has the unit's name",
        "use another team";
    DEFAULT_TEAM_MOVE = 0x8004_8308, "DefaultTeamCannotBeMoved", Refused,
        "a business unit's default team stays in its unit",
        "use another team";
    DEFAULT_TEAM = 0x8004_8307, "DefaultTeamCannotBeDeleted", Refused,
        "a business unit's default team cannot be deleted",
        "use another team";
}
