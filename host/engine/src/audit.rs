//! The audit trail: who changed which row, when, from what to what. Its rows are written in
//! the transaction of the change, where the organisation audits and the table is audited.
//! Source: the published table reference of `audit`; R296.

use sluice_access::Permit;
use sluice_model::{Error, Reference, Result, Row, TableDef, Timestamp, Uuid, Value, json};

use crate::{Operation, Unit, tables};

/// What `audit.action` says; the operation is its sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Create = 1,
    Update = 2,
    Delete = 3,
    Activate = 4,
    Deactivate = 5,
    Assign = 13,
    Associate = 33,
    Disassociate = 34,
    Privileges = 57,
    TableStarted = 105,
    TableStopped = 108,
}

impl Action {
    fn operation(self) -> i32 {
        match self {
            Self::Create => 1,
            Self::Delete => 3,
            _ => 2,
        }
    }
}

/// Whether changes of the table's rows are recorded.
pub(crate) fn is_on(unit: &Unit, table: &TableDef) -> bool {
    table.audited && unit.snapshot.settings.audits
}

/// Records a row that was made.
pub(crate) fn created(unit: &mut Unit, operation: &Operation, table: &TableDef, row: &Row) -> Result<()> {
    if !is_on(unit, table) {
        return Ok(());
    }
    let changes = row
        .values
        .iter()
        .filter(|(name, _)| !is_bookkeeping(name))
        .map(|(name, value)| change(name, &Value::Null, value));
    write(unit, operation, &row.reference(), Action::Create, changes.collect())
}

/// Records what changed of a row; nothing, if nothing did.
pub(crate) fn updated(
    unit: &mut Unit,
    operation: &Operation,
    table: &TableDef,
    before: &Row,
    changed: &Row,
) -> Result<()> {
    if !is_on(unit, table) && !switches_auditing(table, before, changed) {
        return Ok(());
    }
    let changes: Vec<String> = changed
        .values
        .iter()
        .filter(|(name, _)| !is_bookkeeping(name))
        .filter_map(|(name, value)| {
            let old = before.get(name).unwrap_or(&Value::Null);
            (old != value).then(|| change(name, old, value))
        })
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let action = match (before.int("statecode"), changed.int("statecode")) {
        (Some(old), Some(0)) if old != 0 => Action::Activate,
        (Some(0), Some(new)) if new != 0 => Action::Deactivate,
        _ if changed.has("ownerid") => Action::Assign,
        _ => Action::Update,
    };
    write(unit, operation, &changed.reference(), action, changes)
}

/// Turning auditing on for the whole organisation is itself recorded, as turning it off is.
fn switches_auditing(table: &TableDef, before: &Row, changed: &Row) -> bool {
    let switch = "isauditenabled";
    *table.name == *tables::ORGANIZATION && changed.has(switch) && changed.get(switch) != before.get(switch)
}

/// Records a row that is deleted.
pub(crate) fn deleted(unit: &mut Unit, operation: &Operation, table: &TableDef, row: &Row) -> Result<()> {
    if !is_on(unit, table) {
        return Ok(());
    }
    let changes = row
        .values
        .iter()
        .filter(|(name, _)| !is_bookkeeping(name))
        .map(|(name, value)| change(name, value, &Value::Null));
    write(unit, operation, &row.reference(), Action::Delete, changes.collect())
}

/// Records a change of what belongs to a row without being a column: a link, a privilege.
pub(crate) fn other(
    unit: &mut Unit,
    operation: &Operation,
    target: &Reference,
    action: Action,
    (name, old, new): (&str, Value, Value),
) -> Result<()> {
    let table = unit.snapshot.table(&target.table)?.clone();
    if !is_on(unit, &table) || old == new {
        return Ok(());
    }
    write(unit, operation, target, action, vec![change(name, &old, &new)])
}

/// Records what was changed about a table as a whole; that it is no longer audited, above all.
pub(crate) fn table_changed(unit: &mut Unit, by: &Author, before: &TableDef, after: &TableDef) -> Result<()> {
    if !unit.snapshot.settings.audits {
        return Ok(());
    }
    let switches = [
        ("isauditenabled", before.audited, after.audited),
        (
            "isduplicatedetectionenabled",
            before.duplicate_detection,
            after.duplicate_detection,
        ),
        (
            "isreadonlyinmobileclient",
            before.read_only_in_mobile,
            after.read_only_in_mobile,
        ),
    ];
    let changed = switches.iter().filter(|(_, old, new)| old != new);
    let changes: Vec<String> = changed
        .map(|(name, old, new)| change(name, &Value::Bool(*old), &Value::Bool(*new)))
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let action = match (before.audited, after.audited) {
        (false, true) => Action::TableStarted,
        (true, false) => Action::TableStopped,
        _ => Action::Update,
    };
    // A table is no row: its name is all there is.
    let target = Reference::new(after.name.clone(), Uuid::nil());
    record(unit, by, &target, action, &changes)
}

/// What every change changes says nothing.
fn is_bookkeeping(column: &str) -> bool {
    matches!(
        column,
        "createdon"
            | "createdby"
            | "createdonbehalfby"
            | "modifiedon"
            | "modifiedby"
            | "modifiedonbehalfby"
            | "versionnumber"
            | "owninguser"
            | "owningteam"
            | "owningbusinessunit"
            | "organizationid"
            | "exchangerate"
    ) || column.ends_with("_base")
}

/// Longer texts are recorded by their length: the trail is no second store of attachments.
const LONGEST: usize = 10_000;

/// `{"logicalName": …, "oldValue": …, "newValue": …}`, as the platform writes it.
fn change(name: &str, old: &Value, new: &Value) -> String {
    let shown = |value: &Value| match value {
        Value::Lookup(reference) => format!("{},{}", reference.table, reference.id).into(),
        Value::Text(text) if text.len() > LONGEST => format!("({} characters)", text.chars().count()).into(),
        value => json::from_value(value),
    };
    serde_json::json!({ "logicalName": name, "oldValue": shown(old), "newValue": shown(new) }).to_string()
}

/// Who made a change, when, and in which request.
pub(crate) struct Author {
    pub(crate) user: Uuid,
    pub(crate) calling: Uuid,
    pub(crate) when: Timestamp,
    pub(crate) correlation: Uuid,
}

fn write(
    unit: &mut Unit,
    operation: &Operation,
    target: &Reference,
    action: Action,
    changes: Vec<String>,
) -> Result<()> {
    let by = Author {
        user: operation.principal.id(),
        calling: operation.initiating.id(),
        when: operation.context.created_on,
        correlation: operation.context.correlation,
    };
    record(unit, &by, target, action, &changes)
}

fn record(unit: &mut Unit, by: &Author, target: &Reference, action: Action, changes: &[String]) -> Result<()> {
    let table = unit.snapshot.table(tables::AUDIT)?.clone();
    let user = |id| Reference::new(tables::USER, id);
    let row = Row::new(tables::AUDIT, unit.core.env.new_id())
        .with("objectid", target.id)
        .with("objecttypecode", &*target.table)
        .with("operation", Value::Choice(action.operation()))
        .with("action", Value::Choice(action as i32))
        .with("userid", user(by.user))
        .with("callinguserid", user(by.calling))
        .with("createdon", by.when)
        .with("transactionid", by.correlation)
        .with(
            "changedata",
            format!("{{\"changedAttributes\":[{}]}}", changes.join(",")),
        );
    let permit = Permit::system("record who changed what");
    unit.tx.insert(&permit, &table, &row).map_err(|error| {
        Error::new(
            error.code(),
            format!("the change cannot be recorded: {}", error.message()),
        )
    })
}
