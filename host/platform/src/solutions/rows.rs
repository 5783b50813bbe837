//! Components that are a row with rows that belong to it: web resources, forms, views, duplicate
//! rules, process flows, workflows, column security profiles, offline profiles. A component arrives as it is in the file: what
//! belonged to the row before and is not in the file is gone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sluice_engine::{Component, ComponentPart, Session};
use sluice_model::{
    Catalog, Code, ColumnDef, ColumnType, Error, Filter, Name, Reference, Request, Result, Row, TableDef, Uuid, Value,
    json,
};

use super::{Applied, Installation, defaults, document, holders, misfit, removing, states};
use crate::customizing::publish::Publishing as _;
use crate::managed::MARK;

/// A row as it travels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    id: Uuid,
    values: Map<String, Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parts: BTreeMap<String, Vec<Content>>,
}

impl Content {
    /// The same but for ids, order and state.
    fn equals(&self, other: &Self) -> bool {
        let covers = |all: &[Self], others: &[Self]| {
            all.len() == others.len() && all.iter().all(|one| others.iter().any(|other| one.equals(other)))
        };
        let parts = |content: &Self, name: &String| content.parts.get(name).cloned().unwrap_or_default();
        self.values == other.values
            && self
                .parts
                .keys()
                .chain(other.parts.keys())
                .all(|name| covers(&parts(self, name), &parts(other, name)))
    }

    /// Whether the other one gives more by the rows that belong to it: of a right, a higher number is more of it.
    fn gives_less(&self, other: &Self) -> bool {
        let gives = |own: &Self, row: &Self| {
            row.values.iter().all(|(name, wanted)| {
                let now = own.values.get(name);
                match (now.and_then(serde_json::Value::as_i64), wanted.as_i64()) {
                    (Some(now), Some(wanted)) => now >= wanted,
                    _ => now == Some(wanted),
                }
            })
        };
        let has = |name: &String, row: &Self| {
            let rows = self.parts.get(name);
            rows.is_some_and(|rows| rows.iter().any(|own| gives(own, row)))
        };
        let mut parts = other.parts.iter();
        parts.any(|(name, rows)| !rows.iter().all(|row| has(name, row)))
    }
}

/// Whether a column's value travels: not what the platform fills, whom a row belongs to, its
/// state, or which rows of one organisation it refers to.
fn travels(column: &ColumnDef) -> bool {
    let own = matches!(
        column.kind,
        ColumnType::Key | ColumnType::Lookup { .. } | ColumnType::State { .. } | ColumnType::Status { .. }
    );
    !own && !column.filled && !column.is_of_every_table()
}

/// Where the rows of a component are read: rows of a table in which columns hold these values.
type Read<'a> = &'a mut dyn FnMut(&str, &[(&str, Value)]) -> Result<Vec<Row>>;

fn filter(conditions: &[(&str, Value)]) -> Filter {
    conditions.iter().fold(Filter::All, |all, (column, value)| {
        all.and(Filter::eq(column, value.clone()))
    })
}

/// Reads what counts: the published rows of tables whose rows are published.
fn published<'a>(session: &'a Session) -> impl FnMut(&str, &[(&str, Value)]) -> Result<Vec<Row>> + 'a {
    |table, conditions| {
        let catalog = session.catalog()?;
        if !catalog.table(table)?.published {
            return session.list(sluice_model::Query::new(table).filter(filter(conditions)));
        }
        let collation = catalog.collation();
        let holds = |row: &Row, (column, value): &(&str, Value)| match (row.get(column), value) {
            (Some(Value::Text(text)), Value::Text(wanted)) => collation.same(text, wanted),
            (Some(Value::Lookup(held)), Value::Lookup(wanted)) => held == wanted,
            (Some(held), wanted) => held.as_id().is_some() && held.as_id() == wanted.as_id(),
            (None, _) => false,
        };
        let mut rows = session.published(table)?;
        rows.retain(|row| conditions.iter().all(|condition| holds(row, condition)));
        Ok(rows)
    }
}

/// The conditions that a component's name stands for.
fn named<'a>(shape: &Component, name: &'a str) -> Result<Vec<(&'static str, Value)>> {
    let (table, name): (Option<&'a str>, &'a str) = match shape.of_table {
        Some(_) => {
            let (table, name) = name.split_once(':').ok_or_else(|| {
                let word = shape.word;
                Error::invalid(format!(
                    "`{name}` names no {word}; write TABLE:NAME, such as lead:Information"
                ))
            })?;
            (Some(table), name)
        }
        None => (None, name),
    };
    let mut conditions = vec![(shape.named_in, Value::from(name))];
    conditions.extend(states::category(shape));
    if let (Some(column), Some(table)) = (shape.of_table, table) {
        conditions.push((column, Value::from(table)));
    }
    Ok(conditions)
}

