//! Whoever names an option has to find it: options are neither taken away nor called otherwise while
//! a default, a view, a rule or a workflow that is at work would be understood no more.

use std::sync::Arc;

use sluice_engine::{
    Unit,
    capability::{Dependant, Succession, User},
    tables,
};
use sluice_model::{Catalog, Code, ColumnDef, Columns, Error, Result, TableDef, coerce};

/// Refuses options that are about to count, where something would be understood no more.
pub(super) fn check(unit: &mut Unit, before: &Arc<Catalog>) -> Result<()> {
    let after = unit.catalog();
    let users = unit.misfits_of(Succession { before, after: &after })?;
    if users.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = users
        .iter()
        .map(|user| format!("{} {}", user.name, user.does))
        .collect();
    let message = format!(
        "the options cannot be changed so: {}; change that first. Conditions go by an option's number, whatever it is called",
        named.join(", ")
    );
    Err(Error::new(Code::CHOICE_IN_USE, message).with_table(tables::OPTION_SET))
}

/// Who would be understood no more without these options of a choice, `NAME` or `table.column`.
pub(crate) fn users_of_options(unit: &mut Unit, choice: &str, gone: &[i32]) -> Result<Vec<User>> {
    let before = unit.catalog();
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

/// The defaults of columns.
pub(super) struct Defaults;

impl Dependant for Defaults {
    fn misfits(&self, _: &mut Unit, succession: Succession<'_>) -> Result<Vec<User>> {
        let mut users = Vec::new();
        for table in succession.before.iter() {
            for column in table.columns.iter() {
                let Some(default) = column.default.as_ref().filter(|_| column.kind.options().is_some()) else {
                    continue;
                };
                let understand = |catalog: &Arc<Catalog>| {
                    let table = catalog.table(&table.name)?;
                    let column = coerce::column(table, &column.name)?;
                    coerce::check(table, column, coerce::from_json(table, column, default)?)
                };
                if succession.loses(understand) {
                    users.push(User::of(
                        format!("the default of `{}.{}`", table.name, column.name),
                        "is one of them (`column update --default` gives another)",
                    ));
                }
            }
        }
        Ok(users)
    }
}
