//! Keys depend on the columns that they are made of, and on their table.

use sluice_engine::{
    Unit,
    capability::{Dependant, Dependency, Redefinition, RequiredComponent},
};
use sluice_model::{Error, Result, Row};

use super::life;

/// The keys, at work or not.
pub(super) struct Keys;

fn name(key: &Row) -> String {
    format!("the key {}", key.text("name").unwrap_or_default())
}

fn is_made_of(key: &Row, column: &str) -> bool {
    life::definition(key).columns.iter().any(|name| **name == *column)
}

impl Dependant for Keys {
    fn dependencies(&self, unit: &mut Unit, definition: RequiredComponent<'_>) -> Result<Vec<Dependency>> {
        let keys = life::keys_of(unit, &definition.table.name)?;
        let asked = keys
            .iter()
            .filter(|key| definition.column.is_none_or(|column| is_made_of(key, &column.name)));
        Ok(asked.map(|key| Dependency::of(name(key), "is made of it")).collect())
    }

    fn redefined(&self, unit: &mut Unit, what: Redefinition<'_>) -> Result<Vec<Error>> {
        let Redefinition::Column { table, column } = what else {
            return Ok(Vec::new());
        };
        match life::keys_of(unit, table)?.iter().find(|key| is_made_of(key, column)) {
            None => Ok(Vec::new()),
            Some(key) => Err(Error::invalid(format!(
                "the column `{column}` of `{table}` stays what it is: {} is made of it; take the key away first",
                name(key)
            ))
            .with_table(table)),
        }
    }
}
