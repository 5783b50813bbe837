//! Which columns may be mapped onto each other.

use sluice_model::{Code, Error, Filter, Query, Reference, Result, Row, Uuid, coerce};

use crate::mapping;
use sluice_engine::{Operation, Unit, giving, rules::Rules, tables};

pub(super) struct AttributeMap;

impl Rules for AttributeMap {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        check(unit, operation, operation.target()?, Uuid::nil())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        refuse_system(unit, operation, before)?;
        let mut whole = before.clone();
        whole.values.extend(operation.target()?.values.clone());
        check(unit, operation, &whole, before.id)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let map = unit.need_as_platform(
            "mappings fit the maps and the tables that they belong to",
            &Reference::new(tables::ATTRIBUTE_MAP, operation.id()?),
        )?;
        refuse_system(unit, operation, &map)
    }
}

/// The platform's own mappings stay.
fn refuse_system(unit: &mut Unit, operation: &Operation, map: &Row) -> Result<()> {
    if map.bool("issystem") != Some(true) || operation.why().is_platform() {
        return Ok(());
    }
    let whole = map.id_of("entitymapid").unwrap_or_default();
    let tables_of = unit.need_as_platform(
        "mappings fit the maps and the tables that they belong to",
        &Reference::new(tables::ENTITY_MAP, whole),
    )?;
    let name = |row: &Row, column| row.text(column).unwrap_or_default().to_owned();
    Err(Error::new(
        Code::SYSTEM_MAP,
        format!(
            "Cannot create or delete system attribute map having id {} from {} to {} belonging to an entity map with id {whole} from {} to {}.",
            map.id,
            name(map, "sourceattributename"),
            name(map, "targetattributename"),
            name(&tables_of, "sourceentityname"),
            name(&tables_of, "targetentityname"),
        ),
    )
    .with_table(tables::ATTRIBUTE_MAP))
}

/// The columns fit each other, and the target has no other source. Whoever maps them may read both: what a mapping
/// carries over is read by others than the column it comes from.
fn check(unit: &mut Unit, operation: &Operation, map: &Row, own: Uuid) -> Result<()> {
    let whole = map.id_of("entitymapid").ok_or_else(|| {
        Error::new(Code::REQUIRED_MISSING, "a mapping of columns belongs to an `entitymap`")
            .with_table(tables::ATTRIBUTE_MAP)
    })?;
    let tables_of = unit.need_as_platform(
        "mappings fit the maps and the tables that they belong to",
        &Reference::new(tables::ENTITY_MAP, whole),
    )?;
    let catalog = unit.catalog();
    let source = catalog.table(tables_of.text("sourceentityname").unwrap_or_default())?;
    let target = catalog.table(tables_of.text("targetentityname").unwrap_or_default())?;
    let from = coerce::column(source, map.text("sourceattributename").unwrap_or_default())?;
    let to = coerce::column(target, map.text("targetattributename").unwrap_or_default())?;
    let refuse = |why: &str| {
        Err(Error::new(
            Code::INVALID_MAP,
            format!(
                "{}.{} cannot be mapped onto {}.{}: {why}",
                source.name, from.name, target.name, to.name
            ),
        )
        .with_table(tables::ATTRIBUTE_MAP))
    };
    if let Some(flaw) = mapping::refusal((source, from), (target, to)) {
        return refuse(&flaw.text);
    }
    let both = [(&source.name, &from.name), (&target.name, &to.name)];
    giving::check_reads(&catalog, operation.principal(), both)?;
    let same = Filter::eq("entitymapid", whole).and(Filter::eq("targetattributename", &*to.name));
    let query = Query::new(tables::ATTRIBUTE_MAP)
        .columns(&["sourceattributename"])
        .filter(same);
    let others = unit.select_as_platform("mappings fit the maps and the tables that they belong to", &query)?;
    match others.iter().find(|other| other.id != own) {
        Some(other) => refuse(&format!(
            "the target is mapped from `{}` already; a column has one source",
            other.text("sourceattributename").unwrap_or_default()
        )),
        None => Ok(()),
    }
}
