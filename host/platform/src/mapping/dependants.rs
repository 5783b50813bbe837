//! Mappings depend on the tables and columns that they name.

use sluice_model::{Query, Result, Row};

use sluice_engine::{
    Unit,
    capability::{Dependant, Dependency, RequiredComponent},
    tables,
};

/// Mappings, as drafts or published, which depend on the columns that they name.
pub(super) struct Maps;

impl Maps {
    /// The rows of a table, as drafts and as published.
    fn rows(unit: &mut Unit, table: &str) -> Result<Vec<Row>> {
        let mut rows = unit.select_as_platform("see which mappings depend on a definition", &Query::new(table))?;
        rows.extend(unit.snapshot()?.published(table).iter().cloned());
        Ok(rows)
    }
}

impl Dependant for Maps {
    fn dependencies(&self, unit: &mut Unit, definition: RequiredComponent<'_>) -> Result<Vec<Dependency>> {
        let table = &*definition.table.name;
        let maps = Self::rows(unit, tables::ENTITY_MAP)?;
        let Some(column) = definition.column else {
            let sides = ["sourceentityname", "targetentityname"];
            let of_table = |map: &Row| sides.iter().any(|side| map.text(side) == Some(table));
            let named = maps.iter().any(of_table);
            let dependency = || Dependency::of("columns".to_owned(), "are mapped from or onto it");
            return Ok(named.then(dependency).into_iter().collect());
        };
        let pairs = Self::rows(unit, tables::ATTRIBUTE_MAP)?;
        let mut named: Vec<String> = pairs
            .iter()
            .filter_map(|pair| {
                let map = maps.iter().find(|map| Some(map.id) == pair.id_of("entitymapid"))?;
                let end = |of: &str, name: &str| map.text(of) == Some(table) && pair.text(name) == Some(&*column.name);
                let named =
                    end("sourceentityname", "sourceattributename") || end("targetentityname", "targetattributename");
                named.then(|| {
                    format!(
                        "the mapping {}.{} → {}.{}",
                        map.text("sourceentityname").unwrap_or_default(),
                        pair.text("sourceattributename").unwrap_or_default(),
                        map.text("targetentityname").unwrap_or_default(),
                        pair.text("targetattributename").unwrap_or_default()
                    )
                })
            })
            .collect();
        named.sort();
        named.dedup();
        Ok(named.into_iter().map(|name| Dependency::of(name, "names it")).collect())
    }
}
