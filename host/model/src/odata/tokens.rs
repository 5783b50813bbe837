//! The words of a filter's text.

use std::str::CharIndices;

use crate::{Error, Result};

/// A word with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) text: String,
    /// It stood in quotes: it is a value, whatever it looks like.
    pub(super) quoted: bool,
    pub(super) at: usize,
}

/// Characters that are words of their own.
fn stands_alone(c: char) -> bool {
    matches!(c, '(' | ')' | ',' | '=' | ':' | '[' | ']')
}

/// Splits a text. `:` and `=` stand alone only where they belong to no value: a time has
/// colons, too.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        if matches!(c, '\'' | '"') {
            tokens.push(Token {
                text: quoted(text, at, c, &mut chars)?,
                quoted: true,
                at,
            });
            continue;
        }
        let mut word = String::from(c);
        if !stands_alone(c) {
            let starts_with_digit = c.is_ascii_digit();
            let goes_on = |c: char| {
                let inside_a_time = c == ':' && starts_with_digit;
                !c.is_whitespace() && !matches!(c, '\'' | '"') && (inside_a_time || !stands_alone(c))
            };
            while let Some((_, c)) = chars.next_if(|(_, c)| goes_on(*c)) {
                word.push(c);
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

/// What stands in quotes; a doubled quote is one.
fn quoted(text: &str, at: usize, quote: char, chars: &mut std::iter::Peekable<CharIndices<'_>>) -> Result<String> {
    let mut word = String::new();
    loop {
        match chars.next() {
            Some((_, c)) if c == quote && matches!(chars.peek(), Some((_, next)) if *next == quote) => {
                chars.next();
                word.push(quote);
            }
            Some((_, c)) if c == quote => return Ok(word),
            Some((_, c)) => word.push(c),
            None => {
                return Err(Error::invalid(format!(
                    "filter `{text}`: the text that begins at character {at} has no end"
                )));
            }
        }
    }
}
