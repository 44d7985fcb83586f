//! The keys that every node may have.

use serde_json::{Value, json};

use crate::failure::ErrorClass;
use crate::limits::Limits;

use super::DIALECT;

pub(super) fn schema() -> Value {
    json!({
        "$schema": DIALECT,
        "type": "object",
        "required": ["id", "type"],
        "properties": {
            "id": {
                "type": "string", "minLength": 1, "maxLength": 200, "title": "Id",
                "description": "Unique in the flow; expressions name the node by it.",
            },
            "name": { "type": "string", "title": "Name", "description": "What people read; the id where there is none." },
            "join": {
                "enum": ["all", "any"], "default": "all", "title": "Join",
                "description": "With several incoming edges: run when all are decided and one is taken, or as soon as one is taken.",
            },
            "timeout_seconds": {
                "type": "number", "exclusiveMinimum": 0, "maximum": seconds_max(), "title": "Timeout in seconds",
                "description": "How long one attempt may take; none where it is not set.",
            },
            "retry": retry(),
            "on_interrupt": {
                "enum": ["retry", "ask"], "default": "retry", "title": "When an attempt is cut off",
                "description": "After a crash of ours the outcome of an attempt is unknown: try again, or ask a person.",
            },
            "on_exhausted": {
                "enum": ["fail", "ask"], "default": "fail", "title": "When no attempt is left",
                "description": "Fail the node, or park it and ask a person.",
            },
            "position": {
                "type": "object", "title": "Position", "description": "Where the editor draws it.",
                "properties": { "x": { "type": "number" }, "y": { "type": "number" } },
            },
        },
    })
}

fn seconds_max() -> u64 {
    Limits::DEFAULT.wait_max.as_secs()
}

fn retry() -> Value {
    json!({
        "type": "object",
        "title": "Retry",
        "description": "What differs from the flow's retry settings, key by key.",
        "additionalProperties": false,
        "properties": {
            "enabled": { "type": "boolean", "title": "Retry on failure", "description": "Else the flow's setting." },
            "count": {
                "type": "integer", "minimum": 0, "maximum": Limits::DEFAULT.retry_count_max, "title": "Retry count",
                "description": "Attempts after the first; else the flow's setting.",
            },
            "initial_interval_seconds": {
                "type": "number", "exclusiveMinimum": 0, "default": 1, "title": "First wait in seconds",
                "description": "The wait after the first attempt.",
            },
            "backoff_coefficient": {
                "type": "number", "minimum": 1, "default": 2, "title": "Growth",
                "description": "By how much each wait is longer than the one before.",
            },
            "max_interval_seconds": {
                "type": "number", "exclusiveMinimum": 0, "default": 600, "title": "Longest wait in seconds",
                "description": "No wait is longer than this.",
            },
            "jitter": {
                "type": "number", "minimum": 0, "maximum": 1, "default": 0, "title": "Jitter",
                "description": "The share of each wait that is drawn by lot, so that many executions do not retry at once.",
            },
            "retry_on": {
                "type": "array", "items": error_match(), "title": "Retry only",
                "description": "Error classes or HTTP statuses; where it is empty, all that can get better by themselves.",
            },
            "do_not_retry_on": {
                "type": "array", "items": error_match(), "title": "Never retry",
                "description": "Error classes or HTTP statuses; wins over the other list.",
            },
        },
    })
}

fn error_match() -> Value {
    let classes: Vec<&str> = ErrorClass::ALL.iter().map(|class| class.as_str()).collect();
    json!({ "anyOf": [
        { "enum": classes, "title": "Error class" },
        { "type": "integer", "minimum": 100, "maximum": 599, "title": "HTTP status" },
    ] })
}
