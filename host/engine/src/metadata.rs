//! The core's own tables, from the files in `metadata/`, and how such a file is read.

use sluice_model::{Error, Result, TableDef};

/// The tables of a capability, for [`Capability::tables`](crate::Capability::tables): the files with their
/// definitions, beside the file that names them or by their way from there, without `.toml`.
#[macro_export]
macro_rules! tables {
    ($($file:literal),* $(,)?) => {
        || $crate::parse_tables(&[$(($file, include_str!(concat!($file, ".toml")))),*])
    };
}

/// The tables that the core reads and writes. A table of a capability lies in the capability's folder.
pub(crate) const CORE: fn() -> Result<Vec<TableDef>> = tables![
    "../metadata/account",
    "../metadata/asyncoperation",
    "../metadata/businessunit",
    "../metadata/contact",
    "../metadata/fieldpermission",
    "../metadata/fieldsecurityprofile",
    "../metadata/optionset",
    "../metadata/organization",
    "../metadata/pluginassembly",
    "../metadata/plugintracelog",
    "../metadata/plugintype",
    "../metadata/position",
    "../metadata/principalobjectaccess",
    "../metadata/privilege",
    "../metadata/role",
    "../metadata/roleprivileges",
    "../metadata/sdkmessage",
    "../metadata/sdkmessagefilter",
    "../metadata/sdkmessageprocessingstep",
    "../metadata/sdkmessageprocessingstepimage",
    "../metadata/sdkmessageprocessingstepsecureconfig",
    "../metadata/sl_jobcall",
    "../metadata/sl_jobcontext",
    "../metadata/sl_messagetrace",
    "../metadata/sl_privilegeuse",
    "../metadata/sl_publication",
    "../metadata/sl_requestanswer",
    "../metadata/systemuser",
    "../metadata/systemuserprofiles",
    "../metadata/systemuserroles",
    "../metadata/team",
    "../metadata/teammembership",
    "../metadata/teamprofiles",
    "../metadata/teamroles",
    "../metadata/teamtemplate",
    "../metadata/transactioncurrency",
    "../metadata/workflow",
];

/// The definition in a file's text, with what the platform adds to every table.
///
/// # Errors
/// The place in the text that is wrong.
pub fn parse_table(file: &str, text: &str) -> Result<TableDef> {
    let mut table: TableDef = toml::from_str(text)
        .map_err(|error| Error::host(format!("the definition of a table in `{file}.toml` is wrong: {error}")))?;
    table.complete();
    Ok(table)
}

/// The definitions in the texts of files.
///
/// # Errors
/// As [`parse_table`].
pub fn parse_tables(files: &[(&str, &str)]) -> Result<Vec<TableDef>> {
    files.iter().map(|(file, text)| parse_table(file, text)).collect()
}
