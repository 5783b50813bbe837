//! Append and AppendTo: attaching a row to another one through a lookup.

use sluice_access::RowFacts;
use sluice_model::{Result, Right, Row, TableDef};

use crate::{Operation, Unit, change::Why};

/// Checks every lookup in `sent` (what the caller and the steps set, without what the
/// platform fills) that changes compared with `before`: Append on the row itself, AppendTo on
/// the row that it is attached to. `own` are the facts of the row itself.
///
/// # Errors
/// The right that is missing, or the row that is not there.
pub(crate) fn check_links(
    unit: &mut Unit,
    operation: &Operation,
    table: &TableDef,
    sent: &Row,
    before: Option<&Row>,
    own: &RowFacts,
) -> Result<()> {
    // A process that is made together with its row: the platform attaches the one to the other.
    if operation.why == Why::Along && operation.message.name() == "Create" {
        return Ok(());
    }
    let mut append_checked = operation.principal.is_system();
    for (name, value) in &sent.values {
        let Some(target) = value.as_lookup() else { continue };
        let Some(column) = table.column(name) else { continue };
        // A step may have put another row in the place of the platform's.
        let of_platform = operation.platform_links.contains(&&**name) && !operation.written.holds(name);
        if column.filled
            || &**name == "ownerid"
            || of_platform
            || before.is_some_and(|row| row.get(name) == Some(value))
        {
            continue;
        }
        let snapshot = unit.snapshot()?;
        if !append_checked {
            sluice_access::decide(
                &operation.principal,
                &snapshot.units,
                table,
                Right::Append,
                own,
                &snapshot.privileges,
            )?;
            append_checked = true;
        }
        let other = snapshot.table(&target.table)?.clone();
        if other.ownership == sluice_model::Ownership::None {
            continue;
        }
        unit.decide(operation, &other, Right::AppendTo, target.id)?;
    }
    Ok(())
}
