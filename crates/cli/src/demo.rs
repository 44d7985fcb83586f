//! The demo: example flows, and a service for them that fails on purpose.

mod flows;
mod peer;

use serde_json::Value;

pub(crate) use flows::install;
pub(crate) use peer::{PATH, Peer, routes};

/// The placeholder for the address of the demo service in the examples.
const PLACEHOLDER: &str = "http://demo-peer";

/// Replaces the placeholder in all strings of `value` with `base`.
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

/// Adds the loopback addresses to those that flows may call.
pub(crate) fn allowing_loopback(egress_allow: &str) -> String {
    let mut list: Vec<&str> = egress_allow.split(',').filter(|entry| !entry.trim().is_empty()).collect();
    list.extend(["127.0.0.0/8", "::1"]);
    list.join(",")
}
