//! Expressions: what is written in `${ … }` and in conditions.
//!
//! The language is MiniJinja's expression language with a fixed set of filters and tests, with the functions `now()` and
//! `uuid()`, which give the same in all attempts of a node, and with these names in scope: `trigger_data`, `context` (`id`, `type`), `execution` (`id`, `retry_of`, `started_at`), `attempt`,
//! `nodes.<id>.output`, `nodes.<id>.error` (`class`, `message`), and short, as `<id>`, the output of a node that has
//! completed. `<id>.output` is that output too, unless it has a field `output` of its own. Ids that are no words are
//! written `nodes["fetch-data"].output`. `secrets.NAME` is an expression only by itself and gives the text
//! `${secrets.NAME}`: who sends the value puts the secret in.
//!
//! An expression that is only a path is answered from the JSON text ([`path`]); everything else goes through MiniJinja
//! ([`engine`]), which is bounded in steps, memory and depth. Nothing here reads files, variables of the environment
//! or another execution: there is no name for them.

mod access;
mod compile;
mod engine;
mod error;
mod functions;
pub(crate) mod json_text;
mod meter;
mod number;
mod parse;
mod path;
mod rewrite;
mod sameness;
mod site;
mod slots;
#[cfg(test)]
pub(crate) mod tests;
mod unique;
mod uses;
pub(crate) mod values;

use std::borrow::Cow;
use std::sync::Arc;

use minijinja::Value;

use crate::ids::NodeId;
use crate::limits::Limits;
use crate::payload::Payload;
use crate::scope::{References, Scope};

use self::compile::Compiled;
pub(crate) use self::compile::steps_from;
pub(crate) use self::engine::PATTERN_FILTERS;
pub use self::error::ExpressionError;
pub(crate) use self::error::Problem;
pub(crate) use self::functions::{moment, percent_encoded};
use self::json_text::Kind;
pub use self::meter::Meter;
use self::path::Path;
pub(crate) use self::path::{Found, Source, Step, is_word, walk};
pub(crate) use self::site::Site;
pub(crate) use self::uses::Use;
pub use self::uses::ValueType;
use self::values::{Budget, Writer};

/// Nodes that the beginning of a path is taken for, the longest id first.
const IDS_TRIED_MAX: usize = 4;

/// A compiled expression. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Expression {
    text: Arc<str>,
    compiled: Compiled,
    references: References,
    bytes_max: usize,
}

/// What an expression gave.
#[derive(Clone, Debug)]
pub(crate) enum Evaluated<'s> {
    /// JSON text, as it is in the scope.
    Found(Found<'s>),
    /// A calculated value.
    Value(Value),
    /// A text that is not JSON yet.
    Text(String),
}

impl Expression {
    /// Compiles `text`, without `${}` around it.
    ///
    /// # Errors
    /// What is wrong with it: the syntax, a name, filter or test that there is not, or its length
    /// (`expression_chars_max` characters, 400 words and signs, 32 brackets deep, 32 signs inside one another).
    pub fn compile(text: &str, limits: &Limits) -> Result<Self, ExpressionError> {
        Self::compile_at(Site::default(), text, limits)
    }

