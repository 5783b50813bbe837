//! The table of a flow's processes: made when the flow is activated, widened when a table has
//! come to its stages since.

use sluice_model::{Code, ColumnDef, ColumnType, Error, Name, OnDelete, OnMerge, RelationshipDef, Result, TableDef};

use super::{Flow, INSTANCE_KEY, link};
use crate::customizing::definitions::make_table;
use sluice_engine::{Unit, tables};

const TEMPLATE: &str = include_str!("../../metadata/process.template.toml");

/// The table that is made for a flow, before it has the flow's name and lookups.
fn template() -> Result<TableDef> {
    toml::from_str(TEMPLATE).map_err(|error| Error::host(format!("the template of process tables is wrong: {error}")))
}

/// What every table of processes has, where this is one that was made for a flow.
pub(super) fn process_columns(table: &TableDef) -> Result<Vec<ColumnDef>> {
    Ok(match &*table.key == INSTANCE_KEY {
        true => template()?.columns.into(),
        false => Vec::new(),
    })
}

/// Makes sure that the processes of a flow have a table, with a lookup for each of the
/// tables whose rows go through it.
pub(super) fn prepare_processes(unit: &mut Unit, flow: &Flow) -> Result<()> {
    let snapshot = unit.snapshot()?;
    if snapshot.catalog().find(&flow.unique_name).is_none() {
        let mut table = template()?;
        table.name = flow.unique_name.clone();
        table.schema = flow.unique_name.to_string();
        table.set = format!("{}s", flow.unique_name).into();
        table.display.clone_from(&flow.name);
        for name in flow.tables() {
            table.columns.push(lookup(unit, name)?);
            table.put_relationship(relationship(unit, flow, name)?);
        }
        return make_table(unit, table);
    }
    let mut table = unit.definition(&flow.unique_name)?;
    // One that was made while the flow was a draft is not the flow's.
    if &*table.key != INSTANCE_KEY {
        return Err(name_taken(&flow.unique_name, &format!("the table {}", table.display)));
    }
    for name in flow.tables() {
        if link(&table, name).is_none() {
            let column = lookup(unit, name)?;
            table.put_relationship(relationship(unit, flow, name)?);
            unit.add_column(&table, &column)?;
            table.columns.push(column);
        }
    }
    Ok(())
}

/// The refusal of a unique name that something else has.
pub(super) fn name_taken(unique: &str, by: &str) -> Error {
    let message = format!("the unique name `{unique}` is that of {by}");
    Error::new(Code::DUPLICATE_KEY, message).with_table(tables::PROCESS)
}

/// The lookup to the rows of a table: `bpf_leadid`.
fn lookup(unit: &Unit, name: &Name) -> Result<ColumnDef> {
    let target = unit.configuration().table(name)?;
    let kind = ColumnType::Lookup {
        targets: vec![name.clone()],
    };
    Ok(ColumnDef {
        label: target.display.clone(),
        ..ColumnDef::new(&column_name(target), kind)
    })
}

/// With the row at which a process began the process goes; it stays without one that joined
/// it, and with a row that is merged.
fn relationship(unit: &Unit, flow: &Flow, name: &Name) -> Result<RelationshipDef> {
    let mut relationship = RelationshipDef::new(&column_name(unit.configuration().table(name)?), name);
    relationship.behaviours.merge = OnMerge::NoCascade;
    if flow.begins_at() == Some(name) {
        relationship.behaviours.delete = OnDelete::Cascade;
    }
    Ok(relationship)
}

fn column_name(target: &TableDef) -> String {
    format!("bpf_{}", target.key)
}
