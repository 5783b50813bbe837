//! Custom tables and columns in solutions: their definitions. Rows stay where they are.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sluice_model::{ColumnDef, ColumnType, Error, Name, RelationshipDef, Result, TableDef, coerce};

use super::{Applied, Content, Gone, Installation, document, misfit, options};
use crate::{
    customizing::{
        columns,
        definitions::{self, TableChange},
        own, relationships, removal,
    },
    managed,
};
use sluice_engine::Session;

/// A custom column and the table that it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Column {
    pub(super) table: Name,
    pub(super) column: ColumnDef,
    /// What happens along it, where it is more than emptying it.
    #[serde(default, rename = "relationship", skip_serializing_if = "Vec::is_empty")]
    relationships: Vec<RelationshipDef>,
}

/// A definition without what belongs to the organisation that it comes from.
fn bare(column: &ColumnDef) -> ColumnDef {
    let mut column = column.clone();
    column.custom = true;
    own::mark(&mut column, false);
    // That of a lookup, in a file of an earlier version, gives nothing, and no file may bring it.
    column.default.take_if(|_| column.kind.targets().is_some());
    let global = column.kind.global().is_some();
    if let Some(options) = column.kind.options_mut().filter(|_| global) {
        options.clear();
    }
    column
}

/// What a table does along some of its columns, by the names that an organisation gives itself.
fn along<'a>(table: &TableDef, columns: impl IntoIterator<Item = &'a ColumnDef>) -> Vec<RelationshipDef> {
    let columns: Vec<&Name> = columns.into_iter().map(|column| &column.name).collect();
    let own = table.relationships.iter().filter(|one| columns.contains(&&one.column));
    let nameless = |one: &RelationshipDef| RelationshipDef {
        name: String::new(),
        ..one.clone()
    };
    own.map(nameless).collect()
}

/// Whether a customizer made the column: its name has a prefix, and nothing else puts it there.
fn is_own(column: &ColumnDef) -> bool {
    let made = !matches!(
        column.kind,
        ColumnType::Key | ColumnType::State { .. } | ColumnType::Status { .. }
    );
    made && !column.filled && definitions::check_name("column", &column.name).is_ok()
}

pub(super) fn export_table(session: &Session, name: &str) -> Result<Json> {
    let catalog = session.catalog()?;
    let table = catalog.table(name)?;
    if !table.custom {
        return Err(Error::invalid(format!(
            "`{name}` is a table of the platform; add its custom columns ({name}.COLUMN) or its options ({name}.statuscode)"
        )));
    }
    let own: Vec<ColumnDef> = table.columns.iter().filter(|column| is_own(column)).map(bare).collect();
    let mut table = TableDef::clone(table);
    table.otc = 0;
    table.managed = false;
    table.relationships = along(&table, &own);
    table.keys = Vec::new();
    table.columns = own.into();
    own::table(&table).map_err(|error| {
        Error::invalid(format!(
            "{}: it does not travel by itself; a process flow brings the table of its processes along",
            error.message()
        ))
    })?;
    document(&table)
}

/// The table and the column that `TABLE.COLUMN` names.
pub(super) fn split(name: &str) -> Result<(&str, &str)> {
    name.split_once('.')
        .ok_or_else(|| Error::invalid(format!("`{name}` names no column; write TABLE.COLUMN")))
}

pub(super) fn export_column(session: &Session, name: &str) -> Result<Json> {
    let (table, column) = split(name)?;
    let catalog = session.catalog()?;
    let definition = catalog.table(table)?;
    let column = coerce::column(definition, column)?;
    if !is_own(column) {
        return Err(Error::invalid(format!(
            "`{name}` is a column of the platform and is everywhere already; only custom columns travel"
        )));
    }
    document(&Column {
        table: table.into(),
        column: bare(column),
        relationships: along(definition, [column]),
    })
}