/// The one row of that name, if there is one.
fn find(shape: &Component, name: &str, read: Read<'_>) -> Result<Option<Row>> {
    let mut rows = read(shape.table, &named(shape, name)?)?;
    let row = rows.pop();
    if rows.is_empty() {
        return Ok(row);
    }
    Err(Error::new(
        Code::AMBIGUOUS,
        format!("there are several of the kind {} called \"{name}\"", shape.word),
    )
    .with_table(shape.table))
}

pub(super) fn export(session: &Session, shape: &Component, name: &str) -> Result<Json> {
    let catalog = session.catalog()?;
    let mut read = published(session);
    let row = find(shape, name, &mut read)?.ok_or_else(|| {
        let word = shape.word;
        Error::new(
            Code::NOT_FOUND,
            format!("there is no {word} \"{name}\" that is published"),
        )
        .with_table(shape.table)
    })?;
    let find = |table: &str| catalog.table(table).map(|table| TableDef::clone(table));
    let mut content = content(&find, &row, shape.parts, &mut read)?;
    content.active = states::is_active(shape, &row);
    if let (Some(column), Some(code)) = (shape.of_code, shape.of_code.and_then(|column| row.int(column))) {
        let table = catalog.iter().find(|table| table.otc == code);
        let table = table.map(|table| Json::from(&*table.name));
        content.values.insert(column.to_owned(), table.unwrap_or_default());
    }
    document(&content)
}

/// The column that refers to the row that rows of a table are parts of.
pub(super) fn whole_of(table: &TableDef) -> Result<Name> {
    let broken = || Error::host(format!("`{}` does not say what its rows are parts of", table.name));
    table.part_of.clone().ok_or_else(broken)
}

/// A row with what belongs to it, as it travels.
fn content(
    find: &dyn Fn(&str) -> Result<TableDef>,
    row: &Row,
    parts: &'static [ComponentPart],
    read: Read<'_>,
) -> Result<Content> {
    let table = find(&row.table)?;
    let mut own = row.clone();
    own.values
        .retain(|name, value| !value.is_null() && table.column(name).is_some_and(travels));
    let mut values = match json::from_row(&table, &own, Some(&[])) {
        Json::Object(map) => map,
        _ => Map::new(),
    };
    values.remove(&*table.key);
    let mut all = BTreeMap::new();
    for part in parts {
        let whole = whole_of(&find(part.table)?)?;
        let mut rows = read(part.table, &[(&whole, Value::Id(row.id))])?;
        rows.sort_by_key(|row| row.id);
        let contents = rows
            .iter()
            .map(|row| content(find, row, part.parts, read))
            .collect::<Result<Vec<_>>>()?;
        if !contents.is_empty() {
            all.insert(part.table.to_owned(), contents);
        }
    }
    Ok(Content {
        id: row.id,
        values,
        active: None,
        parts: all,
    })
}

pub(super) fn apply(
    work: &mut Installation<'_, '_>,
    shape: &'static Component,
    name: &str,
    sent: &Content,
) -> Result<Applied> {
    let there = find(shape, name, &mut |table, conditions| {
        work.batch
            .select_as_platform("see which rows a solution meets", table, filter(conditions))
    })?;
    let conditions = named(shape, name)?;
    let catalog = work.catalog()?;
    let sent = &with_code(&catalog, shape, sent)?;
    let values = json::to_row(&catalog, catalog.table(shape.table)?, &sent.values)?;
    let misnamed = conditions
        .iter()
        .find(|(column, value)| values.get(column) != Some(value));
    if let Some((column, _)) = misnamed {
        return Err(misfit(format!(
            "the file of the {} \"{name}\" holds another one (`{column}`)",
            shape.word
        )));
    }
    let mut sent = sent.clone();
    if let Some(of) = shape.of_table {
        let default = defaults::on_arrival(work, of, there.as_ref(), &values)?;
        sent.values.insert(defaults::COLUMN.to_owned(), default.into());
    }
    let sent = &sent;
    let Some(there) = there else {
        let id = put(work, shape.table, None, None, sent)?;
        put_parts(work, shape.parts, &Reference::new(shape.table, id), sent)?;
        let row = Reference::new(shape.table, id);
        touch(work, shape.table, id);
        if let Some(active) = sent.active {
            states::set_active(work, shape, &row, active)?;
        }
        return Ok(applied(id));
    };
    let find_table = |table: &str| catalog.table(table).map(|table| TableDef::clone(table));
    let now = content(&find_table, &there, shape.parts, &mut |table, conditions| {
        work.batch
            .select_as_platform("see which rows a solution meets", table, filter(conditions))
    })?;
    if let Some(holders) = shape.holders.filter(|_| now.gives_less(sent)) {
        let holders = holders(work.batch.unit(), there.id)?;
        holders::check(work, (shape.word, name), &there, &holders)?;
    }
    let row = there.reference();
    let active = states::is_active(shape, &there) == Some(true);
    // A rule at work does not take the mark either.
    let rests = shape.states.is_some_and(|states| states.rests_for_mark);
    let marks = rests && work.managed && there.bool(MARK) != Some(true);
    let pauses = active && (marks || !now.equals(sent));
    if pauses {
        states::set_active(work, shape, &row, false)?;
    }
    put(work, shape.table, None, Some(&there), sent)?;
    put_parts(work, shape.parts, &row, sent)?;
    if pauses {
        states::set_active(work, shape, &row, true)?;
    }
    touch(work, shape.table, there.id);
    Ok(applied(there.id))
}

