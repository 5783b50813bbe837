//! What came with a managed solution is changed only by the next import of a solution. Whoever
//! asks: an import is known by its mark on the operation, not by its user.
//! Source: R56, R207, R292.

use sluice_model::{Code, ColumnDef, Error, Result, Row, TableDef};

use crate::{Operation, Unit, tables};

/// The column that says so.
pub(crate) const MARK: &str = "ismanaged";

/// Rows that are a part of another row, and are managed where that one is: their table, the
/// column that refers to it, and its table.
const PARTS: &[(&str, &str, &str)] = &[
    (tables::DUPLICATE_CONDITION, "regardingobjectid", tables::DUPLICATE_RULE),
    (
        tables::OFFLINE_PROFILE_ITEM,
        "mobileofflineprofileid",
        tables::OFFLINE_PROFILE,
    ),
    (tables::PLUGIN_TYPE, "pluginassemblyid", tables::ASSEMBLY),
    (tables::STAGE, "processid", tables::PROCESS),
    (tables::PROCESS_STEP, "sl_stageid", tables::STAGE),
    (tables::SOLUTION_COMPONENT, "solutionid", tables::SOLUTION),
    (tables::STEP_IMAGE, "sdkmessageprocessingstepid", tables::STEP),
];

/// What an organisation decides itself about what came with a solution: its support must be
/// able to deactivate a process, its lists begin with the view of its choice, and its secrets
/// and its users never travel.
fn is_local(table: &TableDef, column: &ColumnDef) -> bool {
    let own = match &*table.name {
        // Which options may be changed is the rule of that table.
        tables::OPTION_SET => matches!(&*column.name, "options"),
        tables::STEP => matches!(
            &*column.name,
            "sdkmessageprocessingstepsecureconfigid" | "impersonatinguserid" | "sl_grants" | "sl_enabledbefore"
        ),
        tables::FORM | tables::VIEW => &*column.name == "isdefault",
        _ => &*column.name == "ownerid",
    };
    own || column.filled || matches!(&*column.name, "statecode" | "statuscode")
}

/// A managed row has no new parts.
pub(crate) fn check_create(unit: &mut Unit, operation: &Operation) -> Result<()> {
    let table = operation.table()?;
    check_whole(unit, operation, &table, operation.target()?)
}

/// A managed row stays as it is, but for what is the organisation's own.
pub(crate) fn check_update(unit: &mut Unit, operation: &Operation, before: &Row) -> Result<()> {
    let table = operation.table()?;
    let changes = |name: &str| table.column(name).is_some_and(|column| !is_local(&table, column));
    if !operation.target()?.values.keys().any(|name| changes(name)) {
        return Ok(());
    }
    check_row(operation, &table, before)?;
    check_whole(unit, operation, &table, before)
}

/// A managed row stays.
pub(crate) fn check_delete(unit: &mut Unit, operation: &Operation) -> Result<()> {
    let table = operation.table()?;
    if table.column(MARK).is_none() && !is_part(&table) {
        return Ok(());
    }
    let id = operation.id()?;
    match unit.tx.get(&crate::snapshot::permit(), &table, id, None)? {
        Some(row) => {
            check_row(operation, &table, &row)?;
            check_whole(unit, operation, &table, &row)
        }
        None => Ok(()),
    }
}

fn is_part(table: &TableDef) -> bool {
    PARTS.iter().any(|(part, ..)| *part == &*table.name)
}

/// Refuses where the row that this one is a part of is managed.
fn check_whole(unit: &mut Unit, operation: &Operation, table: &TableDef, row: &Row) -> Result<()> {
    let Some((_, column, whole)) = PARTS.iter().find(|(part, ..)| *part == &*table.name) else {
        return Ok(());
    };
    let Some(id) = row.id_of(column) else { return Ok(()) };
    let table = unit.snapshot.table(whole)?.clone();
    match unit.tx.get(&crate::snapshot::permit(), &table, id, None)? {
        Some(row) => {
            check_row(operation, &table, &row)?;
            check_whole(unit, operation, &table, &row)
        }
        None => Ok(()),
    }
}

/// Refuses to change a managed row, unless an import does.
pub(crate) fn check_row(operation: &Operation, table: &TableDef, row: &Row) -> Result<()> {
    if operation.importing || row.bool(MARK) != Some(true) {
        return Ok(());
    }
    let names = [
        table.primary_name.as_deref().unwrap_or_default(),
        "targetattributename",
        "targetentityname",
    ];
    let name = names.iter().find_map(|column| row.text(column));
    let name = name.map_or_else(|| row.id.to_string(), |name| format!("\"{name}\""));
    let (code, what) = match &*table.name {
        tables::ATTRIBUTE_MAP => (Code::SYSTEM_MAP, "the mapping onto"),
        tables::SOLUTION => (Code::MANAGED_SOLUTION, "the solution"),
        _ => (Code::MANAGED, &*table.display),
    };
    if code == Code::MANAGED_SOLUTION {
        return Err(refused_solution(&name));
    }
    Err(refused(code, &format!("{what} {name}")).with_table(&table.name))
}

/// The refusal to change a managed solution; its name is in quotes.
pub(crate) fn refused_solution(name: &str) -> Error {
    let message =
        format!("the solution {name} is managed: it changes by the import of another version, and no other way");
    Error::new(Code::MANAGED_SOLUTION, message).with_table(tables::SOLUTION)
}

/// The refusal to change something managed.
pub(crate) fn refused(code: Code, what: &str) -> Error {
    Error::new(
        code,
        format!(
            "{what} is managed: it came with a managed solution, and only the next import of that solution changes it"
        ),
    )
}
