//! What a query answers with beyond the columns of its own table: columns of joined tables, and
//! totals, each with its type.

use std::{collections::HashSet, sync::Arc};

use crate::{Catalog, ColumnDef, ColumnType, Error, Name, Query, Result, TableDef, Total, What, coerce};

/// A column of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its definition, under the name that it has in the answer.
    pub column: ColumnDef,
    /// What of a total it is made.
    pub what: Option<What>,
    /// The join that it comes from; `None` is the query's own table.
    pub of: Option<Name>,
    /// The column that it is made of, under its own name; of totals of amounts, that of the base amounts.
    pub source: ColumnDef,
}

/// The columns of an answer beyond those of the query's own table, in their order.
///
/// # Errors
/// A table, a join or a column is not there, two columns of the answer have one name, or a total does
/// not go with the type of its column.
pub fn fields(catalog: &Catalog, query: &Query) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    let mut names = own(catalog.table(&query.table)?, query);
    for join in &query.joins {
        let table = catalog.table(&join.table)?;
        for (column, name) in &join.columns {
            let source = coerce::column(table, column)?.clone();
            if !names.insert(name.clone()) {
                return Err(Error::invalid(format!(
                    "two columns of the answer would be called `{name}`: `{}` of the join `{}` needs another alias",
                    source.name, join.alias
                )));
            }
            fields.push(Field {
                column: named(&source, name, source.kind.clone()),
                what: None,
                of: Some(join.alias.clone()),
                source,
            });
        }
    }
    for total in &query.totals {
        let table = table_of(catalog, query, total.of.as_ref())?;
        let source = counted(&table, coerce::column(&table, &total.column)?, total.what).clone();
        fields.push(Field {
            column: named(&source, &total.name, kind(&table, &source, total)?),
            what: Some(total.what),
            of: total.of.clone(),
            source,
        });
    }
    Ok(fields)
}

/// The names that the columns of the query's own table have in the answer.
fn own(table: &TableDef, query: &Query) -> HashSet<Name> {
    let mut names = HashSet::new();
    if query.totals.is_empty() {
        names.insert(table.key.clone());
        match &query.columns {
            Some(columns) => names.extend(columns.iter().cloned()),
            None => names.extend(table.columns.iter().map(|column| column.name.clone())),
        }
    }
    names
}

/// The table of a join, or the query's own.
///
/// # Errors
/// There is no join of that alias, or no such table.
pub fn table_of(catalog: &Catalog, query: &Query, join: Option<&Name>) -> Result<Arc<TableDef>> {
    let name = match join {
        None => &query.table,
        Some(alias) => {
            let found = query.joins.iter().find(|join| join.alias == *alias);
            &found
                .ok_or_else(|| Error::invalid(format!("the query joins nothing as `{alias}`")))?
                .table
        }
    };
    catalog.table(name).cloned()
}

/// The column that a total is made of. Amounts of several currencies have no sum, and none is the least: their
/// totals are those of what they are in the base currency.
fn counted<'a>(table: &'a TableDef, column: &'a ColumnDef, what: What) -> &'a ColumnDef {
    match what {
        What::Sum | What::Average | What::Least | What::Most if column.kind.is_money() => {
            table.column(&format!("{}_base", column.name)).unwrap_or(column)
        }
        _ => column,
    }
}

fn named(source: &ColumnDef, name: &Name, kind: ColumnType) -> ColumnDef {
    ColumnDef {
        label: source.label.clone(),
        ..ColumnDef::new(name, kind)
    }
}

/// The type of a total.
fn kind(table: &TableDef, column: &ColumnDef, total: &Total) -> Result<ColumnType> {
    use ColumnType as C;
    let wrong = |what: &str| {
        Err(Error::invalid(format!(
            "column `{}` of `{}` is of type {} and has no {what}",
            column.name,
            table.name,
            column.kind.word()
        ))
        .with_table(&table.name))
    };
    Ok(match (total.what, &column.kind) {
        (What::Count | What::CountColumn | What::CountDistinct, _) => C::BigInt,
        (What::Part(_), C::DateTime | C::Date) => C::Int { min: None, max: None },
        (What::Part(_), _) => return wrong("parts of a date"),
        (What::Group, C::Memo { .. } | C::Choices { .. }) => return wrong("groups"),
        (What::Group, kind) => kind.clone(),
        (What::Sum, C::Int { .. } | C::BigInt) => C::BigInt,
        // A whole number as well, cut.
        (What::Average, C::Int { .. } | C::BigInt) => C::BigInt,
        (What::Average, C::Decimal { .. }) => C::Decimal { precision: 10 },
        (What::Average, C::Money { .. }) => C::Money { precision: 4 },
        (What::Sum | What::Average, kind @ (C::Decimal { .. } | C::Money { .. } | C::Float)) => kind.clone(),
        (What::Sum | What::Average, _) => return wrong("sum"),
        (
            What::Least | What::Most,
            kind @ (C::Int { .. }
            | C::BigInt
            | C::Decimal { .. }
            | C::Money { .. }
            | C::Float
            | C::DateTime
            | C::Date
            | C::Text { .. }),
        ) => kind.clone(),
        (What::Least | What::Most, _) => return wrong("least and largest value"),
    })
}
