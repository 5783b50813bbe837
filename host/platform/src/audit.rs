//! The audit trail: who changed which row, when, from what to what. Its rows are written in
//! the transaction of the change, where the organisation audits and the table is audited.
//! Source: the published table reference of `audit`.

mod action;
mod definitions;
mod shown;
mod undo;

use std::sync::LazyLock;

use serde::{Serialize, Serializer};
use sluice_model::{
    ColumnType, Entered, Error, Filter, Name, Parameter, Query, Reference, Result, Row, TableDef, Value, json,
};

pub(crate) use action::Action;
use action::Sort;
pub use undo::{TakenBack, Undo, Undone, Wanted};

use sluice_engine::{
    Kept, Meaning, Operation, Unit,
    capability::{Capability, Dependant, Redefinition, Tables},
    change::{Author, Cause, ChangeKind, RowChange},
    keeping,
    snapshot::Snapshot,
    tables,
    watch::{Link, LinkSort, Watch},
};

/// The column of a record that is about a row which was deleted before another one was made with
/// its id.
const OF_EARLIER_ROW: &str = "sl_ofearlierrow";

/// Whether changes of the table's rows are recorded.
fn is_on(snapshot: &Snapshot, table: &TableDef) -> bool {
    table.audited && snapshot.settings().audits
}

/// The audit trail.
pub(crate) static AUDIT: Capability = Capability {
    tables: sluice_engine::tables!["audit/audit"],
    rules: &[(Tables::Named(tables::AUDIT), &shown::Shown)],
    watches: &[&Trail],
    dependants: &[&Trail],
    kept: &[Kept {
        days: |unit| keeping::days(unit, "sl_auditkeep"),
        remove: |unit, before| unit.remove_old(tables::AUDIT, before),
    }],
    meanings: &[Meaning::new(tables::AUDIT, tables::CHANGES, |_, text| {
        undo::are_changes(text)
    })],
    ..Capability::named("audit")
};

/// The watch that records every change of an audited table.
pub(crate) struct Trail;

impl Watch for Trail {
    fn name(&self) -> &'static str {
        "audit trail"
    }

    fn wants(&self, snapshot: &Snapshot, table: &TableDef) -> bool {
        // That auditing is turned on or off is recorded in any case.
        is_on(snapshot, table) || *table.name == *tables::ORGANIZATION
    }

    fn before(&self, unit: &mut Unit, change: &mut RowChange<'_>) -> Result<()> {
        match change.kind {
            ChangeKind::Create if has_new_id(change) => Ok(()),
            ChangeKind::Create => close_earlier(unit, &change.row.reference()),
            ChangeKind::Update if is_mirror(change) => Ok(()),
            ChangeKind::Update | ChangeKind::Delete => change.before(unit).map(|_| ()),
        }
    }

    fn linked(&self, unit: &mut Unit, operation: &Operation, link: &Link) -> Result<()> {
        let table = unit.configuration().table(&link.row.table)?.clone();
        if !is_on(unit.configuration(), &table) || link.old == link.new {
            return Ok(());
        }
        let mut changes = Changes::new();
        changes.add(&link.name, &link.old, &link.new)?;
        let action = match link.sort {
            LinkSort::Associated => Action::Associate,
            LinkSort::Disassociated => Action::Disassociate,
            LinkSort::Privilege => Action::Privileges,
            LinkSort::Shared => Action::Share,
            LinkSort::ShareChanged => Action::ModifyShare,
            LinkSort::Unshared => Action::Unshare,
        };
        record(unit, &operation.into(), &link.row, action, changes)
    }

    fn after(&self, unit: &mut Unit, change: &mut RowChange<'_>) -> Result<()> {
        if is_mirror(change) {
            return Ok(());
        }
        let mut changes = Changes::new();
        let nothing = Row::unsaved(change.table.name.clone());
        let before = change.seen().unwrap_or(&nothing);
        let action = match change.kind {
            ChangeKind::Create => {
                for (name, value) in recorded(&change.row) {
                    changes.add(name, &Value::Null, told(&change.table, name, value))?;
                }
                Action::Create
            }
            ChangeKind::Update => {
                if !is_on(unit.configuration(), &change.table) && !switches_auditing(&change.table, before, &change.row)
                {
                    return Ok(());
                }
                for (name, value) in recorded(&change.row) {
                    let old = before.get(name).unwrap_or(&Value::Null);
                    if old != value {
                        let [old, value] = [old, value].map(|value| told(&change.table, name, value));
                        changes.add(name, old, value)?;
                    }
                }
                action(change, before)
            }
            ChangeKind::Delete => {
                for (name, value) in recorded(before) {
                    changes.add(name, told(&change.table, name, value), &Value::Null)?;
                }
                Action::Delete
            }
        };
        if changes.is_empty() && change.kind == ChangeKind::Update {
            return Ok(());
        }
        record(unit, &author(change), &change.row.reference(), action, changes)
    }
}

