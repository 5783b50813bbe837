//! Rows as people read them: labels of choices, names of the rows that lookups refer to.

use serde_json::Value as Json;
use sluice_model::{ColumnDef, Name, Query, Row, TableDef, Value, answer::Field, choices, json};

use crate::{
    context::Context,
    door::Door,
    names::Labels,
    output::{self, Grid, Outcome, with_count},
    text::bytes,
};

/// A list of a table's rows with some of its columns, for machines and for people.
pub(crate) fn list(context: &Context, session: &dyn Door, query: Query) -> anyhow::Result<Outcome> {
    let columns = query.columns.clone();
    let table = session.catalog()?.table(&query.table)?.clone();
    let rows = session.list(query)?;
    rows_of(context, &table, &rows, columns.as_deref())
}

/// The outcome that shows these rows.
pub(crate) fn rows_of(
    context: &Context,
    table: &TableDef,
    rows: &[Row],
    columns: Option<&[Name]>,
) -> anyhow::Result<Outcome> {
    rows_with(context, table, rows, columns, None)
}

/// The same with a column that is none of the table's: its heading, and a text for each row.
pub(crate) fn rows_with(
    context: &Context,
    table: &TableDef,
    rows: &[Row],
    columns: Option<&[Name]>,
    more: Option<(&str, &[String])>,
) -> anyhow::Result<Outcome> {
    let text = if context.json() {
        String::new().into()
    } else {
        grid(context, table, rows, columns, more)?
    };
    Ok(Outcome::list(
        rows.iter().map(|row| json::from_row(table, row, columns)).collect(),
        text,
    ))
}

/// The rows of an answer: the columns of its table, as far as there are any, then those that come
/// beside.
pub(crate) fn answer(
    context: &Context,
    table: &TableDef,
    query: &Query,
    fields: &[Field],
    rows: &[Row],
) -> anyhow::Result<Grid> {
    let labels = Labels::of(context, rows)?;
    let own: Vec<&ColumnDef> = match (&query.columns, query.totals.is_empty()) {
        (_, false) => Vec::new(),
        (Some(columns), true) => columns
            .iter()
            .filter(|name| **name != table.key)
            .filter_map(|name| table.column(name))
            .collect(),
        (None, true) => usual(table),
    };
    let shown = || own.iter().copied().chain(fields.iter().map(|field| &field.column));
    // An empty answer has the headings that a full one has.
    let keyed = match rows {
        [] => query.gives_rows(&table.key),
        rows => rows.iter().any(|row| !row.id.is_nil()),
    };
    let mut grid = Grid::new(shown().map(|column| &*column.name).chain(keyed.then_some("id")));
    for row in rows {
        let cells = shown().map(|column| {
            row.get(&column.name)
                .map_or_else(String::new, |value| cell(column, value, &labels))
        });
        grid.row(cells.chain(keyed.then(|| row.id.to_string())));
    }
    Ok(grid)
}

fn grid(
    context: &Context,
    table: &TableDef,
    rows: &[Row],
    columns: Option<&[Name]>,
    more: Option<(&str, &[String])>,
) -> anyhow::Result<output::Text> {
    let labels = Labels::of(context, rows)?;
    let shown: Vec<&ColumnDef> = match columns {
        Some(columns) => columns
            .iter()
            .filter(|name| **name != table.key)
            .filter_map(|name| table.column(name))
            .collect(),
        None => usual(table),
    };
    let (heading, texts) = more.unzip();
    let mut grid = Grid::new(shown.iter().map(|column| &*column.name).chain(heading).chain(["id"]));
    for (place, row) in rows.iter().enumerate() {
        let cells = shown.iter().map(|column| {
            row.get(&column.name)
                .map_or_else(String::new, |value| cell(column, value, &labels))
        });
        let more = texts.map(|texts| texts.get(place).cloned().unwrap_or_default());
        grid.row(cells.chain(more).chain([row.id.to_string()]));
    }
    let text = grid.text("no rows");
    Ok(match rows.len() {
        0 => text.into(),
        count => with_count(text, &self::count(count, "row")),
    })
}

/// The columns of a list that asks for none: what the row is called, and the columns that
/// people look for first.
fn usual(table: &TableDef) -> Vec<&ColumnDef> {
    let common = [
        "companyname",
        "subject",
        "emailaddress1",
        "statuscode",
        "ownerid",
        "businessunitid",
        "createdon",
    ];
    let names = table.primary_name.iter().map(|name| &**name).chain(common);
    let mut shown: Vec<&ColumnDef> = Vec::new();
    for column in names.filter_map(|name| table.column(name)) {
        if !shown.iter().any(|there| there.name == column.name) {
            shown.push(column);
        }
    }
    shown
}

