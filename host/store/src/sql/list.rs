//! A query as one statement: rows, rows with others beside them, rows that come once, totals; all
//! of it, a page, or how many.

use std::borrow::Cow;

use sea_query::{Cond, Expr, ExprTrait, Func, JoinType, Order as Direction, Query as Sql, SelectStatement};
use sluice_model::{
    ColumnDef, ColumnType, DatePart, Error, Name, Page, Query, Result, TableDef, What,
    answer::{self, Field},
};

use super::{
    build,
    cookie::Cookie,
    filter::{self, Asked, Level},
    name, order, seconds,
};
use crate::form;

/// The name of the function that adds decimal numbers.
pub(crate) const SUM: &str = "sluice_sum";
/// The name of the function that gives their mean, about.
pub(crate) const MEAN: &str = "sluice_mean";

/// What a row of the answer is read from, in the order of the statement's columns.
pub(crate) enum Read<'a> {
    /// A column of the query's own table.
    Own(&'a ColumnDef),
    /// A column of another one, or a total.
    Beside(Box<Field>),
}

/// A statement for a list.
pub(crate) struct List<'a> {
    pub(crate) select: SelectStatement,
    /// Each row begins with its key.
    pub(crate) keyed: bool,
    pub(crate) reads: Vec<Read<'a>>,
    /// So many columns at the end say where the row stands in the order.
    pub(crate) ordered: usize,
    /// So many rows were passed over.
    pub(crate) skipped: u64,
}

/// One criterion of an order.
struct By {
    expression: Expr,
    descending: bool,
}

/// The statement for the rows of a query, among those that may be seen.
pub(crate) fn list<'a>(
    table: &'a TableDef,
    columns: &[&'a ColumnDef],
    query: &Query,
    seen: Option<Expr>,
    asked: Asked<'_>,
) -> Result<List<'a>> {
    let query = &*apart(query);
    let mut list = rows(table, columns, query, seen, asked)?;
    let orders = orders(table, query, asked)?;
    let Some(page) = &query.page else {
        if let Some(top) = query.top {
            list.select.limit(u64::from(top));
        }
        ordered(&mut list.select, orders);
        return Ok(list);
    };
    list.select.limit(u64::from(page.size) + 1);
    turn(&mut list, page, &orders)?;
    ordered(&mut list.select, orders);
    Ok(list)
}

fn ordered(select: &mut SelectStatement, orders: Vec<By>) {
    for by in orders {
        let direction = if by.descending { Direction::Desc } else { Direction::Asc };
        select.order_by_expr(by.expression, direction);
    }
}

/// The query with links that are called as nothing else is in a statement: people call them as they
/// like, also like its tables, and the database tells no capital from a small letter.
fn apart(query: &Query) -> Cow<'_, Query> {
    if query.joins.is_empty() {
        return Cow::Borrowed(query);
    }
    let place = |alias: &str| query.joins.iter().position(|join| *join.alias == *alias);
    let called = |alias: &str| place(alias).map(|place| format!("link {place}"));
    let renamed = |alias: &mut Name| {
        if let Some(called) = called(alias) {
            *alias = called.into();
        }
    };
    let mut query = query.clone();
    for join in &mut query.joins {
        renamed(&mut join.alias);
        join.within.as_mut().into_iter().for_each(renamed);
    }
    for total in &mut query.totals {
        total.of.as_mut().into_iter().for_each(renamed);
    }
    for by in &mut query.order {
        let is_total = query.totals.iter().any(|total| total.name == by.column);
        if let Some((alias, column)) = by.column.split_once('.').filter(|_| !is_total)
            && let Some(called) = called(alias)
        {
            by.column = format!("{called}.{column}").into();
        }
    }
    Cow::Owned(query)
}

