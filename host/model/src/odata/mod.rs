//! The text form of a filter: OData's `$filter`, as far as the query tree goes. Values are
//! typed by the column that they are compared with.
//!
//! | to | look at |
//! |---|---|
//! | see how a text falls into words | `tokens` |
//! | see how relationships are named | `paths` |
//! | see how a filter becomes a text | `written` |
//!
//! A small parser of our own: the crates for OData are unmaintained or speak of servers'
//! models, and the grammar that is needed fits on a page.

mod paths;
mod tokens;
mod written;

pub use written::shown;

use crate::{
    ColumnDef, ColumnType, Comparison, Error, Filter, Name, Order, Related, Result, Surroundings, TableDef, Value,
    coerce,
    operators::Operator,
    query::{MAX_RELATED, too_many_links},
    shown,
};
use tokens::Token;

/// How deeply a filter may be nested, so that no text can exhaust the stack.
const MAX_DEPTH: usize = 50;

/// How many conditions a filter may have: the database's own limit lies at a thousand.
pub(crate) const MAX_CONDITIONS: usize = 500;

/// How many values a filter may compare with: the database takes some thousands more.
const MAX_VALUES: usize = 5_000;

/// What the functions of the platform's own are called.
const PLATFORM: &str = "Microsoft.Dynamics.CRM.";

/// The filter that `text` describes on `table`.
///
/// # Errors
/// [`crate::Code::INVALID_ARGUMENT`] with the place in the text, [`crate::Code::ATTRIBUTE_UNKNOWN`] for a
/// column that is not there.
pub fn filter(surroundings: &Surroundings, table: &TableDef, text: &str) -> Result<Filter> {
    let tokens = tokens::tokens(text)?;
    let mut parser = Parser {
        surroundings,
        scope: Scope { table, variable: None },
        text,
        tokens: &tokens,
        at: 0,
        depth: 0,
        conditions: 0,
        related: 0,
        values: 0,
    };
    let filter = parser.or()?;
    match parser.peek() {
        None => Ok(filter),
        Some(token) => Err(parser.wrong(&format!("`{}` was not expected", token.text))),
    }
}

/// The order that `createdon desc,name` describes on `table`.
///
/// # Errors
/// An unknown column or direction.
pub fn order(table: &TableDef, text: &str) -> Result<Vec<Order>> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, direction) = part.split_once(char::is_whitespace).unwrap_or((part, "asc"));
            let descending = match direction.trim() {
                "asc" => false,
                "desc" => true,
                other => return Err(Error::invalid(format!("`{other}` is no direction: asc or desc"))),
            };
            Ok(Order {
                column: column(table, name)?.name.clone(),
                descending,
            })
        })
        .collect()
}

/// The columns that `a,b,_c_value` names on `table`.
///
/// # Errors
/// An unknown column.
pub fn select(table: &TableDef, text: &str) -> Result<Vec<Name>> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|name| Ok(column(table, name)?.name.clone()))
        .collect()
}

fn column<'a>(table: &'a TableDef, name: &str) -> Result<&'a ColumnDef> {
    let plain = name
        .strip_prefix('_')
        .and_then(|name| name.strip_suffix("_value"))
        .unwrap_or(name);
    coerce::column(table, plain)
}

/// Which rows the names in a text speak of.
#[derive(Clone, Copy)]
struct Scope<'a> {
    table: &'a TableDef,
    /// The variable of the innermost `any` or `all`, with which the names begin.
    variable: Option<&'a str>,
}

