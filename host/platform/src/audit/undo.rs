//! Takes back the last change of what an organisation is configured by, as the audit trail tells it: as
//! ordinary messages, in the name and with the privileges of whoever takes it back. Where something is
//! no longer as the change left it, nothing is taken back.

mod kind;

use serde_json::Value as Json;
use sluice_engine::{Batch, Session, tables};
use sluice_model::{
    ColumnDef, ColumnType, Depth, Error, Filter, Order, Parameter, Query, Reference, Request, Result, Row, TableDef,
    Timestamp, Uuid, Value, coerce, json,
};

use super::{LONGEST, PRIVILEGES};
use kind::{TABLES, check_kind, is_copy_now, is_link, of_people};

/// A request that changed more rows is not taken back.
const MOST: u32 = 500;

/// Takes back changes.
pub trait Undo {
    /// Takes back the last change of the row, or, without one, the last request that changed steps,
    /// roles, duplicate rules or settings, as a whole; all of it or nothing. Not `in_earnest`, it is only
    /// tried.
    ///
    /// # Errors
    /// There is no such change, the last one was of another kind, this user may not read it, something is no
    /// longer as it left it, it cannot be taken back, or what takes it back is refused.
    fn undo(&self, what: Option<&Reference>, in_earnest: bool) -> Result<Undone>;
}

/// What was taken back.
#[derive(Debug, Clone)]
pub struct Undone {
    /// Who had changed it.
    pub by: Reference,
    /// When.
    pub when: Timestamp,
    /// Each change, the last one first.
    pub changes: Vec<TakenBack>,
    /// The jobs that began with it, such as the publishing of a rule.
    pub jobs: Vec<Uuid>,
}

/// One change that was taken back.
#[derive(Debug, Clone)]
pub struct TakenBack {
    /// The row.
    pub row: Reference,
    /// What it was called, where the change tells.
    pub name: Option<String>,
    /// What it was: a number of `audit.action`.
    pub action: i32,
    /// Each column or privilege, with what it is now and what it becomes.
    pub columns: Vec<(String, Json, Json)>,
}

impl Undo for Session {
    fn undo(&self, what: Option<&Reference>, in_earnest: bool) -> Result<Undone> {
        let work = |batch: &mut Batch<'_>| {
            let records = last_change(batch, what)?;
            let Some(first) = records.first() else {
                return Err(nothing(what));
            };
            let (by, when) = (first.by.clone(), first.when);
            let mut undone = Undone {
                by,
                when,
                changes: Vec::new(),
                jobs: Vec::new(),
            };
            for record in &records {
                undone.changes.extend(record.take_back(batch, &mut undone.jobs)?);
            }
            match undone.changes.is_empty() {
                true => Err(nothing(what)),
                false => Ok(undone),
            }
        };
        match in_earnest {
            true => self.batch(work),
            false => self.rehearse(work),
        }
    }
}

fn nothing(what: Option<&Reference>) -> Error {
    let of = what.map_or_else(
        || "steps, roles, duplicate rules and settings".to_owned(),
        ToString::to_string,
    );
    Error::invalid(format!("no change of {of} is on record that could be taken back"))
}

/// A change on record.
struct Record {
    id: Uuid,
    row: Reference,
    action: i32,
    by: Reference,
    when: Timestamp,
    request: Option<Uuid>,
    /// Name, from what, to what.
    columns: Vec<(String, Json, Json)>,
}

/// The records of the last request that changed something, the newest first.
fn last_change(batch: &mut Batch<'_>, what: Option<&Reference>) -> Result<Vec<Record>> {
    let tables = TABLES.iter().map(|table| Value::from(*table));
    let of_tables = Filter::In {
        column: "objecttypecode".into(),
        values: tables.collect(),
    };
    let about = match what {
        Some(row) => Filter::eq("objectid", row.id)
            .and(Filter::eq("objecttypecode", &*row.table))
            .and(Filter::eq("sl_ofearlierrow", true).negated()),
        None => of_tables.clone(),
    };
    let about = about.and(of_people(batch)?);
    if what.is_none() {
        check_kind(batch)?;
    }
    let newest = batch.list(newest_first(about.clone()).top(1))?;
    let Some(newest) = newest.first() else {
        return Ok(Vec::new());
    };
    let newest = Record::of(newest)?;
    let Some(request) = newest.request else {
        return Ok(vec![newest]);
    };
    let of_request = about.and(Filter::eq("transactionid", request));
    let rows = batch.list(newest_first(of_request).top(MOST + 1))?;
    if rows.len() > MOST as usize {
        return Err(Error::invalid(format!(
            "the last request changed more than {MOST} rows: that is not taken back at once; name one of them"
        )));
    }
    let mut records: Vec<Record> = Vec::new();
    for row in &rows {
        let record = Record::of(row)?;
        // One request may change a row several times; what counts is how it was before the first.
        match records.iter_mut().find(|later| record.is_followed_by(later)) {
            Some(later) => later.follows(record),
            None => records.push(record),
        }
    }
    Ok(records)
}