    /// Compiles the expression that is at `site`.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub(crate) fn compile_at(site: Site<'_>, text: &str, limits: &Limits) -> Result<Self, ExpressionError> {
        let text = text.trim();
        let compiled =
            compile::compile(site, text, limits).map_err(|problem| ExpressionError::new(text, problem))?;
        let mut references = References::default();
        compile::add_references(&compiled, &mut references);
        Ok(Self { text: text.into(), compiled, references, bytes_max: limits.input_bytes_max })
    }

    /// Compiles a path that begins with one of `ids`, which need not be words: `fetch-data.items[0]`. `None` if `text`
    /// begins with none of them, or is more than a path.
    pub(crate) fn path_from(text: &str, ids: &[NodeId], limits: &Limits) -> Option<Self> {
        let text = text.trim();
        let behind = |id: &'_ NodeId| text.strip_prefix(id.as_str());
        let is_path = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
        let begun = ids.iter().filter(|id| behind(id).is_some_and(is_path));
        // Ids that begin with each other, and a text that begins with all of them, are read only so far.
        begun.take(IDS_TRIED_MAX).find_map(|id| {
            let steps = compile::steps_from("_", &format!("_{}", behind(id)?), limits)?;
            let compiled = Compiled::Path(Path::of_node(id.clone(), steps));
            let mut references = References::default();
            compile::add_references(&compiled, &mut references);
            Some(Self { text: text.into(), compiled, references, bytes_max: limits.input_bytes_max })
        })
    }

    /// Returns the expression as it was written, without `${}`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns what the expression names.
    pub const fn references(&self) -> &References {
        &self.references
    }

    /// Evaluates the expression. The result shares the payload where the expression is a bare `trigger_data` or node.
    ///
    /// # Errors
    /// A value that it names is not there, its values do not fit its operators, or it is too expensive: more than
    /// `expression_fuel` steps, more than the scope's meter has left, a result of more than `input_bytes_max` bytes.
    pub fn evaluate(&self, scope: &Scope) -> Result<Payload, ExpressionError> {
        let evaluated = self.value(scope)?;
        if let Evaluated::Found(Found::Whole(payload)) = evaluated {
            return Ok(payload.clone());
        }
        let mut writer = Writer::new(self.bytes_max);
        evaluated.write_json(&mut writer).map_err(|problem| self.error(problem))?;
        scope.meter.charge_written(self.bytes_max - writer.bytes_left());
        Payload::parse(writer.into_text()).map_err(|error| self.error(Problem::new(error.to_string())))
    }

    /// Evaluates without writing the result down.
    pub(crate) fn value<'s>(&self, scope: &'s Scope) -> Result<Evaluated<'s>, ExpressionError> {
        scope.meter.check().map_err(|problem| self.error(problem))?;
        match &self.compiled {
            Compiled::Path(path) => {
                path.resolve(scope).map(Evaluated::Found).map_err(|missing| self.error(missing.into()))
            }
            Compiled::Secret(name) => Ok(Evaluated::Text(format!("${{secrets.{name}}}"))),
            Compiled::Computed(computed) => {
                computed.evaluate(scope).map(Evaluated::Value).map_err(|problem| self.error(problem))
            }
        }
    }

    /// Returns about how many bytes it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let own = size_of::<Self>() + self.text.len();
        own + match &self.compiled {
            Compiled::Path(_) | Compiled::Secret(_) => 200 + self.text.len(),
            Compiled::Computed(computed) => computed.bytes(),
        }
    }

    /// Returns whether the expression is only a path.
    pub(crate) const fn is_path(&self) -> bool {
        matches!(self.compiled, Compiled::Path(_))
    }

    /// Returns why it fails whatever its values are, for reasons that have no influence on how it is compiled: what was
    /// saved before they were looked for still runs.
    pub(crate) fn faults(&self) -> impl Iterator<Item = ExpressionError> {
        let problems = match &self.compiled {
            Compiled::Computed(computed) => computed.faults(),
            Compiled::Path(_) | Compiled::Secret(_) => &[],
        };
        problems.iter().map(|problem| self.error(problem.clone()))
    }

    /// Returns whether `urlencode` is the last that it does.
    pub(crate) fn is_url_encoded(&self) -> bool {
        matches!(&self.compiled, Compiled::Computed(computed) if computed.is_url_encoded())
    }

    /// Names this expression in a problem with it.
    pub(crate) fn error(&self, problem: Problem) -> ExpressionError {
        ExpressionError::new(&self.text, problem)
    }
}

impl Evaluated<'_> {
    /// Returns the value, to calculate with it.
    pub(crate) fn read(&self, meter: &Meter, budget: &mut Budget) -> Result<Value, Problem> {
        match self {
            Self::Found(found) => meter.read(found, 1, budget),
            Self::Value(value) => Ok(value.clone()),
            Self::Text(text) => Ok(Value::from(text.as_str())),
        }
    }

    /// Writes the value as JSON.
    pub(crate) fn write_json(&self, writer: &mut Writer) -> Result<(), Problem> {
        match self {
            Self::Found(found) => writer.raw(found.as_str()),
            Self::Value(value) => values::write_json(value, writer),
            Self::Text(text) => writer.string(text),
        }
    }

    /// Writes the value into a JSON string: strings as they are, everything else as JSON.
    pub(crate) fn write_text(&self, writer: &mut Writer) -> Result<(), Problem> {
        writer.escaped(&self.text(writer.bytes_left())?)
    }

    /// Returns the value as text: strings as they are, everything else as JSON of at most `bytes_max` bytes.
    pub(crate) fn text(&self, bytes_max: usize) -> Result<Cow<'_, str>, Problem> {
        match self {
            Self::Found(found) => Ok(plain(found.as_str())),
            Self::Text(text) => Ok(Cow::Borrowed(text)),
            Self::Value(value) => match value.as_str() {
                Some(text) => Ok(Cow::Borrowed(text)),
                None => {
                    let mut inner = Writer::new(bytes_max);
                    values::write_json(value, &mut inner)?;
                    Ok(Cow::Owned(inner.into_text()))
                }
            },
        }
    }
}

/// Returns JSON text as it is put into other text: strings without quotes and escapes, everything else as it is.
pub(crate) fn plain(json: &str) -> Cow<'_, str> {
    if Kind::of(json) == Kind::String { json_text::string(json) } else { Cow::Borrowed(json) }
}
