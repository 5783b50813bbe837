//! The query tree as SQL: filters, orders, and the rows that a permit lets a list show.
//!
//! A condition is true or false, never unknown: a column that is empty is different from
//! every value, and neither less nor greater.
//!
//! A row is its table and its id: a reference is equal to a column only where both are the same.
//! A bare id is compared with the id alone, which is what the clients' filters mean by it.

use std::collections::BTreeMap;

use sea_query::{Cond, Expr, ExprTrait, Func, Query as Sql, SelectStatement};
use sluice_access::{Permit, PrincipalId, RowFilter, RowScope};
use sluice_model::{
    Catalog, Code, ColumnDef, ColumnType, Comparison, Error, Filter, Name, PrincipalKind, Related, Result, Right,
    TableDef, Uuid, Value,
};

use super::{SHARES, ShareMask, build, name, seconds};
use crate::{
    form::{self, Cell, TableOf},
    text,
};

/// The column of that name; the key counts.
pub(crate) fn column<'a>(table: &'a TableDef, column: &str) -> Result<&'a ColumnDef> {
    table.column(column).ok_or_else(|| {
        Error::new(
            Code::ATTRIBUTE_UNKNOWN,
            format!(
                "'{}' entity doesn't contain attribute with Name = '{column}'",
                table.schema
            ),
        )
        .with_table(&table.name)
    })
}

/// What a condition on related rows needs: which tables there are, and which of their rows
/// whoever asks may read.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) permit: &'a Permit,
    pub(crate) mask: ShareMask,
}

/// Who asks, and what may be asked.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Where a condition may look at related tables: those tables.
    pub(crate) around: Option<Around<'a>>,
    /// The platform itself, not somebody's question.
    pub(crate) of_platform: bool,
}

/// The rows that a condition speaks of.
#[derive(Clone, Copy)]
pub(crate) struct Level<'a> {
    pub(crate) table: &'a TableDef,
    /// What the table is called in the statement: the outermost by its name.
    pub(crate) called: &'a str,
    /// How many tables stand around this one.
    depth: usize,
    around: Option<Around<'a>>,
    /// The platform itself asks: it compares rows as references, never by their bare ids.
    strict: bool,
}

impl<'a> Level<'a> {
    /// The rows of a table that stands in no other, as it is called in the statement.
    pub(crate) fn of(table: &'a TableDef, called: &'a str, asked: Asked<'a>) -> Self {
        Self {
            table,
            called,
            depth: 0,
            around: asked.around,
            strict: asked.of_platform,
        }
    }

    /// A column of them.
    pub(crate) fn column(&self, column: &str) -> Expr {
        Expr::col((name(self.called), name(column)))
    }
}

/// The rows that pass a filter, among those that may be seen.
pub(crate) fn narrow(
    select: &mut SelectStatement,
    level: Level<'_>,
    filter: &Filter,
    seen: Option<Expr>,
) -> Result<()> {
    if let Some(seen) = seen {
        select.and_where(seen);
    }
    if *filter != Filter::All {
        select.and_where(condition(level, filter)?);
    }
    Ok(())
}

/// What a permit lets a list of a table show, as it is called in the statement: `None` is nothing, `Some(None)` everything.
pub(crate) fn scope(permit: &Permit, table: &TableDef, called: &str, mask: ShareMask) -> Result<Option<Option<Expr>>> {
    Ok(match permit.rows(&table.name)? {
        RowScope::Everything => Some(None),
        RowScope::Only(filters) => {
            let all: Option<Vec<Expr>> = filters.iter().map(|rows| seen(table, called, rows, mask)).collect();
            all.and_then(|all| all.into_iter().reduce(Expr::and)).map(Some)
        }
    })
}

