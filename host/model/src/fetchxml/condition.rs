//! One condition on a column: its operator and its values.

use super::{wrong, xml::Element};
use crate::{
    Catalog, ColumnDef, ColumnType, Comparison, Error, Filter, Result, Surroundings, TableDef, Value,
    operators::Operator, shown,
};

/// A condition as it was read.
pub(super) struct Condition<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) table: &'a TableDef,
    pub(super) column: &'a ColumnDef,
    pub(super) operator: &'a str,
    pub(super) values: Vec<String>,
}

impl Condition<'_> {
    /// How many names of related rows it is about.
    pub(super) fn names(&self) -> usize {
        self.values
            .iter()
            .filter(|text| shown::is_name(self.column, text))
            .count()
    }

    /// The options that it names, by number or label. What searches for a part of labels, or orders by them,
    /// names none.
    pub(super) fn options(&self) -> Result<Vec<i32>> {
        let is_whole = |text: &String| pattern(text).is_some_and(|(comparison, _)| comparison == Comparison::Eq);
        let names = match self.operator {
            "eq" | "ne" | "neq" | "in" | "not-in" | "contain-values" | "not-contain-values" => true,
            "like" | "not-like" => self.values.iter().all(is_whole),
            _ => false,
        };
        match names {
            true => shown::options(self.table, self.column, self.values.iter().map(String::as_str)),
            false => Ok(Vec::new()),
        }
    }

    /// What it means.
    pub(super) fn filter(&self, surroundings: &Surroundings) -> Result<Filter> {
        match self.operator {
            "eq" => self.compare(Comparison::Eq, self.one()?),
            "ne" | "neq" => self.compare(Comparison::Ne, self.one()?),
            "gt" => self.compare(Comparison::Gt, self.one()?),
            "ge" => self.compare(Comparison::Ge, self.one()?),
            "lt" => self.compare(Comparison::Lt, self.one()?),
            "le" => self.compare(Comparison::Le, self.one()?),
            "like" => self.like(),
            "not-like" => self.like().map(Filter::negated),
            "begins-with" => self.search(Comparison::StartsWith, self.one()?),
            "not-begin-with" => self.search(Comparison::StartsWith, self.one()?).map(Filter::negated),
            "ends-with" => self.search(Comparison::EndsWith, self.one()?),
            "not-end-with" => self.search(Comparison::EndsWith, self.one()?).map(Filter::negated),
            "between" => self.between(),
            "not-between" => self.between().map(Filter::negated),
            "in" => self.among(),
            "not-in" => self.among().map(Filter::negated),
            "contain-values" => self.contain(),
            "not-contain-values" => self.contain().map(Filter::negated),
            "null" => self.empty(Comparison::Eq),
            "not-null" => self.empty(Comparison::Ne),
            other => {
                let known = Operator::in_fetch(other);
                let known = known.ok_or_else(|| self.refusal("has an operator that is not known here"))?;
                let value = match self.values.as_slice() {
                    [] => None,
                    _ => Some(self.one()?),
                };
                known.filter(surroundings, self.table, self.column, value)
            }
        }
    }

    fn refusal(&self, what: &str) -> Error {
        wrong(&format!(
            "the condition `{}` on `{}` {what}",
            self.operator, self.column.name
        ))
    }

    fn one(&self) -> Result<&str> {
        match self.values.as_slice() {
            [one] => Ok(one),
            [] => Err(self.refusal("has no value")),
            _ => Err(self.refusal("takes one value")),
        }
    }

    fn between(&self) -> Result<Filter> {
        let [from, to] = self.values.as_slice() else {
            return Err(self.refusal("takes two values, the lower one first"));
        };
        let from = self.compare(Comparison::Ge, from)?;
        Ok(from.and(self.compare(Comparison::Le, to)?))
    }

    fn compare(&self, comparison: Comparison, text: &str) -> Result<Filter> {
        shown::compare(self.catalog, self.table, self.column, comparison, text)
    }

    fn empty(&self, comparison: Comparison) -> Result<Filter> {
        match self.values.as_slice() {
            [] => Ok(Filter::Compare {
                column: self.column.name.clone(),
                comparison,
                value: Value::Null,
            }),
            _ => Err(self.refusal("takes no value")),
        }
    }

    fn search(&self, comparison: Comparison, part: &str) -> Result<Filter> {
        match self.column.kind {
            ColumnType::Text { .. }
            | ColumnType::Memo { .. }
            | ColumnType::Lookup { .. }
            | ColumnType::Choice { .. }
            | ColumnType::State { .. }
            | ColumnType::Status { .. } => self.compare(comparison, part),
            _ => Err(self.refusal("is for texts, and the column holds none")),
        }
    }

    fn like(&self) -> Result<Filter> {
        let (comparison, part) = pattern(self.one()?).ok_or_else(|| {
            self.refusal(
                "takes `%` at the beginning and the end only, and `[%]` for the sign itself; `_` is no wildcard",
            )
        })?;
        self.search(comparison, &part)
    }

    /// A column of several choices has one of these.
    fn contain(&self) -> Result<Filter> {
        if !matches!(self.column.kind, ColumnType::Choices { .. }) {
            return Err(self.refusal("is for columns of several choices"));
        }
        if self.values.is_empty() {
            return Err(self.refusal("has no value"));
        }
        let any = self.values.iter().map(|text| self.compare(Comparison::Contains, text));
        any.collect::<Result<_>>().map(Filter::Or)
    }

    fn among(&self) -> Result<Filter> {
        if self.values.is_empty() {
            return Err(self.refusal("has no value"));
        }
        let values = self.values.iter().map(String::as_str);
        shown::among(self.catalog, self.table, self.column, values)
    }
}

/// The values of a condition: its attribute, or its <value> elements.
pub(super) fn values(condition: &Element) -> Result<Vec<String>> {
    let mut values: Vec<String> = condition.attribute("value").map(str::to_owned).into_iter().collect();
    for child in &condition.children {
        if child.name != "value" {
            return Err(wrong(&format!("<condition> holds no <{}>", child.name)));
        }
        child.only(&["uiname", "uitype"])?;
        values.push(child.text.trim().to_owned());
    }
    Ok(values)
}

/// What a pattern of `like` looks for; nothing, where it has other wildcards than `%` at its
/// ends.
fn pattern(text: &str) -> Option<(Comparison, String)> {
    let rest = text.trim_start_matches('%');
    let from_anywhere = rest.len() < text.len();
    let (rest, to_anywhere) = match rest.strip_suffix('%') {
        Some(shorter) => (shorter.trim_end_matches('%'), true),
        None => (rest, from_anywhere && rest.is_empty()),
    };
    let mut part = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' | '_' => return None,
            '[' => {
                part.push(chars.next()?);
                chars.next().filter(|end| *end == ']')?;
            }
            c => part.push(c),
        }
    }
    let comparison = match (from_anywhere, to_anywhere) {
        (true, true) => Comparison::Contains,
        (true, false) => Comparison::EndsWith,
        (false, true) => Comparison::StartsWith,
        (false, false) => Comparison::Eq,
    };
    Some((comparison, part))
}
