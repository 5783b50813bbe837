//! The text form of a filter: OData's `$filter`, as far as the query tree goes. Values are
//! typed by the column that they are compared with.
//!
//! A small parser of our own: the crates for OData are unmaintained or speak of servers'
//! models, and the grammar that is needed fits on a page.

use crate::{ColumnDef, ColumnType, Comparison, Error, Filter, Name, Order, Result, TableDef, Value, coerce};

/// How deeply a filter may be nested, so that no text can exhaust the stack.
const MAX_DEPTH: usize = 50;

/// How many conditions a filter may have: the database's own limit lies at a thousand.
const MAX_CONDITIONS: usize = 500;

/// The filter that `text` describes on `table`.
///
/// # Errors
/// [`crate::Code::INVALID_ARGUMENT`] with the place in the text, [`crate::Code::ATTRIBUTE_UNKNOWN`] for a
/// column that is not there.
pub fn filter(table: &TableDef, text: &str) -> Result<Filter> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        table,
        text,
        tokens: &tokens,
        at: 0,
        depth: 0,
        conditions: 0,
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

#[derive(Debug, Clone, PartialEq)]
struct Token {
    text: String,
    quoted: bool,
    at: usize,
}

fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        let mut word = String::new();
        match c {
            '(' | ')' | ',' => word.push(c),
            '\'' => {
                loop {
                    match chars.next() {
                        Some((_, '\'')) if matches!(chars.peek(), Some((_, '\''))) => {
                            chars.next();
                            word.push('\'');
                        }
                        Some((_, '\'')) => break,
                        Some((_, c)) => word.push(c),
                        None => {
                            return Err(Error::invalid(format!(
                                "filter `{text}`: the text that begins at character {at} has no end"
                            )));
                        }
                    }
                }
                tokens.push(Token {
                    text: word,
                    quoted: true,
                    at,
                });
                continue;
            }
            _ => {
                word.push(c);
                while let Some((_, c)) =
                    chars.next_if(|(_, c)| !c.is_whitespace() && !matches!(c, '(' | ')' | ',' | '\''))
                {
                    word.push(c);
                }
            }
        }
        tokens.push(Token {
            text: word,
            quoted: false,
            at,
        });
    }
    Ok(tokens)
}

struct Parser<'a> {
    table: &'a TableDef,
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    conditions: usize,
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
            return Ok(Filter::Not(Box::new(inner)));
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
        let function = match name.text.as_str() {
            "contains" => Some(Comparison::Contains),
            "startswith" => Some(Comparison::StartsWith),
            "endswith" => Some(Comparison::EndsWith),
            _ => None,
        };
        if let Some(comparison) = function
            && self.word("(")
        {
            let column = column(self.table, &self.next()?.text)?;
            self.expect(",")?;
            let value = Value::Text(self.next()?.text.clone());
            self.expect(")")?;
            if !matches!(column.kind, ColumnType::Text { .. } | ColumnType::Memo { .. }) {
                return Err(self.wrong(&format!("column `{}` holds no text", column.name)));
            }
            return Ok(Filter::Compare {
                column: column.name.clone(),
                comparison,
                value,
            });
        }
        let column = column(self.table, &name.text)?;
        let operator = self.next()?;
        if operator.text == "in" {
            self.expect("(")?;
            let mut values = vec![self.literal(column)?];
            while self.word(",") {
                values.push(self.literal(column)?);
            }
            self.expect(")")?;
            return Ok(Filter::In {
                column: column.name.clone(),
                values,
            });
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
        let value = self.literal(column)?;
        Ok(Filter::Compare {
            column: column.name.clone(),
            comparison,
            value,
        })
    }

    fn literal(&mut self, column: &ColumnDef) -> Result<Value> {
        let token = self.next()?;
        if !token.quoted && token.text == "null" {
            return Ok(Value::Null);
        }
        match &column.kind {
            ColumnType::Text { .. } | ColumnType::Memo { .. } if !token.quoted => {
                Err(self.wrong(&format!("`{}` is text and needs quotes '…'", token.text)))
            }
            // Several targets compare by the id alone.
            ColumnType::Lookup { .. } => match token.text.parse() {
                Ok(id) => Ok(Value::Id(id)),
                Err(_) => Err(self.wrong(&format!("`{}` is no id", token.text))),
            },
            // A filter may ask for a number that no option has.
            ColumnType::Choice { .. } | ColumnType::State { .. } | ColumnType::Status { .. }
                if token.text.parse::<i32>().is_ok() =>
            {
                Ok(Value::Choice(token.text.parse().unwrap_or_default()))
            }
            _ => coerce::from_text(self.table, column, &token.text),
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
mod tests {
    use super::*;
    use crate::{ColumnDef, Ownership};

    fn table() -> TableDef {
        let mut table = TableDef::new("lead", Ownership::User);
        table
            .columns
            .push(ColumnDef::new("subject", ColumnType::Text { max_length: 300 }));
        table
            .columns
            .push(ColumnDef::new("revenue", ColumnType::Money { precision: 2 }));
        table.complete();
        table
    }

    #[test]
    fn precedence_and_quotes() {
        let parsed = filter(
            &table(),
            "subject eq 'O''Neil' or revenue gt 5 and not (subject eq null)",
        )
        .unwrap();
        let Filter::Or(any) = parsed else { panic!("{parsed:?}") };
        assert_eq!(any[0], Filter::eq("subject", "O'Neil"));
        assert!(matches!(&any[1], Filter::And(all) if all.len() == 2));
    }

    #[test]
    fn lookups_go_by_their_web_name() {
        let id = uuid::Uuid::from_u128(7);
        assert_eq!(
            filter(&table(), &format!("_ownerid_value eq {id}")).unwrap(),
            Filter::eq("ownerid", id)
        );
    }

    #[test]
    fn refusals_name_the_place() {
        for (text, part) in [
            ("subject eq 'x", "has no end"),
            ("subject eq x", "needs quotes"),
            ("subjekt eq 'x'", "no column `subjekt`"),
            ("subject eq 'x' and", "ends too early"),
            ("subject like 'x'", "no operator"),
            ("revenue eq abc", "not an amount"),
            ("(subject eq 'x'", "`)` is missing"),
        ] {
            let error = filter(&table(), text).unwrap_err();
            assert!(error.message().contains(part), "{text}: {error}");
        }
        assert!(
            filter(&table(), &"(".repeat(100_000))
                .unwrap_err()
                .message()
                .contains("too deeply")
        );
        assert!(
            filter(&table(), &"not ".repeat(100_000))
                .unwrap_err()
                .message()
                .contains("too deeply")
        );
    }
}