/// The rows that a permit lets a list show; `None` is none at all.
fn seen(table: &TableDef, called: &str, rows: &RowFilter, mask: ShareMask) -> Option<Expr> {
    let of = |column: &str| Expr::col((name(called), name(column)));
    let among = |column: &str, ids: &[Uuid]| {
        let known = table.column(column).is_some() || *table.key == *column;
        (known && !ids.is_empty()).then(|| of(column).is_in(blobs(ids)))
    };
    let shared = |mask: ShareMask, with: &[PrincipalId]| {
        (mask != ShareMask::None && !with.is_empty()).then(|| {
            let shares = Sql::select()
                .column(name("objectid"))
                .from(name(SHARES))
                .and_where(Expr::col(name("objecttypecode")).eq(&*table.name))
                .and_where(principals(
                    Expr::col(name("principalid")),
                    &Expr::col(name("principaltypecode")),
                    with,
                ))
                .and_where(build::share_mask(mask).bit_and(i64::from(Right::Read.bit())).ne(0_i64))
                .to_owned();
            of(&table.key).in_subquery(shares)
        })
    };
    let directly = match mask {
        ShareMask::None => ShareMask::None,
        ShareMask::Direct | ShareMask::Inherited => ShareMask::Direct,
    };
    let owned = (table.column("ownerid").is_some() && !rows.owners.is_empty())
        .then(|| principals(of("ownerid"), &of(&form::type_column("ownerid")), &rows.owners));
    let owned_within = || {
        let unit = build::unit_column(table)?;
        let mut by_unit = BTreeMap::<Uuid, Vec<PrincipalId>>::new();
        for (owner, within) in &rows.owned_within {
            by_unit.entry(*within).or_default().push(*owner);
        }
        let parts = by_unit.into_iter().filter_map(|(within, owners)| {
            let owned = principals(of("ownerid"), &of(&form::type_column("ownerid")), &owners);
            Some(among(unit, &[within])?.and(owned))
        });
        parts.reduce(Expr::or)
    };
    let parts = [
        owned,
        table.column("ownerid").and_then(|_| owned_within()),
        among(&table.key, &rows.ids),
        build::unit_column(table).and_then(|column| among(column, &rows.business_units)),
        shared(mask, &rows.shared_with),
        shared(directly, &rows.shared_directly_with),
    ];
    parts.into_iter().flatten().reduce(Expr::or)
}

/// The user or the team in these two columns is one of these. Users and teams are asked for
/// apart: both conditions begin with the id, which has the index.
fn principals(id: Expr, kind: &Expr, any: &[PrincipalId]) -> Expr {
    let of = |wanted: PrincipalKind| {
        let ids: Vec<Uuid> = any.iter().filter(|one| one.kind == wanted).map(|one| one.id).collect();
        (!ids.is_empty()).then(|| {
            let known = id.clone().is_in(blobs(&ids));
            known.and(kind.clone().eq(wanted.table()))
        })
    };
    let parts = [PrincipalKind::User, PrincipalKind::Team].into_iter().filter_map(of);
    parts.reduce(Expr::or).unwrap_or_else(|| constant(false))
}

fn blobs(ids: &[Uuid]) -> Vec<sea_query::Value> {
    ids.iter().map(|id| form::id(*id).into()).collect()
}

pub(crate) fn constant(truth: bool) -> Expr {
    Expr::cust(if truth { "TRUE" } else { "FALSE" })
}

pub(crate) fn condition(level: Level<'_>, filter: &Filter) -> Result<Expr> {
    let table = level.table;
    match filter {
        Filter::All => Ok(constant(true)),
        Filter::And(all) => joined(level, all, Cond::all(), true),
        Filter::Or(any) => joined(level, any, Cond::any(), false),
        Filter::Not(inner) => Ok(Expr::expr(Func::coalesce([condition(level, inner)?, constant(false)])).not()),
        Filter::Compare {
            column: by,
            comparison,
            value,
        } => compare(level, column(table, by)?, *comparison, value),
        Filter::In { column: by, values } => among(level, column(table, by)?, values),
        Filter::Related(related) => exists(level, related),
    }
}

