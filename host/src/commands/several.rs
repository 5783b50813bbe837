//! What the verbs of nouns do that are an Update or a Delete of rows: to several at once, one outcome for each, and
//! said before whom it reaches.

use serde_json::Map;
use sluice_model::{Error, Reference, Request, Row, Uuid};

use super::{each, reach};
use crate::{context::Context, door::Door, names, output::Outcome, report};

/// Gives each of the rows the columns of `change`; `done` is what is said of one.
pub(super) fn update(
    context: &Context,
    session: &dyn Door,
    given: &[String],
    change: &Row,
    done: &str,
) -> anyhow::Result<Outcome> {
    let table = &*change.table;
    each_row(context, session, (table, given), done, |id| {
        let change = Row { id, ..change.clone() };
        reach::of_update(context, session, &change)?;
        session.execute(Request::update(change))?;
        Ok(())
    })
}

/// Removes each of the rows.
pub(super) fn delete(context: &Context, session: &dyn Door, table: &str, given: &[String]) -> anyhow::Result<Outcome> {
    each_row(context, session, (table, given), "deleted", |id| {
        let target = Reference::new(table, id);
        reach::of_delete(context, session, &target)?;
        session.execute(Request::delete(target))?;
        Ok(())
    })
}

fn each_row(
    context: &Context,
    session: &dyn Door,
    (table, given): (&str, &[String]),
    done: &str,
    work: impl Fn(Uuid) -> anyhow::Result<()>,
) -> anyhow::Result<Outcome> {
    let what = sluice_engine::noun(table);
    let found = each::found(given, |name| session.find_one(table, name))?;
    let refused = |name: &str, error: &Error| format!("{what} {name} is not {done}\n{}", report::error(context, error));
    each::each(what, found, refused, |id| {
        let name = names::called(session, table, &id.to_string())?.1;
        work(id)?;
        let mut item = Map::new();
        item.insert("id".to_owned(), id.to_string().into());
        Ok((item, format!("{done} {what} {name} {id}")))
    })
}
