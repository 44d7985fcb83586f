//! Templates: JSON in which strings may hold `${ … }`.
//!
//! A string that is one `${ … }` becomes the expression's value, type and all. Inside a longer string the value is put in
//! as text: strings as they are, everything else as JSON. `$${` is read as the characters `${` (read from the left, so
//! `$$${x}` is `$` and then the characters `${x}`). Inside `${ … }`, strings may hold any character, `}` included. Keys
//! of objects are never templates. A template without any `${` is constant and costs nothing to resolve.
//!
//! One string of a template can be a URL, in which a value stays one segment of the path or one value of the query, and
//! one can be a form, in which a value stays one name or one value of a field. What `urlencode` has encoded is put in as
//! it is.

mod filled;
mod secrets;
mod split;
#[cfg(test)]
mod tests;
mod url;

use std::sync::Arc;

use serde_json::Value;

use crate::expression::values::Writer;
use crate::expression::{
    Evaluated, Expression, ExpressionError, PATTERN_FILTERS, Problem, Site, percent_encoded,
};
use crate::limits::Limits;
use crate::payload::Payload;
use crate::place::Place;
pub use crate::place::pointer_token;
use crate::scope::{References, Scope};

use self::filled::{Encoding, Filled, Part as TextPart};
pub use self::secrets::{Resolved, SecretPlace, SecretSlot};
pub(crate) use self::split::{Piece, pieces, unwrapped};

/// Bytes of room for what a template resolves to: most need no more.
const ROOM: usize = 128;

/// A JSON value whose strings may hold expressions, compiled. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Template {
    program: Program,
    references: References,
    bytes_max: usize,
}

/// Strings of a template in which values are encoded, as JSON pointers. A string that is one template never is one of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoded<'a> {
    /// A URL.
    pub url: Option<&'a str>,
    /// A form (`application/x-www-form-urlencoded`).
    pub form: Option<&'a str>,
}

#[derive(Clone, Debug)]
enum Program {
    /// Nothing to evaluate.
    Constant(Payload),
    /// What to write, one behind the other.
    Parts(Arc<[Part]>),
}

#[derive(Clone, Debug)]
enum Part {
    /// JSON text.
    Raw(String),
    /// A value of its own.
    Whole { pointer: String, expression: Expression },
    /// Text inside a JSON string whose quotes are in the parts around it.
    Inside { pointer: String, expression: Expression },
    /// A part of a form, in the same way.
    InForm { pointer: String, expression: Expression },
    /// A string that is a URL, or one that holds secrets.
    Filled(Filled),
}

impl Template {
    /// Compiles every string in `document`.
    ///
    /// # Errors
    /// Every expression that does not compile, with its JSON pointer relative to `document`.
    pub fn compile(document: &Value, limits: &Limits) -> Result<Self, Vec<(String, ExpressionError)>> {
        Self::compile_with(document, limits, Encoded::default())
    }

    /// Compiles like [`Template::compile`], with strings in which values are encoded.
    ///
    /// # Errors
    /// As [`Template::compile`].
    pub fn compile_with(
        document: &Value,
        limits: &Limits,
        encoded: Encoded<'_>,
    ) -> Result<Self, Vec<(String, ExpressionError)>> {
        let mut compiler =
            Compiler { limits, encoded, parts: Vec::new(), faults: Vec::new(), expressions: 0 };
        compiler.value(document, &Place::root(""));
        if !compiler.faults.is_empty() {
            return Err(compiler.faults);
        }
        Ok(compiler.finish())
    }

    /// Returns the JSON with every expression's value in its place. Numbers and texts that come from a payload are copied
    /// as they are there.
    ///
    /// # Errors
    /// The first expression that has no value, or that the result is larger than `input_bytes_max` bytes.
    pub fn resolve(&self, scope: &Scope) -> Result<Payload, ExpressionError> {
        self.resolve_into(scope, &mut Vec::new())
    }

    /// Resolves like [`Template::resolve`], and says where the secrets of the template are.
    ///
    /// # Errors
    /// As [`Template::resolve`].
    pub fn resolve_call(&self, scope: &Scope) -> Result<Resolved, ExpressionError> {
        let mut slots = Vec::new();
        let input = self.resolve_into(scope, &mut slots)?;
        let secrets = if slots.is_empty() { Arc::default() } else { slots.into() };
        Ok(Resolved { input, secrets })
    }

    fn resolve_into(&self, scope: &Scope, slots: &mut Vec<SecretSlot>) -> Result<Payload, ExpressionError> {
        let parts = match &self.program {
            Program::Constant(payload) => return Ok(payload.clone()),
            Program::Parts(parts) => parts,
        };
        if let [Part::Whole { expression, .. }] = &**parts {
            return expression.evaluate(scope);
        }
        let mut writer = Writer::with_capacity(ROOM, self.bytes_max);
        for part in parts.iter() {
            part.write(scope, &mut writer, slots)?;
        }
        scope.meter.charge_written(self.bytes_max - writer.bytes_left());
        Payload::parse(writer.into_text())
            .map_err(|error| ExpressionError::beside(format!("the resolved template is no JSON: {error}")))
    }