fn joined(level: Level<'_>, filters: &[Filter], mut cond: Cond, empty: bool) -> Result<Expr> {
    if filters.is_empty() {
        return Ok(constant(empty));
    }
    for filter in filters {
        cond = cond.add(condition(level, filter)?);
    }
    Ok(cond.into())
}

/// There is a related row among those that whoever asks may read.
fn exists(level: Level<'_>, related: &Related) -> Result<Expr> {
    let around = level.around.ok_or_else(|| {
        Error::host(format!(
            "a condition on rows of `{}` was used where related tables are not looked at",
            related.table
        ))
    })?;
    let other = around.catalog.table(&related.table)?;
    let called = format!("r{}", level.depth + 1);
    let inner = Level {
        table: other,
        called: &called,
        depth: level.depth + 1,
        around: level.around,
        strict: level.strict,
    };
    let here = linking(level.table, &related.column)?;
    let there = linking(other, &related.other)?;
    let Some(seen) = scope(around.permit, other, &called, around.mask)? else {
        return Ok(constant(false));
    };
    let mut select = Sql::select();
    select
        .expr(Expr::cust("1"))
        .from_as(name(&other.name), name(&called))
        .and_where(inner.column(&there.name).eq(level.column(&here.name)));
    if let Some(same) = same_table((level, here), (inner, there)) {
        select.and_where(same);
    }
    if let Some(seen) = seen {
        select.and_where(seen);
    }
    if related.filter != Filter::All {
        select.and_where(condition(inner, &related.filter)?);
    }
    Ok(Expr::exists(select))
}

/// The condition under which two columns with the same id speak of the same row: their tables
/// are the same, too. `None` where that is certain.
pub(crate) fn same_table(here: (Level<'_>, &ColumnDef), there: (Level<'_>, &ColumnDef)) -> Option<Expr> {
    let of = |(level, _): (Level<'_>, &ColumnDef), kind: &str| level.column(kind);
    match (
        form::table_of(here.0.table, here.1),
        form::table_of(there.0.table, there.1),
    ) {
        (TableOf::Unsaid, _) | (_, TableOf::Unsaid) => None,
        (TableOf::Always(one), TableOf::Always(other)) => (one != other).then(|| constant(false)),
        (TableOf::Always(table), TableOf::In(kind)) => Some(of(there, &kind).eq(&**table)),
        (TableOf::In(kind), TableOf::Always(table)) => Some(of(here, &kind).eq(&**table)),
        (TableOf::In(one), TableOf::In(other)) => Some(of(here, &one).eq(of(there, &other))),
    }
}

/// A column by which rows are linked.
pub(crate) fn linking<'a>(table: &'a TableDef, named: &str) -> Result<&'a ColumnDef> {
    let by = column(table, named)?;
    match by.kind {
        ColumnType::Key | ColumnType::Id | ColumnType::Lookup { .. } => Ok(by),
        _ => Err(Error::invalid(format!(
            "tables are linked by keys and lookups, and column `{}` of `{}` is of type {}",
            by.name,
            table.name,
            by.kind.word()
        ))),
    }
}

