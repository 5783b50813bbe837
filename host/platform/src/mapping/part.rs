//! The published mappings as a part of the configuration.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::Arc,
};

use sluice_model::{Name, Result, Row, Uuid};

use super::Pair;
use sluice_engine::{
    snapshot::{Part, Reader, Snapshot},
    tables,
};

/// The pairs of columns that are mapped, by their tables.
#[derive(Default)]
pub(crate) struct Mappings(HashMap<(Name, Name), Vec<Pair>>);

/// What is published of the maps.
pub(super) struct MappingPart;

impl Part for MappingPart {
    fn tables(&self) -> &'static [&'static str] {
        // What is published is laid over the definitions, and has their version.
        &[]
    }

    fn kind(&self) -> TypeId {
        TypeId::of::<Mappings>()
    }

    fn load(&self, reader: &mut Reader<'_>) -> Result<Arc<dyn Any + Send + Sync>> {
        Ok(Arc::new(Mappings(mappings(reader.published))))
    }
}

fn mappings(published: &HashMap<Name, Vec<Row>>) -> HashMap<(Name, Name), Vec<Pair>> {
    let rows = |table: &str| published.get(table).map_or(&[][..], Vec::as_slice);
    let maps: HashMap<Uuid, &Row> = rows(tables::ENTITY_MAP).iter().map(|row| (row.id, row)).collect();
    let mut pairs: HashMap<(Name, Name), Vec<Pair>> = HashMap::new();
    for row in rows(tables::ATTRIBUTE_MAP) {
        let Some(map) = row.id_of("entitymapid").and_then(|id| maps.get(&id)) else {
            continue;
        };
        let tables = (map.text("sourceentityname"), map.text("targetentityname"));
        let columns = (row.text("sourceattributename"), row.text("targetattributename"));
        if let ((Some(from), Some(to)), (Some(source), Some(target))) = (tables, columns) {
            let pair = Pair {
                source: source.into(),
                target: target.into(),
            };
            pairs.entry((from.into(), to.into())).or_default().push(pair);
        }
    }
    pairs
}

/// The columns that are mapped from one table to another.
pub(crate) fn mappings_of<'a>(snapshot: &'a Snapshot, source: &Name, target: &str) -> &'a [Pair] {
    let mappings: &Mappings = snapshot.part();
    mappings
        .0
        .get(&(source.clone(), target.into()))
        .map_or(&[], Vec::as_slice)
}
