//! The platform's own tables, from the files in `metadata/`, and how such a file is read.

use sluice_model::{Error, Result, TableDef};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../metadata/", $name, ".toml")))),*]
    };
}

/// The platform's tables. Add one here and beside the others as a file.
const FILES: &[(&str, &str)] = files![
    "account",
    "activityparty",
    "annotation",
    "appointment",
    "asyncoperation",
    "attributemap",
    "audit",
    "businessunit",
    "contact",
    "duplicaterecord",
    "duplicaterule",
    "duplicaterulecondition",
    "email",
    "entitykey",
    "entitymap",
    "fieldpermission",
    "fieldsecurityprofile",
    "mobileofflineprofile",
    "mobileofflineprofileitem",
    "optionset",
    "organization",
    "phonecall",
    "pluginassembly",
    "plugintracelog",
    "plugintype",
    "position",
    "principalobjectaccess",
    "privilege",
    "processstage",
    "role",
    "roleprivileges",
    "savedquery",
    "sdkmessage",
    "sdkmessagefilter",
    "sdkmessageprocessingstep",
    "sdkmessageprocessingstepimage",
    "sdkmessageprocessingstepsecureconfig",
    "sl_jobcall",
    "sl_jobcontext",
    "sl_messagetrace",
    "sl_pluginversion",
    "sl_processstep",
    "sl_publication",
    "sl_requestanswer",
    "sl_stagevisit",
    "sl_upload",
    "solution",
    "solutioncomponent",
    "systemform",
    "systemuser",
    "systemuserprofiles",
    "systemuserroles",
    "task",
    "team",
    "teammembership",
    "teamprofiles",
    "teamroles",
    "teamtemplate",
    "transactioncurrency",
    "webresource",
    "workflow",
    "workflowlog",
];

/// The definition in a file's text, with what the platform adds to every table.
///
/// # Errors
/// The place in the text that is wrong.
pub fn parse_table(name: &str, text: &str) -> Result<TableDef> {
    let mut table: TableDef = toml::from_str(text)
        .map_err(|error| Error::host(format!("the definition of table `{name}` is wrong: {error}")))?;
    table.complete();
    Ok(table)
}

/// The platform's tables.
pub(crate) fn platform_tables() -> Result<Vec<TableDef>> {
    FILES.iter().map(|(name, text)| parse_table(name, text)).collect()
}
