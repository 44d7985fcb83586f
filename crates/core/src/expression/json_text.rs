//! Walks JSON text in place: finds a field or an entry without parsing what lies around it.
//!
//! The text is known to be JSON (a [`Payload`](crate::payload::Payload) has been read once), so nothing here reports
//! syntax errors; on text that is no JSON the answers are empty, never wrong memory or a panic. No function recurses,
//! so the nesting of the text costs no stack.

use std::borrow::Cow;

/// What a JSON text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    String,
    List,
    Object,
}

impl Kind {
    /// Returns the kind of a value from its first character.
    pub(crate) fn of(text: &str) -> Self {
        match text.trim_start().as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::List,
            Some(b'"') => Self::String,
            Some(b't' | b'f') => Self::Bool,
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number,
        }
    }

    /// Returns the kind with its article, for messages.
    pub(crate) const fn described(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// Returns the field `name` of the object `text`. Of two fields of one name the last counts, as in every JSON parser
/// that we exchange documents with.
pub(crate) fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut found = None;
    for (key, value) in raw_entries(text) {
        if is_key(key, name) {
            found = Some(value);
        }
    }
    found
}

/// Returns the entry at `index` of the list `text`.
pub(crate) fn entry(text: &str, index: usize) -> Option<&str> {
    items(text).nth(index)
}

/// Returns the decoded keys and the values of the object `text`, in its order.
pub(crate) fn entries(text: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    raw_entries(text).map(|(key, value)| (string(key), value))
}

/// Returns the entries of the list `text`.
pub(crate) fn items(text: &str) -> impl Iterator<Item = &str> {
    let mut cursor = Cursor::inside(text, b'[');
    std::iter::from_fn(move || {
        let cursor = cursor.as_mut()?;
        let value = cursor.value()?;
        cursor.skip_separator(b',');
        Some(value)
    })
}

/// Returns what the JSON string `text` says.
pub(crate) fn string(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    if inner.contains('\\') {
        Cow::Owned(serde_json::from_str(text).unwrap_or_default())
    } else {
        Cow::Borrowed(inner)
    }
}

fn raw_entries(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut cursor = Cursor::inside(text, b'{');
    std::iter::from_fn(move || {
        let cursor = cursor.as_mut()?;
        let key = cursor.value()?;
        cursor.skip_separator(b':');
        let value = cursor.value()?;
        cursor.skip_separator(b',');
        Some((key, value))
    })
}

fn is_key(quoted: &str, name: &str) -> bool {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if inner.contains('\\') { string(quoted) == name } else { inner == name }
}

/// A place in a JSON text.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts behind the `open` bracket that `text` begins with.
    fn inside(text: &'a str, open: u8) -> Option<Self> {
        let text = text.trim_start();
        (text.as_bytes().first() == Some(&open)).then_some(Self { text, at: 1 })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn skip_separator(&mut self, separator: u8) {
        self.skip_space();
        if self.peek() == Some(separator) {
            self.at += 1;
        }
    }

    /// Returns the value that begins here and moves behind it; `None` at a closing bracket.
    fn value(&mut self) -> Option<&'a str> {
        self.skip_space();
        let start = self.at;
        match self.peek()? {
            b'"' => self.skip_string(),
            b'{' | b'[' => self.skip_container(),
            b'}' | b']' | b',' | b':' => return None,
            _ => self.skip_scalar(),
        }
        self.text.get(start..self.at)
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return,
                b'\\' => self.at += 1,
                _ => {}
            }
        }
    }

    fn skip_container(&mut self) {
        let mut open = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.skip_string();
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return;
            }
        }
    }

    fn skip_scalar(&mut self) {
        while !matches!(self.peek(), None | Some(b',' | b'}' | b']' | b':' | b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_past_brackets_and_quotes_in_strings() {
        let text = r#" { "a" : "}\"]" , "b": {"a": [1, {"c": 2}]}, "c":-1.5e3 } "#;

        assert_eq!(field(text, "a"), Some(r#""}\"]""#));
        assert_eq!(field(text, "b"), Some(r#"{"a": [1, {"c": 2}]}"#));
        assert_eq!(field(text, "c"), Some("-1.5e3"));
        assert_eq!(field(text, "d"), None);
    }

    #[test]
    fn escaped_keys_match_what_they_say() {
        assert_eq!(field(r#"{"\u0061\"": 1}"#, "a\""), Some("1"));
    }

    #[test]
    fn of_two_equal_keys_the_last_counts() {
        assert_eq!(field(r#"{"a": 1, "a": 2}"#, "a"), Some("2"));
    }

    #[test]
    fn lists_are_counted_from_zero() {
        let all: Vec<&str> = items(r#"[ 1,"," , [] ,{} ]"#).collect();

        assert_eq!(all, ["1", "\",\"", "[]", "{}"]);
        assert_eq!(entry("[10, 20]", 1), Some("20"));
        assert_eq!(entry("[10, 20]", 2), None);
        assert_eq!(entry("[]", 0), None);
    }

    #[test]
    fn text_that_is_no_json_gives_nothing() {
        for text in ["", "{", "[", "{\"a", "[\"\\", "{]", "[}", "{\"a\" 1}", "]"] {
            let _ = (field(text, "a"), entry(text, 0), Kind::of(text), string(text));
        }
    }
}
