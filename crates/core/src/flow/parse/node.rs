//! One node of the document.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::condition::Condition;
use crate::failure::ErrorClass;
use crate::flow::graph::Draft;
use crate::flow::{Join, Node, OnExhausted, OnInterrupt};
use crate::ids::NodeId;
use crate::limits::Limits;
use crate::node::{self, Kind};
use crate::template::Template;
use crate::timestamp::Timestamp;

use super::fields::{Faults, Fields, described, quoted};
use super::{http_request, retry};

const TYPES: [&str; 7] = ["agent", "condition", "delay", "action", "trigger", "parallel", "merge"];
const LATER_TYPES: [&str; 4] = ["approval", "map", "loop", "subflow"];
const ACTIONS: [&str; 5] = ["http_request", "transform", "aggregate_results", "fail", "echo"];
const LATER_ACTIONS: [&str; 2] = ["mcp_tool", "send_email"];

/// Reads the node at place `at`; whatever cannot be read is a fault.
pub(super) fn parse(
    value: &Value,
    at: usize,
    defaults: &retry::Defaults,
    limits: &Limits,
    faults: &mut Faults,
) -> Draft {
    let pointer = format!("/flow_definition/nodes/{at}");
    let Some(fields) = Fields::of(value, pointer, faults) else { return Draft::default() };
    let id = id(&fields, limits, faults);
    let name = fields.string("name", faults);
    let type_name = fields.string("type", faults).filter(|name| TYPES.contains(name));
    let kind = kind(&fields, limits, faults);
    let join = fields.choice("join", &[("all", Join::All), ("any", Join::Any)], faults);
    let retry = retry::parse(&fields, *defaults, limits, faults);
    let attempt_timeout = fields.seconds("timeout_seconds", limits, faults).map(|seconds| seconds.duration());
    let interrupt = [("retry", OnInterrupt::Retry), ("ask", OnInterrupt::Ask)];
    let on_interrupt = fields.choice("on_interrupt", &interrupt, faults);
    let exhausted = [("fail", OnExhausted::Fail), ("ask", OnExhausted::Ask)];
    let on_exhausted = fields.choice("on_exhausted", &exhausted, faults);
    let node = id.clone().zip(kind).map(|(id, kind)| Node {
        name: name.filter(|name| !name.is_empty()).map_or_else(|| Arc::from(id.as_str()), Arc::from),
        id,
        kind,
        join: join.unwrap_or_default(),
        retry,
        attempt_timeout,
        on_interrupt: on_interrupt.unwrap_or_default(),
        on_exhausted: on_exhausted.unwrap_or_default(),
    });
    Draft { id, type_name: type_name.map(str::to_owned), node }
}

fn id(fields: &Fields<'_>, limits: &Limits, faults: &mut Faults) -> Option<NodeId> {
    let id = fields.required("id", "a node needs an `id`", faults)?;
    let chars_max = limits.name_chars_max;
    if id.chars().count() > chars_max {
        fields.fault("id", faults, format!("`id` must not be longer than {chars_max} characters"));
        return None;
    }
    if id.chars().any(char::is_control) || id.trim() != id {
        fields.fault("id", faults, "`id` must not hold control characters, nor begin or end with a space");
        return None;
    }
    Some(NodeId::new(id))
}

fn kind(fields: &Fields<'_>, limits: &Limits, faults: &mut Faults) -> Option<Kind> {
    let why = format!("a node needs a `type`, one of {}", quoted(&TYPES));
    let name = fields.required("type", &why, faults)?;
    #[cfg(feature = "test-kinds")]
    if let Some(kind) = node::rehearsal::parse(fields.map(), limits) {
        return Some(kind);
    }
    match name {
        "agent" => agent(fields, limits, faults),
        "condition" => condition(fields, limits, faults),
        "delay" => delay(fields, limits, faults),
        "action" => action(fields, limits, faults),
        "trigger" => trigger(fields, faults),
        "parallel" => Some(Kind::Parallel(node::Parallel)),
        "merge" => Some(Kind::Merge(node::Merge)),
        later if LATER_TYPES.contains(&later) => {
            let message =
                format!("this version does not run `{later}` nodes yet; it runs {}", quoted(&TYPES));
            fields.fault("type", faults, message);
            None
        }
        other => {
            let near = faults.suggestion(other, TYPES.into_iter().chain(LATER_TYPES));
            fields.fault(
                "type",
                faults,
                format!("`type` must be one of {}, not `{other}`{near}", quoted(&TYPES)),
            );
            None
        }
    }
}

