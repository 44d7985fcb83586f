//! Masks secrets in what an attempt returns: in any case and in the usual encodings, before anything of it is cut.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::{AhoCorasick, Anchored, Input, StartKind};
use serde_json::Value;
use steadflow_core::agent::MASK;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::json;
use steadflow_core::payload::Payload;
use steadflow_core::work::Outcome;

use super::decoded::{Decoded, ESCAPE_BYTES_MAX, LAYERS_MAX, layers, may_have_escapes};
use super::forms::{CHARS_MIN, Form, forms};

/// How many sets of secrets are kept ready to be searched for.
const KEPT_MAX: usize = 64;
/// Shorter forms are not searched for across white space, because they would also occur in ordinary words.
const GROUPED_BYTES_MIN: usize = 8;

/// Finds and masks one set of secrets.
#[derive(Debug, Default)]
pub(crate) struct Scrubber {
    /// `None` if there is nothing to search for.
    search: Option<Search>,
}

struct Search {
    automaton: AhoCorasick,
    forms: Vec<Form>,
    has_blanks: bool,
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Search")
    }
}

/// Where a text is to be masked: ranges of bytes.
type Ranges = Vec<(usize, usize)>;

impl Scrubber {
    fn new(values: &[String]) -> Self {
        let mut forms: Vec<Form> = values.iter().flat_map(|value| forms(value)).collect();
        forms.sort_unstable();
        forms.dedup();
        if forms.is_empty() {
            return Self::default();
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .start_kind(StartKind::Unanchored)
            .build(forms.iter().map(|form| &form.bytes))
            .expect("secrets are far below the limits of the automaton");
        let has_blanks = values.iter().any(|value| value.trim().contains(' '));
        Self { search: Some(Search { automaton, forms, has_blanks }) }
    }

    /// Masks secrets in a text.
    pub(crate) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let found = self.search.as_ref().map(|search| search.ranges(text)).unwrap_or_default();
        if found.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(masked(text, found)) }
    }

    /// Masks secrets in the beginning of a longer text, and one that begins at its end.
    pub(crate) fn beginning<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let whole = text.trim_end_matches('…');
        let Some(start) = self.search.as_ref().and_then(|search| search.beginning_at_end(whole)) else {
            return self.text(text);
        };
        Cow::Owned(format!("{}{MASK}{}", self.text(&whole[..start]), &text[whole.len()..]))
    }

    /// Returns up to where nothing that follows `text` can make a secret of it.
    pub(super) fn settled(&self, text: &str) -> usize {
        self.search.as_ref().map_or(text.len(), |search| search.settled(text))
    }

    /// Masks secrets in a text that may be JSON, whose escapes and numbers stay valid.
    pub(crate) fn json_or_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.search.is_none() {
            return Cow::Borrowed(text);
        }
        match json::read(json::without_mark(text.as_bytes())) {
            Ok(value) => Cow::Owned(self.value(value).to_string()),
            Err(_) => self.text(text),
        }
    }

    /// Masks secrets in keys, strings and numbers. A number with a secret becomes a string.
    pub(crate) fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text).into_owned()),
            Value::Number(number) => match self.text(&number.to_string()) {
                Cow::Borrowed(_) => Value::Number(number),
                Cow::Owned(masked) => Value::String(masked),
            },
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.value(item)).collect()),
            Value::Object(map) => {
                let entries = map.into_iter();
                let masked = entries.map(|(key, value)| (self.text(&key).into_owned(), self.value(value)));
                Value::Object(masked.collect())
            }
            Value::Null | Value::Bool(_) => value,
        }
    }

    /// Masks secrets in a payload.
    ///
    /// # Errors
    /// A failure if it cannot be read, and so not be searched.
    fn payload(&self, payload: &Payload) -> Result<Payload, Failure> {
        let value = payload.to_value().map_err(|error| {
            Failure::new(ErrorClass::Validation, format!("The output cannot be read: {error}."))
        })?;
        Ok(Payload::from_value(&self.value(value)))
    }

    /// Masks secrets anywhere in an outcome.
    pub(crate) fn outcome(&self, outcome: Outcome) -> Outcome {
        if self.search.is_none() {
            return outcome;
        }
        let result = match outcome.result {
            Ok(output) => self.payload(&output),
            Err(failure) => {
                let message = self.text(&failure.message).into_owned();
                // What cannot be searched for secrets is not kept.
                let body = failure.body.and_then(|body| self.payload(&body).ok());
                Err(Failure { message, body, ..failure })
            }
        };
        Outcome { result, ..outcome }
    }
}

impl Search {
    fn ranges(&self, text: &str) -> Ranges {
        let bytes = text.as_bytes();
        let mut found = self.matches(bytes);
        let has_blanks = bytes.iter().any(u8::is_ascii_whitespace);
        let has_plus = self.has_blanks && bytes.contains(&b'+');
        if !may_have_escapes(bytes) && !has_blanks && !has_plus {
            return found;
        }
        for layer in layers(bytes) {
            self.add_matches(&layer, &mut found);
            if has_plus {
                self.add_matches(&layer.with_blanks(), &mut found);
            }
            if layer.bytes.iter().any(u8::is_ascii_whitespace) {
                let grouped = layer.without_blanks();
                let matches = self.matches(&grouped.bytes).into_iter();
                let long = matches.filter(|(start, end)| end - start >= GROUPED_BYTES_MIN);
                found.extend(long.map(|(start, end)| grouped.origin(start, end)));
            }
        }
        found
    }

