//! Does what the configuration of its step says: the plug-in of somebody else, for lessons and trials.
//!
//! Instructions stand on lines of their own, or with `;` between them:
//!
//! - `read TABLE` asks for a row of a table
//! - `create TABLE COLUMN=VALUE …` makes a row
//! - `set COLUMN=VALUE …` puts values into the Target
//!
//! A value goes on until the next `COLUMN=`. `TABLE:ID` is a lookup, `@primary` the row that the
//! message is about, everything else is text.

use sluice_sdk::prelude::*;

/// Does what its configuration says: reads a table, makes rows, sets columns of the Target.
///
/// It has no step of its own: register one, such as with `--config "create campaign name=Welcome"`.
#[plugin]
pub fn scripted(cx: &Context) -> Result<()> {
    let script = cx.configuration().unwrap_or_default();
    script.split([';', '\n']).try_for_each(|line| run(cx, line.trim()))
}

fn run(cx: &Context, line: &str) -> Result<()> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    match verb {
        "" => {}
        "read" => {
            cx.service().retrieve_multiple(Query::new(rest.trim()).top(1))?;
        }
        "create" => {
            let (table, values) = rest.split_once(' ').unwrap_or((rest, ""));
            let mut row = Row::new(table);
            for (column, value) in pairs(cx, values) {
                row.set(column, value);
            }
            cx.service().create(row)?;
        }
        "set" => {
            for (column, value) in pairs(cx, rest) {
                cx.set_target(column, value);
            }
        }
        _ => {
            return Err(Error::unexpected(format!(
                "`{line}` is no instruction: read, create and set are"
            )));
        }
    }
    Ok(())
}

/// `COLUMN=VALUE COLUMN=VALUE …`
fn pairs<'a>(cx: &Context, text: &'a str) -> Vec<(&'a str, Value)> {
    let pairs = split(text).into_iter();
    pairs
        .map(|(column, text)| match text.as_str() {
            "@primary" => (column, cx.primary().into()),
            text => (column, value(text)),
        })
        .collect()
}

fn split(text: &str) -> Vec<(&str, String)> {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for word in text.split_whitespace() {
        match (word.split_once('='), pairs.last_mut()) {
            (Some((column, value)), _) => pairs.push((column, value.to_owned())),
            (None, Some((_, value))) => *value = format!("{value} {word}"),
            (None, None) => {}
        }
    }
    pairs
}

fn value(text: &str) -> Value {
    /// The length of an id.
    const ID: usize = 36;
    match text.split_once(':') {
        Some((table, id)) if id.len() == ID => Reference::new(table, id).into(),
        _ => text.into(),
    }
}

sluice_sdk::export!(scripted);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_goes_on_until_the_next_column() {
        let pairs = split("name=Welcome to us  subject=a=b");
        assert_eq!(
            pairs,
            [("name", "Welcome to us".to_owned()), ("subject", "a=b".to_owned())]
        );
    }

    #[test]
    fn what_looks_like_a_row_is_a_lookup() {
        let id = "01a2f0c4-0000-7000-8000-000000000000";
        assert_eq!(value(&format!("account:{id}")), Reference::new("account", id).into());
        assert_eq!(value("Note: call back"), "Note: call back".into());
    }
}
