//! From the names that people use to rows, and back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sluice_engine::{Found, Session};
use sluice_model::{Code, Error, Filter, Query, Reference, Row, Uuid, Value};

use crate::context::Context;

/// A user, or, as `team:NAME`, a team.
pub(crate) fn principal(session: &Session, name: &str) -> anyhow::Result<Reference> {
    let (table, name) = match name.split_once(':') {
        Some(("team", name)) => ("team", name),
        Some(("user", name)) => ("systemuser", name),
        _ => ("systemuser", name),
    };
    Ok(Reference::new(table, session.find_one(table, name)?))
}

/// The copy of a role in a holder's business unit; by id, the role itself.
pub(crate) fn role_for(session: &Session, holder: &Row, name: &str) -> anyhow::Result<Uuid> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let Some(unit) = holder.id_of("businessunitid") else {
        return Ok(session.find_one("role", name)?);
    };
    let filter = Filter::eq("name", name).and(Filter::eq("businessunitid", unit));
    let rows = session.list(Query::new("role").columns(&["name"]).filter(filter))?;
    match rows.as_slice() {
        [row] => Ok(row.id),
        [] => match session.find("role", name)? {
            Found::None => Err(Error::new(Code::NOT_FOUND, format!("there is no role \"{name}\"; `role list` shows them")).into()),
            _ => Err(Error::new(
                Code::NOT_FOUND,
                format!("the role \"{name}\" has no copy in the business unit of its holder; roles reach the units below their own"),
            )
            .into()),
        },
        several => {
            let ids: Vec<String> = several.iter().map(|row| row.id.to_string()).collect();
            let message = format!("the business unit has several roles \"{name}\": {}; give the id", ids.join(", "));
            Err(Error::new(Code::AMBIGUOUS, message).into())
        }
    }
}

/// One row by name or id, with these columns; all of them where none is named.
pub(crate) fn row(session: &Session, table: &str, name: &str, columns: &[&str]) -> anyhow::Result<Row> {
    let id = session.find_one(table, name)?;
    get(session, table, id, columns)
}

/// One row by id, with these columns; all of them where none is named.
pub(crate) fn get(session: &Session, table: &str, id: Uuid, columns: &[&str]) -> anyhow::Result<Row> {
    let response = session.execute(sluice_model::Request::retrieve(Reference::new(table, id), columns))?;
    let row = response.row().cloned();
    row.ok_or_else(|| Error::not_found(table, table, id).into())
}

/// How many ids one question asks for.
const CHUNK: usize = 500;

/// The rows with these ids, as far as they are there.
pub(crate) fn by_ids(
    session: &Session,
    table: &str,
    ids: impl IntoIterator<Item = Uuid>,
    columns: &[&str],
) -> anyhow::Result<HashMap<Uuid, Row>> {
    let key = session.catalog()?.table(table)?.key.clone();
    let ids: Vec<Value> = ids.into_iter().map(Value::Id).collect();
    let mut rows = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        let filter = Filter::In {
            column: key.clone(),
            values: chunk.to_vec(),
        };
        let found = session.list(Query::new(table).columns(columns).filter(filter))?;
        rows.extend(found.into_iter().map(|row| (row.id, row)));
    }
    Ok(rows)
}

/// The names of rows that others refer to. As on the platform, a lookup shows the name of its
/// row also to somebody who may not read that row.
#[derive(Debug, Default)]
pub(crate) struct Labels(HashMap<Reference, String>);

impl Labels {
    /// The names of everything that `rows` refer to.
    pub(crate) fn of(context: &Context, rows: &[Row]) -> anyhow::Result<Self> {
        let values = rows.iter().flat_map(|row| row.values.values());
        Self::load(context, values.filter_map(Value::as_lookup).cloned())
    }

    /// The names of these rows.
    pub(crate) fn load(context: &Context, references: impl IntoIterator<Item = Reference>) -> anyhow::Result<Self> {
        let mut by_table: BTreeMap<_, BTreeSet<Uuid>> = BTreeMap::new();
        for reference in references {
            by_table.entry(reference.table).or_default().insert(reference.id);
        }
        let system = context.system()?;
        let catalog = system.catalog()?;
        let mut names = HashMap::new();
        for (table, ids) in by_table {
            let Some(name) = catalog.find(&table).and_then(|table| table.primary_name.as_ref()) else {
                continue;
            };
            for row in by_ids(&system, &table, ids, &[name])?.into_values() {
                if let Some(text) = row.text(name) {
                    names.insert(row.reference(), text.to_owned());
                }
            }
        }
        Ok(Self(names))
    }

    /// The row's name, else its id.
    pub(crate) fn name(&self, reference: &Reference) -> String {
        self.find(reference)
            .map_or_else(|| reference.id.to_string(), ToOwned::to_owned)
    }

    /// The row's name, where it has one.
    pub(crate) fn find(&self, reference: &Reference) -> Option<&str> {
        self.0.get(reference).map(String::as_str)
    }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    // A word of a command line holds no NUL, the one character that cannot be quoted.
    shlex::try_quote(&word.replace('\0', "")).map_or_else(|_| String::new(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("seller.west"), "seller.west");
        for word in ["./my org.db", "O'Neil", "", "a\"b$c`d", "nul\0"] {
            let split = shlex::split(&quoted(word)).unwrap();
            assert_eq!(split, [word.replace('\0', "")], "{word}");
        }
    }
}
