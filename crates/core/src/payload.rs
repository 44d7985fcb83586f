//! JSON that passes through: kept as text, shared, and parsed only where its content is needed.

use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json;

/// A JSON text: trigger data, a node's input or output. Cheap to clone; never changes.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payload(Arc<RawValue>);

impl Payload {
    /// Returns `null`.
    pub fn null() -> Self {
        Self(Arc::from(RawValue::NULL.to_owned()))
    }

    /// Returns `value` written as JSON text.
    pub fn from_value(value: &Value) -> Self {
        let raw = serde_json::value::to_raw_value(value)
            .expect("a JSON value has string keys, so it can be written");
        Self(Arc::from(raw))
    }

    /// Takes over a text that serde_json has already read as JSON.
    pub fn from_raw(raw: Box<RawValue>) -> Self {
        Self(Arc::from(raw))
    }

    /// Checks that `text` is JSON and takes it over.
    ///
    /// # Errors
    /// Where and why `text` is not JSON.
    pub fn parse(text: String) -> Result<Self, serde_json::Error> {
        if let Some(key) = json::reserved_key(text.as_bytes()) {
            return Err(serde_json::Error::custom(format_args!(
                "the key `{key}` is reserved and cannot be used"
            )));
        }
        RawValue::from_string(text).map(|raw| Self(Arc::from(raw)))
    }

    /// Returns the JSON text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Reads the text, every digit of its numbers included.
    ///
    /// # Errors
    /// Where the text is JSON that [`json::check`] refuses: nested too deeply, with a character that cannot exist, or with
    /// a reserved key. Nothing from outside is, but a database can hold what an older version accepted.
    pub fn to_value(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }

    /// Returns the text's length in bytes.
    pub fn len(&self) -> usize {
        self.as_str().len()
    }

    /// Returns whether this is `null`.
    pub fn is_null(&self) -> bool {
        self.as_str() == "null"
    }

    /// Always false: the shortest JSON text has one character.
    pub const fn is_empty(&self) -> bool {
        false
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::null()
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads a value that is given: `null` is one; only a missing key means that there is none.
pub fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Payload>, D::Error> {
    Payload::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_no_entrance_accepts_is_an_error_and_not_null() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for text in [deep.as_str(), r#""\ud800""#, r#"{"$serde_json::private::Number":"x"}"#] {
            let stored: Payload = serde_json::from_str(text).unwrap();

            assert!(stored.to_value().is_err(), "{text}");
        }
    }

    #[test]
    fn only_null_is_null() {
        let raw = RawValue::from_string("[1.50]".to_owned()).unwrap();

        assert!(Payload::null().is_null() && !Payload::from_value(&Value::Bool(false)).is_null());
        assert_eq!(Payload::from_raw(raw).as_str(), "[1.50]");
    }
}
