//! Dotted paths such as `score.risk` or `nodes["fetch-data"].output.items[0]`, answered from JSON text.
//!
//! Nearly every template of a flow is one path, so this is the engine's hot path: nothing is parsed but what the path
//! leads through, and a bare `${trigger_data}` hands on the very payload.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::json;

use crate::failure::ErrorClass;
use crate::ids::NodeId;
use crate::payload::Payload;
use crate::scope::{EndError, NodeError, NodeScope, References, Scope};

use super::error::{Missing, Problem, SHOWN_FIELDS_MAX};
use super::json_text::{self, Kind};
use super::meter::{Meter, followed};
use super::unique;

/// The field of `execution` that only nodes have which undo others.
const END_ERROR: &str = "error";

/// A name and the way from it to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    root: Root,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Root {
    TriggerData,
    Item,
    Index,
    Context,
    Execution,
    Attempt,
    /// `<id>`: a completed node's output.
    Short(NodeId),
    /// `nodes.<id>`.
    Node(NodeId),
    /// `nodes.<id>.output`.
    Output(NodeId),
    /// `nodes.<id>.error`.
    Error(NodeId),
    /// `now()`.
    Now,
    /// `uuid()`, with the place of this call in its node.
    Uuid(String),
}

/// Where the value of a path comes from, and the way to it from there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'p> {
    TriggerData(&'p [Step]),
    /// The output of a node.
    Output(&'p NodeId, &'p [Step]),
    /// `item`.
    Item(&'p [Step]),
    /// Something else.
    Other,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// `.name` or `["name"]`.
    Field(String),
    /// `[0]` or `.0`.
    Entry(usize),
}

/// A value that a path leads to.
#[derive(Clone, Debug)]
pub(crate) enum Found<'s> {
    /// A whole payload.
    Whole(&'s Payload),
    /// A part of a payload's text.
    Part(&'s Payload, &'s str),
    /// JSON text that is in no payload.
    Built(String),
}

impl Found<'_> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Whole(payload) => payload.as_str(),
            Self::Part(_, text) => text,
            Self::Built(text) => text,
        }
    }

    /// Returns the payload that it is in.
    pub(super) const fn payload(&self) -> Option<&Payload> {
        match self {
            Self::Whole(payload) | Self::Part(payload, _) => Some(payload),
            Self::Built(_) => None,
        }
    }
}

impl Path {
    /// Gives `name` and `steps` their meaning.
    pub(super) fn new(name: &str, mut steps: Vec<Step>) -> Result<Self, Problem> {
        let (root, used) = match name {
            "trigger_data" => (Root::TriggerData, 0),
            "context" => (Root::Context, 0),
            "execution" => (Root::Execution, 0),
            "attempt" => (Root::Attempt, 0),
            "nodes" => node_root(&steps)?,
            "secrets" => return Err(Problem::new(SECRET_MISPLACED)),
            "item" => (Root::Item, 0),
            "index" => (Root::Index, 0),
            id => (Root::Short(NodeId::new(id)), 0),
        };
        steps.drain(..used);
        let path = Self { root, steps };
        path.check_fixed_fields()?;
        Ok(path)
    }

    /// Returns the path from the output of the node `id`, which need not be a word, along `steps`.
    pub(super) const fn of_node(id: NodeId, steps: Vec<Step>) -> Self {
        Self { root: Root::Short(id), steps }
    }

    /// Returns what `now()` reads.
    pub(super) const fn now() -> Self {
        Self { root: Root::Now, steps: Vec::new() }
    }

    /// Returns what `uuid()` reads at `place`.
    pub(super) const fn uuid(place: String) -> Self {
        Self { root: Root::Uuid(place), steps: Vec::new() }
    }