pub(super) fn apply_table(work: &mut Installation<'_, '_>, name: &str, sent: &TableDef) -> Result<Applied> {
    if &*sent.name != name {
        return Err(misfit(format!("the file of the table `{name}` holds `{}`", sent.name)));
    }
    own::table(sent).map_err(|error| misfit(error.message()))?;
    if !sent.custom {
        return Err(misfit(format!("the table `{name}` is none that customizers made")));
    }
    let parts = sent.columns.iter().map(|column| column.name.to_string()).collect();
    let catalog = work.catalog()?;
    if catalog.find(name).is_some() {
        change_table(work, sent)?;
        for column in &sent.columns {
            put_column(work, name, column, &sent.relationships)?;
        }
        return Ok(Applied { row: None, parts });
    }
    let known = |column: &&ColumnDef| {
        let targets = column.kind.targets().unwrap_or_default();
        targets
            .iter()
            .all(|target| *target == sent.name || catalog.find(target).is_some())
    };
    let (now, later): (Vec<&ColumnDef>, Vec<&ColumnDef>) = sent.columns.iter().partition(known);
    let mut table = sent.clone();
    table.managed = work.managed;
    table.columns = now
        .into_iter()
        .map(|column| marked(work, column))
        .collect::<Vec<_>>()
        .into();
    let waiting = later.into_iter().map(|column| Column {
        table: name.into(),
        column: column.clone(),
        relationships: sent.relationships.clone(),
    });
    work.later.extend(waiting);
    definitions::create_table(work.batch, &table)?;
    Ok(Applied { row: None, parts })
}

/// The definition as it arrives: managed, or not.
fn marked(work: &Installation<'_, '_>, column: &ColumnDef) -> ColumnDef {
    let mut column = bare(column);
    own::mark(&mut column, work.managed);
    column
}

/// Brings what is chosen about a table as a whole to what was sent. What it is from the start stays:
/// whoever gave it another name column would show what that holds to all who see a name of its rows.
fn change_table(work: &mut Installation<'_, '_>, sent: &TableDef) -> Result<()> {
    let name = &sent.name;
    let now = work.batch.unit().definition(name)?;
    let fixed = |table: &TableDef| (table.custom, table.ownership, table.key.clone(), table.set.clone());
    if fixed(&now) != fixed(sent) {
        return Err(misfit(format!(
            "there is another table `{name}` already, which is not the one of the solution: {} ({})",
            now.display, now.set
        )));
    }
    if now.primary_name != sent.primary_name {
        let named = |table: &TableDef| table.primary_name.clone().unwrap_or_else(|| "nothing".into());
        return Err(misfit(format!(
            "the rows of the table `{name}` are named by `{}` here and by `{}` in the solution; a table keeps the column \
             that names its rows",
            named(&now),
            named(sent)
        )));
    }
    let (_, asked) = own::table(sent)?;
    let asked = asked.other_than(&now);
    if asked != TableChange::default() {
        definitions::update_table(work.batch, name, &asked)?;
    }
    if work.managed && !now.managed {
        work.batch.require("prvWriteEntity")?;
        work.taken.push(String::new());
        let mut marked = work.batch.unit().definition(name)?;
        marked.managed = true;
        work.batch.unit().save_definition(&marked)?;
    }
    Ok(())
}

pub(super) fn apply_column(work: &mut Installation<'_, '_>, name: &str, sent: &Column) -> Result<Applied> {
    if name != format!("{}.{}", sent.table, sent.column.name) {
        return Err(misfit(format!(
            "the file of the column `{name}` holds `{}.{}`",
            sent.table, sent.column.name
        )));
    }
    put_column(work, &sent.table, &sent.column, &sent.relationships)?;
    Ok(Applied::default())
}

