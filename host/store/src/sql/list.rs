//! A query as one statement: rows, rows with others beside them, rows that come once, totals; all
//! of it, a page, or how many.

use std::borrow::Cow;

use sea_query::{Cond, Expr, ExprTrait, Func, JoinType, Order as Direction, Query as Sql, SelectStatement};
use sluice_model::{
    ColumnDef, ColumnType, DatePart, Error, Name, Query, Result, TableDef, What,
    answer::{self, Field},
};

use super::{
    build,
    filter::{self, Asked, Level},
    name, order,
    pages::{self, By, MOST_PLACES, Order},
    seconds,
};
use crate::form;

/// The name of the function that adds exact numbers.
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
    /// So many columns at the end say where the row stands in the order, and which order that is.
    pub(crate) ordered: Option<(usize, String)>,
    /// So many rows were passed over.
    pub(crate) skipped: u64,
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
    let order = orders(table, columns, query, asked)?;
    match &query.page {
        None => {
            if let Some(top) = query.top {
                list.select.limit(u64::from(top));
            }
        }
        Some(page) => {
            list.select.limit(u64::from(page.size) + 1);
            pages::turn(&mut list, page, &order)?;
        }
    }
    for by in order.by {
        let direction = if by.descending { Direction::Desc } else { Direction::Asc };
        list.select.order_by_expr(by.expression, direction);
    }
    Ok(list)
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
    let counts = seen_of(table, query, asked);
    if !totals {
        for column in columns.iter().copied() {
            select.exprs(parts(&table.name, column, counts));
            reads.push(Read::Own(column));
        }
    }
    for field in beside(query, asked)? {
        let called = field.of.as_deref().unwrap_or(&table.name);
        for cell in cells(called, &field, counts) {
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
        ordered: None,
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

/// How much of a cell counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// All that is stored.
    Whole,
    /// What people see of it: rows and groups are told apart by that.
    Shown,
}

/// What of the cells counts that a query asks for.
fn seen_of(table: &TableDef, query: &Query, asked: Asked<'_>) -> Seen {
    match query.distinct && !query.gives_rows(&table.key) && !asked.of_platform {
        true => Seen::Shown,
        false => Seen::Whole,
    }
}

/// The cells of a field. A mean is its sum and the number of values.
fn cells(called: &str, field: &Field, seen: Seen) -> Vec<Expr> {
    let source = &field.source;
    let column = || Expr::col((name(called), name(&source.name)));
    let sum = || -> Expr {
        match source.kind {
            ColumnType::Float => Func::coalesce([Expr::from(Func::sum(column())), Expr::val(0_f64)]).into(),
            _ => Func::cust(name(SUM)).arg(column()).into(),
        }
    };
    match field.what {
        None => parts(called, source, seen),
        Some(What::Group) => parts(called, source, Seen::Shown),
        Some(What::Part(part)) => vec![date_part(source, &column(), part)],
        Some(What::Count) => vec![Func::count(Expr::cust("*")).into()],
        Some(What::CountColumn) => vec![Func::count(column()).into()],
        Some(What::CountDistinct) => {
            let first = parts(called, source, Seen::Shown).into_iter().next();
            vec![Func::count_distinct(first.unwrap_or_else(column)).into()]
        }
        Some(What::Sum) => vec![sum()],
        Some(What::Average) => vec![sum(), Func::count(column()).into()],
        Some(What::Least) => vec![Func::min(column()).into()],
        Some(What::Most) => vec![Func::max(column()).into()],
    }
}

fn parts(called: &str, column: &ColumnDef, seen: Seen) -> Vec<Expr> {
    let parts = build::split([column]);
    let cell = |part: &String| {
        let cell = Expr::col((name(called), name(part)));
        match (&column.kind, seen) {
            (ColumnType::DateTime, Seen::Shown) => seconds::whole(&cell),
            _ => cell,
        }
    };
    parts.iter().map(cell).collect()
}

fn groups(called: &str, field: &Field) -> Vec<Expr> {
    match field.what {
        Some(what) if what.groups() => cells(called, field, Seen::Shown),
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

/// The order. It ends with what tells rows apart, so that it is always the same.
fn orders<'a>(table: &'a TableDef, columns: &[&'a ColumnDef], query: &Query, asked: Asked<'_>) -> Result<Order> {
    let catalog = asked
        .around
        .filter(|_| !query.raw_order && !asked.of_platform)
        .map(|around| around.catalog);
    let counts = seen_of(table, query, asked);
    let shown = |called: &str, column: &ColumnDef| {
        let shown = catalog.and_then(|catalog| order::shown(catalog, called, column));
        let cell = || parts(called, column, counts).into_iter().next();
        shown
            .or_else(cell)
            .ok_or_else(|| Error::host("a column without a cell"))
    };
    let fields = beside(query, asked)?;
    let mut order = Order {
        by: Vec::new(),
        is_place: query.totals.is_empty(),
    };
    for one in &query.order {
        let expression = match fields.iter().find(|field| is_ordered(field, &one.column)) {
            Some(field) => {
                let called = field.of.as_deref().unwrap_or(&table.name);
                match field.what {
                    None | Some(What::Group) => shown(called, &field.source)?,
                    Some(What::Average) => mean(called, &field.source),
                    Some(_) => first(cells(called, field, Seen::Whole))?,
                }
            }
            None => match one.column.split_once('.') {
                Some((alias, column)) => {
                    let around = asked.around.ok_or_else(|| unknown(&one.column))?;
                    let joined = answer::table_of(around.catalog, query, Some(&Name::from(alias)))?;
                    let of_it = |field: &Field| field.of.as_deref() == Some(alias) && *field.source.name == *column;
                    order.is_place &= counts == Seen::Whole || fields.iter().any(of_it);
                    shown(alias, filter::column(&joined, column)?)?
                }
                None if query.totals.is_empty() => {
                    let column = filter::column(table, &one.column)?;
                    order.is_place &= counts == Seen::Whole || columns.iter().any(|one| one.name == column.name);
                    shown(&table.name, column)?
                }
                None => return Err(unknown(&one.column)),
            },
        };
        order.by.push(By {
            expression,
            descending: one.descending,
        });
    }
    let last = match (query.totals.is_empty(), counts) {
        (false, _) => Vec::new(),
        (true, Seen::Shown) => {
            let own = columns.iter().flat_map(|column| parts(&table.name, column, counts));
            let of_field = |field: &Field| cells(field.of.as_deref().unwrap_or(&table.name), field, counts);
            own.chain(fields.iter().flat_map(of_field)).collect()
        }
        (true, Seen::Whole) => keys(table, query, asked)?,
    };
    order.by.extend(last.into_iter().map(|expression| By {
        expression,
        descending: false,
    }));
    order.is_place &= order.by.len() <= MOST_PLACES;
    Ok(order)
}

/// The keys of a query's rows, its own and those beside it.
fn keys(table: &TableDef, query: &Query, asked: Asked<'_>) -> Result<Vec<Expr>> {
    let mut keys = vec![Expr::col((name(&table.name), name(&table.key)))];
    for join in &query.joins {
        let around = asked.around.ok_or_else(|| unknown(&join.alias))?;
        let other = around.catalog.table(&join.table)?;
        keys.push(Expr::col((name(&join.alias), name(&other.key))));
    }
    Ok(keys)
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

/// The mean as a number to order by, as it is shown.
fn mean(called: &str, source: &ColumnDef) -> Expr {
    let column = Expr::col((name(called), name(&source.name)));
    match source.kind {
        ColumnType::Decimal { .. } => Func::cust(name(MEAN)).arg(column).into(),
        ColumnType::Int { .. } | ColumnType::BigInt => {
            Expr::cust_with_expr("CAST(? AS INTEGER)", Expr::from(Func::avg(column)))
        }
        _ => Func::avg(column).into(),
    }
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
