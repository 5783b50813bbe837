//! The two gates as messages use them: the decision is `sluice-access`'s, the facts come
//! from the store.

use std::{borrow::Cow, sync::Arc};

use sluice_access::{ColumnRight, Permit, Principal, PrincipalId, Report, RowFacts};
use sluice_model::{
    Code, Depth, Error, Filter, Name, Ownership, Query, Reference, Result, Right, Rights, Row, TableDef, Timestamp,
    Uuid, Value, codes::Kind,
};

use crate::{Operation, Unit, change::Why, tables};

/// Gate 1: the caller holds the privilege on `table`, at any depth.
///
/// # Errors
/// [`sluice_model::Code::PRIVILEGE_DENIED`] naming it.
pub fn require(unit: &Unit, operation: &Operation, table: &TableDef, right: Right) -> Result<()> {
    sluice_access::check_privilege(&operation.principal, table, right, &unit.snapshot.privileges)
}

/// What somebody may do is told to themselves, and to those who may read them.
///
/// # Errors
/// The caller may not.
pub(crate) fn check_principal_read(unit: &mut Unit, operation: &Operation, asked_of: &Reference) -> Result<()> {
    if operation.is_called_by(asked_of.id) {
        return Ok(());
    }
    let table = unit.snapshot()?.table(&asked_of.table)?.clone();
    unit.decide(operation, &table, Right::Read, asked_of.id).map(|_| ())
}

impl Unit {
    /// Gate 1 for a privilege that belongs to no table: `prvReadEntity`.
    ///
    /// # Errors
    /// [`sluice_model::Code::PRIVILEGE_DENIED`] naming it.
    pub fn require_named(&self, operation: &Operation, privilege: &str) -> Result<()> {
        sluice_access::check_named(&operation.principal, privilege, &self.snapshot.privileges)
    }

    /// Gate 2: the caller may do that to this row.
    ///
    /// # Errors
    /// The row is not there, or the caller is refused.
    pub fn decide(&mut self, operation: &Operation, table: &TableDef, right: Right, id: Uuid) -> Result<Permit> {
        let principal = operation.principal.clone();
        self.decide_for(&principal, table, right, id)
    }

    pub fn decide_for(
        &mut self,
        principal: &Arc<Principal>,
        table: &TableDef,
        right: Right,
        id: Uuid,
    ) -> Result<Permit> {
        self.decide_knowing(principal, table, right, id, &mut None)
    }

    /// As [`Self::decide_for`], where several rights on one row are decided on: its facts are read
    /// once, and only after the first privilege.
    pub(crate) fn decide_knowing(
        &mut self,
        principal: &Arc<Principal>,
        table: &TableDef,
        right: Right,
        id: Uuid,
        known: &mut Option<RowFacts>,
    ) -> Result<Permit> {
        sluice_access::check_privilege(principal, table, right, &self.snapshot.privileges)?;
        let facts = match known {
            Some(facts) => facts,
            None => known.insert(self.row_facts(principal, table, id)?),
        };
        let snapshot = self.snapshot()?;
        sluice_access::decide(principal, &snapshot.units, table, right, facts, &snapshot.privileges)
    }

    /// Whether somebody is shown what a row of a table held: those who may read it; where it is gone,
    /// those who may read the table in the whole organisation. `then` is when what tells of the row ended: the
    /// row that has its id now may be a later one ([`Self::is_another_row`]). Without it, it is the row as it is now.
    pub fn shows_row(
        &mut self,
        reader: &Arc<Principal>,
        table: &str,
        id: Option<Uuid>,
        then: Option<Timestamp>,
    ) -> Result<bool> {
        Ok(self.hidden_row(reader, table, id, then)?.is_none())
    }

    /// Whether the row that has this id now was made after that time: what is on record from then is about
    /// another one, which is gone.
    fn is_another_row(&mut self, table: &TableDef, id: Uuid, then: Timestamp) -> Result<bool> {
        let dates = ["overriddencreatedon", "createdon"].map(Name::from);
        if dates.iter().any(|date| table.column(date).is_none()) {
            return Ok(false);
        }
        let row = Reference::new(table.name.clone(), id);
        let row = self.read_as_platform("tell a row from an earlier one that had its id", &row, Some(&dates))?;
        // Of a row that is dated back, the former is when it was made here.
        let mut made = dates.iter().map(|date| row.as_ref()?.get(date)?.as_time());
        Ok(made.find_map(|time| time).is_some_and(|made| made > then))
    }

    /// What somebody lacks who is not shown what a row of a table held ([`Self::shows_row`]); nothing, where they are.
    pub(crate) fn hidden_row(
        &mut self,
        reader: &Arc<Principal>,
        table: &str,
        id: Option<Uuid>,
        then: Option<Timestamp>,
    ) -> Result<Option<Error>> {
        let snapshot = self.snapshot()?;
        let Some(table) = snapshot.catalog.find(table).cloned() else {
            return Ok(Some(Error::said(Code::ACCESS_DENIED)));
        };
        let id = match (id, then) {
            (Some(id), Some(then)) if self.is_another_row(&table, id, then)? => None,
            (id, _) => id,
        };
        let refused = match id.map(|id| self.decide_for(reader, &table, Right::Read, id)) {
            Some(Ok(_)) => return Ok(None),
            Some(Err(error)) if error.kind() == Kind::Host => return Err(error),
            Some(Err(error)) if error.kind() != Kind::NotFound => Some(error),
            _ => None,
        };
        let privilege = table.privilege_name(Right::Read);
        if refused.is_none() && reader.depth_of(&privilege) == Some(Depth::Organization) {
            return Ok(None);
        }
        let mut error = refused.unwrap_or_else(|| {
            let asked = sluice_access::check_privilege(&reader.unwatched(), &table, Right::Read, &snapshot.privileges);
            let mut error = asked.err().unwrap_or_else(|| Error::said(Code::ACCESS_DENIED));
            let body = error.body_mut();
            body.table = Some(table.name.to_string());
            body.privilege = Some(privilege);
            body.principal.get_or_insert_with(|| reader.info());
            body.depth = Some(Depth::Organization);
            error
        });
        // At which depth it would reach the row is not asked of who holds it at none: the deepest does.
        let body = error.body_mut();
        if body.code == Code::PRIVILEGE_DENIED || body.depth.is_none() {
            body.depth = Some(Depth::Organization);
        }
        Ok(Some(error))
    }

