//! The names of the platform's tables that the engine itself reads and writes.

pub const USER: &str = "systemuser";
pub const TEAM: &str = "team";
pub const TEAM_MEMBERSHIP: &str = "teammembership";
pub const BUSINESS_UNIT: &str = "businessunit";
pub const ROLE: &str = "role";
/// The column of the audit trail that holds from what to what something changed.
pub const CHANGES: &str = "changedata";
pub const PRIVILEGE: &str = "privilege";
pub const ROLE_PRIVILEGES: &str = "roleprivileges";
pub const USER_ROLES: &str = "systemuserroles";
pub const TEAM_ROLES: &str = "teamroles";
pub const ORGANIZATION: &str = "organization";
pub const SHARE: &str = "principalobjectaccess";
pub const CURRENCY: &str = "transactioncurrency";
pub const MESSAGE: &str = "sdkmessage";
pub const MESSAGE_FILTER: &str = "sdkmessagefilter";
pub const ASSEMBLY: &str = "pluginassembly";
pub const PLUGIN_TYPE: &str = "plugintype";
pub const STEP: &str = "sdkmessageprocessingstep";
pub const STEP_IMAGE: &str = "sdkmessageprocessingstepimage";
pub const SECURE_CONFIG: &str = "sdkmessageprocessingstepsecureconfig";
pub const PLUGIN_TRACE: &str = "plugintracelog";
pub const MESSAGE_TRACE: &str = "sl_messagetrace";
/// That somebody used a privilege on a day.
pub const PRIVILEGE_USE: &str = "sl_privilegeuse";
pub const JOB: &str = "asyncoperation";
pub(crate) const JOB_CALL: &str = "sl_jobcall";
pub(crate) const JOB_CONTEXT: &str = "sl_jobcontext";
/// The column that says that a row came with a managed solution.
pub const MANAGED: &str = "ismanaged";
/// The column of a plug-in type that says that it was given up: the plug-in's file lacks it.
pub const GIVEN_UP: &str = "sl_gone";

pub const AUDIT: &str = "audit";
pub const OPTION_SET: &str = "optionset";
pub const PUBLICATION: &str = "sl_publication";
pub(crate) const REQUEST_ANSWER: &str = "sl_requestanswer";
pub const ENTITY_KEY: &str = "entitykey";
pub const ENTITY_MAP: &str = "entitymap";
pub const ATTRIBUTE_MAP: &str = "attributemap";
pub const FORM: &str = "systemform";
pub const NOTE: &str = "annotation";
pub const VIEW: &str = "savedquery";
pub const PROCESS: &str = "workflow";
pub const SOLUTION: &str = "solution";
pub const WEB_RESOURCE: &str = "webresource";
pub const PROFILE: &str = "fieldsecurityprofile";
pub const COLUMN_PERMISSION: &str = "fieldpermission";
pub const USER_PROFILES: &str = "systemuserprofiles";
pub const TEAM_PROFILES: &str = "teamprofiles";
pub const POSITION: &str = "position";
pub const TEAM_TEMPLATE: &str = "teamtemplate";
