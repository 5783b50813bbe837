//! The one door through which rows are written. A [`RowChange`] says what happens to a row, why,
//! and who set it off; [`Unit::write`] stamps it, writes it, and lets follow what has to follow:
//! matchcodes, the audit trail, a new version of the configuration.
//!
//! Nothing else in the host calls the store's insert, update and delete, but for the rows that
//! are there before there is a unit of work (founding), steps of a migration, and the trace rows
//! beside a unit. A test holds the code to it.
//!
//! Why a row changes decides what goes with it:
//!
//! | cause | version, time | person | closed rows | filled columns, kept tables | managed rows |
//! |---|---|---|---|---|---|
//! | asked for | yes | yes | no | no | no |
//! | along with another change | yes | yes | yes | yes | no |
//! | import of a solution | yes | yes | no | the mark of managed rows | yes |
//! | the platform itself | yes | where it is a message | yes | yes | yes |
//!
//! Each is audited, where the table is.
//!
//! Steps run for messages: whatever the cause, a message that a user set off runs its steps, and
//! a change that is no message, as most of the platform's own are, runs none.
//!
//! The platform itself is a cause and never a user: a plug-in that may call as SYSTEM *asks*, as
//! everybody does, and is refused what only the platform writes.

use std::sync::Arc;

use sluice_access::Permit;
use sluice_model::{
    Error, Filter, MADE_ELSEWHERE, Name, Query, Reference, Result, Right, Row, TableDef, Timestamp, Uuid, Value,
};
use sluice_store::Tx;

use crate::{Operation, Unit, tables};

/// What happens to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is made.
    Create,
    /// Columns of it change.
    Update,
    /// It goes.
    Delete,
}

/// Why a message runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A user or a plug-in asked for it, in whatever name.
    Asked,
    /// It follows from a message that was asked for: a cascade, a row that comes with its row.
    Along,
    /// The platform itself does it, for this reason.
    Platform(&'static str),
}

/// Why a row changes, with the proof that it may.
#[derive(Debug, Clone)]
pub enum Cause {
    /// Somebody asked for it, and may.
    Asked(Permit),
    /// It follows from a change that was asked for.
    Along(Permit),
    /// It is a part of the import of a solution.
    Import(Permit),
    /// The platform itself does it, for this reason.
    Platform(&'static str),
}

/// What a cause allows and leaves behind: a row of the table above.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Who did it is stamped also where no message did; version and time always are.
    person: bool,
    /// Rows that are closed may be changed.
    pub(crate) closed: bool,
    /// Columns that the platform fills may be written, and rows of tables that it keeps.
    pub filled: bool,
    /// Rows that came with a managed solution may be changed.
    pub managed: bool,
}

const ASKED: Allowance = Allowance {
    person: true,
    closed: false,
    filled: false,
    managed: false,
};
const ALONG: Allowance = Allowance {
    closed: true,
    filled: true,
    ..ASKED
};
const IMPORT: Allowance = Allowance { managed: true, ..ASKED };
const PLATFORM: Allowance = Allowance {
    person: false,
    closed: true,
    filled: true,
    managed: true,
};

impl Why {
    pub fn allows(self) -> Allowance {
        match self {
            Self::Asked => ASKED,
            Self::Along => ALONG,
            Self::Platform(_) => PLATFORM,
        }
    }

    /// Whether the platform itself does it.
    pub fn is_platform(self) -> bool {
        matches!(self, Self::Platform(_))
    }
}

impl Cause {
    pub fn allows(&self) -> Allowance {
        match self {
            Self::Asked(_) => ASKED,
            Self::Along(_) => ALONG,
            Self::Import(_) => IMPORT,
            Self::Platform(_) => PLATFORM,
        }
    }
}

/// The permit of what the platform writes itself, and of who checks its file.
fn as_platform(reason: &'static str) -> Permit {
    Permit::system(reason)
}