/// Whether a text is the changes of a row.
pub(super) fn are_changes(text: &str) -> bool {
    let changes = serde_json::from_str::<Json>(text).unwrap_or_default();
    let all = changes.get("changedAttributes").and_then(Json::as_array);
    let is_one = |change: &Json| ["oldValue", "newValue"].iter().all(|name| change.get(name).is_some());
    let is_named = |change: &Json| change.get("logicalName").is_some_and(Json::is_string);
    all.is_some_and(|all| all.iter().all(|change| is_named(change) && is_one(change)))
}

fn newest_first(filter: Filter) -> Query {
    let mut query = Query::new(tables::AUDIT).filter(filter);
    query.order = ["createdon", "auditid"]
        .map(|column| Order {
            column: column.into(),
            descending: true,
        })
        .to_vec();
    query
}

impl Record {
    fn of(row: &Row) -> Result<Self> {
        let broken = || Error::host(format!("the record {} of the audit trail is broken", row.id));
        let table = row.text("objecttypecode").ok_or_else(broken)?;
        let target = Reference::new(table, row.id_of("objectid").ok_or_else(broken)?);
        let Some(changes) = row.text(tables::CHANGES) else {
            return Err(Error::invalid(format!(
                "what was changed of {target} is not shown to you, because the row is not yours to read; whoever may read \
                 it can take the change back"
            ))
            .with_table(table));
        };
        let changes: Json = serde_json::from_str(changes).map_err(|_| broken())?;
        let column = |change: &Json| {
            let part = |name: &str| change.get(name).cloned().unwrap_or_default();
            (
                part("logicalName").as_str().unwrap_or_default().to_owned(),
                part("oldValue"),
                part("newValue"),
            )
        };
        Ok(Self {
            id: row.id,
            row: target,
            action: row.int("action").ok_or_else(broken)?,
            by: row.lookup("userid").cloned().ok_or_else(broken)?,
            when: row.get("createdon").and_then(Value::as_time).ok_or_else(broken)?,
            request: row.id_of("transactionid"),
            columns: changes
                .get("changedAttributes")
                .and_then(Json::as_array)
                .into_iter()
                .flatten()
                .map(column)
                .collect(),
        })
    }

    /// Whether a later change of the same request only went on with it.
    fn is_followed_by(&self, later: &Self) -> bool {
        let is_change = |action: i32| operation(action) == 2 && !is_link(action);
        let same_sort = (self.action == PRIVILEGES) == (later.action == PRIVILEGES);
        self.row == later.row
            && same_sort
            && is_change(later.action)
            && !is_link(self.action)
            && operation(self.action) != 3
    }

