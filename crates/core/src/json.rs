//! JSON from outside: what is accepted as JSON, wherever text comes in.
//!
//! A JSON value passes through exactly: the order of keys, every digit of a number, every character. `serde_json` keeps
//! numbers as their text and payloads as theirs, and marks both inside its own data with a key that begins with
//! [`RESERVED`]. A document could spell that key too, and would then be read as something else than it says, so every
//! entrance refuses it: this module and [`Payload::parse`](crate::payload::Payload::parse).

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Error, Value};

/// How the keys begin that `serde_json` uses inside.
pub const RESERVED: &str = "$serde_json::private::";

/// Nesting of what is accepted: serde_json's own bound, which also keeps our stack.
pub const DEPTH_MAX: usize = 127;

/// Whether one object may have the same key twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatedKeys {
    /// It is an error: for documents and requests, in which two readers could understand different things.
    Refused,
    /// The last one counts: for data of others.
    LastCounts,
}

/// Reads `text`, in which a repeated key counts as its last value.
///
/// # Errors
/// As [`check`].
pub fn read(text: &[u8]) -> Result<Value, Error> {
    check(text, RepeatedKeys::LastCounts)?;
    serde_json::from_slice(text)
}

/// Returns `text` without the byte order mark that some editors and servers put before it.
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text)
}

/// Checks that `text` is one JSON value: UTF-8 without a byte order mark, nested at most [`DEPTH_MAX`] deep, no
/// character that cannot exist, no exponent that goes beyond a 64-bit float, and
/// no reserved key.
///
/// # Errors
/// What is wrong, with line and column.
pub fn check(text: &[u8], repeated: RepeatedKeys) -> Result<(), Error> {
    if let Some(key) = reserved_key(text) {
        return Err(Error::custom(format_args!("the key `{key}` is reserved and cannot be used")));
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    Form(repeated).deserialize(&mut reader)?;
    reader.end()
}

/// Returns the first reserved key in `text`, which need not be JSON.
pub(crate) fn reserved_key(text: &[u8]) -> Option<String> {
    // Nearly every text has none, which is known without looking at its strings: the key begins with a dollar, be it
    // escaped.
    let dollar_or_escape = memchr::memchr2(b'$', b'\\', text)?;
    let may_hold = |part: &[u8]| memchr::memmem::find(&text[dollar_or_escape..], part).is_some();
    if !may_hold(RESERVED.as_bytes()) && !may_hold(b"\\u") {
        return None;
    }
    let mut rest = text;
    while let Some(start) = memchr::memchr(b'"', rest) {
        let (quoted, behind) = split_string(&rest[start..]);
        let is_key = behind.trim_ascii_start().first() == Some(&b':');
        if is_key
            && let Ok(key) = serde_json::from_slice::<String>(quoted)
            && key.starts_with(RESERVED)
        {
            return Some(key);
        }
        rest = behind;
    }
    None
}

/// Splits `text`, which begins with a quote, behind the string's end.
fn split_string(text: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 1;
    while let Some(next) = memchr::memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at += next + 1;
        if text[at - 1] == b'"' {
            return text.split_at(at);
        }
        at += 1;
    }
    (text, &[])
}

/// Walks over a value for its form only.
#[derive(Clone, Copy)]
struct Form(RepeatedKeys);

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

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(Key(key)) = entries.next_key()? {
            if key.starts_with(RESERVED) {
                // Not a key of the text, which has none: this is how serde_json gives a number.
                return check_number(&entries.next_value::<Box<str>>()?);
            }
            if self.0 == RepeatedKeys::Refused && seen.contains(&key) {
                return Err(A::Error::custom(format_args!("the key `{key}` appears twice in one object")));
            }
            seen.insert(key);
            entries.next_value_seed(self)?;
        }
        Ok(())
    }
}

/// Refuses an exponent that makes a number infinite for everything that calculates. Digits alone never do.
fn check_number<E: serde::de::Error>(text: &str) -> Result<(), E> {
    let has_exponent = text.contains(['e', 'E']);
    if has_exponent && !text.parse::<f64>().is_ok_and(f64::is_finite) {
        return Err(E::custom("number out of range"));
    }
    Ok(())
}

struct Key(Box<str>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        Box::<str>::deserialize(reader).map(Key)
    }
}

/// Returns the whole number that `value` is, in whatever form it is written: `2`, `2.0`, `20e-1`. `None` for one with a
/// fraction, however small, and for one below zero or of more than 64 bits.
pub fn whole(value: &Value) -> Option<u64> {
    let Value::Number(number) = value else { return None };
    number.as_u64().or_else(|| whole_of(&number.to_string()))
}

