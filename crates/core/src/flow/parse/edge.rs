//! One edge of the document.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::condition::Condition;
use crate::flow::graph::{Draft, EdgeDraft};
use crate::flow::{EdgeCondition, EdgeTrigger};
use crate::limits::Limits;

use super::fields::{Faults, Fields};

/// Reads the edge at place `at`; whatever cannot be read is a fault.
pub(super) fn parse(
    value: &Value,
    at: usize,
    drafts: &[Draft],
    places: &BTreeMap<String, usize>,
    limits: &Limits,
    faults: &mut Faults,
) -> EdgeDraft {
    let pointer = format!("/flow_definition/edges/{at}");
    let Some(fields) = Fields::of(value, pointer, faults) else { return EdgeDraft::default() };
    let from = end(&fields, "from", places, faults);
    let to = end(&fields, "to", places, faults);
    let triggers = [("completed", EdgeTrigger::Completed), ("error", EdgeTrigger::Error)];
    let on = fields.choice("on", &triggers, faults).unwrap_or_default();
    let from_type = from.and_then(|from| drafts[from].type_name.as_deref());
    let condition =
        fields.get("condition").and_then(|value| condition(&fields, value, from_type, on, limits, faults));
    let condition_text = fields.get("condition").map(Value::to_string);
    EdgeDraft { from, to, on, condition, condition_text }
}

fn end(
    fields: &Fields<'_>,
    key: &str,
    places: &BTreeMap<String, usize>,
    faults: &mut Faults,
) -> Option<usize> {
    let id = fields.required(key, &format!("an edge needs `{key}`, the id of a node"), faults)?;
    let place = places.get(id).copied();
    if place.is_none() {
        let near = faults.suggestion(id, places.keys().map(String::as_str));
        fields.fault(key, faults, format!("there is no node `{id}`{near}"));
    }
    place
}

fn condition(
    fields: &Fields<'_>,
    value: &Value,
    from_type: Option<&str>,
    on: EdgeTrigger,
    limits: &Limits,
    faults: &mut Faults,
) -> Option<EdgeCondition> {
    if let Some(wanted) = plain(value) {
        if from_type == Some("condition") && on == EdgeTrigger::Completed {
            return Some(EdgeCondition::Is(wanted));
        }
        // Where the type of `from` is a fault itself, nothing can be said about its edges.
        if from_type.is_some() {
            let message =
                "plain true or false asks for a condition node's result, and this edge follows none";
            fields.fault("condition", faults, message);
        }
        return None;
    }
    Condition::compile(value, limits)
        .map_err(|errors| faults.add_expressions(&fields.pointer("condition"), errors))
        .map(EdgeCondition::Holds)
        .ok()
}

/// Reads plain true and false, also as a string, as some editors write them.
fn plain(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(wanted) => Some(*wanted),
        Value::String(text) => text.trim().to_lowercase().parse().ok(),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
