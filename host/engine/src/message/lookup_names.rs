//! The names of the rows that lookups refer to, beside the rows that an answer brings. As on the
//! platform, a lookup shows the name of its row to whoever may read the lookup, also where they
//! may not read that row.

use std::collections::{BTreeMap, BTreeSet};

use sluice_model::{Filter, Parameter, ParameterType, Query, Result, Row, Uuid, Value};

use super::{ParameterDef, input, optional};
use crate::{Operation, Unit};

const NAME: &str = "LookupNames";

/// Sluice's own: whether the names are wanted.
pub(super) const WANTED: ParameterDef = optional(NAME, ParameterType::Bool);

/// Each row that a lookup refers to, with its name and nothing else.
pub(super) const GIVEN: ParameterDef = optional(NAME, ParameterType::Rows);

/// How many ids one question asks for.
const CHUNK: usize = 500;

/// Gives the names, if the request wants them.
pub(super) fn give(unit: &mut Unit, operation: &mut Operation, rows: &[Row]) -> Result<()> {
    if !input::bool(operation, NAME)? {
        return Ok(());
    }
    let mut by_table: BTreeMap<_, BTreeSet<Uuid>> = BTreeMap::new();
    for reference in rows
        .iter()
        .flat_map(|row| row.values.values())
        .filter_map(Value::as_lookup)
    {
        by_table.entry(&reference.table).or_default().insert(reference.id);
    }
    let catalog = unit.catalog();
    let mut named = Vec::new();
    for (name, ids) in by_table {
        let Some(table) = catalog.find(name) else { continue };
        let Some(column) = &table.primary_name else { continue };
        let ids: Vec<Value> = ids.into_iter().map(Value::Id).collect();
        for values in ids.chunks(CHUNK) {
            let filter = Filter::In {
                column: table.key.clone(),
                values: values.to_vec(),
            };
            let query = Query::new(table.name.clone()).columns(&[column]).filter(filter);
            let reason = "a lookup shows the name of its row to whoever may read the lookup";
            named.extend(unit.select_as_platform(reason, &query)?);
        }
    }
    operation.output(NAME, Parameter::Rows(named));
    Ok(())
}
