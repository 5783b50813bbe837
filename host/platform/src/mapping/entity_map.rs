//! Between which tables columns are mapped: tables with a relationship, each pair once.

use sluice_model::{Code, Error, Filter, Ownership, Query, Reference, Result, Row, TableDef};

use sluice_engine::{Operation, Unit, rules::Rules, tables};

pub(super) struct EntityMap;

impl Rules for EntityMap {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let map = operation.target()?;
        let name = |column: &str| map.text(column).unwrap_or_default().to_owned();
        let (source, target) = (name("sourceentityname"), name("targetentityname"));
        let catalog = unit.catalog();
        let (from, to) = (catalog.table(&source)?, catalog.table(&target)?);
        if from.ownership == Ownership::None || relationship(from, to).is_none() {
            return Err(Error::new(
                Code::INVALID_MAP,
                format!(
                    "`{source}` and `{target}` have no relationship to map columns along: no column of `{target}` refers to `{source}`"
                ),
            )
            .with_table(tables::ENTITY_MAP));
        }
        let same = Filter::eq("sourceentityname", &*source).and(Filter::eq("targetentityname", &*target));
        if unit
            .select_as_platform(
                "two tables have one map",
                &Query::new(tables::ENTITY_MAP).columns(&[]).filter(same),
            )?
            .is_empty()
        {
            return Ok(());
        }
        Err(Error::new(
            Code::DUPLICATE_KEY,
            format!("there is a mapping from `{source}` to `{target}` already; add columns to it"),
        )
        .with_table(tables::ENTITY_MAP))
    }

    fn before_update(&self, _: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        let moved = ["sourceentityname", "targetentityname"]
            .iter()
            .any(|column| target.has(column) && target.text(column) != before.text(column));
        if moved {
            return Err(Error::new(
                Code::ENTITY_MAP_UPDATE,
                "a mapping between two tables keeps its tables; make another one",
            )
            .with_table(tables::ENTITY_MAP));
        }
        Ok(())
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let id = operation.id()?;
        let of_platform = Filter::eq("entitymapid", id).and(Filter::eq("issystem", true));
        let rows = unit.select_as_platform(
            "two tables have one map",
            &Query::new(tables::ATTRIBUTE_MAP).columns(&[]).filter(of_platform),
        )?;
        if rows.is_empty() {
            return Ok(());
        }
        let map = unit.need_as_platform("two tables have one map", &Reference::new(tables::ENTITY_MAP, id))?;
        let name = |column| map.text(column).unwrap_or_default();
        Err(Error::new(
            Code::ENTITY_MAP_SYSTEM,
            format!(
                "the mapping from `{}` to `{}` is the platform's own and stays; change the columns in it",
                name("sourceentityname"),
                name("targetentityname")
            ),
        )
        .with_table(tables::ENTITY_MAP))
    }
}

/// The column of `target` by which its rows refer to their row of `source`: the first one that
/// people fill in themselves.
pub(crate) fn relationship<'a>(source: &TableDef, target: &'a TableDef) -> Option<&'a str> {
    target
        .columns
        .iter()
        .filter(|column| !column.filled && &*column.name != "ownerid")
        .find(|column| {
            column
                .kind
                .targets()
                .is_some_and(|tables| tables.contains(&source.name))
        })
        .map(|column| &*column.name)
}
