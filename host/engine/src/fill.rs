//! What the platform itself puts into rows: owner, state and status, defaults, currency and base
//! amounts, full names. Who, when and the version number are stamped where the row is written.

use sluice_access::{OwnerToBe, PrincipalId};
use sluice_model::{
    Code, ColumnDef, ColumnType, Error, MADE_ELSEWHERE, Name, Ownership, PrincipalKind, Reference, Required, Result,
    Right, Row, TableDef, Timestamp, Uuid, Value, coerce,
};

mod amounts;
mod foreseen;
mod names;

pub(crate) use amounts::check_currency;
use amounts::{amounts, base_currency, keep_currency};
pub use foreseen::made_of;

use crate::{Operation, Unit, change::Why, message, tables};

/// The columns that were sent, checked and in their stored form.
pub fn checked(table: &TableDef, sent: &Row) -> Result<Row> {
    let mut row = Row::new(table.name.clone(), sent.id);
    for (name, value) in &sent.values {
        let column = coerce::column(table, name)?;
        if let (ColumnType::Status { options }, Some(status)) = (&column.kind, value.as_int())
            && !options.iter().any(|option| option.value == status)
        {
            let state = sent.int("statecode").unwrap_or_default();
            return Err(wrong_status(table, sent, status, state));
        }
        row.values
            .insert(name.clone(), coerce::check(table, column, value.clone())?);
    }
    Ok(row)
}

/// Whom a new row will belong to.
pub(crate) struct NewOwner(Ownership, OwnerToBe);

impl NewOwner {
    pub(crate) fn as_owner(&self) -> Option<PrincipalId> {
        (self.0 == Ownership::User).then_some(PrincipalId {
            id: self.1.id,
            kind: self.1.kind,
        })
    }

    pub(crate) fn business_unit(&self) -> Option<sluice_model::Uuid> {
        matches!(self.0, Ownership::User | Ownership::Business).then_some(self.1.business_unit)
    }
}

impl std::ops::Deref for NewOwner {
    type Target = OwnerToBe;
    fn deref(&self) -> &OwnerToBe {
        &self.1
    }
}

/// The owner of a new row: the one that was sent, else the caller. Writes the owning columns.
pub(crate) fn owner(unit: &mut Unit, operation: &Operation, table: &TableDef, row: &mut Row) -> Result<NewOwner> {
    let caller = operation.principal.clone();
    let owner = match table.ownership {
        Ownership::User => {
            refuse_nobody(table, row)?;
            let chosen = row.lookup("ownerid").cloned();
            let mut owner = match &chosen {
                Some(chosen) if *chosen != caller.identity().reference() => new_owner(unit, operation, table, chosen)?,
                _ => OwnerToBe {
                    id: caller.id(),
                    kind: caller.kind(),
                    business_unit: caller.business_unit(),
                },
            };
            let sent = row.id_of(OWNING_UNIT);
            if let Some(chosen) = sent.filter(|_| unit.snapshot.settings.across.is_on) {
                check_unit(unit, operation, table, chosen)?;
            }
            owner.business_unit = lies(unit, row, Whose::New(caller.business_unit()), owner.business_unit);
            set_owner(row, &owner);
            owner
        }
        Ownership::Business if &*table.name == tables::BUSINESS_UNIT => OwnerToBe::unit(
            row.id_of("parentbusinessunitid")
                .unwrap_or_else(|| caller.business_unit()),
        ),
        Ownership::Business => {
            let chosen = row.id_of("businessunitid").unwrap_or_else(|| caller.business_unit());
            row.set("businessunitid", Reference::new(tables::BUSINESS_UNIT, chosen));
            OwnerToBe::unit(chosen)
        }
        Ownership::Organization | Ownership::None => OwnerToBe::organization(),
    };
    Ok(NewOwner(table.ownership, owner))
}

/// The business unit of a row, as the platform keeps it.
pub(crate) const OWNING_UNIT: &str = "owningbusinessunit";

/// A row whose owner is decided.
enum Whose<'a> {
    /// It is made, by somebody of this business unit.
    New(Uuid),
    /// It is there, as it was before, and gets another owner.
    Changed(&'a Row),
}

