//! Choices in solutions: a global choice with its options, or the options that were added to
//! one column. What is there already stays beside what arrives.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sluice_model::{
    Choice, Code, ColumnType, Comparison, Error, Filter, Query, Remedy, Request, Result, Row, TableDef, Uuid, Value,
};

use super::{Applied, Gone, Installation, document, misfit, removing};
use crate::customizing::{fitting, publish::Publishing as _};
use sluice_engine::{Session, options, tables, tables::MANAGED as MARK};

/// A choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Options {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    options: Vec<Choice>,
}

impl Options {
    /// Options without a name of their own.
    pub(super) fn of(options: Vec<Choice>) -> Self {
        Self {
            display_name: None,
            options,
        }
    }
}

pub(super) fn export(session: &Session, name: &str) -> Result<Json> {
    let published = session.published(tables::OPTION_SET)?;
    let row = published.iter().find(|row| row.text("name") == Some(name));
    let mut sent = match (name.split_once('.'), row) {
        (Some((table, column)), _) => {
            let mut all = options::of_column(&*session.catalog()?, name)?;
            let (mut unit, _) = session.unit()?;
            let defined = unit.read(|tx| options::defined(tx, table, column))?;
            all.retain(|option| !defined.iter().any(|other| other.value == option.value));
            Options::of(all)
        }
        (None, Some(row)) => Options {
            display_name: row.text("displayname").map(ToOwned::to_owned),
            options: options::parse(row.text("options").unwrap_or("[]"))?,
        },
        (None, None) => {
            return Err(
                Error::new(Code::NOT_FOUND, format!("there is no published global choice `{name}`"))
                    .with_remedy(Remedy::ListChoices),
            );
        }
    };
    if sent.options.is_empty() {
        return Err(Error::invalid(format!(
            "no option was added to `{name}`, so there is nothing to carry; what was added has to be published"
        )));
    }
    sent.options.iter_mut().for_each(|option| option.managed = false);
    document(&sent)
}

/// The row of a choice as customizers have it, and its options.
pub(super) fn current(work: &mut Installation<'_, '_>, name: &str) -> Result<(Option<Row>, Vec<Choice>)> {
    let row = work
        .batch
        .select_as_platform(
            "see which choices a solution meets",
            tables::OPTION_SET,
            Filter::eq("name", name),
        )?
        .pop();
    let options = match &row {
        Some(row) => options::parse(row.text("options").unwrap_or("[]"))?,
        None if name.contains('.') => options::of_column(&*work.catalog()?, name)?,
        None => Vec::new(),
    };
    Ok((row, options))
}

/// The number of the state that an option belongs to, for people.
fn state(option: &Choice) -> String {
    option
        .state
        .map_or_else(|| "none".to_owned(), |state| state.to_string())
}

pub(super) fn apply(work: &mut Installation<'_, '_>, name: &str, sent: &Options) -> Result<Applied> {
    let (row, mut now) = current(work, name)?;
    let before = now.clone();
    for option in &sent.options {
        match now.iter_mut().find(|there| there.value == option.value) {
            Some(there) if there.state != option.state => {
                return Err(misfit(format!(
                    "the option {} ({}) of `{name}` belongs to another state here: {}, not {}",
                    option.value,
                    option.label,
                    state(there),
                    state(option)
                )));
            }
            Some(there) => {
                if work.managed && !there.managed {
                    work.taken.push(option.value.to_string());
                }
                there.label.clone_from(&option.label);
                there.managed |= work.managed;
            }
            None => now.push(Choice {
                managed: work.managed,
                ..option.clone()
            }),
        }
    }
    let id = write(work, name, row, sent, (now != before).then_some(now))?;
    if let Some(id) = id {
        work.touched.push(sluice_model::Reference::new(tables::OPTION_SET, id));
    }
    Ok(Applied {
        row: id,
        parts: sent.options.iter().map(|option| option.value.to_string()).collect(),
    })
}

/// Writes the row of a choice: made where there is none, changed where there is one; `options` are
/// those that differ from what is there. The row's id, where there is one now.
fn write(
    work: &mut Installation<'_, '_>,
    name: &str,
    row: Option<Row>,
    sent: &Options,
    options: Option<Vec<Choice>>,
) -> Result<Option<Uuid>> {
    let global = !name.contains('.');
    Ok(match row {
        Some(row) => {
            let mut change = Row::new(tables::OPTION_SET, row.id);
            if let Some(options) = options {
                change.set("options", options::to_text(&options));
            }
            if let Some(label) = &sent.display_name
                && row.text("displayname") != Some(label)
            {
                change.set("displayname", label.as_str());
            }
            if global && work.managed && row.bool(MARK) != Some(true) {
                change.set(MARK, true);
                work.taken.push(String::new());
            }
            if !change.values.is_empty() {
                work.batch.execute(Request::update(change))?;
            }
            Some(row.id)
        }
        None if global || options.is_some() => {
            let mut new = Row::unsaved(tables::OPTION_SET)
                .with("name", name)
                .with("options", options::to_text(&options.unwrap_or_default()));
            if let Some(label) = &sent.display_name {
                new.set("displayname", label.as_str());
            }
            if global && work.managed {
                new.set(MARK, true);
            }
            Some(work.batch.create(new)?)
        }
        None => None,
    })
}

