//! What is in a file, in a form in which two files can be compared: the tables as they were made,
//! and the rows without what is drawn anew in each file (ids, times, versions).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use rusqlite::{Connection, types::Value as Cell};
use sluice_engine::Session;
use sluice_model::{Catalog, Query, Row, TableDef, Uuid, Value};

/// The tables and indexes of a file, each with its parts. Columns that came later stand last, so
/// their order does not count.
pub(crate) fn schema(path: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let file = Connection::open(path).unwrap();
    let mut statement = file
        .prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
    let parts = |sql: String| {
        let words = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let (what, columns) = words.split_once('(').unwrap_or((&words, ""));
        let columns = columns.rsplit_once(')').map_or(columns, |(columns, _)| columns);
        let parts = columns
            .split(", \"")
            .map(|part| part.trim().trim_start_matches('"').to_owned());
        parts.chain([what.trim().to_owned()]).collect()
    };
    rows.unwrap()
        .map(|row| row.unwrap())
        .map(|(name, sql)| (name, parts(sql)))
        .collect()
}

/// Every cell of every row, by table and row; the tables that begin with `_` are the store's own.
pub(crate) type Cells = BTreeMap<(String, Vec<u8>), BTreeMap<String, String>>;

/// Everything that the tables of a file hold, but for those whose names are given.
pub(crate) fn cells(path: &Path, without: &[&str]) -> Cells {
    let file = Connection::open(path).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_*'";
    let mut tables = file.prepare(tables).unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut all = Cells::new();
    for table in tables
        .map(|name| name.unwrap())
        .filter(|name| !without.contains(&&**name))
    {
        let mut rows = file.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let names: Vec<String> = rows.column_names().map(ToOwned::to_owned).collect();
        let key = file.prepare(&format!("SELECT name FROM pragma_table_info('{table}') WHERE pk = 1"));
        let key: String = key.unwrap().query_row([], |row| row.get(0)).unwrap();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells = names.iter().enumerate();
            let cells = cells.map(|(at, name)| (name.clone(), row.get::<_, Cell>(at).unwrap()));
            let cells = cells.filter(|(_, cell)| *cell != Cell::Null);
            let id = row.get::<_, Vec<u8>>(&*key).unwrap();
            all.insert(
                (table.clone(), id),
                cells.map(|(name, cell)| (name, format!("{cell:?}"))).collect(),
            );
        }
    }
    all
}

/// All rows that an organisation has, by table.
pub(crate) fn rows(system: &Session, without: &[&str]) -> BTreeMap<String, Vec<String>> {
    let catalog = system.catalog().unwrap();
    let all: BTreeMap<String, Vec<Row>> = catalog
        .iter()
        .map(|table| {
            (
                table.name.to_string(),
                system.list(Query::new(table.name.clone())).unwrap(),
            )
        })
        .collect();
    let by_id: BTreeMap<Uuid, &Row> = all.values().flatten().map(|row| (row.id, row)).collect();
    let names = Names {
        catalog: &catalog,
        by_id,
    };
    let shown = all.iter().filter(|(table, _)| !without.contains(&&***table));
    shown
        .map(|(table, rows)| {
            let definition = catalog.table(table).unwrap();
            let mut shown: Vec<String> = rows.iter().map(|row| names.show(definition, row)).collect();
            shown.sort();
            (table.clone(), shown)
        })
        .collect()
}

/// What rows are called, wherever another one refers to them.
struct Names<'a> {
    catalog: &'a Catalog,
    by_id: BTreeMap<Uuid, &'a Row>,
}

impl Names<'_> {
    /// A row with its values, those aside that are drawn anew in each file.
    fn show(&self, table: &TableDef, row: &Row) -> String {
        // Who made a privilege was not kept by earlier versions, where its table was made at run time.
        let authors: &[&str] = match &*table.name {
            "privilege" => &["createdby", "modifiedby"],
            _ => &[],
        };
        let values = row
            .values
            .iter()
            .filter(|(name, _)| ***name != *table.key && ***name != *"versionnumber" && !authors.contains(&&***name));
        let mut values: Vec<String> = values
            .filter_map(|(name, value)| Some(format!("{name}={}", self.value(value)?)))
            .collect();
        values.sort();
        values.join(" ")
    }

    fn value(&self, value: &Value) -> Option<String> {
        match value {
            Value::DateTime(_) => None,
            Value::Id(id) => Some(self.called(*id)),
            Value::Lookup(reference) => Some(format!("{}:{}", reference.table, self.called(reference.id))),
            Value::Text(text) => Some(self.text(text)),
            other => Some(format!("{other:?}")),
        }
    }

    /// The name of the row of that id, or the values that make it what it is.
    fn called(&self, id: Uuid) -> String {
        let Some(row) = self.by_id.get(&id) else {
            return "some id".to_owned();
        };
        let table = self.catalog.table(&row.table).unwrap();
        let named = table.primary_name.as_ref().and_then(|column| row.text(column));
        let plain = row.values.iter().filter_map(|(name, value)| match value {
            Value::Text(text) if text.len() < 100 => Some(format!("{name}={text}")),
            Value::Int(_) | Value::Choice(_) | Value::Bool(_) => Some(format!("{name}={value:?}")),
            _ => None,
        });
        let mut plain: Vec<String> = plain.collect();
        plain.sort();
        named.map_or_else(|| format!("({})", plain.join(" ")), ToOwned::to_owned)
    }

    /// A text in which ids and times may stand: what is published is kept as JSON.
    fn text(&self, text: &str) -> String {
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(mut json) if json.is_object() || json.is_array() => {
                self.clean(&mut json);
                json.to_string()
            }
            _ => text
                .parse::<Uuid>()
                .map_or_else(|_| text.to_owned(), |id| self.called(id)),
        }
    }

    fn clean(&self, json: &mut serde_json::Value) {
        use serde_json::Value as Json;
        match json {
            Json::Array(all) => all.iter_mut().for_each(|json| self.clean(json)),
            Json::Object(all) => {
                all.retain(|name, _| !name.starts_with("versionnumber"));
                all.values_mut().for_each(|json| self.clean(json));
            }
            Json::String(text) => {
                if let Ok(id) = text.parse::<Uuid>() {
                    *text = self.called(id);
                } else if text.parse::<sluice_model::Timestamp>().is_ok() {
                    *text = "some time".to_owned();
                }
            }
            _ => {}
        }
    }
}
