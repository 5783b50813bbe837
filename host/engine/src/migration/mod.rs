//! What becomes of an organisation's file of an earlier form, beside what the store makes of its
//! tables: the definitions that it keeps, and the rows that every organisation has. Most of it
//! is read off what ships: a table, a message or a privilege that is new brings its rows along.
//! What else a form needs is in a file of its own.

mod form_3;

use std::{collections::HashSet, path::Path, sync::Arc};

use sluice_model::{ColumnDef, ColumnType, Filter, Name, Query, Reference, Result, Row, TableDef, Uuid};
use sluice_store::{MigratedFile, Options, Store, Tx};

use crate::{
    Message, Unit,
    engine::Core,
    filters,
    organization::{self, table_privileges},
    snapshot::Snapshot,
    tables,
    unit::Purpose,
};

/// Brings the file at `path` to the present form, where it has an earlier one.
pub(crate) fn run(core: &Arc<Core>, path: &Path, options: &Options, copy: bool) -> Result<Option<MigratedFile>> {
    Store::migrate(path, options, copy, |tx, from| {
        if from < 3 {
            form_3::keep_changes(tx)?;
        }
        tx.check_names()?;
        complete_own_tables(core, tx)?;
        tx.fit_tables(from)?;
        write_rows(core, tx)
    })
}

/// What the platform adds to every table is in those that the organisation made as it is now.
fn complete_own_tables(core: &Core, tx: &mut Tx) -> Result<()> {
    for mut table in tx.definitions()?.into_iter().filter(|table| table.custom) {
        let before = table.clone();
        complete(core, &mut table)?;
        if table != before {
            tx.save_definition(&table)?;
        }
    }
    Ok(())
}

fn complete(core: &Core, table: &mut TableDef) -> Result<()> {
    let is_amount = |column: &&ColumnDef| matches!(column.kind, ColumnType::Money { .. });
    let amounts: Vec<ColumnDef> = table.columns.iter().filter(is_amount).cloned().collect();
    let mut added = table.clone();
    added.columns = [core.made_columns(table)?, amounts.clone()].concat().into();
    added.complete();
    for column in table.columns.iter_mut() {
        let own = amounts.iter().any(|amount| amount.name == column.name);
        if let Some(now) = added.column(&column.name).filter(|_| !own) {
            let label = std::mem::take(&mut column.label);
            *column = now.clone();
            if !label.is_empty() {
                column.label = label;
            }
        }
    }
    for column in &added.columns {
        table.columns.push(column.clone());
    }
    for relationship in added.relationships {
        table.put_relationship(relationship);
    }
    Ok(())
}

/// Writes the rows that every organisation has and this one lacks.
fn write_rows(core: &Arc<Core>, tx: &mut Tx) -> Result<()> {
    let version = tx.config_version()?;
    let snapshot = Arc::new(Snapshot::load(core, tx, version, None)?);
    let mut unit = Unit::new(core.clone(), snapshot, Purpose::Work);
    unit.tx = std::mem::take(tx);
    let result = write_privileges(&mut unit)
        .and_then(|()| write_messages(&mut unit))
        .and_then(|()| organization::write_administrator_profile(&mut unit))
        .and_then(|()| compare_anew(core, &mut unit))
        .and_then(|()| unit.configuration_written(None));
    *tx = std::mem::take(&mut unit.tx);
    result
}

/// The indexes of the file were made anew by the rules for texts of this version; what the
/// capabilities keep beside them is as well.
fn compare_anew(core: &Arc<Core>, unit: &mut Unit) -> Result<()> {
    core.compared_anew().iter().try_for_each(|again| again(unit))
}

/// Privileges that are new, which System Administrator has at once; those that nothing asks for
/// any more go, out of the roles, too.
fn write_privileges(unit: &mut Unit) -> Result<()> {
    let core = unit.core.clone();
    let there = names(unit, tables::PRIVILEGE)?;
    let mut known: HashSet<String> = there.iter().map(|(_, name)| name.clone()).collect();
    let mut wanted: HashSet<String> = core.tasks.privileges().iter().map(|name| (*name).to_owned()).collect();
    let catalog = unit.catalog();
    for table in catalog.iter() {
        for (name, right) in table_privileges(table) {
            if known.insert(name.clone()) {
                organization::add_privilege(unit, &name, Some((table, right)))?;
            }
            wanted.insert(name);
        }
    }
    for name in core.tasks.privileges() {
        if known.insert((*name).to_owned()) {
            organization::add_privilege(unit, name, None)?;
        }
    }
    for (privilege, _) in there.iter().filter(|(_, name)| !wanted.contains(name)) {
        unit.forget(tables::ROLE_PRIVILEGES, Filter::eq("privilegeid", privilege.id))?;
        unit.forget(tables::PRIVILEGE, Filter::eq("privilegeid", privilege.id))?;
    }
    unit.configuration_written(None)
}

