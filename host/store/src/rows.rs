//! Rows: read, list, count, insert, update, delete. Each asks the permit first.
//!
//! Nothing here decides who may do what, fills a column, or follows a cascade.

mod faults;

use rusqlite::types::ValueRef;
use sluice_access::Permit;
use sluice_model::{
    Catalog, Code, ColumnDef, ColumnType, Decimal, Error, Filter, Name, Query, Remedy, Result, Right, Row, TableDef,
    Uuid, Value, What, answer::Field,
};

use crate::{
    Tx,
    deadline::Deadline,
    fault::{fault, is_duplicate, is_reference, is_taken},
    form::{self, Cell},
    session::Session,
    sql::{
        ShareMask, bind, build,
        cookie::{Cookie, Place},
        ddl,
        filter::{self, Around, Asked},
        list::{self, List, Read},
    },
};

use faults::{dangling, referenced, taken};
pub(crate) use faults::{has, twice};

impl Tx {
    /// The row `id`, or `None`. Empty columns are absent from it. `columns` of `None` is all.
    ///
    /// # Errors
    /// A host error where the permit does not cover it; `ATTRIBUTE_UNKNOWN`.
    pub fn get(
        &mut self,
        permit: &Permit,
        table: &TableDef,
        id: Uuid,
        columns: Option<&[Name]>,
    ) -> Result<Option<Row>> {
        permit.covers(&table.name, Right::Read, Some(id))?;
        let session = self.session()?;
        let columns = shown(permit, table, columns)?;
        let sql = session.sql(|key| keyed(key, 'g', table, &columns), || build::get(table, &columns));
        let mut statement = session.statement(&sql)?;
        bind::cells(&mut statement, [&form::id(id)])?;
        let mut rows = statement.raw_query();
        let Some(found) = rows.next().map_err(fault)? else {
            return Ok(None);
        };
        let mut row = Row::new(table.name.clone(), id);
        fill(&mut row, &columns, found, 0)?;
        Ok(Some(row))
    }

