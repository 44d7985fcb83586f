//! Reads JSON for its form only, and refuses what two readers could understand differently.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Checks that `bytes` are one JSON value: UTF-8, no key twice in an object, no number or character that cannot be
/// held, and nested at most 127 deep (serde_json's own bound, which also keeps our stack).
pub(super) fn check(bytes: &[u8]) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Form.deserialize(&mut reader)?;
    reader.end()
}

#[derive(Clone, Copy)]
struct Form;

impl<'de> DeserializeSeed<'de> for Form {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Form {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(Key(key)) = entries.next_key()? {
            if seen.contains(&key) {
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice in one object")));
            }
            seen.insert(key);
            entries.next_value_seed(self)?;
        }
        Ok(())
    }
}

struct Key(Box<str>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        Box::<str>::deserialize(reader).map(Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_json_passes() {
        for text in ["null", "[]", r#"{"a":{"b":[1,-2.5e3,"ü😀",true]},"c":null}"#, " 1 "] {
            check(text.as_bytes()).unwrap();
        }
    }

    #[test]
    fn what_can_be_misread_is_refused_with_its_place() {
        let complaint = |text: &[u8]| check(text).unwrap_err().to_string();

        assert_eq!(
            complaint(b"{\"a\":1,\n\"a\":2}"),
            "the key `a` stands twice in one object at line 2 column 3"
        );
        assert_eq!(complaint(b"{\"a\" 1}"), "expected `:` at line 1 column 6");
        assert_eq!(complaint(b"1 2"), "trailing characters at line 1 column 3");
        assert_eq!(complaint(b"[1e999]"), "number out of range at line 1 column 6");
        assert!(complaint(br#""\ud800""#).contains("hex escape"), "half a character");
        assert!(complaint(b"\"\xff\"").contains("invalid unicode"));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);

        assert!(check(nested(127).as_bytes()).is_ok());
        assert!(check(nested(128).as_bytes()).is_err());
        assert!(check(nested(100_000).as_bytes()).is_err());
    }
}