    /// Whose a row is, and of which business unit; nothing, where it is not there.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn ownership(&mut self, row: &Reference) -> Result<Option<(Option<PrincipalId>, Option<Uuid>)>> {
        let table = self.tables()?.table(&row.table)?.clone();
        let facts = self.read(|tx| tx.facts().row(&table, row.id, &[]))?;
        Ok(facts.map(|facts| (facts.owner, facts.business_unit)))
    }

    /// What the decision on a row needs to know of it.
    pub(crate) fn row_facts(&mut self, principal: &Principal, table: &TableDef, id: Uuid) -> Result<RowFacts> {
        let mut facts = self.facts_for(principal, table, id)?;
        if let Some(limit) = principal.limit() {
            facts.limit = self.facts_for(limit, table, id)?.shared;
        }
        if let Some(reader) = principal.reader_of(Right::Read) {
            facts.reader = self.facts_for(reader.principal(), table, id)?.shared;
        }
        Ok(facts)
    }

    fn facts_for(&mut self, principal: &Principal, table: &TableDef, id: Uuid) -> Result<RowFacts> {
        // Nothing needs to be shared with the platform itself.
        let sharees: Vec<PrincipalId> = match principal.is_system() {
            true => Vec::new(),
            false => principal.sharees().collect(),
        };
        let facts = self.read(|tx| tx.facts().row(table, id, &sharees))?;
        let mut facts = facts.ok_or_else(|| Error::not_found(&table.schema, &table.name, id))?;
        if table.ownership == Ownership::User {
            facts.shared.direct = self.shared_with_reports(principal, table, id, true)?;
            facts.shared.indirect = self.shared_with_reports(principal, table, id, false)?;
        }
        Ok(facts)
    }

    /// What is shared with those who report to somebody.
    fn shared_with_reports(&mut self, manager: &Principal, table: &TableDef, id: Uuid, direct: bool) -> Result<Rights> {
        let reports = manager.reports().iter().filter(|report| report.direct == direct);
        let sharees: Vec<PrincipalId> = reports.flat_map(Report::sharees).collect();
        if sharees.is_empty() {
            return Ok(Rights::NONE);
        }
        let facts = self.read(|tx| tx.facts().row(table, id, &sharees))?;
        Ok(facts.map_or(Rights::NONE, |facts| facts.shared.own))
    }

    /// Takes out of a row what a principal may not read of it.
    pub fn conceal(&mut self, principal: &Principal, row: &mut Row) -> Result<()> {
        let table = self.tables()?.table(&row.table)?.clone();
        principal.note_withheld(&table, Some(row.values.keys()));
        for column in principal.hidden(&table) {
            row.values.remove(&column);
        }
        Ok(())
    }

    /// The caller may write what a message sends of secured columns. What the platform itself does,
    /// and what follows from a message, is not asked for.
    ///
    /// # Errors
    /// The first column that the caller may not write.
    pub(crate) fn check_columns(
        &self,
        operation: &Operation,
        table: &TableDef,
        right: ColumnRight,
        id: Uuid,
    ) -> Result<()> {
        if operation.why != Why::Asked {
            return Ok(());
        }
        // A new row holds nothing where nothing was sent.
        let sent = operation.target()?.values.iter();
        let sent = sent.filter(|(_, value)| right == ColumnRight::Update || !value.is_null());
        sluice_access::check_columns(&operation.principal, table, right, sent.map(|(name, _)| name), id)
    }

    /// The users and teams that are linked to one of these rows: by rows of two tables, the one of users first, that name
    /// it in `column`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn holders(&mut self, links: [&str; 2], column: &str, of: &[Uuid]) -> Result<Vec<Reference>> {
        let mut all = Vec::new();
        let whom = [("systemuserid", tables::USER), ("teamid", tables::TEAM)];
        for (link, (holder, table)) in links.into_iter().zip(whom) {
            let query = Query::new(link).filter(Filter::In {
                column: column.into(),
                values: of.iter().copied().map(Value::Id).collect(),
            });
            let rows = self.select_as_platform("see who has a role or a profile", &query)?;
            let ids = rows.iter().filter_map(|row| row.id_of(holder));
            all.extend(ids.map(|id| Reference::new(table, id)));
        }
        all.sort();
        all.dedup();
        Ok(all)
    }
}

impl Operation {
    /// The columns of a table that are kept from whoever asks for this; none, where the platform itself does it.
    pub fn hidden(&self, table: &TableDef) -> Vec<Name> {
        match self.why.is_platform() {
            true => Vec::new(),
            false => self.principal.hidden(table),
        }
    }
}

/// A row without these columns: what is decided of it then tells nothing of them.
pub fn without<'a>(row: &'a Row, hidden: &[Name]) -> Cow<'a, Row> {
    match hidden.iter().any(|name| row.has(name)) {
        false => Cow::Borrowed(row),
        true => {
            let mut seen = row.clone();
            hidden.iter().for_each(|name| drop(seen.values.remove(name)));
            Cow::Owned(seen)
        }
    }
}
