//! Replaces sensitive values, wherever they have come.

use std::borrow::Cow;
use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::{Map, Value};

use crate::event::Slot;
use crate::flow::{FieldPath, Graph, LAST, Rules, WHOLE};
use crate::ids::{NodeId, NodeIndex};
use crate::payload::Payload;
use crate::sensitive::MASK;

/// Shorter values are masked at their own places alone: elsewhere, they are parts of many texts.
const CHARS_MIN: usize = 4;
/// Bytes of values that are looked for. What looks for them takes many times as much memory.
const BYTES_MAX: usize = 1024 * 1024;

/// Masks the sensitive values of one execution.
#[derive(Debug)]
pub(super) struct Masker<'r> {
    rules: &'r Rules,
    graph: &'r Graph,
    /// The node whose body it runs.
    body: Option<&'r NodeId>,
    values: BTreeSet<String>,
    bytes: usize,
    found: Option<AhoCorasick>,
}

impl<'r> Masker<'r> {
    /// Returns one that knows no values yet, but only their places and patterns.
    pub(super) const fn new(rules: &'r Rules, graph: &'r Graph, body: Option<&'r NodeId>) -> Self {
        Self { rules, graph, body, values: BTreeSet::new(), bytes: 0, found: None }
    }

    /// Notes the sensitive values of trigger data or an output. Those of inputs are made of these.
    pub(super) fn note(&mut self, slot: Slot<'_>, value: &Payload) {
        let paths = self.paths(slot).filter(|_| !matches!(slot, Slot::Input(_) | Slot::ChildResult(_)));
        let Some(paths) = paths else { return };
        let Ok(value) = value.to_value() else { return };
        for path in paths {
            at_path(&value, path, &mut |found| self.note_all(found));
        }
    }

    /// Notes the texts and numbers of a value.
    fn note_all(&mut self, value: &Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.note_text(number.to_string()),
            Value::String(text) => {
                // As it stands in a JSON text that is a string itself, and in a URL or a form.
                let in_json = Value::String(text.clone()).to_string();
                self.note_text(in_json.trim_matches('"').to_owned());
                self.note_text(percent_encoding::utf8_percent_encode(text, URL_SET).to_string());
                self.note_text(text.clone());
            }
            Value::Array(items) => items.iter().for_each(|item| self.note_all(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.note_all(field)),
        }
    }

    fn note_text(&mut self, text: String) {
        if text.chars().count() < CHARS_MIN || self.values.contains(&text) {
            return;
        }
        self.bytes += text.len();
        if !self.is_too_much() {
            self.values.insert(text);
        }
    }

    /// With more values than can be looked for, nothing is shown.
    const fn is_too_much(&self) -> bool {
        self.bytes > BYTES_MAX
    }