fn among(level: Level<'_>, by: &ColumnDef, values: &[Value]) -> Result<Expr> {
    let table = level.table;
    let mut cells: Vec<sea_query::Value> = Vec::with_capacity(values.len());
    let mut rows: BTreeMap<&Name, Vec<Uuid>> = BTreeMap::new();
    if by.kind == ColumnType::DateTime && !level.strict {
        return Ok(seconds::among(&level.column(&by.name), values));
    }
    let mut empty = None;
    for value in values {
        match (form::compared(table, by, value)?, value) {
            (Cell::Null, _) => empty = Some(level.column(&by.name).is_null()),
            (_, Value::Lookup(reference)) => rows.entry(&reference.table).or_default().push(reference.id),
            (_, Value::Id(_)) if level.strict && matches!(form::table_of(table, by), TableOf::In(_)) => {
                return Err(Error::host(format!(
                    "`{}` of `{}` refers to rows of several tables and was compared with a bare id: name the table, too",
                    by.name, table.name
                )));
            }
            (cell, _) => cells.push(cell.into()),
        }
    }
    let some = (!cells.is_empty()).then(|| level.column(&by.name).is_in(cells));
    let rows = rows.into_iter().map(|(target, ids)| {
        let one = level.column(&by.name).is_in(blobs(&ids));
        match form::table_of(table, by) {
            TableOf::In(column) => one.and(level.column(&column).eq(&**target)),
            TableOf::Always(only) if only != target => constant(false),
            TableOf::Always(_) | TableOf::Unsaid => one,
        }
    });
    Ok(some
        .into_iter()
        .chain(rows)
        .chain(empty)
        .reduce(Expr::or)
        .unwrap_or_else(|| constant(false)))
}

fn compare(level: Level<'_>, by: &ColumnDef, comparison: Comparison, value: &Value) -> Result<Expr> {
    let table = level.table;
    let column = level.column(&by.name);
    let search = match comparison {
        Comparison::Contains => Some(text::CONTAINS),
        Comparison::StartsWith => Some(text::STARTS),
        Comparison::EndsWith => Some(text::ENDS),
        _ => None,
    };
    if let Some(function) = search {
        return searched(level, by, function, value);
    }
    let cell = form::compared(table, by, value)?;
    if cell == Cell::Null {
        return Ok(match comparison {
            Comparison::Eq => column.is_null(),
            Comparison::Ne => column.is_not_null(),
            _ => constant(false),
        });
    }
    if let (Comparison::Eq | Comparison::Ne, Value::Lookup(_) | Value::Id(_)) = (comparison, value) {
        let same = among(level, by, std::slice::from_ref(value))?;
        return Ok(match comparison {
            Comparison::Eq => same,
            // An empty column is different.
            _ => Expr::expr(Func::coalesce([same, constant(false)])).not(),
        });
    }
    if let (Value::DateTime(time), false) = (value, level.strict) {
        return Ok(seconds::compare(&column, comparison, *time));
    }
    let value: sea_query::Value = cell.into();
    Ok(match comparison {
        Comparison::Eq => column.eq(value),
        // Null-safe: an empty column is different.
        Comparison::Ne => column.is_not(value),
        Comparison::Lt => column.lt(value),
        Comparison::Le => column.lte(value),
        Comparison::Gt => column.gt(value),
        _ => column.gte(value),
    })
}

/// A search in a text, or for one choice among several.
fn searched(level: Level<'_>, by: &ColumnDef, function: &'static str, value: &Value) -> Result<Expr> {
    let part = match (&by.kind, value) {
        (_, Value::Null) => return Ok(constant(false)),
        (ColumnType::Text { .. } | ColumnType::Memo { .. }, Value::Text(part)) => part.clone(),
        (ColumnType::Choices { .. }, Value::Choice(number) | Value::Int(number)) if function == text::CONTAINS => {
            format!(",{number},")
        }
        // The end of an id, by its digits.
        (ColumnType::Key | ColumnType::Id, Value::Text(part)) if function == text::ENDS => {
            let digits: String = part.chars().filter(char::is_ascii_hexdigit).collect();
            let hex = Func::cust(name("hex")).arg(level.column(&by.name));
            return Ok(Expr::expr(hex).like(format!("%{digits}")));
        }
        (kind, _) => {
            return Err(Error::invalid(format!(
                "column `{}` of `{}` is of type {} and cannot be searched for a text",
                by.name,
                level.table.name,
                kind.word()
            )));
        }
    };
    Ok(Func::cust(name(function)).arg(level.column(&by.name)).arg(part).into())
}
