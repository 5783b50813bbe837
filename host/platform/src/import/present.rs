//! Which lines have their rows already.
//!
//! That a row is there is told to whoever made it, and to those who read it with every column that the lines fill:
//! otherwise a guessed line would tell what a row says that they are not shown. Where it is not theirs to know, the
//! line becomes another row.
//!
//! If somebody deletes the row of a line and somebody else makes one of the same id, that is not the line's row: the line
//! is then treated as one that gives the id of its row.

use std::collections::{HashMap, HashSet};

use sluice_engine::Session;
use sluice_model::{Filter, MADE_ELSEWHERE, Name, Query, Result, Right, Row, TableDef, Timestamp, Uuid, Value};

use super::{
    identity::{Ids, Prints},
    row::Line,
};

/// Why a line has nothing to do: its row is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Present {
    /// Whoever imports made it, or an earlier version did; or it was found by its key or its id.
    Known,
    /// Somebody else made it when they imported such a line.
    OfOthers,
}

/// By what an import recognises the rows of its lines.
pub(super) struct Recognition<'a> {
    pub(super) prints: &'a Prints,
    /// Since when ids are made with a secret. A row that an earlier version made of a line is older: now anybody can make
    /// one of such an id.
    pub(super) since: Timestamp,
}

/// Marks the lines whose rows are there.
pub(super) fn mark(
    session: &Session,
    table: &TableDef,
    recognition: &Recognition<'_>,
    lines: &mut [Line],
) -> Result<()> {
    let ids: Vec<Uuid> = lines
        .iter()
        .filter_map(|line| line.ids.as_ref())
        .flat_map(all)
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let (mut unit, user) = session.unit()?;
    let columns = ["createdby", "createdon", MADE_ELSEWHERE];
    let columns: Vec<&str> = columns
        .into_iter()
        .filter(|name| table.column(name).is_some())
        .collect();
    let mut there: HashMap<Uuid, Row> = HashMap::new();
    for ids in ids.chunks(MOST) {
        let query = Query::new(table.name.clone())
            .columns(&columns)
            .filter(among(table, ids));
        let rows = unit.select_as_platform("see which lines of an import have their rows already", &query)?;
        there.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    let is_own = |row: &&Row| is_made_by(row, user.id());
    let (own, others): (Vec<&Row>, Vec<&Row>) = there.values().partition(is_own);
    let mut known: HashSet<Uuid> = own.iter().map(|row| row.id).collect();
    let hidden = user.hidden(table);
    let sees_all = !recognition
        .prints
        .columns()
        .any(|column| hidden.iter().any(|name| **name == *column));
    if sees_all && !others.is_empty() && session.check_privilege(&table.name, Right::Read).is_ok() {
        let others: Vec<Uuid> = others.iter().map(|row| row.id).collect();
        let query = Query::new(table.name.clone())
            .columns(&[])
            .filter(among(table, &others));
        known.extend(session.glance(&query)?.iter().map(|row| row.id));
    }
    for line in lines {
        let Some(ids) = &line.ids else { continue };
        let row = |id: &Uuid| there.get(id).filter(|_| known.contains(id));
        let is_others = |(user, id): &(Uuid, Uuid)| row(id).is_some_and(|row| is_made_by(row, *user));
        let is_earlier = |id: &Uuid| row(id).is_some_and(|row| recognition.is_of_earlier_version(row));
        let own = there.get(&ids.own);
        let is_own = own.is_some_and(|row| is_made_by(row, user.id())) || ids.earlier.iter().any(is_earlier);
        line.present = match is_own {
            true => Some(Present::Known),
            false => ids.others.iter().any(is_others).then_some(Present::OfOthers),
        };
        if own.is_some() && line.present.is_none() {
            line.ids = None;
        }
    }
    Ok(())
}

/// Whether whoever imports has made the row of a line meanwhile: another import of the same file was faster.
pub(super) fn was_made_meanwhile(session: &Session, table: &TableDef, line: &Line) -> Result<bool> {
    if line.ids.is_none() {
        return Ok(false);
    }
    let (mut unit, user) = session.unit()?;
    let by: Vec<Name> = table
        .column("createdby")
        .map(|column| column.name.clone())
        .into_iter()
        .collect();
    let reason = "see which lines of an import have their rows already";
    let row = unit.read_as_platform(reason, &line.row.reference(), Some(&by))?;
    Ok(row.is_some_and(|row| is_made_by(&row, user.id())))
}

/// Whether somebody made a row, as far as its table says.
fn is_made_by(row: &Row, user: Uuid) -> bool {
    row.id_of("createdby").is_none_or(|by| by == user)
}

/// So many ids are asked for at once.
const MOST: usize = 5_000;

fn all(ids: &Ids) -> impl Iterator<Item = Uuid> {
    let others = ids.others.iter().map(|(_, id)| *id);
    std::iter::once(ids.own)
        .chain(others)
        .chain(ids.earlier.iter().copied())
}

fn among(table: &TableDef, ids: &[Uuid]) -> Filter {
    Filter::In {
        column: table.key.clone(),
        values: ids.iter().copied().map(Value::Id).collect(),
    }
}

impl Recognition<'_> {
    fn is_of_earlier_version(&self, row: &Row) -> bool {
        // A row that was made elsewhere before says here when it was made in this organisation.
        let made = [MADE_ELSEWHERE, "createdon"].into_iter();
        let mut made = made.filter_map(|column| row.get(column).and_then(Value::as_time));
        made.next().is_some_and(|made| made < self.since)
    }
}
