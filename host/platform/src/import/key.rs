//! Which row a line is about: the one that has the line's values in certain columns.

use serde::Deserialize;
use sluice_engine::Batch;
use sluice_model::{
    Code, ColumnDef, ColumnType, Error, Filter, MADE_ELSEWHERE, Name, Query, Reference, Request, Result, Row, TableDef,
};

use super::plan::wrong;

/// The part `[key]` of a map.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyText {
    name: Option<String>,
    columns: Option<Vec<String>>,
    #[serde(default)]
    existing: Existing,
}

impl KeyText {
    /// The columns: those of an alternate key, or these.
    fn names(&self, table: &TableDef) -> Result<Vec<String>> {
        match (&self.name, &self.columns) {
            (None, Some(columns)) => Ok(columns.clone()),
            (Some(name), None) => {
                let key = table.keys.iter().find(|key| *key.name == **name);
                let key = key.ok_or_else(|| {
                    wrong(&format!(
                        "`{}` has no alternate key `{name}` that is active",
                        table.name
                    ))
                })?;
                Ok(key.columns.iter().map(ToString::to_string).collect())
            }
            _ => Err(wrong("[key] has either `columns` or the `name` of an alternate key")),
        }
    }
}

/// What happens to a row that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Existing {
    /// It becomes what the line says, as by an Upsert.
    #[default]
    Update,
    /// It stays as it is.
    Skip,
}

/// The columns that tell rows apart.
#[derive(Debug)]
pub(super) struct Key {
    columns: Vec<Name>,
    /// They are those of an alternate key, of which two rows never have the same values.
    pub(super) alternate: bool,
    pub(super) existing: Existing,
}

impl Key {
    /// `given` says which columns a line has a value for.
    pub(super) fn new(table: &TableDef, key: KeyText, given: impl Fn(&str) -> bool) -> Result<Self> {
        let mut columns = Vec::new();
        for name in &key.names(table)? {
            let column = sluice_model::coerce::column(table, name)?;
            if !takes(column) {
                return Err(wrong(&format!(
                    "rows are not told apart by the column `{name}`, which holds {}",
                    column.kind.word()
                )));
            }
            if !given(name) {
                return Err(wrong(&format!(
                    "[key] names the column `{name}`, and no heading goes into it"
                )));
            }
            columns.push(column.name.clone());
        }
        if columns.is_empty() {
            return Err(wrong("[key] names no column"));
        }
        Ok(Self {
            columns,
            alternate: key.name.is_some(),
            existing: key.existing,
        })
    }

    /// The row that the line is about, where there is one: among those that the user may read, or,
    /// by an alternate key, among all, since a second row with its values is refused anyway.
    ///
    /// # Errors
    /// The line lacks a value of the key, or several rows have these values.
    pub(super) fn find(&self, batch: &mut Batch<'_>, table: &TableDef, row: &Row) -> Result<Option<Reference>> {
        let query = self.query(table, row)?;
        let reason = "find the row that a line of an import is about";
        let rows = match self.alternate {
            true => batch.unit().select_as_platform(reason, &query)?,
            false => batch.list(query)?,
        };
        match rows.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one.reference())),
            _ => Err(Error::new(
                Code::AMBIGUOUS,
                format!(
                    "more than one row of `{}` has the same {}; the line could be about each of them",
                    table.name,
                    self.columns
                        .iter()
                        .map(|name| format!("`{name}`"))
                        .collect::<Vec<_>>()
                        .join(" and ")
                ),
            )
            .with_table(&table.name)),
        }
    }

    fn query(&self, table: &TableDef, row: &Row) -> Result<Query> {
        let same = |name: &Name| {
            if *name == table.key {
                return match row.id.is_nil() {
                    true => Err(self.lacks(table, name)),
                    false => Ok(Filter::eq(name, row.id)),
                };
            }
            match row.get(name).filter(|value| !value.is_null()) {
                Some(value) => Ok(Filter::eq(name, value.clone())),
                None => Err(self.lacks(table, name)),
            }
        };
        let all = self.columns.iter().map(same).collect::<Result<_>>()?;
        Ok(Query::new(table.name.clone())
            .columns(&[])
            .filter(Filter::And(all))
            .top(2))
    }

    fn lacks(&self, table: &TableDef, name: &Name) -> Error {
        Error::invalid(format!(
            "the line has no value for `{name}`, which tells which row it is about"
        ))
        .with_table(&table.name)
    }
}

fn takes(column: &ColumnDef) -> bool {
    !matches!(
        column.kind,
        ColumnType::Memo { .. } | ColumnType::Choices { .. } | ColumnType::Float
    )
}

/// What brings the row of `there` to what the line says; nothing where it is that already.
///
/// # Errors
/// The user may not read the row.
/// The values of the key are those that it has already, however the line spells them.
pub(super) fn change(
    batch: &mut Batch<'_>,
    (there, key): (Reference, Option<&Key>),
    mut row: Row,
) -> Result<Option<Request>> {
    // When it was made elsewhere is said of a new row.
    row.values
        .retain(|name, _| &**name != MADE_ELSEWHERE && key.is_none_or(|key| !key.columns.contains(name)));
    let names: Vec<&str> = row.values.keys().map(|name| &**name).collect();
    let response = batch.execute(Request::retrieve(there.clone(), &names))?;
    let Some(is) = response.row() else {
        return Err(Error::not_found(&there.table, &there.table, there.id));
    };
    row.id = there.id;
    // Only what differs: a closed row takes another state, and nothing beside it.
    row.values.retain(|name, value| match is.get(name) {
        Some(old) => old != value,
        None => !value.is_null(),
    });
    Ok((!row.values.is_empty()).then(|| Request::update(row)))
}

/// The row of the id that the file gives.
///
/// # Errors
/// The database cannot be read.
pub(super) fn of_id(batch: &mut Batch<'_>, row: &Row) -> Result<Option<Reference>> {
    if row.id.is_nil() {
        return Ok(None);
    }
    let reason = "see whether the row is there whose id a line of an import gives";
    let found = batch.unit().read_as_platform(reason, &row.reference(), Some(&[]))?;
    Ok(found.map(|row| row.reference()))
}
