//! From JSON text to MiniJinja's values and back, within bounds.

use std::cmp::Ordering;
use std::fmt::Write as _;

use minijinja::Value;
use minijinja::value::ValueKind;

use super::error::Problem;
use super::functions::dates;
use super::json_text::{self, Kind};
use super::number;

/// Units that a value costs in addition to the bytes of its text.
const VALUE_UNITS: usize = 32;
/// Bytes of a list or an object that are walked over for one unit.
const BYTES_WALKED_PER_UNIT: usize = 8;
/// Steps that a value takes when it is compared or written.
const STEPS_PER_VALUE: u64 = 4;
/// Bytes of a string that are compared or written for one step.
const BYTES_PER_STEP: usize = 64;
/// Characters of a string that a message repeats.
const SHOWN_CHARS_MAX: usize = 40;
/// Nesting of a result.
const RESULT_DEPTH_MAX: usize = 128;

/// What may still be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    units_max: usize,
    /// Units that were spent on walking over text, and on values.
    walked: usize,
    made: usize,
    depth_max: usize,
}

impl Budget {
    pub(crate) const fn new(units: usize, depth_max: usize) -> Self {
        Self { units_max: units, walked: 0, made: 0, depth_max }
    }

    /// A budget for a text of any size: for reading what a limit elsewhere bounds.
    pub(crate) const fn unlimited(depth_max: usize) -> Self {
        Self::new(usize::MAX, depth_max)
    }

    /// Returns the units that were spent on walking over text, and on values.
    pub(super) const fn spent(&self) -> (usize, usize) {
        (self.walked, self.made)
    }

    /// Spends units on values.
    pub(super) fn spend(&mut self, units: usize) -> Result<(), Problem> {
        self.made = self.made.saturating_add(units);
        self.check()
    }

    /// Spends units on walking over text.
    fn walk(&mut self, units: usize) -> Result<(), Problem> {
        self.walked = self.walked.saturating_add(units);
        self.check()
    }

    fn check(&self) -> Result<(), Problem> {
        if self.walked.saturating_add(self.made) <= self.units_max {
            return Ok(());
        }
        Err(Problem::new(
            "it reads too large a value; only a bare path such as `${node.field}` passes on any size",
        ))
    }
}

/// Reads `text`, of which `mentions` copies may be made.
pub(crate) fn from_json(text: &str, mentions: usize, budget: &mut Budget) -> Result<Value, Problem> {
    read(text, mentions, budget, 0)
}

fn read(text: &str, mentions: usize, budget: &mut Budget, depth: usize) -> Result<Value, Problem> {
    if depth > budget.depth_max {
        return Err(Problem::new(format!("it reads a value nested more than {} deep", budget.depth_max)));
    }
    budget.spend(mentions.saturating_mul(VALUE_UNITS))?;
    let kind = Kind::of(text);
    if matches!(kind, Kind::List | Kind::Object) {
        // Each level walks over all that lies in it, so depth costs what size costs.
        budget.walk(text.len() / BYTES_WALKED_PER_UNIT)?;
    }
    match kind {
        Kind::Null => Ok(Value::from(())),
        Kind::Bool => Ok(Value::from(text.trim() == "true")),
        Kind::Number => Ok(number::from_text(text.trim())),
        Kind::String => {
            budget.spend(mentions.saturating_mul(text.len()))?;
            Ok(Value::from(json_text::string(text).as_ref()))
        }
        Kind::List => {
            let items: Result<Vec<Value>, Problem> =
                json_text::items(text).map(|item| read(item, mentions, budget, depth + 1)).collect();
            items.map(Value::from)
        }
        Kind::Object => {
            let mut pairs = Vec::new();
            for (key, value) in json_text::entries(text) {
                budget.spend(mentions.saturating_mul(VALUE_UNITS + key.len()))?;
                pairs.push((key.into_owned(), read(value, mentions, budget, depth + 1)?));
            }
            Ok(Value::from_pairs(pairs))
        }
    }
}

