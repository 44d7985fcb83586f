//! Something to look at: example flows, and a peer that fails on purpose for them to call.

mod flows;
mod peer;

use serde_json::Value;

pub(crate) use flows::install;
pub(crate) use peer::{PATH, Peer, routes};

/// What stands in the examples for the peer's address.
const PLACEHOLDER: &str = "http://demo-peer";

/// Replaces the examples' peer in every text of `value` by the one at `base`.
pub(crate) fn point_to(value: &mut Value, base: &str) {
    match value {
        Value::String(text) => {
            if let Some(rest) = text.strip_prefix(PLACEHOLDER) {
                *text = format!("{base}{rest}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point_to(item, base)),
        Value::Object(fields) => fields.values_mut().for_each(|field| point_to(field, base)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Adds this machine's loopback to the addresses that flows may call.
pub(crate) fn allowing_loopback(egress_allow: &str) -> String {
    let mut list: Vec<&str> = egress_allow.split(',').filter(|entry| !entry.trim().is_empty()).collect();
    list.extend(["127.0.0.0/8", "::1"]);
    list.join(",")
}
