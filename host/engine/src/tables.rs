//! The names of the platform's tables that the engine itself reads and writes.

pub(crate) const USER: &str = "systemuser";
pub(crate) const TEAM: &str = "team";
pub(crate) const TEAM_MEMBERSHIP: &str = "teammembership";
pub(crate) const BUSINESS_UNIT: &str = "businessunit";
pub(crate) const ROLE: &str = "role";
pub(crate) const PRIVILEGE: &str = "privilege";
pub(crate) const ROLE_PRIVILEGES: &str = "roleprivileges";
pub(crate) const USER_ROLES: &str = "systemuserroles";
pub(crate) const TEAM_ROLES: &str = "teamroles";
pub(crate) const ORGANIZATION: &str = "organization";
pub(crate) const SHARE: &str = "principalobjectaccess";
pub(crate) const CURRENCY: &str = "transactioncurrency";
pub(crate) const MESSAGE: &str = "sdkmessage";
pub(crate) const MESSAGE_FILTER: &str = "sdkmessagefilter";
pub(crate) const ASSEMBLY: &str = "pluginassembly";
pub(crate) const PLUGIN_TYPE: &str = "plugintype";
pub(crate) const STEP: &str = "sdkmessageprocessingstep";
pub(crate) const STEP_IMAGE: &str = "sdkmessageprocessingstepimage";
pub(crate) const SECURE_CONFIG: &str = "sdkmessageprocessingstepsecureconfig";
pub(crate) const PLUGIN_TRACE: &str = "plugintracelog";
pub(crate) const MESSAGE_TRACE: &str = "sl_messagetrace";
pub(crate) const JOB: &str = "asyncoperation";