pub(super) fn values(gone: &Gone) -> Vec<i32> {
    gone.parts.iter().filter_map(|part| part.parse().ok()).collect()
}

/// The columns that have the options of a choice.
fn columns_of(work: &mut Installation<'_, '_>, name: &str) -> Result<Vec<(TableDef, sluice_model::ColumnDef)>> {
    let catalog = work.catalog()?;
    Ok(catalog
        .iter()
        .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
        .filter(|(table, column)| match column.kind.global() {
            Some(global) => &**global == name,
            None => column.kind.options().is_some() && name == format!("{}.{}", table.name, column.name),
        })
        .map(|(table, column)| (TableDef::clone(table), column.clone()))
        .collect())
}

pub(super) fn in_use(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<Option<String>> {
    let columns = columns_of(work, &gone.name)?;
    for (table, column) in &columns {
        for value in values(gone) {
            let rows = count(work, table, column, value)?;
            if rows > 0 {
                let rows = if rows == 1 {
                    "1 row holds".to_owned()
                } else {
                    format!("{rows} rows hold")
                };
                return Ok(Some(format!(
                    "{rows} the option {value} in `{}.{}`",
                    table.name, column.name
                )));
            }
        }
    }
    let dependencies = fitting::dependencies_of_options(work.batch.unit(), &gone.name, &values(gone))?;
    if let Some(dependency) = dependencies.first() {
        return Ok(Some(format!("{} {}", dependency.name, dependency.does)));
    }
    match columns.first() {
        Some((table, column)) if gone.whole && !gone.name.contains('.') => {
            Ok(Some(format!("`{}.{}` has its options", table.name, column.name)))
        }
        _ => Ok(None),
    }
}

/// How many rows hold an option.
fn count(
    work: &mut Installation<'_, '_>,
    table: &TableDef,
    column: &sluice_model::ColumnDef,
    value: i32,
) -> Result<u64> {
    let reason = "count the rows that hold an option that is to go";
    if !matches!(column.kind, ColumnType::Choices { .. }) {
        let holds = Filter::eq(&column.name, Value::Choice(value));
        return work.batch.unit().count_as_platform(reason, &table.name, &holds);
    }
    let some = Filter::Compare {
        column: column.name.clone(),
        comparison: Comparison::Ne,
        value: Value::Null,
    };
    let query = Query::new(table.name.clone()).columns(&[&column.name]).filter(some);
    let rows = work.batch.unit().select_as_platform(reason, &query)?;
    let holds = |row: &&Row| matches!(row.get(&column.name), Some(Value::Choices(held)) if held.contains(&value));
    Ok(rows.iter().filter(holds).count() as u64)
}

pub(super) fn remove(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<()> {
    let (Some(row), mut now) = current(work, &gone.name)? else {
        return Ok(());
    };
    let values = values(gone);
    let defined = match gone.name.split_once('.') {
        Some((table, column)) => work.batch.unit().read(|tx| options::defined(tx, table, column))?,
        None => Vec::new(),
    };
    // What the column had before anybody added to it stays, whoever gave it another label.
    let is_defined = |option: &Choice| defined.iter().any(|other| other.value == option.value);
    now.retain(|option| is_defined(option) || !(option.managed && values.contains(&option.value)));
    for option in now.iter_mut().filter(|option| is_defined(option)) {
        option.managed &= !values.contains(&option.value);
    }
    let as_defined = now == defined;
    work.touched.push(row.reference());
    if as_defined {
        return removing::delete(work, tables::OPTION_SET, Some(row.id));
    }
    let mut change = Row::new(tables::OPTION_SET, row.id).with("options", options::to_text(&now));
    if gone.whole {
        // What is left is the organisation's own.
        change.set(MARK, false);
    }
    work.batch.execute(Request::update(change)).map(|_| ())
}

pub(super) fn release(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<()> {
    let (Some(row), mut now) = current(work, &gone.name)? else {
        return Ok(());
    };
    let values = values(gone);
    for option in now.iter_mut().filter(|option| values.contains(&option.value)) {
        option.managed = false;
    }
    work.touched.push(row.reference());
    let mut change = Row::new(tables::OPTION_SET, row.id).with("options", options::to_text(&now));
    if gone.whole {
        change.set(MARK, false);
    }
    work.batch.execute(Request::update(change)).map(|_| ())
}

/// The rows that hold the options of a table's columns, or of one of them, go before it goes.
pub(super) fn forget_columns(work: &mut Installation<'_, '_>, table: &str, column: Option<&str>) -> Result<()> {
    let mut of_table = Filter::eq("tablename", table);
    if let Some(column) = column {
        of_table = of_table.and(Filter::eq("columnname", column));
    }
    for row in work
        .batch
        .select_as_platform("see which choices a solution meets", tables::OPTION_SET, of_table)?
    {
        work.touched.push(row.reference());
        removing::delete(work, tables::OPTION_SET, Some(row.id))?;
    }
    Ok(())
}
