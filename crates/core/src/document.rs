//! JSON documents that people write: flows and agents, read key by key.
//!
//! Each part of a document has one function that goes over its keys with [`Keys`]. The function reads the part, with every
//! fault and its place, and it describes the part: the JSON Schema, the OpenAPI document and the tables in `docs/` come
//! from the same lines, so that what is accepted and what is described cannot differ.

mod currency;
mod describe;
mod faults;
mod keys;
mod names;
mod readers;

use serde_json::Value;

use crate::expression::ExpressionError;
use crate::ids::NodeId;
use crate::limits::Limits;
use crate::template::{self, Piece, pieces};

pub(crate) use crate::place::Place;
pub(crate) use currency::currency;
pub use describe::{Description, KeyDescription};
pub(crate) use describe::{Terms, named, reference};
pub use faults::{Fault, Faults};
pub(crate) use keys::{Key, Keys, Plain, Unknown, key};
use names::suggestion;
pub(crate) use names::{described, described_without_text, quoted};
pub(crate) use readers::{
    AnyName, Name, Object, Reader, Text, any_json, boolean, choice, entries, list, moment, number, object,
    one_or_many, plain_text, seconds, text, uuid, whole,
};

/// Whether strings are templates, which have no value yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strings {
    /// They are what they are.
    Literal,
    /// Those with `${…}` are checked when a node runs, by the same reader.
    Templates,
}

/// A document being read: its bounds, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) limits: Limits,
    pub(crate) faults: Faults,
    /// The ids of nodes that an expression cannot write without quotes, the longest first.
    pub(crate) quoted_ids: Vec<NodeId>,
    /// How many nodes it has so far.
    pub(crate) nodes: usize,
    strings: Strings,
    /// The expressions counted so far.
    expressions: template::Size,
    /// Where there were too many.
    exceeded_at: Option<String>,
}

impl Reading {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            faults: Faults::default(),
            quoted_ids: Vec::new(),
            nodes: 0,
            strings: Strings::Literal,
            expressions: template::Size::default(),
            exceeded_at: None,
        }
    }

    /// Reads an object by its keys.
    pub(crate) fn object<T>(
        &mut self,
        value: &Value,
        at: &Place<'_>,
        unknown: Unknown,
        read: impl FnOnce(&mut Keys<'_>) -> Option<T>,
    ) -> Option<T> {
        let Value::Object(map) = value else {
            self.fault(at, format!("an object is needed here, not {}", described_without_text(value)));
            return None;
        };
        let mut keys = Keys::given(map, at, self);
        let thing = read(&mut keys);
        if unknown == Unknown::Refused {
            keys.refuse_unknown();
        }
        thing
    }

    /// Reads a value that is not null. A template has no value yet.
    pub(crate) fn value<R: Reader>(&mut self, reader: &R, value: &Value, at: &Place<'_>) -> Option<R::Value> {
        let Value::String(text) = value else { return reader.read(value, at, self) };
        if self.strings == Strings::Literal || !text.contains("${") {
            return reader.read(value, at, self);
        }
        if let Some(constant) = constant_text(text) {
            return reader.read(&constant.into(), at, self);
        }
        reader.check_template(text, at, self);
        None
    }

    /// Reads with `strings` as given, and goes back to what was before.
    pub(crate) fn with_strings<T>(&mut self, strings: Strings, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.strings, strings);
        let result = read(self);
        self.strings = before;
        result
    }

    /// Returns whether strings are templates, so that what is read is what people write.
    pub(crate) fn reads_templates(&self) -> bool {
        self.strings == Strings::Templates
    }

    pub(crate) fn fault(&mut self, at: &Place<'_>, message: impl Into<String>) {
        if self.faults.is_full() {
            self.faults.count_others(1);
        } else {
            self.faults.add(at.pointer(), message);
        }
    }

    /// Counts expressions that are at `at` before they are compiled. Returns whether they may be: a document has a limit
    /// of them.
    pub(crate) fn may_compile(&mut self, size: template::Size, at: &Place<'_>) -> bool {
        self.expressions = self.expressions.plus(size);
        let Limits { expressions_max, expressions_chars_max, patterns_max, .. } = self.limits;
        let template::Size { count, chars, patterns } = self.expressions;
        let may = count <= expressions_max && chars <= expressions_chars_max && patterns <= patterns_max;
        if !may && self.exceeded_at.is_none() {
            self.exceeded_at = Some(at.pointer());
        }
        may
    }

    /// Returns the fault of a document with too many expressions.
    pub(crate) fn excess(&self) -> Option<Fault> {
        let pointer = self.exceeded_at.clone()?;
        let template::Size { count, chars, patterns } = self.expressions;
        let Limits { expressions_max, expressions_chars_max, patterns_max, .. } = self.limits;
        let message = format!(
            "the document has {count} expressions with {chars} characters and {patterns} regular expressions; at most \
             {expressions_max} with {expressions_chars_max} and {patterns_max} are allowed, and this is the first beyond. \
             Divide the flow, or use fewer expressions"
        );
        Some(Fault { pointer, message })
    }

    /// Returns everything that is wrong. That there are too many expressions comes first.
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        let excess = self.excess();
        excess.into_iter().chain(self.faults.into_all()).collect()
    }

    /// Returns `found`, or says that what is at `at` is not what `reader` wants.
    pub(crate) fn fitting<R: Reader>(
        &mut self,
        reader: &R,
        found: Option<R::Value>,
        value: &Value,
        at: &Place<'_>,
    ) -> Option<R::Value> {
        if found.is_none() && self.faults.is_full() {
            self.faults.count_others(1);
        } else if found.is_none() {
            let wanted = reader.wanted(&self.limits);
            self.fault(at, format!("{} must be {wanted}, not {}", at.subject(), reader.described(value)));
        }
        found
    }

    /// Adds a fault at a JSON pointer relative to `at`.
    pub(crate) fn fault_below(&mut self, at: &Place<'_>, below: &str, message: String) {
        if self.faults.is_full() {
            self.faults.count_others(1);
        } else {
            self.faults.add(format!("{}{below}", at.pointer()), message);
        }
    }

    /// Returns what was compiled, or adds the faults of the expressions at `at` or below.
    pub(crate) fn compiled<T>(
        &mut self,
        result: Result<T, Vec<(String, ExpressionError)>>,
        at: &Place<'_>,
    ) -> Option<T> {
        let errors = match result {
            Ok(compiled) => return Some(compiled),
            Err(errors) => errors,
        };
        let pointer = at.pointer();
        for (below, error) in errors {
            self.faults.add(format!("{pointer}{below}"), error.to_string());
        }
        None
    }
}

/// Returns what a string is that holds no expression, with `$${` read as `${`; `None` where it holds one.
fn constant_text(text: &str) -> Option<String> {
    match pieces(text).ok()?.as_slice() {
        [Piece::Text(text)] => Some(text.clone()),
        _ => None,
    }
}
