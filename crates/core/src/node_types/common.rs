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
                "type": "string", "minLength": 1, "maxLength": 200, "title": "ID",
                "description": "Used in expressions; unique in the flow.",
            },
            "name": { "type": "string", "title": "Name", "description": "Shown in the studio and in messages. Default: the ID." },
            "join": {
                "enum": ["all", "any"], "default": "all", "title": "Join",
                "description": "With several incoming edges: run when all are decided and one is taken (all), or at the first taken one (any).",
            },
            "timeout_seconds": {
                "type": "number", "exclusiveMinimum": 0, "maximum": seconds_max(), "title": "Timeout in seconds",
                "description": "The limit for one attempt. Empty: no timeout.",
            },
            "retry": retry(),
            "on_interrupt": {
                "enum": ["retry", "ask"], "default": "retry", "title": "If a crash interrupts it",
                "description": "It is unknown whether the interrupted attempt took effect: retry, or ask for a decision.",
            },
            "on_exhausted": {
                "enum": ["fail", "ask"], "default": "fail", "title": "After the last attempt fails",
                "description": "Fail the node, or ask for a decision.",
            },
            "position": {
                "type": "object", "title": "Position", "description": "Position in the editor.",
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
        "description": "Overrides the flow's retry settings. Empty fields use the flow's.",
        "additionalProperties": false,
        "properties": {
            "enabled": { "type": "boolean", "title": "Retry on failure", "description": "Default: the flow's setting." },
            "count": {
                "type": "integer", "minimum": 0, "maximum": Limits::DEFAULT.retry_count_max, "title": "Retry count",
                "description": "Retries after the first attempt. Default: the flow's setting.",
            },
            "initial_interval_seconds": {
                "type": "number", "exclusiveMinimum": 0, "default": 1, "title": "First backoff in seconds",
                "description": "The backoff after the first attempt.",
            },
            "backoff_coefficient": {
                "type": "number", "minimum": 1, "default": 2, "title": "Backoff factor",
                "description": "Each backoff is this many times the previous one.",
            },
            "max_interval_seconds": {
                "type": "number", "exclusiveMinimum": 0, "default": 600, "title": "Maximum backoff in seconds",
                "description": "No backoff is longer than this.",
            },
            "jitter": {
                "type": "number", "minimum": 0, "maximum": 1, "default": 0, "title": "Jitter",
                "description": "The random share of each backoff, from 0 to 1, so that many executions do not retry at once.",
            },
            "retry_on": {
                "type": "array", "items": error_match(), "title": "Retry only",
                "description": "Error classes or HTTP statuses. Empty: all errors that may be temporary.",
            },
            "do_not_retry_on": {
                "type": "array", "items": error_match(), "title": "Never retry",
                "description": "Error classes or HTTP statuses. Overrides the other list.",
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
