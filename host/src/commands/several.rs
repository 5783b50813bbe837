//! What is done to rows that somebody picks: to one that is named by itself, or to several with one outcome for each;
//! and said before whom it reaches.

use std::collections::HashMap;

use serde_json::{Map, json};
use sluice_model::{Error, Reference, Request, Response, Result, Right, Row, Uuid};

use super::{each, reach, row::references, selection::Picked};
use crate::{
    context::Context,
    door::Door,
    names::{self, Labels},
    output::{Exit, Outcome},
    report,
};

/// Does `work` to each row that is picked. `what` is what people call one of them, and `done` what has become of it
/// then. `first` sees those that are there before anything is done. What becomes of one that was named by itself is
/// told by itself.
pub(super) fn picked<T: ToString>(
    context: &Context,
    (what, done): (&str, &str),
    picked: &Picked,
    find: impl Fn(&str) -> Result<T>,
    first: impl FnOnce(&[&T]) -> anyhow::Result<()>,
    mut work: impl FnMut(T) -> anyhow::Result<each::Done>,
) -> anyhow::Result<Outcome> {
    if let (true, [name]) = (picked.alone, picked.rows.as_slice()) {
        let row = find(name)?;
        first(&[&row])?;
        let (item, text) = work(row)?;
        return Ok(Outcome::new(item.into(), text));
    }
    let found = each::found(&picked.rows, find)?;
    let there: Vec<&T> = found.iter().filter_map(|(_, row)| row.as_ref().ok()).collect();
    first(&there)?;
    let refused = |name: &str, error: &Error| format!("{what} {name} is not {done}\n{}", report::error(context, error));
    each::each(what, found, refused, work)
}

/// The same of work that may be done and yet not have come to a good end, as a job: then the whole ends so.
pub(super) fn picked_with_ends<T: ToString>(
    context: &Context,
    what: (&str, &str),
    rows: &Picked,
    find: impl Fn(&str) -> Result<T>,
    first: impl FnOnce(&[&T]) -> anyhow::Result<()>,
    work: impl Fn(T) -> anyhow::Result<Outcome>,
) -> anyhow::Result<Outcome> {
    let mut worst = Exit::Done;
    let outcome = picked(context, what, rows, find, first, |row| {
        let outcome = work(row)?;
        if outcome.exit != Exit::Done {
            worst = outcome.exit;
        }
        Ok(of_one(outcome))
    })?;
    Ok(match outcome.exit {
        Exit::Done => outcome.with_exit(worst),
        _ => outcome,
    })
}

/// What is told of a row, for machines: its id.
pub(super) fn item(id: Uuid) -> Map<String, serde_json::Value> {
    let mut item = Map::new();
    item.insert("id".to_owned(), id.to_string().into());
    item
}

/// What became of a row, as one of several.
pub(super) fn of_one(outcome: Outcome) -> each::Done {
    (outcome.document.as_object().cloned().unwrap_or_default(), outcome.text)
}

/// Nothing has to be said before.
pub(super) fn quietly<T>(_: &[&T]) -> anyhow::Result<()> {
    Ok(())
}

/// Gives each of the rows the columns of `change`; `done` is what is said of one.
pub(super) fn update(
    context: &Context,
    session: &dyn Door,
    rows: &Picked,
    change: &Row,
    done: &str,
) -> anyhow::Result<Outcome> {
    let table = &*change.table;
    let what = sluice_engine::noun(table);
    let changed = |id: Uuid| Row { id, ..change.clone() };
    let first = |ids: &[&Uuid]| {
        let rows: Vec<Row> = ids.iter().map(|id| changed(**id)).collect();
        reach::of_updates(context, &rows)
    };
    let find = |name: &str| session.find_one(table, name);
    picked(context, (what, done), rows, find, first, |id| {
        let name = names::called(session, table, &id.to_string())?.1;
        let was_so = is_so(context, &changed(id));
        let response = session.execute(Request::update(changed(id)))?;
        let text = match was_so {
            true => format!("{what} {name} was {done} already"),
            false => format!("{done} {what} {name} {id}"),
        };
        with_roles_removed(context, &response, (item(id), text))
    })
}

/// Whether a row has these columns already, as far as the acting user sees it. It leaves no marks of use, and asks for
/// nothing that would be refused.
fn is_so(context: &Context, change: &Row) -> bool {
    let columns: Vec<&str> = change.values.keys().map(|column| &**column).collect();
    let before = context.looking(|session| match session.check_privilege(&change.table, Right::Read) {
        Ok(()) => names::by_ids(session, &change.table, [change.id], &columns),
        Err(_) => Ok(HashMap::new()),
    });
    let before = before.ok().and_then(|mut rows| rows.remove(&change.id));
    before.is_some_and(|row| {
        change
            .values
            .iter()
            .all(|(column, value)| row.get(column) == Some(value))
    })
}

/// What an Update did, with the roles that whoever moved to another business unit left behind.
pub(super) fn with_roles_removed(
    context: &Context,
    response: &Response,
    (mut item, text): each::Done,
) -> anyhow::Result<each::Done> {
    let removed = references(response, "RolesRemoved");
    if removed.is_empty() {
        return Ok((item, text));
    }
    let labels = Labels::load(context, removed.iter().cloned())?;
    let names: Vec<String> = removed.iter().map(|role| labels.name(role)).collect();
    let one = |role: &Reference| json!({ "id": role.id.to_string(), "name": labels.name(role) });
    item.insert("rolesRemoved".to_owned(), removed.iter().map(one).collect());
    Ok((item, format!("{text}; taken away with the move: {}", names.join(", "))))
}

/// Removes each of the rows.
pub(super) fn delete(context: &Context, session: &dyn Door, table: &str, rows: &Picked) -> anyhow::Result<Outcome> {
    let find = |name: &str| Ok(Reference::new(table, session.find_one(table, name)?));
    delete_found(context, session, sluice_engine::noun(table), rows, find)
}

/// The same, of rows that are found in their own way.
pub(super) fn delete_found(
    context: &Context,
    session: &dyn Door,
    what: &str,
    rows: &Picked,
    find: impl Fn(&str) -> Result<Reference>,
) -> anyhow::Result<Outcome> {
    let find = |name: &str| find(name).map(Known);
    let first = |found: &[&Known]| {
        let rows: Vec<Reference> = found.iter().map(|found| found.0.clone()).collect();
        reach::of_deletes(context, &rows)
    };
    picked(context, (what, "deleted"), rows, find, first, |Known(row)| {
        let name = names::called(session, &row.table, &row.id.to_string())?.1;
        let id = row.id;
        session.execute(Request::delete(row))?;
        Ok((item(id), format!("deleted {what} {name} {id}")))
    })
}

/// A row that was found: outcomes call it by its id.
pub(super) struct Known(pub(super) Reference);

impl std::fmt::Display for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.id.fmt(f)
    }
}