/// Whether the row that is made got its id in this message: no earlier one can have had it.
fn has_new_id(change: &RowChange<'_>) -> bool {
    let target = change.operation.and_then(|operation| operation.target().ok());
    target.is_some_and(|target| target.id.is_nil())
}

/// Whether the platform only keeps beside a row where its process stands: that is on record with
/// the process itself.
fn is_mirror(change: &RowChange<'_>) -> bool {
    let beside = |name: &str| matches!(name, "processid" | "stageid" | "traversedpath") || is_bookkeeping(name);
    change.operation.is_none() && change.kind == ChangeKind::Update && change.row.values.keys().all(|name| beside(name))
}

impl Dependant for Trail {
    fn redefined(&self, unit: &mut Unit, what: Redefinition<'_>) -> Result<Vec<Error>> {
        if let Redefinition::Written { before, after } = what {
            definitions::record_written(unit, before, after)?;
        }
        Ok(Vec::new())
    }
}

/// What of a row is recorded.
fn recorded(row: &Row) -> impl Iterator<Item = (&Name, &Value)> {
    row.values.iter().filter(|(name, _)| !is_bookkeeping(name))
}

/// What is on record of a secret: that there was one.
static SECRET: LazyLock<Value> = LazyLock::new(|| Value::from("(secret)"));

/// A value as the trail tells it: that a secret was changed, and when, but never what it was.
fn told<'a>(table: &TableDef, column: &str, value: &'a Value) -> &'a Value {
    match column == "secureconfig" && *table.name == *tables::SECURE_CONFIG && !value.is_null() {
        true => &SECRET,
        false => value,
    }
}

/// What sort of change it is: what follows from a message about another row says so, then what it
/// does to the state, then to the owner.
fn action(change: &RowChange<'_>, before: &Row) -> Action {
    if let Some(following) = following(change) {
        return following;
    }
    let changed = &change.row;
    match (before.int("statecode"), changed.int("statecode")) {
        (Some(old), Some(new)) if old != new => entered(&change.table, new),
        _ if changed.has("ownerid") => Action::Assign,
        _ => Action::Update,
    }
}

/// A change of a row of two that are merged, and what a merge or a deletion does to the rows that
/// referred to them.
fn following(change: &RowChange<'_>) -> Option<Action> {
    let operation = change.operation?;
    let cause = operation.cause()?;
    let row = change.row.reference();
    let is_target = cause.table.as_ref() == Some(&row.table) && cause.id == Some(row.id);
    let is_other = matches!(cause.inputs.get("SubordinateId"), Some(Parameter::Reference(other)) if *other == row);
    match &*cause.message {
        "Merge" if is_target || is_other => Some(Action::Merge),
        "Merge" | "Delete" if operation.why().is_platform() => Some(Action::Cascade),
        _ => None,
    }
}

/// What it is for a row to come into a state.
fn entered(table: &TableDef, state: i32) -> Action {
    let options = match table.column("statecode").map(|column| &column.kind) {
        Some(ColumnType::State { options }) => options.as_slice(),
        _ => &[],
    };
    let option = options.iter().find(|option| option.value == state);
    match (option.and_then(|option| option.entered), options.len(), state) {
        (Some(Entered::Activate), ..) | (None, 2, 0) => Action::Activate,
        (Some(Entered::Deactivate), ..) | (None, 2, _) => Action::Deactivate,
        (Some(Entered::Qualify), ..) => Action::Qualify,
        (Some(Entered::Disqualify), ..) => Action::Disqualify,
        (Some(Entered::Win), ..) => Action::Win,
        (Some(Entered::Lose), ..) => Action::Lose,
        (None, ..) => Action::SetState,
    }
}

/// Turning auditing on for the whole organisation is itself recorded, as turning it off is.
fn switches_auditing(table: &TableDef, before: &Row, changed: &Row) -> bool {
    let switch = "isauditenabled";
    *table.name == *tables::ORGANIZATION && changed.has(switch) && changed.get(switch) != before.get(switch)
}