/// What was sent, with the code that its table has here.
fn with_code(catalog: &Catalog, shape: &Component, sent: &Content) -> Result<Content> {
    let mut sent = sent.clone();
    if let Some(value) = shape.of_code.and_then(|column| sent.values.get_mut(column)) {
        let table = value.as_str().unwrap_or_default();
        *value = catalog.table(table)?.otc.into();
    }
    Ok(sent)
}

fn applied(id: Uuid) -> Applied {
    Applied {
        row: Some(id),
        parts: Vec::new(),
    }
}

/// Notes a row that counts when it is published.
pub(super) fn touch(work: &mut Installation<'_, '_>, table: &'static str, id: Uuid) {
    if work
        .batch
        .unit()
        .catalog()
        .find(table)
        .is_some_and(|table| table.published)
    {
        work.touched.push(Reference::new(table, id));
    }
}

/// Makes a row, or brings the one that is there to what was sent; its id.
fn put(
    work: &mut Installation<'_, '_>,
    table: &'static str,
    parent: Option<(&str, &Reference)>,
    there: Option<&Row>,
    sent: &Content,
) -> Result<Uuid> {
    let catalog = work.catalog()?;
    let definition = catalog.table(table)?;
    let mut wanted = json::to_row(&catalog, definition, &sent.values)?;
    if let Some(column) = wanted
        .values
        .keys()
        .find(|name| !definition.column(name).is_some_and(travels))
    {
        return Err(misfit(format!("the column `{column}` of `{table}` does not travel")));
    }
    let marks = work.managed && definition.column(MARK).is_some();
    let Some(there) = there else {
        if let Some((column, parent)) = parent {
            wanted.set(column, parent.clone());
        }
        if marks {
            wanted.set(MARK, true);
        }
        // An id that is free stays the same in every organisation.
        let taken = removing::is_taken(work, table, sent.id)?;
        wanted.id = if taken { Uuid::nil() } else { sent.id };
        return work.batch.create(wanted);
    };
    let mut change = Row::new(table, there.id);
    for column in definition.columns.iter().filter(|column| travels(column)) {
        let value = wanted.get(&column.name).cloned().unwrap_or(Value::Null);
        if there.get(&column.name).cloned().unwrap_or(Value::Null) != value {
            change.set(column.name.clone(), value);
        }
    }
    if marks && there.bool(MARK) != Some(true) {
        change.set(MARK, true);
        // The rows that belong to it come with it, and are not told one by one.
        if parent.is_none() {
            work.taken.push(String::new());
        }
    }
    if !change.values.is_empty() {
        work.batch.execute(Request::update(change))?;
    }
    Ok(there.id)
}

/// Brings the rows that belong to a row to what was sent.
fn put_parts(
    work: &mut Installation<'_, '_>,
    parts: &'static [ComponentPart],
    parent: &Reference,
    sent: &Content,
) -> Result<()> {
    let known: Vec<&str> = parts.iter().map(|part| part.table).collect();
    if let Some(table) = sent.parts.keys().find(|table| !known.contains(&table.as_str())) {
        return Err(misfit(format!(
            "rows of `{table}` do not belong to a row of `{}`",
            parent.table
        )));
    }
    for part in parts {
        let whole = whole_of(work.catalog()?.table(part.table)?)?;
        let mut left = work.batch.select_as_platform(
            "see which rows a solution meets",
            part.table,
            Filter::eq(&whole, parent.id),
        )?;
        for one in sent.parts.get(part.table).into_iter().flatten() {
            let catalog = work.catalog()?;
            let wanted = json::to_row(&catalog, catalog.table(part.table)?, &one.values)?;
            let same = |row: &Row| part.key.iter().all(|column| row.get(column) == wanted.get(column));
            let found = left
                .iter()
                .position(|row| row.id == one.id)
                .or_else(|| left.iter().position(same));
            let there = found.map(|position| left.swap_remove(position));
            let id = put(work, part.table, Some((&whole, parent)), there.as_ref(), one)?;
            touch(work, part.table, id);
            put_parts(work, part.parts, &Reference::new(part.table, id), one)?;
        }
        for row in left {
            touch(work, part.table, row.id);
            removing::delete(work, part.table, Some(row.id))?;
        }
    }
    Ok(())
}

pub(super) fn row(work: &mut Installation<'_, '_>, table: &str, id: Uuid) -> Result<Option<Row>> {
    let row = Reference::new(table, id);
    work.batch
        .unit()
        .read_as_platform("see which row of a solution is there already", &row, None)
}
