//! Of which kind the last change was: what is taken back, and what is not.

use sluice_engine::{Batch, tables};
use sluice_model::{Catalog, Error, Filter, Query, Reference, Request, Result, Row, TableDef, Uuid, Value, json};

use super::{
    last::{MOST, newest_first},
    record::Record,
};
use crate::audit::Action;

/// Whether an organisation is configured by the rows of a table. Where the last change was one of theirs
/// that is not taken back, an older one is not what is meant.
pub(in super::super) fn configures(table: &TableDef) -> bool {
    table.audited && (table.configuration || table.customizes)
}

/// Refuses where the last change of the configuration, of those that somebody wants, was none that is taken back: an
/// older one is not what is meant then.
pub(super) fn check_kind(batch: &mut Batch<'_>, whose: &Filter) -> Result<()> {
    let catalog = batch.unit().catalog();
    let configured = catalog.iter().filter(|table| configures(table));
    let configured = Filter::In {
        column: "objecttypecode".into(),
        values: configured.map(|table| Value::from(&*table.name)).collect(),
    };
    // What was changed about a table as a whole is of no row.
    let of_tables = Filter::eq("objectid", Value::Id(Uuid::nil()));
    let about = Filter::Or(vec![configured, of_tables]).and(whose.clone());
    let Some(newest) = of_other_kind(batch, about)? else {
        return Ok(());
    };
    let table = newest.text("objecttypecode").unwrap_or_default();
    let id = newest.id_of("objectid").unwrap_or_default();
    let action = catalog.table(tables::AUDIT)?.column("action").cloned();
    let number = newest.int("action").unwrap_or_default();
    let action = action.and_then(|column| {
        let option = column.kind.options()?.iter().find(|option| option.value == number)?;
        Some(option.label.clone())
    });
    let name = |batch: &mut Batch<'_>, row: Reference| {
        let known = catalog.find(&row.table).and_then(|table| table.primary_name.clone())?;
        let answer = batch.execute(Request::retrieve(row, &[&known])).ok()?;
        Some(format!(" \"{}\"", answer.row()?.text(&known)?))
    };
    let of = name(batch, Reference::new(table, id)).unwrap_or_else(|| match id.is_nil() {
        true => changed_of_table(&newest),
        false => format!(" {id}"),
    });
    let by = newest
        .lookup("userid")
        .cloned()
        .and_then(|by| name(batch, by))
        .unwrap_or_default();
    let when = newest.get("createdon").and_then(Value::as_time).unwrap_or_default();
    let table_as = if id.is_nil() { "the table " } else { "" };
    let message = format!(
        "the last change of the configuration was of a kind that is not taken back here: {} of {table_as}{table}{of}, by{by} at {}; \
         an older change is taken back where it is named: its step, role or duplicate rule, or the settings",
        action.unwrap_or_else(|| number.to_string()),
        json::whole_seconds(when),
    );
    Err(Error::invalid(message)
        .in_case(&super::NOT_TAKEN_BACK)
        .with_table(table))
}

/// What was changed of a table, or of which of its columns: ` (creditlimit.secured)`.
fn changed_of_table(record: &Row) -> String {
    let changed = Record::of(record).map(|record| record.columns).unwrap_or_default();
    let names: Vec<String> = changed.into_iter().map(|(name, ..)| name).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(" ({})", names.join(", ")),
    }
}

/// Changes that somebody made: what SYSTEM did, such as when the organisation was set up, is nobody's to take back.
pub(super) fn of_people(batch: &mut Batch<'_>) -> Result<Filter> {
    let system = batch.unit().snapshot()?.system().id();
    Ok(Filter::eq("userid", Reference::new(tables::USER, system)).negated())
}

/// A record of the last request that is not taken back: half of what a request did is not what is meant. Of the
/// copies that the platform keeps of rows, none is told where their originals are.
fn of_other_kind(batch: &mut Batch<'_>, about: Filter) -> Result<Option<Row>> {
    let newest = batch.list(newest_first(about.clone()).top(1))?;
    let records = match newest.first().and_then(|row| row.id_of("transactionid")) {
        Some(request) => {
            let of_request = about.and(Filter::eq("transactionid", request));
            batch.list(newest_first(of_request).top(MOST))?
        }
        None => newest,
    };
    let mut copy = None;
    let catalog = batch.unit().catalog();
    for record in records.into_iter().filter(|record| !is_taken_back(&catalog, record)) {
        match is_of_copy(batch, &record)? {
            true => copy = copy.or(Some(record)),
            false => return Ok(Some(record)),
        }
    }
    Ok(copy)
}

/// Whether a record is of a kind that is taken back.
fn is_taken_back(catalog: &Catalog, record: &Row) -> bool {
    let is_of_row = record.id_of("objectid").is_some_and(|id| !id.is_nil());
    let table = record.text("objecttypecode").and_then(|table| catalog.find(table));
    let is_of_table = table.is_some_and(|table| table.undone);
    is_of_table && is_of_row && !record.int("action").and_then(Action::of).is_some_and(Action::is_link)
}

/// Whether a record is about a row that is or was the platform's copy of another one.
fn is_of_copy(batch: &mut Batch<'_>, record: &Row) -> Result<bool> {
    let table = record.text("objecttypecode").unwrap_or_default();
    match Record::of(record) {
        Ok(record) => record.is_copy(batch),
        // What was changed is not shown: whether it is a copy now, is.
        Err(_) => is_copy_now(
            batch,
            &Reference::new(table, record.id_of("objectid").unwrap_or_default()),
        ),
    }
}

/// Whether a row that is there is a copy.
pub(super) fn is_copy_now(batch: &mut Batch<'_>, row: &Reference) -> Result<bool> {
    let catalog = batch.unit().catalog();
    let Some(table) = catalog.find(&row.table) else {
        return Ok(false);
    };
    let Some(column) = &table.copy_of else { return Ok(false) };
    let query = Query::new(table.name.clone())
        .columns(&[column])
        .filter(Filter::eq(&table.key, row.id));
    let found = batch.list(query)?;
    Ok(found.first().is_some_and(|row| row.lookup(column).is_some()))
}