    /// Makes what looks for the values that were noted.
    pub(super) fn ready(mut self) -> Self {
        if !self.values.is_empty() && !self.is_too_much() {
            let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&self.values);
            // It fails only where there are more than can be numbered.
            match search {
                Ok(search) => self.found = Some(search),
                Err(_) => self.bytes = usize::MAX,
            }
        }
        self
    }

    fn paths(&self, slot: Slot<'_>) -> Option<&'r BTreeSet<FieldPath>> {
        let id = |node: NodeIndex| self.graph.nodes.get(node.at()).map(|node| &node.id);
        let whole_of = |id: &NodeId| self.rules.outputs.get(id).map(|_| &*WHOLE);
        match slot {
            Slot::TriggerData => Some(&self.rules.trigger_data),
            Slot::Output(node) => self.rules.outputs.get(id(node)?),
            Slot::OutputOf(id) if id.as_str() == LAST => whole_of(self.body?),
            Slot::OutputOf(id) => self.rules.outputs.get(id),
            Slot::Input(node) => self.rules.inputs.get(id(node)?),
            Slot::Item => self.rules.items.get(self.body?),
            Slot::ChildResult(node) => whole_of(id(node)?),
            Slot::Other => None,
        }
    }

    /// Returns a value without what is sensitive in it.
    pub(super) fn value(&self, slot: Slot<'_>, value: &Payload) -> Payload {
        let mask = || Payload::from_value(&Value::String(MASK.to_owned()));
        let Ok(mut masked) = value.to_value() else { return mask() };
        if self.is_too_much() {
            return mask();
        }
        let mut is_changed = false;
        for path in self.paths(slot).into_iter().flatten() {
            mask_path(&mut masked, path, &mut is_changed);
        }
        self.mask_texts(&mut masked, &mut is_changed);
        if is_changed { Payload::from_value(&masked) } else { value.clone() }
    }

    fn mask_texts(&self, value: &mut Value, is_changed: &mut bool) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                let text = number.to_string();
                if self.text(&text) != text {
                    *value = Value::String(MASK.to_owned());
                    *is_changed = true;
                }
            }
            Value::String(text) => {
                if let Cow::Owned(masked) = self.text(text) {
                    *text = masked;
                    *is_changed = true;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_texts(item, is_changed)),
            Value::Object(fields) => {
                fields.values_mut().for_each(|field| self.mask_texts(field, is_changed));
                if fields.keys().any(|key| self.text(key) != *key) {
                    *fields = self.with_masked_keys(std::mem::take(fields));
                    *is_changed = true;
                }
            }
        }
    }

    /// Keys that are the same then are told apart by a number.
    fn with_masked_keys(&self, fields: Map<String, Value>) -> Map<String, Value> {
        let mut masked = Map::new();
        for (key, value) in fields {
            let own = self.text(&key).into_owned();
            let numbered = (2..).map(|number| format!("{own} {number}"));
            let free = std::iter::once(own.clone()).chain(numbered).find(|name| !masked.contains_key(name));
            masked.insert(free.unwrap_or(own), value);
        }
        masked
    }

    /// Returns a text without what is sensitive in it.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.is_too_much() {
            return Cow::Borrowed(MASK);
        }
        let mut masked = Cow::Borrowed(text);
        if let Some(found) = self.found.as_ref().filter(|found| found.is_match(text)) {
            let mut replaced = String::with_capacity(text.len());
            found.replace_all_with(text, &mut replaced, |_, _, replaced| {
                replaced.push_str(MASK);
                true
            });
            masked = Cow::Owned(replaced);
        }
        for pattern in &self.rules.patterns {
            for range in pattern.found_in(&masked).into_iter().rev() {
                masked.to_mut().replace_range(range, MASK);
            }
        }
        masked
    }
}

/// What is encoded in the value of a query.
const URL_SET: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Visits what `path` leads to.
fn at_path(value: &Value, path: &[String], visit: &mut dyn FnMut(&Value)) {
    let [name, rest @ ..] = path else { return visit(value) };
    match value {
        Value::Object(fields) => fields.get(name).into_iter().for_each(|field| at_path(field, rest, visit)),
        Value::Array(items) => match name.parse::<usize>() {
            Ok(place) => items.get(place).into_iter().for_each(|item| at_path(item, rest, visit)),
            Err(_) => items.iter().for_each(|item| at_path(item, path, visit)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Masks what `path` leads to. `null` stays: it says that there is none.
fn mask_path(value: &mut Value, path: &[String], is_changed: &mut bool) {
    let [name, rest @ ..] = path else {
        if !value.is_null() {
            *value = Value::String(MASK.to_owned());
            *is_changed = true;
        }
        return;
    };
    match value {
        Value::Object(fields) => {
            fields.get_mut(name).into_iter().for_each(|field| mask_path(field, rest, is_changed));
        }
        Value::Array(items) => match name.parse::<usize>() {
            Ok(place) => items.get_mut(place).into_iter().for_each(|item| mask_path(item, rest, is_changed)),
            Err(_) => items.iter_mut().for_each(|item| mask_path(item, path, is_changed)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