    /// The rows that the query asks for and the permit lets the list show. Empty columns are
    /// absent from them.
    ///
    /// # Errors
    /// A host error where the permit is for something else, or the filter looks at related
    /// tables; `ATTRIBUTE_UNKNOWN`; `INVALID_ARGUMENT` where a value does not fit its column.
    pub fn select(&mut self, permit: &Permit, table: &TableDef, query: &Query) -> Result<Vec<Row>> {
        same_table(table, &query.table)?;
        let mut rows = Vec::new();
        run(self.session()?, permit, (table, None), query, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// As [`Tx::select`], with conditions, joins and totals that may look at other tables: of these
    /// it counts the rows that the permit lets a list show. Of totals and of rows that come once, the
    /// id is nil.
    ///
    /// # Errors
    /// A host error where the permit is not for each of the tables; `ENTITY_UNKNOWN`;
    /// `ATTRIBUTE_UNKNOWN`; `INVALID_ARGUMENT` where a value does not fit its column.
    pub fn select_across(&mut self, permit: &Permit, catalog: &Catalog, query: &Query) -> Result<Vec<Row>> {
        Ok(self.page_across(permit, catalog, query)?.rows)
    }

    /// The same with where they end, if the query asks for a page and there are more.
    ///
    /// # Errors
    /// As [`Tx::select_across`]; `INVALID_ARGUMENT` where the page begins where no answer ended.
    pub fn page_across(&mut self, permit: &Permit, catalog: &Catalog, query: &Query) -> Result<Part> {
        let table = catalog.table(&query.table)?;
        let mut rows = Vec::new();
        let next = run(self.session()?, permit, (table, Some(catalog)), query, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(Part { rows, next })
    }

    /// Shows the rows one after the other, as [`Tx::page_across`] would give them; none is kept. Whoever takes them may be
    /// slow: outside a transaction that writes, the time for reading begins anew with each row.
    ///
    /// # Errors
    /// As [`Tx::page_across`], and what `visit` gives.
    pub fn each_across(
        &mut self,
        permit: &Permit,
        catalog: &Catalog,
        query: &Query,
        visit: &mut dyn FnMut(Row) -> Result<()>,
    ) -> Result<Option<String>> {
        let table = catalog.table(&query.table)?;
        let session = self.session()?;
        let deadline = Some(session.deadline.clone()).filter(|_| !session.writable);
        run(session, permit, (table, Some(catalog)), query, &mut |row| {
            visit(row)?;
            deadline.iter().for_each(Deadline::begin_anew);
            Ok(())
        })
    }

    /// How many rows pass the filter and the permit.
    ///
    /// # Errors
    /// As [`Tx::select`].
    pub fn count(&mut self, permit: &Permit, table: &TableDef, filter: &Filter) -> Result<u64> {
        let query = Query::new(table.name.clone()).filter(filter.clone());
        count(self.session()?, permit, (table, None), &query)
    }

    /// How many rows a query gives without a limit.
    ///
    /// # Errors
    /// As [`Tx::select_across`].
    pub fn count_across(&mut self, permit: &Permit, catalog: &Catalog, query: &Query) -> Result<u64> {
        count(
            self.session()?,
            permit,
            (catalog.table(&query.table)?, Some(catalog)),
            query,
        )
    }

    /// Adds a row with its key.
    ///
    /// # Errors
    /// `DUPLICATE_KEY`; `NOT_FOUND` where a lookup points to nothing; `ATTRIBUTE_UNKNOWN`;
    /// `INVALID_ARGUMENT` where a value does not fit its column.
    pub fn insert(&mut self, permit: &Permit, table: &TableDef, row: &Row) -> Result<()> {
        permit.covers(&table.name, Right::Create, None)?;
        tell("insert", &table.name, row);
        insert(self.writer()?, table, row)
    }

    /// Changes the columns that are present; `false` where there is no such row.
    ///
    /// # Errors
    /// `NOT_FOUND` where a lookup points to nothing; `ATTRIBUTE_UNKNOWN`; `INVALID_ARGUMENT`
    /// where a value does not fit its column.
    pub fn update(&mut self, permit: &Permit, table: &TableDef, row: &Row) -> Result<bool> {
        permit.covers(&table.name, Right::Write, Some(row.id))?;
        let session = self.writer()?;
        same_table(table, &row.table)?;
        tell("update", &table.name, row);
        let (columns, mut cells) = stored(table, row, true)?;
        if columns.is_empty() {
            return has(session, &table.name, &table.key, row.id);
        }
        session.known.changing(table, &columns);
        session.writes(table);
        cells.push(form::id(row.id));
        let sql = session.sql(
            |key| keyed(key, 'u', table, &columns),
            || build::update(table, &columns),
        );
        let mut statement = session.statement(&sql)?;
        bind::cells(&mut statement, &cells)?;
        let changed = statement.raw_execute();
        drop(statement);
        match changed {
            Ok(changed) => Ok(changed > 0),
            Err(error) if is_reference(&error) => Err(dangling(session, &columns, row)),
            Err(error) if is_taken(&error) => Err(taken(table, &error)),
            Err(error) => Err(fault(error)),
        }
    }

    /// Removes a row; `false` where there is none.
    ///
    /// # Errors
    /// `REFERENCED` where other rows point to it.
    pub fn delete(&mut self, permit: &Permit, table: &TableDef, id: Uuid) -> Result<bool> {
        permit.covers(&table.name, Right::Delete, Some(id))?;
        tracing::trace!(target: WRITES, kind = "delete", table = &*table.name);
        let session = self.writer()?;
        session.known.forget();
        session.writes(table);
        let sql = session.sql(|key| keyed(key, 'd', table, &[]), || build::delete(table));
        let mut statement = session.statement(&sql)?;
        bind::cells(&mut statement, [&form::id(id)])?;
        let changed = statement.raw_execute();
        drop(statement);
        match changed {
            Ok(changed) => Ok(changed > 0),
            Err(error) if is_reference(&error) => Err(referenced(session, table, id)),
            Err(error) => Err(fault(error)),
        }
    }
}

/// Each write is told to whoever listens to this target of `tracing`: what, of which table, and
/// the columns. The tests that pin the order of writes do.
pub(crate) const WRITES: &str = "sluice::writes";

fn tell(kind: &'static str, table: &str, row: &Row) {
    tracing::trace!(target: WRITES, kind, table, columns = ?row.values.keys().collect::<Vec<_>>());
}

/// Adds a row without asking: [`Tx::insert`] asks, and trace rows belong to the host.
pub(crate) fn insert(session: &mut Session, table: &TableDef, row: &Row) -> Result<()> {
    same_table(table, &row.table)?;
    if row.id.is_nil() {
        return Err(Error::host(format!("a new row of `{}` has no id", table.name)));
    }
    session.known.adding(table);
    session.writes(table);
    let (columns, cells) = stored(table, row, false)?;
    let sql = session.sql(
        |key| keyed(key, 'i', table, &columns),
        || build::insert(table, &columns),
    );
    let mut statement = session.statement(&sql)?;
    bind::cells(&mut statement, std::iter::once(&form::id(row.id)).chain(&cells))?;
    let done = statement.raw_execute();
    drop(statement);
    match done {
        Ok(_) => {
            session.known.added(table, row);
            Ok(())
        }
        Err(error) if is_duplicate(&error) => Err(Error::new(
            Code::DUPLICATE_KEY,
            format!(
                "Cannot insert duplicate key: there is a row of `{}` with the id {} already",
                table.name, row.id
            ),
        )
        .with_table(&table.name)),
        Err(error) if is_taken(&error) => Err(taken(table, &error)),
        Err(error) if is_reference(&error) => Err(dangling(session, &columns, row)),
        Err(error) => Err(fault(error)),
    }
}

/// Rows of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where they end, if there are more: the next page begins there.
    pub next: Option<String>,
}

/// Shows the rows of a query; where they end, if they are a page and there are more.
fn run(
    session: &mut Session,
    permit: &Permit,
    (table, catalog): (&TableDef, Option<&Catalog>),
    query: &Query,
    visit: &mut dyn FnMut(Row) -> Result<()>,
) -> Result<Option<String>> {
    permit.check_query(query)?;
    let mask = session.share_mask()?;
    let seen = match filter::scope(permit, table, &table.name, mask)? {
        Some(seen) => seen,
        // Nothing comes to nothing, which is a total.
        None if !query.totals.is_empty() => Some(filter::constant(false)),
        None => return Ok(None),
    };
    let columns = match query.totals.is_empty() {
        true => shown(permit, table, query.columns.as_deref())?,
        false => Vec::new(),
    };
    let list = list::list(table, &columns, query, seen, asked(permit, mask, catalog))?;
    let (sql, values) = list.select.build(sea_query::SqliteQueryBuilder);
    let size = query.page.as_ref().map(|page| u64::from(page.size));
    let mut statement = session.statement(&sql)?;
    bind::values(&mut statement, &values)?;
    let mut found = statement.raw_query();
    let (mut count, mut end) = (0, None);
    while let Some(next) = found.next().map_err(fault)? {
        if Some(count) == size {
            return Ok(end);
        }
        count += 1;
        let mut row = Row::new(table.name.clone(), Uuid::nil());
        let mut index = 0;
        if list.keyed {
            row.id = key_of(next)?;
            index = 1;
        }
        for read in &list.reads {
            read_into(&mut row, read, next, index)?;
            index += read.width();
        }
        if Some(count) == size {
            end = Some(place_of(&list, next, index, count)?.text());
        }
        visit(row)?;
    }
    Ok(None)
}

/// Where a row stands in the order.
fn place_of(list: &List<'_>, row: &rusqlite::Row<'_>, first: usize, count: u64) -> Result<Cookie> {
    let Some((criteria, by)) = &list.ordered else {
        return Ok(Cookie::Skip(list.skipped + count));
    };
    let cells = (first..first + criteria).map(|index| row.get_ref(index).map(Place::of).map_err(fault));
    let (at, by) = (cells.collect::<Result<_>>()?, by.clone());
    Ok(Cookie::After { at, by })
}

fn read_into(row: &mut Row, read: &Read<'_>, found: &rusqlite::Row<'_>, index: usize) -> Result<()> {
    let (name, value) = match read {
        Read::Own(column) => (&column.name, form::value(column, found, index)?),
        Read::Beside(field) => {
            let value = match field.what {
                Some(What::Average) => mean(field, found, index)?,
                Some(What::Sum) if field.column.kind != ColumnType::Float => {
                    form::sum(&field.column, found.get_ref(index).map_err(fault)?)?
                }
                _ => form::value(&field.column, found, index)?,
            };
            (&field.column.name, value)
        }
    };
    if value != Value::Null {
        row.values.insert(name.clone(), value);
    }
    Ok(())
}

/// The mean, of the sum and the number of values beside it.
#[expect(
    clippy::cast_precision_loss,
    reason = "a mean of floating point numbers is one as well"
)]
fn mean(field: &Field, found: &rusqlite::Row<'_>, index: usize) -> Result<Value> {
    let count: i64 = found.get(index + 1).map_err(fault)?;
    if count == 0 {
        return Ok(Value::Null);
    }
    let cell = found.get_ref(index).map_err(fault)?;
    let exact = |sum: Decimal, places| {
        sum.checked_div(Decimal::from(count))
            .unwrap_or_default()
            .round_dp(places)
    };
    match (&field.column.kind, cell) {
        (ColumnType::Float, cell) => return Ok(Value::Float(cell.as_f64().unwrap_or_default() / count as f64)),
        // It lies between two of them, however large their sum is.
        (ColumnType::BigInt, ValueRef::Blob(bytes)) => {
            let mean = form::scaled_of(bytes).unwrap_or_default() / i128::from(count);
            return Ok(Value::BigInt(i64::try_from(mean).unwrap_or_default()));
        }
        _ => {}
    }
    Ok(match form::sum(&field.column, cell)? {
        Value::Money(sum) => Value::Money(exact(sum, 4)),
        Value::Decimal(sum) => Value::Decimal(exact(sum, 10)),
        other => other,
    })
}

