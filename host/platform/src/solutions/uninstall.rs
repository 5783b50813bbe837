//! What a managed solution brought, kept in mind and taken away again. What holds data, or what
//! something else depends on, stays and becomes the organisation's own.

use sluice_model::{Code, Error, Filter, Reference, Remedy, Request, Result, Right, Row, Uuid, Value};

use super::{
    Applied, Gone, Installation, SOLUTION_COMPONENT,
    archive::Component,
    manifest::{Kind, Kinds},
};
use sluice_engine::{Session, tables, tables::MANAGED as MARK};

/// What the removal of a solution did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uninstalled {
    /// Whether it was managed; of an unmanaged one only the name for its components goes.
    pub managed: bool,
    /// What was taken away: kind and name.
    pub removed: Vec<(String, String)>,
    /// What stays, and why: kind, name and reason.
    pub kept: Vec<(String, String, String)>,
    /// Jobs that remain to be run ([`Session::run_job`]): they remove matchcodes, where there
    /// are many.
    pub jobs: Vec<Uuid>,
}

/// Removing solutions.
pub trait UninstallSolutions {
    /// Removes a solution: a managed one with everything that it brought, an unmanaged one by
    /// itself.
    ///
    /// # Errors
    /// There is no such solution, or the user may not delete it or a part of it.
    fn delete_solution(&self, name: &str) -> Result<Uninstalled>;
}

impl UninstallSolutions for Session {
    fn delete_solution(&self, name: &str) -> Result<Uninstalled> {
        // Who may not is not told whether there is one.
        self.check_privilege(tables::SOLUTION, Right::Delete)?;
        self.batch(|batch| {
            let row = batch
                .select_as_platform(
                    "see what a solution has brought",
                    tables::SOLUTION,
                    Filter::eq("uniquename", name),
                )?
                .pop();
            let row = row.ok_or_else(|| {
                Error::new(Code::NOT_FOUND, format!("there is no solution `{name}`"))
                    .with_table(tables::SOLUTION)
                    .with_remedy(Remedy::ListSolutions)
            })?;
            let managed = row.bool(MARK) == Some(true);
            if managed {
                batch.require("prvImportCustomization")?;
                batch.set_import(true);
            }
            let mut work = Installation::new(batch, false);
            let mut done = Uninstalled {
                managed,
                removed: Vec::new(),
                kept: Vec::new(),
                jobs: Vec::new(),
            };
            if managed {
                work.take_away(row.id, &mut done)?;
            }
            done.jobs = std::mem::take(&mut work.jobs);
            work.batch.execute(Request::delete(row.reference()))?;
            Ok(done)
        })
    }
}

impl Installation<'_, '_> {
    fn take_away(&mut self, solution: Uuid, done: &mut Uninstalled) -> Result<()> {
        let mut all = components(self, solution)?;
        all.reverse();
        for gone in without_shared(self, all)? {
            match self.in_use(&gone)? {
                Some(why) => {
                    self.release(&gone)?;
                    let (kind, name) = (gone.kind.word().to_owned(), gone.name.clone());
                    done.kept.push((kind, name, why));
                }
                None => {
                    self.remove(&gone)?;
                    done.removed.extend(pieces(&gone));
                }
            }
        }
        self.publish()
    }
}

/// What a solution brought, in the order in which it arrived.
pub(super) fn components(work: &mut Installation<'_, '_>, solution: Uuid) -> Result<Vec<Gone>> {
    let rows = work.batch.select_as_platform(
        "see what a solution has brought",
        SOLUTION_COMPONENT,
        Filter::eq("solutionid", solution),
    )?;
    let kinds = Kinds::with(work.batch.unit().components());
    let mut all = rows.iter().map(|row| gone(&kinds, row)).collect::<Result<Vec<_>>>()?;
    all.sort_by_key(|gone| match gone.kind {
        Kind::OptionSet if gone.name.contains('.') => (Kind::Column, true),
        kind => (kind, false),
    });
    Ok(all)
}

/// Whether a text is the parts of a component.
pub(super) fn are_parts(text: &str) -> bool {
    serde_json::from_str::<Vec<String>>(text).is_ok()
}