    /// Returns what the template names.
    pub const fn references(&self) -> &References {
        &self.references
    }

    /// Returns the secrets that the template names, in the document's order, each with the JSON pointer of its string.
    pub fn secrets(&self) -> impl Iterator<Item = (&str, &Arc<str>)> {
        self.expressions().flat_map(|(pointer, expression)| {
            expression.references().secrets.iter().map(move |name| (pointer, name))
        })
    }

    /// Returns what the template resolves to where that is always the same.
    pub const fn constant(&self) -> Option<&Payload> {
        match &self.program {
            Program::Constant(payload) => Some(payload),
            Program::Parts(_) => None,
        }
    }

    /// Returns the expressions that whole strings consist of, with the JSON pointers of these.
    pub(crate) fn wholes(&self) -> impl Iterator<Item = (&str, &Expression)> {
        let parts: &[Part] = match &self.program {
            Program::Constant(_) => &[],
            Program::Parts(parts) => parts,
        };
        parts.iter().filter_map(|part| match part {
            Part::Whole { pointer, expression } => Some((pointer.as_ref(), expression)),
            Part::Raw(_) | Part::Inside { .. } | Part::InForm { .. } | Part::Filled(_) => None,
        })
    }

    /// Returns every expression with the JSON pointer of its string.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = (&str, &Expression)> {
        let parts: &[Part] = match &self.program {
            Program::Constant(_) => &[],
            Program::Parts(parts) => parts,
        };
        parts.iter().flat_map(Part::expressions)
    }
}

impl Part {
    /// Returns the expressions, with the JSON pointer of the string.
    fn expressions(&self) -> Vec<(&str, &Expression)> {
        match self {
            Self::Raw(_) => Vec::new(),
            Self::Whole { pointer, expression }
            | Self::Inside { pointer, expression }
            | Self::InForm { pointer, expression } => vec![(pointer.as_str(), expression)],
            Self::Filled(filled) => {
                filled.expressions().map(|found| (filled.pointer.as_str(), found)).collect()
            }
        }
    }

    fn write(
        &self,
        scope: &Scope,
        writer: &mut Writer,
        slots: &mut Vec<SecretSlot>,
    ) -> Result<(), ExpressionError> {
        match self {
            Self::Raw(text) => {
                writer.raw(text).map_err(|problem| ExpressionError::beside(problem.to_string()))
            }
            Self::Whole { expression, .. } => {
                expression.value(scope)?.write_json(writer).map_err(|problem| expression.error(problem))
            }
            Self::Inside { expression, .. } => {
                expression.value(scope)?.write_text(writer).map_err(|problem| expression.error(problem))
            }
            Self::InForm { expression, .. } => write_field(&expression.value(scope)?, expression, writer)
                .map_err(|problem| expression.error(problem)),
            Self::Filled(filled) => filled.write(scope, writer, slots),
        }
    }
}

/// Writes the value of `expression` as one name or value of a form.
fn write_field(value: &Evaluated<'_>, expression: &Expression, writer: &mut Writer) -> Result<(), Problem> {
    if expression.is_url_encoded() {
        return value.write_text(writer);
    }
    let text = value.text(writer.bytes_left())?;
    writer.raw(&percent_encoded(&text))
}

/// How many expressions there are, and how long they are together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) count: usize,
    pub(crate) chars: usize,
    /// Regular expressions in them.
    pub(crate) patterns: usize,
}

impl Size {
    /// Returns the size of one expression.
    pub(crate) fn of_one(text: &str) -> Self {
        Self { count: 1, chars: text.chars().count(), patterns: text.matches(PATTERN_FILTERS).count() }
    }

    /// Returns the size of the expressions in the strings of `document`, compiling none. A `${` that is never closed
    /// counts as one.
    pub(crate) fn of(document: &Value) -> Self {
        match document {
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::default(),
            Value::String(text) => Self::of_text(text),
            Value::Array(items) => items.iter().map(Self::of).fold(Self::default(), Self::plus),
            Value::Object(fields) => fields.values().map(Self::of).fold(Self::default(), Self::plus),
        }
    }

    fn of_text(text: &str) -> Self {
        if !text.contains("${") {
            return Self::default();
        }
        let Ok(pieces) = pieces(text) else { return Self { count: 1, ..Self::default() } };
        let expressions = pieces.iter().map(|piece| match piece {
            Piece::Text(_) => Self::default(),
            Piece::Expression(inner) => Self::of_one(inner),
        });
        expressions.fold(Self::default(), Self::plus)
    }

    /// Returns both together.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            chars: self.chars.saturating_add(other.chars),
            patterns: self.patterns.saturating_add(other.patterns),
        }
    }
}

struct Compiler<'l> {
    limits: &'l Limits,
    encoded: Encoded<'l>,
    parts: Vec<Part>,
    faults: Vec<(String, ExpressionError)>,
    /// How many expressions there are so far.
    expressions: usize,
}

