//! The map of an import: which heading goes into which column, and how.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::tz::TimeZone;
use serde::Deserialize;
use sluice_model::{ColumnDef, ColumnType, Error, Name, Result, Right, TableDef, Value, coerce};

use sluice_engine::Session;

/// The map file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Map {
    timezone: Option<String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    ignore: Ignore,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, toml::Value>>,
    #[serde(default)]
    constants: BTreeMap<String, toml::Value>,
    #[serde(default)]
    lookups: BTreeMap<String, By>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ignore {
    columns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct By {
    table: Option<String>,
    by: Option<String>,
}

/// A map has at most so many bytes.
const LONGEST: usize = 1 << 20;

/// What an import does with each heading: a map that was checked against its table.
#[derive(Debug)]
pub struct Plan {
    pub(super) table: Arc<TableDef>,
    pub(super) timezone: TimeZone,
    pub(super) constants: Vec<(Name, Value)>,
    targets: BTreeMap<String, Arc<Target>>,
    ignored: BTreeSet<String>,
}

/// Where the values under a heading go.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) heading: Arc<str>,
    pub(super) column: ColumnDef,
    /// What single texts stand for.
    pub(super) values: HashMap<String, Value>,
    /// How the row is found that a lookup points to.
    pub(super) lookup: Option<Lookup>,
}

#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) table: Arc<TableDef>,
    pub(super) by: ColumnDef,
}

impl Plan {
    /// The plan of an import into `table` by the text of a map file.
    ///
    /// # Errors
    /// The map is not written in its form; it names a table or a column that is not there or
    /// cannot be written; a value or a lookup in it fits no column.
    pub fn new(session: &Session, table: &str, map: &str) -> Result<Self> {
        let table = session.catalog()?.table(table)?.clone();
        session.check_privilege(&table.name, Right::Create)?;
        if map.len() > LONGEST {
            return Err(wrong(&format!("it is longer than {LONGEST} bytes")));
        }
        let map: Map = toml::from_str(map).map_err(|error| unreadable(map, &error))?;
        let mut reading = Reading {
            session,
            table: &table,
            values: map.values,
            lookups: map.lookups,
        };

        let mut targets = BTreeMap::new();
        let mut taken: HashMap<Name, String> = HashMap::new();
        for (heading, column) in &map.columns {
            let target = reading.target(heading.trim(), column.trim())?;
            let name = target.column.name.clone();
            if let Some(other) = taken.insert(name.clone(), heading.clone()) {
                return Err(wrong(&format!(
                    "`{other}` and `{heading}` both go into the column `{name}`"
                )));
            }
            if targets.insert(heading.trim().to_owned(), Arc::new(target)).is_some() {
                return Err(wrong(&format!("the heading `{}` is there twice", heading.trim())));
            }
        }
        if let Some(unused) = reading.values.keys().chain(reading.lookups.keys()).next() {
            return Err(wrong(&format!(
                "it says how to read the column `{unused}`, but no heading goes into it"
            )));
        }

        let mut constants = Vec::new();
        for (name, value) in &map.constants {
            let column = reading.column(name)?;
            if let Some(heading) = taken.get(&column.name) {
                return Err(wrong(&format!(
                    "the column `{name}` has a constant, and `{heading}` goes into it as well"
                )));
            }
            constants.push((column.name.clone(), reading.value(column, value)?));
        }

        let ignored: BTreeSet<String> = map
            .ignore
            .columns
            .iter()
            .map(|heading| heading.trim().to_owned())
            .collect();
        if let Some(both) = ignored.iter().find(|heading| targets.contains_key(*heading)) {
            return Err(wrong(&format!("the heading `{both}` is both mapped and ignored")));
        }
        let timezone = match &map.timezone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| {
                wrong(&format!(
                    "there is no time zone `{name}`; it has a name such as Europe/Berlin"
                ))
            })?,
        };
        Ok(Self {
            table,
            timezone,
            constants,
            targets,
            ignored,
        })
    }

    /// What happens to each field of a file with these headings.
    pub(super) fn bind(&self, headings: &[String]) -> Result<Vec<Option<Arc<Target>>>> {
        let mut seen = BTreeSet::new();
        if let Some(twice) = headings
            .iter()
            .find(|heading| self.targets.contains_key(*heading) && !seen.insert(*heading))
        {
            return Err(Error::invalid(format!("the file has the heading `{twice}` twice")));
        }
        let unknown: Vec<String> = headings
            .iter()
            .filter(|heading| !self.targets.contains_key(*heading) && !self.ignored.contains(*heading))
            .map(|heading| format!("`{heading}`"))
            .collect();
        if !unknown.is_empty() {
            let list = unknown.join(", ");
            return Err(Error::invalid(format!(
                "the map says nothing about these headings of the file: {list}; add them to [columns], or to `columns` of [ignore]"
            )));
        }
        let missing: Vec<String> = self
            .targets
            .keys()
            .filter(|heading| !seen.contains(heading))
            .map(|heading| format!("`{heading}`"))
            .collect();
        if !missing.is_empty() {
            return Err(Error::invalid(format!(
                "the file has no such heading as the map names: {}",
                missing.join(", ")
            )));
        }
        Ok(headings
            .iter()
            .map(|heading| self.targets.get(heading).cloned())
            .collect())
    }

    /// Whether the file gives the rows' keys.
    pub(super) fn has_key(&self) -> bool {
        self.targets
            .values()
            .any(|target| target.column.kind == ColumnType::Key)
    }
}