/// In which business unit a row lies that belongs to somebody of a unit. Where rows are owned across units, it is the
/// one that was sent, or the creator's; another owner leaves it there, unless the organisation has rows move.
fn lies(unit: &Unit, row: &Row, whose: Whose<'_>, owners: Uuid) -> Uuid {
    let across = &unit.snapshot.settings.across;
    let sent = row.id_of(OWNING_UNIT);
    let lies = match whose {
        Whose::New(_) if !across.is_on => None,
        Whose::New(creators) => sent.or(Some(creators)),
        Whose::Changed(before) => sent.or_else(|| before.id_of(OWNING_UNIT).filter(|_| !across.moves_rows)),
    };
    lies.unwrap_or(owners)
}

/// A business unit that somebody puts a row into: one that is enabled, and that rows may be attached to.
fn check_unit(unit: &mut Unit, operation: &Operation, table: &TableDef, chosen: Uuid) -> Result<()> {
    let snapshot = unit.snapshot()?;
    if snapshot.is_stopped(chosen) {
        return Err(Error::said(Code::ASSIGN_TO_DISABLED_UNIT).with_table(&table.name));
    }
    let units = snapshot.table(tables::BUSINESS_UNIT)?.clone();
    unit.decide(operation, &units, Right::AppendTo, chosen).map(|_| ())
}

fn new_owner(unit: &mut Unit, operation: &Operation, table: &TableDef, chosen: &Reference) -> Result<OwnerToBe> {
    let owner = unit.principal_of(chosen)?;
    let snapshot = unit.snapshot()?;
    if snapshot.is_stopped(owner.business_unit()) {
        return Err(Error::said(Code::ASSIGN_TO_DISABLED_UNIT).with_table(&table.name));
    }
    sluice_access::check_owner_to_be(&operation.principal, table, &owner, &snapshot.privileges)?;
    Ok(OwnerToBe {
        id: owner.id(),
        kind: owner.kind(),
        business_unit: owner.business_unit(),
    })
}

/// A row always belongs to somebody.
fn refuse_nobody(table: &TableDef, row: &Row) -> Result<()> {
    match row.get("ownerid") {
        Some(Value::Null) => {
            let message = format!(
                "a row of `{}` always belongs to somebody: `ownerid` cannot be emptied",
                table.name
            );
            Err(Error::new(Code::REQUIRED_MISSING, message).with_table(&table.name))
        }
        _ => Ok(()),
    }
}

fn set_owner(row: &mut Row, owner: &OwnerToBe) {
    let reference = Reference::new(owner.kind.table(), owner.id);
    row.set("ownerid", reference.clone());
    let (user, team) = match owner.kind {
        PrincipalKind::User => (Value::Lookup(reference), Value::Null),
        PrincipalKind::Team => (Value::Null, Value::Lookup(reference)),
    };
    row.set("owninguser", user);
    row.set("owningteam", team);
    row.set(OWNING_UNIT, Reference::new(tables::BUSINESS_UNIT, owner.business_unit));
}

/// A row that nobody has made yet, filled as far as the row itself tells: what was sent,
/// checked, with defaults, state and full name.
pub fn draft(table: &TableDef, sent: &Row) -> Result<Row> {
    let mut row = checked(table, sent)?;
    defaults(table, &mut row)?;
    new_state(table, &mut row)?;
    full_name(table, &mut row, None);
    row.values.retain(|_, value| !value.is_null());
    Ok(row)
}

/// What a new row has in the columns that nobody filled.
pub(crate) fn defaults(table: &TableDef, row: &mut Row) -> Result<()> {
    for column in &table.columns {
        if let Some(default) = column.given()
            && !row.has(&column.name)
        {
            row.values
                .insert(column.name.clone(), coerce::stored(table, column, default)?);
        }
    }
    Ok(())
}

/// Fills everything that a new row needs beside what was sent.
pub(crate) fn new_row(unit: &Unit, operation: &Operation, table: &TableDef, row: &mut Row) -> Result<()> {
    names::check_name(table, row, None)?;
    new_columns(unit, operation.context.created_on, table, row)
}

/// The same, whatever the row is called.
fn new_columns(unit: &Unit, now: Timestamp, table: &TableDef, row: &mut Row) -> Result<()> {
    defaults(table, row)?;
    new_state(table, row)?;
    let earlier = row.get(MADE_ELSEWHERE).and_then(Value::as_time);
    if earlier.is_some_and(|earlier| earlier > now) {
        let message = "`overriddencreatedon` says when a row was made elsewhere: a time in the past, not the future";
        return Err(Error::invalid(message).with_table(&table.name));
    }
    if table.ownership == Ownership::Organization
        && table
            .column("organizationid")
            .is_some_and(|column| column.kind == ColumnType::Id)
    {
        row.set("organizationid", unit.snapshot.settings.id);
    }
    if is_counted(table) {
        if row.get("transactioncurrencyid").is_none_or(Value::is_null) {
            base_currency(unit, row);
        }
        amounts(unit, table, row, None)?;
    }
    full_name(table, row, None);
    row.values.retain(|_, value| !value.is_null());
    Ok(())
}