impl Compiler<'_> {
    fn value(&mut self, value: &Value, at: &Place<'_>) {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => self.raw(&value.to_string()),
            // Nearly every string is only text.
            Value::String(text) if !text.contains('$') => self.raw(&value.to_string()),
            Value::String(text) => self.string(text, at),
            Value::Array(items) => {
                self.raw("[");
                for (number, item) in items.iter().enumerate() {
                    self.raw(if number > 0 { "," } else { "" });
                    self.value(item, &at.entry(number));
                }
                self.raw("]");
            }
            Value::Object(fields) => {
                self.raw("{");
                for (number, (key, value)) in fields.iter().enumerate() {
                    self.raw(if number > 0 { "," } else { "" });
                    self.raw(&Value::from(key.as_str()).to_string());
                    self.raw(":");
                    self.value(value, &at.key(key));
                }
                self.raw("}");
            }
        }
    }

    fn string(&mut self, text: &str, at: &Place<'_>) {
        let pieces = match pieces(text) {
            Ok(pieces) => pieces,
            Err(problem) => return self.fault(at, ExpressionError::beside(problem.to_string())),
        };
        if let [Piece::Text(text)] = pieces.as_slice() {
            return self.raw(&Value::from(text.as_str()).to_string());
        }
        let length_max = self.limits.expression_pointer_bytes_max;
        if at.length() > length_max {
            let message = format!(
                "the keys that lead to this expression have more than {length_max} bytes together; use shorter keys"
            );
            return self.fault(at, ExpressionError::beside(message));
        }
        let pointer = at.whole_pointer();
        let pointer = pointer.as_str();
        let Some(compiled) = self.compiled(pieces, pointer) else { return };
        let has_secrets = compiled.iter().any(TextPart::is_secret);
        let is_lone = compiled.len() == 1;
        let encoding = match pointer {
            // A string that is one template is taken as it is.
            _ if is_lone => Encoding::None,
            _ if self.encoded.url == Some(pointer) => Encoding::Url,
            _ if self.encoded.form == Some(pointer) => Encoding::Form,
            _ => Encoding::None,
        };
        if has_secrets || encoding == Encoding::Url {
            let pointer = pointer.to_owned();
            self.parts.push(Part::Filled(Filled { pointer, parts: compiled, encoding }));
            return;
        }
        self.plain(compiled, pointer, encoding);
    }

    /// Compiles the expressions of a string; `None` if one of them has a fault.
    fn compiled(&mut self, pieces: Vec<Piece<'_>>, pointer: &str) -> Option<Vec<TextPart>> {
        let compiled: Vec<Option<TextPart>> = pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(TextPart::Text(text)),
                Piece::Expression(inner) => self.expression(inner, pointer).map(TextPart::Value),
            })
            .collect();
        compiled.into_iter().collect()
    }

    /// Writes a string without secrets, which is no URL.
    fn plain(&mut self, parts: Vec<TextPart>, pointer: &str, encoding: Encoding) {
        if let [TextPart::Value(_)] = parts.as_slice() {
            self.parts.extend(
                parts
                    .into_iter()
                    .filter_map(TextPart::into_expression)
                    .map(|expression| Part::Whole { pointer: pointer.to_owned(), expression }),
            );
            return;
        }
        self.raw("\"");
        for part in parts {
            let pointer = pointer.to_owned();
            match part {
                TextPart::Text(text) => self.raw(&escaped(&text)),
                TextPart::Value(expression) if encoding == Encoding::Form => {
                    self.parts.push(Part::InForm { pointer, expression });
                }
                TextPart::Value(expression) => self.parts.push(Part::Inside { pointer, expression }),
            }
        }
        self.raw("\"");
    }

    fn expression(&mut self, text: &str, pointer: &str) -> Option<Expression> {
        self.expressions += 1;
        let site = Site { pointer: "", number: self.expressions };
        match Expression::compile_at(site, text, self.limits) {
            Ok(expression) => Some(expression),
            Err(error) => {
                self.faults.push((pointer.to_owned(), error));
                None
            }
        }
    }

    fn fault(&mut self, at: &Place<'_>, error: ExpressionError) {
        self.faults.push((at.pointer(), error));
    }

    fn raw(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Raw(before)) => before.push_str(text),
            _ => self.parts.push(Part::Raw(text.to_owned())),
        }
    }

    fn finish(self) -> Template {
        let expressions = self.parts.iter().flat_map(Part::expressions);
        let references = References::of_all(expressions.map(|(_, expression)| expression.references()));
        let program = match self.parts.as_slice() {
            [Part::Raw(text)] => Program::Constant(constant(text)),
            _ => Program::Parts(self.parts.into()),
        };
        let bytes_max = self.limits.input_bytes_max;
        Template { program, references, bytes_max }
    }
}

fn constant(text: &str) -> Payload {
    Payload::parse(text.to_owned()).expect("the parts of a value without expressions are its JSON text")
}

/// Returns `text` as the inside of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