/// Reads a JSON number with a fraction or an exponent.
fn whole_of(text: &str) -> Option<u64> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let significant = digits.trim_end_matches('0');
    if significant.trim_start_matches('0').is_empty() {
        return text.starts_with(|first: char| first.is_ascii_digit()).then_some(0);
    }
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent.parse().ok()?)?;
    let zeros = usize::try_from(point).ok()?.checked_sub(significant.len())?;
    // 64 bits have 20 digits.
    (zeros <= 20).then(|| format!("{significant}{}", "0".repeat(zeros)).parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_json_passes() {
        for text in ["null", "[]", r#"{"a":{"b":[1,-2.5e3,"ü😀",true]},"c":null}"#, " 1 ", r#"{"a":1,"a":2}"#]
        {
            check(text.as_bytes(), RepeatedKeys::LastCounts).unwrap();
        }
    }

    #[test]
    fn what_can_be_misread_is_refused_with_its_place() {
        assert_eq!(
            complaint(b"{\"a\":1,\n\"a\":2}"),
            "the key `a` appears twice in one object at line 2 column 3"
        );
        assert_eq!(complaint(b"{\"a\" 1}"), "expected `:` at line 1 column 6");
        assert_eq!(complaint(b"1 2"), "trailing characters at line 1 column 3");
        assert_eq!(complaint(b"[1e999]"), "number out of range at line 1 column 6");
        assert_eq!(complaint(b"[NaN]"), "expected value at line 1 column 2");
        assert!(complaint(br#""\ud800""#).contains("hex escape"), "half a character");
        assert!(complaint(b"\"\xff\"").contains("invalid unicode"));
    }

    #[test]
    fn numbers_keep_every_digit() {
        for text in
            ["123456789012345678901234567890", "19.90", "1.0e+2", "-0.0", "0.1234567890123456789012345"]
        {
            assert_eq!(read(text.as_bytes()).unwrap().to_string(), text);
        }
        assert!(check("9".repeat(400).as_bytes(), RepeatedKeys::Refused).is_ok());
    }

    #[test]
    fn reserved_keys_are_refused_however_they_are_spelled() {
        for key in [
            "$serde_json::private::RawValue",
            "$serde_json::private::Number",
            r"\u0024serde_json::private::X",
        ] {
            for text in [format!(r#"{{"{key}":"1"}}"#), format!(r#"[{{"a\"":{{"b":"\\","{key}" : 5}}}}]"#)] {
                assert!(complaint(text.as_bytes()).contains("is reserved"), "{text}");
            }
        }
        for text in [r#"{"a":"$serde_json::private::Number"}"#, r#"["\u0024serde_json::private::Number"]"#] {
            assert!(check(text.as_bytes(), RepeatedKeys::Refused).is_ok(), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);

        assert!(check(nested(127).as_bytes(), RepeatedKeys::Refused).is_ok());
        assert!(check(nested(128).as_bytes(), RepeatedKeys::Refused).is_err());
        assert!(check(nested(100_000).as_bytes(), RepeatedKeys::Refused).is_err());
    }

    #[test]
    fn text_that_is_no_json_has_no_end_that_is_missed() {
        for text in ["\"", "\"\\", "\"\\\"", "{\"\\u", "\"\\u0024", ":\"\\u\":"] {
            let _ = reserved_key(text.as_bytes());
        }
    }

    fn complaint(text: &[u8]) -> String {
        check(text, RepeatedKeys::Refused).unwrap_err().to_string()
    }

    #[test]
    fn whole_numbers_are_whole_in_every_form() {
        for (text, wanted) in [
            ("2", Some(2)),
            ("2.0", Some(2)),
            ("2.000", Some(2)),
            ("2e0", Some(2)),
            ("20e-1", Some(2)),
            ("0.2E1", Some(2)),
            ("100e-2", Some(1)),
            ("0.0", Some(0)),
            ("0e5", Some(0)),
            ("18446744073709551615.0", Some(u64::MAX)),
            ("18446744073709551616.0", None),
            ("2.00000000000000000001", None),
            ("2.5", None),
            ("1e-1", None),
            ("1e99", None),
            ("1e99999999999999999999", None),
            ("-2.0", None),
            ("\"2\"", None),
        ] {
            let value = serde_json::from_str(text).expect("it is JSON");

            assert_eq!(whole(&value), wanted, "{text}");
        }
    }
}
