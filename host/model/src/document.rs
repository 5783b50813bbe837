//! JSON as somebody hands it in. The parser of the library keeps the last of two members of one
//! name, and fifteen digits of a number; what is read here is what was written, or refused.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use crate::written;

/// A document has at most so many values, the names of members included.
pub const MOST_VALUES: usize = 500_000;

/// The document in a text. A number that no floating point number is to the digit comes as its
/// text: columns of exact numbers take it like that.
///
/// # Errors
/// It is no JSON; two members of an object have one name; it has more than [`MOST_VALUES`].
pub fn read(text: &str) -> serde_json::Result<Json> {
    read_up_to(text, MOST_VALUES)
}

fn read_up_to(text: &str, mut left: usize) -> serde_json::Result<Json> {
    let exact = exact(text);
    let mut reader = serde_json::Deserializer::from_str(&exact);
    let document = Reading { left: &mut left }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(document)
}

/// What a text says, in a form of its own, with every member there once.
///
/// # Errors
/// It is not of that form, or two members of an object have one name.
pub fn parse<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    let parsed = serde_json::from_str(text)?;
    read_up_to(text, usize::MAX)?;
    Ok(parsed)
}

/// The text with quotes around the numbers that would lose digits.
fn exact(text: &str) -> Cow<'_, str> {
    let mut changed = String::new();
    let mut done = 0;
    let mut quoted = false;
    let mut at = 0;
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match (quoted, byte) {
            // The character behind it is part of the text, whatever it is.
            (true, b'\\') => at += 1,
            (_, b'"') => quoted = !quoted,
            (false, b'-' | b'0'..=b'9') => {
                let length = bytes.iter().skip(at).take_while(|byte| is_of_number(**byte)).count();
                let number = text.get(at..at + length).unwrap_or_default();
                if loses_digits(number) {
                    changed.push_str(text.get(done..at).unwrap_or_default());
                    changed.push_str(&format!("\"{number}\""));
                    done = at + length;
                }
                at += length;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    changed.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(changed)
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
}

/// Whether it is a number of JSON that the library would change.
fn loses_digits(number: &str) -> bool {
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return false;
    }
    let Ok(kept) = serde_json::from_str::<f64>(number) else {
        // No number, or none that has a place: the library refuses it.
        return false;
    };
    let written = written::decimal(number);
    written.is_none() || written != written::decimal(&kept.to_string())
}

struct Reading<'a> {
    left: &'a mut usize,
}

impl Reading<'_> {
    fn count<E: serde::de::Error>(&mut self) -> Result<(), E> {
        *self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| E::custom(format!("it has more than {MOST_VALUES} values")))?;
        Ok(())
    }

    fn inner(&mut self) -> Reading<'_> {
        Reading { left: self.left }
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<Json, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(value) = values.next_element_seed(self.inner())? {
            items.push(value);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            self.count()?;
            if map.contains_key(&name) {
                return Err(A::Error::custom(format!("the member \"{name}\" is there twice")));
            }
            let value = members.next_value_seed(self.inner())?;
            map.insert(name, value);
        }
        Ok(Json::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        for (text, value) in [
            ("1", json!(1)),
            ("-0", json!(-0.0)),
            ("0.1", json!(0.1)),
            ("12.50", json!(12.5)),
            ("1e2", json!(100.0)),
            ("99999999999999.99", json!("99999999999999.99")),
            ("12345678901234567890123", json!("12345678901234567890123")),
            ("18446744073709551615", json!(u64::MAX)),
            ("[922337203685477.58]", json!(["922337203685477.58"])),
            (
                "{\"a\": \"99999999999999.99\", \"b\\\"1\": -9007199254740993.5}",
                json!({"a": "99999999999999.99", "b\"1": "-9007199254740993.5"}),
            ),
        ] {
            assert_eq!(read(text).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for (text, said) in [
            ("{\"a\": 1, \"a\": 2}", "the member \"a\" is there twice"),
            (
                "[{\"a\": {\"b\": 1, \"\\u0062\": 2}}]",
                "the member \"b\" is there twice",
            ),
            ("1.2.3", "trailing characters"),
            ("0123456789.99999999999999999", "invalid number"),
            ("1e400", "out of range"),
            ("[1", "EOF"),
            ("", "EOF"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn a_form_of_its_own_has_no_member_twice_either() {
        type Numbers = std::collections::BTreeMap<String, i32>;
        assert_eq!(parse::<Numbers>("{\"a\": 1}").unwrap(), [("a".to_owned(), 1)].into());
        let told = parse::<Numbers>("{\"a\": 1, \"a\": 2}").unwrap_err().to_string();
        assert!(told.contains("the member \"a\" is there twice"), "{told}");
    }

    #[test]
    fn values_are_counted() {
        let text = format!("[{}]", vec!["[0]"; MOST_VALUES / 2].join(","));
        assert!(read(&text).unwrap_err().to_string().contains("more than 500000 values"));
        assert!(read(&text.replacen("[0],", "", 10)).is_ok());
    }

    proptest! {
        #[test]
        fn what_the_library_keeps_is_the_same(number in any::<f64>(), text in any::<String>(), whole in any::<i64>()) {
            let number = if number.is_finite() { number } else { 0.5 };
            let document = json!({"text": text, "whole": [whole, null, true], "number": number});
            let mut read = read(&document.to_string()).unwrap();
            // Very large and very small ones come as their texts.
            if let Some(text) = read["number"].as_str().map(str::to_owned) {
                read["number"] = text.parse::<f64>().unwrap().into();
            }
            prop_assert_eq!(read, document);
        }
    }
}
