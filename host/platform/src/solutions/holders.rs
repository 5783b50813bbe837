//! Roles and column profiles that are here already: whoever has one has from now on what a solution gives by it.
//! Names are anybody's, so one that came by something else is not filled unless the importer says so.

use sluice_engine::{tables, tables::MANAGED as MARK};
use sluice_model::{Code, Error, Filter, Query, Reference, Remedy, Result, Right, Row, Value};

use super::{Installation, SOLUTION_COMPONENT};

/// A role or a profile that was here already and gives more now, and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The kind of component.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The users and teams that have it, as far as the importer may read them.
    pub holders: Vec<String>,
    /// How many have it.
    pub count: usize,
}

impl Filled {
    /// Who has it, in words.
    pub fn who(&self) -> String {
        let more = self.count.saturating_sub(self.holders.len());
        let all = match self.count {
            1 => "1 user or team".to_owned(),
            count => format!("{count} users and teams"),
        };
        match (self.holders.is_empty(), more) {
            (true, _) => all,
            (false, 0) => self.holders.join(", "),
            (false, more) => format!("{} and {more} more", self.holders.join(", ")),
        }
    }
}

/// So many are asked for at once.
const CHUNK: usize = 100;

/// So many of those who have one are named.
const NAMED: usize = 20;

/// Refuses to give more by a row that is here already and did not come by this solution, where somebody has it,
/// unless the importer said so; then it is told.
pub(super) fn check(
    work: &mut Installation<'_, '_>,
    (kind, name): (&str, &str),
    there: &Row,
    holders: &[Reference],
) -> Result<()> {
    if holders.is_empty() || work.managed && is_of_solution(work, there)? {
        return Ok(());
    }
    let reached = Filled {
        kind: kind.to_owned(),
        name: name.to_owned(),
        holders: names(work, holders)?,
        count: holders.len(),
    };
    if work.to_holders {
        work.reached.push(reached);
        return Ok(());
    }
    let message = format!(
        "it is here already, did not come by this solution, and would give what the file gives to those who have it: {}. \
         Rename it, or take it from them; or say that they are to have that",
        reached.who()
    );
    let error = Error::new(Code::IMPORT_FAILED, message).with_table(&there.table);
    Err(error.with_remedy(Remedy::ImportToHolders))
}

/// Whether a row came by the solution that arrives. Its mark, and the books of a managed solution, are the platform's
/// alone.
fn is_of_solution(work: &mut Installation<'_, '_>, row: &Row) -> Result<bool> {
    let Some(solution) = work.before.filter(|_| row.bool(MARK) == Some(true)) else {
        return Ok(false);
    };
    let books = Filter::eq("solutionid", solution).and(Filter::eq("objectid", row.id));
    let books = work
        .batch
        .select_as_platform("see what a solution has brought", SOLUTION_COMPONENT, books)?;
    Ok(!books.is_empty())
}

/// What users and teams are called, as far as the importer may read them; of many, some.
fn names(work: &mut Installation<'_, '_>, holders: &[Reference]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for (table, name) in [(tables::USER, "fullname"), (tables::TEAM, "name")] {
        let ids = holders.iter().filter(|holder| *holder.table == *table);
        let ids: Vec<Value> = ids.map(|holder| Value::Id(holder.id)).collect();
        let definition = work.batch.unit().snapshot()?.table(table)?.clone();
        let privilege = definition.privilege_name(Right::Read);
        if ids.is_empty() || work.batch.require(&privilege).is_err() {
            continue;
        }
        for ids in ids.chunks(CHUNK) {
            let lacking = NAMED.saturating_sub(all.len());
            if lacking == 0 {
                return Ok(all);
            }
            let among = Filter::In {
                column: definition.key.clone(),
                values: ids.to_vec(),
            };
            let query = Query::new(table).columns(&[name]).filter(among).order_by(name);
            let rows = work.batch.list(query.top(u32::try_from(lacking).unwrap_or(u32::MAX)))?;
            all.extend(rows.iter().filter_map(|row| row.text(name)).map(ToOwned::to_owned));
        }
    }
    Ok(all)
}
