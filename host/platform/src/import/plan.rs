//! The map of an import: which heading goes into which column, and how.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::tz::TimeZone;
use serde::Deserialize;
use sluice_model::{ColumnDef, ColumnType, Error, Name, Result, Right, TableDef, Value, coerce};

use sluice_engine::Session;

use super::{
    format::{Format, Written},
    hints,
    key::{Existing, Key, KeyText},
};

/// The map file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Map {
    timezone: Option<String>,
    separator: Option<String>,
    #[serde(default)]
    spreadsheet: bool,
    key: Option<KeyText>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    ignore: Ignore,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, Said>>,
    #[serde(default)]
    constants: BTreeMap<String, Said>,
    #[serde(default)]
    lookups: BTreeMap<String, By>,
    #[serde(default)]
    formats: BTreeMap<String, Written>,
}

/// A value of the map, and where it is written.
type Said = toml::Spanned<toml::Value>;

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

/// The headings of what the import itself puts before the lines that it refused.
pub(super) const OWN_HEADINGS: [&str; 2] = ["import_line", "import_faults"];

/// A map has at most so many bytes.
const LONGEST: usize = 1 << 20;

/// What an import does with each heading: a map that was checked against its table.
#[derive(Debug)]
pub struct Plan {
    pub(super) table: Arc<TableDef>,
    pub(super) timezone: TimeZone,
    pub(super) constants: Vec<(Name, Value)>,
    /// What stands between the fields.
    pub(super) separator: u8,
    /// The file was written for a spreadsheet.
    pub(super) spreadsheet: bool,
    /// What tells which row a line is about, where the map says it.
    pub(super) key: Option<Key>,
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
    /// How its values are written, where that is not as everywhere.
    pub(super) format: Option<Format>,
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
        session.check_privilege(&session.catalog()?.table(table)?.name, Right::Create)?;
        let plan = Self::read(session, table, map)?;
        if let Some(key) = plan.key.as_ref().filter(|key| key.alternate) {
            // Its rows are found whoever may see them.
            session.check_privilege(&plan.table.name, Right::Read)?;
            if key.existing == Existing::Update {
                session.check_privilege(&plan.table.name, Right::Write)?;
            }
        }
        Ok(plan)
    }

    /// The same, whoever may make such rows.
    ///
    /// # Errors
    /// See [`Self::new`].
    pub fn read(session: &Session, table: &str, map: &str) -> Result<Self> {
        let table = session.catalog()?.table(table)?.clone();
        if map.len() > LONGEST {
            return Err(wrong(&format!("it is longer than {LONGEST} bytes")));
        }
        let text = map;
        let map: Map = toml::from_str(text).map_err(|error| unreadable(text, &error))?;
        let timezone = timezone(map.timezone.as_deref())?;
        let mut reading = Reading {
            text,
            timezone: &timezone,
            session,
            table: &table,
            values: map.values,
            lookups: map.lookups,
            formats: map.formats,
        };
        let (targets, taken) = reading.targets(&map.columns)?;
        let constants = reading.constants(&map.constants, &taken)?;
        let key = map.key.map(|key| {
            let given = |column: &str| taken.contains_key(column) || map.constants.contains_key(column);
            Key::new(&table, key, given)
        });
        let key = key.transpose()?;
        let headings = map.ignore.columns.iter();
        let ignored: BTreeSet<String> = headings.map(|heading| heading.trim().to_owned()).collect();
        if let Some(both) = ignored.iter().find(|heading| targets.contains_key(*heading)) {
            return Err(wrong(&format!("the heading `{both}` is both mapped and ignored")));
        }
        Ok(Self {
            timezone,
            separator: separator(map.separator.as_deref())?,
            spreadsheet: map.spreadsheet,
            key,
            table,
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
            .filter(|heading| !self.knows(heading))
            .map(|heading| format!("`{heading}`"))
            .collect();
        if !unknown.is_empty() {
            let list = some(&unknown);
            let known = |heading: &str| self.knows(heading);
            let of_map: Vec<&str> = self.targets.keys().map(String::as_str).collect();
            let hint = hints::heading(headings, &of_map)
                .or_else(|| hints::separator(headings, known, self.separator))
                .unwrap_or_else(|| "; add them to [columns], or to `columns` of [ignore]".to_owned());
            return Err(Error::invalid(format!(
                "the map says nothing about these headings of the file: {list}{hint}"
            )));
        }
        if self.targets.is_empty() && self.constants.is_empty() {
            return Err(wrong(
                "it maps no heading onto a column, so that rows would be made without a word",
            ));
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
                some(&missing)
            )));
        }
        Ok(headings
            .iter()
            .map(|heading| self.targets.get(heading).cloned())
            .collect())
    }

    /// Whether the map says what happens under a heading, or the import itself has written it.
    fn knows(&self, heading: &str) -> bool {
        self.targets.contains_key(heading) || self.ignored.contains(heading) || OWN_HEADINGS.contains(&heading)
    }

    /// Whether a line that gives no id is known by what it says: no key tells which row it is about.
    pub(super) fn knows_by_content(&self) -> bool {
        self.key.is_none()
    }

    /// What happens to a row that a key finds.
    pub(super) fn existing(&self) -> Option<Existing> {
        self.key.as_ref().map(|key| key.existing)
    }
}

