//! Lists in the caller's name: which rows a query gives, the related rows that its conditions
//! look at included, and what its text form is read in.

use std::sync::Arc;

use sluice_access::{Permit, Principal};
use sluice_model::{
    Catalog, Error, Filter, Name, Query, Result, Right, Row, Surroundings, TableDef, coerce, error::Limit,
};

use crate::{Operation, Session, Unit, principals, rules::message_trace, tables};

impl Unit {
    /// The rows that a query asks for, as far as the caller may read them; conditions on
    /// related rows count those that the caller may read.
    ///
    /// # Errors
    /// The caller lacks Read on one of the tables, or the query names what is not there.
    pub fn list_as_caller(&mut self, operation: &Operation, query: &Query) -> Result<Vec<Row>> {
        let catalog = self.catalog();
        check(&catalog, query)?;
        let permit = self.list_permit(&operation.principal, query)?;
        self.read(|tx| tx.select_across(&permit, &catalog, query))
    }

    /// How many rows the query would give without a limit.
    pub(crate) fn count_as_caller(&mut self, operation: &Operation, query: &Query) -> Result<u64> {
        let catalog = self.catalog();
        check(&catalog, query)?;
        let permit = self.list_permit(&operation.principal, query)?;
        self.read(|tx| tx.count_across(&permit, &catalog, &query.table, &query.filter))
    }

    /// The permit for a query: what the principal may read of its table, and of each that its
    /// conditions look at.
    pub fn list_permit(&mut self, principal: &Principal, query: &Query) -> Result<Permit> {
        let snapshot = self.snapshot()?;
        let list = |name: &str| {
            let table = snapshot.table(name)?;
            sluice_access::list(principal, &snapshot.units, table, &snapshot.privileges)
        };
        let permit = list(&query.table)?;
        related(&query.filter)
            .iter()
            .try_fold(permit, |permit, name| permit.and(&list(name)?))
    }

    /// Gate 1 for a query: Read on its table, and on each that its conditions look at.
    pub fn require_read(&mut self, operation: &Operation, query: &Query) -> Result<()> {
        let catalog = self.catalog();
        if *query.table == *tables::AUDIT && names_a_row(&query.filter) {
            self.require_named(operation, "prvReadRecordAuditHistory")?;
        }
        std::iter::once(query.table.clone())
            .chain(related(&query.filter))
            .try_for_each(|name| principals::require(self, operation, catalog.table(&name)?, Right::Read))
    }

    /// What the text form of a query is read in, for somebody.
    pub fn surroundings(&mut self, principal: &Arc<Principal>) -> Result<Surroundings> {
        Ok(Surroundings {
            catalog: self.snapshot()?.catalog.clone(),
            now: self.core.env.now(),
            user: principal.id(),
            business_unit: principal.business_unit(),
            teams: principal.teams().iter().map(|team| team.id).collect(),
        })
    }
}

impl Session {
    /// What the text form of a query is read in.
    ///
    /// # Errors
    /// The configuration cannot be read.
    pub fn surroundings(&self) -> Result<Surroundings> {
        let (mut unit, principal) = self.unit()?;
        unit.surroundings(&principal)
    }
}

/// Whether a filter of the audit trail asks for the history of a row.
fn names_a_row(filter: &Filter) -> bool {
    match filter {
        Filter::And(all) | Filter::Or(all) => all.iter().any(names_a_row),
        Filter::Not(filter) => names_a_row(filter),
        Filter::Compare { column, .. } | Filter::In { column, .. } => &**column == "objectid",
        Filter::All | Filter::Related(_) => false,
    }
}

/// The tables that a filter looks at beside its own, each once.
fn related(filter: &Filter) -> Vec<Name> {
    let mut names = Vec::new();
    filter.each_related(&mut |name| {
        if !names.contains(name) {
            names.push(name.clone());
        }
    });
    names
}

/// Nobody searches what they are shown in part only.
fn check_searched(table: &TableDef, column: &str) -> Result<()> {
    if !message_trace::is_shown_in_part(&table.name, column) {
        return Ok(());
    }
    let message = format!(
        "column `{column}` of `{}` cannot be searched or sorted by: what it shows depends on who reads it",
        table.name
    );
    Err(Error::invalid(message).with_table(&table.name))
}

/// A query shows at most so many columns; a table has no more.
const MOST_COLUMNS: usize = 1_000;

/// It is ordered by at most so many.
const MOST_ORDERS: usize = 100;

fn within(name: &str, used: usize, allowed: usize) -> Result<()> {
    if used <= allowed {
        return Ok(());
    }
    let mut error = Error::invalid(format!("a query has at most {allowed} {name}, and this one has {used}"));
    error.body_mut().limit = Some(Limit {
        name: name.to_owned(),
        allowed: allowed as u64,
        used: used as u64,
        unit: "columns",
    });
    Err(error)
}

/// Every name in the query is there.
pub fn check(catalog: &Catalog, query: &Query) -> Result<()> {
    let table = catalog.table(&query.table)?;
    within("columns", query.columns.as_ref().map_or(0, Vec::len), MOST_COLUMNS)?;
    within("orders", query.order.len(), MOST_ORDERS)?;
    for order in &query.order {
        check_searched(table, &order.column)?;
    }
    let ordered = query.order.iter().map(|order| &order.column);
    for name in query.columns.iter().flatten().chain(ordered) {
        coerce::column(table, name)?;
    }
    check_filter(catalog, table, &query.filter)
}

fn check_filter(catalog: &Catalog, table: &TableDef, filter: &Filter) -> Result<()> {
    match filter {
        Filter::All => Ok(()),
        Filter::And(all) | Filter::Or(all) => all.iter().try_for_each(|filter| check_filter(catalog, table, filter)),
        Filter::Not(filter) => check_filter(catalog, table, filter),
        Filter::Compare { column, .. } | Filter::In { column, .. } => {
            check_searched(table, column)?;
            coerce::column(table, column).map(|_| ())
        }
        Filter::Related(related) => {
            let other = catalog.table(&related.table)?;
            coerce::column(table, &related.column)?;
            coerce::column(other, &related.other)?;
            check_filter(catalog, other, &related.filter)
        }
    }
}