/// Refuses a new row that lacks what every row needs.
pub(crate) fn check_required(table: &TableDef, row: &Row) -> Result<()> {
    let lacks = |column: &&ColumnDef| row.get(&column.name).is_none_or(Value::is_null);
    refuse_lack(table, required(table).find(lacks))
}

/// Refuses a change that empties what every row needs.
pub(crate) fn check_still_required(table: &TableDef, change: &Row) -> Result<()> {
    let empties = |column: &&ColumnDef| change.get(&column.name).is_some_and(Value::is_null);
    refuse_lack(table, required(table).find(empties))
}

/// What a row to be made lacks, an error for each column: those that every row needs, and that
/// neither the platform nor a default fills.
pub fn lacking<'a>(table: &'a TableDef, row: &'a Row) -> impl Iterator<Item = Error> + 'a {
    let lacks = |column: &&ColumnDef| {
        let comes = column.filled || column.given().is_some();
        !comes && row.get(&column.name).is_none_or(Value::is_null)
    };
    required(table).filter(lacks).map(|column| lack(table, column))
}

fn required(table: &TableDef) -> impl Iterator<Item = &ColumnDef> {
    table
        .columns
        .iter()
        .filter(|column| column.required == Required::System)
}

fn refuse_lack(table: &TableDef, column: Option<&ColumnDef>) -> Result<()> {
    match column {
        None => Ok(()),
        Some(column) => Err(lack(table, column)),
    }
}

fn lack(table: &TableDef, column: &ColumnDef) -> Error {
    let message = format!("a row of `{}` needs the column `{}`", table.name, column.name);
    Error::new(Code::REQUIRED_MISSING, message).with_table(&table.name)
}

/// An owner among the columns of an Update: needs Assign on the row, and an owner who may
/// read it.
pub(crate) fn changed_owner(
    unit: &mut Unit,
    operation: &Operation,
    table: &TableDef,
    row: &mut Row,
    before: &Row,
) -> Result<()> {
    if table.ownership == Ownership::User {
        refuse_nobody(table, row)?;
        changed_unit(unit, operation, table, row, before)?;
    }
    let Some(chosen) = row
        .lookup("ownerid")
        .cloned()
        .filter(|_| table.ownership == Ownership::User)
    else {
        row.values.remove("ownerid");
        return Ok(());
    };
    if before.lookup("ownerid") == Some(&chosen) {
        row.values.remove("ownerid");
        return Ok(());
    }
    unit.decide(operation, table, Right::Assign, row.id)?;
    let mut owner = new_owner(unit, operation, table, &chosen)?;
    owner.business_unit = lies(unit, row, Whose::Changed(before), owner.business_unit);
    set_owner(row, &owner);
    if unit.snapshot.settings.share_to_previous_owner
        && let Some(previous) = before.lookup("ownerid")
    {
        let rights = sluice_model::Rights::of(&[
            Right::Read,
            Right::Write,
            Right::Delete,
            Right::Append,
            Right::AppendTo,
            Right::Assign,
            Right::Share,
        ]);
        message::share(unit, &row.reference(), previous, rights)?;
    }
    Ok(())
}

/// Another business unit for a row; a row always lies in one.
fn changed_unit(unit: &mut Unit, operation: &Operation, table: &TableDef, row: &mut Row, before: &Row) -> Result<()> {
    if operation.why != Why::Asked || !row.has(OWNING_UNIT) {
        return Ok(());
    }
    match row
        .id_of(OWNING_UNIT)
        .filter(|chosen| before.id_of(OWNING_UNIT) != Some(*chosen))
    {
        Some(chosen) => check_unit(unit, operation, table, chosen),
        None => {
            row.values.remove(OWNING_UNIT);
            Ok(())
        }
    }
}

/// Fills what every Update changes.
///
/// `hidden` are the columns of which whoever changes the row is told nothing.
pub(crate) fn changed_row(
    unit: &Unit,
    table: &TableDef,
    (row, before): (&mut Row, &Row),
    hidden: &[Name],
) -> Result<()> {
    names::check_name(table, row, Some(before))?;
    changed_columns(unit, table, (row, before), hidden)
}