    fn add_matches(&self, layer: &Decoded, found: &mut Ranges) {
        found.extend(self.matches(&layer.bytes).into_iter().map(|(start, end)| layer.origin(start, end)));
    }

    fn matches(&self, bytes: &[u8]) -> Ranges {
        let matches = self.automaton.find_overlapping_iter(Input::new(bytes).anchored(Anchored::No));
        let fits = |form: &Form, start: usize, end: usize| !form.has_case || form.bytes == bytes[start..end];
        matches
            .filter(|found| fits(&self.forms[found.pattern()], found.start(), found.end()))
            .map(|found| (found.start(), found.end()))
            .collect()
    }

    /// Returns where the end of `text` is the beginning of a secret.
    fn beginning_at_end(&self, text: &str) -> Option<usize> {
        let layers = layers(text.as_bytes());
        let starts = layers.iter().filter_map(|layer| self.beginning(layer, CHARS_MIN));
        starts.map(|start| text.floor_char_boundary(start)).min()
    }

    /// Returns where the longest beginning of a secret is from that `layer` ends with, if it has `bytes_min` bytes.
    fn beginning(&self, layer: &Decoded, bytes_min: usize) -> Option<usize> {
        let longest = self.forms.iter().map(|form| form.bytes.len()).max().unwrap_or_default();
        let lengths = (bytes_min..longest.min(layer.bytes.len() + 1)).rev();
        lengths.filter_map(|length| self.begins(layer, length)).min()
    }

    /// Returns where what may become a secret begins: an escape that may go on, the beginning of a secret in any layer, or a
    /// secret that ends where `text` does and may be longer, or touch another one.
    fn settled(&self, text: &str) -> usize {
        let mut end = open_escape(text.as_bytes());
        for layer in layers(&text.as_bytes()[..end]) {
            let begins = [
                self.beginning(&layer, 1),
                self.beginning(&layer.without_blanks(), 1),
                self.has_blanks.then(|| self.beginning(&layer.with_blanks(), 1)).flatten(),
            ];
            end = begins.into_iter().flatten().fold(end, usize::min);
        }
        let mut ranges = self.ranges(text);
        ranges.sort_unstable_by_key(|(_, until)| std::cmp::Reverse(*until));
        for (start, until) in ranges {
            if until >= end {
                end = end.min(start);
            }
        }
        text.floor_char_boundary(end)
    }

    /// Returns where the last `length` bytes are from, if a secret begins with them.
    fn begins(&self, layer: &Decoded, length: usize) -> Option<usize> {
        let start = layer.bytes.len() - length;
        let end = &layer.bytes[start..];
        let begins =
            |form: &&Form| form.bytes.get(..length).is_some_and(|start| start.eq_ignore_ascii_case(end));
        self.forms.iter().find(begins).map(|_| layer.origin(start, layer.bytes.len()).0)
    }
}

/// Returns where an escape begins that may go on behind `text`, in any layer.
fn open_escape(text: &[u8]) -> usize {
    let latest = text.len().saturating_sub(LAYERS_MAX * ESCAPE_BYTES_MAX);
    let is_opener = |byte: &u8| may_have_escapes(std::slice::from_ref(byte));
    text[latest..].iter().position(is_opener).map_or(text.len(), |at| latest + at)
}

/// Puts a mask in the place of each range, and one in the place of ranges that touch.
fn masked(text: &str, mut ranges: Ranges) -> String {
    ranges.sort_unstable();
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for (start, until) in ranges {
        let start = text.floor_char_boundary(start);
        let until = text.ceil_char_boundary(until);
        if end == 0 || start > end {
            masked.push_str(&text[end..start]);
            masked.push_str(MASK);
        }
        end = end.max(until);
    }
    masked.push_str(&text[end..]);
    masked
}

/// Scrubbers that are ready, by the secrets that they mask: making one costs more than using it.
#[derive(Debug, Default)]
pub(crate) struct Scrubbers(Mutex<Vec<Kept>>);

struct Kept {
    values: Vec<String>,
    scrubber: Arc<Scrubber>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl Scrubbers {
    /// Returns what masks `values`.
    pub(crate) fn of(&self, mut values: Vec<String>) -> Arc<Scrubber> {
        values.sort_unstable();
        values.dedup();
        if values.is_empty() {
            return Arc::default();
        }
        // What is kept is whole whatever a thread did that held the lock.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.iter().find(|known| known.values == values) {
            return Arc::clone(&known.scrubber);
        }
        let scrubber = Arc::new(Scrubber::new(&values));
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push(Kept { values, scrubber: Arc::clone(&scrubber) });
        scrubber
    }
}
