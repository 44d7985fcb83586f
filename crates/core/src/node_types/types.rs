//! The node types beside `action`.

use serde_json::{Value, json};

use crate::limits::Limits;

use super::{DIALECT, NodeType};

pub(super) fn all() -> Vec<NodeType> {
    vec![trigger(), agent(), condition(), delay(), parallel(), merge()]
}

fn trigger() -> NodeType {
    NodeType {
        type_name: "trigger",
        action: None,
        aliases: &[],
        title: "Trigger",
        description: "Where the flow starts. Without a trigger, every node without incoming edges starts.",
        schema: schema("trigger", &[], json!({})),
        input: None,
        output: json!({ "$schema": DIALECT, "title": "Output", "description": "The trigger data." }),
        example: json!({ "id": "start", "type": "trigger" }),
    }
}

fn agent() -> NodeType {
    let own = json!({
        "agent_id": { "type": "string", "format": "uuid", "title": "Agent", "description": "A registered agent." },
        "skill": { "type": "string", "minLength": 1, "title": "Skill", "description": "One of the agent's skills." },
        "input": { "title": "Input", "description": "The input of the skill. Strings can be templates.", "default": {} },
    });
    NodeType {
        type_name: "agent",
        action: None,
        aliases: &[],
        title: "Agent",
        description: "Runs one skill of a registered agent.",
        schema: schema("agent", &["agent_id", "skill"], own),
        input: Some(
            json!({ "$schema": DIALECT, "title": "Input", "description": "See the input schema of the skill." }),
        ),
        output: json!({ "$schema": DIALECT, "title": "Output", "description": "The response of the skill." }),
        example: json!({
            "id": "score", "name": "Score vendor", "type": "agent",
            "agent_id": "018f3a5e-0000-7000-8000-000000000001", "skill": "realtime_risk_analysis",
            "input": { "vendor_id": "${trigger_data.vendor_id}" },
        }),
    }
}

fn condition() -> NodeType {
    NodeType {
        type_name: "condition",
        action: None,
        aliases: &[],
        title: "Condition",
        description: "Evaluates to true or false. Outgoing edges can require either.",
        schema: schema("condition", &["condition"], json!({ "condition": condition_schema() })),
        input: None,
        output: json!({
            "$schema": DIALECT, "type": "object", "title": "Output", "required": ["condition_result"],
            "properties": { "condition_result": { "type": "boolean", "title": "Result" } },
        }),
        example: json!({ "id": "is_risky", "type": "condition", "condition": "trigger_data.risk > 70" }),
    }
}

fn condition_schema() -> Value {
    let kinds = [
        "equals",
        "not_equals",
        "greater_than",
        "greater_or_equal",
        "less_than",
        "less_or_equal",
        "contains",
        "exists",
    ];
    json!({
        "title": "Condition",
        "description": "An expression that returns true or false, or a comparison of a field with a value.",
        "anyOf": [
            { "type": "string", "minLength": 1, "title": "Expression", "examples": ["score.risk > 70 and level.name != 'low'"] },
            {
                "type": "object", "title": "Comparison", "required": ["type", "field"], "additionalProperties": false,
                "properties": {
                    "type": { "enum": kinds, "default": "equals", "title": "Comparison" },
                    "field": { "type": "string", "title": "Field", "examples": ["score.risk"] },
                    "value": { "title": "Value", "description": "Not needed for `exists`. Strings can be templates." },
                },
            },
        ],
    })
}

fn delay() -> NodeType {
    let own = json!({
        "delay_seconds": {
            "type": "number", "exclusiveMinimum": 0, "maximum": Limits::DEFAULT.wait_max.as_secs(),
            "title": "Seconds", "description": "How long to wait after the node is reached.",
        },
        "until": {
            "type": "string", "format": "date-time", "title": "Until",
            "description": "The time to wait for. A time in the past does not wait.",
        },
    });
    let mut schema = schema("delay", &[], own);
    schema["oneOf"] = json!([{ "required": ["delay_seconds"] }, { "required": ["until"] }]);
    NodeType {
        type_name: "delay",
        action: None,
        aliases: &[],
        title: "Delay",
        description: "Waits for a duration or until a given time, even across restarts.",
        schema,
        input: None,
        output: passed_through(),
        example: json!({ "id": "wait_a_day", "type": "delay", "delay_seconds": 86_400 }),
    }
}

fn parallel() -> NodeType {
    NodeType {
        type_name: "parallel",
        action: None,
        aliases: &[],
        title: "Parallel",
        description: "Starts all outgoing branches in parallel.",
        schema: schema("parallel", &[], json!({})),
        input: None,
        output: passed_through(),
        example: json!({ "id": "fan_out", "type": "parallel" }),
    }
}

fn merge() -> NodeType {
    NodeType {
        type_name: "merge",
        action: None,
        aliases: &[],
        title: "Merge",
        description: "Waits for all incoming branches, or for the first.",
        schema: schema("merge", &[], json!({})),
        input: None,
        output: passed_through(),
        example: json!({ "id": "fan_in", "type": "merge", "join": "all" }),
    }
}

fn passed_through() -> Value {
    json!({ "$schema": DIALECT, "title": "Output", "description": "The input of the node, passed through." })
}

/// Returns the schema of a type with keys of its own.
fn schema(type_name: &str, required: &[&str], own: Value) -> Value {
    let mut properties = own;
    properties["type"] = json!({ "const": type_name });
    let required: Vec<&str> = ["type"].into_iter().chain(required.iter().copied()).collect();
    json!({ "$schema": DIALECT, "type": "object", "required": required, "properties": properties })
}
