//! AutoMapEntity: *Generate mappings*. The maps that somebody made give way to new ones, of all
//! columns that have one name and type in both tables. The platform's own and managed maps
//! stay: nobody but an import deletes those.

use sluice_model::{
    ColumnDef, ColumnType, Filter, Parameter, ParameterType, Query, Request, Result, Right, Row, TableDef,
};

use crate::{managed, mapping};
use sluice_engine::{
    Operation, Unit, giving,
    message::{Message, ParameterDef, Shape, required},
    principals, tables,
};

/// `AutoMapEntity`.
pub(crate) struct AutoMapEntity;

impl Message for AutoMapEntity {
    fn name(&self) -> &'static str {
        "AutoMapEntity"
    }

    fn doc(&self) -> &'static str {
        "Replaces the maps of an `entitymap` by maps of the columns that have one name and type in both tables."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("EntityMapId", ParameterType::Id)];
        // The platform tells nothing.
        const OUTPUTS: &[ParameterDef] = &[
            required("Removed", ParameterType::References),
            required("Created", ParameterType::References),
        ];
        Shape {
            outputs: OUTPUTS,
            ..Shape::changing(tables::ENTITY_MAP, "EntityMapId", INPUTS)
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Write)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let map = unit.row_with_rights(operation, &table.name, operation.id()?, &[Right::Write])?;
        let of_map = Query::new(tables::ATTRIBUTE_MAP).filter(Filter::eq("entitymapid", map.id));
        let there = unit.select_as_platform(
            "see which columns of a map that the caller may change are mapped",
            &of_map,
        )?;
        let is_kept = |row: &&Row| row.bool("issystem") == Some(true) || row.bool(managed::MARK) == Some(true);
        let (kept, old): (Vec<&Row>, Vec<&Row>) = there.iter().partition(is_kept);
        for row in &old {
            unit.run_as_caller(operation, Request::delete(row.reference()))?;
        }
        let catalog = unit.catalog();
        let side = |column: &str| catalog.table(map.text(column).unwrap_or_default());
        let (source, target) = (side("sourceentityname")?, side("targetentityname")?);
        let mut created = Vec::new();
        for column in same(source, target) {
            // What the caller may not read is not theirs to carry over.
            let both = [(&source.name, &column.name), (&target.name, &column.name)];
            if giving::check_reads(&catalog, operation.principal(), both).is_err() {
                continue;
            }
            if kept
                .iter()
                .any(|row| row.text("targetattributename") == Some(&column.name))
            {
                continue;
            }
            let row = Row::unsaved(tables::ATTRIBUTE_MAP)
                .with("entitymapid", map.reference())
                .with("sourceattributename", &*column.name)
                .with("targetattributename", &*column.name);
            let id = unit.run_as_caller(operation, Request::create(row))?.created();
            created.push(sluice_model::Reference::new(
                tables::ATTRIBUTE_MAP,
                id.unwrap_or_default(),
            ));
        }
        let removed = old.iter().map(|row| row.reference()).collect();
        operation.output("Removed", Parameter::References(removed));
        operation.output("Created", Parameter::References(created));
        Ok(())
    }
}

/// The columns that have one name in both tables, fit each other, lack no option and open nothing secured: without
/// those that every table has, and without the status reasons, which only look alike.
fn same<'a>(source: &'a TableDef, target: &'a TableDef) -> impl Iterator<Item = &'a ColumnDef> {
    source.columns.iter().filter(move |column| {
        &*column.name != "ownerid"
            && !column.is_of_every_table()
            && !column.filled
            && !matches!(column.kind, ColumnType::Status { .. })
            && target.column(&column.name).is_some_and(|other| {
                let (from, to) = ((source, *column), (target, other));
                mapping::refusal(from, to).is_none()
                    && mapping::missing_options(from, to).is_empty()
                    && mapping::exposure(from, to).is_none()
            })
    })
}
