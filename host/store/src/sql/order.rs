//! The order of a list by what people see: lookups by the names of their rows, choices by their
//! labels.

use sea_query::{CaseStatement, Expr, ExprTrait, Query as Sql, SelectStatement, SubQueryStatement};
use sluice_model::{Catalog, Choice, ColumnDef, ColumnType, TableDef};

use super::name;
use crate::{
    form,
    text::{self, Collation},
};

/// What a list is ordered by for a column of a table, as that is called in the statement; nothing
/// where that is the column itself.
pub(crate) fn shown(catalog: &Catalog, called: &str, by: &ColumnDef) -> Option<Expr> {
    match &by.kind {
        ColumnType::Choice { options, .. } | ColumnType::State { options } | ColumnType::Status { options } => {
            (!options.is_empty()).then(|| label(catalog.collation(), called, by, options))
        }
        ColumnType::Lookup { .. } => names(catalog, called, by),
        _ => None,
    }
}

/// The place of the option's label among the labels. A number that is no option's comes last.
fn label(collation: &Collation, called: &str, by: &ColumnDef, options: &[Choice]) -> Expr {
    let mut sorted: Vec<&Choice> = options.iter().collect();
    sorted.sort_by(|one, other| collation.compare(&one.label, &other.label));
    let column = || Expr::col((name(called), name(&by.name)));
    let mut places = CaseStatement::new();
    for (place, option) in sorted.iter().enumerate() {
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        places = places.case(column().eq(i64::from(option.value)), place);
    }
    const LAST: i64 = 1 << 33;
    places.finally(column().add(LAST)).into()
}

/// The name of the row that a lookup refers to.
fn names(catalog: &Catalog, called: &str, by: &ColumnDef) -> Option<Expr> {
    let targets = by.targets().iter().filter_map(|target| catalog.find(target));
    let mut named = targets.filter_map(|target| Some((target, named(called, by, target)?)));
    let name_of_row = match form::is_split(&by.kind) {
        false => named.next()?.1,
        true => {
            let kind = form::type_column(&by.name);
            let mut any = false;
            let mut cases = CaseStatement::new();
            for (target, one) in named {
                any = true;
                cases = cases.case(Expr::col((name(called), name(&kind))).eq(&*target.name), one);
            }
            any.then(|| cases.finally(Expr::cust("NULL")).into())?
        }
    };
    Some(Expr::cust_with_expr(
        format!("? COLLATE {}", text::COLLATION),
        name_of_row,
    ))
}

fn named(called: &str, by: &ColumnDef, target: &TableDef) -> Option<Expr> {
    const OTHER: &str = "_named";
    let primary = target.primary_name.as_ref()?;
    let select: SelectStatement = Sql::select()
        .column((name(OTHER), name(primary)))
        .from_as(name(&target.name), name(OTHER))
        .and_where(Expr::col((name(OTHER), name(&target.key))).eq(Expr::col((name(called), name(&by.name)))))
        .to_owned();
    Some(Expr::SubQuery(
        None,
        Box::new(SubQueryStatement::SelectStatement(select)),
    ))
}