/// How many rows the query gives without a limit.
pub(crate) fn count(table: &TableDef, query: &Query, seen: Option<Expr>, asked: Asked<'_>) -> Result<SelectStatement> {
    let query = &*apart(query);
    let mut select = Sql::select();
    select.expr(Func::count(Expr::cust("*")));
    if query.gives_rows(&table.key) {
        select.from(name(&table.name));
        filter::narrow(&mut select, Level::of(table, &table.name, asked), &query.filter, seen)?;
        return Ok(select);
    }
    let columns = match query.distinct {
        true => crate::rows::wanted(table, query.columns.as_deref())?,
        false => Vec::new(),
    };
    let inner = rows(table, &columns, query, seen, asked)?.select;
    select.from_subquery(inner, name("_all"));
    Ok(select)
}

/// The rows without an order and a limit.
fn rows<'a>(
    table: &'a TableDef,
    columns: &[&'a ColumnDef],
    query: &Query,
    seen: Option<Expr>,
    asked: Asked<'_>,
) -> Result<List<'a>> {
    let level = Level::of(table, &table.name, asked);
    let mut select = Sql::select();
    select.from(name(&table.name));
    join(&mut select, level, query, asked)?;
    filter::narrow(&mut select, level, &query.filter, seen)?;
    let totals = !query.totals.is_empty();
    let key_named = query.columns.as_ref().is_none_or(|names| names.contains(&table.key));
    let nothing_else = columns.is_empty() && query.joins.is_empty();
    let keyed = !totals && (!query.distinct || key_named || nothing_else);
    let mut reads = Vec::new();
    if keyed {
        select.expr(level.column(&table.key));
    }
    if query.distinct {
        select.distinct();
    }
    if !totals {
        for column in columns.iter().copied() {
            for part in build::split([column]) {
                select.expr(level.column(&part));
            }
            reads.push(Read::Own(column));
        }
    }
    for field in beside(query, asked)? {
        let called = field.of.as_deref().unwrap_or(&table.name);
        for cell in cells(called, &field) {
            select.expr(cell);
        }
        for group in groups(called, &field) {
            select.add_group_by([group]);
        }
        reads.push(Read::Beside(Box::new(field)));
    }
    Ok(List {
        select,
        keyed,
        reads,
        ordered: 0,
        skipped: 0,
    })
}

fn beside(query: &Query, asked: Asked<'_>) -> Result<Vec<Field>> {
    match asked.around {
        _ if query.joins.is_empty() && query.totals.is_empty() => Ok(Vec::new()),
        Some(around) => {
            let mut fields = answer::fields(around.catalog, query)?;
            // Totals of what is hidden were refused.
            let shown = |field: &Field| {
                let of = answer::table_of(around.catalog, query, field.of.as_ref());
                !of.is_ok_and(|table| around.permit.hides(&table.name, &field.source.name))
            };
            fields.retain(shown);
            Ok(fields)
        }
        None => Err(Error::host(format!(
            "a query of `{}` with joins or totals was used where other tables are not looked at",
            query.table
        ))),
    }
}

/// The joined tables, of each the rows that may be seen and pass.
fn join(select: &mut SelectStatement, own: Level<'_>, query: &Query, asked: Asked<'_>) -> Result<()> {
    if query.joins.is_empty() {
        return Ok(());
    }
    let around = asked
        .around
        .ok_or_else(|| Error::host("a query with joins was used where other tables are not looked at"))?;
    for join in &query.joins {
        let parent = answer::table_of(around.catalog, query, join.within.as_ref())?;
        let parent = match &join.within {
            Some(alias) => Level::of(&parent, alias, asked),
            None => own,
        };
        let table = around.catalog.table(&join.table)?;
        let level = Level::of(table, &join.alias, asked);
        let here = filter::linking(parent.table, &join.column)?;
        let there = filter::linking(table, &join.other)?;
        let mut on = Cond::all().add(level.column(&there.name).eq(parent.column(&here.name)));
        if let Some(same) = filter::same_table((parent, here), (level, there)) {
            on = on.add(same);
        }
        match filter::scope(around.permit, table, &join.alias, around.mask)? {
            None => on = on.add(filter::constant(false)),
            Some(seen) => on = seen.into_iter().fold(on, Cond::add),
        }
        if join.filter != sluice_model::Filter::All {
            on = on.add(filter::condition(level, &join.filter)?);
        }
        let kind = if join.outer {
            JoinType::LeftJoin
        } else {
            JoinType::InnerJoin
        };
        select.join_as(kind, name(&table.name), name(&join.alias), on);
    }
    Ok(())
}

