//! Why an expression does not compile or has no value, in sentences for the person who wrote it.

use std::fmt;
use std::sync::Arc;

/// Characters of an expression that a message repeats.
const SHOWN_CHARS_MAX: usize = 120;
/// Fields that a message lists.
pub(crate) const SHOWN_FIELDS_MAX: usize = 20;

/// Why an expression does not compile or has no value. Its text is a sentence for a person and names the expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", expression.as_deref().map(named).unwrap_or_default())]
pub struct ExpressionError {
    /// `None` if the fault is not in an expression, but e.g. in the `type` of a condition.
    expression: Option<Arc<str>>,
    problem: Problem,
}

impl ExpressionError {
    pub(crate) fn new(expression: &str, problem: Problem) -> Self {
        Self { expression: Some(Arc::from(expression)), problem }
    }

    /// Returns an error that concerns no expression.
    pub(crate) fn beside(message: impl Into<String>) -> Self {
        Self { expression: None, problem: Problem::new(message) }
    }

    /// Returns the node whose output is not there, where that is what is wrong.
    pub(crate) fn missing_output(&self) -> Option<&str> {
        match &self.problem {
            Problem::Missing(Missing::Output { node }) => Some(node),
            Problem::Missing(_) | Problem::Other(_) => None,
        }
    }

    /// Returns the node whose error is not there, where that is what is wrong.
    pub(crate) fn missing_error(&self) -> Option<&str> {
        match &self.problem {
            Problem::Missing(Missing::Error { node }) => Some(node),
            Problem::Missing(_) | Problem::Other(_) => None,
        }
    }

    /// Returns an error with the same expression for another reason: a clause without a full stop.
    pub(crate) fn because(&self, message: impl Into<String>) -> Self {
        Self { expression: self.expression.clone(), problem: Problem::new(message) }
    }
}

/// What is wrong, without the expression that it is wrong with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A value that is named is not there.
    Missing(Missing),
    /// Anything else, as a clause without a full stop.
    Other(String),
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Other(message.into())
    }
}

impl From<Missing> for Problem {
    fn from(missing: Missing) -> Self {
        Self::Missing(missing)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(missing) => missing.fmt(f),
            Self::Other(message) => f.write_str(message),
        }
    }
}

/// A value that is not there, and what is there in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The node has no output: it was skipped, failed, or has not run.
    Output { node: String },
    /// The node has no error: it did not fail.
    Error { node: String },
    /// Nothing is repeated here.
    OutsideBody { name: &'static str },
    /// An object has other fields.
    Field { parent: String, field: String, there: Vec<String>, more: usize },
    /// A list is shorter.
    Entry { parent: String, index: usize, length: usize },
    /// A list has no fields, an object no entries, and other values have neither.
    Inside { parent: String, kind: &'static str, wanted: String },
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output { node } => write!(f, "node `{node}` has no output, because it did not complete"),
            Self::Error { node } => write!(f, "node `{node}` has no error, because it did not fail"),
            Self::OutsideBody { name } => write!(f, "`{name}` has a value only where a body is repeated"),
            Self::Field { parent, field, there, more } => {
                write!(f, "`{parent}` has no field `{field}`; {}", listed(there, *more))
            }
            Self::Entry { parent, index, length } => {
                write!(f, "`{parent}` has no entry {index}; it has {length}, counted from 0")
            }
            Self::Inside { parent, kind, wanted } => write!(f, "`{parent}` is {kind}, so it has no {wanted}"),
        }
    }
}

/// Lists the first fields that there are, and how many more.
fn listed(fields: &[String], more: usize) -> String {
    if fields.is_empty() {
        return "it is an empty object".to_owned();
    }
    let shown: Vec<String> = fields.iter().map(|field| format!("`{}`", shown(field))).collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("it has {}{more}", shown.join(", "))
}

fn named(expression: &str) -> String {
    format!("`${{{}}}`: ", shown(expression))
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
