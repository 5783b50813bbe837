//! Options of a column's own that the next version of its solution no longer has. They are part of the
//! column, so no component of its own says that they were there: what is managed of them here, and
//! nobody brings any more, goes.

use sluice_model::{ColumnDef, Filter, Result, Row, Uuid};

use super::{
    Content, Gone, Installation, SOLUTION_COMPONENT,
    manifest::Kind,
    options::{current, values},
    removing, uninstall,
};
use sluice_engine::{options as engine_options, tables, tables::MANAGED as MARK};

/// Adds the options that are to go from columns that stay: behind what may name them, and before the
/// columns that go.
pub(super) fn add(
    work: &mut Installation<'_, '_>,
    gone: &mut Vec<Gone>,
    solution: Option<&Row>,
    contents: &[Content],
) -> Result<()> {
    if !work.managed {
        return Ok(());
    }
    let own = solution.map(|row| row.id);
    let mut left = Vec::new();
    for (table, column) in contents.iter().flat_map(columns) {
        let Some(sent) = column.kind.options().filter(|_| column.kind.global().is_none()) else {
            continue;
        };
        let name = format!("{table}.{}", column.name);
        let (_, now) = current(work, &name)?;
        let managed = now.iter().filter(|option| option.managed);
        let mut parts: Vec<String> = managed
            .filter(|option| sent.iter().all(|other| other.value != option.value))
            .map(|option| option.value.to_string())
            .collect();
        if parts.is_empty() || is_of_others(work, own, table, &column.name)? {
            continue;
        }
        let added = books_of_others(work, own, Kind::OptionSet, &name)?;
        parts.retain(|part| !added.iter().flatten().any(|other| other == part));
        if !parts.is_empty() {
            left.push(Gone {
                kind: Kind::Column,
                name,
                row: None,
                parts,
                whole: false,
            });
        }
    }
    let place = gone.iter().position(|one| one.kind <= Kind::Column);
    let place = place.unwrap_or(gone.len());
    gone.splice(place..place, left);
    Ok(())
}

/// The columns that a component brings, each with its table.
fn columns(content: &Content) -> Vec<(&str, &ColumnDef)> {
    match content {
        Content::Table(table) => table.columns.iter().map(|column| (&*table.name, column)).collect(),
        Content::Column(one) => vec![(&*one.table, &one.column)],
        _ => Vec::new(),
    }
}

/// Whether another managed solution has brought the column as well: which of the options it has, nobody knows.
fn is_of_others(work: &mut Installation<'_, '_>, own: Option<Uuid>, table: &str, column: &str) -> Result<bool> {
    let name = format!("{table}.{column}");
    let of_table = books_of_others(work, own, Kind::Table, table)?;
    Ok(of_table.iter().flatten().any(|part| part == column)
        || !books_of_others(work, own, Kind::Column, &name)?.is_empty())
}

/// What other managed solutions have brought of a component: the parts of each.
fn books_of_others(
    work: &mut Installation<'_, '_>,
    own: Option<Uuid>,
    kind: Kind,
    name: &str,
) -> Result<Vec<Vec<String>>> {
    let reason = "see what a solution has brought";
    let same = Filter::eq("sl_kind", kind.word()).and(Filter::eq("sl_name", name));
    let rows = work.batch.select_as_platform(reason, SOLUTION_COMPONENT, same)?;
    let mut books = Vec::new();
    for row in &rows {
        let solution = row.id_of("solutionid").filter(|id| Some(*id) != own);
        let Some(solution) = solution else { continue };
        let of_it = Filter::eq("solutionid", solution);
        let solution = work.batch.select_as_platform(reason, tables::SOLUTION, of_it)?.pop();
        if solution.is_some_and(|row| row.bool(MARK) == Some(true)) {
            books.push(uninstall::parts_of(row)?);
        }
    }
    Ok(books)
}

/// Takes options out of a column's definition, and out of what customizers have made of them.
pub(super) fn remove(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<()> {
    work.batch.require("prvWriteAttribute")?;
    let (table, column) = super::definitions::split(&gone.name)?;
    let values = values(gone);
    let mut definition = work.batch.unit().definition(table)?;
    let found = definition.columns.iter_mut().find(|other| &*other.name == column);
    let defined = found.and_then(|found| found.kind.options_mut()).map(|options| {
        options.retain(|option| !values.contains(&option.value));
        options.clone()
    });
    work.batch.unit().save_definition(&definition)?;
    let (Some(row), mut now) = current(work, &gone.name)? else {
        return Ok(());
    };
    now.retain(|option| !values.contains(&option.value));
    work.touched.push(row.reference());
    if defined.is_some_and(|defined| defined == now) {
        return removing::delete(work, tables::OPTION_SET, Some(row.id));
    }
    let change = Row::new(tables::OPTION_SET, row.id).with("options", engine_options::to_text(&now));
    work.batch.execute(sluice_model::Request::update(change)).map(|_| ())
}
