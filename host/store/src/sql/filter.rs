//! The query tree as SQL: filters, orders, and the rows that a permit lets a list show.
//!
//! A condition is true or false, never unknown: a column that is empty is different from
//! every value, and neither less nor greater.

use sea_query::{Cond, Expr, ExprTrait, Func, Order as Direction, Query as Sql, SelectStatement};
use sluice_access::RowFilter;
use sluice_model::{
    Code, ColumnDef, ColumnType, Comparison, Error, Filter, Query, Result, Right, TableDef, Uuid, Value,
};

use super::{SHARES, ShareMask, build, name};
use crate::{
    form::{self, Cell},
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

/// The `SELECT` for a list, with the columns in the order given.
pub(crate) fn list(
    table: &TableDef,
    columns: &[&ColumnDef],
    query: &Query,
    seen: Option<Expr>,
) -> Result<SelectStatement> {
    let mut select = Sql::select();
    select
        .from(name(&table.name))
        .column(name(&table.key))
        .columns(build::split(columns.iter().copied()));
    narrow(&mut select, table, &query.filter, seen)?;
    for order in &query.order {
        let by = column(table, &order.column)?;
        select.order_by(
            name(&by.name),
            if order.descending {
                Direction::Desc
            } else {
                Direction::Asc
            },
        );
    }
    select.order_by(name(&table.key), Direction::Asc);
    if let Some(top) = query.top {
        select.limit(u64::from(top));
    }
    Ok(select)
}

/// The `SELECT` that counts.
pub(crate) fn count(table: &TableDef, filter: &Filter, seen: Option<Expr>) -> Result<SelectStatement> {
    let mut select = Sql::select();
    select.from(name(&table.name)).expr(Func::count(Expr::cust("*")));
    narrow(&mut select, table, filter, seen)?;
    Ok(select)
}

fn narrow(select: &mut SelectStatement, table: &TableDef, filter: &Filter, seen: Option<Expr>) -> Result<()> {
    if let Some(seen) = seen {
        select.and_where(seen);
    }
    if *filter != Filter::All {
        select.and_where(condition(table, filter)?);
    }
    Ok(())
}

/// The rows that a permit lets a list show; `None` is none at all.
pub(crate) fn seen(table: &TableDef, rows: &RowFilter, mask: ShareMask) -> Option<Expr> {
    let among = |column: &str, ids: &[Uuid]| {
        let known = table.column(column).is_some() || *table.key == *column;
        (known && !ids.is_empty()).then(|| Expr::col(name(column)).is_in(blobs(ids)))
    };
    let shared = (mask != ShareMask::None && !rows.shared_with.is_empty()).then(|| {
        let shares = Sql::select()
            .column(name("objectid"))
            .from(name(SHARES))
            .and_where(Expr::col(name("principalid")).is_in(blobs(&rows.shared_with)))
            .and_where(build::share_mask(mask).bit_and(i64::from(Right::Read.bit())).ne(0_i64))
            .to_owned();
        Expr::col(name(&table.key)).in_subquery(shares)
    });
    let parts = [
        among("ownerid", &rows.owners),
        among(&table.key, &rows.ids),
        build::unit_column(table).and_then(|column| among(column, &rows.business_units)),
        shared,
    ];
    parts.into_iter().flatten().reduce(Expr::or)
}

fn blobs(ids: &[Uuid]) -> Vec<sea_query::Value> {
    ids.iter().map(|id| form::id(*id).into()).collect()
}

fn constant(truth: bool) -> Expr {
    Expr::cust(if truth { "TRUE" } else { "FALSE" })
}

fn condition(table: &TableDef, filter: &Filter) -> Result<Expr> {
    match filter {
        Filter::All => Ok(constant(true)),
        Filter::And(all) => joined(table, all, Cond::all(), true),
        Filter::Or(any) => joined(table, any, Cond::any(), false),
        Filter::Not(inner) => Ok(Expr::expr(Func::coalesce([condition(table, inner)?, constant(false)])).not()),
        Filter::Compare {
            column: by,
            comparison,
            value,
        } => compare(table, column(table, by)?, *comparison, value),
        Filter::In { column: by, values } => among(table, column(table, by)?, values),
    }
}

fn joined(table: &TableDef, filters: &[Filter], mut cond: Cond, empty: bool) -> Result<Expr> {
    if filters.is_empty() {
        return Ok(constant(empty));
    }
    for filter in filters {
        cond = cond.add(condition(table, filter)?);
    }
    Ok(cond.into())
}

fn among(table: &TableDef, by: &ColumnDef, values: &[Value]) -> Result<Expr> {
    let mut cells: Vec<sea_query::Value> = Vec::with_capacity(values.len());
    let mut empty = None;
    for value in values {
        match form::compared(table, by, value)? {
            Cell::Null => empty = Some(Expr::col(name(&by.name)).is_null()),
            cell => cells.push(cell.into()),
        }
    }
    let some = (!cells.is_empty()).then(|| Expr::col(name(&by.name)).is_in(cells));
    Ok(some
        .into_iter()
        .chain(empty)
        .reduce(Expr::or)
        .unwrap_or_else(|| constant(false)))
}

fn compare(table: &TableDef, by: &ColumnDef, comparison: Comparison, value: &Value) -> Result<Expr> {
    let column = Expr::col(name(&by.name));
    let search = match comparison {
        Comparison::Contains => Some(text::CONTAINS),
        Comparison::StartsWith => Some(text::STARTS),
        Comparison::EndsWith => Some(text::ENDS),
        _ => None,
    };
    if let Some(function) = search {
        return searched(table, by, function, value);
    }
    let cell = form::compared(table, by, value)?;
    if cell == Cell::Null {
        return Ok(match comparison {
            Comparison::Eq => column.is_null(),
            Comparison::Ne => column.is_not_null(),
            _ => constant(false),
        });
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
fn searched(table: &TableDef, by: &ColumnDef, function: &'static str, value: &Value) -> Result<Expr> {
    let part = match (&by.kind, value) {
        (_, Value::Null) => return Ok(constant(false)),
        (ColumnType::Text { .. } | ColumnType::Memo { .. }, Value::Text(part)) => part.clone(),
        (ColumnType::Choices { .. }, Value::Choice(number) | Value::Int(number)) if function == text::CONTAINS => {
            format!(",{number},")
        }
        (kind, _) => {
            return Err(Error::invalid(format!(
                "column `{}` of `{}` is of type {} and cannot be searched for a text",
                by.name,
                table.name,
                kind.word()
            )));
        }
    };
    Ok(Func::cust(name(function))
        .arg(Expr::col(name(&by.name)))
        .arg(part)
        .into())
}
