//! What single values are read by: each knows what fits, how a schema says that, and how a message does.

mod containers;

use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Value, json};

use super::describe::{Description, Terms};
use super::{Place, Reading, described, quoted, suggestion};
use crate::limits::Limits;
use crate::timestamp::{Seconds, Timestamp};
use crate::visible::{HIDDEN_CLASS, is_hidden, named};

pub(crate) use containers::{AnyName, Name, Object, entries, list, object, one_or_many};

/// Reads one value of a document.
pub(crate) trait Reader {
    /// What it becomes.
    type Value;

    /// Returns what is expected, as messages and tables name it: "a string".
    fn wanted(&self, limits: &Limits) -> String;

    /// Returns the JSON Schema of what fits.
    fn schema(&self, terms: &Terms) -> Value;

    /// Says what a value is that it cannot read.
    fn described(&self, value: &Value) -> String {
        described(value)
    }

    /// Reads `value`, which is not null. `None` where it is a fault, or a template inside it has no value yet.
    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Self::Value>;

    /// Checks a text with `${…}` as far as possible before it is resolved.
    fn check_template(&self, text: &str, at: &Place<'_>, reading: &mut Reading) {
        let _ = (text, at, reading);
    }

    /// Returns the keys that it names, where it reads an object or a list of objects.
    fn inside(&self, terms: &Terms) -> Option<Description> {
        let _ = terms;
        None
    }
}

/// Reads a string.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    chars_max: Option<usize>,
    may_be_blank: bool,
    is_name: bool,
}

/// Returns a reader of any string.
pub(crate) const fn plain_text() -> Text {
    Text { chars_max: None, may_be_blank: true, is_name: false }
}

/// Returns a reader of strings that hold more than spaces.
pub(crate) const fn text() -> Text {
    Text { chars_max: None, may_be_blank: false, is_name: false }
}

impl Text {
    /// Refuses what is longer than `chars_max` characters.
    pub(crate) const fn at_most(self, chars_max: usize) -> Self {
        Self { chars_max: Some(chars_max), ..self }
    }

    /// Refuses characters that are not seen ([`is_hidden`]). A text that is stored with one is read all the same.
    pub(crate) const fn in_one_line(self) -> Self {
        Self { is_name: true, ..self }
    }

    /// Returns the regular expression of what fits, if not everything does.
    fn pattern(self) -> Option<String> {
        match (self.is_name, self.may_be_blank) {
            (false, true) => None,
            (false, false) => Some("\\S".to_owned()),
            (true, true) => Some(format!("^[^{HIDDEN_CLASS}]*$")),
            (true, false) => Some(format!("^[^{HIDDEN_CLASS}]*[^\\s{HIDDEN_CLASS}][^{HIDDEN_CLASS}]*$")),
        }
    }

    fn check_visible(self, text: &str, at: &Place<'_>, reading: &mut Reading) {
        if let Some(hidden) = text.chars().find(|char| is_hidden(*char)).filter(|_| self.is_name) {
            let (subject, hidden) = (at.subject(), named(hidden));
            let message = format!("{subject} holds the character {hidden}, which is not visible; remove it");
            reading.fault(at, message);
        }
    }
}

impl Reader for Text {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        match self.chars_max {
            Some(max) => format!("a string of at most {max} characters"),
            None => "a string".to_owned(),
        }
    }

    fn schema(&self, _: &Terms) -> Value {
        let mut schema = json!({ "type": "string" });
        if let Some(pattern) = self.pattern() {
            schema["pattern"] = json!(pattern);
        }
        if let Some(max) = self.chars_max {
            schema["maxLength"] = json!(max);
        }
        schema
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let Value::String(text) = value else { return reading.fitting(self, None, value, at) };
        if !self.may_be_blank && text.trim().is_empty() {
            reading.fault(at, format!("{} must not be empty", at.subject()));
            return None;
        }
        let length = text.chars().count();
        if let Some(max) = self.chars_max.filter(|max| length > *max) {
            reading.fault(at, format!("{} has {length} characters; at most {max} are allowed", at.subject()));
            return None;
        }
        self.check_visible(text, at, reading);
        Some(text.clone())
    }
}

/// Reads true or false.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boolean;

/// Returns a reader of true and false.
pub(crate) const fn boolean() -> Boolean {
    Boolean
}

impl Reader for Boolean {
    type Value = bool;

    fn wanted(&self, _: &Limits) -> String {
        "true or false".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "boolean" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<bool> {
        reading.fitting(self, value.as_bool(), value, at)
    }
}

/// Reads a whole number within bounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole {
    min: u32,
    max: u32,
}

/// Returns a reader of whole numbers from `min` to `max`; [`u32::MAX`] is no bound to people.
pub(crate) const fn whole(min: u32, max: u32) -> Whole {
    Whole { min, max }
}

impl Reader for Whole {
    type Value = u32;