fn agent(fields: &Fields<'_>, limits: &Limits, faults: &mut Faults) -> Option<Kind> {
    let text = fields.required("agent_id", "Choose an agent", faults);
    let agent_id = text.and_then(|text| {
        text.parse()
            .map_err(|_| fields.fault("agent_id", faults, format!("`agent_id` must be a UUID, not `{text}`")))
            .ok()
    });
    let skill = fields.required("skill", "Choose a skill", faults);
    let input = input(fields, limits, faults);
    Some(Kind::Agent(node::Agent { agent_id: agent_id?, skill: skill?.into(), input: input? }))
}

/// Reads `input`, `{}` where there is none.
fn input(fields: &Fields<'_>, limits: &Limits, faults: &mut Faults) -> Option<Template> {
    let nothing = json!({});
    let value = fields.get("input").unwrap_or(&nothing);
    Template::compile(value, limits)
        .map_err(|errors| faults.add_expressions(&fields.pointer("input"), errors))
        .ok()
}

fn condition(fields: &Fields<'_>, limits: &Limits, faults: &mut Faults) -> Option<Kind> {
    let Some(value) = fields.get("condition") else {
        fields.fault(
            "condition",
            faults,
            "a condition node needs a `condition`, such as \"score.risk > 70\"",
        );
        return None;
    };
    Condition::compile(value, limits)
        .map_err(|errors| faults.add_expressions(&fields.pointer("condition"), errors))
        .map(|condition| Kind::Condition(node::Condition { condition }))
        .ok()
}

fn delay(fields: &Fields<'_>, limits: &Limits, faults: &mut Faults) -> Option<Kind> {
    match (fields.get("delay_seconds"), fields.get("until")) {
        (Some(_), None) => {
            let seconds = fields.seconds("delay_seconds", limits, faults)?;
            Some(Kind::Delay(node::Delay::Seconds(seconds)))
        }
        (None, Some(value)) => {
            let until = value.as_str().and_then(|text| Timestamp::parse(text).ok());
            if until.is_none() {
                let example = "a moment such as \"2027-01-31T09:00:00Z\" (RFC 3339)";
                fields.fault("until", faults, format!("`until` must be {example}, not {}", described(value)));
            }
            until.map(|until| Kind::Delay(node::Delay::Until(until)))
        }
        (Some(_), Some(_)) => {
            fields.fault("until", faults, "a delay has `delay_seconds` or `until`, not both");
            None
        }
        (None, None) => {
            fields.fault("delay_seconds", faults, "a delay needs `delay_seconds` or `until`");
            None
        }
    }
}

fn action(fields: &Fields<'_>, limits: &Limits, faults: &mut Faults) -> Option<Kind> {
    let why = format!("an action node needs an `action`, one of {}", quoted(&ACTIONS));
    let name = fields.required("action", &why, faults)?;
    let input = input(fields, limits, faults);
    let nothing = json!({});
    let given = fields.get("input").unwrap_or(&nothing);
    match name {
        "http_request" => {
            http_request::check(given, &fields.pointer("input"), faults);
            Some(Kind::HttpRequest(node::HttpRequest { input: input? }))
        }
        "fail" => {
            check_fail(given, &fields.pointer("input"), faults);
            Some(Kind::Fail(node::Fail { input: input? }))
        }
        "transform" | "aggregate_results" => Some(Kind::Transform(node::Transform { input: input? })),
        "echo" => Some(Kind::Echo(node::Echo { input: input? })),
        other => {
            unknown_action(other, fields, faults);
            None
        }
    }
}

fn unknown_action(name: &str, fields: &Fields<'_>, faults: &mut Faults) {
    let message = if LATER_ACTIONS.contains(&name) {
        format!("this version does not run the action `{name}` yet; it runs {}", quoted(&ACTIONS))
    } else {
        let near = faults.suggestion(name, ACTIONS.into_iter());
        format!("`action` must be one of {}, not `{name}`{near}", quoted(&ACTIONS))
    };
    fields.fault("action", faults, message);
}

fn check_fail(input: &Value, pointer: &str, faults: &mut Faults) {
    let Some(fields) = Fields::of(input, pointer, faults) else { return };
    fields.refuse_unknown(&["message", "class"], faults);
    fields.required("message", "`fail` needs a `message`: what its error says", faults);
    let class = fields.get("class").and_then(Value::as_str);
    if class.is_some_and(|class| !class.contains("${") && class.parse::<ErrorClass>().is_err()) {
        let known: Vec<&str> = ErrorClass::ALL.iter().map(|class| class.as_str()).collect();
        fields.fault(
            "class",
            faults,
            format!("there is no such error class; use one of {}", known.join(", ")),
        );
    }
}

fn trigger(fields: &Fields<'_>, faults: &mut Faults) -> Option<Kind> {
    for key in ["schedule", "webhook"] {
        if fields.get(key).is_some() {
            let message = format!(
                "this version does not start flows by `{key}` yet; start them by the API or the studio"
            );
            fields.fault(key, faults, message);
        }
    }
    Some(Kind::Trigger(node::Trigger))
}
