//! How many values a JSON text has, counted without keeping one of them; no member is there twice.

use std::{collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// The number of values in the text, names of members included; counting ends soon after `most`.
pub(super) fn values(text: &[u8], most: u64) -> serde_json::Result<u64> {
    let mut counted = 0;
    let counting = Counting {
        counted: &mut counted,
        most,
    };
    let mut reader = serde_json::Deserializer::from_slice(text);
    match counting.deserialize(&mut reader).and_then(|()| reader.end()) {
        // The rest of the text does not matter any more.
        Err(_) if counted > most => Ok(counted),
        ended => ended.map(|()| counted),
    }
}

struct Counting<'a> {
    counted: &'a mut u64,
    most: u64,
}

impl Counting<'_> {
    fn count<E: serde::de::Error>(&mut self, values: u64) -> Result<(), E> {
        *self.counted += values;
        match *self.counted > self.most {
            true => Err(E::custom("too many values")),
            false => Ok(()),
        }
    }

    fn inner(&mut self) -> Counting<'_> {
        Counting {
            counted: self.counted,
            most: self.most,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Counting<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counting<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: serde::de::Error>(mut self, _: bool) -> Result<(), E> {
        self.count(1)
    }

    fn visit_i64<E: serde::de::Error>(mut self, _: i64) -> Result<(), E> {
        self.count(1)
    }

    fn visit_u64<E: serde::de::Error>(mut self, _: u64) -> Result<(), E> {
        self.count(1)
    }

    fn visit_f64<E: serde::de::Error>(mut self, _: f64) -> Result<(), E> {
        self.count(1)
    }

    fn visit_str<E: serde::de::Error>(mut self, _: &str) -> Result<(), E> {
        self.count(1)
    }

    fn visit_unit<E: serde::de::Error>(mut self) -> Result<(), E> {
        self.count(1)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<(), A::Error> {
        self.count(1)?;
        while values.next_element_seed(self.inner())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.count(1)?;
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            self.count(1)?;
            if names.contains(&name) {
                return Err(A::Error::custom(format!("the member \"{name}\" is there twice")));
            }
            names.insert(name);
            members.next_value_seed(self.inner())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_and_every_name_counts() {
        for (text, counted) in [
            ("1", 1),
            ("[]", 1),
            ("[1, -2, 0.5, true, null, \"a\"]", 7),
            ("{\"a\": {\"b\": []}}", 5),
        ] {
            assert_eq!(values(text.as_bytes(), 100).unwrap(), counted, "{text}");
        }
        assert!(values(b"[1, 2, 3", 100).is_err());
        assert!(
            values(br#"{"a": 1, "a": 2}"#, 100).is_err(),
            "of the two, one would be lost"
        );
        assert!(values(b"[1, 2, 3, nonsense", 2).unwrap() > 2);
    }
}