/// JSON text under construction, of bounded length.
#[derive(Debug)]
pub(crate) struct Writer {
    text: String,
    bytes_max: usize,
}

impl Writer {
    pub(crate) const fn new(bytes_max: usize) -> Self {
        Self { text: String::new(), bytes_max }
    }

    /// Returns a writer with room for `bytes` of text.
    pub(crate) fn with_capacity(bytes: usize, bytes_max: usize) -> Self {
        Self { text: String::with_capacity(bytes), bytes_max }
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    pub(crate) const fn bytes_left(&self) -> usize {
        self.bytes_max.saturating_sub(self.text.len())
    }

    /// Appends JSON text as it is.
    pub(crate) fn raw(&mut self, text: &str) -> Result<(), Problem> {
        self.reserve(text.len())?;
        self.text.push_str(text);
        Ok(())
    }

    /// Appends `text` as a JSON string.
    pub(crate) fn string(&mut self, text: &str) -> Result<(), Problem> {
        self.raw("\"")?;
        self.escaped(text)?;
        self.raw("\"")
    }

    /// Appends `text` as a part of a JSON string.
    pub(crate) fn escaped(&mut self, text: &str) -> Result<(), Problem> {
        self.reserve(text.len())?;
        let mut from = 0;
        for (at, byte) in text.bytes().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.text.push_str(&text[from..at]);
            match byte {
                b'"' => self.text.push_str("\\\""),
                b'\\' => self.text.push_str("\\\\"),
                b'\n' => self.text.push_str("\\n"),
                b'\r' => self.text.push_str("\\r"),
                b'\t' => self.text.push_str("\\t"),
                _ => {
                    let _ = write!(self.text, "\\u{byte:04x}");
                }
            }
            from = at + 1;
        }
        self.text.push_str(&text[from..]);
        self.reserve(0)
    }

    fn reserve(&self, more: usize) -> Result<(), Problem> {
        if self.text.len() + more > self.bytes_max {
            return Err(Problem::new(format!("the result is larger than {} bytes", self.bytes_max)));
        }
        Ok(())
    }
}

/// Writes `value` as JSON.
pub(crate) fn write_json(value: &Value, writer: &mut Writer) -> Result<(), Problem> {
    write(value, writer, 0)
}

fn write(value: &Value, writer: &mut Writer, depth: usize) -> Result<(), Problem> {
    if depth > RESULT_DEPTH_MAX {
        return Err(Problem::new(format!("the result is nested more than {RESULT_DEPTH_MAX} deep")));
    }
    if let Some(text) = value.as_str() {
        return writer.string(text);
    }
    if number::is_number(value) {
        return write_number(value, writer);
    }
    if let Some(date) = dates::text_of(value) {
        return writer.string(&date);
    }
    match value.kind() {
        ValueKind::None => writer.raw("null"),
        ValueKind::Bool => writer.raw(if value.is_true() { "true" } else { "false" }),
        ValueKind::Seq | ValueKind::Iterable => write_list(value, writer, depth),
        ValueKind::Map => write_object(value, writer, depth),
        ValueKind::Undefined => Err(Problem::new("a part of the result has no value")),
        kind @ (ValueKind::Number
        | ValueKind::Bytes
        | ValueKind::String
        | ValueKind::Plain
        | ValueKind::Invalid
        | _) => Err(Problem::new(format!("the result holds {kind}, which JSON has no word for"))),
    }
}

fn write_number(value: &Value, writer: &mut Writer) -> Result<(), Problem> {
    match number::text_of(value) {
        Some(text) => writer.raw(&text),
        None => Err(Problem::new("the result is not a finite number")),
    }
}

fn write_list(value: &Value, writer: &mut Writer, depth: usize) -> Result<(), Problem> {
    writer.raw("[")?;
    for (number, item) in value.try_iter().map_err(|error| from_engine(&error))?.enumerate() {
        if number > 0 {
            writer.raw(",")?;
        }
        write(&item, writer, depth + 1)?;
    }
    writer.raw("]")
}

