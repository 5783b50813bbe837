//! The values of settings as people write them, and as they are shown.

use sluice_model::{Row, Value};

use super::{Line, Takes};
use crate::usage::Usage;

/// The value that a text means for a setting.
pub(super) fn change(line: &Line, value: &str) -> anyhow::Result<Value> {
    match line.takes {
        Takes::Bool => match value {
            "yes" | "true" | "on" => Ok(Value::Bool(true)),
            "no" | "false" | "off" => Ok(Value::Bool(false)),
            _ => Err(Usage::because(format!(
                "`{value}` is neither yes nor no, which {} takes",
                line.name
            ))),
        },
        Takes::Words(words) => (0..)
            .zip(words)
            .find(|(_, word)| **word == value)
            .map(|(number, _)| Value::Choice(number))
            .ok_or_else(|| Usage::because(format!("`{value}` is none of {}", words.join(", ")))),
        Takes::Int => value
            .parse()
            .map(Value::Int)
            .map_err(|_| Usage::because(format!("`{value}` is no whole number, which {} takes", line.name))),
        Takes::Seconds | Takes::Days | Takes::Size => with_unit(&line.takes, value).map(Value::Int).ok_or_else(|| {
            let takes = line.takes.words();
            Usage::because(format!("`{value}` is nothing that {} takes: {takes}", line.name))
        }),
    }
}

/// A number with its unit, such as `30d`, in the first of the units.
fn with_unit(takes: &Takes, text: &str) -> Option<i32> {
    let (units, none) = takes.units()?;
    if !none.is_empty() && text == none {
        return Some(0);
    }
    units.iter().find_map(|(unit, worth)| {
        let number: i32 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        // None is said by its word.
        number.checked_mul(*worth).filter(|number| *number > 0)
    })
}

/// What a setting is: for machines, and for people.
pub(super) fn shown(line: &Line, row: &Row) -> (serde_json::Value, String) {
    match line.takes {
        Takes::Bool => {
            let yes = row.bool(line.column) == Some(true);
            (yes.into(), if yes { "yes" } else { "no" }.to_owned())
        }
        Takes::Words(words) => {
            let number = row.int(line.column).and_then(|number| usize::try_from(number).ok());
            let word = number.and_then(|number| words.get(number)).copied().unwrap_or("");
            (word.into(), word.to_owned())
        }
        Takes::Seconds | Takes::Days | Takes::Size => {
            let number = row.int(line.column);
            let text = match (line.takes.units(), number) {
                (Some((_, none)), Some(0)) => none.to_owned(),
                (Some(([(unit, _), ..], _)), Some(number)) => format!("{number}{unit}"),
                _ => String::new(),
            };
            (number.map(|_| text.clone()).into(), text)
        }
        Takes::Int => {
            let number = row.int(line.column);
            (
                number.into(),
                number.map_or_else(String::new, |number| number.to_string()),
            )
        }
    }
}
