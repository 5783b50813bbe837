//! Conditions of duplicate rules as people write them: `BASE[:MATCHING][:CRITERION[:N]][:ignore-blank]`.

use sluice_model::{ColumnType, Row, TableDef, Value};

use crate::usage::Usage;

/// The criteria, by their number.
const CRITERIA: [&str; 7] = [
    "exact",
    "same-first",
    "same-last",
    "same-date",
    "same-date-and-time",
    "same-label",
    "same-value",
];

fn number(criterion: &str) -> Option<i32> {
    (0..)
        .zip(CRITERIA)
        .find(|(_, word)| *word == criterion)
        .map(|(number, _)| number)
}

/// The row of a condition, without its rule.
pub(crate) fn parse(text: &str, base: &TableDef, matching: &TableDef) -> anyhow::Result<Row> {
    let wrong = |why: &str| {
        Usage::because(format!(
            "the condition `{text}` {why}; `duprule create --help` shows the form"
        ))
    };
    let mut parts = text.split(':').map(str::trim).peekable();
    let column = parts
        .next()
        .filter(|name| !name.is_empty())
        .ok_or_else(|| wrong("names no column"))?;
    let is_column = |part: &&str| number(part).is_none() && *part != "ignore-blank";
    let other = parts.next_if(is_column).unwrap_or(column);
    let mut row = Row::unsaved("duplicaterulecondition")
        .with("baseattributename", column)
        .with("matchingattributename", other);
    let criterion = match parts.next_if(|part| number(part).is_some()) {
        Some(word) => number(word).unwrap_or_default(),
        None => usual(column, base, matching),
    };
    row.set("operatorcode", Value::Choice(criterion));
    if matches!(criterion, 1 | 2) {
        let count = parts.next().and_then(|part| part.parse::<i32>().ok());
        row.set(
            "operatorparam",
            count.ok_or_else(|| wrong("needs a number of characters after its criterion"))?,
        );
    }
    if parts.next_if(|part| *part == "ignore-blank").is_some() {
        row.set("ignoreblankvalues", true);
    }
    match parts.next() {
        None => Ok(row),
        Some(rest) => Err(wrong(&format!("goes on with `{rest}`"))),
    }
}

/// How columns of a type are compared where nobody says it.
fn usual(column: &str, base: &TableDef, matching: &TableDef) -> i32 {
    match base.column(column).map(|column| &column.kind) {
        Some(ColumnType::Date | ColumnType::DateTime) => 3,
        // Of two tables, the options may have other numbers.
        Some(kind) if kind.options().is_some() => 5 + i32::from(base.name == matching.name),
        _ => 0,
    }
}

/// A condition as it is written.
pub(crate) fn text(row: &Row) -> String {
    let (base, matching) = (row.text("baseattributename"), row.text("matchingattributename"));
    let mut text = base.unwrap_or_default().to_owned();
    let mut add = |part: &str| {
        text.push(':');
        text.push_str(part);
    };
    if matching != base {
        add(matching.unwrap_or_default());
    }
    let criterion = usize::try_from(row.int("operatorcode").unwrap_or_default()).ok();
    add(criterion
        .and_then(|number| CRITERIA.get(number))
        .copied()
        .unwrap_or("?"));
    if let Some(count) = row.int("operatorparam") {
        add(&count.to_string());
    }
    if row.bool("ignoreblankvalues") == Some(true) {
        add("ignore-blank");
    }
    text
}

#[cfg(test)]
mod tests {
    use sluice_model::{ColumnDef, Ownership};

    use super::*;

    fn table(name: &str) -> TableDef {
        let options = ColumnType::Choice {
            options: vec![],
            global: None,
        };
        TableDef {
            columns: vec![
                ColumnDef::new("name", ColumnType::Text { max_length: 100 }),
                ColumnDef::new("born", ColumnType::Date),
                ColumnDef::new("kind", options),
            ]
            .into(),
            ..TableDef::new(name, Ownership::User)
        }
    }

    #[test]
    fn conditions_are_read_and_written() {
        let (lead, contact) = (table("lead"), table("contact"));
        for (given, written) in [
            ("name", "name:exact"),
            ("name:fullname", "name:fullname:exact"),
            ("name:same-first:4", "name:same-first:4"),
            (
                "name:fullname:same-last:7:ignore-blank",
                "name:fullname:same-last:7:ignore-blank",
            ),
            ("name:ignore-blank", "name:exact:ignore-blank"),
            ("born", "born:same-date"),
            ("kind", "kind:same-label"),
            ("kind:same-value", "kind:same-value"),
        ] {
            assert_eq!(text(&parse(given, &lead, &contact).unwrap()), written, "{given}");
        }
        assert_eq!(text(&parse("kind", &lead, &lead).unwrap()), "kind:same-value");
    }

    #[test]
    fn what_is_no_condition_is_wrong_usage() {
        let lead = table("lead");
        for wrong in [
            "",
            ":name",
            "name:same-first",
            "name:same-first:x",
            "name:exact:4",
            "name:a:b",
            "name:ignore-blank:x",
        ] {
            assert!(parse(wrong, &lead, &lead).unwrap_err().is::<Usage>(), "{wrong}");
        }
    }
}