    fn wanted(&self, _: &Limits) -> String {
        let Self { min, max } = self;
        if *max == u32::MAX {
            format!("a whole number {min} or more")
        } else {
            format!("a whole number from {min} to {max}")
        }
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "integer", "minimum": self.min, "maximum": self.max })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<u32> {
        let number = crate::json::whole(value).and_then(|number| u32::try_from(number).ok());
        reading.fitting(self, number.filter(|number| (self.min..=self.max).contains(number)), value, at)
    }
}

/// Reads a number within bounds, fractions allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    min: f64,
    max: f64,
}

/// Returns a reader of numbers from `min` to `max`; [`f64::MAX`] is no bound to people.
pub(crate) const fn number(min: f64, max: f64) -> Number {
    Number { min, max }
}

impl Reader for Number {
    type Value = f64;

    fn wanted(&self, _: &Limits) -> String {
        let Self { min, max } = self;
        if *max == f64::MAX {
            format!("a number {min} or more")
        } else {
            format!("a number from {min} to {max}")
        }
    }

    fn schema(&self, _: &Terms) -> Value {
        let mut schema = json!({ "type": "number", "minimum": self.min });
        if self.max < f64::MAX {
            schema["maximum"] = json!(self.max);
        }
        schema
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<f64> {
        let number = value.as_f64().filter(|number| (self.min..=self.max).contains(number));
        reading.fitting(self, number, value, at)
    }
}

/// Reads a span in seconds, more than zero and at most `wait_max`, or less.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    max: Option<Duration>,
}

/// Returns a reader of spans.
pub(crate) const fn seconds() -> Span {
    Span { max: None }
}

impl Span {
    /// Allows no more than `max`.
    pub(crate) const fn at_most(self, max: Duration) -> Self {
        Self { max: Some(max) }
    }

    fn max(&self, limits: &Limits) -> Duration {
        self.max.unwrap_or(limits.wait_max)
    }
}

impl Reader for Span {
    type Value = Seconds;

    fn wanted(&self, limits: &Limits) -> String {
        format!("a number of seconds, more than 0 and at most {}", self.max(limits).as_secs_f64())
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "number", "exclusiveMinimum": 0, "maximum": self.max(&Limits::DEFAULT).as_secs() })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Seconds> {
        let max = self.max(&reading.limits).as_secs_f64();
        let seconds = value.as_f64().filter(|seconds| *seconds <= max).map(Seconds);
        // What rounds to no time at all is refused with zero.
        reading.fitting(self, seconds.filter(|seconds| !seconds.duration().is_zero()), value, at)
    }
}

/// Reads a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment;

/// Returns a reader of moments in RFC 3339.
pub(crate) const fn moment() -> Moment {
    Moment
}

impl Reader for Moment {
    type Value = Timestamp;

    fn wanted(&self, _: &Limits) -> String {
        "a moment such as \"2027-01-31T09:00:00Z\" (RFC 3339)".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "format": "date-time" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Timestamp> {
        let moment = value.as_str().and_then(|text| Timestamp::parse(text).ok());
        reading.fitting(self, moment, value, at)
    }
}

/// Reads a UUID as one of our ids.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id<T>(PhantomData<T>);

/// Returns a reader of ids that are UUIDs.
pub(crate) const fn uuid<T: FromStr>() -> Id<T> {
    Id(PhantomData)
}

impl<T: FromStr> Reader for Id<T> {
    type Value = T;

    fn wanted(&self, _: &Limits) -> String {
        "a UUID".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "format": "uuid" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<T> {
        reading.fitting(self, value.as_str().and_then(|text| text.parse().ok()), value, at)
    }
}

/// Reads one of several words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice<T: 'static>(&'static [(&'static str, T)]);

/// Returns a reader of the words in `choices`, each with what it means.
pub(crate) const fn choice<T: Copy>(choices: &'static [(&'static str, T)]) -> Choice<T> {
    Choice(choices)
}

impl<T: Copy> Choice<T> {
    fn words(&self) -> Vec<&'static str> {
        self.0.iter().map(|(word, _)| *word).collect()
    }
}

impl<T: Copy> Reader for Choice<T> {
    type Value = T;

    fn wanted(&self, _: &Limits) -> String {
        format!("one of {}", quoted(&self.words()))
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "enum": self.words() })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<T> {
        let given = value.as_str().unwrap_or_default();
        let found = self.0.iter().find(|(word, _)| value.is_string() && *word == given);
        if found.is_none() {
            let near = suggestion(given, self.words().into_iter());
            let wanted = self.wanted(&reading.limits);
            reading.fault(at, format!("{} must be {wanted}, not {}{near}", at.subject(), described(value)));
        }
        found.map(|(_, meaning)| *meaning)
    }
}

/// Takes any JSON as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnyJson;

/// Returns a reader of any JSON.
pub(crate) const fn any_json() -> AnyJson {
    AnyJson
}

impl Reader for AnyJson {
    type Value = Value;

    fn wanted(&self, _: &Limits) -> String {
        "any JSON".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({})
    }

    fn read(&self, value: &Value, _: &Place<'_>, _: &mut Reading) -> Option<Value> {
        Some(value.clone())
    }
}
