//! Reads a JSON document key by key and collects every fault, so that one save shows them all.

use serde_json::{Map, Value};

use crate::flow::Fault;
use crate::template::pointer_token;

/// One JSON object of the document, and where it stands.
pub(super) struct Object<'a> {
    map: &'a Map<String, Value>,
    pointer: String,
}

impl<'a> Object<'a> {
    /// Takes `value` as an object that may hold `known` keys and no others.
    pub(super) fn new(
        value: &'a Value,
        pointer: String,
        known: &[&str],
        faults: &mut Vec<Fault>,
    ) -> Option<Self> {
        let Some(map) = value.as_object() else {
            faults.push(fault(pointer, "this must be an object"));
            return None;
        };
        let object = Self { map, pointer };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            object.fault(key, &format!("`{key}` is not known here. Known are {}", listed(known)), faults);
        }
        Some(object)
    }

    /// Returns the value at `key`; `null` counts as none.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// Returns where `key` stands.
    pub(super) fn at(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, pointer_token(key))
    }

    pub(super) fn fault(&self, key: &str, message: &str, faults: &mut Vec<Fault>) {
        faults.push(fault(self.at(key), message));
    }

    /// Returns the text at `key`, which must be there and not blank.
    pub(super) fn required_text(&self, key: &str, chars_max: usize, faults: &mut Vec<Fault>) -> String {
        match self.value(key) {
            None => self.fault(key, &format!("`{key}` is missing"), faults),
            Some(Value::String(text)) if text.trim().is_empty() => {
                self.fault(key, &format!("`{key}` must not be empty"), faults);
            }
            Some(_) => {}
        }
        self.text(key, chars_max, faults).unwrap_or_default()
    }

    /// Returns the text at `key`.
    pub(super) fn text(&self, key: &str, chars_max: usize, faults: &mut Vec<Fault>) -> Option<String> {
        let value = self.value(key)?;
        let Some(text) = value.as_str() else {
            self.fault(key, &format!("`{key}` must be a text"), faults);
            return None;
        };
        if text.chars().count() > chars_max {
            self.fault(key, &format!("`{key}` may have {chars_max} characters at most"), faults);
        }
        Some(text.to_owned())
    }

    /// Returns the number at `key`, which must be from `min` to `max`.
    pub(super) fn number(&self, key: &str, min: f64, max: f64, faults: &mut Vec<Fault>) -> Option<f64> {
        let number = self.value(key)?.as_f64().filter(|number| (min..=max).contains(number));
        if number.is_none() {
            self.fault(key, &format!("`{key}` must be a number from {min} to {max}"), faults);
        }
        number
    }

    /// Returns the whole number at `key`, which must be from 1 to `max`.
    pub(super) fn count(&self, key: &str, max: u32, faults: &mut Vec<Fault>) -> Option<u32> {
        let whole = self.value(key)?.as_u64().and_then(|number| u32::try_from(number).ok());
        let count = whole.filter(|count| (1..=max).contains(count));
        if count.is_none() {
            self.fault(key, &format!("`{key}` must be a whole number from 1 to {max}"), faults);
        }
        count
    }

    /// Returns the list at `key`, at most `items_max` long; empty where there is none.
    pub(super) fn list(&self, key: &str, items_max: usize, faults: &mut Vec<Fault>) -> &'a [Value] {
        let Some(value) = self.value(key) else { return &[] };
        let Some(items) = value.as_array() else {
            self.fault(key, &format!("`{key}` must be a list"), faults);
            return &[];
        };
        if items.len() > items_max {
            self.fault(key, &format!("`{key}` may have {items_max} entries at most"), faults);
        }
        items
    }

    /// Returns the list of texts at `key`.
    pub(super) fn texts(
        &self,
        key: &str,
        items_max: usize,
        chars_max: usize,
        faults: &mut Vec<Fault>,
    ) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, item) in self.list(key, items_max, faults).iter().enumerate() {
            match item.as_str().filter(|text| text.chars().count() <= chars_max) {
                Some(text) => texts.push(text.to_owned()),
                None => {
                    let message = format!("this must be a text of {chars_max} characters at most");
                    faults.push(fault(format!("{}/{index}", self.at(key)), &message));
                }
            }
        }
        texts
    }
}

pub(super) fn fault(pointer: String, message: &str) -> Fault {
    Fault { pointer, message: message.to_owned() }
}

/// Writes names as people list them.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