/// The permit of who checks whether the whole file can be read.
pub(crate) fn permit_to_check() -> Permit {
    as_platform("check the organisation's file")
}

/// Who changes a row, when, and in which request.
#[derive(Debug, Clone, Copy)]
pub struct Author {
    /// In whose name the change is made.
    pub user: Uuid,
    /// Who set it off.
    pub initiating: Uuid,
    /// When the message began.
    pub when: Timestamp,
    /// What all changes of one request have in common.
    pub correlation: Uuid,
}

impl From<&Operation> for Author {
    fn from(operation: &Operation) -> Self {
        Self {
            user: operation.principal.id(),
            initiating: operation.initiating.id(),
            when: operation.context.created_on,
            correlation: operation.context.correlation,
        }
    }
}

impl Author {
    /// Writes into a row who changes it, or made it.
    pub(crate) fn sign(&self, row: &mut Row, is_new: bool) {
        let person = Reference::new(tables::USER, self.user);
        let behalf = (self.user != self.initiating).then(|| Reference::new(tables::USER, self.initiating));
        if is_new {
            row.set("createdby", person.clone());
            if let Some(behalf) = &behalf {
                row.set("createdonbehalfby", behalf.clone());
                row.set("modifiedonbehalfby", behalf.clone());
            }
        } else {
            row.set("modifiedonbehalfby", behalf.map_or(Value::Null, Value::Lookup));
        }
        row.set("modifiedby", person);
    }

    /// Writes into a row when it is changed, or was made.
    pub(crate) fn date(&self, row: &mut Row, is_new: bool) {
        row.set("modifiedon", self.when);
        if is_new {
            let earlier = row.get(MADE_ELSEWHERE).and_then(Value::as_time);
            row.set("createdon", earlier.unwrap_or(self.when));
            if earlier.is_some() {
                row.set(MADE_ELSEWHERE, self.when);
            }
        }
    }
}

/// One change of one row.
pub struct RowChange<'a> {
    /// What happens.
    pub kind: ChangeKind,
    /// Why.
    pub cause: Cause,
    /// Who, when, in which request.
    pub by: Author,
    /// The message whose main operation this is; the platform's own changes have none.
    pub operation: Option<&'a Operation>,
    /// The definition of the row's table.
    pub table: Arc<TableDef>,
    /// A whole new row, the columns that change, or only the id of a row that goes.
    pub row: Row,
    before: Before,
}

impl std::fmt::Debug for RowChange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.kind, self.row.reference())
    }
}

/// The row as it was.
enum Before {
    /// Nobody has asked yet.
    Unread,
    /// It is this; a row that is made was nothing.
    Read(Option<Arc<Row>>),
}

impl<'a> RowChange<'a> {
    /// The main operation of a message.
    pub(crate) fn of(
        operation: &'a Operation,
        kind: ChangeKind,
        permit: Permit,
        table: Arc<TableDef>,
        row: Row,
    ) -> Self {
        let cause = match operation.why {
            Why::Platform(reason) => Cause::Platform(reason),
            Why::Along => Cause::Along(permit),
            Why::Asked if operation.importing => Cause::Import(permit),
            Why::Asked => Cause::Asked(permit),
        };
        Self {
            kind,
            cause,
            by: operation.into(),
            operation: Some(operation),
            table,
            row,
            before: Before::Unread,
        }
    }

    /// The change of a row that was read already.
    pub(crate) fn from(mut self, before: Arc<Row>) -> Self {
        self.before = Before::Read(Some(before));
        self
    }

