//! The table and the row that a message is about, found in its parameters, and whether they may be.

use std::sync::Arc;

use sluice_model::{Code, Error, Name, Ownership, Parameter, Parameters, Result, Row, TableDef, Uuid, Value, coerce};

use crate::{Message, change::Why, fill::OWNING_UNIT, message::Takes, snapshot::Snapshot, tables};

/// The primary row of a message.
#[derive(Default)]
pub(super) struct Primary {
    pub(super) table: Option<Arc<TableDef>>,
    pub(super) id: Option<Uuid>,
    /// Taken out of the parameters: steps see it as the Target.
    pub(super) target: Option<Row>,
}

/// Rows have the form in which they are stored, before anybody judges them: a number that is rounded, a text that is
/// empty, or a fraction of a second is never taken for what it will not be.
pub(super) fn form_rows(snapshot: &Snapshot, target: Option<&mut Row>, inputs: &mut Parameters) {
    let rows = inputs.iter_mut().filter_map(|(_, parameter)| match parameter {
        Parameter::Row(row) => Some(row),
        _ => None,
    });
    for row in target.into_iter().chain(rows) {
        if let Ok(table) = snapshot.table(&row.table) {
            coerce::form(table, row);
        }
    }
}

impl Primary {
    /// The parameters are of the types that the message's form has for them.
    pub(super) fn of(snapshot: &Snapshot, takes: Takes, inputs: &mut Parameters) -> Result<Self> {
        let reference = |name: &Name, id: Uuid| -> Result<Self> {
            Ok(Self {
                table: Some(snapshot.table(name)?.clone()),
                id: Some(id),
                target: None,
            })
        };
        match takes {
            Takes::Row => {
                let Some(Parameter::Row(row)) = inputs.remove("Target") else {
                    return Ok(Self::default());
                };
                Ok(Self {
                    id: Some(row.id).filter(|id| !id.is_nil()),
                    table: Some(snapshot.table(&row.table)?.clone()),
                    target: Some(row),
                })
            }
            Takes::Reference(parameter) => match inputs.get(parameter) {
                Some(Parameter::Reference(row)) => reference(&row.table, row.id),
                _ => Ok(Self::default()),
            },
            Takes::Through {
                table,
                parameter,
                lookup,
            } => {
                let row = match inputs.get(parameter) {
                    Some(Parameter::Row(row)) => row.lookup(lookup).filter(|row| &*row.table == table),
                    _ => None,
                };
                Ok(Self {
                    table: Some(snapshot.table(table)?.clone()),
                    id: row.map(|row| row.id),
                    target: None,
                })
            }
            Takes::IdOf { table, parameter } => match inputs.get(parameter) {
                Some(Parameter::Value(Value::Id(id))) => reference(&table.into(), *id),
                _ => Ok(Self::default()),
            },
            Takes::Query => match inputs.get("Query") {
                Some(Parameter::Query(query)) => Ok(Self {
                    table: Some(snapshot.table(&query.table)?.clone()),
                    ..Self::default()
                }),
                _ => Ok(Self::default()),
            },
            Takes::Nothing => Ok(Self::default()),
        }
    }
}

/// Whether the message works on the table at all.
pub(super) fn check_table(message: &dyn Message, table: &TableDef) -> Result<()> {
    if message.shape().tables.is_some_and(|only| !only.contains(&&*table.name)) {
        let sentence = format!("message {} does not work on table `{}`", message.name(), table.name);
        return Err(Error::new(Code::MESSAGE_NOT_SUPPORTED, sentence).with_table(&table.name));
    }
    if !message.works_on(table) {
        let sentence = format!(
            "The '{}' method does not support entities of type '{}'.",
            message.name(),
            table.name
        );
        return Err(Error::new(Code::MESSAGE_NOT_SUPPORTED, sentence).with_table(&table.name));
    }
    Ok(())
}

/// Every column is there, holds a value of its type, and is not one that the platform fills or that is given once.
/// `across` says whether rows are owned across business units: then the unit of a row may be written.
pub(super) fn check_columns(
    message: &dyn Message,
    (table, row): (&TableDef, &Row),
    why: Why,
    (importing, across): (bool, bool),
) -> Result<()> {
    for name in row.values.keys() {
        let column = coerce::column(table, name)?;
        let marks = importing && &**name == tables::MANAGED;
        let places = across && table.ownership == Ownership::User && &**name == OWNING_UNIT;
        if why.allows().filled {
            continue;
        }
        if column.filled && !marks && !places {
            return Err(Error::new(
                Code::READ_ONLY_COLUMN,
                format!(
                    "the platform fills column `{name}` of `{}`; it cannot be written",
                    table.name
                ),
            )
            .with_table(&table.name));
        }
        if message.name() == "Update" {
            coerce::check_changes(table, column)?;
        }
    }
    Ok(())
}