/// The first of many headings, each no longer than people read.
fn some(headings: &[String]) -> String {
    const SHOWN: usize = 20;
    const LONGEST: usize = 80;
    let cut = |heading: &String| match heading.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…`", heading.get(..end).unwrap_or_default()),
        None => heading.clone(),
    };
    let mut shown: Vec<String> = headings.iter().take(SHOWN).map(cut).collect();
    if let Some(more) = headings.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        shown.push(format!("and {more} more"));
    }
    shown.join(", ")
}

pub(super) fn wrong(what: &str) -> Error {
    Error::invalid(format!("the map is wrong: {what}"))
}

fn timezone(name: Option<&str>) -> Result<TimeZone> {
    let Some(name) = name else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).map_err(|_| {
        wrong(&format!(
            "there is no time zone `{name}`; it has a name such as Europe/Berlin"
        ))
    })
}

fn separator(text: Option<&str>) -> Result<u8> {
    let Some(text) = text else { return Ok(b',') };
    let mut known = hints::SEPARATORS.iter().map(|(separator, _)| *separator);
    known.find(|separator| text.as_bytes() == [*separator]).ok_or_else(|| {
        wrong(&format!(
            "`separator` is one of \",\", \";\", \"|\" and \"\\t\", which is the tab, and not \"{text}\""
        ))
    })
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
    /// The map as it is written.
    text: &'a str,
    /// In which times of the map and the file are.
    timezone: &'a TimeZone,
    session: &'a Session,
    table: &'a Arc<TableDef>,
    values: BTreeMap<String, BTreeMap<String, Said>>,
    lookups: BTreeMap<String, By>,
    formats: BTreeMap<String, Written>,
}

/// Where the values under each heading go, and the columns that are taken by that.
type Targets = (BTreeMap<String, Arc<Target>>, HashMap<Name, String>);

impl Reading<'_> {
    fn targets(&mut self, columns: &BTreeMap<String, String>) -> Result<Targets> {
        let mut targets = BTreeMap::new();
        let mut taken: HashMap<Name, String> = HashMap::new();
        for (heading, column) in columns {
            let target = self.target(heading.trim(), column.trim())?;
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
        let unused = self.values.keys().chain(self.lookups.keys()).chain(self.formats.keys());
        match unused.into_iter().next() {
            None => Ok((targets, taken)),
            Some(unused) => Err(wrong(&format!(
                "it says how to read the column `{unused}`, but no heading goes into it"
            ))),
        }
    }

    fn constants(
        &self,
        constants: &BTreeMap<String, Said>,
        taken: &HashMap<Name, String>,
    ) -> Result<Vec<(Name, Value)>> {
        let one = |(name, value): (&String, &Said)| {
            let column = self.column(name)?;
            if let Some(heading) = taken.get(&column.name) {
                return Err(wrong(&format!(
                    "the column `{name}` has a constant, and `{heading}` goes into it as well"
                )));
            }
            Ok((column.name.clone(), self.value(column, value)?))
        };
        constants.iter().map(one).collect()
    }

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
        let written = self.formats.remove(&*column.name);
        let format = written.map(|written| Format::new(&column, written)).transpose()?;
        Ok(Target {
            heading: heading.into(),
            column,
            values,
            lookup,
            format,
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
    fn value(&self, column: &ColumnDef, said: &Said) -> Result<Value> {
        let value = match said.get_ref() {
            toml::Value::String(text) if text.trim().is_empty() => return Ok(Value::Null),
            toml::Value::String(text) => self.of_text(column, text.trim())?,
            // A number is none of a choice's labels.
            toml::Value::Integer(number) if column.kind.options().is_some() => {
                coerce::from_json(self.table, column, &(*number).into())?
            }
            toml::Value::Array(items) => {
                let items = items.iter().map(|item| match item {
                    toml::Value::Integer(number) => serde_json::Value::from(*number),
                    other => other.as_str().map_or_else(|| other.to_string(), str::to_owned).into(),
                });
                coerce::from_json(self.table, column, &items.collect::<Vec<serde_json::Value>>().into())?
            }
            _ => self.of_text(column, &self.as_written(column, said))?,
        };
        coerce::check(self.table, column, value)
    }

    /// What a text of the map means: times are in its zone, as those of the file are.
    fn of_text(&self, column: &ColumnDef, text: &str) -> Result<Value> {
        match (&column.kind, text) {
            (ColumnType::DateTime, text) if text != "null" => coerce::time(self.table, column, self.timezone, text),
            _ => self.session.value(self.table, column, text),
        }
    }

    /// The text that a value without quotes stands for: to the letter in a column of text, and a
    /// fraction with the digits that it has there.
    fn as_written(&self, column: &ColumnDef, said: &Said) -> String {
        let text = self.text.get(said.span()).unwrap_or_default().trim();
        match (&column.kind, said.get_ref()) {
            (ColumnType::Text { .. } | ColumnType::Memo { .. }, _) => text.to_owned(),
            (_, toml::Value::Float(_)) => text.replace('_', ""),
            (_, other) => other.to_string(),
        }
    }
}
