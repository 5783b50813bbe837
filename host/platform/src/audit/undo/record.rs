//! A change on record, and what takes it back.

use serde_json::Value as Json;
use sluice_engine::{Batch, tables};
use sluice_model::{
    Code, ColumnDef, ColumnType, Depth, Error, Filter, Parameter, Query, Reference, Request, Result, Row, TableDef,
    Timestamp, Uuid, Value, coerce, json,
};

use super::{TakenBack, kind::is_copy_now};
use crate::audit::{Action, LONGEST, Sort};

/// Rules are made as drafts, and change their state by being published.
const DUPLICATE_RULE: &str = "duplicaterule";

/// `workflow.statecode` of a process that is at work: it is changed as a draft.
const PROCESS_ON: i32 = 1;

/// `workflow.category` of process flows.
const FLOW: &str = "4";

/// The column that refers to the secure configuration of a step.
pub(super) const SECRET: &str = "sdkmessageprocessingstepsecureconfigid";

/// A change on record.
pub(super) struct Record {
    pub(super) id: Uuid,
    pub(super) row: Reference,
    pub(super) action: Action,
    pub(super) by: Reference,
    pub(super) when: Timestamp,
    pub(super) request: Option<Uuid>,
    /// Name, from what, to what.
    pub(super) columns: Vec<(String, Json, Json)>,
}

impl Record {
    pub(super) fn of(row: &Row) -> Result<Self> {
        let broken = || Error::host(format!("the record {} of the audit trail is broken", row.id));
        let table = row.text("objecttypecode").ok_or_else(broken)?;
        let target = Reference::new(table, row.id_of("objectid").ok_or_else(broken)?);
        let Some(changes) = row.text(tables::CHANGES) else {
            return Err(Error::invalid(format!(
                "what was changed of {target} is not shown to you, because the row is not yours to read; whoever may read \
                 it can take the change back"
            ))
            .in_case(&super::NOT_TAKEN_BACK)
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
            action: row.int("action").and_then(Action::of).ok_or_else(broken)?,
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
    pub(super) fn is_followed_by(&self, later: &Self) -> bool {
        let is_change = |action: Action| action.sort() == Sort::Update && !action.is_link();
        let same_sort = (self.action == Action::Privileges) == (later.action == Action::Privileges);
        self.row == later.row
            && same_sort
            && is_change(later.action)
            && !self.action.is_link()
            && self.action.sort() != Sort::Delete
    }

    /// Takes an earlier change of the same row in: what it was before that.
    pub(super) fn follows(&mut self, earlier: Self) {
        self.action = earlier.action;
        for (name, old, new) in earlier.columns {
            match self.columns.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, before, _)) => *before = old,
                None => self.columns.push((name, old, new)),
            }
        }
    }