    /// The row as it was before the change; read when somebody asks for the first time.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn before(&mut self, unit: &mut Unit) -> Result<Option<Arc<Row>>> {
        if let Before::Read(row) = &self.before {
            return Ok(row.clone());
        }
        let row = match self.kind {
            ChangeKind::Create => None,
            ChangeKind::Update | ChangeKind::Delete => {
                unit.read_as_platform("see what a change changes", &self.row.reference(), None)?
            }
        };
        let row = row.map(Arc::new);
        self.before = Before::Read(row.clone());
        Ok(row)
    }

    /// What [`Self::before`] has read.
    pub fn seen(&self) -> Option<&Row> {
        match &self.before {
            Before::Read(row) => row.as_deref(),
            Before::Unread => None,
        }
    }

    /// Writes version, time and person, as the cause has it. A row that the platform makes by
    /// itself is as it made it, and what it says of the time of a change counts.
    fn stamp(&mut self, unit: &mut Unit) -> Result<()> {
        let new = self.kind == ChangeKind::Create;
        let message = self.operation.is_some();
        if self.kind == ChangeKind::Delete || (new && !message) || self.table.column("modifiedon").is_none() {
            return Ok(());
        }
        let (by, row) = (self.by, &mut self.row);
        if message || self.cause.allows().person {
            by.sign(row, new);
        }
        if message || !row.has("modifiedon") {
            by.date(row, new);
        }
        row.set("versionnumber", Value::BigInt(unit.tx.next_version()?));
        Ok(())
    }

    /// Writes the row, and nothing else; whether it was there.
    fn store(&self, tx: &mut Tx) -> Result<bool> {
        let own;
        let permit = match &self.cause {
            Cause::Asked(permit) | Cause::Along(permit) | Cause::Import(permit) => permit,
            Cause::Platform(reason) => {
                own = as_platform(reason);
                &own
            }
        };
        match self.kind {
            ChangeKind::Create => tx.insert(permit, &self.table, &self.row).map(|()| true),
            ChangeKind::Update => tx.update(permit, &self.table, &self.row),
            ChangeKind::Delete => tx.delete(permit, &self.table, self.row.id),
        }
    }
}