fn wrong(what: &str) -> Error {
    Error::invalid(format!("the map is wrong: {what}"))
}

/// A map that is no TOML, or has something in it that no map has.
fn unreadable(map: &str, error: &toml::de::Error) -> Error {
    let before = error.span().and_then(|span| map.get(..span.start));
    let place = before
        .map(|before| format!("line {}: ", before.matches('\n').count() + 1))
        .unwrap_or_default();
    wrong(&format!("{place}{}", error.message()))
}

/// A map being read: the parts that no heading has asked for yet.
struct Reading<'a> {
    session: &'a Session,
    table: &'a Arc<TableDef>,
    values: BTreeMap<String, BTreeMap<String, toml::Value>>,
    lookups: BTreeMap<String, By>,
}

impl Reading<'_> {
    fn column(&self, name: &str) -> Result<&ColumnDef> {
        let column = coerce::column(self.table, name)?;
        if column.filled
            && column.kind != ColumnType::Key
            && self.session.user() != self.session.engine().system_id()?
        {
            let hint = if name == "createdon" {
                "; when a row was made elsewhere goes into `overriddencreatedon`"
            } else {
                ""
            };
            return Err(wrong(&format!(
                "the platform fills the column `{name}` of `{}`{hint}",
                self.table.name
            )));
        }
        Ok(column)
    }

    fn target(&mut self, heading: &str, column: &str) -> Result<Target> {
        let column = self.column(column)?.clone();
        let mut values = HashMap::new();
        for (text, value) in self.values.remove(&*column.name).unwrap_or_default() {
            values.insert(text.trim().to_owned(), self.value(&column, &value)?);
        }
        let lookup = self
            .lookups
            .remove(&*column.name)
            .map(|by| self.lookup(&column, &by))
            .transpose()?;
        Ok(Target {
            heading: heading.into(),
            column,
            values,
            lookup,
        })
    }

    fn lookup(&self, column: &ColumnDef, by: &By) -> Result<Lookup> {
        let targets = column.kind.targets().ok_or_else(|| {
            wrong(&format!(
                "the column `{}` is no lookup, it holds {}",
                column.name,
                column.kind.word()
            ))
        })?;
        let name = match (&by.table, targets) {
            (Some(name), _) if targets.iter().any(|target| **target == **name) => name.as_str(),
            (None, [only]) => only,
            _ => {
                let list: Vec<&str> = targets.iter().map(|target| &**target).collect();
                return Err(wrong(&format!(
                    "the lookup `{}` points to {}; name one as its `table`",
                    column.name,
                    list.join(", ")
                )));
            }
        };
        let table = self.session.catalog()?.table(name)?.clone();
        let by = by.by.as_deref().or(table.primary_name.as_deref());
        let by = by.ok_or_else(|| {
            wrong(&format!(
                "rows of `{name}` have no names: say `by` which column they are found"
            ))
        })?;
        let by = coerce::column(&table, by)?.clone();
        Ok(Lookup { table, by })
    }

    /// A value in the map, as people write it.
    fn value(&self, column: &ColumnDef, value: &toml::Value) -> Result<Value> {
        let value = match value {
            toml::Value::String(text) if text.trim().is_empty() => return Ok(Value::Null),
            toml::Value::String(text) => self.session.value(self.table, column, text.trim())?,
            // A number is none of a choice's labels.
            toml::Value::Integer(number) if column.kind.options().is_some() => {
                coerce::from_json(self.table, column, &(*number).into())?
            }
            toml::Value::Array(items) => {
                let items = items.iter().map(|item| match item {
                    toml::Value::Integer(number) => serde_json::Value::from(*number),
                    other => plain(other).into(),
                });
                coerce::from_json(self.table, column, &items.collect::<Vec<serde_json::Value>>().into())?
            }
            other => self.session.value(self.table, column, &plain(other))?,
        };
        coerce::check(self.table, column, value)
    }
}

fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