    /// Returns where its value comes from.
    pub(crate) fn source(&self) -> Source<'_> {
        match &self.root {
            Root::TriggerData => Source::TriggerData(&self.steps),
            Root::Short(id) | Root::Output(id) => Source::Output(id, &self.steps),
            Root::Item => Source::Item(&self.steps),
            Root::Index
            | Root::Context
            | Root::Execution
            | Root::Attempt
            | Root::Node(_)
            | Root::Error(_)
            | Root::Now
            | Root::Uuid(_) => Source::Other,
        }
    }

    /// Refuses fields that `context` and its like never have, so that a typing error shows when the flow is saved.
    fn check_fixed_fields(&self) -> Result<(), Problem> {
        let fields: &[&str] = match self.root {
            Root::Context => &["id", "type"],
            Root::Execution => &["id", "retry_of", "started_at", END_ERROR],
            Root::Error(_) => &["class", "message", "status", "body"],
            Root::Attempt | Root::Index => &[],
            Root::TriggerData
            | Root::Item
            | Root::Short(_)
            | Root::Node(_)
            | Root::Output(_)
            | Root::Now
            | Root::Uuid(_) => return Ok(()),
        };
        match self.steps.first() {
            Some(Step::Field(name)) if fields.contains(&name.as_str()) => Ok(()),
            None => Ok(()),
            Some(_) if fields.is_empty() => {
                Err(Problem::new(format!("`{}` is a number, so it has no fields", self.text_of(0))))
            }
            Some(_) => {
                let there: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
                Err(Problem::new(format!("`{}` has only {}", self.text_of(0), there.join(", "))))
            }
        }
    }

    /// Adds what this path names.
    pub(super) fn add_to(&self, references: &mut References) {
        match &self.root {
            Root::Attempt => references.attempt = true,
            Root::Short(id) | Root::Node(id) | Root::Output(id) | Root::Error(id) => {
                references.add_node(id.clone())
            }
            Root::TriggerData => (references.trigger_data, references.execution) = (true, true),
            Root::Item => (references.item, references.execution) = (true, true),
            Root::Index => (references.index, references.execution) = (true, true),
            Root::Execution => {
                references.execution = true;
                references.error |=
                    matches!(self.steps.first(), Some(Step::Field(name)) if name == END_ERROR);
            }
            Root::Context | Root::Now | Root::Uuid(_) => references.execution = true,
        }
    }

    /// Follows the path.
    pub(crate) fn resolve<'s>(&self, scope: &'s Scope) -> Result<Found<'s>, Missing> {
        match self.resolve_root(scope)? {
            Found::Whole(payload) => self.walk_payload(payload, &scope.meter),
            Found::Part(_, text) => Ok(Found::Built(text.to_owned())),
            Found::Built(text) => self.walk(&text).map(|part| Found::Built(part.to_owned())),
        }
    }

    fn walk_payload<'s>(&self, payload: &'s Payload, meter: &Meter) -> Result<Found<'s>, Missing> {
        let mut at = payload.as_str();
        let skipped = usize::from(self.says_output_for_short(payload, meter));
        for (number, step) in self.steps.iter().enumerate().skip(skipped) {
            match meter.follow(payload, at, step) {
                Some(found) => at = found,
                None => {
                    meter.charge_bytes(at.len());
                    return Err(missing(self.text_of(number), step, at));
                }
            }
        }
        if self.steps.len() == skipped { Ok(Found::Whole(payload)) } else { Ok(Found::Part(payload, at)) }
    }

    /// Returns whether the path is `<id>.output…` where the node's output has no field `output` of its own.
    fn says_output_for_short(&self, output: &Payload, meter: &Meter) -> bool {
        matches!(self.root, Root::Short(_))
            && matches!(self.steps.first(), Some(Step::Field(name)) if name == "output")
            && meter.follow(output, output.as_str(), &self.steps[0]).is_none()
    }

    fn resolve_root<'s>(&self, scope: &'s Scope) -> Result<Found<'s>, Missing> {
        match &self.root {
            Root::TriggerData => Ok(Found::Whole(&scope.trigger_data)),
            Root::Item => scope.item.as_ref().map(Found::Whole).ok_or(Missing::OutsideBody { name: "item" }),
            Root::Index => {
                let index = scope.index.ok_or(Missing::OutsideBody { name: "index" })?;
                Ok(Found::Built(index.to_string()))
            }
            Root::Context => Ok(Found::Built(context(scope))),
            Root::Execution => Ok(Found::Built(execution(scope))),
            Root::Attempt => Ok(Found::Built(scope.attempt.to_string())),
            Root::Now => Ok(Found::Built(format!("\"{}\"", scope.now))),
            Root::Uuid(place) => Ok(Found::Built(format!("\"{}\"", unique::id(scope, place)))),
            Root::Short(id) | Root::Output(id) => find(scope, id)
                .and_then(|node| node.output.as_ref())
                .map(Found::Whole)
                .ok_or_else(|| Missing::Output { node: id.to_string() }),
            Root::Error(id) => find(scope, id)
                .and_then(error)
                .map(Found::Built)
                .ok_or_else(|| Missing::Error { node: id.to_string() }),
            Root::Node(id) => Ok(Found::Built(find(scope, id).map_or_else(|| "{}".to_owned(), whole_node))),
        }
    }

    fn walk<'t>(&self, text: &'t str) -> Result<&'t str, Missing> {
        walk(text, &self.steps, || self.text_of(0))
    }

    /// Returns the path as one would write it.
    pub(super) fn text(&self) -> String {
        self.text_of(self.steps.len())
    }

    /// Returns the path's first `length` steps as one would write them.
    fn text_of(&self, length: usize) -> String {
        let root = match &self.root {
            Root::TriggerData => "trigger_data".to_owned(),
            Root::Item => "item".to_owned(),
            Root::Index => "index".to_owned(),
            Root::Context => "context".to_owned(),
            Root::Execution => "execution".to_owned(),
            Root::Attempt => "attempt".to_owned(),
            Root::Now => "now()".to_owned(),
            Root::Uuid(_) => "uuid()".to_owned(),
            Root::Short(id) if is_word(id.as_str()) => id.to_string(),
            Root::Short(id) => format!("nodes{}.output", field_text(id.as_str())),
            Root::Node(id) => format!("nodes{}", field_text(id.as_str())),
            Root::Output(id) => format!("nodes{}.output", field_text(id.as_str())),
            Root::Error(id) => format!("nodes{}.error", field_text(id.as_str())),
        };
        written(root, &self.steps[..length])
    }
}