    /// Sends what takes it back; nothing, where the platform's own bookkeeping is all that it changed.
    pub(super) fn take_back(&self, batch: &mut Batch<'_>, jobs: &mut Vec<Uuid>) -> Result<Option<TakenBack>> {
        let table = batch.unit().catalog().table(&self.row.table)?.clone();
        match (self.action, self.action.sort()) {
            (Action::Privileges, _) => self.regrant(batch).map(Some),
            // A copy comes, changes and goes with what it is a copy of.
            _ if self.is_copy(batch)? => Ok(None),
            _ if *self.row.table == *tables::SECURE_CONFIG => self.forget_secret(batch),
            (_, Sort::Create) => self.unmake(batch, &table).map(Some),
            (_, Sort::Delete) => self.make_again(batch, &table).map(Some),
            (action, Sort::Update) if action.is_link() => {
                Err(self.refusal("who has it or may use it is given and taken by itself"))
            }
            (_, Sort::Update) => self.change_back(batch, &table, jobs),
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
    pub(super) fn is_copy(&self, batch: &mut Batch<'_>) -> Result<bool> {
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

    /// A secure configuration that was made goes, unless it went with its step. What one was is on no record.
    fn forget_secret(&self, batch: &mut Batch<'_>) -> Result<Option<TakenBack>> {
        if self.action != Action::Create {
            return Err(self.refusal(NO_SECRET));
        }
        match is_there(batch, &self.row)? {
            true => batch.execute(Request::delete(self.row.clone())).map(|_| ())?,
            false => return Ok(None),
        }
        Ok(Some(self.told(Vec::new())))
    }

    /// A step does not come back without the secure configuration that it had.
    fn check_secret(&self, batch: &mut Batch<'_>, column: &str, value: &Value) -> Result<()> {
        match value {
            Value::Lookup(secret) if column == SECRET && !is_there(batch, secret)? => Err(self.refusal(NO_SECRET)),
            _ => Ok(()),
        }
    }

    /// A row that was deleted comes back, with its id.
    fn make_again(&self, batch: &mut Batch<'_>, table: &TableDef) -> Result<TakenBack> {
        if *table.name == *tables::ROLE {
            return Err(self.refusal("what a deleted role held, and who had it, went with it"));
        }
        let is_flow = |(name, old, _): &(String, Json, Json)| name == "category" && *old == FLOW;
        if *table.name == *tables::PROCESS && self.columns.iter().any(is_flow) {
            return Err(self.refusal("the stages of a deleted process flow went with it"));
        }
        if *table.name == *tables::PROFILE {
            return Err(self.refusal("who had a deleted profile is on no record of its own"));
        }
        let mut row = Row::new(table.name.clone(), self.row.id);
        for (name, old, _) in self.columns.iter().filter(|(_, old, _)| !old.is_null()) {
            match table.column(name) {
                Some(column) if is_own(table, column) => {
                    let value = self.value(table, column, old)?;
                    self.check_secret(batch, name, &value)?;
                    row.set(name.as_str(), value);
                }
                _ => {}
            }
        }
        if *table.name == *DUPLICATE_RULE {
            // A rule that is made is a draft.
            row.values.remove("statecode");
            row.values.remove("statuscode");
        }
        batch.execute(Request::create(row))?;
        Ok(self.told(Vec::new()))
    }

    /// The columns of a row get the values that they had.
    fn change_back(&self, batch: &mut Batch<'_>, table: &TableDef, jobs: &mut Vec<Uuid>) -> Result<Option<TakenBack>> {
        let is_rule = *table.name == *DUPLICATE_RULE;
        let is_state = |name: &str| matches!(name, "statecode" | "statuscode");
        let own = |name: &str| table.column(name).is_some_and(|column| is_own(table, column));
        let columns: Vec<_> = self.columns.iter().filter(|(name, ..)| own(name)).cloned().collect();
        if columns.is_empty() {
            return Ok(None);
        }
        self.check(batch, table, &columns)?;
        if *table.name == *tables::PROCESS {
            self.switch_back(batch, table, &columns)?;
            return Ok(Some(self.told(columns)));
        }
        let mut row = Row::new(table.name.clone(), self.row.id);
        for (name, old, _) in columns.iter().filter(|(name, ..)| !(is_rule && is_state(name))) {
            if let Some(column) = table.column(name) {
                let value = self.value(table, column, old)?;
                self.check_secret(batch, name, &value)?;
                row.set(name.as_str(), value);
            }
        }
        if !row.values.is_empty() {
            batch.execute(Request::update(row))?;
        }
        if let Some(message) = self.publishing().filter(|_| is_rule) {
            let answer = batch.execute(Request::new(message).with("DuplicateRuleId", Value::Id(self.row.id)))?;
            if let Some(Parameter::Value(Value::Id(job))) = answer.outputs.get("JobId") {
                jobs.push(*job);
            }
        }
        Ok(Some(self.told(columns)))
    }

    /// A process is changed as a draft: what was changed beside its state is changed back while it is one.
    fn switch_back(&self, batch: &mut Batch<'_>, table: &TableDef, columns: &[(String, Json, Json)]) -> Result<()> {
        let is_state = |name: &str| matches!(name, "statecode" | "statuscode");
        let mut state = Row::new(table.name.clone(), self.row.id);
        let mut rest = state.clone();
        for (name, old, _) in columns {
            if let Some(column) = table.column(name) {
                let row = if is_state(name) { &mut state } else { &mut rest };
                row.set(name.as_str(), self.value(table, column, old)?);
            }
        }
        let mut changes = [state, rest];
        if changes.iter().any(|row| row.int("statecode") == Some(PROCESS_ON)) {
            changes.reverse();
        }
        for row in changes.into_iter().filter(|row| !row.values.is_empty()) {
            batch.execute(Request::update(row))?;
        }
        Ok(())
    }

    /// Rules come to work and out of it by messages of their own: the one that takes the change of the state back.
    fn publishing(&self) -> Option<&'static str> {
        let of = |column: &str| self.columns.iter().find(|(name, ..)| name == column);
        let (_, old, _) = of("statecode").or_else(|| of("statuscode"))?;
        Some(match old.as_i64() {
            Some(0) => "UnpublishDuplicateRule",
            _ => "PublishDuplicateRule",
        })
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
        // Conditions have no names.
        let named = ["name", "baseattributename"];
        let name = self.columns.iter().find(|(name, ..)| named.contains(&name.as_str()));
        let name = name.and_then(|(_, old, new)| new.as_str().or(old.as_str()));
        TakenBack {
            row: self.row.clone(),
            name: name.map(ToOwned::to_owned),
            action: self.action as i32,
            is_made: self.action == Action::Create,
            columns: columns.into_iter().map(|(name, old, new)| (name, new, old)).collect(),
        }
    }

    fn refusal(&self, reason: &str) -> Error {
        Error::invalid(format!(
            "the last change of {} cannot be taken back: {reason}",
            self.row
        ))
        .in_case(&super::NOT_TAKEN_BACK)
        .with_table(&self.row.table)
    }

    fn moved_on(&self, name: &str) -> Error {
        let reason = format!("`{name}` is no longer what the change left ({})", self.id);
        self.refusal(&reason)
    }
}

/// Whether a column is written by whoever changes the row, and not kept by the platform.
fn is_own(table: &TableDef, column: &ColumnDef) -> bool {
    !column.filled && column.name != table.key && !matches!(&*column.name, "sl_enabledbefore" | "eventhandler")
}

/// Why a secure configuration does not come back.
const NO_SECRET: &str = "what a secure configuration was is on no record: it has to be given anew";

fn is_there(batch: &mut Batch<'_>, row: &Reference) -> Result<bool> {
    match batch.execute(Request::retrieve(row.clone(), &[])) {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Code::NOT_FOUND => Ok(false),
        Err(error) => Err(error),
    }
}

/// A reference as it is recorded.
pub(super) fn as_recorded(row: &Reference) -> String {
    format!("{},{}", row.table, row.id)
}

/// A value as it is recorded.
fn recorded(value: &Value) -> Json {
    match value {
        Value::Lookup(reference) => as_recorded(reference).into(),
        Value::Text(text) if text.len() > LONGEST => format!("({} characters)", text.chars().count()).into(),
        value => json::from_value(value),
    }
}
