//! The names of the platform's tables that the engine itself reads and writes.

pub(crate) const USER: &str = "systemuser";
pub(crate) const TEAM: &str = "team";
pub(crate) const TEAM_MEMBERSHIP: &str = "teammembership";
pub(crate) const BUSINESS_UNIT: &str = "businessunit";
pub(crate) const ROLE: &str = "role";
/// The column of the audit trail that holds from what to what something changed.
pub(crate) const CHANGES: &str = "changedata";
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
pub(crate) const JOB_CONTEXT: &str = "sl_jobcontext";
/// The column that says that a row came with a managed solution.
pub(crate) const MANAGED: &str = "ismanaged";

pub(crate) const AUDIT: &str = "audit";
pub(crate) const OPTION_SET: &str = "optionset";
pub(crate) const PUBLICATION: &str = "sl_publication";
pub(crate) const REQUEST_ANSWER: &str = "sl_requestanswer";
pub(crate) const ENTITY_MAP: &str = "entitymap";
pub(crate) const ATTRIBUTE_MAP: &str = "attributemap";
pub(crate) const FORM: &str = "systemform";
pub(crate) const ACTIVITY_PARTY: &str = "activityparty";
pub(crate) const NOTE: &str = "annotation";
pub(crate) const UPLOAD: &str = "sl_upload";
pub(crate) const VIEW: &str = "savedquery";
pub(crate) const OFFLINE_PROFILE: &str = "mobileofflineprofile";
pub(crate) const OFFLINE_PROFILE_ITEM: &str = "mobileofflineprofileitem";
pub(crate) const PROCESS: &str = "workflow";
pub(crate) const STAGE: &str = "processstage";
pub(crate) const PROCESS_STEP: &str = "sl_processstep";
pub(crate) const STAGE_VISIT: &str = "sl_stagevisit";
pub(crate) const SOLUTION: &str = "solution";
pub(crate) const SOLUTION_COMPONENT: &str = "solutioncomponent";
pub(crate) const WEB_RESOURCE: &str = "webresource";
pub(crate) const DUPLICATE_RULE: &str = "duplicaterule";
pub(crate) const DUPLICATE_CONDITION: &str = "duplicaterulecondition";
pub(crate) const DUPLICATE_RECORD: &str = "duplicaterecord";
