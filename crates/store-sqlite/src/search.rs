//! Conditions of lists, put together from what is asked.

use std::fmt;

use rusqlite::types::Value;

/// Conditions that must all hold. Texts are ours; values are bound, never pasted.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    texts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds `text`, in which `?` is the parameter `value`, if there is a value.
    pub(crate) fn add<V: Into<Value>>(&mut self, text: &'static str, value: Option<V>) {
        if let Some(value) = value {
            self.texts.push(text.to_owned());
            self.values.push(value.into());
        }
    }

    /// Adds that `column` is one of `values`.
    pub(crate) fn add_any(&mut self, column: &'static str, values: Vec<Value>) {
        let places = vec!["?"; values.len()].join(", ");
        self.texts.push(format!("{column} IN ({places})"));
        self.values.extend(values);
    }

    /// Adds a condition without a value.
    pub(crate) fn add_plain(&mut self, text: &'static str) {
        self.texts.push(text.to_owned());
    }

    /// Returns all of them as one expression; what always holds if there is none.
    pub(crate) fn expression(&self) -> String {
        if self.texts.is_empty() { "TRUE".to_owned() } else { self.texts.join(" AND ") }
    }

    /// Returns the values in the order of their places.
    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }
}

impl fmt::Display for Conditions {
    /// The WHERE clause; nothing if there is no condition.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.texts.is_empty() { Ok(()) } else { write!(f, "WHERE {}", self.expression()) }
    }
}

/// A text to look for, whatever the case of its letters. SQLite's LIKE knows only the cases of ASCII.
#[derive(Debug)]
pub(crate) struct Text {
    lower: String,
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        Self { lower: text.to_lowercase() }
    }

    /// Returns whether `field` holds the text.
    pub(crate) fn is_in(&self, field: &str) -> bool {
        field.to_lowercase().contains(&self.lower)
    }

    /// Returns whether `field`, which is in lower case, begins with the text.
    pub(crate) fn begins(&self, field: &str) -> bool {
        field.starts_with(&self.lower)
    }
}
