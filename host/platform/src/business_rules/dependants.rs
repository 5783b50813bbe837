//! Business rules, which depend on the tables and columns that they name.

use sluice_model::{Filter, Query, Result, Row, Value, state::process::ACTIVATED};

use super::{CATEGORY, definition::Definition};
use crate::workflows::language::numbered;
use sluice_engine::{
    Unit,
    capability::{Dependant, Dependency, RequiredComponent, Succession},
    tables,
};

/// The definitions of all rules.
pub(super) struct Definitions;

impl Dependant for Definitions {
    fn dependencies(&self, unit: &mut Unit, named: RequiredComponent<'_>) -> Result<Vec<Dependency>> {
        let of_table = Filter::eq("category", Value::Choice(CATEGORY))
            .and(Filter::eq("primaryentity", named.table.name.to_string()));
        let rows = unit.select_as_platform(
            "see which business rules depend on a definition",
            &Query::new(tables::PROCESS).filter(of_table),
        )?;
        let catalog = unit.catalog();
        let uses = |row: &&Row| {
            let Some(column) = named.column else { return true };
            let rule = row.text("clientdata").map(Definition::parse);
            let uses = rule
                .and_then(Result::ok)
                .map(|rule| rule.uses(&catalog, &named.table.name));
            let mut uses = uses.and_then(Result::ok).into_iter().flatten();
            uses.any(|(table, used)| table == named.table.name && used.as_ref() == Some(&column.name))
        };
        let dependencies = rows.iter().filter(uses).map(|row| {
            let name = row.text("name").unwrap_or_default();
            Dependency::of(format!("the business rule \"{name}\""), "uses it")
        });
        Ok(dependencies.collect())
    }

    fn misfits(&self, unit: &mut Unit, succession: Succession<'_>) -> Result<Vec<Dependency>> {
        let active = Filter::eq("category", Value::Choice(CATEGORY)).and(ACTIVATED.rows());
        let rows = unit.select_as_platform(
            "see which business rules depend on a definition",
            &Query::new(tables::PROCESS).filter(active),
        )?;
        let is_misfit = |row: &&Row| {
            let table = row.text("primaryentity").unwrap_or_default();
            let text = row.text("clientdata").unwrap_or_default();
            Definition::parse(text).is_ok_and(|rule| {
                succession.changes(|catalog| {
                    rule.check(catalog, table)?;
                    numbered(catalog, table, text)
                })
            })
        };
        let dependencies = rows.iter().filter(is_misfit).map(|row| {
            let name = row.text("name").unwrap_or_default();
            Dependency::of(format!("the business rule \"{name}\""), "names one of them")
        });
        Ok(dependencies.collect())
    }
}