fn count(
    session: &mut Session,
    permit: &Permit,
    (table, catalog): (&TableDef, Option<&Catalog>),
    query: &Query,
) -> Result<u64> {
    permit.check_query(query)?;
    let mask = session.share_mask()?;
    let Some(seen) = filter::scope(permit, table, &table.name, mask)? else {
        return Ok(0);
    };
    let asked = asked(permit, mask, catalog);
    let (sql, values) = list::count(table, query, seen, asked)?.build(sea_query::SqliteQueryBuilder);
    let mut statement = session.statement(&sql)?;
    bind::values(&mut statement, &values)?;
    let mut rows = statement.raw_query();
    let row = rows.next().map_err(fault)?;
    let count: i64 = row.map_or(Ok(0), |row| row.get(0)).map_err(fault)?;
    Ok(count.unsigned_abs())
}

fn asked<'a>(permit: &'a Permit, mask: ShareMask, catalog: Option<&'a Catalog>) -> Asked<'a> {
    Asked {
        around: catalog.map(|catalog| Around { catalog, permit, mask }),
        of_platform: permit.is_of_platform(),
    }
}

fn same_table(table: &TableDef, named: &str) -> Result<()> {
    if *table.name == *named {
        Ok(())
    } else {
        Err(Error::host(format!(
            "a row or query of `{named}` was used with the table `{}`",
            table.name
        )))
    }
}

