//! What came with a managed solution is changed only by the next import of a solution. Whoever
//! asks: an import is known by its mark on the operation, not by its user.

use sluice_model::{Code, ColumnDef, Error, Reference, Result, Row, TableDef};

use sluice_engine::{
    Capability, Operation, Unit,
    change::ChangeKind,
    snapshot::Snapshot,
    tables,
    watch::{Link, LinkSort, Watch},
};

/// The column that says so.
pub(crate) const MARK: &str = tables::MANAGED;

/// What an organisation decides itself about what came with a solution: its support must be
/// able to deactivate a process, its lists begin with the view of its choice, and its secrets
/// and its users never travel.
fn is_local(table: &TableDef, column: &ColumnDef) -> bool {
    let own = match &*table.name {
        // Which options may be changed is the rule of that table.
        tables::OPTION_SET => matches!(&*column.name, "options"),
        tables::STEP => matches!(
            &*column.name,
            "sdkmessageprocessingstepsecureconfigid"
                | "impersonatinguserid"
                | "sl_grants"
                | "sl_enabledbefore"
                | "sl_restsuntil"
                | "sl_monitored"
                | "sl_restreason"
        ),
        tables::FORM | tables::VIEW => &*column.name == "isdefault",
        _ => &*column.name == "ownerid",
    };
    own || column.filled || matches!(&*column.name, "statecode" | "statuscode")
}

/// What came with a managed solution.
pub(crate) static MANAGED: Capability = Capability {
    watches: &[&Managed],
    ..Capability::named("managed")
};

/// The watch: a managed row has no new parts, stays as it is but for what is the organisation's
/// own, and stays.
pub(crate) struct Managed;

impl Watch for Managed {
    fn name(&self) -> &'static str {
        "managed rows"
    }

    fn wants(&self, _: &Snapshot, table: &TableDef) -> bool {
        table.column(MARK).is_some() || table.part_of.is_some()
    }

    fn asked(&self, unit: &mut Unit, operation: &Operation, kind: ChangeKind, before: Option<&Row>) -> Result<()> {
        if operation.is_import() || operation.why().allows().managed {
            return Ok(());
        }
        let table = operation.table()?;
        let stored;
        let row = match (kind, before) {
            (ChangeKind::Create, _) => return refuse_part(unit, &table, operation.target()?),
            (ChangeKind::Update, _) if !operation.target()?.values.keys().any(|name| is_kept(&table, name)) => {
                return Ok(());
            }
            (_, Some(row)) => row,
            (_, None) => {
                let reason = "see whether a row is managed that is to be changed";
                match unit.read_as_platform(reason, &operation.target_reference()?, None)? {
                    Some(row) => {
                        stored = row;
                        &stored
                    }
                    None => return Ok(()),
                }
            }
        };
        refuse_managed(&table, row)?;
        refuse_part(unit, &table, row)
    }

    fn linked(&self, unit: &mut Unit, operation: &Operation, link: &Link) -> Result<()> {
        if operation.is_import() || link.sort != LinkSort::Privilege {
            return Ok(());
        }
        let table = unit.configuration().table(&link.row.table)?.clone();
        match unit.read_as_platform("see whether a row is managed whose privileges change", &link.row, None)? {
            Some(row) => refuse_managed(&table, &row),
            None => Ok(()),
        }
    }
}

/// Whether a column of a managed row is the solution's, and not the organisation's.
fn is_kept(table: &TableDef, column: &str) -> bool {
    table.column(column).is_some_and(|column| !is_local(table, column))
}

/// Refuses where the row that this one is a part of is managed.
fn refuse_part(unit: &mut Unit, table: &TableDef, row: &Row) -> Result<()> {
    let Some((column, whole)) = table.whole() else {
        return Ok(());
    };
    let Some(id) = row.id_of(column) else { return Ok(()) };
    let whole = Reference::new(whole.clone(), id);
    let table = unit.configuration().table(&whole.table)?.clone();
    match unit.read_as_platform(
        "see whether the row is managed that this one is a part of",
        &whole,
        None,
    )? {
        Some(row) => {
            refuse_managed(&table, &row)?;
            refuse_part(unit, &table, &row)
        }
        None => Ok(()),
    }
}

/// Refuses to change a managed row.
fn refuse_managed(table: &TableDef, row: &Row) -> Result<()> {
    if row.bool(MARK) != Some(true) {
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