/// Messages that are new, and tables that take one since; where a table takes one no longer, that
/// goes as well, unless a step was registered on it.
fn write_messages(unit: &mut Unit) -> Result<()> {
    let filters = select(unit, tables::MESSAGE_FILTER, &["sdkmessageid", "primaryobjecttypecode"])?;
    let there = names(unit, tables::MESSAGE)?;
    for message in unit.core.messages() {
        let called = |wanted: &str| there.iter().find(|(_, name)| name == wanted).map(|(row, _)| row);
        let row = match called(message.name()) {
            Some(row) => row.clone(),
            None => message_row(unit, message, message.requested_as().and_then(called))?,
        };
        let of_message = filters
            .iter()
            .filter(|filter| filter.id_of("sdkmessageid") == Some(row.id));
        let tables = of_message.filter_map(|filter| filter.text("primaryobjecttypecode").map(Name::from));
        filters::write_filters(unit, message, &row, &tables.collect())?;
    }
    remove_filters(unit, &filters, &there)
}

/// The row of a message that the file lacks: the one by whose name requests ask for it, where steps
/// were registered on that; else a new one.
fn message_row(unit: &mut Unit, message: &dyn Message, requested: Option<&Reference>) -> Result<Reference> {
    let Some(row) = requested else {
        return organization::write_message(unit, message);
    };
    let steps = Query::new(tables::STEP)
        .columns(&[])
        .filter(Filter::eq("sdkmessageid", row.id))
        .top(1);
    let reason = "see what a file of an earlier form has of what every organisation has";
    if unit.select_as_platform(reason, &steps)?.is_empty() {
        return organization::write_message(unit, message);
    }
    let renamed = Row::new(tables::MESSAGE, row.id).with("name", message.name());
    unit.update_as_platform("a message has the name by which its steps are known", renamed)?;
    Ok(row.clone())
}

fn remove_filters(unit: &mut Unit, filters: &[Row], messages: &[(Reference, String)]) -> Result<()> {
    let steps = select(unit, tables::STEP, &["sdkmessagefilterid", "sdkmessageid"])?;
    let used = |column: &str, id: Uuid| steps.iter().any(|step| step.id_of(column) == Some(id));
    let catalog = unit.catalog();
    for filter in filters.iter().filter(|filter| !used("sdkmessagefilterid", filter.id)) {
        let message = messages
            .iter()
            .find(|(row, _)| filter.id_of("sdkmessageid") == Some(row.id));
        let message = message.and_then(|(_, name)| unit.core.message(name).ok());
        let table = filter
            .text("primaryobjecttypecode")
            .and_then(|table| catalog.find(table));
        if !message
            .zip(table)
            .is_some_and(|(message, table)| filters::is_bound(message, table))
        {
            unit.forget(tables::MESSAGE_FILTER, Filter::eq("sdkmessagefilterid", filter.id))?;
        }
    }
    for (row, name) in messages.iter().filter(|(row, _)| !used("sdkmessageid", row.id)) {
        if !unit.core.message(name).is_ok_and(|message| message.name() == name) {
            unit.forget(tables::MESSAGE, Filter::eq("sdkmessageid", row.id))?;
        }
    }
    Ok(())
}

fn select(unit: &mut Unit, table: &str, columns: &[&str]) -> Result<Vec<Row>> {
    let query = Query::new(table).columns(columns);
    unit.select_as_platform(
        "see what a file of an earlier form has of what every organisation has",
        &query,
    )
}

/// The rows of a table with their names.
fn names(unit: &mut Unit, table: &str) -> Result<Vec<(Reference, String)>> {
    let rows = select(unit, table, &["name"])?;
    let named = rows
        .iter()
        .map(|row| (row.reference(), row.text("name").unwrap_or_default().to_owned()));
    Ok(named.collect())
}
