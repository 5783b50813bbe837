//! What of the audit trail is shown to whom.

use std::{collections::HashMap, sync::Arc};

use sluice_access::Principal;
use sluice_engine::{GoneColumn, Operation, ReadRules, Unit, rules::Rules, tables};
use sluice_model::{Name, Reference, Result, Row, TableDef, Value};

use super::{Action, OF_EARLIER_ROW};

/// What the trail shows to whom. Who changed which row, and when, is shown to every reader of the
/// trail; from what to what, to those who may read the row, and of a secured
/// column to those whose profiles give it. Of a row that is gone, whatever has its id now, to
/// those who may read its table in the whole organisation; of a column that is gone, to those who read every column.
pub(super) struct Shown;

impl Rules for Shown {
    fn reading(&self) -> Option<&dyn ReadRules> {
        Some(self)
    }
}

impl ReadRules for Shown {
    fn after_read(
        &self,
        unit: &mut Unit,
        operation: &Operation,
        columns: Option<&[Name]>,
        rows: &mut [Row],
    ) -> Result<()> {
        let reader = operation.principal().clone();
        let asked = columns.is_none_or(|columns| columns.iter().any(|name| &**name == tables::CHANGES));
        if reader.is_system() || !asked {
            return Ok(());
        }
        let reason = "the values of a change are shown to those who may read the row";
        let about = ["objectid", "objecttypecode", "action", "createdon", OF_EARLIER_ROW].map(Name::from);
        let (mut known, mut tables_of) = (HashMap::new(), HashMap::new());
        for row in rows.iter_mut().filter(|row| row.has(tables::CHANGES)) {
            let record = unit.read_as_platform(reason, &row.reference(), Some(&about))?;
            let Some((table, id)) = record
                .as_ref()
                .and_then(|row| Some((row.text("objecttypecode")?, row.id_of("objectid")?)))
            else {
                row.set(tables::CHANGES, Value::Null);
                continue;
            };
            // What was changed about a table as a whole is of no row.
            if id.is_nil() {
                continue;
            }
            let earlier = record.as_ref().and_then(|row| row.bool(OF_EARLIER_ROW)) == Some(true);
            let then = record
                .as_ref()
                .and_then(|row| row.get("createdon"))
                .and_then(Value::as_time);
            let of = (Reference::new(table, id), earlier, then);
            let shown = match known.get(&of) {
                Some(shown) => *shown,
                None => {
                    let shown = unit.shows_row(&reader, &of.0.table, Some(id).filter(|_| !earlier), then)?;
                    known.insert(of.clone(), shown);
                    shown
                }
            };
            if !shown {
                row.set(tables::CHANGES, Value::Null);
                continue;
            }
            let table = tables_of.entry(of.0.table.clone()).or_insert_with(|| {
                let table = unit.catalog().find(&of.0.table)?.clone();
                Some((reader.hidden(&table), table))
            });
            let hidden = table.as_ref().zip(record.as_ref());
            let hidden = hidden.and_then(|(table, record)| Hidden::of(unit, &reader, table, record));
            if let Some(hidden) = hidden {
                let told = row.text(tables::CHANGES).and_then(|text| without(text, &hidden));
                row.set(tables::CHANGES, told.map_or(Value::Null, Value::from));
            }
        }
        Ok(())
    }
}

/// What a record keeps from a reader.
struct Hidden<'a> {
    table: &'a TableDef,
    /// Columns that the table has.
    columns: &'a [Name],
    /// Columns that it had then.
    gone: Vec<GoneColumn>,
    /// Whether it keeps every column that the table has no longer.
    unknown: bool,
}

impl<'a> Hidden<'a> {
    /// Of a record about a table, of which these columns are kept from them; nothing, where it keeps nothing.
    fn of(
        unit: &Unit,
        reader: &Principal,
        (columns, table): &'a (Vec<Name>, Arc<TableDef>),
        record: &Row,
    ) -> Option<Self> {
        let action = record.int("action").and_then(Action::of);
        // What stands in these is the name of a relationship, or of a privilege.
        let is_of_columns = action.is_none_or(|action| !action.is_link() && action != Action::Privileges);
        let hidden = Self {
            columns,
            gone: unit.gone_columns(reader, record.get("createdon").and_then(Value::as_time)),
            unknown: is_of_columns && !reader.reads_every_column(),
            table,
        };
        (hidden.unknown || !hidden.columns.is_empty() || !hidden.gone.is_empty()).then_some(hidden)
    }

    fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|hidden| **hidden == *column)
            || self.gone.iter().any(|gone| gone.is(&self.table.name, column))
            || self.unknown && self.table.column(column).is_none()
    }
}

/// The changes without those of hidden columns; nothing, where they cannot be told apart.
fn without(changes: &str, hidden: &Hidden<'_>) -> Option<String> {
    let mut document: serde_json::Value = serde_json::from_str(changes).ok()?;
    let all = document.get_mut("changedAttributes")?.as_array_mut()?;
    all.retain(|changed| {
        let name = changed.get("logicalName").and_then(serde_json::Value::as_str);
        name.is_some_and(|name| !hidden.has(name))
    });
    Some(document.to_string())
}
