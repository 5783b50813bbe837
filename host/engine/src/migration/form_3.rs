//! Form 3: what is done with a lookup to a row that is deleted is a property of its relationship,
//! and no longer of the column; and of a table that ships, the file keeps what the organisation added or changed, and no
//! longer the whole definition. What shipped with form 2 is in `migrations/form-2.json`, as far
//! as an organisation could change it; by that its changes are told from those of new versions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use sluice_model::{ChangedRelationship, Changes, ColumnDef, Error, Name, OnDelete, OnMerge, Result, TableDef};
use sluice_store::Tx;

/// The key of the tables of processes.
const INSTANCE_KEY: &str = "businessprocessflowinstanceid";
const FORM_2: &str = include_str!("../../migrations/form-2.json");

/// What an organisation could change of a table that shipped, as it shipped.
#[derive(Deserialize)]
struct Shipped {
    /// The properties of the table that were true.
    #[serde(default)]
    table: Map<String, Json>,
    /// Of each column, label and length.
    columns: BTreeMap<Name, Map<String, Json>>,
}

/// Properties of a table that could be changed.
const OF_TABLES: [&str; 3] = ["audited", "duplicate_detection", "read_only_in_mobile"];
/// Properties of a column that could be changed.
const OF_COLUMNS: [&str; 2] = ["label", "max_length"];

/// Brings the definitions that a file keeps from form 2 to form 3.
pub(super) fn keep_changes(tx: &mut Tx) -> Result<()> {
    let wrong =
        |what: &str, error: serde_json::Error| Error::host(format!("the definition of {what} is broken: {error}"));
    let shipped: BTreeMap<Name, Shipped> =
        serde_json::from_str(FORM_2).map_err(|error| wrong("what shipped with form 2", error))?;
    for (name, json) in tx.kept_definitions()? {
        let broken = |error| wrong(&format!("`{name}`"), error);
        let table = table_of_form_2(&json).map_err(broken)?;
        let Some(shipped) = shipped.get(&name) else {
            tx.keep_definition(&name, Some(&serde_json::to_string(&table).map_err(broken)?))?;
            continue;
        };
        let changes = changes(shipped, &table).map_err(|error| wrong(&format!("`{name}`"), error))?;
        let json = serde_json::to_string(&changes).map_err(|error| wrong(&format!("`{name}`"), error))?;
        tx.keep_definition(&name, Some(&json).filter(|_| !changes.is_empty()).map(String::as_str))?;
    }
    Ok(())
}

/// A table with the relationships that its columns had in them. Only those of the tables of
/// processes had more than the default: such a process stays where rows are merged.
fn table_of_form_2(json: &str) -> serde_json::Result<TableDef> {
    #[derive(Deserialize)]
    struct Columns {
        #[serde(default)]
        column: Vec<Lookup>,
    }
    #[derive(Deserialize)]
    struct Lookup {
        name: Name,
        #[serde(default)]
        targets: Vec<Name>,
        #[serde(default)]
        on_delete: OnDelete,
    }
    let mut table: TableDef = serde_json::from_str(json)?;
    let columns: Columns = serde_json::from_str(json)?;
    let of_process = &*table.key == INSTANCE_KEY;
    for Lookup {
        name,
        targets,
        on_delete,
    } in columns.column
    {
        for target in targets {
            let mut relationship = table.relationship(&name, &target);
            relationship.behaviours.delete = on_delete;
            if of_process && name.starts_with("bpf_") {
                relationship.behaviours.merge = OnMerge::NoCascade;
            }
            if relationship != table.relationship(&name, &target) {
                table.put_relationship(relationship);
            }
        }
    }
    Ok(table)
}

/// What an organisation has changed of a table that shipped, and what it added.
fn changes(shipped: &Shipped, table: &TableDef) -> serde_json::Result<Changes> {
    let mut bare = table.clone();
    bare.columns = Vec::<ColumnDef>::new().into();
    let mut changes = Changes {
        table: changed(&OF_TABLES, &shipped.table, &serde_json::to_value(&bare)?),
        ..Changes::default()
    };
    for column in &table.columns {
        match shipped.columns.get(&column.name) {
            None => changes.added.push(column.clone()),
            Some(shipped) => {
                let properties = changed(&OF_COLUMNS, shipped, &serde_json::to_value(column)?);
                if !properties.is_empty() {
                    changes.columns.insert(column.name.clone(), properties);
                }
            }
        }
    }
    for kept in &table.relationships {
        if shipped.columns.contains_key(&kept.column) {
            continue;
        }
        if let Json::Object(mut change) = serde_json::to_value(kept)? {
            change.retain(|name, _| name != "column" && name != "target");
            changes.relationships.push(ChangedRelationship {
                column: kept.column.clone(),
                target: kept.target.clone(),
                change,
            });
        }
    }
    Ok(changes)
}

fn changed(properties: &[&str], shipped: &Map<String, Json>, now: &Json) -> Map<String, Json> {
    let differing = properties.iter().filter(|name| shipped.get(**name) != now.get(**name));
    differing
        .map(|name| ((*name).to_owned(), now.get(*name).cloned().unwrap_or_default()))
        .collect()
}