/// The cells of a field. A mean is its sum and the number of values.
fn cells(called: &str, field: &Field) -> Vec<Expr> {
    let source = &field.source;
    let column = || Expr::col((name(called), name(&source.name)));
    let sum = || -> Expr {
        match source.kind {
            ColumnType::Decimal { .. } => Func::cust(name(SUM)).arg(column()).into(),
            _ => Func::sum(column()).into(),
        }
    };
    match field.what {
        None | Some(What::Group) => parts(called, source),
        Some(What::Part(part)) => vec![date_part(source, &column(), part)],
        Some(What::Count) => vec![Func::count(Expr::cust("*")).into()],
        Some(What::CountColumn) => vec![Func::count(column()).into()],
        Some(What::CountDistinct) => vec![Func::count_distinct(column()).into()],
        Some(What::Sum) => vec![sum()],
        Some(What::Average) => vec![sum(), Func::count(column()).into()],
        Some(What::Least) => vec![Func::min(column()).into()],
        Some(What::Most) => vec![Func::max(column()).into()],
    }
}

fn parts(called: &str, column: &ColumnDef) -> Vec<Expr> {
    let parts = build::split([column]);
    parts.iter().map(|part| Expr::col((name(called), name(part)))).collect()
}

fn groups(called: &str, field: &Field) -> Vec<Expr> {
    match field.what {
        Some(what) if what.groups() => cells(called, field),
        _ => Vec::new(),
    }
}

/// A part of a date as a number.
fn date_part(source: &ColumnDef, column: &Expr, part: DatePart) -> Expr {
    const SECOND: i64 = 1_000_000;
    const DAY: i64 = 86_400;
    let time = match source.kind {
        ColumnType::Date => column.clone().mul(DAY),
        _ => seconds::whole(column).div(SECOND),
    };
    let number = |form: &str| {
        Expr::cust_with_expr(
            format!("CAST(strftime('{form}', ?, 'unixepoch') AS INTEGER)"),
            time.clone(),
        )
    };
    match part {
        DatePart::Day => number("%d"),
        DatePart::Month => number("%m"),
        DatePart::Year => number("%Y"),
        DatePart::Quarter => number("%m").add(2_i64).div(3_i64),
        DatePart::Week => {
            let first = "CAST(strftime('%w', ?, 'unixepoch', 'start of year') AS INTEGER)";
            let first = Expr::cust_with_expr(first, time.clone());
            number("%j").sub(1_i64).add(first).div(7_i64).add(1_i64)
        }
    }
}

/// The order; rows that are rows end with their key, so that it is always the same.
fn orders(table: &TableDef, query: &Query, asked: Asked<'_>) -> Result<Vec<By>> {
    let catalog = asked
        .around
        .filter(|_| !query.raw_order && !asked.of_platform)
        .map(|around| around.catalog);
    let shown = |called: &str, column: &ColumnDef| {
        let shown = catalog.and_then(|catalog| order::shown(catalog, called, column));
        shown.unwrap_or_else(|| Expr::col((name(called), name(&column.name))))
    };
    let fields = beside(query, asked)?;
    let mut orders = Vec::new();
    for one in &query.order {
        let expression = match fields.iter().find(|field| is_ordered(field, &one.column)) {
            Some(field) => {
                let called = field.of.as_deref().unwrap_or(&table.name);
                match field.what {
                    None | Some(What::Group) => shown(called, &field.source),
                    Some(What::Average) => mean(called, &field.source),
                    Some(_) => first(cells(called, field))?,
                }
            }
            None => match one.column.split_once('.') {
                Some((alias, column)) => {
                    let around = asked.around.ok_or_else(|| unknown(&one.column))?;
                    let joined = answer::table_of(around.catalog, query, Some(&Name::from(alias)))?;
                    shown(alias, filter::column(&joined, column)?)
                }
                None if query.totals.is_empty() => shown(&table.name, filter::column(table, &one.column)?),
                None => return Err(unknown(&one.column)),
            },
        };
        orders.push(By {
            expression,
            descending: one.descending,
        });
    }
    if query.totals.is_empty() && (!query.distinct || query.gives_rows(&table.key)) {
        orders.push(By {
            expression: Expr::col((name(&table.name), name(&table.key))),
            descending: false,
        });
    }
    Ok(orders)
}

