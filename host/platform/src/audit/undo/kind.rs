//! Of which kind the last change was: what is taken back, and what is not.

use sluice_engine::{Batch, tables};
use sluice_model::{Error, Filter, Reference, Request, Result, TableDef, Uuid, Value, json};

use super::newest_first;

/// The tables whose changes are taken back.
pub(super) const TABLES: &[&str] = &[
    tables::STEP,
    tables::STEP_IMAGE,
    tables::ROLE,
    tables::DUPLICATE_RULE,
    "duplicaterulecondition",
    tables::ORGANIZATION,
];

/// Audited tables by which an organisation is customised, and whose rows are no part of the configuration
/// that is kept in memory.
const CUSTOMIZED: &[&str] = &[
    tables::TEAM_TEMPLATE,
    "attributemap",
    "entitymap",
    "mobileofflineprofile",
    "mobileofflineprofileitem",
    "optionset",
    "savedquery",
    "solution",
    "systemform",
    "webresource",
];

/// Whether an organisation is configured by the rows of a table. Where the last change was one of theirs
/// that is not taken back, an older one is not what is meant.
fn configures(table: &TableDef) -> bool {
    table.audited && (table.configuration || CUSTOMIZED.contains(&&*table.name))
}

/// Refuses where the last change of the configuration was none that is taken back: an older one is not what
/// is meant then.
pub(super) fn check_kind(batch: &mut Batch<'_>) -> Result<()> {
    let catalog = batch.unit().catalog();
    let configured = catalog.iter().filter(|table| configures(table));
    let configured = Filter::In {
        column: "objecttypecode".into(),
        values: configured.map(|table| Value::from(&*table.name)).collect(),
    };
    // What was changed about a table as a whole is of no row.
    let of_tables = Filter::eq("objectid", Value::Id(Uuid::nil()));
    let newest = batch.list(newest_first(Filter::Or(vec![configured, of_tables])).top(1))?;
    let Some(newest) = newest.first() else {
        return Ok(());
    };
    let table = newest.text("objecttypecode").unwrap_or_default();
    let id = newest.id_of("objectid").unwrap_or_default();
    if TABLES.contains(&table) && !id.is_nil() && !newest.int("action").is_some_and(is_link) {
        return Ok(());
    }
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
        true => String::new(),
        false => format!(" {id}"),
    });
    let by = newest
        .lookup("userid")
        .cloned()
        .and_then(|by| name(batch, by))
        .unwrap_or_default();
    let when = newest.get("createdon").and_then(Value::as_time).unwrap_or_default();
    let message = format!(
        "the last change of the configuration was of a kind that is not taken back here: {} of {table}{of}, by{by} at {}; \
         an older change is taken back where it is named: its step, role or duplicate rule, or the settings",
        action.unwrap_or_else(|| number.to_string()),
        json::whole_seconds(when),
    );
    Err(Error::invalid(message).with_table(table))
}

/// Whether it is about who has a role, or with whom a row is shared.
pub(super) fn is_link(action: i32) -> bool {
    matches!(action, 14 | 33 | 34 | 48 | 49)
}
