//! Whoever names an option has to find it: options are neither taken away nor added nor called otherwise
//! while a default, a view, a rule or a workflow that is at work would mean another one, or none.

use std::sync::Arc;

use sluice_engine::{
    Unit,
    capability::{Dependant, Dependency, Succession},
    tables,
};
use sluice_model::{Catalog, Code, ColumnDef, Columns, Error, Name, Remedy, Result, TableDef, coerce};

/// Refuses options that are about to count, where something would be understood otherwise, or no more.
pub(super) fn check(unit: &mut Unit, before: &Arc<Catalog>) -> Result<()> {
    let after = unit.snapshot()?.catalog().clone();
    let dependencies = unit.misfits_of(Succession { before, after: &after })?;
    if dependencies.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = dependencies
        .iter()
        .map(|dependency| format!("{} {}", dependency.name, dependency.does))
        .collect();
    let message = format!(
        "the options cannot be changed so: {}; change that first. Conditions go by an option's number, whatever it is called",
        named.join(", ")
    );
    let error = Error::new(Code::CHOICE_IN_USE, message).with_table(tables::OPTION_SET);
    Err(match defaults(Succession { before, after: &after }).first() {
        Some((table, column)) => error
            .with_remedy(Remedy::ChangeDefault)
            .with_word("TABLE", table)
            .with_word("COLUMN", column),
        None => error,
    })
}

/// Who would be understood otherwise, or no more, without these options of a choice, `NAME` or `table.column`.
pub(crate) fn dependencies_of_options(unit: &mut Unit, choice: &str, gone: &[i32]) -> Result<Vec<Dependency>> {
    let before = unit.snapshot()?.catalog().clone();
    let has_it = |table: &TableDef, column: &ColumnDef| match column.kind.global() {
        Some(global) => &**global == choice,
        None => choice.split_once('.') == Some((&*table.name, &*column.name)),
    };
    let tables = before.iter().map(|table| {
        let mut table = TableDef::clone(table);
        let mut columns: Vec<ColumnDef> = table.columns.iter().cloned().collect();
        for column in columns.iter_mut().filter(|column| has_it(&table, column)) {
            if let Some(options) = column.kind.options_mut() {
                options.retain(|option| !gone.contains(&option.value));
            }
        }
        table.columns = Columns::from(columns);
        table
    });
    let after = Arc::new(Catalog::new(tables).speaking(before.collation()));
    unit.misfits_of(Succession {
        before: &before,
        after: &after,
    })
}

/// The columns, with their tables, whose defaults are no options of theirs any more, or others.
fn defaults(succession: Succession<'_>) -> Vec<(Name, Name)> {
    let mut misfits = Vec::new();
    for table in succession.before.iter() {
        for column in table.columns.iter() {
            let Some(default) = column.default.as_ref().filter(|_| column.kind.options().is_some()) else {
                continue;
            };
            let understand = |catalog: &Arc<Catalog>| {
                let table = catalog.table(&table.name)?;
                let column = coerce::column(table, &column.name)?;
                coerce::stored(table, column, default)
            };
            if succession.changes(understand) {
                misfits.push((table.name.clone(), column.name.clone()));
            }
        }
    }
    misfits
}

/// The defaults of columns.
pub(super) struct Defaults;

impl Dependant for Defaults {
    fn misfits(&self, _: &mut Unit, succession: Succession<'_>) -> Result<Vec<Dependency>> {
        let dependency = |(table, column): (Name, Name)| {
            Dependency::of(format!("the default of `{table}.{column}`"), "is one of them")
        };
        Ok(defaults(succession).into_iter().map(dependency).collect())
    }
}
