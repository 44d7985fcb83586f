//! One edge of the document.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::document::{Keys, Place, Reader, Reading, Terms, choice, key, text};
use crate::flow::graph::{Draft, EdgeDraft};
use crate::flow::{EdgeCondition, EdgeTrigger};
use crate::limits::Limits;
use crate::node::ConditionReader;

const TRIGGERS: &[(&str, EdgeTrigger)] =
    &[("completed", EdgeTrigger::Completed), ("error", EdgeTrigger::Error)];

/// The nodes that edges may connect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources<'n> {
    pub(super) drafts: &'n [Draft],
    /// The place of each id.
    pub(super) places: &'n BTreeMap<String, usize>,
}

/// Reads an edge; whatever cannot be read is a fault.
pub(super) fn read(keys: &mut Keys<'_>, sources: Option<Sources<'_>>) -> EdgeDraft {
    let ends = EndReader(sources);
    let from = keys.take(key("from", "From", ends).needed("an edge").doc("The node that it leaves."));
    let to = keys.take(key("to", "To", ends).needed("an edge").doc("The node that it leads to."));
    let on = keys.take(
        key("on", "On", choice(TRIGGERS))
            .default("completed")
            .doc("Which end of `from` it follows: that it completed, or that it failed for good."),
    );
    let given = keys.take(
        key("condition", "Condition", EdgeConditionReader)
            .doc("What must hold; without one the edge is always taken. Plain true or false asks for the result of a condition node."),
    );
    let (condition_text, condition) = given.map(|given| (given.text, given.condition)).unzip();
    let on = on.unwrap_or_default();
    let condition = condition.flatten();
    if matches!(condition, Some(EdgeCondition::Is(_))) {
        // If the type of `from` is invalid itself, its edges cannot be checked.
        let traits = sources.zip(from).and_then(|(sources, from)| sources.drafts[from].traits);
        if traits.is_some_and(|traits| !traits.answers) || on == EdgeTrigger::Error {
            let message =
                "plain true or false asks for a condition node's result, and this edge follows none";
            keys.fault("condition", message);
        }
    }
    EdgeDraft { from, to, on, condition, condition_text }
}

/// Reads the id of a node as its place.
#[derive(Clone, Copy, Debug)]
struct EndReader<'n>(Option<Sources<'n>>);

impl Reader for EndReader<'_> {
    type Value = usize;

    fn wanted(&self, _: &Limits) -> String {
        "the id of a node".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        text().schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<usize> {
        let id = text().read(value, at, reading)?;
        let places = self.0?.places;
        let place = places.get(&id).copied();
        if place.is_none() {
            let near = reading.faults.suggestion(&id, places.keys().map(String::as_str));
            reading.fault(at, format!("there is no node `{id}`{near}"));
        }
        place
    }
}

/// A condition of an edge.
#[derive(Debug)]
struct GivenCondition {
    /// As it is in the document.
    text: String,
    /// `None` where it has faults.
    condition: Option<EdgeCondition>,
}

/// Reads the condition of an edge.
#[derive(Clone, Copy, Debug)]
struct EdgeConditionReader;

impl Reader for EdgeConditionReader {
    type Value = GivenCondition;

    fn wanted(&self, _: &Limits) -> String {
        "a condition, true or false".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        let mut schema = ConditionReader.schema(terms);
        if let Some(Value::Array(forms)) = schema.get_mut("anyOf") {
            forms.push(json!({ "type": "boolean", "title": "Result" }));
        }
        schema
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<GivenCondition> {
        let condition = match plain(value) {
            Some(wanted) => Some(EdgeCondition::Is(wanted)),
            None => ConditionReader.read(value, at, reading).map(EdgeCondition::Holds),
        };
        Some(GivenCondition { text: value.to_string(), condition })
    }
}

/// Reads plain true and false, also as a string, as some editors write them.
fn plain(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(wanted) => Some(*wanted),
        Value::String(text) => text.trim().to_lowercase().parse().ok(),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