impl Unit {
    /// Writes a row: the only way. Stamps the change, lets those who watch the table have their
    /// say, writes, and lets them follow. The change comes back as it was carried out.
    ///
    /// # Errors
    /// Whoever watches the table refuses the change, or the store does.
    pub(crate) fn write<'a>(&mut self, mut change: RowChange<'a>) -> Result<RowChange<'a>> {
        self.check_wall()?;
        change.stamp(self)?;
        let snapshot = match change.operation {
            Some(_) => self.snapshot()?,
            None => self.snapshot.clone(),
        };
        let watches = snapshot.watches(&change.table.name);
        for watch in watches {
            watch.before(self, &mut change)?;
        }
        if !change.store(&mut self.tx)? {
            return Ok(change);
        }
        for watch in watches {
            watch.after(self, &mut change)?;
        }
        if change.table.configuration {
            self.configuration_written(Some(&change.table.name))?;
        }
        Ok(change)
    }

    /// Makes a row as the platform itself, which fills all its columns; `reason` says why.
    ///
    /// # Errors
    /// What the store refuses.
    pub fn insert_as_platform(&mut self, reason: &'static str, row: Row) -> Result<()> {
        self.write_as_platform(reason, ChangeKind::Create, row)
    }

    /// Changes columns of a row as the platform itself; `reason` says why. No step runs: nobody
    /// asked for it.
    ///
    /// # Errors
    /// What the store refuses.
    pub fn update_as_platform(&mut self, reason: &'static str, row: Row) -> Result<()> {
        self.write_as_platform(reason, ChangeKind::Update, row)
    }

    /// Removes a row as the platform itself, and nothing that refers to it; `reason` says why.
    ///
    /// # Errors
    /// What the store refuses.
    pub fn delete_as_platform(&mut self, reason: &'static str, row: &Reference) -> Result<()> {
        self.write_as_platform(reason, ChangeKind::Delete, Row::new(row.table.clone(), row.id))
    }

    fn write_as_platform(&mut self, reason: &'static str, kind: ChangeKind, row: Row) -> Result<()> {
        let table = self.tables()?.table(&row.table)?.clone();
        let change = RowChange {
            kind,
            cause: Cause::Platform(reason),
            by: self.author(),
            operation: None,
            table,
            row,
            before: Before::Unread,
        };
        self.write(change).map(|_| ())
    }

    /// Reads or writes what the platform keeps beside rows: matchcodes, blocks of attachments.
    ///
    /// # Errors
    /// What the store refuses.
    pub fn beside_rows<T>(
        &mut self,
        reason: &'static str,
        work: impl FnOnce(&mut Tx, &Permit) -> Result<T>,
    ) -> Result<T> {
        let permit = as_platform(reason);
        self.read(|tx| work(tx, &permit))
    }

    /// The row as it is, whoever asks, with these columns or all; `reason` says why the caller's
    /// own privileges do not count.
    ///
    /// # Errors
    /// There is no such table or column, or the database cannot be read.
    pub fn read_as_platform(
        &mut self,
        reason: &'static str,
        row: &Reference,
        columns: Option<&[Name]>,
    ) -> Result<Option<Row>> {
        let table = self.tables()?.table(&row.table)?.clone();
        let permit = Permit::system(reason);
        self.read(|tx| tx.get(&permit, &table, row.id, columns))
    }

    /// As [`Self::read_as_platform`], for a row that has to be there.
    ///
    /// # Errors
    /// There is no such row, or the database cannot be read.
    pub fn need_as_platform(&mut self, reason: &'static str, row: &Reference) -> Result<Row> {
        let found = self.read_as_platform(reason, row, None)?;
        match found {
            Some(row) => Ok(row),
            None => Err(Error::not_found(
                &self.tables()?.table(&row.table)?.schema,
                &row.table,
                row.id,
            )),
        }
    }

    /// The row, if the caller holds each of these rights on it, without what the caller may not read
    /// of it.
    ///
    /// # Errors
    /// The row is not there, or the first right that the caller lacks.
    pub fn row_with_rights(&mut self, operation: &Operation, table: &str, id: Uuid, rights: &[Right]) -> Result<Row> {
        let snapshot = self.snapshot()?;
        let table = snapshot.table(table)?;
        let mut facts = None;
        for right in rights {
            self.decide_knowing(&operation.principal, table, *right, id, &mut facts)?;
        }
        let mut row = self.need_as_platform(
            "read a row on which the caller holds the rights that a message needs",
            &Reference::new(table.name.clone(), id),
        )?;
        self.conceal(&operation.principal.clone(), &mut row)?;
        Ok(row)
    }

    /// The rows that a query asks for, whoever asks; `reason` says why the caller's own
    /// privileges do not count.
    ///
    /// # Errors
    /// There is no such table or column, or the database cannot be read.
    pub fn select_as_platform(&mut self, reason: &'static str, query: &Query) -> Result<Vec<Row>> {
        let table = self.tables()?.table(&query.table)?.clone();
        let permit = Permit::system(reason);
        self.read(|tx| tx.select(&permit, &table, query))
    }

    /// How many rows of a table pass a filter, whoever asks; `reason` says why the caller's own
    /// privileges do not count.
    ///
    /// # Errors
    /// There is no such table or column, or the database cannot be read.
    pub fn count_as_platform(&mut self, reason: &'static str, table: &str, filter: &Filter) -> Result<u64> {
        let table = self.tables()?.table(table)?.clone();
        let permit = Permit::system(reason);
        self.read(|tx| tx.count(&permit, &table, filter))
    }

    /// Who changes rows now: the author of the message under way, else the platform itself.
    pub fn author(&self) -> Author {
        self.author.unwrap_or_else(|| Author {
            user: self.snapshot.system.id(),
            initiating: self.snapshot.system.id(),
            when: self.core.env.now(),
            correlation: self.core.env.new_id(),
        })
    }
}
