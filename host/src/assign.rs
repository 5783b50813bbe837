//! `name=value` as people write the columns of a row.

use sluice_model::{ColumnDef, ColumnType, Row, TableDef, Value, coerce, document, looks};

use crate::{door::Door, reading, usage::Usage};

/// The right side of an assignment.
#[derive(Debug, PartialEq)]
pub(crate) enum RightSide<'a> {
    /// `name=value`
    Text(&'a str),
    /// `name=@file`
    File(&'a str),
    /// `name:=JSON`
    Json(serde_json::Value, &'a str),
}

/// The row that assignments describe. The key may be among them.
pub(crate) fn row(session: &dyn Door, table: &TableDef, assignments: &[String]) -> anyhow::Result<Row> {
    row_in(session, table, assignments, None)
}

/// The same, of a row to be made: it is in the first state where no other is said.
pub(crate) fn new_row(session: &dyn Door, table: &TableDef, assignments: &[String]) -> anyhow::Result<Row> {
    row_in(session, table, assignments, table.first_state())
}

fn row_in(session: &dyn Door, table: &TableDef, assignments: &[String], state: Option<i32>) -> anyhow::Result<Row> {
    let mut row = Row::unsaved(table.name.clone());
    let mut given = Vec::with_capacity(assignments.len());
    for assignment in assignments {
        let (name, value) = parse(assignment)?;
        given.push((coerce::column(table, plain(name))?, value));
    }
    // The state first: it says which status reasons there are.
    given.sort_by_key(|(column, _)| !matches!(column.kind, ColumnType::State { .. }));
    for (column, given) in given {
        let value = match (given, &column.kind) {
            (RightSide::Text(text), ColumnType::Status { .. }) if text != "null" => {
                coerce::from_text_in(table, column, row.int("statecode").or(state), text)?
            }
            (given, _) => value(session, table, column, given)?,
        };
        if column.kind == ColumnType::Key {
            row.id = value.as_id().unwrap_or_default();
            continue;
        }
        if row.has(&column.name) {
            return Err(Usage::because(format!("column `{}` is given twice", column.name)));
        }
        row.set(column.name.clone(), value);
    }
    Ok(row)
}

/// `_x_value`, as lookups are called in lists, means `x`.
fn plain(name: &str) -> &str {
    name.strip_prefix('_')
        .and_then(|name| name.strip_suffix("_value"))
        .unwrap_or(name)
}

fn value(session: &dyn Door, table: &TableDef, column: &ColumnDef, given: RightSide<'_>) -> anyhow::Result<Value> {
    Ok(match given {
        RightSide::Text(text) => session.value(table, column, text)?,
        RightSide::File(path) => coerce::from_text(table, column, &reading::text(path.as_ref())?)?,
        // A number of JSON keeps fifteen digits; an amount may have more.
        RightSide::Json(json, text) if json.is_number() && is_exact(&column.kind) => {
            coerce::from_text(table, column, text)?
        }
        RightSide::Json(json, _) => coerce::from_json(table, column, &json)?,
    })
}

fn is_exact(kind: &ColumnType) -> bool {
    matches!(
        kind,
        ColumnType::Decimal { .. } | ColumnType::Money { .. } | ColumnType::BigInt
    )
}

/// An assignment in its two parts.
pub(crate) fn parse(assignment: &str) -> anyhow::Result<(&str, RightSide<'_>)> {
    let Some((name, value)) = assignment
        .split_once('=')
        .filter(|(name, _)| !name.is_empty() && *name != ":")
    else {
        return Err(Usage::because(format!(
            "`{}` is no name=value",
            looks::clipped(assignment)
        )));
    };
    if let Some(name) = name.strip_suffix(':') {
        let json = document::read(value).map_err(|error| {
            let shown = looks::clipped(assignment);
            Usage::because(format!("`{shown}`: what follows := is no JSON: {error}"))
        })?;
        return Ok((name, RightSide::Json(json, value.trim())));
    }
    Ok((
        name,
        value.strip_prefix('@').map_or(RightSide::Text(value), RightSide::File),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_an_assignment() {
        assert_eq!(parse("name=a=b").unwrap(), ("name", RightSide::Text("a=b")));
        assert_eq!(parse("name=").unwrap(), ("name", RightSide::Text("")));
        assert_eq!(
            parse("notes=@file.txt").unwrap(),
            ("notes", RightSide::File("file.txt"))
        );
        assert_eq!(
            parse("revenue:=12.5").unwrap(),
            ("revenue", RightSide::Json(serde_json::json!(12.5), "12.5"))
        );
        assert_eq!(
            parse("handle:=\"@x\"").unwrap(),
            ("handle", RightSide::Json("@x".into(), "\"@x\""))
        );
    }

    #[test]
    fn what_is_no_assignment_is_wrong_usage() {
        for wrong in ["name", "=value", ":=1", "n:={"] {
            assert!(parse(wrong).unwrap_err().is::<Usage>(), "{wrong}");
        }
    }

    #[test]
    fn lookups_go_by_their_listed_name() {
        assert_eq!(plain("_ownerid_value"), "ownerid");
        assert_eq!(plain("ownerid"), "ownerid");
    }
}