struct Parser<'a> {
    surroundings: &'a Surroundings,
    scope: Scope<'a>,
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    conditions: usize,
    related: usize,
    values: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<&'a Token> {
        let token = self.peek().ok_or_else(|| self.wrong("it ends too early"))?;
        self.at += 1;
        Ok(token)
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| !token.quoted && token.text == word);
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, word: &str) -> Result<()> {
        if self.word(word) {
            Ok(())
        } else {
            Err(self.wrong(&format!("`{word}` is missing")))
        }
    }

    fn wrong(&self, what: &str) -> Error {
        let at = self.peek().map_or(self.text.len(), |token| token.at);
        Error::invalid(format!("filter `{}`: {what} at character {at}", self.text))
    }

    fn or(&mut self) -> Result<Filter> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong("it is nested too deeply"));
        }
        let mut any = vec![self.and()?];
        while self.word("or") {
            any.push(self.and()?);
        }
        self.depth -= 1;
        Ok(one_or(any, Filter::Or))
    }

    fn and(&mut self) -> Result<Filter> {
        let mut all = vec![self.not()?];
        while self.word("and") {
            all.push(self.not()?);
        }
        Ok(one_or(all, Filter::And))
    }

    fn not(&mut self) -> Result<Filter> {
        if self.word("not") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(self.wrong("it is nested too deeply"));
            }
            let inner = self.not()?;
            self.depth -= 1;
            return Ok(inner.negated());
        }
        if self.word("(") {
            let filter = self.or()?;
            self.expect(")")?;
            return Ok(filter);
        }
        self.condition()
    }

    fn condition(&mut self) -> Result<Filter> {
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(Error::invalid(format!(
                "a filter has at most {MAX_CONDITIONS} conditions"
            )));
        }
        let name = self.next()?;
        if name.quoted {
            self.at -= 1;
            return Err(self.wrong(&format!("'{}' is a value where a column should be", name.text)));
        }
        let search = match name.text.as_str() {
            "contains" => Some(Comparison::Contains),
            "startswith" => Some(Comparison::StartsWith),
            "endswith" => Some(Comparison::EndsWith),
            _ => None,
        };
        if let Some(comparison) = search
            && self.word("(")
        {
            return self.search(comparison);
        }
        let path = self.own(&name.text);
        if let Some(function) = path.unwrap_or(&name.text).strip_prefix(PLATFORM) {
            return self.function(function);
        }
        let path = path.ok_or_else(|| self.foreign(&name.text))?;
        self.along(self.scope.table, path, &mut |parser, table, last| {
            parser.comparison(table, last)
        })
    }

    /// The path without the variable with which it has to begin; nothing, if it does not.
    fn own<'p>(&self, path: &'p str) -> Option<&'p str> {
        match self.scope.variable {
            None => Some(path),
            Some(variable) => path.strip_prefix(variable)?.strip_prefix('/'),
        }
    }

    fn foreign(&self, path: &str) -> Error {
        let variable = self.scope.variable.unwrap_or_default();
        self.wrong(&format!("`{path}` does not begin with `{variable}/`"))
    }

    /// Follows a path of lookups to its last name, which `leaf` makes a condition of, or to an
    /// `any` or `all`.
    fn along(
        &mut self,
        table: &TableDef,
        path: &str,
        leaf: &mut dyn FnMut(&mut Self, &TableDef, &str) -> Result<Filter>,
    ) -> Result<Filter> {
        let Some((first, rest)) = path.split_once('/') else {
            return leaf(self, table, path);
        };
        if matches!(rest, "any" | "all") {
            return self.lambda(table, first, rest == "all");
        }
        self.count_related()?;
        let surroundings = self.surroundings;
        let (column, target) = paths::referenced(&surroundings.catalog, table, first)?;
        let referenced = Related {
            column: column.clone(),
            table: target.name.clone(),
            other: target.key.clone(),
            filter: Filter::All,
        };
        Ok(referenced.of_one(self.along(target, rest, leaf)?))
    }

    /// The next word, as a value.
    fn value(&mut self) -> Result<&'a Token> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(Error::invalid(format!(
                "a filter compares with at most {MAX_VALUES} values"
            )));
        }
        self.next()
    }

    fn count_related(&mut self) -> Result<()> {
        self.related += 1;
        if self.related > MAX_RELATED {
            return Err(too_many_links("A filter looks at most at"));
        }
        Ok(())
    }

    /// `any()`, `any(x:…)`, `all(x:…)`: the part in the parentheses.
    fn lambda(&mut self, table: &TableDef, relationship: &str, all: bool) -> Result<Filter> {
        self.count_related()?;
        let surroundings = self.surroundings;
        let found = paths::referencing(&surroundings.catalog, table, relationship)?;
        let exists = |filter| {
            Filter::Related(Box::new(Related {
                column: table.key.clone(),
                table: found.table.name.clone(),
                other: found.column.clone(),
                filter,
            }))
        };
        self.expect("(")?;
        if !all && self.word(")") {
            return Ok(exists(Filter::All));
        }
        let variable = &self.next()?.text;
        self.expect(":")?;
        let inner = Scope {
            table: found.table,
            variable: Some(variable),
        };
        let outer = std::mem::replace(&mut self.scope, inner);
        let filter = self.or()?;
        self.scope = outer;
        self.expect(")")?;
        Ok(match all {
            true => exists(filter.negated()).negated(),
            false => exists(filter),
        })
    }

    /// `contains(column,'text')` after its parenthesis.
    fn search(&mut self, comparison: Comparison) -> Result<Filter> {
        let name = &self.next()?.text;
        let path = self.own(name).ok_or_else(|| self.foreign(name))?;
        self.expect(",")?;
        let text = &self.value()?.text;
        self.expect(")")?;
        self.along(self.scope.table, path, &mut |parser, table, last| {
            let column = column(table, last)?;
            parser.compared(table, column, comparison, text)
        })
    }

    /// `(PropertyName='createdon',PropertyValue=6)` after the function's name.
    fn function(&mut self, function: &str) -> Result<Filter> {
        self.expect("(")?;
        self.expect("PropertyName")?;
        self.expect("=")?;
        let name = &self.next()?.text;
        let path = self.own(name).unwrap_or(name);
        let mut values = Vec::new();
        if self.word(",") {
            if self.word("PropertyValues") {
                self.expect("=")?;
                self.expect("[")?;
                values.push(&self.value()?.text);
                while self.word(",") {
                    values.push(&self.value()?.text);
                }
                self.expect("]")?;
            } else {
                self.expect("PropertyValue")?;
                self.expect("=")?;
                values.push(&self.value()?.text);
            }
        }
        self.expect(")")?;
        self.along(self.scope.table, path, &mut |parser, table, last| {
            let column = column(table, last)?;
            let list: Vec<&str> = values.iter().map(|value| value.as_str()).collect();
            match (function, Operator::in_odata(function)) {
                ("In", _) => parser.among(table, column, &list),
                ("NotIn", _) => parser.among(table, column, &list).map(Filter::negated),
                ("ContainValues", _) => parser.contain(table, column, &list),
                ("DoesNotContainValues", _) => parser.contain(table, column, &list).map(Filter::negated),
                ("Between", _) => parser.between(table, column, &list),
                ("NotBetween", _) => parser.between(table, column, &list).map(Filter::negated),
                (_, Some(operator)) => {
                    let value = values.first().map(|value| value.as_str());
                    operator.filter(parser.surroundings, table, column, value)
                }
                _ => Err(Error::invalid(format!(
                    "filter `{}`: there is no function {PLATFORM}{function}",
                    parser.text
                ))),
            }
        })
    }

    /// A column of several choices has one of these.
    fn contain(&mut self, table: &TableDef, column: &ColumnDef, values: &[&str]) -> Result<Filter> {
        if !matches!(column.kind, ColumnType::Choices { .. }) {
            return Err(self.wrong(&format!("`{}` is no column of several choices", column.name)));
        }
        if values.is_empty() {
            return Err(self.wrong("it needs PropertyValues"));
        }
        let any = values
            .iter()
            .map(|value| self.compared(table, column, Comparison::Contains, value));
        any.collect::<Result<_>>().map(Filter::Or)
    }

    fn between(&mut self, table: &TableDef, column: &ColumnDef, values: &[&str]) -> Result<Filter> {
        let [from, to] = values else {
            return Err(self.wrong("between takes two values, the lower one first"));
        };
        let from = self.compared(table, column, Comparison::Ge, from)?;
        Ok(from.and(self.compared(table, column, Comparison::Le, to)?))
    }

    /// An operator and what the column is compared with.
    fn comparison(&mut self, table: &TableDef, name: &str) -> Result<Filter> {
        let column = column(table, name)?;
        let operator = self.next()?;
        if operator.text == "in" {
            return self.one_of(table, column);
        }
        let comparison = match operator.text.as_str() {
            "eq" => Comparison::Eq,
            "ne" => Comparison::Ne,
            "lt" => Comparison::Lt,
            "le" => Comparison::Le,
            "gt" => Comparison::Gt,
            "ge" => Comparison::Ge,
            other => return Err(self.wrong(&format!("`{other}` is no operator (eq, ne, lt, le, gt, ge, in)"))),
        };
        match self.literal(column)? {
            Some(text) => self.compared(table, column, comparison, text),
            None => Ok(Filter::Compare {
                column: column.name.clone(),
                comparison,
                value: Value::Null,
            }),
        }
    }

    /// `('a','b',null)` after `in`.
    fn one_of(&mut self, table: &TableDef, column: &ColumnDef) -> Result<Filter> {
        self.expect("(")?;
        let mut values = vec![self.literal(column)?];
        while self.word(",") {
            values.push(self.literal(column)?);
        }
        self.expect(")")?;
        let texts: Vec<&str> = values.iter().flatten().copied().collect();
        let mut filter = self.among(table, column, &texts)?;
        if texts.len() < values.len() {
            match &mut filter {
                Filter::In { values, .. } => values.push(Value::Null),
                filter => {
                    let named = std::mem::replace(filter, Filter::All);
                    *filter = Filter::Or(vec![named, Filter::eq(&column.name, Value::Null)]);
                }
            }
        }
        Ok(filter)
    }

    fn compared(&mut self, table: &TableDef, column: &ColumnDef, comparison: Comparison, text: &str) -> Result<Filter> {
        if shown::is_name(column, text) {
            self.count_related()?;
        }
        let surroundings = self.surroundings;
        shown::compare(&surroundings.catalog, table, column, comparison, text)
    }

    fn among(&mut self, table: &TableDef, column: &ColumnDef, texts: &[&str]) -> Result<Filter> {
        for _ in texts.iter().filter(|text| shown::is_name(column, text)) {
            self.count_related()?;
        }
        let surroundings = self.surroundings;
        shown::among(&surroundings.catalog, table, column, texts.iter().copied())
    }

    /// The text of a value; nothing for `null`.
    fn literal(&mut self, column: &ColumnDef) -> Result<Option<&'a str>> {
        let token = self.value()?;
        if !token.quoted && token.text == "null" {
            return Ok(None);
        }
        match &column.kind {
            ColumnType::Text { .. } | ColumnType::Memo { .. } if !token.quoted => {
                Err(self.wrong(&format!("`{}` is text and needs quotes '…'", token.text)))
            }
            _ => Ok(Some(&token.text)),
        }
    }
}

fn one_or(mut list: Vec<Filter>, many: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match (list.len(), list.pop()) {
        (1, Some(only)) => only,
        (_, Some(last)) => {
            list.push(last);
            many(list)
        }
        (_, None) => Filter::All,
    }
}

#[cfg(test)]
mod tests;
