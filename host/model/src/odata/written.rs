//! A filter as OData's `$filter`: what the text form can say of one table.

use crate::{Comparison, Filter, Name, Value};

/// The text of a filter; nothing, where it takes every row. What it asks of related rows has no
/// form here and is left out, and with it an alternative or a negation that it stands in.
pub fn shown(filter: &Filter) -> Option<String> {
    text(filter).filter(|text| !text.is_empty())
}

/// Nothing, where it cannot be said; an empty text, where it takes every row.
fn text(filter: &Filter) -> Option<String> {
    match filter {
        Filter::All => Some(String::new()),
        Filter::And(all) => {
            let parts: Vec<String> = all.iter().filter_map(shown).collect();
            Some(joined(&parts, "and"))
        }
        Filter::Or(ways) => {
            let parts: Option<Vec<String>> = ways.iter().map(whole).collect();
            Some(joined(&parts?, "or"))
        }
        Filter::Not(inner) => Some(format!("not ({})", whole(inner)?)),
        Filter::Compare {
            column,
            comparison,
            value,
        } => Some(compared(column, *comparison, value)),
        Filter::In { column, values } => {
            let each: Vec<String> = values
                .iter()
                .map(|value| compared(column, Comparison::Eq, value))
                .collect();
            Some(joined(&each, "or"))
        }
        Filter::Related(_) => None,
    }
}

/// The text of a filter of which nothing is left out.
fn whole(filter: &Filter) -> Option<String> {
    let mut asks_of_others = false;
    filter.each_related(&mut |_| asks_of_others = true);
    shown(filter).filter(|_| !asks_of_others)
}

fn joined(parts: &[String], word: &str) -> String {
    match parts {
        [one] => one.clone(),
        several => {
            let each: Vec<String> = several.iter().map(|part| format!("({part})")).collect();
            each.join(&format!(" {word} "))
        }
    }
}

fn compared(column: &Name, comparison: Comparison, value: &Value) -> String {
    let value = literal(value);
    let operator = match comparison {
        Comparison::Eq => "eq",
        Comparison::Ne => "ne",
        Comparison::Lt => "lt",
        Comparison::Le => "le",
        Comparison::Gt => "gt",
        Comparison::Ge => "ge",
        Comparison::Contains => return format!("contains({column},{value})"),
        Comparison::StartsWith => return format!("startswith({column},{value})"),
        Comparison::EndsWith => return format!("endswith({column},{value})"),
    };
    format!("{column} {operator} {value}")
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) | Value::Choice(number) => number.to_string(),
        Value::BigInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Decimal(number) | Value::Money(number) => number.to_string(),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::DateTime(time) => time.to_string(),
        Value::Date(day) => day.to_string(),
        Value::Choices(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            format!("'{}'", numbers.join(","))
        }
        Value::Id(id) => id.to_string(),
        Value::Lookup(reference) => reference.id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Related;

    #[test]
    fn a_filter_is_said_as_far_as_it_is_about_its_own_rows() {
        let name = || Filter::eq("name", "O'Neil");
        let count = Filter::In {
            column: "count".into(),
            values: vec![Value::Int(1), Value::Int(2)],
        };
        assert_eq!(shown(&Filter::All), None);
        assert_eq!(shown(&name()).as_deref(), Some("name eq 'O''Neil'"));
        assert_eq!(
            shown(&name().and(count.negated())).as_deref(),
            Some("(name eq 'O''Neil') and (not ((count eq 1) or (count eq 2)))")
        );
        let related = Filter::Related(Box::new(Related {
            column: "parentid".into(),
            table: "account".into(),
            other: "accountid".into(),
            filter: Filter::All,
        }));
        assert_eq!(
            shown(&name().and(related.clone())).as_deref(),
            Some("name eq 'O''Neil'")
        );
        assert_eq!(shown(&Filter::Or(vec![name(), related])), None);
    }
}
