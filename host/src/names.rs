//! From the names that people use to rows, and back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sluice_engine::{Found, table_called};
use sluice_model::{
    Code, Error, Filter, Parameter, Query, Reference, Request, Right, Row, TableDef, Uuid, Value,
    codes::Kind,
    names::{did_you_mean, end_of_id, is_plain},
};

use crate::{context::Context, door::Door, text::quoted};

/// A user, or, as `team:NAME`, a team.
pub(crate) fn principal(session: &dyn Door, name: &str) -> anyhow::Result<Reference> {
    let in_table = name.split_once(':').map(|(word, name)| (table_called(word), name));
    let (table, name) = match in_table {
        // What the organisation is none for says so.
        Some((table @ ("team" | "systemuser" | "organization"), name)) => (table, name),
        _ => ("systemuser", name),
    };
    match session.find_one(table, name) {
        Ok(id) => Ok(Reference::new(table, id)),
        Err(error) if error.code() == Code::NOT_FOUND && table == "systemuser" => {
            let is_team =
                session.check_privilege("team", Right::Read).is_ok() && session.find_one("team", name).is_ok();
            let hint = if is_team {
                format!("; a team is called so: team:{name}")
            } else {
                String::new()
            };
            let message = format!("{}{hint}", error.message());
            Err(Error::new(Code::NOT_FOUND, message).with_table(table).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// `; did you mean …`, where one of a query's rows is nearly called so.
pub(crate) fn near(session: &dyn Door, query: Query, wrong: &str) -> String {
    session.near(query, &["name".into()], wrong)
}

/// The same where several queries have rows that may be meant: the nearest of all.
pub(crate) fn near_any(
    session: &dyn Door,
    queries: impl IntoIterator<Item = Query>,
    column: &str,
    wrong: &str,
) -> String {
    let hints = queries
        .into_iter()
        .map(|query| session.near(query, &[column.into()], wrong));
    let hints: Vec<String> = hints.collect();
    let names = hints.iter().filter_map(|hint| hint.split('`').nth(1));
    did_you_mean(wrong, names)
}

/// What stands for the row that was made last.
const LAST: &str = "@last";

/// The copy of a role in a holder's business unit; by id, the role itself.
pub(crate) fn role_for(session: &dyn Door, holder: &Row, name: &str) -> anyhow::Result<Uuid> {
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
            // No role of the unit has the name: it was the end of an id, or stood for the newest.
            Found::One(id) if end_of_id(name).is_some() || name == LAST => Ok(id),
            Found::None => Ok(session.find_one("role", name)?),
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

/// The row that somebody means, and what it is called: what they gave may be its id, the end of one, or `@last`.
/// Whoever may not read it is told what they gave.
pub(crate) fn called(session: &dyn Door, table: &str, given: &str) -> anyhow::Result<(Uuid, String)> {
    let id = session.find_one(table, given)?;
    let catalog = session.catalog()?;
    let definition = catalog.table(table)?;
    let column = definition.primary_name.as_ref();
    let column = column.filter(|_| session.check_privilege(table, Right::Read).is_ok());
    let Some(column) = column else {
        return Ok((id, given.to_owned()));
    };
    let query = Query::new(table)
        .columns(&[column])
        .filter(Filter::eq(&definition.key, id));
    let rows = session.list(query)?;
    let name = rows.first().and_then(|row| row.text(column));
    Ok((id, name.unwrap_or(given).to_owned()))
}

/// A row as commands name it: by its name, where that is read back as this very row, or else by its id.
pub(crate) fn word(session: &dyn Door, row: &Reference, name: &str) -> String {
    let may_read = session.check_privilege(&row.table, Right::Read).is_ok();
    let is_read_back = || matches!(session.find(&row.table, name), Ok(Found::One(id)) if id == row.id);
    match is_plain(name) && (!may_read || is_read_back()) {
        true => quoted(name),
        false => row.id.to_string(),
    }
}

/// One row by name or id, with these columns; all of them where none is named.
pub(crate) fn row(session: &dyn Door, table: &str, name: &str, columns: &[&str]) -> anyhow::Result<Row> {
    let id = session.find_one(table, name)?;
    get(session, table, id, columns)
}

/// One row by id, with these columns; all of them where none is named.
pub(crate) fn get(session: &dyn Door, table: &str, id: Uuid, columns: &[&str]) -> anyhow::Result<Row> {
    let response = session.execute(sluice_model::Request::retrieve(Reference::new(table, id), columns))?;
    let row = response.row().cloned();
    row.ok_or_else(|| Error::not_found(table, table, id).into())
}

/// How many ids one question asks for.
const CHUNK: usize = 500;

/// The rows with these ids, as far as they are there and the acting user may read them.
pub(crate) fn by_ids(
    session: &dyn Door,
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
        let found = match session.list(Query::new(table).columns(columns).filter(filter)) {
            Ok(found) => found,
            Err(error) if error.kind() == Kind::Denied => break,
            Err(error) => return Err(error.into()),
        };
        rows.extend(found.into_iter().map(|row| (row.id, row)));
    }
    Ok(rows)
}

/// The names of rows that others refer to, as the platform tells them to the acting user.
#[derive(Debug, Default)]
pub(crate) struct Labels(HashMap<Reference, String>);

impl Labels {
    /// The names of everything that `rows` refer to. As on the platform, whoever may read a lookup
    /// is told the name of its row.
    pub(crate) fn of(context: &Context, rows: &[Row]) -> anyhow::Result<Self> {
        let session = context.session()?;
        let catalog = session.catalog()?;
        let mut labels = Self::default();
        let mut saved: BTreeMap<&str, BTreeSet<Uuid>> = BTreeMap::new();
        for row in rows.iter().filter(|row| !row.id.is_nil()) {
            saved.entry(&row.table).or_default().insert(row.id);
        }
        for (table, ids) in saved {
            let Some(table) = catalog.find(table) else { continue };
            let lookups = table.columns.iter().filter(|column| column.kind.targets().is_some());
            let columns: Vec<&str> = lookups.map(|column| &*column.name).collect();
            let of_table = rows.iter().filter(|row| row.table == table.name);
            if of_table
                .flat_map(|row| row.values.values())
                .any(|value| value.as_lookup().is_some())
            {
                labels.ask(&session, table, ids, &columns)?;
            }
        }
        // Rows that are not saved, or are none of a table's.
        let values = rows.iter().flat_map(|row| row.values.values());
        let unknown = values
            .filter_map(Value::as_lookup)
            .filter(|row| !labels.0.contains_key(row));
        let unknown: Vec<Reference> = unknown.cloned().collect();
        labels.0.extend(Self::load(context, unknown)?.0);
        Ok(labels)
    }

    /// The names of these rows, as far as the acting user may read them.
    pub(crate) fn load(context: &Context, references: impl IntoIterator<Item = Reference>) -> anyhow::Result<Self> {
        let mut by_table: BTreeMap<_, BTreeSet<Uuid>> = BTreeMap::new();
        for reference in references {
            by_table.entry(reference.table).or_default().insert(reference.id);
        }
        if by_table.is_empty() {
            return Ok(Self::default());
        }
        let session = context.session()?;
        let catalog = session.catalog()?;
        let mut labels = Self::default();
        for (name, ids) in by_table {
            let Some(table) = catalog.find(&name) else { continue };
            let Some(column) = &table.primary_name else { continue };
            labels.ask(&session, table, ids, &[column])?;
        }
        Ok(labels)
    }

    /// Reads rows for their names and those that their lookups come with.
    fn ask(
        &mut self,
        session: &dyn Door,
        table: &TableDef,
        ids: BTreeSet<Uuid>,
        columns: &[&str],
    ) -> anyhow::Result<()> {
        // Whoever may not read the table is told no names, and is not refused anything.
        if session.check_privilege(&table.name, Right::Read).is_err() {
            return Ok(());
        }
        let ids: Vec<Value> = ids.into_iter().map(Value::Id).collect();
        for chunk in ids.chunks(CHUNK) {
            let filter = Filter::In {
                column: table.key.clone(),
                values: chunk.to_vec(),
            };
            let query = Query::new(table.name.clone()).columns(columns).filter(filter);
            let request = Request::retrieve_multiple(query).with("LookupNames", true);
            let answer = match session.execute(request) {
                Ok(answer) => answer,
                // Whoever may not read the table is told no names.
                Err(error) if error.kind() == Kind::Denied => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let named = match answer.outputs.get("LookupNames") {
                Some(Parameter::Rows(named)) => named.as_slice(),
                _ => &[],
            };
            let catalog = session.catalog()?;
            for row in named.iter().chain(answer.rows()) {
                let column = catalog.find(&row.table).and_then(|table| table.primary_name.clone());
                if let Some(name) = column.and_then(|column| row.text(&column)) {
                    self.0.insert(row.reference(), name.to_owned());
                }
            }
        }
        Ok(())
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
