//! Rows by their alternate keys.

use sluice_model::{Code, Error, Filter, KeyDef, Name, Query, Result, Row, TableDef, Uuid, coerce};

use crate::Unit;

/// The key of the table that is made of these columns. By a secured one, which a key of an older file may
/// have, nothing is found: whoever guesses its value would be told.
///
/// # Errors
/// `NOT_A_KEY`: there is none.
pub fn key_of<'a, 'n>(table: &'a TableDef, columns: impl IntoIterator<Item = &'n str>) -> Result<&'a KeyDef> {
    let columns: Vec<&str> = columns.into_iter().collect();
    let found = table.keys.iter().find(|key| key.is_made_of(columns.iter().copied()));
    let is_open = |key: &&KeyDef| key.columns.iter().all(|name| table.secured_as(name).is_none());
    found.filter(is_open).ok_or_else(|| {
        let message = format!(
            "The specified key attributes are not a defined key for the {} entity: {}",
            table.name,
            columns.join(", ")
        );
        Error::new(Code::NOT_A_KEY, message)
            .with_table(&table.name)
            .with_word("TABLE", &*table.name)
    })
}

/// The question for the row that has these values in the columns of a key.
///
/// # Errors
/// A value is missing, or does not fit its column.
pub fn query(table: &TableDef, values: &Row, key: &[Name]) -> Result<Query> {
    let same = |name: &Name| {
        let column = coerce::column(table, name)?;
        match values
            .get(name)
            .cloned()
            .map(|value| coerce::check(table, column, value))
        {
            Some(Ok(value)) if !value.is_null() => Ok(Filter::eq(name, value)),
            Some(Err(error)) => Err(error),
            Some(Ok(_)) | None => Err(Error::invalid(format!(
                "a row is told apart by a key, and the value of its column `{name}` is missing"
            ))
            .with_table(&table.name)),
        }
    };
    let all = key.iter().map(same).collect::<Result<_>>()?;
    Ok(Query::new(table.name.clone())
        .columns(&[])
        .filter(Filter::And(all))
        .top(1))
}

/// The id of the row that has the values of `target` in the columns of a key, whoever may see it.
///
/// # Errors
/// The columns are no key that is at work, or a value is missing.
pub(crate) fn row_of(unit: &mut Unit, target: &Row, key: &[Name]) -> Result<Option<Uuid>> {
    let table = unit.snapshot()?.table(&target.table)?.clone();
    key_of(&table, key.iter().map(|name| &**name))?;
    let query = query(&table, target, key)?;
    let rows = unit.select_as_platform("find the row of an Upsert by its key", &query)?;
    Ok(rows.first().map(|row| row.id))
}

/// `column=value,column=value`, where each text before a `=` is a column of the table; nothing for
/// another text. A value may have commas in it.
pub fn parse<'t>(table: &TableDef, text: &'t str) -> Option<Vec<(Name, &'t str)>> {
    let column = |part: &str| {
        let (name, _) = part.split_once('=')?;
        table.column(name).map(|column| column.name.clone())
    };
    let mut parts: Vec<(Name, &'t str)> = Vec::new();
    let mut start = 0;
    for (place, _) in text.match_indices(',').chain([(text.len(), "")]) {
        let next_begins = text.get(place + 1..).is_none_or(|rest| column(rest).is_some());
        if !next_begins {
            continue;
        }
        let part = text.get(start..place)?;
        let (_, value) = part.split_once('=')?;
        parts.push((column(part)?, value));
        start = place + 1;
    }
    Some(parts)
}

/// Nobody has a row with these values, or none that is seen.
pub(crate) fn no_row(table: &TableDef) -> Error {
    let message = format!(
        "A record with the specified key values does not exist in {} entity",
        table.name
    );
    Error::new(Code::NO_ROW_OF_KEY, message).with_table(&table.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_model::{ColumnDef, ColumnType, Ownership};

    #[test]
    fn a_key_is_written_as_columns_with_values() {
        let mut table = TableDef::new("account", Ownership::User);
        for name in ["number", "name"] {
            table
                .columns
                .push(ColumnDef::new(name, ColumnType::Text { max_length: 50 }));
        }
        let parse = |text| {
            let parts = parse(&table, text)?;
            Some(
                parts
                    .into_iter()
                    .map(|(name, value)| format!("{name}:{value}"))
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(parse("number=A-1"), Some(vec!["number:A-1".to_owned()]));
        assert_eq!(
            parse("number=1,2,name=x=y, z"),
            Some(vec!["number:1,2".to_owned(), "name:x=y, z".to_owned()])
        );
        for text in ["Fourth Coffee", "other=1", "a,number=1", ""] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
