//! What clients give in place of an output when they fork an execution: always the same, so that the checker knows it.

use serde_json::json;
use steadflow_core::payload::Payload;

/// Returns what every client that edits an output makes of it.
pub(crate) fn edited() -> Payload {
    Payload::from_value(&json!({ "n": 1, "by": "one who forks" }))
}