/// A row is made: what is recorded of an earlier row of the same table with the same id, which was
/// deleted, stays recorded, and is from now on no history of this one.
fn close_earlier(unit: &mut Unit, target: &Reference) -> Result<()> {
    let table = unit.configuration().table(tables::AUDIT)?.clone();
    if !unit.read(|tx| tx.facts().holds(&table, "objectid", target.id))? {
        return Ok(());
    }
    let earlier = Filter::eq("objectid", target.clone()).and(Filter::eq(OF_EARLIER_ROW, true).negated());
    let query = Query::new(tables::AUDIT).columns(&[]).filter(earlier);
    for row in unit.select_as_platform(
        "tell the history of a row from that of an earlier one with its id",
        &query,
    )? {
        let closed = Row::new(tables::AUDIT, row.id).with(OF_EARLIER_ROW, true);
        unit.update_as_platform(
            "tell the history of a row from that of an earlier one with its id",
            closed,
        )?;
    }
    Ok(())
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

/// The changes of one row, as the platform writes them: `{"changedAttributes":[…]}`, each
/// `{"logicalName": …, "oldValue": …, "newValue": …}`. Written straight into one text: every
/// Create has dozens of them.
struct Changes(Vec<u8>);

/// A value as it is recorded.
struct Recorded<'a>(&'a Value);

impl Serialize for Recorded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            Value::Lookup(reference) => serializer.collect_str(&format_args!("{},{}", reference.table, reference.id)),
            Value::Text(text) if text.len() > LONGEST => {
                serializer.collect_str(&format_args!("({} characters)", text.chars().count()))
            }
            Value::Text(text) => serializer.serialize_str(text),
            Value::Int(number) | Value::Choice(number) => serializer.serialize_i32(*number),
            value => json::from_value(value).serialize(serializer),
        }
    }
}

const BEGIN: &[u8] = b"{\"changedAttributes\":[";

impl Changes {
    fn new() -> Self {
        let mut text = Vec::with_capacity(2_048);
        text.extend_from_slice(BEGIN);
        Self(text)
    }

    fn is_empty(&self) -> bool {
        self.0.len() == BEGIN.len()
    }

    fn add(&mut self, name: &str, old: &Value, new: &Value) -> Result<()> {
        if !self.is_empty() {
            self.0.push(b',');
        }
        self.put(name, old, new)
            .map_err(|error| Error::host(format!("the change of `{name}` cannot be recorded: {error}")))
    }

    fn put(&mut self, name: &str, old: &Value, new: &Value) -> serde_json::Result<()> {
        self.0.extend_from_slice(b"{\"logicalName\":");
        serde_json::to_writer(&mut self.0, name)?;
        self.0.extend_from_slice(b",\"oldValue\":");
        serde_json::to_writer(&mut self.0, &Recorded(old))?;
        self.0.extend_from_slice(b",\"newValue\":");
        serde_json::to_writer(&mut self.0, &Recorded(new))?;
        self.0.push(b'}');
        Ok(())
    }

    fn end(mut self) -> String {
        self.0.extend_from_slice(b"]}");
        String::from_utf8(self.0).unwrap_or_default()
    }
}

/// Whose doing a change is. What the platform does to rows along with a message (a merge, links that are
/// emptied) is the doing of whoever sent that. What it makes of a change of the configuration, such as the
/// copies of a role, is its own, which nobody takes back by itself.
fn author(change: &RowChange<'_>) -> Author {
    let cause = change.operation.and_then(Operation::cause);
    let follows = matches!(change.cause, Cause::Platform(_)) && !undo::configures(&change.table);
    match cause.filter(|_| follows) {
        Some(message) => Author {
            user: message.user,
            ..change.by
        },
        None => change.by,
    }
}

fn record(unit: &mut Unit, by: &Author, target: &Reference, action: Action, changes: Changes) -> Result<()> {
    let user = |id| Reference::new(tables::USER, id);
    let row = Row::new(tables::AUDIT, unit.new_id())
        .with("objectid", target.id)
        .with("objecttypecode", &*target.table)
        .with("operation", action.sort().value())
        .with("action", action.value())
        .with("userid", user(by.user))
        .with("callinguserid", user(by.initiating))
        .with("createdon", by.when)
        .with("transactionid", by.correlation)
        .with("changedata", changes.end());
    unit.insert_as_platform("record who changed what", row)
        .map_err(|mut error| {
            let body = error.body_mut();
            body.message = format!("the change cannot be recorded: {}", body.message);
            error
        })
}

#[cfg(test)]
mod tests;
