//! Mappings depend on the tables and columns that they name.

use sluice_model::{Code, Error, Query, Result, Row, TableDef};

use sluice_engine::{
    Unit,
    capability::{Dependant, Dependency, Redefinition, RequiredComponent},
    tables,
};

use super::exposure;

/// Mappings, as drafts or published, which depend on the columns that they name.
pub(super) struct Maps;

impl Maps {
    /// The rows of a table, as drafts and as published.
    fn rows(unit: &mut Unit, table: &str) -> Result<Vec<Row>> {
        let mut rows = unit.select_as_platform("see which mappings depend on a definition", &Query::new(table))?;
        rows.extend(unit.snapshot()?.published(table).iter().cloned());
        Ok(rows)
    }

    /// The mappings, of those that name a column of `table`, by which a secured column is read without its profiles.
    fn exposures(unit: &mut Unit, table: &TableDef, column: &str) -> Result<Vec<String>> {
        let maps = Self::rows(unit, tables::ENTITY_MAP)?;
        let pairs = Self::rows(unit, tables::ATTRIBUTE_MAP)?;
        let catalog = unit.catalog();
        let found = |name: &str| match *name == *table.name {
            true => Some(table),
            false => catalog.find(name).map(|other| &**other),
        };
        let mut texts = Vec::new();
        for pair in &pairs {
            let map = maps.iter().find(|map| Some(map.id) == pair.id_of("entitymapid"));
            let place = |of: &str, name: &str| {
                let table = found(map?.text(of)?)?;
                Some((table, table.column(pair.text(name)?)?))
            };
            let source = place("sourceentityname", "sourceattributename");
            let target = place("targetentityname", "targetattributename");
            let (Some(source), Some(target)) = (source, target) else {
                continue;
            };
            let mut ends = [source, target].into_iter();
            let named = ends.any(|(of, end)| (&*of.name, &*end.name) == (&*table.name, column));
            texts.extend(exposure(source, target).filter(|_| named).map(|flaw| flaw.text));
        }
        texts.sort();
        texts.dedup();
        Ok(texts)
    }
}

impl Dependant for Maps {
    /// A mapping that carries a column over is told where the column is secured, or its target no longer is.
    fn redefined(&self, unit: &mut Unit, what: Redefinition<'_>) -> Result<Vec<Error>> {
        let Redefinition::Secured { table, column } = what else {
            return Ok(Vec::new());
        };
        let texts = Self::exposures(unit, table, column)?;
        let notice = |text| Error::new(Code::INVALID_MAP, text).with_table(tables::ATTRIBUTE_MAP);
        Ok(texts.into_iter().map(notice).collect())
    }

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
