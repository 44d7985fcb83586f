//! The actions of the type `action`.

use serde_json::{Value, json};

use super::{DIALECT, NodeType};

pub(super) fn all() -> Vec<NodeType> {
    vec![http_request(), transform(), echo(), fail()]
}

fn http_request() -> NodeType {
    NodeType {
        type_name: "action",
        action: Some("http_request"),
        aliases: &[],
        title: "HTTP request",
        description: "Sends an HTTP request. A response with an unexpected status is an error.",
        schema: schema("http_request", &["input"]),
        input: Some(http_input()),
        output: json!({
            "$schema": DIALECT, "type": "object", "title": "Output", "required": ["status", "headers", "body"],
            "properties": {
                "status": { "type": "integer", "title": "Status" },
                "headers": { "type": "object", "title": "Headers", "additionalProperties": { "type": "string" } },
                "body": { "title": "Body", "description": "Parsed if it is JSON, otherwise text." },
            },
        }),
        example: json!({
            "id": "fetch-data", "type": "action", "action": "http_request",
            "input": {
                "method": "POST", "url": "https://api.example.com/vendors/${trigger_data.vendor_id}",
                "headers": { "Authorization": "Bearer ${secrets.VENDOR_API_KEY}" },
                "body": { "deep": true }, "expect_status": ["200-299", 404],
            },
        }),
    }
}

fn http_input() -> Value {
    let plain = json!({ "type": ["string", "number", "boolean"] });
    json!({
        "$schema": DIALECT, "type": "object", "title": "Input", "required": ["url"], "additionalProperties": false,
        "properties": {
            "method": {
                "type": "string", "default": "GET", "title": "Method", "description": "A method or a template.",
                "examples": ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
            },
            "url": { "type": "string", "minLength": 1, "title": "URL", "description": "`https://` or `http://`." },
            "headers": {
                "type": "object", "additionalProperties": plain, "title": "Headers",
                "description": "Values can use `${secrets.NAME}`.",
            },
            "query": {
                "type": "object", "title": "Query", "description": "Query parameters. Lists repeat the key.",
                "additionalProperties": { "anyOf": [plain, { "type": "array", "items": plain }] },
            },
            "body": { "title": "Body", "description": "Strings are sent unchanged, everything else as JSON." },
            "expect_status": {
                "title": "Expected statuses", "default": "200-299",
                "description": "A status, a range such as \"200-299\", or a list of both.",
                "anyOf": [status(), { "type": "array", "minItems": 1, "items": status() }],
            },
        },
    })
}

fn status() -> Value {
    json!({ "anyOf": [
        { "type": "integer", "minimum": 100, "maximum": 599 },
        { "type": "string", "pattern": "^[1-5][0-9]{2}(-[1-5][0-9]{2})?$" },
    ] })
}

fn transform() -> NodeType {
    NodeType {
        type_name: "action",
        action: Some("transform"),
        aliases: &["aggregate_results"],
        title: "Transform",
        description: "Builds a value from other outputs. Its output is its resolved input.",
        schema: schema("transform", &[]),
        input: Some(any_input()),
        output: resolved_input(),
        example: json!({
            "id": "summary", "type": "action", "action": "transform",
            "input": { "vendor": "${trigger_data.vendor_id}", "is_risky": "${trigger_data.risk > 70}" },
        }),
    }
}

fn echo() -> NodeType {
    NodeType {
        type_name: "action",
        action: Some("echo"),
        aliases: &[],
        title: "Echo",
        description: "Returns its input, and is executed like a node with side effects. For benchmarks.",
        schema: schema("echo", &[]),
        input: Some(any_input()),
        output: resolved_input(),
        example: json!({ "id": "again", "type": "action", "action": "echo", "input": "${trigger_data}" }),
    }
}

fn fail() -> NodeType {
    NodeType {
        type_name: "action",
        action: Some("fail"),
        aliases: &[],
        title: "Fail",
        description: "Fails with the given message. For tests, and to end a branch with an error.",
        schema: schema("fail", &["input"]),
        input: Some(json!({
            "$schema": DIALECT, "type": "object", "title": "Input", "required": ["message"], "additionalProperties": false,
            "properties": {
                "message": { "type": "string", "minLength": 1, "title": "Message", "description": "The error message." },
                "class": {
                    "type": "string", "title": "Error class", "default": "internal",
                    "description": "The class of the error. It determines whether the node is retried.",
                },
            },
        })),
        output: json!({ "$schema": DIALECT, "not": {}, "title": "Output", "description": "The node never completes." }),
        example: json!({
            "id": "stop", "type": "action", "action": "fail", "input": { "message": "no vendor ${trigger_data.vendor_id}" },
        }),
    }
}

fn any_input() -> Value {
    json!({ "$schema": DIALECT, "title": "Input", "description": "Any JSON. Strings can be templates.", "default": {} })
}

fn resolved_input() -> Value {
    json!({ "$schema": DIALECT, "title": "Output", "description": "The resolved input." })
}

/// Returns the schema of an action node.
fn schema(action: &str, required: &[&str]) -> Value {
    let required: Vec<&str> = ["type", "action"].into_iter().chain(required.iter().copied()).collect();
    json!({
        "$schema": DIALECT,
        "type": "object",
        "required": required,
        "properties": {
            "type": { "const": "action" },
            "action": { "const": action },
            "input": { "title": "Input", "description": "The input of the action. Strings can be templates." },
        },
    })
}