/// Refuses what would give a table more columns than it may have, before anything is written: each
/// column that is made is a table that is changed, and others wait meanwhile.
pub(super) fn check_numbers(session: &Session, contents: &[Content]) -> Result<()> {
    let catalog = session.catalog()?;
    let mut sent: BTreeMap<&Name, Vec<&ColumnDef>> = BTreeMap::new();
    for content in contents {
        match content {
            Content::Table(table) => sent.entry(&table.name).or_default().extend(&table.columns),
            Content::Column(one) => sent.entry(&one.table).or_default().push(&one.column),
            _ => {}
        }
    }
    for (name, columns) in sent {
        // Of a new table, its own columns count here; what the platform adds counts when it is made.
        let there = catalog.find(name).into_iter().flat_map(|table| &table.columns);
        let mut all: HashSet<Name> = there.map(|column| column.name.clone()).collect();
        for column in columns {
            all.insert(column.name.clone());
            if matches!(column.kind, ColumnType::Money { .. }) {
                all.insert(format!("{}_base", column.name).into());
            }
        }
        definitions::check_number(name, all.len()).map_err(|mut error| {
            error.body_mut().message.push_str("; nothing was changed");
            error
        })?;
    }
    Ok(())
}

/// Makes the columns that waited for their tables.
pub(super) fn make_later(work: &mut Installation<'_, '_>) -> Result<()> {
    for waiting in std::mem::take(&mut work.later) {
        put_column(work, &waiting.table, &waiting.column, &waiting.relationships)?;
    }
    Ok(())
}

fn put_column(work: &mut Installation<'_, '_>, table: &str, sent: &ColumnDef, along: &[RelationshipDef]) -> Result<()> {
    let definition = work.batch.unit().definition(table)?;
    // What is not said is as usual: so it was where the solution comes from.
    let mut relationships = relationships::relationships(sent, None);
    for usual in &mut relationships {
        let said = along
            .iter()
            .find(|one| one.column == usual.column && one.target == usual.target);
        usual.behaviours = said.map_or(usual.behaviours, |said| said.behaviours);
    }
    if definition.column(&sent.name).is_some() {
        change_column(work, definition, sent)?;
        return relationships::put_behaviours(work.batch, table, &sent.name, &relationships);
    }
    let column = marked(work, sent);
    definitions::create_lookup(work.batch, table, &column, &relationships)
}

/// Brings a column that is there to what was sent.
fn change_column(work: &mut Installation<'_, '_>, table: TableDef, sent: &ColumnDef) -> Result<()> {
    let place = format!("{}.{}", table.name, sent.name);
    let now = coerce::column(&table, &sent.name)?.clone();
    if !is_own(&now) {
        return Err(misfit(format!("`{place}` is a column of the platform here")));
    }
    let kind = changed_kind(&now.kind, &sent.kind).map_err(|why| misfit(format!("`{place}` {why}")))?;
    let mut wanted = ColumnDef {
        kind,
        managed: now.managed || work.managed,
        ..now.clone()
    };
    own::take(&mut wanted, sent)?;
    if wanted != now {
        work.batch.require("prvWriteAttribute")?;
        if wanted.managed && !now.managed {
            work.taken.push(sent.name.to_string());
        }
        if now.managed && !work.batch.is_import() {
            return Err(managed::refused(
                sluice_model::Code::MANAGED,
                &format!("the column `{place}`"),
            ));
        }
        definitions::fit_column(work.batch, &table, &mut wanted)?;
        let notices = columns::put_column(work.batch, table, wanted)?;
        work.notices.extend(notices);
    }
    match sent.kind.options() {
        Some(sent_options) if sent.kind.global().is_none() => {
            let options = options::Options::of(sent_options.to_vec());
            options::apply(work, &place, &options).map(|_| ())
        }
        _ => Ok(()),
    }
}