fn write_object(value: &Value, writer: &mut Writer, depth: usize) -> Result<(), Problem> {
    writer.raw("{")?;
    for (number, key) in value.try_iter().map_err(|error| from_engine(&error))?.enumerate() {
        if number > 0 {
            writer.raw(",")?;
        }
        match key.as_str() {
            Some(name) => writer.string(name)?,
            None if number::is_number(&key) => writer.string(&key.to_string())?,
            None => return Err(Problem::new(format!("the result has {} as a field's name", key.kind()))),
        }
        writer.raw(":")?;
        write(&value.get_item(&key).map_err(|error| from_engine(&error))?, writer, depth + 1)?;
    }
    writer.raw("}")
}

/// Orders two numbers, two strings or two dates.
pub(crate) fn order(left: &Value, right: &Value) -> Result<Ordering, Problem> {
    if let Some(order) = number::compare(left, right).or_else(|| dates::compare(left, right)) {
        return Ok(order);
    }
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        return Ok(left.cmp(right));
    }
    let (left, right) = (described(left), described(right));
    Err(Problem::new(format!(
        "{left} has no order with {right}; only two numbers, two strings or two dates have"
    )))
}

/// Returns the steps that it takes to compare all that is in `value`, or to write it.
pub(crate) fn weight(value: &Value) -> u64 {
    let items = || value.try_iter().into_iter().flatten();
    let inside: u64 = if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        items().map(|item| weight(&item)).sum()
    } else if value.kind() == ValueKind::Map {
        items().filter_map(|key| value.get_item(&key).ok()).map(|item| weight(&item)).sum()
    } else {
        value.as_str().map_or(0, |text| (text.len() / BYTES_PER_STEP) as u64)
    };
    STEPS_PER_VALUE + inside
}

/// Whether two values are the same: numbers by all their digits, lists and objects by what they contain.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    if let Some(order) = number::compare(left, right) {
        return order.is_eq();
    }
    match (left.kind(), right.kind()) {
        (ValueKind::Seq | ValueKind::Iterable, ValueKind::Seq | ValueKind::Iterable) => {
            left.len() == right.len()
                && match (left.try_iter(), right.try_iter()) {
                    (Ok(left), Ok(right)) => left.zip(right).all(|(left, right)| equal(&left, &right)),
                    _ => false,
                }
        }
        (ValueKind::Map, ValueKind::Map) => {
            left.len() == right.len()
                && left.try_iter().is_ok_and(|mut keys| {
                    keys.all(|key| match (left.get_item(&key), right.get_item(&key)) {
                        (Ok(left), Ok(right)) => equal(&left, &right),
                        _ => false,
                    })
                })
        }
        (one, other) => one == other && left == right,
    }
}

/// Returns a value as a message shows it.
pub(crate) fn described(value: &Value) -> String {
    if number::is_number(value) {
        return format!("the number {value}");
    }
    if let Some(date) = dates::text_of(value) {
        return format!("the date {date}");
    }
    match value.kind() {
        ValueKind::None => "null".to_owned(),
        ValueKind::Bool => "a boolean".to_owned(),
        ValueKind::String => {
            let start: String = value.as_str().unwrap_or_default().chars().take(SHOWN_CHARS_MAX).collect();
            format!("the string {start:?}")
        }
        ValueKind::Seq | ValueKind::Iterable => "a list".to_owned(),
        ValueKind::Map => "an object".to_owned(),
        other @ (ValueKind::Undefined
        | ValueKind::Number
        | ValueKind::Bytes
        | ValueKind::Plain
        | ValueKind::Invalid
        | _) => other.to_string(),
    }
}

fn from_engine(error: &minijinja::Error) -> Problem {
    Problem::new(error.detail().map_or_else(|| error.kind().to_string(), str::to_owned))
}
