//! Readers of what holds other values: lists, and objects of both sorts.

use std::fmt;

use serde_json::{Value, json};

use super::super::describe::{Description, Terms, nullable};
use super::super::keys::{Keys, Unknown};
use super::super::{Place, Reading, described_without_text};
use super::Reader;
use crate::limits::Limits;

/// Reads a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<R> {
    entry: R,
    may_be_empty: bool,
    max: Option<usize>,
}

/// Returns a reader of lists; `entry` reads each entry.
pub(crate) const fn list<R: Reader>(entry: R) -> List<R> {
    List { entry, may_be_empty: true, max: None }
}

impl<R> List<R> {
    /// Refuses an empty list.
    pub(crate) fn not_empty(self) -> Self {
        Self { may_be_empty: false, ..self }
    }

    /// Refuses more than `max` entries.
    pub(crate) fn at_most(self, max: usize) -> Self {
        Self { max: Some(max), ..self }
    }
}

impl<R: Reader> Reader for List<R> {
    type Value = Vec<R::Value>;

    fn wanted(&self, _: &Limits) -> String {
        "a list".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        let mut schema = json!({ "type": "array", "items": terms.schema(&self.entry) });
        if !self.may_be_empty {
            schema["minItems"] = json!(1);
        }
        if let Some(max) = self.max {
            schema["maxItems"] = json!(max);
        }
        schema
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Self::Value> {
        let Value::Array(entries) = value else { return reading.fitting(self, None, value, at) };
        if entries.is_empty() && !self.may_be_empty {
            return lacks_entries(at, reading);
        }
        if is_too_long(entries.len(), self.max, at, reading) {
            return None;
        }
        let read = |(number, entry)| reading.value(&self.entry, entry, &at.entry(number));
        Some(entries.iter().enumerate().filter_map(read).collect())
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        self.entry.inside(terms)
    }
}

fn lacks_entries<T>(at: &Place<'_>, reading: &mut Reading) -> Option<T> {
    reading.fault(at, format!("{} must have at least one entry", at.subject()));
    None
}

/// Returns whether there are more than `max` entries, and says so.
fn is_too_long(length: usize, max: Option<usize>, at: &Place<'_>, reading: &mut Reading) -> bool {
    let exceeded = max.filter(|max| length > *max);
    if let Some(max) = exceeded {
        reading.fault(at, format!("{} has {length} entries; at most {max} are allowed", at.subject()));
    }
    exceeded.is_some()
}

/// Reads an object whose keys are names that people choose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entries<N, R> {
    name: N,
    value: R,
    max: Option<usize>,
}

/// What is asked of a name that people choose.
pub(crate) trait Name {
    /// Returns why `name` is none.
    ///
    /// # Errors
    /// A sentence without its full stop.
    fn check(&self, name: &str) -> Result<(), String>;

    /// Returns the JSON Schema of such names.
    fn schema(&self) -> Option<Value>;
}

/// Any name will do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnyName;

impl Name for AnyName {
    fn check(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn schema(&self) -> Option<Value> {
        None
    }
}

/// Returns a reader of objects with names that `name` allows, whose values `value` reads. An entry that is null is left out.
pub(crate) const fn entries<N: Name, R: Reader>(name: N, value: R) -> Entries<N, R> {
    Entries { name, value, max: None }
}

impl<N, R> Entries<N, R> {
    /// Refuses more than `max` entries.
    pub(crate) fn at_most(self, max: usize) -> Self {
        Self { max: Some(max), ..self }
    }
}

impl<N: Name, R: Reader> Reader for Entries<N, R> {
    type Value = Vec<(String, R::Value)>;

    fn wanted(&self, _: &Limits) -> String {
        "an object".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        let values = nullable(terms.schema(&self.value));
        let mut schema = json!({ "type": "object", "additionalProperties": values });
        if let Some(max) = self.max {
            schema["maxProperties"] = json!(max);
        }
        if let Some(names) = self.name.schema() {
            schema["propertyNames"] = names;
        }
        schema
    }

    fn described(&self, value: &Value) -> String {
        described_without_text(value)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Self::Value> {
        let Value::Object(map) = value else { return reading.fitting(self, None, value, at) };
        if is_too_long(map.len(), self.max, at, reading) {
            return None;
        }
        let mut entries = Vec::with_capacity(map.len());
        for (name, value) in map.iter().filter(|(_, value)| !value.is_null()) {
            let place = at.key(name);
            // The entry is kept, as what is stored is read in spite of its faults.
            if let Err(why) = self.name.check(name) {
                reading.fault(&place, why);
            }
            if let Some(value) = reading.value(&self.value, value, &place) {
                entries.push((name.clone(), value));
            }
        }
        Some(entries)
    }
}

/// Reads an object by its keys; any other is refused.
#[derive(Clone, Copy)]
pub(crate) struct Object<T> {
    read: fn(&mut Keys<'_>) -> Option<T>,
    name: Option<&'static str>,
}

/// Returns a reader of objects that `read` reads.
pub(crate) const fn object<T>(read: fn(&mut Keys<'_>) -> Option<T>) -> Object<T> {
    Object { read, name: None }
}

impl<T> Object<T> {
    /// Sets the name that the description of the API has for its schema.
    pub(crate) const fn named(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }
}

impl<T> fmt::Debug for Object<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Object")
    }
}

impl<T> Reader for Object<T> {
    type Value = T;

    fn wanted(&self, _: &Limits) -> String {
        "an object".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        let schema = |terms: &Terms| Description::of(terms, Unknown::Refused, self.read).schema();
        match self.name {
            Some(name) => terms.part(name, schema),
            None => schema(terms),
        }
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<T> {
        reading.object(value, at, Unknown::Refused, self.read)
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        Some(Description::of(terms, Unknown::Refused, self.read))
    }
}

/// Reads one value, or a list of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneOrMany<R> {
    one: R,
    may_be_empty: bool,
}

/// Returns a reader of what `one` reads, or of a list of that.
pub(crate) const fn one_or_many<R: Reader>(one: R) -> OneOrMany<R> {
    OneOrMany { one, may_be_empty: true }
}

impl<R> OneOrMany<R> {
    /// Refuses a list without entries.
    pub(crate) fn not_empty(self) -> Self {
        Self { may_be_empty: false, ..self }
    }
}

impl<R: Reader> Reader for OneOrMany<R> {
    type Value = Vec<R::Value>;

    fn wanted(&self, limits: &Limits) -> String {
        format!("{}, or a list of these", self.one.wanted(limits))
    }

    fn schema(&self, terms: &Terms) -> Value {
        let mut several = json!({ "type": "array", "items": terms.schema(&self.one) });
        if !self.may_be_empty {
            several["minItems"] = json!(1);
        }
        json!({ "anyOf": [self.one.schema(terms), several] })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Self::Value> {
        let Value::Array(entries) = value else {
            return self.one.read(value, at, reading).map(|one| vec![one]);
        };
        if entries.is_empty() && !self.may_be_empty {
            return lacks_entries(at, reading);
        }
        let read = |(number, entry)| reading.value(&self.one, entry, &at.entry(number));
        Some(entries.iter().enumerate().filter_map(read).collect())
    }

    fn check_template(&self, text: &str, at: &Place<'_>, reading: &mut Reading) {
        self.one.check_template(text, at, reading);
    }
}
