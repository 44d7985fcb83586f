//! The keys that every node may have.

use std::sync::Arc;

use serde_json::{Value, json};

use super::definition::DefinitionReader;
use super::retry::{self, Defaults};
use crate::document::{
    Keys, Place, Reader, Reading, Terms, any_json, choice, key, object, plain_text, seconds, text,
};
use crate::flow::graph::Draft;
use crate::flow::{Join, Node, OnExhausted, OnInterrupt};
use crate::ids::NodeId;
use crate::limits::Limits;
use crate::node;
use crate::visible::HIDDEN_CLASS;

const JOINS: &[(&str, Join)] = &[("all", Join::All), ("any", Join::Any)];
const INTERRUPTED: &[(&str, OnInterrupt)] = &[("retry", OnInterrupt::Retry), ("ask", OnInterrupt::Ask)];
const EXHAUSTED: &[(&str, OnExhausted)] = &[("fail", OnExhausted::Fail), ("ask", OnExhausted::Ask)];

/// Reads a node; whatever cannot be read is a fault.
pub(super) fn read(keys: &mut Keys<'_>, defaults: Defaults) -> Draft {
    let id =
        keys.take(key("id", "ID", IdReader).needed("a node").doc("Used in expressions; unique in the flow."));
    let name = plain_text().at_most(keys.limits().name_chars_max).in_one_line();
    let name =
        keys.take(key("name", "Name", name).doc("Shown in the studio and in messages. Default: the ID."));
    let kind = node::read(keys);
    let join = keys.take(key("join", "Join", choice(JOINS)).default("all").doc(
        "With several incoming edges: run when all are decided and one is taken (all), or at the first taken one (any).",
    ));
    let timeout = keys.take(key("timeout_seconds", "Timeout in seconds", seconds()).doc(
        "The limit for one attempt; of an approval or a wait for an event, how long it waits. Empty: no timeout.",
    ));
    let retry = keys.take(
        key("retry", "Retry", object(retry::Given::read).named("RetryPolicy"))
            .doc("Overrides the flow's retry settings. Empty fields use the flow's."),
    );
    let on_interrupt = keys.take(
        key("on_interrupt", "If a crash interrupts it", choice(INTERRUPTED))
            .default("retry")
            .doc("It is unknown whether the interrupted attempt took effect: retry, or ask for a decision."),
    );
    let on_exhausted = keys.take(
        key("on_exhausted", "After the last attempt fails", choice(EXHAUSTED))
            .default("fail")
            .doc("Fail the node, or ask for a decision."),
    );
    if kind.as_ref().is_some_and(|kind| kind.traits.asks_people) && on_exhausted == Some(OnExhausted::Ask) {
        keys.fault("on_exhausted", "what a person has decided on is not decided on once more; use `fail`, and edges that ask for `rejected` and `timed_out`");
    }
    let compensate_with = keys.take(
        key("compensate_with", "Undo with", text().at_most(keys.limits().name_chars_max)).doc(
            "The ID of a node without edges that undoes what this one did, if it completed and the execution fails or is cancelled.",
        ),
    );
    keys.take(key("position", "Position", any_json()).doc("Position in the editor."));
    let traits = kind.as_ref().map(|kind| kind.traits);
    let has_body = traits.is_some_and(|traits| traits.repeats.is_some());
    let body = has_body.then(|| keys.inside("body", &DefinitionReader { defaults })).flatten();
    // What its children run is retried there, and what did not come in time is not waited for again.
    let is_retried =
        !traits.is_some_and(|traits| traits.starts_children || traits.asks_people || traits.awaits_events);
    let defaults = Defaults { enabled: defaults.enabled && is_retried, ..defaults };
    let kind = kind.and_then(|kind| kind.kind);
    let node = id.clone().zip(kind).map(|(id, kind)| Node {
        name: name.filter(|name| !name.is_empty()).map_or_else(|| Arc::from(id.as_str()), Arc::from),
        id,
        kind,
        join: join.unwrap_or_default(),
        retry: retry.unwrap_or_default().over(defaults),
        attempt_timeout: timeout.map(|timeout| timeout.duration()),
        on_interrupt: on_interrupt.unwrap_or_default(),
        on_exhausted: on_exhausted.unwrap_or_default(),
        body: None,
    });
    Draft { id, traits, node, body: body.map(Box::new), compensate_with }
}

/// Reads the id of a node.
#[derive(Clone, Copy, Debug)]
struct IdReader;

impl Reader for IdReader {
    type Value = NodeId;

    fn wanted(&self, limits: &Limits) -> String {
        text().at_most(limits.name_chars_max).wanted(limits)
    }

    fn schema(&self, _: &Terms) -> Value {
        let space = "\\s";
        let pattern = format!(
            "^(?!\\.{{1,2}}$)[^{space}{HIDDEN_CLASS}](?:[^{HIDDEN_CLASS}]*[^{space}{HIDDEN_CLASS}])?$"
        );
        json!({ "type": "string", "minLength": 1, "maxLength": Limits::DEFAULT.name_chars_max, "pattern": pattern })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<NodeId> {
        let id = text().at_most(reading.limits.name_chars_max).in_one_line().read(value, at, reading)?;
        if id.trim() != id {
            reading.fault(at, "`id` must not begin or end with a space");
        }
        if matches!(id.as_str(), "." | "..") {
            // What is stored so still runs.
            reading.fault(at, "`id` must not be `.` or `..`, because it is a part of addresses");
        }
        Some(NodeId::new(id))
    }
}