/// The key of a statement's text: the kind, the table, the columns.
fn keyed(key: &mut String, kind: char, table: &TableDef, columns: &[&ColumnDef]) {
    key.push(kind);
    key.push(' ');
    key.push_str(&table.name);
    for column in columns {
        key.push(if form::is_split(&column.kind) { '*' } else { ' ' });
        key.push_str(&column.name);
    }
}

/// The columns asked for, without the key, which each row has anyway.
pub(crate) fn wanted<'a>(table: &'a TableDef, names: Option<&[Name]>) -> Result<Vec<&'a ColumnDef>> {
    let Some(names) = names else {
        return Ok(ddl::plain(table).collect());
    };
    let mut columns = Vec::with_capacity(names.len());
    for name in names.iter().filter(|name| **name != table.key) {
        columns.push(filter::column(table, name)?);
    }
    Ok(columns)
}

/// The columns asked for that the permit does not hide.
fn shown<'a>(permit: &Permit, table: &'a TableDef, names: Option<&[Name]>) -> Result<Vec<&'a ColumnDef>> {
    let mut columns = wanted(table, names)?;
    columns.retain(|column| !permit.hides(&table.name, &column.name));
    Ok(columns)
}

/// The columns of a row with their cells, in the same order.
fn stored<'a>(table: &'a TableDef, row: &'a Row, nulls: bool) -> Result<(Vec<&'a ColumnDef>, Vec<Cell<'a>>)> {
    let mut columns = Vec::with_capacity(row.values.len());
    let mut cells = Vec::with_capacity(row.values.len() + 4);
    for (name, value) in &row.values {
        if *name == table.key {
            if value.as_id() == Some(row.id) {
                continue;
            }
            return Err(Error::invalid(format!(
                "the key `{name}` of `{}` cannot be written",
                table.name
            )));
        }
        let column = filter::column(table, name)?;
        if !nulls && value.is_null() {
            continue;
        }
        let (first, second) = form::stored(table, column, value)?;
        columns.push(column);
        cells.push(first);
        cells.extend(second);
    }
    Ok((columns, cells))
}

pub(crate) fn key_of(row: &rusqlite::Row<'_>) -> Result<Uuid> {
    let bytes = row.get_ref(0).map_err(fault)?.as_blob().ok().and_then(form::uuid);
    bytes.ok_or_else(|| {
        Error::host("the file holds a row whose key is no id; restore a backup").with_remedy(Remedy::Restore)
    })
}

/// More columns than a row has filled as a rule.
const MOST_FILLED: usize = 48;

/// Puts the columns that are not empty into the row.
pub(crate) fn fill(row: &mut Row, columns: &[&ColumnDef], found: &rusqlite::Row<'_>, mut index: usize) -> Result<()> {
    let mut values = Vec::with_capacity(columns.len().min(MOST_FILLED));
    for column in columns {
        let value = form::value(column, found, index)?;
        if value != Value::Null {
            values.push((column.name.clone(), value));
        }
        index += if form::is_split(&column.kind) { 2 } else { 1 };
    }
    // They are put in order all at once.
    row.values.extend(values);
    Ok(())
}