/// The same, whatever the row is called.
fn changed_columns(unit: &Unit, table: &TableDef, (row, before): (&mut Row, &Row), hidden: &[Name]) -> Result<()> {
    changed_state(table, row, before)?;
    if row.int("statecode") == Some(0) && before.bool("merged") == Some(true) {
        // Whoever takes a merged row up again has a row of its own.
        row.set("merged", false);
        row.set("masterid", Value::Null);
    }
    if is_counted(table) {
        keep_currency(unit, table, (row, before), hidden)?;
        amounts(unit, table, row, Some(before))?;
    }
    full_name(table, row, Some(before));
    Ok(())
}

fn wrong_status(table: &TableDef, row: &Row, status: i32, state: i32) -> Error {
    let (states, statuses) = table.states().unwrap_or_default();
    let label = states
        .iter()
        .find(|option| option.value == state)
        .map_or_else(|| state.to_string(), |option| option.label.clone());
    let valid: Vec<String> = statuses
        .iter()
        .filter(|option| option.state == Some(state))
        .map(|option| format!("{} ({})", option.value, option.label))
        .collect();
    Error::new(
        Code::INVALID_STATE,
        format!(
            "{status} is not a valid status code for state code {}State.{label} on {} with Id {}. Valid there: {}.",
            table.schema,
            table.name,
            row.id,
            valid.join(", ")
        ),
    )
    .with_table(&table.name)
}

fn new_state(table: &TableDef, row: &mut Row) -> Result<()> {
    let Some((states, statuses)) = table.states() else {
        return Ok(());
    };
    let status = row.int("statuscode");
    let of_status = status
        .and_then(|status| statuses.iter().find(|option| option.value == status))
        .and_then(|option| option.state);
    let state = row
        .int("statecode")
        .or_else(|| states.first().map(|option| option.value))
        .unwrap_or_default();
    match status {
        Some(status) if of_status.is_some_and(|of| of != state) => return Err(wrong_status(table, row, status, state)),
        Some(_) => {}
        None => set_default_status(table, row, state),
    }
    row.set("statecode", Value::Choice(state));
    Ok(())
}

fn set_default_status(table: &TableDef, row: &mut Row, state: i32) {
    let default = table
        .states()
        .and_then(|(states, _)| states.iter().find(|option| option.value == state))
        .and_then(|option| option.default_status);
    if let Some(status) = default {
        row.set("statuscode", Value::Choice(status));
    }
}

fn changed_state(table: &TableDef, row: &mut Row, before: &Row) -> Result<()> {
    let Some((_, statuses)) = table.states() else {
        return Ok(());
    };
    if let Some(column) = ["statecode", "statuscode"]
        .iter()
        .find(|column| row.get(column) == Some(&Value::Null))
    {
        let message = format!(
            "`{column}` of a row of `{}` cannot be emptied: a row always has a state",
            table.name
        );
        return Err(Error::new(Code::INVALID_STATE, message).with_table(&table.name));
    }
    let (state, status) = (row.int("statecode"), row.int("statuscode"));
    let goal = state.or(before.int("statecode")).unwrap_or_default();
    match status {
        Some(status) => {
            let of = statuses
                .iter()
                .find(|option| option.value == status)
                .and_then(|option| option.state);
            if of.is_some_and(|of| of != goal) {
                return Err(wrong_status(table, row, status, goal));
            }
        }
        None if state.is_some() && state != before.int("statecode") => set_default_status(table, row, goal),
        None => {}
    }
    Ok(())
}

/// `fullname` is made of first and last name.
fn full_name(table: &TableDef, row: &mut Row, before: Option<&Row>) {
    if !is_named_by_parts(table) || !(row.has("firstname") || row.has("lastname")) {
        return;
    }
    let part = |column: &str| match row.get(column) {
        Some(value) => value.as_text().unwrap_or_default().to_owned(),
        None => before
            .and_then(|before| before.text(column))
            .unwrap_or_default()
            .to_owned(),
    };
    let name = format!("{} {}", part("firstname"), part("lastname"));
    let name = name.trim();
    row.set(
        "fullname",
        if name.is_empty() {
            Value::Null
        } else {
            Value::from(name)
        },
    );
}

fn is_named_by_parts(table: &TableDef) -> bool {
    table.column("fullname").is_some_and(|column| column.filled) && table.column("firstname").is_some()
}

/// Whether the platform counts the amounts of a table's rows in the organisation's currency as well.
fn is_counted(table: &TableDef) -> bool {
    table.column("exchangerate").is_some_and(|rate| rate.filled)
}