/// A text that is longer is no text for people, such as a file in Base64: what it is long is told.
const LONG: usize = 100_000;

/// One row, a column a line; columns that hold nothing are left out.
pub(crate) fn sheet(context: &Context, table: &TableDef, row: &Row) -> anyhow::Result<String> {
    output::shows_row();
    let labels = Labels::of(context, std::slice::from_ref(row))?;
    let mut lines = vec![(table.key.to_string(), row.id.to_string())];
    for column in &table.columns {
        let Some(value) = row.get(&column.name).filter(|value| !value.is_null()) else {
            continue;
        };
        let text = match value {
            Value::Choice(number) => format!("{} ({number})", cell(column, value, &labels)),
            Value::Lookup(reference) => match labels.find(reference) {
                Some(name) => format!("{name} ({reference})"),
                None => reference.to_string(),
            },
            // Who wants the whole of it takes the document.
            Value::Text(text) if text.len() > LONG => {
                format!(
                    "{} of text; `-o json` has it",
                    bytes(u64::try_from(text.len()).unwrap_or(u64::MAX))
                )
            }
            value => cell(column, value, &labels),
        };
        lines.push((column.name.to_string(), text));
    }
    Ok(pairs(&lines))
}

/// Names and values, the values in one column; further lines of a value are indented.
pub(crate) fn pairs<K: AsRef<str>, V: AsRef<str>>(lines: &[(K, V)]) -> String {
    let width = lines
        .iter()
        .map(|(name, _)| name.as_ref().chars().count())
        .max()
        .unwrap_or_default();
    let indent = format!("\n{:width$}  ", "");
    let line = |(name, value): &(K, V)| {
        format!(
            "{:width$}  {}",
            name.as_ref(),
            value.as_ref().trim_end().replace('\n', &indent)
        )
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The value of a row in a column, as people read it in a list; nothing where the table has no such
/// column.
pub(crate) fn cell_of(table: &TableDef, row: &Row, column: &str, labels: &Labels) -> String {
    let value = row.get(column).unwrap_or(&Value::Null);
    let known = table.column(column);
    known.map(|column| cell(column, value, labels)).unwrap_or_default()
}

/// A value as people read it in a list.
pub(crate) fn cell(column: &ColumnDef, value: &Value, labels: &Labels) -> String {
    let options = column.kind.options().unwrap_or_default();
    let label = |number: &i32| {
        let option = options.iter().find(|option| option.value == *number);
        option.map_or_else(|| number.to_string(), |option| option.label.clone())
    };
    // What others read has to mean the same to them.
    let goes_out = output::takes_out();
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Choice(number) if goes_out => {
            choices::telling(options, *number).map_or_else(|| number.to_string(), ToOwned::to_owned)
        }
        Value::Choice(number) => label(number),
        Value::Choices(numbers) if goes_out => choices::written(options, numbers),
        Value::Choices(numbers) => numbers.iter().map(label).collect::<Vec<_>>().join(", "),
        Value::Lookup(reference) if goes_out && !is_plain_name(&labels.name(reference), column) => {
            reference.to_string()
        }
        Value::Lookup(reference) => labels.name(reference),
        Value::Text(text) => text.clone(),
        other => match json::from_value(other) {
            Json::String(text) => text,
            number => number.to_string(),
        },
    }
}

/// Whether a lookup that is written so is read as a name.
fn is_plain_name(name: &str, column: &ColumnDef) -> bool {
    let names_table = name
        .split_once(':')
        .is_some_and(|(table, _)| column.targets().iter().any(|it| **it == *table));
    name.trim() == name && name != "null" && !names_table
}

/// `1 step`, `2 steps`.
pub(crate) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {}", plural(one)),
    }
}

/// `steps`, `activities`, `processes`.
pub(crate) fn plural(one: &str) -> String {
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if one.ends_with(['s', 'x']) => format!("{one}es"),
        _ => format!("{one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_are_called_as_people_do() {
        assert_eq!(count(1, "activity"), "1 activity");
        let several = ["activity", "day", "process", "step"].map(|one| count(2, one));
        assert_eq!(several, ["2 activities", "2 days", "2 processes", "2 steps"]);
    }

    #[test]
    fn values_stand_in_one_column() {
        assert_eq!(pairs(&[("a", "1"), ("long", "2\n3")]), "a     1\nlong  2\n      3");
    }
}