    /// Takes an earlier change of the same row in: what it was before that.
    fn follows(&mut self, earlier: Self) {
        self.action = earlier.action;
        for (name, old, new) in earlier.columns {
            match self.columns.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, before, _)) => *before = old,
                None => self.columns.push((name, old, new)),
            }
        }
    }

    /// Sends what takes it back; nothing, where the platform's own bookkeeping is all that it changed.
    fn take_back(&self, batch: &mut Batch<'_>, jobs: &mut Vec<Uuid>) -> Result<Option<TakenBack>> {
        let table = batch.unit().catalog().table(&self.row.table)?.clone();
        match (self.action, operation(self.action)) {
            (PRIVILEGES, _) => self.regrant(batch).map(Some),
            // A copy comes, changes and goes with what it is a copy of.
            (_, 1 | 2) if self.is_copy(batch)? => Ok(None),
            (_, 1) => self.unmake(batch, &table).map(Some),
            (_, 3) => self.make_again(batch, &table).map(Some),
            (action, _) if is_link(action) => {
                Err(self.refusal("who has it or may use it is given and taken by itself"))
            }
            _ => self.change_back(batch, &table, jobs),
        }
    }

    /// What a role held, it holds again.
    fn regrant(&self, batch: &mut Batch<'_>) -> Result<TakenBack> {
        let held = batch.execute(Request::new("RetrieveRolePrivilegesRole").with("RoleId", Value::Id(self.row.id)))?;
        let held = match held.outputs.get("RolePrivileges") {
            Some(Parameter::Rows(held)) => held.clone(),
            _ => Vec::new(),
        };
        for (privilege, old, new) in &self.columns {
            let now = held
                .iter()
                .find(|row| {
                    row.text("PrivilegeName")
                        .is_some_and(|name| name.eq_ignore_ascii_case(privilege))
                })
                .and_then(|row| Depth::from_number(row.int("Depth")?));
            if now.map(Depth::label) != new.as_str() {
                return Err(self.moved_on(privilege));
            }
            let request = match old.as_str().and_then(Depth::parse) {
                Some(depth) => {
                    let granted = Row::unsaved("roleprivilege")
                        .with("PrivilegeName", privilege.as_str())
                        .with("Depth", depth.number());
                    Request::new("AddPrivilegesRole")
                        .with("RoleId", Value::Id(self.row.id))
                        .with("Privileges", Parameter::Rows(vec![granted]))
                }
                None => {
                    let wanted = Query::new(tables::PRIVILEGE)
                        .columns(&[])
                        .filter(Filter::eq("name", privilege.as_str()));
                    let wanted = batch.list(wanted)?.first().map(|row| row.id);
                    let wanted = wanted.ok_or_else(|| self.moved_on(privilege))?;
                    Request::new("RemovePrivilegeRole")
                        .with("RoleId", Value::Id(self.row.id))
                        .with("PrivilegeId", Value::Id(wanted))
                }
            };
            batch.execute(request)?;
        }
        Ok(self.told(self.columns.clone()))
    }

    /// Whether the row is or was the platform's copy of another one, such as that of a role in a business unit
    /// below the role's own.
    fn is_copy(&self, batch: &mut Batch<'_>) -> Result<bool> {
        let catalog = batch.unit().catalog();
        let Some(column) = catalog.find(&self.row.table).and_then(|table| table.copy_of.clone()) else {
            return Ok(false);
        };
        let is_told = |(name, old, new): &(String, Json, Json)| **name == *column && !(old.is_null() && new.is_null());
        Ok(self.columns.iter().any(is_told) || is_copy_now(batch, &self.row)?)
    }

    /// A row that was made goes again.
    fn unmake(&self, batch: &mut Batch<'_>, table: &TableDef) -> Result<TakenBack> {
        self.check(batch, table, &self.columns)?;
        batch.execute(Request::delete(self.row.clone()))?;
        Ok(self.told(Vec::new()))
    }

    /// A row that was deleted comes back, with its id.
    fn make_again(&self, batch: &mut Batch<'_>, table: &TableDef) -> Result<TakenBack> {
        if *table.name == *tables::ROLE {
            return Err(self.refusal("what a deleted role held, and who had it, went with it"));
        }
        let mut row = Row::new(table.name.clone(), self.row.id);
        for (name, old, _) in self.columns.iter().filter(|(_, old, _)| !old.is_null()) {
            if name == "sdkmessageprocessingstepsecureconfigid" {
                return Err(self.refusal("its secure configuration went with it, and is on no record"));
            }
            match table.column(name) {
                Some(column) if is_own(table, column) => row.set(name.as_str(), self.value(table, column, old)?),
                _ => {}
            }
        }
        if *table.name == *tables::DUPLICATE_RULE {
            // A rule that is made is a draft.
            row.values.remove("statecode");
            row.values.remove("statuscode");
        }
        batch.execute(Request::create(row))?;
        Ok(self.told(Vec::new()))
    }

    /// The columns of a row get the values that they had.
    fn change_back(&self, batch: &mut Batch<'_>, table: &TableDef, jobs: &mut Vec<Uuid>) -> Result<Option<TakenBack>> {
        let is_rule = *table.name == *tables::DUPLICATE_RULE;
        let is_state = |name: &str| matches!(name, "statecode" | "statuscode");
        let own = |name: &str| table.column(name).is_some_and(|column| is_own(table, column));
        let columns: Vec<_> = self.columns.iter().filter(|(name, ..)| own(name)).cloned().collect();
        if columns.is_empty() {
            return Ok(None);
        }
        self.check(batch, table, &columns)?;
        let mut row = Row::new(table.name.clone(), self.row.id);
        for (name, old, _) in columns.iter().filter(|(name, ..)| !(is_rule && is_state(name))) {
            if let Some(column) = table.column(name) {
                row.set(name.as_str(), self.value(table, column, old)?);
            }
        }
        if !row.values.is_empty() {
            batch.execute(Request::update(row))?;
        }
        // Rules come to work and out of it by messages of their own.
        let state = columns.iter().find(|(name, ..)| is_rule && name == "statecode");
        if let Some((_, old, _)) = state {
            let message = match old.as_i64() {
                Some(0) => "UnpublishDuplicateRule",
                _ => "PublishDuplicateRule",
            };
            let answer = batch.execute(Request::new(message).with("DuplicateRuleId", Value::Id(self.row.id)))?;
            if let Some(Parameter::Value(Value::Id(job))) = answer.outputs.get("JobId") {
                jobs.push(*job);
            }
        }
        Ok(Some(self.told(columns)))
    }

    /// Whether the row is as the change left it.
    fn check(&self, batch: &mut Batch<'_>, table: &TableDef, columns: &[(String, Json, Json)]) -> Result<()> {
        let response = batch.execute(Request::retrieve(self.row.clone(), &[]))?;
        let row = response.row().cloned().ok_or_else(|| self.refusal("it is gone"))?;
        for (name, _, new) in columns {
            let column = table.column(name).filter(|column| is_own(table, column));
            if column.is_some() && recorded(row.get(name).unwrap_or(&Value::Null)) != *new {
                return Err(self.moved_on(name));
            }
        }
        Ok(())
    }

    /// A recorded value as the column has it.
    fn value(&self, table: &TableDef, column: &ColumnDef, old: &Json) -> Result<Value> {
        if let (ColumnType::Lookup { .. }, Some((of, id))) =
            (&column.kind, old.as_str().and_then(|text| text.split_once(',')))
        {
            let id = id.parse().map_err(|_| self.refusal("its record cannot be read"))?;
            return Ok(Value::Lookup(Reference::new(of, id)));
        }
        let cut = |text: &str| text.starts_with('(') && text.ends_with(" characters)");
        if old.as_str().is_some_and(cut) {
            let reason = format!(
                "`{}` was a text of more than {LONGEST} bytes, which is on no record",
                column.name
            );
            return Err(self.refusal(&reason));
        }
        coerce::from_json(table, column, old)
    }

    fn told(&self, columns: Vec<(String, Json, Json)>) -> TakenBack {
        let name = self.columns.iter().find(|(name, ..)| name == "name");
        let name = name.and_then(|(_, old, new)| new.as_str().or(old.as_str()));
        TakenBack {
            row: self.row.clone(),
            name: name.map(ToOwned::to_owned),
            action: self.action,
            columns: columns.into_iter().map(|(name, old, new)| (name, new, old)).collect(),
        }
    }

    fn refusal(&self, reason: &str) -> Error {
        Error::invalid(format!(
            "the last change of {} cannot be taken back: {reason}",
            self.row
        ))
        .with_table(&self.row.table)
    }

    fn moved_on(&self, name: &str) -> Error {
        let reason = format!("`{name}` is no longer what the change left ({})", self.id);
        self.refusal(&reason)
    }
}

/// What sort of change an action is, as `audit.operation` says it: 1 Create, 3 Delete.
fn operation(action: i32) -> i32 {
    match action {
        1 | 3 => action,
        _ => 2,
    }
}

/// Whether a column is written by whoever changes the row, and not kept by the platform.
fn is_own(table: &TableDef, column: &ColumnDef) -> bool {
    !column.filled && column.name != table.key && !matches!(&*column.name, "sl_enabledbefore" | "eventhandler")
}

/// A value as it is recorded.
fn recorded(value: &Value) -> Json {
    match value {
        Value::Lookup(reference) => format!("{},{}", reference.table, reference.id).into(),
        Value::Text(text) if text.len() > LONGEST => format!("({} characters)", text.chars().count()).into(),
        value => json::from_value(value),
    }
}