/// Whether an order speaks of a field: of a total by its name.
fn is_ordered(field: &Field, by: &Name) -> bool {
    field.what.is_some() && field.column.name == *by
}

fn unknown(by: &str) -> Error {
    Error::invalid(format!("the query shows no `{by}`, by which it is ordered"))
}

fn first(cells: Vec<Expr>) -> Result<Expr> {
    cells
        .into_iter()
        .next()
        .ok_or_else(|| Error::host("a field without a cell"))
}

/// The mean as a number to order by.
fn mean(called: &str, source: &ColumnDef) -> Expr {
    let column = Expr::col((name(called), name(&source.name)));
    match source.kind {
        ColumnType::Decimal { .. } => Func::cust(name(MEAN)).arg(column).into(),
        _ => Func::avg(column).into(),
    }
}

/// Begins a page where the one before ended.
fn turn(list: &mut List<'_>, page: &Page, orders: &[By]) -> Result<()> {
    let keyset = list.keyed && list.reads.iter().all(|read| matches!(read, Read::Own(_)));
    let before = u64::from(page.number.saturating_sub(1)) * u64::from(page.size);
    let cookie = page.after.as_deref().map(Cookie::parse).transpose()?;
    match cookie {
        None => list.skipped = before,
        Some(Cookie::Skip(rows)) => list.skipped = rows,
        Some(Cookie::After(place)) if keyset && place.len() == orders.len() => {
            let place = place.iter().map(sea_query::Value::from);
            list.select.cond_where(after(orders, &place.collect::<Vec<_>>()));
        }
        Some(Cookie::After(_)) => return Err(Cookie::foreign()),
    }
    if list.skipped > 0 {
        list.select.offset(list.skipped);
    }
    if keyset {
        for by in orders {
            list.select.expr(by.expression.clone());
        }
        list.ordered = orders.len();
    }
    Ok(())
}

/// The rows that stand behind a place: at the first criterion that differs.
fn after(orders: &[By], place: &[sea_query::Value]) -> Cond {
    let mut any = Cond::any();
    for (at, (by, value)) in orders.iter().zip(place).enumerate() {
        let empty = is_empty(value);
        let column = || by.expression.clone();
        let behind = match (by.descending, empty) {
            (false, true) => column().is_not_null(),
            (false, false) => column().gt(value.clone()),
            (true, true) => continue,
            (true, false) => column().lt(value.clone()).or(column().is_null()),
        };
        let same = orders.iter().zip(place).take(at);
        let same = same.fold(Cond::all(), |all, (by, value)| {
            all.add(match is_empty(value) {
                true => by.expression.clone().is_null(),
                false => by.expression.clone().eq(value.clone()),
            })
        });
        any = any.add(same.add(behind));
    }
    any
}

fn is_empty(value: &sea_query::Value) -> bool {
    matches!(value, sea_query::Value::BigInt(None))
}

impl Read<'_> {
    /// So many cells of the statement belong to it.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Own(column) => 1 + usize::from(form::is_split(&column.kind)),
            Self::Beside(field) => match field.what {
                Some(What::Average) => 2,
                _ => 1 + usize::from(form::is_split(&field.column.kind)),
            },
        }
    }
}
