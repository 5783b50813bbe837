//! Lists in the caller's name: which rows a query gives, the related rows that its conditions
//! look at included, and what its text form is read in.

use std::sync::Arc;

use sluice_access::{Permit, Principal};
use sluice_model::{
    Catalog, Error, Filter, Join, Name, Page, Parameter, Query, Request, Result, Right, Row, Surroundings, TableDef,
    Value, answer, coerce, error::Limit,
};
use sluice_store::Part;

use crate::{CallOptions, Operation, Session, Unit, message::PAGE, principals, tables, unit::Purpose};

/// The message of lists.
const LIST: &str = "RetrieveMultiple";

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

    /// The same with where they end, if the query asks for a page and there are more.
    pub(crate) fn page_as_caller(&mut self, operation: &Operation, query: &Query) -> Result<Part> {
        let catalog = self.catalog();
        check(&catalog, query)?;
        let permit = self.list_permit(&operation.principal, query)?;
        self.read(|tx| tx.page_across(&permit, &catalog, query))
    }

    /// Hands the rows on, some at a time, as they are read.
    pub(crate) fn stream_as_caller(&mut self, operation: &Operation, query: &Query, mut to: Stream) -> Result<()> {
        let catalog = self.catalog();
        check(&catalog, query)?;
        let permit = self.list_permit(&operation.principal, query)?;
        let mut some = Vec::with_capacity(STREAMED);
        self.read(|tx| {
            tx.each_across(&permit, &catalog, query, &mut |row| {
                some.push(row);
                match some.len() < STREAMED {
                    true => Ok(()),
                    false => to(std::mem::take(&mut some)),
                }
            })
        })?;
        match some.is_empty() {
            true => Ok(()),
            false => to(some),
        }
    }

    /// How many rows the query would give without a limit.
    pub(crate) fn count_as_caller(&mut self, operation: &Operation, query: &Query) -> Result<u64> {
        let catalog = self.catalog();
        check(&catalog, query)?;
        let permit = self.list_permit(&operation.principal, query)?;
        self.read(|tx| tx.count_across(&permit, &catalog, query))
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
        let read = query.columns.as_ref();
        principal.note_withheld(snapshot.table(&query.table)?, read);
        for join in &query.joins {
            let read = join.columns.iter().map(|(column, _)| column);
            principal.note_withheld(snapshot.table(&join.table)?, Some(read));
        }
        let permit = related(query)
            .iter()
            .try_fold(permit, |permit, name| permit.and(&list(name)?))?;
        permit.check_query(query).map_err(|mut error| {
            error.body_mut().principal = Some(principal.info());
            error
        })?;
        Ok(permit)
    }

    /// Gate 1 for a query: Read on its table, and on each that its conditions look at.
    pub fn require_read(&mut self, operation: &Operation, query: &Query) -> Result<()> {
        let catalog = self.catalog();
        if asks_for_history(query) {
            self.require_named(operation, "prvReadRecordAuditHistory")?;
        }
        std::iter::once(query.table.clone())
            .chain(related(query))
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

/// Takes rows as they are read.
pub(crate) type Stream = Box<dyn FnMut(Vec<Row>) -> Result<()> + Send>;

/// So many rows are handed on at once.
const STREAMED: usize = 500;

impl Session {
    /// The rows of a query, as far as the user may read them, without a message: no step runs, and no trace and no
    /// mark of use is left. For what a client asks on the way to a command: names, of tables whose rows are shown
    /// as they are stored.
    ///
    /// # Errors
    /// The user lacks Read on one of the tables, or the query names what is not there.
    pub fn glance(&self, query: &Query) -> Result<Vec<Row>> {
        let (mut unit, reader) = self.unit()?;
        let catalog = unit.catalog();
        let shown = |name: &Name| query.columns.as_ref().is_none_or(|columns| columns.contains(name));
        let columns = &catalog.table(&query.table)?.columns;
        if let Some(column) = columns.iter().find(|column| column.in_part && shown(&column.name)) {
            return Err(Error::host(format!(
                "`{}` of `{}` is not glanced at",
                column.name, query.table
            )));
        }
        check(&catalog, query)?;
        let permit = unit.list_permit(&reader, query)?;
        unit.read(|tx| tx.select_across(&permit, &catalog, query))
    }

    /// Shows all rows of a query, whatever their number: some at a time, as they are read. Of them
    /// few are in memory at once. Where steps wait for the message, or readers are not shown what is
    /// stored, it is sent page by page.
    ///
    /// # Errors
    /// The refusal, and what `visit` gives.
    pub fn each(&self, query: Query, visit: &mut dyn FnMut(Vec<Row>) -> Result<()>) -> Result<()> {
        let snapshot = self.snapshot()?;
        let watched = !snapshot.steps.of(LIST, Some(&query.table)).is_empty();
        let table = snapshot.catalog.find(&query.table);
        let changed = table.is_some_and(|table| !self.engine.core.rules(table).are_shown_as_stored());
        if watched || changed || query.page.is_some() {
            return self.each_page(query, visit);
        }
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        // Who looks no more lets go of the receiver before the reader is waited for.
        std::thread::scope(move |scope| {
            let reading = scope.spawn(move || self.stream(query, send));
            for rows in &receive {
                visit(rows)?;
            }
            let gone = || Error::host("the host panicked while it read");
            reading.join().unwrap_or_else(|_| Err(gone()))
        })
    }

    fn stream(&self, query: Query, send: std::sync::mpsc::SyncSender<Vec<Row>>) -> Result<()> {
        self.engine.on_pipeline_thread(|| {
            let mut unit = self.engine.unit(Purpose::Work)?;
            unit.stream = Some(Box::new(move |rows| {
                send.send(rows)
                    .map_err(|_| Error::host("nobody takes the rows any more"))
            }));
            let correlation = self.engine.core.env.new_id();
            let shown = self.begin(
                &mut unit,
                Request::retrieve_multiple(query),
                correlation,
                &CallOptions::default(),
            );
            if self.notes_use {
                unit.keep_use();
            }
            shown.map(|_| ()).map_err(|error| unit.refused(error, correlation))
        })
    }

    /// Shows all rows of a query, page by page; the first is asked for as the query is.
    pub(crate) fn each_page(&self, mut query: Query, visit: &mut dyn FnMut(Vec<Row>) -> Result<()>) -> Result<()> {
        let is_one = query.page.is_some() || query.top.is_some_and(|top| top <= PAGE);
        let mut left = query.top.filter(|_| !is_one).map(u64::from);
        if left.is_some() {
            query.top = None;
            query.page = Some(page(PAGE, None));
        }
        loop {
            let answer = self.execute(Request::retrieve_multiple(query.clone()))?;
            let rows = answer.rows().to_vec();
            left = left.map(|left| left.saturating_sub(rows.len() as u64));
            visit(rows)?;
            let size = left.map_or(PAGE, |left| u32::try_from(left).map_or(PAGE, |left| left.min(PAGE)));
            match answer.outputs.get("PagingCookie") {
                Some(Parameter::Value(Value::Text(cookie))) if !is_one && size > 0 => {
                    query.page = Some(page(size, Some(cookie.clone())));
                }
                _ => return Ok(()),
            }
        }
    }

    /// What the text form of a query is read in.
    ///
    /// # Errors
    /// The configuration cannot be read.
    pub fn surroundings(&self) -> Result<Surroundings> {
        let (mut unit, principal) = self.unit()?;
        unit.surroundings(&principal)
    }
}

fn page(size: u32, after: Option<String>) -> Page {
    let number = 1;
    Page { number, size, after }
}

/// Whether a query asks for the history of a row: by a condition on the row of audit rows, or a link to it.
fn asks_for_history(query: &Query) -> bool {
    let table_of = |alias: Option<&Name>| match query.joins.iter().find(|join| Some(&join.alias) == alias) {
        Some(join) => &join.table,
        None => &query.table,
    };
    let links = |join: &Join| {
        is_audited_row(table_of(join.within.as_ref()), &join.column)
            || is_audited_row(&join.table, &join.other)
            || names_a_row(&join.table, &join.filter)
    };
    names_a_row(&query.table, &query.filter) || query.joins.iter().any(links)
}

fn is_audited_row(table: &Name, column: &Name) -> bool {
    **table == *tables::AUDIT && &**column == "objectid"
}

fn names_a_row(table: &Name, filter: &Filter) -> bool {
    match filter {
        Filter::And(all) | Filter::Or(all) => all.iter().any(|filter| names_a_row(table, filter)),
        Filter::Not(filter) => names_a_row(table, filter),
        Filter::Compare { column, .. } | Filter::In { column, .. } => is_audited_row(table, column),
        Filter::Related(related) => {
            is_audited_row(table, &related.column)
                || is_audited_row(&related.table, &related.other)
                || names_a_row(&related.table, &related.filter)
        }
        Filter::All => false,
    }
}

/// The tables that a query looks at beside its own, each once.
fn related(query: &Query) -> Vec<Name> {
    let mut names = Vec::new();
    query.each_related(&mut |name| {
        if !names.contains(name) {
            names.push(name.clone());
        }
    });
    names
}

/// Nobody searches what they are shown in part only.
fn check_searched(table: &TableDef, column: &str) -> Result<()> {
    if table.column(column).is_none_or(|column| !column.in_part) {
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
    if query.top.is_some() && query.page.is_some() {
        return Err(Error::invalid(
            "a query asks for its first rows or for a page, not for both",
        ));
    }
    let fields = answer::fields(catalog, query)?;
    within("columns", fields.len(), MOST_COLUMNS)?;
    for field in &fields {
        check_searched(
            &*answer::table_of(catalog, query, field.of.as_ref())?,
            &field.source.name,
        )?;
    }
    for join in &query.joins {
        let other = catalog.table(&join.table)?;
        let parent = answer::table_of(catalog, query, join.within.as_ref())?;
        coerce::column(&parent, &join.column)?;
        coerce::column(other, &join.other)?;
        check_filter(catalog, other, &join.filter)?;
    }
    let shown = query.columns.iter().flatten();
    for name in shown.clone() {
        coerce::column(table, name)?;
    }
    if query.distinct {
        shown.clone().try_for_each(|name| check_searched(table, name))?;
    }
    let of_totals = |name: &Name| {
        fields
            .iter()
            .any(|field| field.what.is_some() && field.column.name == *name)
    };
    for name in query
        .order
        .iter()
        .map(|order| &order.column)
        .filter(|name| !of_totals(name))
    {
        let (of, column) = match name.split_once('.') {
            Some((alias, column)) => (answer::table_of(catalog, query, Some(&alias.into()))?, column),
            None => (table.clone(), &**name),
        };
        check_searched(&of, column)?;
        coerce::column(&of, column)?;
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
