//! One edge of the document.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::document::{Keys, Place, Reader, Reading, Terms, choice, key, quoted, text};
use crate::expression::is_word;
use crate::flow::graph::{Draft, EdgeDraft};
use crate::flow::{EdgeCondition, EdgeTrigger};
use crate::limits::Limits;
use crate::node::{ConditionReader, DEFAULT_CASE};

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
    // If the type of `from` is invalid itself, its edges cannot be checked.
    let source = sources.zip(from).map(|(sources, from)| &sources.drafts[from]);
    let given = keys.take(key("condition", "Condition", EdgeConditionReader { source }).doc(
        "What must hold; without one the edge is always taken. Plain true or false asks for the result of a condition \
         node, a case's name or `default` for the choice of a switch, and `approved`, `rejected` or `timed_out` for what \
         became of an approval.",
    ));
    let (condition_text, condition) = given.map(|given| (given.text, given.condition)).unzip();
    let on = on.unwrap_or_default();
    let condition = condition.flatten();
    let answers = source.and_then(|source| source.traits).is_none_or(|traits| traits.answers);
    match condition {
        Some(EdgeCondition::Is(_)) if !answers || on == EdgeTrigger::Error => keys.fault(
            "condition",
            "plain true or false asks for a condition node's result, and this edge follows none",
        ),
        Some(EdgeCondition::Case(_)) if on == EdgeTrigger::Error => {
            keys.fault("condition", "this edge follows a failure, after which no case is chosen")
        }
        Some(EdgeCondition::Is(_) | EdgeCondition::Case(_) | EdgeCondition::Holds(_)) | None => {}
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

/// Reads the condition of an edge that leaves `source`.
#[derive(Clone, Copy, Debug)]
struct EdgeConditionReader<'n> {
    source: Option<&'n Draft>,
}

impl EdgeConditionReader<'_> {
    /// Reads `text` as the case of a node with cases. `None` where it is something else.
    fn case(&self, text: &str, at: &Place<'_>, reading: &mut Reading) -> Option<Option<EdgeCondition>> {
        let traits = self.source?.traits.filter(|traits| traits.has_cases || traits.asks_people)?;
        // Without the node's cases, it cannot be checked what its edges ask for.
        let Some(node) = &self.source?.node else { return Some(None) };
        let cases = node.kind.room().cases();
        let known = cases.iter().copied().chain(traits.has_cases.then_some(DEFAULT_CASE));
        if known.clone().any(|case| case == text) {
            return Some(Some(EdgeCondition::Case(text.into())));
        }
        if !is_word(text) {
            return None;
        }
        let near = reading.faults.suggestion(text, known.clone());
        let all: Vec<&str> = known.collect();
        let end = if near.is_empty() { format!("; it has {}", quoted(&all)) } else { near };
        reading.fault(at, format!("`{}` has no case `{text}`{end}", node.id));
        Some(None)
    }
}

impl Reader for EdgeConditionReader<'_> {
    type Value = GivenCondition;

    fn wanted(&self, _: &Limits) -> String {
        "a condition, true or false".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        let result = json!({ "type": "boolean", "title": "Result" });
        json!({ "anyOf": [ConditionReader.schema(terms), result] })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<GivenCondition> {
        let case = value.as_str().and_then(|text| self.case(text, at, reading));
        let condition = match (case, plain(value)) {
            (Some(case), _) => case,
            (None, Some(wanted)) => Some(EdgeCondition::Is(wanted)),
            (None, None) => ConditionReader.read(value, at, reading).map(EdgeCondition::Holds),
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
