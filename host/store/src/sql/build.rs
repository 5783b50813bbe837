//! The statements on the rows of one table, for a table and a set of columns.
//!
//! Placeholders come in the order of the columns; the caller binds cells in that order.

use sea_query::{Alias, Expr, ExprTrait, Query, SqliteQueryBuilder};
use sluice_model::{ColumnDef, Ownership, TableDef};

use super::{SHARES, ShareMask, name};
use crate::form;

/// What stands for a value until cells are bound.
fn hole() -> Expr {
    Expr::val(0_i64)
}

fn has_key(table: &TableDef) -> Expr {
    Expr::col(name(&table.key)).eq(hole())
}

/// The database's columns of some columns of a table.
pub(crate) fn split<'a>(columns: impl IntoIterator<Item = &'a ColumnDef>) -> Vec<String> {
    let mut names = Vec::new();
    for column in columns {
        names.push(column.name.to_string());
        if form::is_split(&column.kind) {
            names.push(form::type_column(&column.name));
        }
    }
    names
}

/// `INSERT`: the key, then the columns.
pub(crate) fn insert(table: &TableDef, columns: &[&ColumnDef]) -> String {
    let mut names = vec![table.key.to_string()];
    names.extend(split(columns.iter().copied()));
    let holes = names.iter().map(|_| hole()).collect::<Vec<_>>();
    let mut statement = Query::insert();
    statement.into_table(name(&table.name)).columns(names);
    // As many values as columns: cannot fail.
    let _ = statement.values(holes);
    statement.build(SqliteQueryBuilder).0
}

/// `UPDATE`: the columns, then the key.
pub(crate) fn update(table: &TableDef, columns: &[&ColumnDef]) -> String {
    let mut statement = Query::update();
    statement.table(name(&table.name)).and_where(has_key(table));
    for column in split(columns.iter().copied()) {
        statement.value(column, hole());
    }
    statement.build(SqliteQueryBuilder).0
}

/// `DELETE` by the key.
pub(crate) fn delete(table: &TableDef) -> String {
    Query::delete()
        .from_table(name(&table.name))
        .and_where(has_key(table))
        .build(SqliteQueryBuilder)
        .0
}

/// `SELECT` of the columns of one row, by its key.
pub(crate) fn get(table: &TableDef, columns: &[&ColumnDef]) -> String {
    let mut statement = Query::select();
    statement
        .from(name(&table.name))
        .columns(split(columns.iter().copied()))
        .and_where(has_key(table));
    if columns.is_empty() {
        statement.expr(Expr::cust("1"));
    }
    statement.build(SqliteQueryBuilder).0
}

/// `SELECT` of the values that several rows have in these columns: how many rows, and the values.
pub(crate) fn repeated(table: &TableDef, columns: &[&ColumnDef]) -> String {
    let names = split(columns.iter().copied());
    let mut statement = Query::select();
    statement
        .from(name(&table.name))
        .expr(Expr::cust("COUNT(*)"))
        .columns(names.clone())
        .group_by_columns(names.clone())
        .and_having(Expr::cust("COUNT(*) > 1"));
    for column in names {
        statement.and_where(Expr::col(column).is_not_null());
    }
    statement.build(SqliteQueryBuilder).0
}

/// `SELECT` of the key and the columns of all rows.
pub(crate) fn every(table: &TableDef, columns: &[&ColumnDef]) -> String {
    Query::select()
        .from(name(&table.name))
        .column(name(&table.key))
        .columns(split(columns.iter().copied()))
        .build(SqliteQueryBuilder)
        .0
}

/// The keys of the rows whose lookup with several targets refers to a row of `target` that is not
/// there; bound is the name of that table.
pub(crate) fn dangling(table: &TableDef, column: &ColumnDef, target: &TableDef) -> String {
    let there = Alias::new("there");
    let row = Query::select()
        .expr(Expr::cust("1"))
        .from_as(name(&target.name), there.clone())
        .and_where(Expr::col((there, name(&target.key))).equals((name(&table.name), name(&column.name))))
        .take();
    Query::select()
        .from(name(&table.name))
        .column((name(&table.name), name(&table.key)))
        .and_where(Expr::col((name(&table.name), Alias::new(form::type_column(&column.name)))).eq(hole()))
        .and_where(Expr::exists(row).not())
        .build(SqliteQueryBuilder)
        .0
}

/// `SELECT 1` where a column (or the key) has a value.
pub(crate) fn any(table: &str, column: &str) -> String {
    Query::select()
        .expr(Expr::cust("1"))
        .from(name(table))
        .and_where(Expr::col(name(column)).eq(hole()))
        .build(SqliteQueryBuilder)
        .0
}

/// The column that says which business unit a row lies in.
pub(crate) fn unit_column(table: &TableDef) -> Option<&'static str> {
    let column = match table.ownership {
        Ownership::User => "owningbusinessunit",
        Ownership::Business => "businessunitid",
        Ownership::Organization | Ownership::None => return None,
    };
    (table.column(column).is_some() || *table.key == *column).then_some(column)
}

/// Owner, the owner's type and business unit of one row, each null where the table has none.
pub(crate) fn facts(table: &TableDef) -> String {
    let owned = table.ownership == Ownership::User;
    let part = |there: bool, column: &str| {
        if there {
            Expr::col(name(column))
        } else {
            Expr::cust("NULL")
        }
    };
    let unit = unit_column(table);
    Query::select()
        .from(name(&table.name))
        .expr(part(owned, "ownerid"))
        .expr(part(owned, "ownerid_type"))
        .expr(part(unit.is_some(), unit.unwrap_or_default()))
        .and_where(has_key(table))
        .build(SqliteQueryBuilder)
        .0
}

/// The rights in a row of the table of shares.
pub(crate) fn share_mask(mask: ShareMask) -> Expr {
    let part = part_of_mask;
    match mask {
        ShareMask::None => Expr::cust("0"),
        ShareMask::Direct => part("accessrightsmask"),
        ShareMask::Inherited => part("accessrightsmask").bit_or(part("inheritedaccessrightsmask")),
    }
}

fn part_of_mask(column: &str) -> Expr {
    Expr::col(name(column)).if_null(Expr::cust("0"))
}

/// The shares of rows with one id with so many principals: their own mask, table of the row, table
/// of the principal, its id, the inherited mask.
pub(crate) fn shares(mask: ShareMask, principals: usize) -> String {
    Query::select()
        .from(name(SHARES))
        .expr(share_mask(ShareMask::Direct))
        .columns(["objecttypecode", "principaltypecode", "principalid"].map(name))
        .expr(match mask {
            ShareMask::Inherited => part_of_mask("inheritedaccessrightsmask"),
            ShareMask::None | ShareMask::Direct => Expr::cust("0"),
        })
        .and_where(Expr::col(name("objectid")).eq(hole()))
        .and_where(Expr::col(name("principalid")).is_in(std::iter::repeat_n(0_i64, principals)))
        .build(SqliteQueryBuilder)
        .0
}