pub(super) fn parts_of(row: &Row) -> Result<Vec<String>> {
    serde_json::from_str(row.text("sl_parts").unwrap_or("[]"))
        .map_err(|error| Error::host(format!("what a solution brought is stored in a broken form: {error}")))
}

fn gone(kinds: &Kinds, row: &Row) -> Result<Gone> {
    Ok(Gone {
        kind: kinds.parse(row.text("sl_kind").unwrap_or_default())?,
        name: row.text("sl_name").unwrap_or_default().to_owned(),
        row: row.id_of("objectid"),
        parts: parts_of(row)?,
        whole: true,
    })
}

/// Without what another managed solution brought as well: each has to have the component in
/// its books while it is asked.
pub(super) fn without_shared(work: &mut Installation<'_, '_>, all: Vec<Gone>) -> Result<Vec<Gone>> {
    let mut left = Vec::new();
    for mut gone in all {
        let same = Filter::eq("sl_kind", gone.kind.word()).and(Filter::eq("sl_name", gone.name.as_str()));
        let rows = work
            .batch
            .select_as_platform("see what a solution has brought", SOLUTION_COMPONENT, same)?;
        let mut owners = 0;
        for row in &rows {
            let solution = row.id_of("solutionid").unwrap_or_default();
            let solution = work
                .batch
                .select_as_platform(
                    "see what a solution has brought",
                    tables::SOLUTION,
                    Filter::eq("solutionid", solution),
                )?
                .pop();
            if solution.is_some_and(|row| row.bool(MARK) == Some(true)) {
                owners += 1;
            }
        }
        if owners > 1 {
            gone.whole = false;
            let others = shared(&gone, &rows)?;
            gone.parts.retain(|part| !others.contains(part));
        }
        if gone.whole || !gone.parts.is_empty() {
            left.push(gone);
        }
    }
    Ok(left)
}

/// The parts that more than one of these rows of components names.
fn shared(gone: &Gone, rows: &[Row]) -> Result<Vec<String>> {
    let books = rows.iter().map(parts_of).collect::<Result<Vec<_>>>()?;
    let is_shared = |part: &&String| books.iter().filter(|parts| parts.contains(part)).count() > 1;
    Ok(gone.parts.iter().filter(is_shared).cloned().collect())
}

/// A thing in words.
pub(super) fn described(gone: &Gone) -> String {
    let word = gone.kind.word();
    if gone.whole {
        return format!("the {word} `{}`", gone.name);
    }
    let parts = gone.parts.join(", ");
    match gone.kind {
        Kind::Column => format!("the options {parts} of the {word} `{}`", gone.name),
        _ => format!("{parts} of the {word} `{}`", gone.name),
    }
}

/// A thing as kind and name; in parts, each of them.
pub(super) fn pieces(gone: &Gone) -> Vec<(String, String)> {
    let word = gone.kind.word().to_owned();
    if gone.whole {
        return vec![(word, gone.name.clone())];
    }
    let part = |part: &String| (word.clone(), format!("{} {part}", gone.name));
    gone.parts.iter().map(part).collect()
}

/// Writes down what a solution brought of a component.
pub(super) fn record(
    work: &mut Installation<'_, '_>,
    solution: &Reference,
    component: &Component,
    applied: &Applied,
) -> Result<()> {
    let row = Row::unsaved(SOLUTION_COMPONENT)
        .with("solutionid", solution.clone())
        .with("sl_kind", component.kind.word())
        .with("sl_name", component.name.as_str());
    let id = work.batch.create(row)?;
    if !work.managed {
        return Ok(());
    }
    // The books are the platform's: nobody else writes them.
    let parts = serde_json::to_string(&applied.parts).map_err(|error| Error::host(error.to_string()))?;
    let books = Row::new(SOLUTION_COMPONENT, id)
        .with("sl_parts", parts)
        .with("objectid", applied.row.map_or(Value::Null, Value::Id));
    work.batch
        .unit()
        .update_as_platform("write down what a managed solution brought", books)
}
