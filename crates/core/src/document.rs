//! JSON documents that people write: flows and agents, read key by key.
//!
//! Each part of a document has one function that goes over its keys with [`Keys`]. The function reads the part, with every
//! fault and its place, and it describes the part: the JSON Schema, the OpenAPI document and the tables in `docs/` come
//! from the same lines, so that what is accepted and what is described cannot differ.

mod describe;
mod keys;
mod names;
mod readers;

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::expression::ExpressionError;
use crate::ids::NodeId;
use crate::limits::Limits;
use crate::template::{Piece, pieces, pointer_token};

pub use describe::{Description, KeyDescription};
pub(crate) use describe::{Terms, named, reference};
pub(crate) use keys::{Key, Keys, Plain, Unknown, key};
use names::suggestion;
pub(crate) use names::{described, quoted};
pub(crate) use readers::{
    AnyName, Name, Object, Reader, Text, any_json, boolean, choice, entries, list, moment, not_yet, number,
    object, one_or_many, plain_text, seconds, text, uuid, whole,
};

/// One fault of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where, as a JSON pointer (RFC 6901) into the document; empty for the document itself.
    pub pointer: String,
    /// What is wrong and what would be right, as a sentence without its full stop.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.message)
    }
}

/// Faults up to which the nearest name is looked for: beyond, a document is broken in some other way.
const SUGGESTIONS_MAX: usize = 50;

/// The faults found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.0.push(Fault { pointer: pointer.into(), message: message.into() });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `; did you mean …?` where one of `names` is near `given`.
    pub(crate) fn suggestion<'n>(&self, given: &str, names: impl Iterator<Item = &'n str>) -> String {
        if self.0.len() >= SUGGESTIONS_MAX { String::new() } else { suggestion(given, names) }
    }

    pub(crate) fn into_all(self) -> Vec<Fault> {
        self.0
    }
}

/// Where a value is in its document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'p> {
    above: Option<&'p Self>,
    token: Token<'p>,
}

#[derive(Clone, Copy, Debug)]
enum Token<'p> {
    /// The pointer of the whole of what is read.
    Root(&'p str),
    Key(&'p str),
    Entry(usize),
}

impl<'p> Place<'p> {
    /// Begins at `pointer`.
    pub(crate) const fn root(pointer: &'p str) -> Self {
        Self { above: None, token: Token::Root(pointer) }
    }

    /// Returns the place of `key` in the object that is here.
    pub(crate) const fn key(&'p self, key: &'p str) -> Self {
        Self { above: Some(self), token: Token::Key(key) }
    }

    /// Returns the place of an entry of the list that is here.
    pub(crate) const fn entry(&'p self, number: usize) -> Self {
        Self { above: Some(self), token: Token::Entry(number) }
    }

    /// Returns the JSON pointer.
    pub(crate) fn pointer(&self) -> String {
        let above = self.above.map_or_else(String::new, Place::pointer);
        match self.token {
            Token::Root(pointer) => pointer.to_owned(),
            Token::Key(key) => format!("{above}/{}", pointer_token(key)),
            Token::Entry(number) => format!("{above}/{number}"),
        }
    }

    /// Returns how a message names what is here.
    pub(crate) fn subject(&self) -> String {
        match self.token {
            Token::Root(_) => "this".to_owned(),
            Token::Key(key) => format!("`{key}`"),
            Token::Entry(_) => "an entry".to_owned(),
        }
    }
}

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
    strings: Strings,
}

impl Reading {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limits: *limits, faults: Faults::default(), quoted_ids: Vec::new(), strings: Strings::Literal }
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
            self.fault(at, format!("an object is needed here, not {}", described(value)));
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

    pub(crate) fn fault(&mut self, at: &Place<'_>, message: impl Into<String>) {
        self.faults.add(at.pointer(), message);
    }

    /// Returns `found`, or says that what is at `at` is not what `reader` wants.
    pub(crate) fn fitting<R: Reader>(
        &mut self,
        reader: &R,
        found: Option<R::Value>,
        value: &Value,
        at: &Place<'_>,
    ) -> Option<R::Value> {
        if found.is_none() {
            let wanted = reader.wanted(&self.limits);
            self.fault(at, format!("{} must be {wanted}, not {}", at.subject(), described(value)));
        }
        found
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
