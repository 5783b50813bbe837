//! Publishing: the rows of mappings, choices, forms and offline profiles are what customizers
//! work on; what counts is the copy of them that was made when they were last published.

use super::OFFLINE_PROFILE_ITEM;
use std::collections::{BTreeMap, HashMap, HashSet};

use sluice_model::{Filter, Name, Query, Reference, Result, Row, TableDef, Uuid, Value, json};

use super::fitting;
use sluice_engine::{Operation, Session, Unit, capability::Redefinition, giving, tables};

/// What publishing would do to one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Unpublished {
    /// The row.
    pub row: Reference,
    /// What people call it.
    pub name: String,
    /// What happened to it since it was published.
    pub change: Change,
    /// The columns that differ, each with what is published and what will be.
    pub columns: Vec<(Name, Value, Value)>,
}

/// What happened to a row since it was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Columns of it changed.
    Changed,
}

impl Change {
    /// `added`, `removed` or `changed`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// What would change if everything were published now.
pub(crate) fn unpublished(unit: &mut Unit) -> Result<Vec<Unpublished>> {
    let snapshot = unit.snapshot()?;
    let tables_of = tables_of_maps(unit)?;
    let mut all = Vec::new();
    for table in snapshot.catalog().iter().filter(|table| table.published) {
        let mut before: BTreeMap<Uuid, Row> = snapshot
            .published(&table.name)
            .iter()
            .map(|row| (row.id, row.clone()))
            .collect();
        let nothing = Row::unsaved(table.name.clone());
        let unpublished = |change, row: &Row, columns| Unpublished {
            row: row.reference(),
            name: called(table, row, &tables_of),
            change,
            columns,
        };
        for row in drafts(unit, table)? {
            match before.remove(&row.id) {
                None => all.push(unpublished(Change::Added, &row, differences(table, &nothing, &row))),
                Some(published) => {
                    let columns = differences(table, &published, &row);
                    if !columns.is_empty() {
                        all.push(unpublished(Change::Changed, &row, columns));
                    }
                }
            }
        }
        for row in before.values() {
            all.push(unpublished(Change::Removed, row, differences(table, row, &nothing)));
        }
    }
    Ok(all)
}

/// Which tables each `entitymap` is about, as drafts have it, and as it is published.
fn tables_of_maps(unit: &mut Unit) -> Result<HashMap<Uuid, (String, String)>> {
    let snapshot = unit.snapshot()?;
    let drafts = drafts(unit, snapshot.table(tables::ENTITY_MAP)?)?;
    let name = |row: &Row, column| row.text(column).unwrap_or_default().to_owned();
    let rows = snapshot.published(tables::ENTITY_MAP).iter().chain(&drafts);
    Ok(rows
        .map(|row| (row.id, (name(row, "sourceentityname"), name(row, "targetentityname"))))
        .collect())
}

/// The rows of a published table as customizers see them.
fn drafts(unit: &mut Unit, table: &TableDef) -> Result<Vec<Row>> {
    let query = Query::new(table.name.clone());
    unit.select_as_platform("compare drafts with what is published", &query)
}

/// Publishes these rows, or everything that has changed, in the name of whoever asks for it; what it published.
pub(crate) fn publish_for(
    unit: &mut Unit,
    operation: &Operation,
    only: Option<&[Reference]>,
) -> Result<Vec<Unpublished>> {
    let changes = wanted(unit, only)?;
    check_mapped_columns(unit, operation, &changes)?;
    make_published(unit, changes)
}

/// Publishes everything that has changed.
pub(crate) fn publish_all(unit: &mut Unit) -> Result<Vec<Unpublished>> {
    let changes = unpublished(unit)?;
    make_published(unit, changes)
}

fn wanted(unit: &mut Unit, only: Option<&[Reference]>) -> Result<Vec<Unpublished>> {
    let changes = unpublished(unit)?;
    match only {
        Some(only) => with_their_targets(unit, changes, only),
        None => Ok(changes),
    }
}

/// Whoever lets a mapping work may read the secured columns that it names.
fn check_mapped_columns(unit: &mut Unit, operation: &Operation, changes: &[Unpublished]) -> Result<()> {
    let works = |row: &Row| {
        let is_it = |change: &Unpublished| change.row == row.reference() && change.change != Change::Removed;
        changes.iter().any(is_it)
    };
    if !changes.iter().any(|change| *change.row.table == *tables::ATTRIBUTE_MAP) {
        return Ok(());
    }
    let tables_of = tables_of_maps(unit)?;
    let snapshot = unit.snapshot()?;
    let pairs = drafts(unit, snapshot.table(tables::ATTRIBUTE_MAP)?)?;
    let mut columns: Vec<(Name, Name)> = Vec::new();
    for pair in pairs.iter().filter(|pair| works(pair)) {
        let Some((source, target)) = pair.id_of("entitymapid").and_then(|map| tables_of.get(&map)) else {
            continue;
        };
        let name = |column| Name::from(pair.text(column).unwrap_or_default());
        columns.push((source.as_str().into(), name("sourceattributename")));
        columns.push((target.as_str().into(), name("targetattributename")));
    }
    let columns = columns.iter().map(|(table, column)| (table, column));
    giving::check_reads(&unit.catalog(), operation.principal(), columns)
}

fn make_published(unit: &mut Unit, changes: Vec<Unpublished>) -> Result<Vec<Unpublished>> {
    if changes.is_empty() {
        return Ok(changes);
    }
    let snapshot = unit.snapshot()?;
    for change in &changes {
        let table = snapshot.table(&change.row.table)?;
        let id = change.row.id;
        let filter = Filter::eq("sl_row", change.row.clone());
        let copies = Query::new(tables::PUBLICATION).columns(&[]).filter(filter);
        for copy in unit.select_as_platform("keep the published copies of rows", &copies)? {
            unit.delete_as_platform("keep the published copies of rows", &copy.reference())?;
        }
        let draft = unit.read_as_platform("compare drafts with what is published", &change.row, None)?;
        if let Some(mut row) = draft {
            row.values
                .retain(|name, _| table.column(name).is_none_or(|column| !column.is_of_every_table()));
            let columns: Vec<Name> = row.values.keys().cloned().collect();
            let copy = Row::new(tables::PUBLICATION, unit.new_id())
                .with("sl_table", &*table.name)
                .with("sl_row", id)
                .with("sl_content", json::from_row(table, &row, Some(&columns)).to_string());
            unit.insert_as_platform("keep the published copies of rows", copy)?;
        }
    }
    unit.configuration_written(None)?;
    if changes.iter().any(|change| *change.row.table == *tables::OPTION_SET) {
        fitting::check(unit, snapshot.catalog())?;
        unit.redefined(Redefinition::Options(&snapshot))?;
    }
    Ok(changes)
}

/// The changes of these rows, and with each mapping the change that freed its target: a
/// column has one source, as drafts and as published.
fn with_their_targets(unit: &mut Unit, changes: Vec<Unpublished>, only: &[Reference]) -> Result<Vec<Unpublished>> {
    let snapshot = unit.snapshot()?;
    let drafts = drafts(unit, snapshot.table(tables::ATTRIBUTE_MAP)?)?;
    let target = |rows: &[Row], change: &Unpublished| {
        let row = rows.iter().find(|row| row.reference() == change.row)?;
        Some((row.id_of("entitymapid")?, row.text("targetattributename")?.to_owned()))
    };
    let (mut taken, mut left): (Vec<_>, Vec<_>) = changes.into_iter().partition(|change| only.contains(&change.row));
    loop {
        let claimed: HashSet<_> = taken.iter().filter_map(|change| target(&drafts, change)).collect();
        let published = snapshot.published(tables::ATTRIBUTE_MAP);
        let frees = |change: &Unpublished| target(published, change).is_some_and(|target| claimed.contains(&target));
        let Some(position) = left.iter().position(frees) else {
            return Ok(taken);
        };
        taken.push(left.remove(position));
    }
}

fn differences(table: &TableDef, published: &Row, draft: &Row) -> Vec<(Name, Value, Value)> {
    let value = |row: &Row, name: &str| row.get(name).cloned().unwrap_or(Value::Null);
    table
        .columns
        .iter()
        .filter(|column| column.name != table.key && !column.is_of_every_table())
        .map(|column| {
            (
                column.name.clone(),
                value(published, &column.name),
                value(draft, &column.name),
            )
        })
        .filter(|(_, published, draft)| published != draft)
        .collect()
}

/// What people call a row of a published table.
fn called(table: &TableDef, row: &Row, tables_of: &HashMap<Uuid, (String, String)>) -> String {
    let text = |column: &str| row.text(column).unwrap_or_default();
    match &*table.name {
        tables::ATTRIBUTE_MAP => {
            let none = (String::new(), String::new());
            let of = row.id_of("entitymapid").and_then(|id| tables_of.get(&id));
            let (source, target) = of.unwrap_or(&none);
            let columns = (text("sourceattributename"), text("targetattributename"));
            format!("{source}.{} → {target}.{}", columns.0, columns.1)
        }
        tables::ENTITY_MAP => format!("{} → {}", text("sourceentityname"), text("targetentityname")),
        OFFLINE_PROFILE_ITEM => text("selectedentitytypecode").to_owned(),
        _ => text("name").to_owned(),
    }
}

/// What is published, and what is not yet.
pub trait Publishing {
    /// What would change if everything were published now.
    ///
    /// # Errors
    /// The user may not publish.
    fn unpublished(&self) -> Result<Vec<Unpublished>>;

    /// Whether a row, with all its columns, is as it was published; nothing, where it never was.
    ///
    /// # Errors
    /// The configuration cannot be read.
    fn is_as_published(&self, draft: &Row) -> Result<Option<bool>>;

    /// The rows of a published table as they count: what every client shows to everybody.
    ///
    /// # Errors
    /// The configuration cannot be read.
    fn published(&self, table: &str) -> Result<Vec<Row>>;
}

impl Publishing for Session {
    fn unpublished(&self) -> Result<Vec<Unpublished>> {
        self.check_named_privilege("prvPublishCustomization")?;
        let (mut unit, _) = self.unit()?;
        unpublished(&mut unit)
    }

    fn is_as_published(&self, draft: &Row) -> Result<Option<bool>> {
        let snapshot = self.snapshot()?;
        let table = snapshot.table(&draft.table)?;
        let published = snapshot.published(&draft.table).iter().find(|row| row.id == draft.id);
        Ok(published.map(|published| differences(table, published, draft).is_empty()))
    }

    fn published(&self, table: &str) -> Result<Vec<Row>> {
        Ok(self.snapshot()?.published(table).to_vec())
    }
}