/// Follows `steps` into `text`, a JSON text that `root` names.
pub(crate) fn walk<'t>(
    text: &'t str,
    steps: &[Step],
    root: impl FnOnce() -> String,
) -> Result<&'t str, Missing> {
    let mut at = text;
    for (number, step) in steps.iter().enumerate() {
        match followed(at, step) {
            Some(found) => at = found,
            None => return Err(missing(written(root(), &steps[..number]), step, at)),
        }
    }
    Ok(at)
}

/// Returns what is missing at `step`, which was looked for in `text`; `parent` names that.
#[cold]
fn missing(parent: String, step: &Step, text: &str) -> Missing {
    match (step, Kind::of(text)) {
        (Step::Field(field), Kind::Object) => {
            let mut fields = json_text::entries(text).map(|(key, _)| key);
            let there = fields.by_ref().take(SHOWN_FIELDS_MAX).map(Cow::into_owned).collect();
            Missing::Field { parent, field: field.clone(), there, more: fields.count() }
        }
        (Step::Entry(index), Kind::List) => {
            Missing::Entry { parent, index: *index, length: json_text::items(text).count() }
        }
        (Step::Field(field), kind) => {
            Missing::Inside { parent, kind: kind.described(), wanted: format!("field `{field}`") }
        }
        (Step::Entry(index), kind) => {
            Missing::Inside { parent, kind: kind.described(), wanted: format!("entry {index}") }
        }
    }
}

/// Returns `root` and `steps` as one would write them.
fn written(root: String, steps: &[Step]) -> String {
    let mut text = root;
    for step in steps {
        match step {
            Step::Field(name) => text.push_str(&field_text(name)),
            Step::Entry(index) => {
                let _ = write!(text, "[{index}]");
            }
        }
    }
    text
}

pub(super) const SECRET_MISPLACED: &str =
    "a secret is used alone, as `${secrets.NAME}`; it cannot be part of a larger expression";

/// Reads `nodes.<id>`, `nodes.<id>.output` or `nodes.<id>.error`; returns also how many steps that took.
fn node_root(steps: &[Step]) -> Result<(Root, usize), Problem> {
    let Some(Step::Field(id)) = steps.first() else {
        return Err(Problem::new(
            "`nodes` needs a node's id: `nodes.score.output` or `nodes[\"fetch-data\"].output`",
        ));
    };
    let node = NodeId::new(id.as_str());
    match steps.get(1) {
        None => Ok((Root::Node(node), 1)),
        Some(Step::Field(name)) if name == "output" => Ok((Root::Output(node), 2)),
        Some(Step::Field(name)) if name == "error" => Ok((Root::Error(node), 2)),
        Some(_) => Err(Problem::new(format!("`nodes{}` has only `output` and `error`", field_text(id)))),
    }
}

/// Returns whether `name` can be written without quotes.
pub(crate) fn is_word(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_')
}

fn field_text(name: &str) -> String {
    if is_word(name) { format!(".{name}") } else { format!("[{name:?}]") }
}

fn find<'s>(scope: &'s Scope, id: &NodeId) -> Option<&'s NodeScope> {
    scope.nodes.iter().find(|node| node.id == *id)
}

fn context(scope: &Scope) -> String {
    json!({ "id": scope.context_id.as_deref(), "type": scope.context_type.as_deref() }).to_string()
}

fn execution(scope: &Scope) -> String {
    let mut execution = json!({
        "id": scope.execution_id.to_string(),
        "retry_of": scope.retry_of.map(|id| id.to_string()),
        "started_at": scope.started_at.to_string(),
    });
    if let Some(EndError { class, message, node }) = &scope.error {
        let class = class.map(ErrorClass::as_str);
        let node = node.as_ref().map(NodeId::as_str);
        execution[END_ERROR] = json!({ "class": class, "message": &**message, "node": node });
    }
    execution.to_string()
}

fn error(node: &NodeScope) -> Option<String> {
    let NodeError { class, message, status, body } = node.error.as_ref()?;
    let (message, status) = (json!(&**message), json!(status));
    let body = body.as_ref().map_or("null", Payload::as_str);
    Some(format!(r#"{{"class":"{class}","message":{message},"status":{status},"body":{body}}}"#))
}

fn whole_node(node: &NodeScope) -> String {
    let output = node.output.as_ref().map(|output| format!("\"output\":{}", output.as_str()));
    let error = error(node).map(|error| format!("\"error\":{error}"));
    let fields: Vec<String> = output.into_iter().chain(error).collect();
    format!("{{{}}}", fields.join(","))
}