/// The type that a column may get without losing what its rows hold. Options are a choice's own
/// affair.
fn changed_kind(now: &ColumnType, sent: &ColumnType) -> std::result::Result<ColumnType, String> {
    use ColumnType as C;
    match (now, sent) {
        (C::Text { max_length: old }, C::Text { max_length: new })
        | (C::Memo { max_length: old }, C::Memo { max_length: new })
            if new < old =>
        {
            Err(format!(
                "takes {old} characters here and {new} in the solution; a column gets no shorter"
            ))
        }
        (C::Text { .. }, C::Text { .. }) | (C::Memo { .. }, C::Memo { .. }) | (C::Int { .. }, C::Int { .. }) => {
            Ok(sent.clone())
        }
        (C::Choice { global: old, .. }, C::Choice { global: new, .. })
        | (C::Choices { global: old, .. }, C::Choices { global: new, .. })
            if old == new =>
        {
            Ok(now.clone())
        }
        (now, sent) if now == sent => Ok(now.clone()),
        (now, sent) if now.word() == sent.word() => Err(format!(
            "is of type {} here too, but {} and not {}",
            now.word(),
            special(now),
            special(sent)
        )),
        (now, sent) => Err(format!(
            "is of type {} here, and of type {} in the solution; a column keeps its type",
            now.word(),
            sent.word()
        )),
    }
}

/// What tells a type from others of the same word.
fn special(kind: &ColumnType) -> String {
    use ColumnType as C;
    match kind {
        C::Decimal { precision } | C::Money { precision } => format!("with {precision} places"),
        C::Lookup { targets } => {
            let names: Vec<&str> = targets.iter().map(|name| &**name).collect();
            format!("to {}", names.join(", "))
        }
        C::Choice { global, .. } | C::Choices { global, .. } => match global {
            Some(global) => format!("with the options of `{global}`"),
            None => "with options of its own".to_owned(),
        },
        _ => "another one".to_owned(),
    }
}

pub(super) fn table_in_use(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<Option<String>> {
    if gone.whole {
        return removal::table_in_use(work.batch, &gone.name);
    }
    for column in &gone.parts {
        if let Some(why) = column_in_use(work, &format!("{}.{column}", gone.name))? {
            return Ok(Some(format!("`{}.{column}`: {why}", gone.name)));
        }
    }
    Ok(None)
}

pub(super) fn column_in_use(work: &mut Installation<'_, '_>, name: &str) -> Result<Option<String>> {
    let (table, column) = split(name)?;
    if !is_there(work, table, column)? {
        return Ok(None);
    }
    removal::column_in_use(work.batch, table, column)
}

fn is_there(work: &mut Installation<'_, '_>, table: &str, column: &str) -> Result<bool> {
    let catalog = work.catalog()?;
    Ok(catalog.find(table).is_some_and(|table| table.column(column).is_some()))
}

pub(super) fn remove_table(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<()> {
    if !gone.whole {
        return gone
            .parts
            .iter()
            .try_for_each(|column| remove_column(work, &format!("{}.{column}", gone.name)));
    }
    options::forget_columns(work, &gone.name, None)?;
    work.publish()?;
    removal::drop_table(work.batch, &gone.name)
}

pub(super) fn remove_column(work: &mut Installation<'_, '_>, name: &str) -> Result<()> {
    let (table, column) = split(name)?;
    if !is_there(work, table, column)? {
        return Ok(());
    }
    options::forget_columns(work, table, Some(column))?;
    // What is published of its options and maps goes before it.
    work.publish()?;
    removal::drop_column(work.batch, table, column)
}

pub(super) fn release_table(work: &mut Installation<'_, '_>, name: &str) -> Result<()> {
    work.batch.require("prvWriteEntity")?;
    let mut table = work.batch.unit().definition(name)?;
    table.managed = false;
    table.columns.iter_mut().for_each(|column| own::mark(column, false));
    work.batch.unit().save_definition(&table)
}

pub(super) fn release_column(work: &mut Installation<'_, '_>, name: &str) -> Result<()> {
    work.batch.require("prvWriteAttribute")?;
    let (table, column) = split(name)?;
    let mut definition = work.batch.unit().definition(table)?;
    for found in definition.columns.iter_mut().filter(|other| &*other.name == column) {
        own::mark(found, false);
    }
    work.batch.unit().save_definition(&definition)
}
